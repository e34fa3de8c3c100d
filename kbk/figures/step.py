"""F00.1: where the bytes and the launches of one decode step are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kbk.bench.page import show_figure
from kbk.figures.style import FILLS, HATCH_INK, SMALL, Fill, bytes_name

Box = tuple[float, float, float, float]

WIDTH = 7.0  # inches of the picture
LETTER = 0.075  # inches of width that a letter of a label needs, about
TWO_LINES = 0.36  # inches of height that a label of two lines needs


def treemap(sizes: Sequence[float], box: Box = (0.0, 0.0, 1.0, 1.0)) -> list[Box]:
    """Cuts a box into one for each size, each with its share of the area.

    The sizes are halved again and again, each time across the longer side.

    Args:
        sizes: positive, the largest first.
        box: x, y, width, height.

    Returns:
        A box (x, y, width, height) for each size, in order.
    """
    if len(sizes) <= 1:
        return [box] * len(sizes)
    x, y, width, height = box
    total = sum(sizes)
    cut = min(range(1, len(sizes)), key=lambda k: abs(total / 2 - sum(sizes[:k])))
    share = sum(sizes[:cut]) / total
    if width >= height:
        first = (x, y, width * share, height)
        second = (x + width * share, y, width * (1 - share), height)
    else:
        first = (x, y + height * (1 - share), width, height * share)
        second = (x, y, width, height * (1 - share))
    return treemap(sizes[:cut], first) + treemap(sizes[cut:], second)


def _draw_treemap(
    axes: Any, parts: Sequence[tuple[str, float]], fills: Mapping[str, Fill], aspect: float
) -> None:
    from matplotlib.patches import Rectangle

    boxes = treemap([size for _, size in parts], (0.0, 0.0, aspect, 1.0))
    for (name, size), (x, y, width, height) in zip(parts, boxes, strict=True):
        fill = fills[name]
        look: dict[str, Any] = {"facecolor": fill.color, "hatch": fill.hatch, "linewidth": 0}
        axes.add_patch(Rectangle((x, y), width, height, edgecolor=HATCH_INK, **look))
        edge: dict[str, Any] = {"fill": False, "edgecolor": "black", "linewidth": 0.8}
        axes.add_patch(Rectangle((x, y), width, height, **edge))
        inches = height * WIDTH / aspect
        between = "\n" if inches > TWO_LINES else ", "
        shade = {"facecolor": fill.color, "edgecolor": "none", "pad": 1.5}
        ink: dict[str, Any] = {"color": fill.text, "fontsize": SMALL, "bbox": shade}
        at = (x + width / 2, y + height / 2)
        narrow = len(name) * LETTER > width * WIDTH / aspect
        label = name.replace(" ", "\n") if narrow else name
        axes.text(*at, f"{label}{between}{bytes_name(size)}", ha="center", va="center", **ink)
    axes.set_xlim(0, aspect)
    axes.set_ylim(0, 1)
    axes.set_axis_off()


def bytes_and_launches(parts: Mapping[str, tuple[float, int]], what: str, few: int = 4) -> None:
    """F00.1: a treemap of bytes, a second one of the small parts, and bars of launches.

    Args:
        parts: name -> (bytes, launches) of one step.
        what: the step, in words: "one token at 8,192 of context".
        few: how many parts, the largest, the first treemap names; the others are one area in it.
    """
    from matplotlib import pyplot

    ordered = sorted(parts.items(), key=lambda part: -part[1][0])
    fills = {name: FILLS[i % len(FILLS)] for i, (name, _) in enumerate(ordered)}
    large = [(name, size) for name, (size, _) in ordered[:few]]
    small = [(name, size) for name, (size, _) in ordered[few:]]
    total = sum(size for size, _ in parts.values())
    launches = sum(count for _, count in parts.values())
    rest = sum(size for _, size in small)
    rest_launches = sum(parts[name][1] for name, _ in small)

    picture = pyplot.figure(figsize=(WIDTH, 7.4), layout="constrained")
    parted: Any = picture.subfigures(2, 1, height_ratios=[4.7, 2.7])
    maps, launched = parted
    top, middle = maps.subplots(2, 1, height_ratios=[2, 1.2])
    bottom = launched.subplots()
    _draw_treemap(top, large, fills, aspect=2.6)
    top.set_title(f"bytes of one step: {bytes_name(total)}", fontsize=10, loc="left")
    _draw_treemap(middle, small, fills, aspect=4.4)
    middle.set_title(
        f"the other {bytes_name(rest)}, magnified",
        fontsize=10,
        loc="left",
    )
    names = [name for name, _ in ordered][::-1]
    counts = [parts[name][1] for name in names]
    bars = bottom.barh(names, counts, edgecolor=HATCH_INK, linewidth=0)
    for bar, name in zip(bars, names, strict=True):
        bar.set(facecolor=fills[name].color, hatch=fills[name].hatch)
    bottom.barh(names, counts, fill=False, edgecolor="black", linewidth=0.8)
    bottom.bar_label(bars, [str(c) for c in counts], padding=3, fontsize=SMALL)
    bottom.set_title(f"launches of one step: {launches}", fontsize=10, loc="left")
    bottom.tick_params(labelsize=SMALL)
    bottom.spines[["top", "right"]].set_visible(False)

    caption = (
        f"{what}: {', '.join(name for name, _ in large)} are "
        f"{1 - rest / total:.2%} of the {bytes_name(total)}. The others are {rest / total:.2%} of "
        f"the bytes and {rest_launches / launches:.0%} of the {launches} launches."
    )
    alt = "Two treemaps of bytes and bars of launches. " + "; ".join(
        f"{name}: {bytes_name(size)}, {size / total:.3%} of the bytes, {count} launches"
        for name, (size, count) in ordered
    )
    rows = [
        [name, f"{size:,.0f}", f"{size / total:.3%}", count, f"{count / launches:.1%}"]
        for name, (size, count) in ordered
    ]
    head = ["part", "bytes", "of the bytes", "launches", "of the launches"]
    show_figure(picture, caption, alt, head, rows)
