"""Names below the rows of a thread map, for more warps or blocks than there are fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kbk.draw.canvas import Canvas
from kbk.draw.seen import Array, block_name
from kbk.draw.sheet import text_width
from kbk.sanitizer.history import Launch

LINE = 0.135
"""Inches, of a line of a name."""


@dataclass(frozen=True)
class Run:
    """Cells side by side that one warp or block wrote.

    Attributes:
        first, last: numbers of its cells in the row.
        name: in lines, one below the other.
    """

    first: int
    last: int
    name: tuple[str, ...]


def names(
    launch: Launch,
    by: str,
    grids: tuple[Array, Array],
    rows: Sequence[int],
    columns: Sequence[int],
    width: float,
) -> dict[int, list[Run]]:
    """Who wrote the cells of each row, where it is not the same as in the row below.

    Of the ways to name all alike it is the longest that fits everywhere, or else the shortest one
    wherever it fits.

    Args:
        launch: whose threads they are.
        by: "warp" or "block".
        grids: block and warp of each cell that is shown, below 0 for nobody.
        rows, columns: their numbers.
        width: inches, of a cell.

    Returns:
        By the number of the row among those that are shown.
    """
    blocks, warps = (grid.tolist() for grid in grids)
    cells = [_runs(by, *row, columns) for row in zip(blocks, warps, strict=True)]
    goes_on = [
        a == b and m + 1 == n
        for (a, b), (m, n) in zip(pairwise(cells), pairwise(rows), strict=True)
    ]
    wanted = {r: some for r, some in enumerate(cells) if r == len(goes_on) or not goes_on[r]}
    alone = len({block for some in cells for _, _, block, _ in some}) == 1
    found: dict[int, list[Run]] = {}
    for way in range(3):
        found, fits = {}, True
        for r, some in wanted.items():
            for first, last, block, warp in some:
                name = _ways(launch, by, block, warp, alone)[way]
                if max(map(text_width, name)) <= (last - first + 1) * width:
                    found.setdefault(r, []).append(Run(first, last, name))
                else:
                    fits = False
        if fits:
            break
    return found


def _runs(
    by: str, blocks: list[int], warps: list[int], columns: Sequence[int]
) -> list[tuple[int, int, int, int]]:
    """First and last cell, block and warp (0 for any) of neighbours in a row."""
    runs: list[tuple[int, int, int, int]] = []
    for c, (block, warp) in enumerate(zip(blocks, warps, strict=True)):
        if block < 0:
            continue
        who = (block, 0 if by == "block" else warp)
        goes_on = bool(runs) and runs[-1][1:] == (c - 1, *who) and columns[c] == columns[c - 1] + 1
        first = runs.pop()[0] if goes_on else c
        runs.append((first, c, *who))
    return runs


def _ways(
    launch: Launch, by: str, block: int, warp: int, alone: bool
) -> tuple[tuple[str, ...], ...]:
    """A name in lines, from long to short; `alone`: there is no other block."""
    name = block_name(launch, block)
    if by == "block":
        return (name,), (str(block),), (str(block),)
    whole = f"{name}, warp {warp}"
    if alone:
        return (whole,), (f"warp {warp}",), (str(warp),)
    return (whole,), (name, f"warp {warp}"), (str(block), str(warp))


def note(launch: Launch, by: str, found: dict[int, list[Run]]) -> str:
    """What the names say, for the legend."""
    name = next(iter(found.values()))[0].name
    block = "block"
    if name[0].isdigit() and launch.grid[1:] != (1, 1):
        block = "linear number of the block"
    what = block if by == "block" else f"{block}, and below it warp" if len(name) > 1 else "warp"
    return f"below rows: {what}; fills are used again"


def draw(
    canvas: Canvas, found: dict[int, list[Run]], xs: list[float], width: float, ys: list[float]
) -> None:
    """Draw them; `ys`: where the rows of cells end."""
    for r, runs in found.items():
        for run in runs:
            for at, line in enumerate(run.name):
                middle = (xs[run.first] + xs[run.last] + width) / 2
                canvas.text(middle, ys[r] + (at + 0.5) * LINE - 0.015, line, at="center middle")
