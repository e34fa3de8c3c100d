"""The exercises on a GPU: the same sources, the same inputs, the same answers."""

from __future__ import annotations

import pytest

from kbk.grade import Exercise, catalogue, grade
from tests.grade.conftest import SCALE

KERNELS = [each for each in catalogue.all() if each.kind != "predict"]
pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("exercise", KERNELS, ids=lambda e: e.id.replace("/", "-"))
def test_the_solution_passes_on_a_gpu(exercise: Exercise) -> None:
    report = grade(exercise, catalogue.solution_text(exercise), machine="cuda")
    gates = {check.name for check in exercise.checks if check.gate}
    assert all(check.ok for check in report.checks if check.name not in gates), report
    assert report.ok == (not gates)  # a GPU counts no accesses


def test_a_wrong_answer_on_a_gpu_has_coordinates(scale: Exercise) -> None:
    report = grade(scale, SCALE.replace("a * x[i]", "a + x[i]"), machine="cuda")
    assert report.verdict == "wrong-answer" and "must be" in report.failed.message


def test_what_nobody_wrote_on_a_gpu_is_uninitialized(scale: Exercise) -> None:
    source = SCALE.replace("(n + 255) / 256", "(n < 256 ? 1 : n / 256)")
    assert grade(scale, source, machine="cuda").verdict == "uninitialized"


def test_a_kernel_that_ruins_its_context_on_a_gpu_costs_its_check_only(scale: Exercise) -> None:
    source = SCALE.replace("  if (i < n) ", "  if (n == 32) __trap();\n  if (i < n) ")
    report = grade(scale, source, machine="cuda")
    assert report.checks[0].verdict == "crash", report
