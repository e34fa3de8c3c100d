"""A sheet to draw on: boxes, lines and text at places in inches, the origin at the top left."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from kbk.draw.theme import SMALL, Fill, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 7.0
"""Inches, of every sheet: a point is then 1.4 pixels on a page of 700."""

MONO = "DejaVu Sans Mono"


@cache
def text_width(text: str, size: float = SMALL, mono: bool = False, bold: bool = False) -> float:
    """How wide a text is, in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    font = FontProperties(
        family=MONO if mono else "DejaVu Sans", weight="bold" if bold else "normal"
    )
    path = TextPath((0, 0), text.replace("$", r"\$"), size, prop=font)
    # Its points are enough: what get_extents() finds on the curves between them takes far longer.
    return float(path.vertices[:, 0].max()) / 72


def shortened(text: str, width: float, size: float = SMALL, mono: bool = False) -> str:
    """A text cut so that it fits into so many inches."""
    if text_width(text, size, mono) <= width:
        return text
    fits, longer = 0, len(text)  # so many letters fit, so many do not
    while longer - fits > 1:
        some = (fits + longer) // 2
        if text_width(text[:some] + "…", size, mono) <= width:
            fits = some
        else:
            longer = some
    return text[:fits].rstrip() + "…"


class Sheet:
    """A figure of `WIDTH` by some height without axes.

    Attributes:
        figure: of matplotlib.
        theme: whose inks are used.
    """

    def __init__(self, theme: Theme, height: float) -> None:
        from matplotlib.figure import Figure

        self.theme = theme
        self.figure: Figure = Figure(figsize=(WIDTH, height))
        self._axes: Any = self.figure.add_axes((0, 0, 1, 1))
        self._axes.set(xlim=(0, WIDTH), ylim=(height, 0))
        self._axes.set_axis_off()

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: Fill | None = None,
        *,
        hatch: str = "",
        edge: str | None = "",
        line: float = 0.8,
        style: str = "-",
    ) -> None:
        """A box.

        Args:
            fill: its colour and hatch; None: hollow.
            hatch: of a hollow box, in the ink of what is in excess.
            edge: colour of its border, the theme's ink if "", none if None.
            line: points, of its border.
            style: of its border.
        """
        from matplotlib.patches import Rectangle

        pattern = fill.hatch if fill else hatch
        color = fill.color if fill else "none"
        frame: dict[str, Any] = {"edgecolor": edge or self.theme.ink, "linewidth": line}
        frame |= {"linestyle": style}
        if edge is None:
            frame = {"edgecolor": "none", "linewidth": 0}
        looks: list[dict[str, Any]] = [{"facecolor": color, **frame}]
        if pattern:  # a hatch has the colour of its own border, so the frame is a second box
            ink = self.theme.hatch if fill else self.theme.excess
            area = {"facecolor": color, "hatch": pattern, "edgecolor": ink, "linewidth": 0}
            looks = [area] if edge is None else [area, {"facecolor": "none", **frame}]
        for look in looks:
            self._axes.add_patch(Rectangle((x, y), width, height, clip_on=False, **look))

    def line(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        color: str = "",
        width: float = 0.8,
        style: str = "-",
    ) -> None:
        """A line through points."""
        color = color or self.theme.ink
        self._axes.plot(
            xs, ys, color=color, linewidth=width, linestyle=style, clip_on=False, marker=""
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = SMALL,
        color: str = "",
        mono: bool = False,
        bold: bool = False,
        at: str = "left middle",
        ground: str = "",
    ) -> None:
        """Text.

        Args:
            at: where (x, y) lies in it: "left", "center" or "right", then "top", "middle" or
                "bottom".
            ground: colour of the area under it, if it stands on a hatch.
        """
        across, down = at.split()
        look: dict[str, Any] = {"color": color or self.theme.ink, "fontsize": size}
        if mono:
            look["family"] = MONO
        if bold:
            look["weight"] = "bold"
        if ground:
            look["bbox"] = {"facecolor": ground, "edgecolor": "none", "pad": 0.8}
        down = "center_baseline" if down == "middle" else down
        self._axes.text(x, y, text.replace("$", r"\$"), ha=across, va=down, **look)
