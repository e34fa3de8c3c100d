"""A sheet with many boxes, lines and labels of one look at once, and with arrows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from kbk.draw.sheet import Sheet
from kbk.draw.theme import SMALL, Fill

Box = tuple[float, float, float, float]  # x, y of the top left corner, width, height: inches
Point = tuple[float, float]


class Canvas(Sheet):
    """A sheet on which hundreds of cells are drawn in a few steps."""

    def boxes(
        self,
        boxes: Iterable[Box],
        fill: Fill | str | None = None,
        *,
        edge: str | None = "",
        line: float = 0.5,
        style: Any = "-",
        hatch: str | None = None,
        above: float = 1,
    ) -> None:
        """Boxes of one look.

        Args:
            fill: with its hatch; a colour; None: hollow.
            edge: colour of the border, the theme's ink if "", none if None.
            line: points, of the border.
            style: of the border.
            hatch: instead of the fill's.
            above: what is higher is drawn later.
        """
        import numpy as np
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        corners = [[(x, y), (x + w, y), (x + w, y + h), (x, y + h)] for x, y, w, h in boxes]
        if not corners:
            return
        # One path for all of them: as many patches would make a page of several megabytes.
        path = Path.make_compound_path_from_polys(np.array(corners))
        color = fill.color if isinstance(fill, Fill) else fill
        lines = hatch if hatch is not None else fill.hatch if isinstance(fill, Fill) else ""
        look: dict[str, Any]
        if lines:
            ink = self.theme.hatch if color else self.theme.excess
            look = {"hatch": lines, "edgecolor": ink, "linewidth": 0, "facecolor": color or "none"}
            self._axes.add_artist(PathPatch(path, zorder=above, clip_on=False, **look))
            color = None
        if color or edge is not None:
            look = {"edgecolor": "none", "linewidth": 0}
            if edge is not None:
                look = {"edgecolor": edge or self.theme.ink, "linewidth": line, "linestyle": style}
            look |= {"facecolor": color or "none", "zorder": above + 0.1, "clip_on": False}
            self._axes.add_artist(PathPatch(path, **look))

    def labels(
        self,
        labels: Iterable[tuple[float, float, str]],
        *,
        size: float = SMALL,
        color: str = "",
        bold: bool = False,
        turn: float = 0,
        narrow: float = 1,
    ) -> None:
        """Many short texts of one look, each with the point in its middle.

        The letters of each different text are drawn once and used wherever it stands. `turn` turns
        it by so many degrees, `narrow` makes it that much narrower.
        """
        from matplotlib.collections import PathCollection
        from matplotlib.transforms import Affine2D

        places: dict[str, list[Point]] = {}
        for x, y, text in labels:
            places.setdefault(text, []).append((x, y))
        points = self.figure.dpi_scale_trans
        for text, offsets in places.items():
            if not text.strip():
                continue
            letters = _letters(text, size, bold)
            turned = Affine2D().scale(narrow, 1).rotate_deg(turn).scale(1 / 72) + points
            look: dict[str, Any] = {"facecolor": color or self.theme.ink, "linewidth": 0}
            look |= {"edgecolor": "none", "zorder": 4, "clip_on": False}
            group = PathCollection([letters], offsets=offsets, **look)
            group.set_offset_transform(self._axes.transData)
            group.set_transform(turned)
            self._axes.add_collection(group, autolim=False)

    def rules(
        self,
        lines: Iterable[Sequence[Point]],
        *,
        color: str = "",
        width: float = 0.5,
        style: Any = "-",
        above: float = 1.2,
    ) -> None:
        """Many lines of one look, in one path."""
        import numpy as np
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        found = list(lines)
        if found:
            codes = [code for each in found for code in (1, *[2] * (len(each) - 1))]
            path = Path(np.array([point for each in found for point in each]), codes)
            look: dict[str, Any] = {"edgecolor": color or self.theme.ink, "linewidth": width}
            look |= {"fill": False, "linestyle": style, "zorder": above, "clip_on": False}
            self._axes.add_artist(PathPatch(path, **look))

    def arrow(
        self,
        start: Point,
        end: Point,
        *,
        color: str = "",
        width: float = 1.2,
        style: Any = "-",
        bend: float = 0,
    ) -> None:
        """An arrow; `bend` curves it, as a part of its length."""
        from matplotlib.patches import FancyArrowPatch

        look: dict[str, Any] = {"color": color or self.theme.ink, "linewidth": width}
        look |= {"shrinkA": 0, "shrinkB": 0, "zorder": 3, "clip_on": False, "linestyle": style}
        curve = f"arc3,rad={bend}"
        self._axes.add_patch(
            FancyArrowPatch(
                start, end, arrowstyle="-|>", mutation_scale=9, connectionstyle=curve, **look
            )
        )

    def dots(self, points: Iterable[Point], size: float = 2.5, color: str = "") -> None:
        """Dots of so many points across."""
        found = list(points)
        if found:
            xs, ys = zip(*found, strict=True)
            look: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": size}
            self._axes.plot(xs, ys, color=color or self.theme.ink, clip_on=False, **look)


@cache
def _letters(text: str, size: float, bold: bool) -> Any:
    """The outlines of a text around its middle, in points; digits stand at one height."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
    path = TextPath((0, 0), text.replace("$", r"\$"), size, prop=font)
    x, digit = path.vertices[:, 0], TextPath((0, 0), "0", size, prop=font).vertices[:, 1]
    middle = -(x.min() + x.max()) / 2, -digit.max() / 2
    return Affine2D().translate(*middle).transform_path(path)
