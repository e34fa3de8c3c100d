"""How a figure stands on a page: light and dark, alt text, caption, table in a fold, download."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

_DARK_PAGES = (
    "html[data-theme=dark]",  # the book
    "body[data-jp-theme-light=false]",  # JupyterLab
    "html[theme=dark]",  # Colab
    "body.vscode-dark",
)
# Bootstrap hides what has `hidden` with !important, so the rules that show it say so too.
_SWITCH = (
    "<style>.kbk-dark{display:none}"
    + ",".join(f"{page} img.kbk-dark" for page in _DARK_PAGES)
    + "{display:block!important}"
    + ",".join(f"{page} img.kbk-light" for page in _DARK_PAGES)
    + "{display:none}</style>"
)


def in_notebook() -> bool:
    """Whether a notebook shows what cells display."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return get_ipython() is not None


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


def figure_text(caption: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A figure where nothing can be seen: its caption and its table."""
    return f"[figure] {caption}\n{table_text(head, rows)}"


def data_uri(svg: bytes) -> str:
    """An SVG as an address that holds it."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()


def framed(
    image: str, caption: str, head: Sequence[str], rows: Sequence[Sequence[object]], svg: str
) -> str:
    """A figure as HTML around the elements that show it.

    Args:
        image: HTML.
        caption: a sentence that states what the figure found.
        head, rows: the same as a table.
        svg: the address of the file to download.
    """
    # On a narrow screen the picture scrolls in its own box, so that its text stays legible.
    return (
        f'<figure><div style="overflow-x:auto">{image}</div>'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        f"<details><summary>The same as a table</summary>{table_html(head, rows)}"
        f'<p><a download="figure.svg" href="{svg}">SVG</a></p></details>'
    )


def figure_html(
    svg: bytes,
    caption: str,
    alt: str,
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    dark: bytes | None = None,
) -> str:
    """A figure as HTML: picture with alt text, caption, table in a fold, the SVG to download.

    Args:
        svg: the picture, for a light page and, if there is no other, for a dark one.
        caption: a sentence that states what the figure found.
        alt: what it shows, with the numbers.
        head, rows: the same as a table.
        dark: the picture for a dark page. The page's own switch chooses, not the reader's system.
    """
    light = data_uri(svg)
    text = f'alt="{html.escape(alt, quote=True)}"'
    # The book's theme gives images of a cell a padding and a light ground.
    size = "width:100%;min-width:40rem;max-width:none"
    if dark is None:
        image = f'<img src="{light}" {text} style="{size};background:white">'
    else:
        # "dark-light" tells the theme that the image needs no filter on a dark page.
        bare = f'{text} style="{size};background:none;padding:0"'
        image = (
            f'{_SWITCH}<img class="kbk-light dark-light" src="{light}" {bare}>'
            f'<img class="kbk-dark dark-light" hidden src="{data_uri(dark)}" {bare}>'
        )
    return framed(image, caption, head, rows, light)
