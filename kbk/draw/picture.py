"""A picture: drawn for light and for dark pages, with caption, alt text and the same as a table."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kbk.draw.show import figure_html, figure_text, in_notebook
from kbk.draw.theme import DARK, LIGHT, Theme
from kbk.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PNG_DPI = 200
_FOLLOW = (
    "<style>.kbk-dark{display:none}@media (prefers-color-scheme:dark)"
    "{.kbk-light{display:none}.kbk-dark{display:inline}}</style>"
)


@dataclass(frozen=True, repr=False)
class Picture:
    """What the functions of `kbk.draw` return. A notebook shows it.

    Attributes:
        caption: sentences that state what the picture found, with the numbers.
        alt: what it shows, with the numbers, for those who do not see it.
        head, rows: the same as a table.
        draw: makes the figure; called once for each theme, whose inks are then the defaults.
        themes: that it is drawn in; the first is the one for light pages.
        of: what it was drawn from, where somebody may want to draw it again.
    """

    caption: str
    alt: str
    head: Sequence[str]
    rows: Sequence[Sequence[object]]
    draw: Callable[[Theme], Figure] = field(compare=False)
    themes: tuple[Theme, ...] = (LIGHT, DARK)
    of: object = field(default=None, compare=False)

    def figure(self, dark: bool = False) -> Figure:
        """The picture as a figure of matplotlib, on light or on dark paper."""
        theme = self._theme(dark)
        with theme.context():
            return self.draw(theme)

    def svg(self, dark: bool | None = None) -> str:
        """The picture as a standalone SVG with a title and a description.

        Args:
            dark: on dark paper. None: both, and the reader's system chooses.
        """
        if dark is not None or len(self.themes) == 1:
            return self._named(_svg(self.draw, self._theme(bool(dark))))
        light, night = (_svg(self.draw, theme) for theme in (LIGHT, DARK))
        return self._named(_both(light, night))

    def save(self, path: str | Path, *, dark: bool | None = None) -> None:
        """Write the picture to a file.

        Args:
            path: ends in .svg or .png.
            dark: on dark paper. None: an SVG follows the reader's system, a PNG is light.

        Raises:
            ArgumentError: the path ends in something else.
        """
        path = Path(path)
        if path.suffix == ".svg":
            path.write_text(self.svg(dark), encoding="utf-8")
        elif path.suffix == ".png":
            theme = self._theme(bool(dark))
            with theme.context():
                self.draw(theme).savefig(
                    path, dpi=PNG_DPI, bbox_inches="tight", metadata={"Description": self.alt}
                )
        else:
            raise ArgumentError(f"save: path must end in .svg or .png; it was {str(path)!r}")

    def show(self) -> None:
        """Show it in a notebook; elsewhere print its caption and its table."""
        if not in_notebook():
            print(figure_text(self.caption, self.head, self.rows))
            return
        from IPython.display import HTML, display

        display(HTML(self._repr_html_()))  # type: ignore[no-untyped-call]

    def _repr_html_(self) -> str:
        light, *dark = (self._named(_svg(self.draw, theme)).encode() for theme in self.themes)
        night = dark[0] if dark else None
        return figure_html(light, self.caption, self.alt, self.head, self.rows, dark=night)

    def __repr__(self) -> str:
        return figure_text(self.caption, self.head, self.rows)

    def _theme(self, dark: bool) -> Theme:
        return self.themes[-1] if dark else self.themes[0]

    def _named(self, svg: str) -> str:
        """The SVG with what a screen reader says of it."""
        named = (
            '<svg role="img" aria-labelledby="kbk-title kbk-desc"\\1>'
            f'\n<title id="kbk-title">{_literal(self.caption)}</title>'
            f'\n<desc id="kbk-desc">{_literal(self.alt)}</desc>'
        )
        return re.sub(r"<svg( [^>]*)>", named, svg, count=1)


def _literal(text: str) -> str:
    """Text to stand in XML and in the replacement of a regular expression."""
    return html.escape(text).replace("\\", "\\\\")


def _svg(draw: Callable[[Theme], Figure], theme: Theme) -> str:
    """One drawing, from the element <svg> on: no other document is named in it."""
    file = io.BytesIO()
    with theme.context():
        figure = draw(theme)
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(file, format="svg", bbox_inches="tight", metadata=nothing)
    text = file.getvalue().decode()
    return _small(text[text.index("<svg") :])


def _small(svg: str) -> str:
    """The same drawing in fewer bytes: hundredths of a point are enough, comments say nothing."""
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.S)
    svg = re.sub(r">\s+<", ">\n<", svg)
    places = r' d="[^"]*"| x="[^"]*"| y="[^"]*"|translate\([^)]*\)'
    return re.sub(
        places, lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found[0]).replace(" \n", " "), svg
    )


def _both(light: str, dark: str) -> str:
    """Two drawings of one size in one SVG, of which the reader's system shows one."""
    opening = re.match(r"<svg[^>]*>", light)
    assert opening is not None

    def body(svg: str, name: str) -> str:
        inner = svg[svg.index(">") + 1 : svg.rindex("</svg>")]
        # Names are unique in one file.
        inner = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", inner)
        return f'<g class="kbk-{name}">{inner}</g>'

    drawings = body(light, "light") + body(dark, "dark")
    return f"{opening[0]}\n{_FOLLOW}{drawings}</svg>\n"
