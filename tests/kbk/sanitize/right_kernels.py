"""The kernels of this project under `kbk.sanitize`: copy.cu, solutions, pages; and mutants."""

from __future__ import annotations

import contextlib
import io
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import kbk
from kbk import paths, sim
from kbk.build.watchers import watchers
from kbk.errors import ArgumentError, KbkError
from kbk.grade import Case, Exercise, catalogue
from kbk.grade.authoring import mutant_files
from kbk.grade.cases import Argument, Sparse
from kbk.profiler import Profiler
from kbk.sanitizer import Sanitizer
from kbk.sanitizer.history import MOST_RECORDS
from kbk.sim import trace

BOOK = Path(__file__).resolve().parents[3] / "book"
SEEDS = (None, 1)
MOST_CASES = 40
_CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?::[^\n]*\n)*(.*?)^```", re.MULTILINE | re.DOTALL)

EXERCISES = [each for each in catalogue.all() if each.suffix == ".cu"]


def cases(exercise: Exercise) -> Iterator[tuple[str, Case, list[Any]]]:
    """Check, case and arguments of a grader; not those whose tensors are larger than memory."""
    for check in exercise.checks:
        for number, case in enumerate(check.cases(random.Random(0))):
            if number == MOST_CASES:
                break
            if not isinstance(case, Case) or any(isinstance(each, Sparse) for each in case.args):
                continue
            values = [e.tensor if isinstance(e, Argument) else e for e in case.args]
            yield check.name, case, values


def of_exercise(exercise: Exercise, source: str, until_error: bool = False) -> list[Any]:
    """The findings of a submission with its grader's inputs, but for outputs not written."""
    name = f"sanitized_{exercise.topic}_{exercise.stem}"
    module = trace.load(name, source, list(exercise.functions))  # the only build that is needed
    found = []
    for number, (_, case, values) in enumerate(cases(exercise)):
        s = kbk.sanitize(raise_on_error=False, most_records=0)
        seed = SEEDS[number % len(SEEDS)]
        refused = contextlib.suppress(ArgumentError if not until_error else KbkError)
        with sim.settings(seed=seed, time_limit=2.0), refused, s:
            getattr(module, case.function)(*values)
        found += [each for each in s.findings if each.severity != "info"]
        if until_error and s.errors:
            break
    return found


def solution(exercise: Exercise) -> str:
    return (paths.SOLUTIONS / exercise.path).read_text()


def mutant(exercise: Exercise, name: str) -> str:
    return mutant_files(exercise)[name].read_text()


class _AlsoProfiled(Profiler):
    """A block of `kbk.profile` inside one of `kbk.sanitize`: its calls run under both."""

    def __init__(self, sanitizer: Sanitizer) -> None:
        super().__init__(most_requests=50_000, most_records=MOST_RECORDS)
        self._sanitizer = sanitizer

    def __enter__(self) -> Profiler:
        watchers.append(self)
        return self

    def __exit__(self, *raised: object) -> None:
        watchers.remove(self)

    def call(self, module: Any, function: str, values: tuple[Any, ...]) -> Any:
        super().call(module, function, values)
        return self._sanitizer.call(module, function, values)


def of_page(name: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The findings of all cells of a page, run in order, but for outputs not written."""
    monkeypatch.chdir(BOOK)
    scope: dict[str, Any] = {"__name__": "__main__"}
    found = []
    sanitize = kbk.sanitize
    for number, cell in enumerate(_CELL.findall((BOOK / f"{name}.md").read_text())):
        s = sanitize(raise_on_error=False, most_records=0)
        monkeypatch.setattr(kbk, "profile", lambda s=s: _AlsoProfiled(s))
        # A page that sanitizes by itself gets this session, for there is one at a time.
        monkeypatch.setattr(kbk, "sanitize", lambda s=s, **_: contextlib.nullcontext(s))
        # One cell is an exercise for the reader, and asserts what is still to be written.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(AssertionError), s:
            exec(compile(cell, f"{name}.md, cell {number}", "exec"), scope)
        found += [each for each in s.findings if each.code != "unwritten-output"]
    return found


def bits(numel: int, dtype: torch.dtype, offset: int = 0) -> torch.Tensor:
    """Random bits, `offset` elements after an aligned address."""
    raw = torch.randint(0, 127, ((numel + offset) * dtype.itemsize,), dtype=torch.uint8)
    return raw.view(dtype)[offset:]
