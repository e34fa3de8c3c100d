"""The simulator counts what Nsight Compute counted on a GPU, to the digit, or there is a reason."""

from __future__ import annotations

import compare
import pytest
import record_compilers
from cases import cases

from kbk.bench import equality
from kbk.errors import MissingCompilerError


def other_compiler() -> str:
    """What is used instead of g++ 12, whose choices were compared with nvcc's, or ""."""
    try:
        name = record_compilers.compiler_name()
    except MissingCompilerError as error:
        return str(error)
    return "" if name.startswith(f"{equality.BINDING}.") else name


@pytest.fixture(scope="module")
def pairs() -> list[compare.Pair]:
    """Both sides of every counter of every case and probe."""
    if other_compiler():
        pytest.skip(f"the goldens bind for {equality.BINDING}; here is {other_compiler()}")
    return record_compilers.compared()


def of_cases(pairs: list[compare.Pair]) -> list[compare.Pair]:
    return [each for each in pairs if not each.case.startswith(f"{equality.PROBES}/")]


def test_the_recorded_texts_are_those_of_today() -> None:
    record, probes = compare.goldens(), compare.goldens(name="patterns")
    assert record is not None and probes is not None
    assert compare.stale(record) == compare.stale(probes) == []
    assert {each.id for each in cases()} == set(compare.recorded(record))
    assert len(compare.recorded_probes(probes)) >= 250


@pytest.mark.slow
def test_every_counter_equals_the_gpus_or_has_a_reason(pairs: list[compare.Pair]) -> None:
    assert compare.unexplained(pairs, equality.reasons()) == []


@pytest.mark.slow
def test_every_reason_explains_a_difference(pairs: list[compare.Pair]) -> None:
    assert compare.stale_reasons(pairs, equality.reasons()) == []


@pytest.mark.slow
def test_95_of_100_counters_that_are_not_zero_are_equal(pairs: list[compare.Pair]) -> None:
    found = of_cases(pairs)
    assert len({each.kernel for each in found if each.counts}) >= 30
    assert compare.share(found) >= compare.BAR


@pytest.mark.slow
def test_the_outcome_that_the_page_shows_is_todays(pairs: list[compare.Pair]) -> None:
    shown = equality.outcomes()[0]
    assert equality.binds(shown)
    assert record_compilers.outcome(pairs, shown.compiler, shown.date) == shown
