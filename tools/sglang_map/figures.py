"""The two figures of the map: the fate of each op, and lines of CUDA by directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kbk.draw.picture import Picture
from kbk.draw.theme import SMALL, Theme
from tools.sglang_map.page import FATES, Told

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACROSS = 20
"""Boxes side by side."""

NAMED = 14
"""Directories that have bars of their own."""

WIDTH = 7.0  # inches
OTHERS = "all others"


def fates(told: Told) -> Picture:
    """A box for each op, in the group of its fate; a number is the chapter that takes it."""
    groups = {fate: _ordered(told, fate) for fate in FATES}
    number = {fate: len(ops) for fate, ops in groups.items()}
    gone = number["JIT"] + number["Triton"] + number["removed"]
    caption = (
        f"Of {len(told['ops'])} ops, {number['AOT']} are AOT as before, {number['AOT and JIT']} "
        f"have a JIT kernel beside it, and {gone} left the extension: {number['JIT']} to JIT, "
        f"{number['Triton']} to Triton, and {number['removed']} are removed. A number in a box is "
        "the chapter of this book that takes the op."
    )
    alt = "Boxes in groups, one for each op. " + " ".join(
        f"{fate}: {len(ops)}, with those of the chapters {_chapters(ops) or 'none'}."
        for fate, ops in groups.items()
    )
    rows = [
        [fate, len(ops), _chapters(ops), ", ".join(o["name"] for o in ops)]
        for fate, ops in groups.items()
    ]

    def draw(theme: Theme) -> Figure:
        return _draw_fates(theme, groups)

    return Picture(caption, alt, ["now", "ops", "of chapters", "which"], rows, draw)


def _ordered(told: Told, fate: str) -> list[Told]:
    """The ops of a fate: first those of chapters, in the book's order."""
    ops = [op for op in told["ops"] if op["fate"] == fate]
    return sorted(ops, key=lambda op: (op.get("chapter", "99"), op["name"]))


def _chapters(ops: list[Told]) -> str:
    return ", ".join(sorted({op["chapter"] for op in ops if "chapter" in op}))


def _draw_fates(theme: Theme, groups: dict[str, list[Told]]) -> Figure:
    from matplotlib.figure import Figure  # not pyplot's: a notebook would show it again
    from matplotlib.patches import Rectangle

    depth = sum(-(-len(ops) // ACROSS) + 0.35 for ops in groups.values() if ops)
    left = 5.2  # boxes that the labels take
    figure = Figure(figsize=(WIDTH, depth * WIDTH / (ACROSS + left)))
    axes = figure.add_axes((0, 0, 1, 1))
    y: float = 0
    for number, (fate, ops) in enumerate(groups.items()):
        if not ops:
            continue
        axes.text(left - 0.4, y + 0.45, f"{fate}  {len(ops)}", ha="right", va="center")
        fill = theme.fill(number)
        for at, op in enumerate(ops):
            corner = (left + at % ACROSS, y + at // ACROSS)
            look: dict[str, Any] = {"facecolor": fill.color, "hatch": fill.hatch, "linewidth": 0}
            axes.add_patch(Rectangle(corner, 0.9, 0.9, edgecolor=theme.hatch, **look))
            edge: dict[str, Any] = {"fill": False, "edgecolor": theme.ink, "linewidth": 0.6}
            axes.add_patch(Rectangle(corner, 0.9, 0.9, **edge))
            if "chapter" in op:
                plate = {"facecolor": fill.color, "edgecolor": "none", "pad": 0.8}
                ink: dict[str, Any] = {"color": fill.text, "fontsize": SMALL, "bbox": plate}
                middle = (corner[0] + 0.45, corner[1] + 0.45)
                axes.text(*middle, op["chapter"], ha="center", va="center", **ink)
        y += -(-len(ops) // ACROSS) + 0.35
    axes.set_xlim(0, left + ACROSS)
    axes.set_ylim(depth, -0.1)
    axes.set_axis_off()
    return figure


def by_directory(told: Told) -> Picture:
    """Lines of CUDA sources by directory: then and now, AOT and JIT."""
    rows = directory_rows(told)
    total = [sum(numbers[i] for _, numbers in rows) for i in range(4)]
    caption = (
        f"Lines of CUDA went from {total[0] + total[1]:,} to {total[2] + total[3]:,}: what is "
        f"compiled ahead of time from {total[0]:,} to {total[2]:,}, what is compiled at run time "
        f"from {total[1]:,} to {total[3]:,}."
    )
    alt = "Bars of lines by directory, then and now. " + " ".join(
        f"{name}: then {sum(n[:2]):,}, now {sum(n[2:]):,}, of which {n[3]:,} JIT."
        for name, n in rows
    )

    def draw(theme: Theme) -> Figure:
        return _draw_directories(theme, rows)

    head = ["directory", "AOT then", "JIT then", "AOT now", "JIT now"]
    table = [[name, *(f"{n:,}" for n in numbers)] for name, numbers in rows]
    return Picture(caption, alt, head, table, draw)


def directory_rows(told: Told) -> list[tuple[str, list[int]]]:
    """Directory and its lines: AOT then, JIT then, AOT now, JIT now.

    The largest come first, small ones together at the end.
    """
    keys = [(side, kind) for side in ("then", "now") for kind in ("aot", "jit")]
    counted: dict[str, list[int]] = {}
    for side in ("then", "now"):
        for file in told[side]:
            row = counted.setdefault(file["directory"], [0, 0, 0, 0])
            row[keys.index((side, file["kind"]))] += file["lines"]
    others = counted.pop(".", [0, 0, 0, 0])  # files in no directory
    size = {name: max(sum(row[:2]), sum(row[2:])) for name, row in counted.items()}
    names = sorted(counted, key=lambda name: (-size[name], name))
    for name in names[NAMED:]:
        others = [a + b for a, b in zip(others, counted[name], strict=True)]
    return [*((name, counted[name]) for name in names[:NAMED]), (OTHERS, others)]


def _draw_directories(theme: Theme, rows: list[tuple[str, list[int]]]) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(WIDTH, 0.42 * len(rows) + 0.9), layout="constrained")
    axes = figure.subplots()
    looks: dict[str, dict[str, Any]] = {
        kind: {"facecolor": theme.fill(i).color, "hatch": theme.fill(i).hatch, "linewidth": 0}
        for i, kind in enumerate(("AOT", "JIT"))
    }
    for at, (_, numbers) in enumerate(rows):
        aot_then, jit_then, aot_now, jit_now = numbers
        sides = (("then", aot_then, jit_then), ("now", aot_now, jit_now))
        for bar, (side, aot, jit) in enumerate(sides):
            y = at - 0.2 + 0.4 * bar
            start = 0
            for kind, width in (("AOT", aot), ("JIT", jit)):
                if not width:
                    continue
                place: dict[str, Any] = {"height": 0.36, "left": start}
                axes.barh(y, width, edgecolor=theme.hatch, **place, **looks[kind])
                axes.barh(y, width, fill=False, edgecolor=theme.ink, linewidth=0.6, **place)
                start += width
            axes.text(start, y, f" {side} {start:,}", va="center", fontsize=SMALL)
    axes.set_yticks(range(len(rows)), [row[0] for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1.2 * max(max(sum(n[:2]), sum(n[2:])) for _, n in rows))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_xlabel("lines")
    axes.spines[["top", "right"]].set_visible(False)
    patches = [Patch(label=kind, edgecolor=theme.ink, **look) for kind, look in looks.items()]
    axes.legend(handles=patches, loc="center right")
    return figure
