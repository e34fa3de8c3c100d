"""What a page needs to show numbers: glue for prose, figures with caption, alt text and a table."""

from __future__ import annotations

import base64
import html
import io
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


IN_BOOK = "KBK_BOOK"
"""Set by tools/build_book.py for the kernels of a book build, whose prose takes up glued values."""


def in_notebook() -> bool:
    """Whether a notebook shows what cells display."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return get_ipython() is not None


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


def table_html(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table as HTML; cells are escaped."""

    def line(cells: Sequence[object], tag: str) -> str:
        each = "".join(f"<{tag}>{html.escape(str(c))}</{tag}>" for c in cells)
        return f"<tr>{each}</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f"<table><thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table>"


def table_text(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table as aligned text."""
    lines = [[str(c) for c in line] for line in [head, *rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join(c.rjust(w) for c, w in zip(x, widths, strict=True)) for x in lines)


def show_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Shows a table: HTML in a notebook, text elsewhere."""
    if not in_notebook():
        print(table_text(head, rows))
        return
    from IPython.display import HTML, display

    display(HTML(table_html(head, rows)))  # type: ignore[no-untyped-call]


def figure_html(
    svg: bytes, caption: str, alt: str, head: Sequence[str], rows: Sequence[Sequence[object]]
) -> str:
    """A figure as HTML: picture with alt text, caption, table in a fold, the SVG to download."""
    data = "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
    # On a narrow screen the picture scrolls in its own box, so that its text stays legible.
    return (
        f'<figure><div style="overflow-x:auto"><img src="{data}" '
        f'alt="{html.escape(alt, quote=True)}" '
        'style="width:100%;min-width:40rem;max-width:none;background:white"></div>'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        f"<details><summary>The same as a table</summary>{table_html(head, rows)}"
        f'<p><a download="figure.svg" href="{data}">SVG</a></p></details>'
    )


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

    file = io.BytesIO()
    picture.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
    pyplot.close(picture)
    if not in_notebook():
        print(f"[figure] {caption}\n{table_text(head, rows)}")
        return
    from IPython.display import HTML, display

    display(HTML(figure_html(file.getvalue(), caption, alt, head, rows)))  # type: ignore[no-untyped-call]
