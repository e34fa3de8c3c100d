"""What an exercise asks and by what it judges, before anything runs: `kbk check --explain`."""

from __future__ import annotations

import inspect
import random
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from kbk.grade import checked, timed
from kbk.grade.cases import BITS, Argument, Ask, Case, Sparse, Tol
from kbk.grade.counters import counter
from kbk.grade.exercise import Check, Exercise
from kbk.grade.probe import Expected

_MOST_CASES = 24  # of a check, shown one by one


def lines(exercise: Exercise, seed: int) -> Iterator[str]:
    """The declaration of an exercise, as lines of text.

    Args:
        exercise: which.
        seed: draws the inputs that are described.
    """
    from kbk.grade.learner import shown

    yield f"{exercise.id} {exercise.title}: {exercise.kind}, {exercise.points} points"
    yield f"  {exercise.task}"
    yield f"  declared in {shown(exercise.grader)}"
    module = inspect.getmodule(exercise.checks[0].cases) if exercise.checks else None
    yield from (f"  | {line}".rstrip() for line in (inspect.getdoc(module) or "").splitlines())
    yield f"  Inputs are drawn anew for each grading. These are of --seed {seed}."
    walls = isolation()
    yield f"  A submission runs behind these walls here: {walls or 'none, it cannot run'}"
    if exercise.suffix == ".cu":
        yield f"  {checked.EXPLAINED}"
        yield from (f"  {line}" for line in timed.explained(exercise, seed))
    for check in exercise.checks:
        yield ""
        yield from _check(check, seed)


def _check(check: Check, seed: int) -> Iterator[str]:
    cases = list(check.cases(random.Random(f"{seed} {check.name}")))
    about = ", about cost: counted in a traced run, once every other check has passed"
    points = f"{check.points} point{'s' if check.points != 1 else ''}"
    number = f"{len(cases)} case{'s' if len(cases) != 1 else ''}"
    yield f"  {check.name}: {points}, {number}{about if check.gate else ''}"
    for head, values in (
        ("expected", [oracle(each) for each in cases]),
        ("tolerance", tolerances([c.tol for c in cases if isinstance(c, Case) and compares(c)])),
        ("limits", [limits(each) for each in cases if isinstance(each, Case)]),
    ):
        for value in list(dict.fromkeys(each for each in values if each))[:6]:
            yield f"    {head:<10} {value}"
    for case in cases[:_MOST_CASES]:
        call = f"{case.function}({', '.join(map(_argument, case.args))})"
        yield f"    - {case.label}: {call}" if case.label else f"    - {call}"
        if isinstance(case, Case):
            yield from (f"        {each}" for each in gates(case))
            if case.raises:
                yield f"        must be refused; the message has {', '.join(case.raises)}"
    if len(cases) > _MOST_CASES:
        yield f"    - and {len(cases) - _MOST_CASES:,} more like these"


def compares(case: Case) -> bool:
    """Whether outputs of the case are compared with expected ones."""
    return bool(case.written) and not case.raises


def oracle(case: Case | Ask) -> str:
    """Where the expected value of a case comes from, in words."""
    if isinstance(case, Case) and case.raises:
        return "an error of KBK_CHECK, and nothing written"
    expect: Any = case.expect
    if isinstance(expect, Expected):
        return f"what a traced launch of {expect.batch.runs} did to memory"
    if callable(expect):
        return _place(expect)
    return "the value that is written in the grader" if isinstance(case, Ask) else ""


def _place(function: Callable[..., Any]) -> str:
    code = getattr(function, "__code__", None)
    if code is None:
        return repr(function)
    file = code.co_filename.rpartition("/")[2]
    try:
        text = inspect.getsourcelines(function)[0][0].strip().rstrip(",")
    except (OSError, IndexError):
        return f"{file}:{code.co_firstlineno}"
    return f"{file}:{code.co_firstlineno} `{text}`"


def tolerances(tols: list[Tol | None]) -> list[str]:
    """Each kind of tolerance once, in words; those that differ only in numbers, together."""
    found: list[str] = []
    apart: dict[tuple[float, str], list[Tol]] = {}
    for tol in tols:
        if tol is BITS:
            found.append("none: the very bits, also those of a NaN")
        elif tol is None:
            found.append("none: the expected value rounded to the dtype; any NaN for a NaN")
        else:
            apart.setdefault((tol.rtol, _NUMBER.sub("#", tol.why)), []).append(tol)
    for (rtol, _), alike in apart.items():
        atol = _span([f"{tol.atol:.3g}" for tol in alike])
        atol = f"({atol})" if " to " in atol else atol
        whys = [tol.why or "its derivation stands in the grader" for tol in alike]
        found.append(f"{rtol:.3g} * |expected| + {atol}: {_together(whys)}")
    return found


_NUMBER = re.compile(r"\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b")


def _span(numbers: list[str]) -> str:
    """One number, or the least and the largest of several."""
    low, high = (bound(numbers, key=float) for bound in (min, max))
    return low if low == high else f"{low} to {high}"


def _together(texts: list[str]) -> str:
    """Texts that differ only in numbers, as one."""
    columns = iter(zip(*(_NUMBER.findall(text) for text in texts), strict=True))
    return _NUMBER.sub(lambda _: _span(list(next(columns))), texts[0])


def limits(case: Case) -> str:
    """Bounds on the launches of a case, in words; "" if it has none."""
    told = (
        ("launches", case.launches, "exactly {:,}"),
        ("blocks", case.max_blocks, "at most {:,}"),
        ("threads a block", case.min_threads, "at least {:,}"),
        ("copies by the host", case.copies, "exactly {:,}"),
    )
    return "; ".join(f"{name}: {text.format(n)}" for name, n, text in told if n is not None)


def _argument(value: Any) -> str:
    if isinstance(value, Sparse):
        shape = list(value.shape) or [value.numel]
        role = "written" if value.written else "read"
        last = value.first + value.window.numel()
        return (
            f"{value.name} {_dtype(value.dtype)}{shape} ({role} from {value.first:,} to {last:,})"
        )
    if not isinstance(value, Argument):
        return f"{value:.6g}" if isinstance(value, float) else repr(value)
    tensor = value.tensor
    notes = ["written"] if value.written else []
    notes += ["on the CPU"] if value.host else []
    if not tensor.is_contiguous():
        notes.append(f"strides {list(tensor.stride())}")
    if tensor.storage_offset():
        notes.append(f"offset {tensor.storage_offset():,}")
    more = f" ({', '.join(notes)})" if notes else ""
    return f"{value.name} {_dtype(tensor.dtype)}{list(tensor.shape)}{more}"


def _dtype(dtype: object) -> str:
    return str(dtype).removeprefix("torch.")


def gates(case: Case) -> Iterator[str]:
    """The gates of a case, in words."""
    for gate in case.gates:
        meant = counter(gate.counter)
        bound = "at most" if gate.target < gate.baseline else "at least"
        of = gate.of if gate.of == "stub" else f"the mistake {gate.of}"
        yield (
            f"{gate.counter}: {bound} {gate.target:,} for all points, {gate.baseline:,} "
            f"(that of {of}) for none [{' + '.join(meant.names)}]"
        )


def isolation() -> str:
    """The walls that stand around a submission on this machine, as a report names them.

    They are raised around an empty job, in which no submission runs.

    Returns:
        "" if no job can be started.
    """
    from kbk.grade.process import Limits, run_worker

    job = {
        "language": "py",
        "name": "nothing",
        "file": "nothing.py",
        "source": "",
        "functions": [],
        "machine": "cpu",
        "seconds": 1.0,
        "seed": 0,
        "arena_bytes": 0,
        "cases": [],
    }
    return run_worker(job, None, Limits.here()).isolation


def show(exercise: Exercise, seed: int) -> None:
    """Print the declaration."""
    sys.stdout.write("\n".join(lines(exercise, seed)) + "\n")
