"""A missing prerequisite is one sentence that says what to install (tools/prerequisites.sh)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "tools/prerequisites.sh"
Add = Callable[[str, str], None]


@pytest.fixture
def programs(tmp_path: Path) -> Add:
    """A folder that is the whole PATH: the few tools that the script uses, and what a test adds."""
    for name in ("uname", "id", "sh"):
        found = shutil.which(name)
        assert found is not None
        (tmp_path / name).symlink_to(found)

    def add(name: str, script: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    add("apt-get", "exit 0")
    return add


def complaints(tmp_path: Path, **environment: str) -> list[str]:
    run = subprocess.run(
        [tmp_path / "sh", SCRIPT, "python3"],
        env={"PATH": str(tmp_path), **environment},
        capture_output=True,
        text=True,
    )
    lines = run.stderr.splitlines()
    assert run.returncode == (1 if lines else 0)
    return lines


# Answers the script's three questions in turn: the version, is it new enough, has it venv.
GOOD_PYTHON = 'case "$2" in *print*) echo 3.12;; esac; exit 0'
OLD_PYTHON = 'case "$2" in *print*) echo 3.9;; *exit*) exit 1;; esac; exit 0'
NO_VENV = 'case "$2" in *print*) echo 3.12;; *ensurepip*) exit 1;; esac; exit 0'


def test_nothing_is_said_when_all_is_there(tmp_path: Path, programs: Add) -> None:
    programs("python3", GOOD_PYTHON)
    programs("g++", "exit 0")
    assert complaints(tmp_path) == []


def test_clang_alone_is_enough(tmp_path: Path, programs: Add) -> None:
    programs("python3", GOOD_PYTHON)
    programs("clang++", "exit 0")
    assert complaints(tmp_path) == []


def test_no_python_names_its_packages(tmp_path: Path, programs: Add) -> None:
    programs("g++", "exit 0")
    (line,) = complaints(tmp_path)
    assert "Python 3.10 or newer" in line
    assert "apt-get install python3 python3-venv" in line


def test_an_old_python_names_its_version_and_how_to_name_another(
    tmp_path: Path, programs: Add
) -> None:
    programs("python3", OLD_PYTHON)
    programs("g++", "exit 0")
    (line,) = complaints(tmp_path)
    assert "is 3.9" in line
    assert "make PYTHON=" in line


def test_no_venv_names_the_package_of_this_version(tmp_path: Path, programs: Add) -> None:
    programs("python3", NO_VENV)
    programs("g++", "exit 0")
    (line,) = complaints(tmp_path)
    assert "apt-get install python3.12-venv" in line


@pytest.mark.parametrize("compiler", [None, "echo no standard library >&2; exit 1"])
def test_no_compiler_that_works_names_gpp(
    tmp_path: Path, programs: Add, compiler: str | None
) -> None:
    programs("python3", GOOD_PYTHON)
    if compiler is not None:
        programs("g++", compiler)
    (line,) = complaints(tmp_path)
    assert "apt-get install g++" in line


def test_a_cxx_that_does_not_compile_is_named(tmp_path: Path, programs: Add) -> None:
    programs("python3", GOOD_PYTHON)
    programs("g++", "exit 0")
    (line,) = complaints(tmp_path, CXX="ccache nothing")
    assert "CXX is set to 'ccache nothing'" in line


def test_two_missing_things_are_two_sentences(tmp_path: Path, programs: Add) -> None:
    assert len(complaints(tmp_path)) == 2
