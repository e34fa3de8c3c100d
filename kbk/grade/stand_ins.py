"""What might be handed in without solving anything: zeros, the input, NaN, nothing.

A grader must reject each by the answers alone. No submission runs here, so no process is started.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import torch

from kbk.grade import plain
from kbk.grade.arena import Arena, Storage, View, elements
from kbk.grade.cases import Argument, Ask, Case, Sparse
from kbk.grade.exercise import Exercise
from kbk.grade.judge import judge_ask, judge_case

_VALUES: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "zeros": lambda args: 0,
    "copy": lambda args: args[0] if args else 0,
    "nan": lambda args: math.nan,
    "nothing": lambda args: None,
}
STAND_INS = tuple(_VALUES)
"""Names of the stand-ins."""


def passed(exercise: Exercise, stand_in: str, seed: int = 0) -> dict[str, bool]:
    """Judge a stand-in by the checks that are about answers.

    Args:
        exercise: whose checks.
        stand_in: one of STAND_INS.
        seed: of the inputs.

    Returns:
        for each such check whether the stand-in passes it. Launches count only where the right
        answer is a copy (``is_copy``): then a copy without a launch is what must not pass.
    """
    results = {}
    for check in exercise.checks:
        if check.gate:
            continue
        cases = list(check.cases(random.Random(f"{seed} {check.name}")))
        arena = Arena([case for case in cases if isinstance(case, Case)])
        place, good = 0, True
        for case in cases:
            if isinstance(case, Ask):
                value = plain.encode(_VALUES[stand_in](case.args))
                good &= judge_ask(case, {"value": value}) is None
                continue
            _write(case, place, arena, stand_in)
            facts: dict[str, Any] = {"launches": []} if exercise.is_copy else {}
            good &= judge_case(case, place, arena, facts) is None
            place += 1
        arena.close()
        results[check.name] = good
    return results


def _write(case: Case, index: int, arena: Arena, stand_in: str) -> None:
    """Write what the stand-in gives into every output of a case."""
    if stand_in == "nothing":
        return
    storages = arena.storages[index]
    for at, view in arena.views[index].items():
        argument = case.args[at]
        if not argument.written:
            continue
        given = _input_like(case, index, arena, argument) if stand_in == "copy" else None
        out = _outputs(arena, storages[view.storage], view, argument)
        if given is not None:
            out.copy_(given.reshape(out.shape))
        elif stand_in == "nan" and view.dtype.is_floating_point:
            nan = torch.tensor([math.nan], dtype=torch.float64).to(view.dtype).view(torch.uint8)
            out.copy_(nan.expand(out.shape))
        else:
            out.zero_()


def _outputs(
    arena: Arena, storage: Storage, view: View, argument: Argument | Sparse
) -> torch.Tensor:
    """The bytes of an output, uint8 [..., itemsize]."""
    if not isinstance(argument, Sparse):
        return elements(arena.now(storage), view)
    size = argument.dtype.itemsize
    low = argument.first * size - (storage.low or 0)
    return arena.now(storage)[low : low + argument.window.numel() * size].view(-1, size)


def _input_like(
    case: Case, index: int, arena: Arena, out: Argument | Sparse
) -> torch.Tensor | None:
    """The bytes of the first input with as many elements of the same dtype, or None."""
    wanted = out.window if isinstance(out, Sparse) else out.tensor
    for at, view in arena.views[index].items():
        argument = case.args[at]
        if argument.written:
            continue
        tensor = argument.window if isinstance(argument, Sparse) else argument.tensor
        if tensor.numel() == wanted.numel() and view.dtype == wanted.dtype:
            storage = arena.storages[index][view.storage]
            return _outputs(arena, storage, view, argument).clone()
    return None
