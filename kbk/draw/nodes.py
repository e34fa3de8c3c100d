"""What the graph of a data flow is made of: nodes, arrows and hops, and the arrays of a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kbk.draw.seen import LANES
from kbk.sanitizer.history import Launch
from kbk.sanitizer.tensors import Argument

Key = tuple[Any, ...]
Line = tuple[str, int, str]  # file, line, text
OUT: Key = ("out",)


@dataclass(eq=False)
class Node:
    """An array of which some elements take part, or the lanes of a block in one interval.

    Attributes:
        key: what it is.
        name: "x", "tile", "lanes".
        shape: rows and columns of all its elements.
        size: how many elements it has; the last row may have fewer than the others.
        elements: flat number -> name and value of what takes part.
        sure: those that take part without a doubt about what a register kept.
        dtype: of an element, or None.
    """

    key: Key
    name: str
    shape: tuple[int, int]
    size: int
    elements: dict[int, tuple[str, str]] = field(default_factory=dict)
    sure: set[int] = field(default_factory=set)
    dtype: str | None = None

    @property
    def lanes(self) -> bool:
        """Whether it is lanes that exchange values."""
        return bool(self.key[0] == "lanes")


@dataclass(eq=False)
class Edge:
    """Loads from one node that led to stores into another.

    Attributes:
        kept: all are a maybe: loads before a barrier or an earlier store, whose value may have
            waited in a register, and what led to such a load.
        loads, stores: lines of the source.
        count: loads.
    """

    kept: bool
    loads: set[Line] = field(default_factory=set)
    stores: set[Line] = field(default_factory=set)
    count: int = 0


@dataclass(frozen=True)
class Hop:
    """One load and what it led to.

    Attributes:
        source, value: name and value of the element; "" if nobody saw it.
        who: the thread.
        load: line.
        target: the element that was stored, or the lane.
        store: line; "" of a lane.
        kept: as of an edge.
    """

    source: str
    value: str
    who: str
    load: str
    target: str
    store: str
    kept: bool


def arrays_of(launch: Launch) -> list[Argument]:
    """The tensors of a call, those that it reads first, and what the host function allocated."""
    found = sorted(launch.arguments, key=lambda each: each.writable)
    for made in launch.allocations:
        if made.shape is None or made.dtype is None:
            continue
        strides: list[int] = []
        step = 1
        for size in reversed(made.shape):
            strides.insert(0, step)
            step *= max(size, 1)
        itemsize = max(made.nbytes // max(step, 1), 1)
        place = (made.address, made.nbytes, made.address)
        found.append(Argument(made.label, *place, made.shape, tuple(strides), itemsize, made.dtype))
    return found


def shape_of(array: Argument) -> tuple[int, int]:
    """Rows and columns in which an array is drawn."""
    columns = array.shape[-1] if len(array.shape) > 1 else min(max(array.numel, 1), LANES)
    return -(-array.numel // max(columns, 1)), columns
