"""Figures of chapter 03, drawn from what kernels wrote and from what their launches loaded."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kbk.draw.graph import Graph
from kbk.draw.picture import Picture
from kbk.draw.seen import checked, chosen
from kbk.draw.sheet import WIDTH, Sheet
from kbk.draw.theme import SMALL, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kbk.sanitizer.history import Launch

Point = tuple[float, float]
Flow = dict[int, tuple[str, list[int]]]
"""Element after the rotation -> who stored it, and the elements before that it was made of."""

MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", "--", "-.", ":")


def pairs_on_a_circle(turned: Mapping[int, Sequence[Point]]) -> None:
    """F03.1: where pairs that were all (1, 0) lie after the rotation, position by position.

    Args:
        turned: number of a pair -> its two elements at the positions 0, 1, 2 and on, as a kernel
            wrote them.
    """
    steps = {pair: _radians(points) for pair, points in turned.items()}
    count = len(next(iter(turned.values())))
    lengths = [math.hypot(*point) for points in turned.values() for point in points]
    off = max(abs(length - 1) for length in lengths)

    def draw(theme: Theme) -> Figure:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, 0.5 + WIDTH / len(turned)), layout="constrained")
        panels: Any = figure.subplots(1, len(turned), squeeze=False)[0]
        for axes, (pair, points) in zip(panels, turned.items(), strict=True):
            _circle(axes, theme, points)
            axes.set_title(f"pair {pair}\n{steps[pair]:.3g} rad a position")
        return figure

    fast, slow = max(steps, key=lambda p: steps[p]), min(steps, key=lambda p: steps[p])
    caption = (
        f"A pair turns by an angle that grows with the position: pair {fast} by {steps[fast]:.3g} "
        f"rad a position, pair {slow} by {steps[slow]:.3g}. Its length stays 1, but for the "
        f"rounding to bfloat16: at most {off:.2g} off."
    )
    alt = f"{len(turned)} circles. All pairs begin at (1, 0). " + "; ".join(
        f"pair {pair} at positions 0 to {count - 1}: "
        + ", ".join(f"({a:.2f}, {b:.2f})" for a, b in points)
        for pair, points in turned.items()
    )
    head = ["position", *(f"pair {pair}" for pair in turned)]
    rows = [
        [at, *(f"({a:.3f}, {b:.3f})" for a, b in (points[at] for points in turned.values()))]
        for at in range(count)
    ]
    Picture(caption, alt, head, rows, draw).show()


def _radians(points: Sequence[Point]) -> float:
    """The angle from one position to the next, from the first two."""
    angles = [math.atan2(b, a) for a, b in points[:2]]
    return (angles[1] - angles[0]) % (2 * math.pi)


def _circle(axes: Any, theme: Theme, points: Sequence[Point]) -> None:
    from matplotlib.patches import Circle

    axes.add_patch(Circle((0, 0), 1, fill=False, edgecolor=theme.line, linewidth=0.8))
    axes.plot([1], [0], "o", markersize=11, fillstyle="none", color=theme.ink)
    for at, (a, b) in enumerate(points):
        axes.plot([0, a], [0, b], color=theme.faint, linewidth=0.6)
        axes.plot([a], [b], "o", markersize=4, color=theme.fill(at).color, mec=theme.ink, mew=0.6)
        axes.text(1.2 * a, 1.2 * b, str(at), ha="center", va="center", fontsize=SMALL)
    axes.set(xlim=(-1.4, 1.4), ylim=(-1.4, 1.4), aspect="equal")
    axes.set_axis_off()


def flow_of(launch: Launch, argument: str, head: int, size: int) -> Flow:
    """Who stored each element of a head of token 0, and of which elements before it was computed.

    Args:
        launch: of ``kbk.profile()``.
        argument: name of a tensor [tokens, heads, size] that was changed in place.
        head, size: which head, and how many elements it has.
    """
    launch = checked("flow_of", launch)
    array = chosen("flow_of", launch, argument)
    found: Flow = {}
    for i in range(size):
        graph = Graph(launch, array, (0, head, i))
        if not graph.stores:
            continue
        own = re.compile(rf"{re.escape(array.name)}\[0, {head}, (\d+)\]$")
        sources = {int(m[1]) for hop in graph.hops if not hop.kept and (m := own.match(hop.source))}
        found[i] = (graph.who(graph.stores[0]), sorted(sources))
    return found


def layouts_of_pairs(flows: Mapping[str, Flow], size: int) -> None:
    """F03.2: which elements of a head become which, for each layout of pairs.

    Args:
        flows: name of a layout -> what `flow_of` found in a launch.
        size: elements of the head.
    """
    partners = {name: _pairs(flow) for name, flow in flows.items()}

    def draw(theme: Theme) -> Figure:
        sheet = Sheet(theme, 1.75 * len(flows))
        for row, (name, flow) in enumerate(flows.items()):
            _flow(sheet, 1.75 * row, name, flow, size)
        return sheet.figure

    said = []
    for name, pairs in partners.items():
        listed = ", ".join(f"{a} with {b}" for a, b in pairs)
        left = size - 2 * len(pairs)
        rest = f"; the last {left} stay as they are" if left else ""
        said.append(f"{name}: {listed}{rest}")
    caption = (
        f"Both elements of a pair come from the same two, in one thread. {'. '.join(said)}. "
        "Drawn from the loads and stores of a launch for each layout."
    )
    alt = "Arrows from the elements of a head before to those after the rotation. " + ". ".join(
        f"{name}: "
        + "; ".join(
            f"{i} from {' and '.join(map(str, sources))}, {who}"
            for i, (who, sources) in flow.items()
        )
        for name, flow in flows.items()
    )
    rows = [
        [name, i, ", ".join(map(str, sources)), who]
        for name, flow in flows.items()
        for i, (who, sources) in flow.items()
    ]
    Picture(caption, alt, ["layout", "element", "computed from", "stored by"], rows, draw).show()


def _pairs(flow: Flow) -> list[tuple[int, int]]:
    found = {(sources[0], sources[-1]) for _, sources in flow.values() if len(sources) == 2}
    return sorted(found)


def _flow(sheet: Sheet, top: float, name: str, flow: Flow, size: int) -> None:
    left, height = 0.7, 0.3
    width = (WIDTH - left - 0.1) / size
    before, after = top + 0.35, top + 1.3
    threads = list(dict.fromkeys(who for who, _ in flow.values()))
    sheet.text(0.05, top + 0.15, name, bold=True)
    for y, label in ((before, "before"), (after, "after")):
        sheet.text(left - 0.1, y + height / 2, label, at="right middle")
    for i in range(size):
        who = flow[i][0] if i in flow else ""
        fill = sheet.theme.fill(threads.index(who)) if who else None
        for y in (before, after):
            x = left + i * width
            sheet.box(x, y, width, height, fill)
            color, ground = (fill.text, fill.color) if fill else ("", "")
            middle = (x + width / 2, y + height / 2)
            sheet.text(*middle, str(i), at="center middle", color=color, ground=ground)
        for source in flow[i][1] if i in flow else ():
            xs = [left + (source + 0.5) * width, left + (i + 0.5) * width]
            style = "-" if source == i else "--"
            sheet.line(xs, [before + height + 0.03, after - 0.03], style=style)


def sectors_a_token(loads: Mapping[str, Mapping[str, float]], tokens: int) -> None:
    """F03.3: load sectors of each rung, for each tensor that it reads.

    Args:
        loads: name of a rung -> name of a tensor -> sectors of loads of a token.
        tokens: of the traced launches.
    """
    tensors = list(dict.fromkeys(name for each in loads.values() for name in each))
    totals = {rung: sum(each.values()) for rung, each in loads.items()}

    def draw(theme: Theme) -> Figure:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, 0.9 + 0.36 * len(loads)), layout="constrained")
        axes: Any = figure.subplots()
        rungs = list(loads)[::-1]
        start = [0.0] * len(rungs)
        for number, tensor in enumerate(tensors):
            fill = theme.fill(number)
            counts = [loads[rung].get(tensor, 0) for rung in rungs]
            look: dict[str, Any] = {"facecolor": fill.color, "hatch": fill.hatch, "linewidth": 0}
            axes.barh(rungs, counts, left=start, edgecolor=theme.hatch, label=tensor, **look)
            axes.barh(rungs, counts, left=start, fill=False, edgecolor=theme.ink, linewidth=0.7)
            start = [a + b for a, b in zip(start, counts, strict=True)]
        for y, total in enumerate(start):
            axes.text(total, y, f"  {total:,.0f}", va="center", fontsize=SMALL)
        axes.set_xlabel("load sectors a token")
        axes.set_xlim(0, 1.12 * max(start))
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside upper center", ncols=len(tensors), fontsize=SMALL)
        return figure

    first, last = next(iter(loads)), min(totals, key=lambda rung: totals[rung])
    table = max(tensors, key=lambda t: loads[first].get(t, 0) - loads[last].get(t, 0))
    caption = (
        f"{first} loads {totals[first]:,.0f} sectors a token, {last} {totals[last]:,.0f}. What "
        f"goes away is {table}: {loads[first].get(table, 0):,.0f} of them become "
        f"{loads[last].get(table, 0):,.0f}. Counted in launches of {tokens} tokens."
    )
    alt = "Stacked bars of load sectors a token. " + "; ".join(
        f"{rung}: " + ", ".join(f"{name} {count:,.0f}" for name, count in each.items())
        for rung, each in loads.items()
    )
    rows = [
        [rung, *(f"{each.get(name, 0):,.0f}" for name in tensors), f"{totals[rung]:,.0f}"]
        for rung, each in loads.items()
    ]
    Picture(caption, alt, ["rung", *tensors, "together"], rows, draw).show()


def angle_errors(positions: Sequence[int], errors: Mapping[str, Sequence[float]]) -> None:
    """F03.4: by how much angles are off, over the position.

    Args:
        positions: ascending.
        errors: where the angles come from -> radians for each position, the worst of all pairs.
    """

    def draw(theme: Theme) -> Figure:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
        axes: Any = figure.subplots()
        colors = (theme.fill(5).color, theme.fill(0).color, theme.fill(3).color)
        for (name, off), color, marker, dash in zip(
            errors.items(), colors, MARKERS, DASHES, strict=False
        ):
            axes.plot(
                positions, off, color=color, marker=marker, linestyle=dash, markersize=4, label=name
            )
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("position")
        axes.set_ylabel("largest error of an angle, rad")
        axes.grid(True, which="major", linewidth=0.5)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend()
        return figure

    last = {name: off[-1] for name, off in errors.items()}
    caption = (
        "The error of an angle that is a product in float32 grows with the position. At position "
        f"{positions[-1]:,}: " + "; ".join(f"{name}, {off:.2g} rad" for name, off in last.items())
    )
    alt = "Lines of error over position. " + "; ".join(
        f"{name}: " + ", ".join(f"{e:.1e} at {p:,}" for p, e in zip(positions, off, strict=True))
        for name, off in errors.items()
    )
    rows = [
        [f"{p:,}", *(f"{off[i]:.2e}" for off in errors.values())] for i, p in enumerate(positions)
    ]
    Picture(f"{caption}.", alt, ["position", *errors], rows, draw).show()
