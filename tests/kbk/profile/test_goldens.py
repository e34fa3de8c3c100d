"""The simulator counts what Nsight Compute counted on a GPU, to the digit, or there is a reason."""

from __future__ import annotations

import re

import compare
import pytest
from cases import cases

from kbk.bench import records
from kbk.build.toolchain import host_compiler
from kbk.errors import MissingCompilerError

GXX = 12
"""The compiler whose choices were compared with nvcc's; others merge and move loads differently."""


def other_compiler() -> str:
    """What is used instead of g++ 12, or ""."""
    try:
        compiler = host_compiler()
    except MissingCompilerError as error:
        return str(error)
    release = re.search(r"(\d+)\.\d+(\.\d+)?\s*$", compiler.version)
    if compiler.kind == "gcc" and release and int(release[1]) == GXX:
        return ""
    return compiler.version


def record_of(name: str) -> records.Record:
    if other_compiler():
        pytest.skip(f"the goldens bind for g++ {GXX}; here is {other_compiler()}")
    record = compare.goldens(name=name)
    if record is None:
        pytest.skip("nothing was recorded on a GPU yet")
    return record


@pytest.fixture(scope="module")
def pairs() -> list[compare.Pair]:
    return list(compare.pairs(record_of("goldens")))


def test_the_recorded_texts_are_those_of_today() -> None:
    record = compare.goldens()
    if record is None:
        pytest.skip("nothing was recorded on a GPU yet")
    assert compare.stale(record) == []
    assert {each.id for each in cases()} == set(compare.recorded(record))


@pytest.mark.slow
def test_every_counter_equals_the_gpus_or_has_a_reason(pairs: list[compare.Pair]) -> None:
    assert compare.unexplained(pairs, compare.reasons()) == []


@pytest.mark.slow
def test_every_reason_explains_a_difference(pairs: list[compare.Pair]) -> None:
    assert compare.stale_reasons(pairs, compare.reasons()) == []


@pytest.mark.slow
def test_95_of_100_counters_that_are_not_zero_are_equal(pairs: list[compare.Pair]) -> None:
    assert compare.share(pairs) >= compare.BAR


@pytest.mark.slow
def test_every_probe_of_one_warp_costs_what_it_cost_on_the_gpu() -> None:
    record = record_of("patterns")
    found = list(compare.pairs(record, compare.recorded_probes(record)))
    assert len({each.case for each in found}) >= 250
    assert compare.unexplained(found, compare.reasons()) == []
