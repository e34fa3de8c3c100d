"""The roofline: operations a second over operations a byte, below the roofs of a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kbk.draw.picture import Picture
from kbk.draw.theme import SMALL, Theme
from kbk.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAD = ("kernel", "operations a byte", "G operations/s", "roof, G operations/s", "of the roof")
_MARKERS = "os^DvPX*<>"


@dataclass(frozen=True)
class Point:
    """A measured kernel.

    Attributes:
        operations, moved: of the call: special functions, say, and bytes.
        us: microseconds.
    """

    operations: float
    moved: float
    us: float

    @property
    def intensity(self) -> float:
        """Operations a byte."""
        return self.operations / self.moved

    @property
    def rate(self) -> float:
        """Operations a second, in G."""
        return self.operations / self.us / 1e3


def roofline(
    points: Mapping[str, Point], gbps: float, peak: float, what: str, where: str
) -> Picture:
    """Kernels below two roofs: the bandwidth of the memory, and the peak of an operation.

    Args:
        points: name -> what was measured.
        gbps: the slope of the first roof, GB/s.
        peak: the height of the second, G operations a second.
        what: the operations, in words: "special functions".
        where: the sentence that says where the times come from.

    Raises:
        ArgumentError: no point, or a roof that is not above 0.
    """
    if not points or gbps <= 0 or peak <= 0:
        raise ArgumentError("roofline: there must be a point, and both roofs must be above 0.")
    ridge = peak / gbps
    roofs = {name: min(gbps * each.intensity, peak) for name, each in points.items()}
    left = [name for name, each in points.items() if each.intensity < ridge]
    best = max(points, key=lambda name: points[name].rate / roofs[name])
    side = f"{len(left)} of {len(points)} kernels lie left of the edge at {ridge:.2f} {what} a byte"
    caption = (
        f"{side}: memory bounds them, not the arithmetic. Nearest to its roof is {best}, with "
        f"{points[best].rate / roofs[best]:.0%} of it. {where}"
    )
    rows = [
        [
            name,
            f"{each.intensity:.3f}",
            f"{each.rate:,.0f}",
            f"{roofs[name]:,.0f}",
            f"{each.rate / roofs[name]:.0%}",
        ]
        for name, each in points.items()
    ]
    alt = (
        f"Two roofs over {what} a byte: a slope of {gbps:,.0f} GB/s and a level of {peak:,.0f} G "
        f"{what} a second, which meet at {ridge:.2f}. "
        + "; ".join(f"{row[0]}: {row[1]} a byte, {row[2]} G a second" for row in rows)
    )
    return Picture(
        caption, alt + ".", HEAD, rows, lambda theme: _draw(theme, points, gbps, peak, what)
    )


def _draw(theme: Theme, points: Mapping[str, Point], gbps: float, peak: float, what: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.9), layout="constrained")
    axes: Any = figure.add_subplot()
    ridge = peak / gbps
    low = min(min(each.intensity for each in points.values()) / 2, ridge / 4)
    axes.plot([low, ridge, ridge * 4], [gbps * low, peak, peak], color=theme.ink, linewidth=1.6)
    axes.axvline(ridge, color=theme.line, linestyle=":", linewidth=0.9)
    for number, (name, each) in enumerate(points.items()):
        axes.plot(
            [each.intensity],
            [each.rate],
            marker=_MARKERS[number % len(_MARKERS)],
            linestyle="",
            markersize=7,
            color=theme.fill(number).color,
            markeredgecolor=theme.ink,
            label=name,
        )
    axes.set(xscale="log", yscale="log", xlabel=f"{what} a byte", ylabel=f"G {what} a second")
    axes.set_xlim(low, ridge * 4)
    slowest = min(each.rate for each in points.values())
    axes.set_ylim(min(gbps * low * 0.8, slowest * 0.6), peak * 1.6)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,g}")
        axis.set_minor_formatter(lambda value, _: f"{value:,g}" if _leads(value) else "")
    axes.text(ridge * 1.1, peak * 1.06, f"{peak:,.0f} G a second", fontsize=SMALL, va="bottom")
    axes.text(low * 1.7, gbps * low * 1.25, f"{gbps:,.0f} GB/s", fontsize=SMALL)
    axes.legend(loc="lower right")
    axes.grid(True, which="major", linewidth=0.4)
    return figure


def _leads(value: float) -> bool:
    """Whether a number begins with 2 or 5: enough marks between the powers of ten."""
    return f"{value:e}"[0] in "25"
