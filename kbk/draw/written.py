"""Who wrote each element of a tensor, and in which boxes of neighbours one warp did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kbk.draw.seen import LANES, Array, touched
from kbk.sanitizer.history import CONTINUES, Launch
from kbk.sanitizer.past import writes
from kbk.sanitizer.tensors import Argument


@dataclass(frozen=True, eq=False)
class Written:
    """Who wrote the elements of a tensor; each array has an entry for each element.

    Attributes:
        argument: the tensor.
        shape: rows and columns in which the elements are shown, in the order of their indices. The
            last row of a tensor of one dimension may be shorter than its 32 columns.
        stores: how often it was written, atomic operations among them.
        writers: how many different blocks wrote it.
        block, thread: of the last store: linear numbers, -1 where nobody wrote.
        blocks, warps: how many wrote some of its elements.
    """

    argument: Argument
    shape: tuple[int, int]
    stores: Array
    writers: Array
    block: Array
    thread: Array
    blocks: int
    warps: int

    @property
    def warp(self) -> Array:
        """The warp of the block; -1 where nobody wrote."""
        return self.thread // LANES

    def grid(self, each: Array, empty: int = -2) -> Array:
        """One of the arrays in rows and columns; `empty` where there is no element."""
        rows, columns = self.shape
        padded = np.full(rows * columns, empty, np.int64)
        padded[: len(each)] = each
        return padded.reshape(self.shape)

    def name(self, row: int, column: int) -> str:
        """The index of an element: 36, or [1, 4]."""
        flat = row * self.shape[1] + column
        if len(self.argument.shape) < 2:
            return f"{flat:,}"
        index = np.unravel_index(flat, self.argument.shape)
        return f"[{', '.join(str(int(each)) for each in index)}]"


@dataclass(frozen=True)
class Patch:
    """Elements side by side that threads of one warp wrote, or that nobody wrote.

    Attributes:
        rows, columns: half-open.
        block, warp: -1 if nobody wrote.
        stores: how often each of the elements was written.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    block: int
    warp: int
    stores: int


def written(launch: Launch, argument: Argument) -> Written:
    """Read from the records who wrote which element."""
    records = launch.records
    who, which = touched(argument, records, np.flatnonzero(writes(records)))
    # Of an access of several records, two may hold bytes of one element.
    access = np.cumsum((records["marks"] & CONTINUES) == 0)[who]
    if len(who):
        new = np.ones(len(who), bool)
        new[1:] = (access[1:] != access[:-1]) | (which[1:] != which[:-1])
        who, which = who[new], which[new]
    count = argument.numel
    block, thread = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    block[which] = records["block"][who]  # of equal numbers numpy keeps the last
    thread[which] = records["thread"][who]
    shape = argument.shape
    columns = shape[-1] if len(shape) > 1 else min(count, LANES)
    rows = -(-count // columns)
    stores = np.bincount(which, minlength=count)
    warps = np.unique(
        records["block"][who].astype(np.int64) * LANES + records["thread"][who] // LANES
    )
    blocks = len(np.unique(warps // LANES))  # a block has at most 32 warps
    both = np.unique(np.stack([which, records["block"][who].astype(np.int64)]), axis=1)
    writers = np.bincount(both[0], minlength=count)
    return Written(argument, (rows, columns), stores, writers, block, thread, blocks, len(warps))


def patches(told: Written, rows: list[int], columns: list[int]) -> list[Patch]:
    """The shown elements, in as few boxes as a walk from row to row finds.

    Args:
        told: who wrote what.
        rows, columns: that are shown, ascending.
    """
    names = ("block", "warp", "stores")
    grids = [told.grid(getattr(told, name))[np.ix_(rows, columns)] for name in names]
    open_: dict[tuple[int, ...], list[int]] = {}  # what is known of a box: first and last row
    done: list[Patch] = []

    def close(keys: list[tuple[int, ...]]) -> None:
        for key in keys:
            first, last = open_.pop(key)
            low, high, block, warp, stores = key
            done.append(Patch((first, last + 1), (low, high + 1), block, warp, stores))

    for at, row in enumerate(rows):
        if at and rows[at - 1] != row - 1:
            close(list(open_))
        runs = _runs([grid[at] for grid in grids], columns)
        close([key for key in open_ if key not in runs])
        for key in runs:
            open_.setdefault(key, [row, row])[1] = row
    close(list(open_))
    return sorted(done, key=lambda each: (each.rows[0], each.columns[0]))


def _runs(values: list[Array], columns: list[int]) -> list[tuple[int, ...]]:
    """First and last column, block, warp and stores of neighbours that have the same."""
    runs: list[list[int]] = []
    for column, *each in zip(columns, *(value.tolist() for value in values), strict=True):
        if each[0] == -2:  # no element
            continue
        if runs and runs[-1][1] == column - 1 and runs[-1][2:] == each:
            runs[-1][1] = column
        else:
            runs.append([column, column, *each])
    return [tuple(run) for run in runs]


def neighbours(told: Written) -> str:
    """A sentence on how the lanes of a warp lie, if it is the same everywhere; else ""."""
    thread, warp, block = (told.grid(getattr(told, name)) for name in ("thread", "warp", "block"))
    if told.shape[1] == LANES and np.all((thread < 0) | (thread % LANES == np.arange(LANES))):
        return "Lane l wrote column l."
    steps: dict[str, Any] = {
        "row": (slice(None), slice(1, None), slice(None), slice(None, -1)),
        "column": (slice(1, None), slice(None), slice(None, -1), slice(None)),
    }
    for along, (r1, c1, r0, c0) in steps.items():
        same = (warp[r1, c1] == warp[r0, c0]) & (block[r1, c1] == block[r0, c0])
        same &= thread[r1, c1] >= 0
        if same.any() and np.all((thread[r1, c1] - thread[r0, c0])[same] == 1):
            if along == "row":
                return "Neighbours in a row were written by neighbouring lanes."
            apart = told.argument.itemsize * (
                told.argument.strides[-2] if len(told.argument.shape) > 1 else told.shape[1]
            )
            return f"Neighbouring lanes wrote down a column: {apart:,} bytes apart."
    if each := _each(told):
        return f"Each lane wrote {each} neighbours, the next lane the {each} behind them."
    return ""


def _each(told: Written) -> int:
    """How many elements each lane wrote before the next one's, where that is so; else 0."""
    thread = told.thread[told.stores > 0]
    ends = np.flatnonzero(np.diff(thread, append=-1)) + 1
    lengths = np.diff(ends, prepend=0)
    steps = np.diff(thread[ends - 1])
    block = told.block[told.stores > 0]
    ordered = np.all((steps == 1) | (np.diff(block[ends - 1]) != 0))
    same = len(lengths) > 1 and np.all(lengths[:-1] == lengths[0]) and lengths[0] > 1
    return int(lengths[0]) if same and ordered else 0
