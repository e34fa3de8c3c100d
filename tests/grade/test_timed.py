"""Points for time: how they follow from a ratio, and how the times are taken."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
import torch

from kbk.errors import ArgumentError
from kbk.grade import Case, Exercise, Gate, Read, Report, Write, catalogue, grade, timed, values
from kbk.grade.timing import LEAST, MOST, pairs
from tests.grade.conftest import SCALE, make_scale

N = 50_000


def with_time(shapes: Callable[[random.Random], int] = lambda rng: N) -> Exercise:
    """The tests' exercise with a check about cost, and what is timed."""
    exercise = make_scale()

    def case(rng: random.Random, n: int, *gates: Gate) -> Case:
        x = values.uniform(rng, n)
        return Case(
            "scale", Write(torch.empty_like(x), "out"), Read(x, "x"), 2.5, label=f"{n:,} elements",
            expect=lambda: 2.5 * x.double(), tol=values.tolerance(torch.float32), gates=gates,
        )  # fmt: skip

    @exercise.check("cost", points=6, gate=True)
    def cost(rng: random.Random) -> Iterator[Case]:
        yield case(rng, 4096, Gate("excess_sectors", target=0, baseline=512))

    @exercise.timed
    def at_size(rng: random.Random) -> Iterator[Case]:
        yield case(rng, shapes(rng))

    return exercise


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator stands in for a GPU: the same job, and a clock of the host's."""
    monkeypatch.setattr(timed, "MACHINES", ("cuda", "cpu"))
    monkeypatch.setattr(catalogue, "solution_text", lambda exercise: SCALE)


def judged(source: str) -> Report:
    return grade(with_time(), source, seed=1)


@pytest.mark.parametrize(
    ("ratio", "share"),
    [(0.5, 1.0), (1.0, 1.0), (1.10, 1.0), (1.55, 0.5), (2.0, 0.0), (7.0, 0.0)],
)
def test_a_ratio_earns_all_up_to_110_percent_and_nothing_from_twice_on(
    ratio: float, share: float
) -> None:
    assert timed.credit(ratio) == pytest.approx(share)


def test_points_follow_the_ratio_and_a_miss_never_earns_them_all(
    monkeypatch: pytest.MonkeyPatch, simulated: None
) -> None:
    """With times that are made up; the job is run as it is."""
    theirs = [1e-3] * 9
    for factor, earned in ((1.05, 6), (1.12, 5), (1.55, 3), (1.9, 1), (2.5, 0)):
        monkeypatch.setattr(
            "kbk.grade.grader.are_times",
            lambda event, factor=factor: event.update(
                mine=[factor * each for each in theirs], theirs=theirs
            ) or True,
        )  # fmt: skip
        report = judged(SCALE)
        cost = report.checks[-1]
        assert (cost.earned, cost.ok) == (earned, earned == 6), report
        assert cost.ok or f"{factor:.2f} times that of the reference" in cost.message
        assert cost.ok or "medians of 9" in cost.message


def test_the_reference_takes_as_long_as_itself_and_three_times_the_work_earns_nothing(
    simulated: None,
) -> None:
    assert judged(SCALE).checks[-1].earned >= 3  # this machine may be busy
    slow = SCALE.replace(
        "if (i < n) out[i] = a * x[i];",
        "for (int k = 0; k < 1000; ++k) if (i < n) ((volatile float*)out)[i] = a * x[i];",
    )
    report = judged(slow.replace("const float* x, float a", "const volatile float* x, float a"))
    assert report.verdict == "too-much-traffic" and report.checks[-1].earned == 0, report


def test_what_is_wrong_at_the_timed_size_only_earns_nothing(simulated: None) -> None:
    lazy = SCALE.replace("  if (i < n)", "  if (n > 10000 && i > 0) return;\n  if (i < n)")
    report = judged(lazy)
    assert report.checks[-1].verdict == "uninitialized" and report.checks[-1].earned == 0
    assert "50,000 elements" in report.checks[-1].message


def test_an_output_of_an_earlier_call_is_no_output_of_this_one(simulated: None) -> None:
    once = SCALE.replace(
        "  if (n == 0) return;\n",
        "  if (n == 0) return;\n  static int calls = 0;\n  if (n > 10000 && ++calls > 4) return;\n",
    )
    report = judged(once)
    assert report.checks[-1].verdict == "uninitialized" and not report.ok


def test_each_has_its_turn_first_and_every_draw_is_judged_by_its_last_output() -> None:
    told: list[str] = []

    class Clock:
        def seconds(self, work: Callable[[], object]) -> float:
            work()
            return 0.25

        def settle(self) -> None:
            told.append("settle")

    after: list[int] = []
    mine, theirs = pairs(
        lambda draw: told.append(f"mine {draw}"),
        lambda draw: told.append(f"theirs {draw}"),
        lambda draw: told.append(f"before {draw}"),
        after.append,
        Clock(),
        3,
        seed=1,
    )
    assert len(mine) == len(theirs) == MOST >= LEAST
    assert sorted(after) == [0, 1, 2]
    rounds = [each for each in told if each.startswith(("mine", "theirs"))][6:]
    firsts = {rounds[at].split()[0] for at in range(0, len(rounds), 2)}
    assert firsts == {"mine", "theirs"}
    for at in range(0, len(rounds), 2):
        assert rounds[at].split()[1] == rounds[at + 1].split()[1]
    assert told.count("settle") == 2 * MOST
    for at, each in enumerate(told):
        if each.startswith(("mine", "theirs")):
            assert f"before {each.split()[1]}" in told[max(at - 2, 0) : at]


def test_timed_cases_of_other_shapes_are_refused() -> None:
    exercise = with_time(lambda rng: rng.randrange(100, 100_000))
    with pytest.raises(ArgumentError, match="the same shapes"):
        timed.items_of(exercise, seed=1)


def test_the_report_says_what_a_gpu_does_not_judge() -> None:
    exercise = with_time()
    assert timed.note(exercise, "cpu", True) == ""
    assert "beside the reference; its counters were not run" in timed.note(exercise, "cuda", True)
    assert "answers come first" in timed.note(exercise, "cuda", False)
    exercise.timed_cases = None
    assert "not run here" in timed.note(exercise, "cuda", True)
    assert timed.note(make_scale(), "cuda", True) == ""


@pytest.mark.parametrize(
    "exercise", [e for e in catalogue.all() if e.timed_cases], ids=lambda e: e.id.replace("/", "-")
)
def test_what_an_exercise_times_can_be_drawn_and_is_large(exercise: Exercise) -> None:
    items = timed.items_of(exercise, seed=1)
    assert items and len(items) % timed.DRAWS == 0
    written = items[0].case.written[0].tensor  # type: ignore[union-attr]
    assert written.numel() * written.element_size() >= 16 << 20
