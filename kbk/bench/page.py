"""What a page needs to show numbers: glue for prose, figures with caption, alt text and a table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kbk.draw.picture import Picture
from kbk.draw.show import figure_html, in_notebook, table_html, table_text
from kbk.draw.theme import LIGHT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "IN_BOOK",
    "figure_html",
    "glue",
    "in_notebook",
    "show_figure",
    "show_table",
    "table_html",
    "table_text",
]

IN_BOOK = "KBK_BOOK"
"""Set by tools/build_book.py for the kernels of a book build, whose prose takes up glued values."""


def glue(name: str, value: object) -> None:
    """Names a value for the page's prose. Outside a book build it prints the value instead.

    Args:
        name: the key that the prose uses: ``{glue:text}`name` ``.
        value: text that the prose shows.
    """
    if in_notebook() and os.environ.get(IN_BOOK):
        try:
            from myst_nb import glue as myst_glue  # type: ignore[import-untyped]
        except ImportError:
            pass
        else:
            myst_glue(name, value, display=False)
            return
    print(f"{name}: {value}")


def show_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Shows a table: HTML in a notebook, text elsewhere."""
    if not in_notebook():
        print(table_text(head, rows))
        return
    from IPython.display import HTML, display

    display(HTML(table_html(head, rows)))  # type: ignore[no-untyped-call]


def show_figure(
    picture: Figure, caption: str, alt: str, head: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """Shows a matplotlib figure with what a reader who cannot see it needs.

    Args:
        picture: closed afterwards.
        caption: a sentence that states what the figure found.
        alt: what it shows, with the numbers.
        head, rows: the same as a table.
    """
    from matplotlib import pyplot

    Picture(caption, alt, head, rows, lambda theme: picture, themes=(LIGHT,)).show()
    pyplot.close(picture)
