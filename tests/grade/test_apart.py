"""What a hidden check asks reaches no other: it runs last, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kbk.grade import Exercise, assignment, grade
from kbk.grade.batch import grade_all, job
from tests.grade.conftest import SCALE


def telling(where: str) -> str:
    """Counts its calls, and tells how many there were where it likes to."""
    told = f'  static int calls = 0;\n  KBK_CHECK(++calls < 0 || !({where}), "call ", calls);\n'
    return SCALE.replace("  int64_t n = x", f"{told}  int64_t n = x", 1)


def hidden_first(scale: Exercise) -> Exercise:
    scale.checks.reverse()  # "nothing to do" before "sizes"
    return scale


def test_a_check_tells_nothing_of_one_that_is_apart(scale: Exercise) -> None:
    exercise, source = hidden_first(scale), telling("x.numel() == 1000")
    together = {check.name: check for check in grade(exercise, source).checks}
    assert "call 4" in together["sizes"].message, "nothing leaks: this proves nothing"
    report = grade(exercise, source, apart=["nothing to do"])
    apart = {check.name: check for check in report.checks}
    assert "call 3" in apart["sizes"].message
    assert [check.name for check in report.checks] == ["nothing to do", "sizes"]
    assert apart["nothing to do"].ok


def test_a_check_that_is_apart_is_told_nothing_either_and_fails_by_itself(scale: Exercise) -> None:
    report = grade(scale, telling("x.numel() == 0"), apart=["nothing to do"])
    checks = {check.name: check for check in report.checks}
    assert checks["sizes"].ok and "call 1" in checks["nothing to do"].message


def test_a_process_that_is_apart_and_forges_tells_the_others_nothing(
    scale: Exercise, loose: Any
) -> None:
    lie = (
        '  if (n == 0) { puts("SECRET"); fflush(stdout);\n'
        '    for (int fd = 3; fd < 4096; ++fd) if (write(fd, "{}\\n", 3) < 0) continue; }\n'
    )
    source = "#include <cstdio>\n#include <unistd.h>\n" + SCALE.replace(
        "  if (n == 0)", lie + "  if (n == 0)", 1
    )
    report = grade(scale, source, apart=["nothing to do"])
    checks = {check.name: check for check in report.checks}
    assert checks["sizes"].ok and checks["nothing to do"].verdict == "crash"


def test_the_right_text_passes_whatever_is_apart(scale: Exercise) -> None:
    for apart in (["sizes"], ["nothing to do"], ["sizes", "nothing to do"]):
        assert grade(scale, SCALE, apart=apart).ok


def test_what_does_not_compile_fails_in_the_first_check_whatever_is_apart(scale: Exercise) -> None:
    report = grade(scale, SCALE.replace("int64_t n", "int64 n"), apart=["nothing to do"])
    assert [check.verdict for check in report.checks] == ["compile-error", "not-run"]


def test_hidden_and_further_checks_of_an_assignment_are_apart(
    monkeypatch: pytest.MonkeyPatch, scale: Exercise
) -> None:
    from kbk.grade import catalogue

    monkeypatch.setattr(catalogue, "_all", lambda folder: (scale,))
    extended = assignment.extend("90/01")
    extended.check("more", points=1)(lambda rng: [])
    asked = assignment.Assignment(exercises=(extended,), hidden={"90/01": frozenset({"sizes"})})
    assert asked.apart(extended) == {"sizes", "more"}
    assert assignment.Assignment().apart(scale) == frozenset()


def test_a_class_is_graded_with_its_hidden_checks_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def result_of(exercise: Exercise, text: str, seed: int, apart: frozenset[str]) -> Any:
        seen.append(apart)
        return job.cannot(exercise, "only looked at")

    monkeypatch.setattr(job, "result_of", result_of)
    handed = tmp_path / "in" / "ada" / "02_guard.cu"
    handed.parent.mkdir(parents=True)
    handed.write_text("int a;\n")
    file = tmp_path / "week1.toml"
    file.write_text('exercises = ["00/02"]\nhidden = ["00/02 written once"]\n')
    grade_all(tmp_path / "in", tmp_path / "out", assignment=file, quiet=True)
    assert seen == [{"written once"}]
