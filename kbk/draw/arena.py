"""The shared memory of one block: where its variables and their parts lie, and who touched them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from kbk.draw.seen import Array, places_of
from kbk.sanitizer.history import SHARED, Launch, SharedVariable
from kbk.sanitizer.past import reads, writes
from kbk.sanitizer.values import shared_dtype

WORD, BANKS = 4, 32
LINE = WORD * BANKS  # bytes that lie side by side in the banks
_DYNAMIC = 16  # bytes: dynamic memory begins at a multiple


@dataclass(frozen=True, eq=False)
class Touches:
    """Accesses to the shared memory of a block, in order of time; an entry for each record.

    Attributes:
        first, end: bytes of the arena.
        thread, interval, pc: as in the records.
        writes, reads: which it was; of an atomic operation one record each.
        record: its number in the launch.
    """

    first: Array
    end: Array
    thread: Array
    interval: Array
    pc: Array
    writes: Array
    reads: Array
    record: Array

    def of(self, chosen: Array) -> Touches:
        """Some of them."""
        return Touches(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def touches(launch: Launch, block: int) -> Touches:
    """What the threads of a block did to its shared memory."""
    told = launch.records
    at = np.flatnonzero((told["space"] == SHARED) & (told["block"] == block))
    told = told[at]
    did = writes(told), reads(told)
    mine = did[0] | did[1]
    told, at = told[mine], at[mine]
    first = told["address"].astype(np.int64)
    return Touches(
        first,
        first + told["bytes"],
        told["thread"].astype(np.int64),
        told["interval"].astype(np.int64),
        told["pc"].astype(np.int64),
        did[0][mine],
        did[1][mine],
        at,
    )


@dataclass(frozen=True, eq=False)
class Part:
    """A variable, or a part of the dynamic memory that instructions of its own touch.

    Attributes:
        name: as the source calls it, or in words.
        offset: where it begins on a GPU that puts the first variable at 0.
        base: where it begins in the arena of the records.
        size, element: bytes.
        pitch: elements from the start of one row to that of the next.
        shape: rows and columns; what is left of a row is padding.
        dtype: of an element, or None.
        dynamic: it is a part of the dynamic memory.
    """

    name: str
    offset: int
    base: int
    size: int
    element: int
    pitch: int
    shape: tuple[int, int]
    dtype: str | None
    dynamic: bool
    extents: tuple[int, ...] = field(default=())

    @property
    def count(self) -> int:
        """Elements, padding among them."""
        return self.size // self.element

    def called(self, flat: int) -> str:
        """The name of an element: tile[3][17]."""
        if self.count == 1 and not self.dynamic:
            return self.name
        plain = self.name.isidentifier()
        if not plain:
            return f"element {flat} of {self.name}"
        if len(self.extents) > 1:
            index = [int(each) for each in np.unravel_index(flat, self.extents)]
        elif self.shape[0] > 1:
            index = list(divmod(flat, self.pitch))
        else:
            index = [flat]
        return self.name + "".join(f"[{each}]" for each in index)

    @property
    def any_element(self) -> str:
        """A name for each of its elements: tile[i]; tile[r][c]; row r, column c of tile."""
        if self.count == 1 and not self.dynamic:
            return self.name
        plain = self.name.isidentifier() and len(self.extents) < 3
        if self.shape[0] > 1:
            return f"{self.name}[r][c]" if plain else f"row r, column c of {self.name}"
        return f"{self.name}[i]" if plain else f"element i of {self.name}"

    def row_name(self, row: int) -> str:
        """The name of a row of elements: r = 3; of more dimensions, its indices."""
        if len(self.extents) < 3:
            return f"r = {row}"
        index = np.unravel_index(row, self.extents[:-1])
        return "".join(f"[{int(each)}]" for each in index)

    def bank(self, flat: int) -> int:
        """The bank of the first byte of an element."""
        return (self.offset + flat * self.element) // WORD % BANKS


@dataclass(frozen=True, eq=False)
class Arena:
    """The shared memory of one block.

    Attributes:
        launch, block: whose.
        parts: in the order in which they lie.
        size: bytes in all, with what is between and behind the parts.
        touches: all accesses to them.
    """

    launch: Launch
    block: int
    parts: tuple[Part, ...]
    size: int
    touches: Touches

    @cached_property
    def intervals(self) -> int:
        """Intervals between the barriers that the block had passed when it touched them."""
        of_block = self.launch.records["block"] == self.block
        return int(self.launch.records["interval"][of_block].max()) + 1

    def touches_of(self, part: Part) -> Touches:
        """The accesses that lie in a part."""
        all_ = self.touches
        return all_.of((all_.first >= part.base) & (all_.first < part.base + part.size))

    def lines(self, pcs: Array) -> list[tuple[str, int]]:
        """The lines of the source that these return addresses stand for, in order."""
        found = places_of(self.launch, np.unique(pcs)).values()
        return sorted(
            {(p.file, p.line) for p in found if p.file is not None and p.line is not None}
        )


def offsets(variables: tuple[SharedVariable, ...]) -> list[int]:
    """Where variables begin if they lie as close as their elements allow, dynamic memory last.

    The runtime keeps them apart to find accesses between them. A compiler may order them otherwise.
    """
    found: list[int] = []
    end = 0
    for variable in variables:
        step = _DYNAMIC if variable.dynamic else max(min(variable.element, 16), 1)
        end = -(-end // step) * step
        found.append(end)
        end += variable.size
    return found


def offset_of(launch: Launch, address: int) -> int:
    """Where a byte of the arena lies on a GPU, as `offsets` has it: what its bank follows from.

    A byte outside of every variable lies as far behind the one before it as in the arena.
    """
    variables = laid_out(launch)
    found = address
    for variable, offset in zip(variables, offsets(variables), strict=True):
        if variable.offset <= address:
            found = offset + address - variable.offset
    return found


def laid_out(launch: Launch) -> tuple[SharedVariable, ...]:
    """The shared variables of a launch in the order in which they lie."""
    return tuple(sorted(launch.shared, key=lambda each: (each.dynamic, each.offset)))


def whole(variable: SharedVariable, offset: int) -> Part:
    """A variable as one part."""
    extents = variable.extents
    count = max(variable.size // variable.element, 1)
    columns = extents[-1] if len(extents) > 1 else count
    shape = (count // columns, columns)
    dtype = shared_dtype(variable.type, variable.element)
    name = variable.name or "dynamic shared memory"
    base, element = variable.offset, variable.element
    return Part(
        name, offset, base, variable.size, element, columns, shape, dtype, variable.dynamic, extents
    )
