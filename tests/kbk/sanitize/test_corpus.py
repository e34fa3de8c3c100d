"""Each wrong program of the corpus gets its one finding, each right one none; g++ and clang."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import verdicts
from corpus import Program, programs

ALL = programs()
BY_ID = {each.id: each for each in ALL}
_RANK = {"info": 0, "warning": 1, "error": 2}
COMPILERS = [name for name in ("g++", "clang++", "clang++-14") if shutil.which(name)]
BLIND = {
    # A struct is copied by memcpy, which does not tell the alignment of its type.
    "clang": {"wrong/misaligned/vec_size_of_a_template"},
}
"""Programs whose bug a compiler hides from the traced build."""

Verdicts = dict[str, list[tuple[int | None, list[dict[str, Any]]]]]


def problem(program: Program, found: list[dict[str, Any]]) -> str:
    """What is wrong with the findings, or ""."""
    expected = program.expected
    rest = [SimpleNamespace(**each) for each in found]
    if expected is not None:
        why = [expected.differs(each) for each in rest]
        if None not in why:
            return f"not found: {why or 'nothing was found'}"
        rest = [each for each, reason in zip(rest, why, strict=True) if reason is not None]
    worst = [
        each
        for each in rest
        if _RANK[each.severity] > _RANK[program.allow] and each.kind not in program.also
    ]
    return f"found too much: {worst[0].message}" if worst else ""


@pytest.fixture(scope="module", params=COMPILERS)
def told(request: pytest.FixtureRequest) -> Verdicts:
    """By program what was found, with each seed. A process of its own: it has one compiler."""
    result: Verdicts = {}
    family = "clang" if "clang" in request.param else "gcc"
    done = subprocess.run(
        [sys.executable, verdicts.__file__],
        cwd=Path(verdicts.__file__).parent,
        env={**os.environ, "CXX": request.param},
        capture_output=True,
        text=True,
        timeout=1500,
    )
    for line in done.stdout.splitlines():
        each = json.loads(line)
        result.setdefault(each["program"], []).append((each["seed"], each["findings"]))
    assert done.returncode == 0, done.stderr[-2000:]
    result["blind"] = [(None, [{"program": each} for each in BLIND.get(family, ())])]
    return result


@pytest.mark.parametrize("program", ALL, ids=list(BY_ID))
def test_the_verdict_is_the_expected_one(told: Verdicts, program: Program) -> None:
    assert len(told[program.id]) == len(verdicts.SEEDS)
    if {"program": program.id} in told["blind"][0][1]:
        assert all(problem(program, found).startswith("not found") for _, found in told[program.id])
        return
    for seed, found in told[program.id]:
        assert problem(program, found) == "", f"seed {seed}"


def test_the_test_can_fail() -> None:
    """A corpus whose expectations nobody checks proves nothing."""
    wrong = next(each for each in ALL if each.expected is not None)
    right = next(each for each in ALL if each.expected is None)
    finding = {
        "kind": "race",
        "severity": "error",
        "line": 1,
        "other_line": 2,
        "message": "a race",
    }
    assert problem(wrong, []).startswith("not found")
    assert problem(right, [finding]).startswith("found too much")
    assert problem(right, []) == ""
