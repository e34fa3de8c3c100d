"""Launches to replay, and a second reading of a replay's JSON, which the tests compare with."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from replayed_sources import Program

from kbk.sanitizer import history
from kbk.sanitizer.history import (
    AFTER,
    ATOMIC,
    ATOMIC_STORE,
    SHARED,
    VOLATILE_WRITE,
    WRITE,
    Launch,
)
from kbk.sanitizer.memory import argument_of
from kbk.sim import trace

NOT_TOLD = object()
"""The value of an element that a replay does not tell: no step that is shown needs it."""

_modules: dict[str, Any] = {}


def run(program: Program, most: int = 1_000_000) -> tuple[Launch, dict[str, Any]]:
    """Call a program's op; return its launch and the arguments, tensors as they are after it."""
    if program.source not in _modules:
        _modules[program.source] = trace.load(program.name, program.source, [program.name])
    arguments = program.arguments()
    tensors = {name: each for name, each in arguments.items() if isinstance(each, torch.Tensor)}
    told = [argument_of(name, tensor) for name, tensor in tensors.items()]
    history.start(most)
    getattr(_modules[program.source], program.name)(*arguments.values())
    (launch,) = history.take()
    sources = {f"{program.name}.cu": program.source}
    return replace(launch, arguments=told, sources=sources), arguments


@dataclass
class State:
    """What the steps of a replay have left in memory.

    Attributes:
        values, writers: by number of the array and index: what is there, and the thread.
    """

    values: dict[tuple[int, int], Any]
    writers: dict[tuple[int, int], int]


def played(told: dict[str, Any], until: int | None = None) -> State:
    """Reads the steps of a replay's JSON up to (without) step `until`."""
    state = State({}, {})
    for array, index, values in told["start"]:
        state.values |= {(array, i): value for i, value in zip(index, values, strict=True)}
    last: dict[int, list[Any]] = {}
    columns = told["steps"]
    count = len(columns["kind"])
    for number in range(count if until is None else until):
        _play({name: c and c[number] for name, c in columns.items()}, told, state, last)
    return state


def elements(step: dict[str, Any], told: dict[str, Any]) -> list[tuple[int, list[tuple[int, int]]]]:
    """Lanes of a step with the elements that each touches."""
    mask = told["masks"][step["mask"]]
    lanes = [lane for lane in range(32) if mask >> lane & 1]
    found = []
    for at, lane in enumerate(lanes):
        if step["array"] == -1:
            array, first, count = step["base"][at] or (0, 0, 0)
        else:
            pattern = told["patterns"][step["pattern"]]
            offset = pattern[0] * at if len(pattern) == 1 else pattern[at]
            array, first, count = step["array"], step["base"] + offset, step["count"]
        found.append((lane, [(array, first + n) for n in range(count)]))
    return found


def _play(step: dict[str, Any], told: dict[str, Any], state: State, last: dict[int, Any]) -> None:
    kind = step["kind"]
    if kind == "O":
        for array, runs, values in step["value"]:
            at = 0
            for first, count, thread, by in zip(*(runs[n::4] for n in range(4)), strict=True):
                for n in range(count):
                    state.values[array, first + n] = NOT_TOLD if values is None else values[at]
                    at += 1
                    if thread + n * by >= 0:
                        state.writers[array, first + n] = thread + n * by
        return
    if kind == "B":
        return
    if kind == "X":
        mask = told["masks"][step["mask"]]
        lanes = [lane for lane in range(32) if mask >> lane & 1]
        if step["value"] is not None:
            for at, lane in enumerate(lanes):
                last[step["warp"] * 32 + lane] = [_nth(step["value"], at)]
        return
    at = 0
    for lane, where in elements(step, told):
        thread = step["warp"] * 32 + lane
        mine = []
        for n, element in enumerate(where):
            poison = told["arrays"][element[0]].get("poison")
            there = state.values.get(element, poison)
            if kind == "R":
                value = there if step["value"] is None else _nth(step["value"], at)
                if step["value"] is not None:
                    state.values[element] = value
            elif kind == "W":
                value = last[thread][n] if step["value"] is None else _nth(step["value"], at)
                state.values[element] = value
            else:
                value = there if step["before"] is None else _nth(step["before"], at)
                given = _nth(step["value"], at)
                left = step["left"]
                after = there + given if left is None else given if left is True else _nth(left, at)
                state.values[element] = after
            mine.append(value)
            if kind != "R":
                state.writers[element] = thread
            at += 1
        if kind != "W":
            last[thread] = mine[:1] if kind == "A" else mine


def _nth(values: Any, at: int) -> Any:
    return values[at] if isinstance(values, list) else values


def array_named(told: dict[str, Any], name: str) -> int:
    """The number of an array."""
    return [each["name"] for each in told["arrays"]].index(name)


def left_by(launch: Launch, told: dict[str, Any]) -> dict[tuple[int, int], int]:
    """Bits of the elements of shared memory that block 0 wrote whole, from the records.

    Variables lie in the record in the order of `launch.shared`, parts one after the other.
    """
    memory: dict[int, int] = {}
    for record in launch.records[launch.records["block"] == 0]:
        is_write = record["access"] in (WRITE, ATOMIC_STORE, VOLATILE_WRITE) or (
            record["access"] == ATOMIC and record["marks"] & AFTER
        )
        if record["space"] == SHARED and is_write:
            data = int(record["value"]).to_bytes(8, "little")[: int(record["bytes"])]
            memory.update(enumerate(data, int(record["address"])))
    found = {}
    arrays = [each for each in enumerate(told["arrays"]) if each[1]["space"] == "shared"]
    at = min((each.offset for each in launch.shared), default=0)
    for number, array in arrays:
        size = array["bytes"]
        for index in range(array["size"]):
            here = [memory.get(at + index * size + byte) for byte in range(size)]
            if None not in here:
                found[number, index] = int.from_bytes(
                    bytes(b for b in here if b is not None), "little"
                )
        at += size * array["size"]
    return found


def shown(array: dict[str, Any], bits: int) -> Any:
    """Bits as a replay shows them."""
    raw = bits.to_bytes(array["bytes"], "little")
    dtype = getattr(torch, array["dtype"])
    value = torch.frombuffer(bytearray(raw), dtype=dtype)[0].item()
    if isinstance(value, int):
        return value
    return float(f"{value:.4g}") if math.isfinite(value) else str(value)
