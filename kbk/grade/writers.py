"""Which thread wrote an element last, and at which line: asked of the history of a traced call.

This half runs in the worker; `kbk.grade.details` asks it, and puts the answer into words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from kbk.sanitizer.history import Launch


def told(
    asked: Sequence[tuple[str, int]], tensors: Mapping[str, Tensor], sources: Mapping[str, str]
) -> list[dict[str, Any] | None]:
    """Stop recording, and say who wrote each element that is asked about.

    Args:
        asked: name of the argument, and number of the element in order of its indices.
        tensors: the arguments by name.
        sources: texts by name, for the line.

    Returns:
        for each: block, thread, block's and grid's sizes, line (or None) and `writes`, how often it
        was written; None for nobody; `{"unknown": True}` if the history is not complete.
    """
    from kbk.sanitizer import history

    launches = history.take()
    complete = all(each.complete for each in launches)
    return [_one(launches, complete, tensors[name], flat, sources) for name, flat in asked]


def _one(
    launches: Sequence[Launch],
    complete: bool,
    tensor: Tensor,
    flat: int,
    sources: Mapping[str, str],
) -> dict[str, Any] | None:
    from kbk.sanitizer import places
    from kbk.sanitizer.past import Past

    if not complete:
        return {"unknown": True}
    low = _address(tensor, flat)
    last: dict[str, Any] | None = None
    count = 0
    for launch in launches:
        past = Past(launch)
        records = past.global_writes(low, low + tensor.element_size())
        accesses = list(dict.fromkeys(past.first_of(int(each)) for each in records))
        if not accesses:
            continue
        count += len(accesses)
        record = launch.records[accesses[-1]]
        place = places.place(
            launch.library, launch.code + int(record["pc"]), sources, launch.kernel
        )
        last = {
            "block": int(record["block"]),
            "thread": int(record["thread"]),
            "grid": list(launch.grid),
            "size": list(launch.block),
            "line": place.line if place.file in sources else None,
        }
    return None if last is None else {**last, "writes": count}


def _address(tensor: Tensor, flat: int) -> int:
    at = 0
    for size, step in zip(reversed(tensor.shape), reversed(tensor.stride()), strict=True):
        flat, index = divmod(flat, size)
        at += index * step
    return int(tensor.data_ptr()) + at * tensor.element_size()


@dataclass(frozen=True)
class Writer:
    """Who wrote an element.

    Attributes:
        text: a cell of a table; "" if it is not known.
        line: of the source, or None.
    """

    text: str
    line: int | None = None


def answer(told: object) -> Writer:
    """Put an answer of `told`, which comes from a process that ran a submission, into words."""
    if told is None:  # no store went there
        return Writer("nobody")
    if not isinstance(told, dict) or told.get("unknown"):
        return Writer("")
    numbers = [told.get("block"), told.get("thread"), told.get("writes")]
    sizes = [told.get("grid"), told.get("size")]
    if not all(type(each) is int and each >= 0 for each in numbers) or not all(map(_size, sizes)):
        return Writer("")
    block = _index(told["block"], told["grid"])
    thread = _index(told["thread"], told["size"])
    line = told.get("line")
    line = line if type(line) is int and line > 0 else None
    where = "" if line is None else f", line {line}"
    often = f" (last of {told['writes']:,})" if told["writes"] > 1 else ""
    return Writer(f"block {block}, thread {thread}{where}{often}", line)


def _size(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and all(type(each) is int and each > 0 for each in value)
    )


def _index(linear: int, size: Sequence[int]) -> str:
    x, y, z = size
    if y == z == 1:
        return str(linear)
    place = (linear % x, linear // x % y, linear // (x * y))
    return f"({', '.join(map(str, place if z > 1 else place[:2]))})"
