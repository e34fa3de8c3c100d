"""The exercises on a GPU: the same sources, the same inputs, the same answers."""

from __future__ import annotations

import pytest

from kbk.grade import Exercise, catalogue, grade
from tests.grade import test_timed
from tests.grade.conftest import SCALE

KERNELS = [each for each in catalogue.all() if each.kind != "predict"]
pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("exercise", KERNELS, ids=lambda e: e.id.replace("/", "-"))
def test_the_solution_passes_on_a_gpu(exercise: Exercise) -> None:
    report = grade(exercise, catalogue.solution_text(exercise), machine="cuda")
    gates = {check.name for check in exercise.checks if check.gate}
    assert all(check.ok for check in report.checks if check.name not in gates), report
    # A GPU counts no accesses: gates are timed, or not run.
    assert report.ok == (not gates or exercise.timed_cases is not None), report
    assert bool(report.note) == bool(gates)


TIMED = [each for each in KERNELS if each.timed_cases is not None]


@pytest.mark.parametrize("exercise", TIMED, ids=lambda e: e.id.replace("/", "-"))
def test_the_baseline_of_an_optimise_exercise_earns_little_by_time(exercise: Exercise) -> None:
    report = grade(exercise, catalogue.stub_text(exercise), machine="cuda")
    gates = [check for check in report.checks if check.gate]
    assert all(check.ok for check in report.checks if not check.gate), report
    assert all(check.verdict == "too-much-traffic" for check in gates), report
    assert sum(each.earned for each in gates) <= sum(each.points for each in gates) / 3, report
    assert "times that of the reference here" in gates[0].message


def test_three_times_the_time_earns_nothing_and_the_same_time_all() -> None:
    exercise = test_timed.with_time(lambda rng: 1 << 24)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "solution_text", lambda exercise: SCALE)
        assert grade(exercise, SCALE, machine="cuda").ok
        launch = SCALE[SCALE.index("  scale_kernel<<<") : SCALE.rindex("}")]
        slow = grade(exercise, SCALE.replace(launch, 3 * launch), machine="cuda")
        assert slow.checks[-1].earned == 0, slow
        assert "times that of the reference here" in slow.checks[-1].message
        # Work on a stream that nobody waits for is waited for.
        aside = 3 * launch.replace("current_stream()", "aside")
        aside = (
            "  static cudaStream_t aside = nullptr;\n  if (aside == nullptr) "
            "cudaStreamCreateWithFlags(&aside, cudaStreamNonBlocking);\n" + aside
        )
        hidden = grade(exercise, SCALE.replace(launch, aside), machine="cuda")
        assert hidden.checks[-1].earned == 0, hidden


def test_a_wrong_answer_on_a_gpu_has_coordinates(scale: Exercise) -> None:
    report = grade(scale, SCALE.replace("a * x[i]", "a + x[i]"), machine="cuda")
    assert report.verdict == "wrong-answer", report
    assert report.failed is not None and report.failed.worst
    assert all(each.argument == "out" and each.got != each.expected for each in report.failed.worst)


def test_what_nobody_wrote_on_a_gpu_is_uninitialized(scale: Exercise) -> None:
    source = SCALE.replace("(n + 255) / 256", "(n < 256 ? 1 : n / 256)")
    assert grade(scale, source, machine="cuda").verdict == "uninitialized"


def test_a_kernel_that_ruins_its_context_on_a_gpu_costs_its_check_only(scale: Exercise) -> None:
    source = SCALE.replace("  if (i < n) ", "  if (n == 32) __trap();\n  if (i < n) ")
    report = grade(scale, source, machine="cuda")
    assert report.checks[0].verdict == "crash", report
