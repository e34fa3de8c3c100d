"""F00.4: the order in which blocks arrived, one strip for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kbk.bench.page import show_figure
from kbk.figures.style import FILLS, HATCH_INK, SMALL


def arrivals(runs: Mapping[str, Sequence[int]]) -> None:
    """F00.4: time from left to right; a cell names the block that arrived then.

    Args:
        runs: name of a run -> tick of each block: ``ticks[b]`` blocks came before block b.

    Raises:
        ValueError: the ticks of a run are not 0, 1, 2 and so on, each once.
    """
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    orders = {}
    for name, ticks in runs.items():
        if sorted(ticks) != list(range(len(ticks))):
            raise ValueError(f"{name}: each tick must occur once; they were {list(ticks)}")
        orders[name] = sorted(range(len(ticks)), key=ticks.__getitem__)
    most = max(map(len, orders.values()))
    picture, axes = pyplot.subplots(figsize=(7, 0.9 + 0.42 * len(orders)), layout="constrained")
    for y, (name, order) in enumerate(orders.items()):
        axes.text(-0.25, y + 0.45, name, ha="right", va="center", fontsize=SMALL + 1)
        for tick, block in enumerate(order):
            fill = FILLS[block % len(FILLS)]
            look: dict[str, Any] = {
                "facecolor": fill.color,
                "hatch": fill.hatch,
                "edgecolor": HATCH_INK,
            }
            axes.add_patch(Rectangle((tick, y), 0.94, 0.86, **look))
            shade = {"facecolor": fill.color, "edgecolor": "none", "pad": 1.2}
            axes.text(
                tick + 0.47,
                y + 0.43,
                str(block),
                ha="center",
                va="center",
                fontsize=SMALL + 1,
                color=fill.text,
                bbox=shade,
            )
    for tick in range(most):
        axes.text(tick + 0.47, -0.15, str(tick), ha="center", va="bottom", fontsize=SMALL)
    axes.text(-0.25, -0.15, "arrived as number", ha="right", va="bottom", fontsize=SMALL)
    axes.set_xlim(-0.34 * most, most + 0.1)
    axes.set_ylim(len(orders), -0.8)
    axes.set_axis_off()

    different = len({tuple(order) for order in orders.values()})
    caption = (
        f"{len(orders)} runs of one launch, {different} different orders of arrival. A cell names "
        "the block; time runs from left to right."
    )
    listed = {name: " ".join(map(str, order)) for name, order in orders.items()}
    alt = "Strips of blocks in order of arrival. " + "; ".join(
        f"{name}: {order}" for name, order in listed.items()
    )
    rows = [[name, order] for name, order in listed.items()]
    show_figure(picture, caption, alt, ["run", "blocks in order of arrival"], rows)
