"""Plain pytest passes over a learner's graders; naming them collects them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    grader = tmp_path / "tests/exercises/01_copy/test_01_first.py"
    grader.parent.mkdir(parents=True)
    grader.write_text("def test_stub():\n    assert False\n")
    (tmp_path / "tests/test_engine.py").write_text("def test_engine():\n    pass\n")
    (tmp_path / "tests/conftest.py").write_text(CONFTEST.read_text())
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\nmarkers = gpu\n")
    return tmp_path


def last_line(course: Path, *arguments: str, folder: str = ".") -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    run = subprocess.run(command, cwd=course / folder, capture_output=True, text=True)
    return run.stdout.splitlines()[-1]


@pytest.mark.parametrize("arguments", [(), ("tests",), (".",)])
def test_graders_are_not_collected_unless_named(course: Path, arguments: tuple[str, ...]) -> None:
    assert "1 passed" in last_line(course, *arguments)
    assert "failed" not in last_line(course, *arguments)


@pytest.mark.parametrize(
    "argument",
    [
        "tests/exercises",
        "tests/exercises/01_copy",
        "tests/exercises/01_copy/test_01_first.py",
        "tests/exercises/01_copy/test_01_first.py::test_stub",
    ],
)
def test_a_named_grader_runs(course: Path, argument: str) -> None:
    assert "1 failed" in last_line(course, argument)


def test_a_grader_named_from_inside_the_folder_runs(course: Path) -> None:
    assert "1 failed" in last_line(course, "01_copy", folder="tests/exercises")
