"""The order of the blocks of a launch: one strip for each run, time from left to right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kbk.draw.canvas import Box, Canvas
from kbk.draw.picture import Picture
from kbk.draw.seen import many
from kbk.draw.sheet import WIDTH, text_width
from kbk.draw.theme import Theme
from kbk.draw.windows import GAP, gaps, places, window
from kbk.errors import ArgumentError
from kbk.sanitizer.element import quoted
from kbk.sanitizer.history import Launch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BLOCKS, _LAST_BLOCKS = 24, 4  # of a strip that shows all
MOST_RUNS = 24
_ROW, _CELL = 0.32, 0.26

HEAD = ("run", "blocks in order")


def order(launches: Sequence[Launch] | Mapping[str, Launch]) -> Picture:
    """Picture the order in which the blocks of several launches began, one strip for each launch.

        runs = {}
        for seed in (1, 2, 3):
            with kbk.sim.settings(seed=seed), kbk.profile() as p:
                mod.scale(out, x, 2.0)
            runs[f"seed {seed}"] = p.launches[0]
        kbk.draw.order(runs)

    With a seed the simulator mixes the blocks; without one they begin in the order of numbers.

    Args:
        launches: of ``kbk.profile()``, all of one kernel with one grid; or names and launches.

    Raises:
        ArgumentError: there is none, or their kernels or grids differ.
    """
    if isinstance(launches, Mapping):
        named = dict(launches)
    elif isinstance(launches, Sequence) and not isinstance(launches, str):
        named = {f"run {number}": each for number, each in enumerate(launches, 1)}
    else:
        raise ArgumentError(
            "order: launches must be a list of launches, or names and launches; it was "
            f"{quoted(launches)}."
        )
    if not 1 <= len(named) <= MOST_RUNS:
        raise ArgumentError(f"order: launches must be 1 to {MOST_RUNS}; there were {len(named)}.")
    for name, launch in named.items():
        if not isinstance(launch, Launch):
            raise ArgumentError(
                f"order: {name} must be a launch of kbk.profile(), such as p.launches[0]; "
                f"it was {quoted(launch)}."
            )
    what = {(launch.kernel, launch.grid) for launch in named.values()}
    if len(what) > 1:
        kernels = ", ".join(f"{kernel} with grid {grid}" for kernel, grid in sorted(what))
        raise ArgumentError(f"order: the launches must be of one kernel and grid; were {kernels}.")
    kernel = next(iter(named.values())).kernel
    return strips(
        {name: blocks_of(launch) for name, launch in named.items()},
        f"launches of {kernel}",
        "began",
    )


def blocks_of(launch: Launch) -> list[int]:
    """The blocks of a launch in the order in which they began, or in that of their first accesses.

    Without a seed a launch keeps no order: what touched no memory is left out then.
    """
    blocks = int(np.prod(launch.grid))
    if launch.order:
        if len(launch.order) < blocks:
            raise ArgumentError(
                f"order: the order of {len(launch.order):,} of the {blocks:,} blocks is known."
            )
        return list(launch.order)
    if len(launch.records) == 0:
        raise ArgumentError(
            f"order: there are no records of {launch.kernel} (launch {launch.serial}): it touched "
            "no memory, or nothing was recorded."
        )
    found, first = np.unique(launch.records["block"], return_index=True)
    return [int(each) for each in found[np.argsort(first)]]


def strips(orders: Mapping[str, Sequence[int]], what: str, did: str) -> Picture:
    """One strip for each run; a cell names a block.

    Args:
        orders: name of a run -> blocks in order, each once.
        what: the runs, in words: "launches of scale_kernel".
        did: what the blocks did in this order: "began".
    """
    blocks = max(map(len, orders.values()))
    different = len({tuple(each) for each in orders.values()})
    moved = [name for name, each in orders.items() if list(each) != sorted(each)]
    first = {each[0] for each in orders.values()}
    said = [
        f"{len(orders)} {what} with {many(blocks, 'block')}: {many(different, 'order')}.",
        f"In {len(moved)} of {len(orders)} the blocks {did} in another order than their numbers."
        if moved
        else f"The blocks {did} in the order of their numbers.",
    ]
    if len(first) > 1:
        said.append(f"{many(len(first), 'different block')} {did} first.")
    shown = window(blocks, MOST_BLOCKS, _LAST_BLOCKS)
    if len(shown) < blocks:
        said.append(f"Shown are the first {shown.index(blocks - 4)} and the last 4.")
    said.append("A cell names the block; time runs from left to right.")
    listed = {name: " ".join(map(str, each)) for name, each in orders.items()}
    alt = f"Strips of blocks in the order in which they {did}. " + "; ".join(
        f"{name}: {' '.join(map(str, [each[at] for at in shown]))}" for name, each in orders.items()
    )
    rows = [[name, text] for name, text in listed.items()]

    def draw(theme: Theme) -> Figure:
        return _strips(theme, orders, shown, did)

    return Picture(" ".join(said), alt + ".", HEAD, rows, draw)


def _strips(
    theme: Theme, orders: Mapping[str, Sequence[int]], shown: list[int], did: str
) -> Figure:
    heading = f"{did} as number"
    left = max(text_width(name) for name in (heading, *orders)) + 0.15
    wide = min((WIDTH - left - GAP * len(gaps(shown))) / len(shown), 0.6)
    xs = places(shown, left, wide)
    top = 0.28
    canvas = Canvas(theme, top + _ROW * len(orders))
    canvas.text(left - 0.08, top - 0.1, heading, at="right middle", color=theme.faint)
    numbers = [str(each) for each in shown]
    every = -(-int(max(map(text_width, numbers)) * 100 + 8) // max(int(wide * 100), 1))
    for at, (x, place) in enumerate(zip(xs, numbers, strict=True)):
        if at % every == 0:
            canvas.text(x + wide / 2, top - 0.1, place, at="center middle", color=theme.faint)
    for cut in gaps(shown):
        canvas.text(xs[cut] - GAP / 2, top + _ROW * len(orders) / 2, "⋯", at="center middle")
    fills: dict[int, list[Box]] = {}
    shades: dict[int, list[Box]] = {}
    labels: dict[str, list[tuple[float, float, str]]] = {}
    for row, (name, blocks) in enumerate(orders.items()):
        y = top + _ROW * row
        canvas.text(left - 0.08, y + _CELL / 2, name, at="right middle")
        for x, at in zip(xs, shown, strict=True):
            if at >= len(blocks):
                continue
            block = blocks[at]
            number = block % len(theme.fills)
            fills.setdefault(number, []).append((x, y, wide - 0.02, _CELL))
            half = text_width(str(block)) / 2 + 0.015
            middle = x + (wide - 0.02) / 2
            shades.setdefault(number, []).append((middle - half, y + 0.05, 2 * half, _CELL - 0.1))
            color = theme.fill(number).text
            labels.setdefault(color, []).append((middle, y + _CELL / 2, str(block)))
    for number, boxes in fills.items():
        fill = theme.fill(number)
        canvas.boxes(boxes, fill, edge=theme.line)
        if fill.hatch:
            canvas.boxes(shades[number], fill.color, edge=None, above=1.5)
    for color, found in labels.items():
        canvas.labels(found, color=color)
    return canvas.figure
