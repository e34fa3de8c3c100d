"""What the records of a launch say of the elements of a tensor, as columns of numbers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from kbk.errors import ArgumentError
from kbk.sanitizer.element import addresses_of, quoted, target
from kbk.sanitizer.history import GLOBAL, Launch
from kbk.sanitizer.past import spread
from kbk.sanitizer.places import Place, place, prefetch
from kbk.sanitizer.tensors import Argument

Array = np.ndarray[Any, Any]

LANES = 32


def checked(asker: str, launch: Any) -> Launch:
    """The launch, if there are records of all that it did.

    Args:
        asker: the function that errors name.

    Raises:
        ArgumentError: it is no launch, or its records are not complete.
    """
    if not isinstance(launch, Launch):
        raise ArgumentError(
            f"{asker}: launch must be a launch of kbk.profile(), such as p.launches[0]; "
            f"it was {quoted(launch)}."
        )
    if not launch.complete:
        raise ArgumentError(
            f"{asker}: the records of {launch.kernel} (launch {launch.serial}) are not complete: "
            "there was no room for more. Profile a smaller launch."
        )
    if len(launch.records) == 0:
        raise ArgumentError(
            f"{asker}: there are no records of {launch.kernel} (launch {launch.serial}): it "
            "touched no memory, or nothing was recorded."
        )
    return launch


def chosen(asker: str, launch: Launch, argument: Any) -> Argument:
    """The tensor of the call that was named or given.

    Raises:
        ArgumentError: there is none, or it has no elements; the text has the names.
    """
    if not isinstance(argument, str) and not hasattr(argument, "untyped_storage"):
        names = ", ".join(each.name for each in launch.arguments) or "none"
        raise ArgumentError(
            f"{asker}: argument must be a tensor of the call, or its name ({names}); "
            f"it was {quoted(argument)}."
        )
    tensor = target(launch, argument, asker)[1]
    if tensor.numel == 0:
        raise ArgumentError(f"{asker}: {tensor.name} has no elements.")
    return tensor


def touched(argument: Argument, records: Array, at: Array) -> tuple[Array, Array]:
    """The elements that some records touched, one pair for each.

    Args:
        argument: a tensor.
        records: of the launch.
        at: numbers of records.

    Returns:
        Numbers of records, in order, and the flat numbers of elements in the order of the indices.
    """
    at = at[records["space"][at] == GLOBAL]
    low = records["address"][at].astype(np.int64)
    high = low + records["bytes"][at]
    inside = (high > argument.storage) & (low < argument.storage + argument.nbytes)
    at, low, high = at[inside], low[inside], high[inside]
    if _is_dense(argument):
        first = np.maximum((low - argument.data) // argument.itemsize, 0)
        end = np.minimum(-((argument.data - high) // argument.itemsize), argument.numel)
        order = None
    else:
        ranked, order = _ranked(argument)
        first = np.searchsorted(ranked, low - argument.itemsize, side="right")
        end = np.searchsorted(ranked, high, side="left")
    who, which = expanded(first, end)
    return at[who], which if order is None else order[which]


def expanded(first: Array, end: Array) -> tuple[Array, Array]:
    """Ranges of numbers, each number by itself.

    Returns:
        Of each number which range it is of, in order, and the number.
    """
    count = np.maximum(end - first, 0)
    which = np.repeat(np.arange(len(first)), count)
    start = np.repeat(first - (np.cumsum(count) - count), count)
    return which, start + np.arange(len(which))


@lru_cache(maxsize=4)
def _ranked(argument: Argument) -> tuple[Array, Array]:
    """The addresses of all elements, ascending, and which elements they are of."""
    address = addresses_of(argument)
    order = np.argsort(address, kind="stable")
    return address[order], order


def _is_dense(argument: Argument) -> bool:
    """Whether the elements lie in memory one after another in the order of their indices."""
    step = 1
    for size, stride in zip(reversed(argument.shape), reversed(argument.strides), strict=True):
        if size != 1 and stride != step:
            return False
        step *= size
    return True


def places_of(launch: Launch, pcs: Iterable[int]) -> dict[int, Place]:
    """Where in the source each return address of the records stands."""
    alone = sorted({int(pc) for pc in pcs})
    prefetch(launch.library, [launch.code + pc for pc in alone])
    return {
        pc: place(launch.library, launch.code + pc, launch.sources, launch.kernel) for pc in alone
    }


def block_name(launch: Launch, block: int) -> str:
    """Block 3; in a grid of two or three dimensions, block (1, 0)."""
    _, y, z = launch.grid
    if y == z == 1:
        return f"block {block}"
    index = spread(block, launch.grid)
    return f"block ({', '.join(map(str, index if z > 1 else index[:2]))})"


def until_the_end(launch: Any) -> str:
    """A sentence about a launch that did not come to its end, with a space before it; else ""."""
    if not launch.ended:
        return ""
    return (
        f" The launch of {launch.kernel} was ended by an error or a time limit: this is what "
        "happened before."
    )


def size_name(size: tuple[int, int, int], one: str) -> str:
    """2 blocks, 8 × 4 threads: the extents without those of 1 behind them."""
    x, y, z = size
    if y == z == 1:
        return many(x, one)
    return f"{' × '.join(map(str, (x, y, z) if z > 1 else (x, y)))} {one}s"


def many(count: int, one: str, more: str = "") -> str:
    """1 block, 2 blocks."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"
