"""The frame of a page: one file, no script, nothing from elsewhere; dark, narrow, on paper."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from kbk.grade.export import marks
from kbk.grade.export.clean import html

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@lru_cache(maxsize=1)
def _style() -> str:
    return Path(__file__).with_name("templates").joinpath("page.css").read_text("utf-8")


def page(title: str, body: Iterable[str]) -> str:
    """A whole page.

    Args:
        title: plain text.
        body: HTML, in order.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{html(title)}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def status(verdict: str) -> str:
    """The mark of a verdict as HTML: sign and word, and a colour beside them."""
    mark = marks.of(verdict)
    sign = f'<span aria-hidden="true">{mark.sign}</span>'
    return f'<span class="status {mark.kind}">{sign} {mark.word}</span>'


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], numbers: str) -> str:
    """A table that scrolls by itself where it is too wide.

    Args:
        caption, head: plain text.
        rows: HTML of the cells; the first of a row is its heading.
        numbers: a character a column: "n" for numbers, which stand right; anything else for text.
    """
    kinds = [' class="number"' if each == "n" else "" for each in numbers]
    titles = "".join(
        f'<th scope="col"{kind}>{html(name)}</th>' for name, kind in zip(head, kinds, strict=True)
    )
    lines = []
    for first, *others in rows:
        cells = itertools.chain(
            [f'<th scope="row"{kinds[0]}>{first}</th>'],
            (f"<td{kind}>{text}</td>" for text, kind in zip(others, kinds[1:], strict=True)),
        )
        lines.append(f"<tr>{''.join(cells)}</tr>")
    label = html(caption)
    return (
        f'<div class="wide" role="region" aria-label="{label}" tabindex="0"><table>'
        f"<caption>{label}</caption><thead><tr>{titles}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def bar(part: float, label: str) -> str:
    """A bar of ``part`` of its width, 0 to 1, with its text in it.

    Args:
        part: how much of it is full.
        label: what a reader who does not see it is told, and what stands behind it.
    """
    width = 120
    full = round(width * min(max(part, 0.0), 1.0))
    text = html(label)
    return (
        f'<svg role="img" width="{width + 90}" height="18" viewBox="0 0 {width + 90} 18">'
        f'<title>{text}</title><rect class="track" x="0.5" y="2.5" width="{width}" height="13"/>'
        f'<rect class="bar" x="0.5" y="2.5" width="{full}" height="13"/>'
        f'<text x="{width + 8}" y="14">{text}</text></svg>'
    )
