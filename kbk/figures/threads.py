"""F00.2 and its two-dimensional sisters: who wrote which element, read from signatures in memory.

A kernel signs an element with ``block * 1024 + thread``: the number of the block in its grid and
of the thread in its block. Elements that hold a negative number were not written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kbk.bench.page import show_figure
from kbk.figures.style import FAINT, FILLS, HATCH_INK, SMALL

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 1024  # of a signature: no block has more threads
LANES = 32
SECTOR = 32  # bytes


@dataclass(frozen=True)
class Signature:
    """Who wrote an element: the block in its grid and the thread in its block."""

    block: int
    thread: int

    @property
    def warp(self) -> int:
        """The warp of the block."""
        return self.thread // LANES

    @property
    def lane(self) -> int:
        """The lane of the warp."""
        return self.thread % LANES


def who(signed: Tensor) -> list[Signature | None]:
    """Reads signatures: one for each element in the order of memory, None where nobody wrote.

    Args:
        signed: contiguous integers of any shape.
    """
    values = signed.flatten().tolist()
    return [None if v < 0 else Signature(*divmod(v, BLOCK)) for v in values]


def _cell(axes: Any, x: float, y: float, **look: Any) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), 0.92, 0.84, **look))


def thread_map(signed: Tensor) -> None:
    """F00.2: 32 elements a row; a cell names the thread that wrote it, a row the warp.

    Args:
        signed: integers [n] with signatures; n is a multiple of 32.
    """
    from matplotlib import pyplot

    found = who(signed)
    rows = [found[i : i + LANES] for i in range(0, len(found), LANES)]
    picture, axes = pyplot.subplots(figsize=(8.4, 0.9 + 0.3 * len(rows)), layout="constrained")
    table = []
    for y, row in enumerate(rows):
        written = [s for s in row if s is not None]
        owners = sorted({(s.block, s.warp) for s in written})
        label = ", ".join(f"block {b}, warp {w}" for b, w in owners) or "nobody"
        axes.text(-0.5, y + 0.45, label, ha="right", va="center", fontsize=SMALL)
        axes.text(LANES + 0.3, y + 0.45, f"{y * LANES}…", ha="left", va="center", fontsize=SMALL)
        for x, signature in enumerate(row):
            if signature is None:
                _cell(axes, x, y, fill=False, edgecolor=FAINT, linestyle=":")
                continue
            fill = FILLS[signature.block % len(FILLS)]
            _cell(axes, x, y, facecolor=fill.color, hatch=fill.hatch, edgecolor=HATCH_INK)
            shade = {"facecolor": fill.color, "edgecolor": "none", "pad": 0.6}
            ink: dict[str, Any] = {"color": fill.text, "fontsize": 7, "bbox": shade}
            axes.text(x + 0.46, y + 0.42, str(signature.thread), ha="center", va="center", **ink)
        threads = f"{written[0].thread} to {written[-1].thread}" if written else "-"
        last = y * LANES + LANES - 1
        table.append([f"{y * LANES} to {last}", label, threads, len(written)])
    for lane in (0, 7, 15, 23, 31):
        axes.text(lane + 0.46, -0.25, str(lane), ha="center", va="bottom", fontsize=SMALL)
    axes.text(-0.5, -0.25, "lane", ha="right", va="bottom", fontsize=SMALL)
    axes.text(LANES + 0.3, -0.25, "element", ha="left", va="bottom", fontsize=SMALL)
    axes.set_xlim(-6.5, LANES + 2.4)
    axes.set_ylim(len(rows), -1)
    axes.set_axis_off()

    done = [s for s in found if s is not None]
    blocks = len({s.block for s in done})
    warps = len({(s.block, s.warp) for s in done})
    straight = all(s is None or s.lane == i % LANES for i, s in enumerate(found))
    order = "lane l wrote column l of each row" if straight else "lanes and columns differ"
    caption = (
        f"{blocks} blocks, {warps} warps: each row of {LANES} elements was written by one warp, "
        f"and {order}. The number in a cell is the thread in its block. "
        f"{len(found) - len(done)} elements, dotted, were not written."
    )
    alt = f"Map of {len(found)} elements in rows of {LANES}. " + "; ".join(
        f"elements {elements}: {label}, threads {threads}" for elements, label, threads, _ in table
    )
    show_figure(picture, caption, alt, ["elements", "written by", "threads", "count"], table)


def sectors_of_warp(signed: Tensor, block: int = 0, warp: int = 0) -> list[int]:
    """Which sectors of 32 bytes hold what one warp wrote, counted from the first element.

    Args:
        signed: contiguous integers of any shape with signatures, its first byte at a sector's.
        block, warp: whose.
    """
    a_sector = SECTOR // signed.element_size()
    mine = (i for i, s in enumerate(who(signed)) if s and (s.block, s.warp) == (block, warp))
    return sorted({i // a_sector for i in mine})


def _one_walk(axes: Any, signed: Tensor, title: str) -> list[object]:
    from matplotlib.patches import Rectangle

    rows, columns = signed.shape
    a_sector = SECTOR // signed.element_size()
    found, touched = who(signed), sectors_of_warp(signed)
    for sector in touched:
        y, x = divmod(sector * a_sector, columns)
        look: dict[str, Any] = {
            "facecolor": "#F0E442",
            "edgecolor": "black",
            "hatch": "///",
            "linewidth": 0.5,
        }
        axes.add_patch(Rectangle((x, y), a_sector, 1, **look))
    mine = [i for i, s in enumerate(found) if s and (s.block, s.warp) == (0, 0)]
    for i in mine:
        y, x = divmod(i, columns)
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor="#0072B2", edgecolor="white"))
    axes.add_patch(Rectangle((0, 0), columns, rows, fill=False, edgecolor="black"))
    axes.set_xlim(-0.2, columns + 0.2)
    axes.set_ylim(rows + 0.2, -0.2)
    axes.set_aspect("equal")
    axes.set_xticks([0, columns - 1])
    axes.set_yticks([0, rows - 1])
    axes.tick_params(labelsize=SMALL, length=0)
    axes.set_xlabel("column", fontsize=SMALL)
    axes.set_ylabel("row", fontsize=SMALL)
    axes.spines[:].set_visible(False)
    used = len(mine) * signed.element_size() / len(touched)
    axes.set_title(f"{title}\n{len(touched)} sectors, {used:.0f} of 32 bytes used", fontsize=9)
    return [title, len(mine), len(touched), f"{used:.0f} of 32"]


def two_walks(first: Tensor, second: Tensor, names: tuple[str, str]) -> None:
    """Two maps of one matrix: the elements of block 0's warp 0, and the sectors they lie in.

    Args:
        first, second: int32 [rows, columns] with signatures; columns is a multiple of 8.
        names: what the two kernels do.
    """
    from matplotlib import pyplot

    picture, axes = pyplot.subplots(1, 2, figsize=(7, 3.9), layout="constrained")
    both = zip(axes, (first, second), names, strict=True)
    rows = [_one_walk(each, signed, name) for each, signed, name in both]
    caption = (
        f"One warp writes {rows[0][1]} elements. {names[0]}: they lie in {rows[0][2]} sectors. "
        f"{names[1]}: in {rows[1][2]}. Solid: written by the warp; hatched: the rest of the "
        "sectors that it touches."
    )
    alt = "Two matrices. " + "; ".join(f"{r[0]}: {r[2]} sectors, {r[3]} bytes used" for r in rows)
    head = ["kernel", "elements of the warp", "sectors", "bytes used a sector"]
    show_figure(picture, caption, alt, head, rows)
