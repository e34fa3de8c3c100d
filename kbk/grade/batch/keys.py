"""What a grading depends on, as digests: two of the same key give the same result."""

from __future__ import annotations

import hashlib
import json
import platform
from functools import lru_cache
from pathlib import Path

import torch

from kbk.errors import KbkError
from kbk.grade import catalogue
from kbk.grade.exercise import Exercise
from kbk.paths import PACKAGE

_SOURCES = (".py", ".h", ".hpp", ".cuh", ".cu", ".cpp", ".json")
_UNRELATED = ("grade/export/", "grade/watching/", "draw/", "bench/", "upstream/")
"""Parts of the package that no verdict depends on."""


@lru_cache(maxsize=1)
def engine() -> str:
    """A digest of kbk, of Python, torch and the compiler."""
    state = hashlib.sha256()
    for file in sorted(each for each in PACKAGE.rglob("*") if each.suffix in _SOURCES):
        name = file.relative_to(PACKAGE).as_posix()
        if name.startswith(_UNRELATED) or ("/" in name and name.startswith("_")):
            continue  # `_graders` and its like are the data of a wheel
        data = file.read_bytes()
        state.update(f"{name}:{len(data)}:".encode() + data)
    for part in (platform.python_version(), torch.__version__, platform.machine(), _compiler()):
        state.update(f"{len(part)}:{part}".encode())
    return state.hexdigest()[:32]


def _compiler() -> str:
    from kbk.build.toolchain import host_compiler

    try:
        return host_compiler().identity
    except KbkError:  # then nothing is graded, and nothing kept
        return ""


def grader(exercise: Exercise, extra: Path | None = None) -> str:
    """A digest of how an exercise is graded.

    Args:
        exercise: with the further checks.
        extra: the file that these are declared in.
    """
    checks = [[each.name, each.points, each.gate] for each in exercise.checks]
    parts = [json.dumps(checks), *exercise.functions]
    for file in (exercise.grader, extra):
        parts.append(file.read_text() if file is not None and file.is_file() else "")
    try:
        parts.append(catalogue.stub_text(exercise))
    except OSError:  # it has none
        parts.append("")
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def key(exercise: str, sha256: str, grader: str, seed: int) -> str:
    """The name of a result.

    Args:
        exercise: its id.
        sha256: of the text.
        grader: of how it is graded.
        seed: of the random inputs.
    """
    parts = ["kbk.grade.result/1", exercise, sha256, grader, engine(), seed]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
