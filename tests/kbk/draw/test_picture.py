"""A picture stands alone, has words and a table, and is readable on light and on dark pages."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kbk.draw import Picture
from kbk.draw.theme import DARK, LIGHT, Theme
from kbk.errors import ArgumentError
from tests.kbk.draw.reading import SVG, hatches, loose_ends, root, words
from tests.kbk.draw.showing import browser, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAPTION, ALT = "4 < 5 \\1 & so on.", 'One bar, "hatched".'


def bar(theme: Theme) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 2), layout="constrained")
    fill = theme.fill(1)
    figure.subplots().bar([0], [1], facecolor=fill.color, hatch=fill.hatch, edgecolor=theme.hatch)
    return figure


PICTURE = Picture(CAPTION, ALT, ["a", "b"], [[1, "<x>"]], bar)


@pytest.mark.parametrize("dark", [None, False, True])
def test_an_svg_stands_alone_and_says_what_it_shows(dark: bool | None) -> None:
    svg = PICTURE.svg(dark)
    assert words(svg) == f"{CAPTION}\n{ALT}"
    assert loose_ends(svg) == []
    assert "<!DOCTYPE" not in svg and "<metadata" not in svg
    assert hatches(svg) == (2 if dark is None else 1)
    names = re.findall(r'\bid="([^"]*)"', svg)
    assert len(names) == len(set(names))


def test_light_and_dark_differ_and_the_same_drawing_is_the_same_file() -> None:
    assert LIGHT.paper.lower() in PICTURE.svg(False) and DARK.paper.lower() in PICTURE.svg(True)
    assert PICTURE.svg(False) != PICTURE.svg(True)
    assert PICTURE.svg(True) == PICTURE.svg(True)


def test_an_svg_without_a_choice_holds_both_and_asks_the_readers_system() -> None:
    svg = PICTURE.svg()
    assert "prefers-color-scheme:dark" in svg
    assert [g.get("class") for g in root(svg).findall(f"{SVG}g")] == ["kbk-light", "kbk-dark"]


def contrast(ink: str, paper: str) -> float:
    """As WCAG 2 defines it: 1 to 21."""
    from matplotlib.colors import to_rgb

    def light(color: str) -> float:
        each = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
        return 0.2126 * each[0] + 0.7152 * each[1] + 0.0722 * each[2]

    bright, dim = sorted((light(ink), light(paper)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_text_is_readable_on_paper_and_on_every_fill(theme: Theme) -> None:
    for ink in (theme.ink, theme.faint, theme.excess):
        assert contrast(ink, theme.paper) >= 4.5
    for fill in theme.fills:
        assert contrast(fill.text, fill.color) >= 4.5
    assert contrast(theme.line, theme.paper) >= 3
    assert len({fill.hatch for fill in theme.fills}) == len(theme.fills)


def test_a_page_gets_both_pictures_alt_text_caption_table_and_download() -> None:
    page = PICTURE._repr_html_()
    assert page.count('alt="One bar, &quot;hatched&quot;."') == 2
    for part in (
        "<figcaption>4 &lt; 5 \\1 &amp; so on.</figcaption>",
        "<td>&lt;x&gt;</td>",
        'download="figure.svg"',
    ):
        assert part in page


@pytest.mark.parametrize(
    "page, scheme, seen",
    [
        ('<html data-theme="light">', "dark", "kbk-light"),
        ('<html data-theme="dark">', "light", "kbk-dark"),
        ('<html theme="dark">', "light", "kbk-dark"),
        ('<html><body data-jp-theme-light="false">', "light", "kbk-dark"),
        ("<html>", "dark", "kbk-light"),
    ],
)
def test_the_switch_of_the_page_chooses_the_picture(page: str, scheme: str, seen: str) -> None:
    with browser() as chromium:
        assert shown(chromium, page, scheme, PICTURE._repr_html_()) == [seen]


def test_outside_a_notebook_a_picture_is_its_caption_and_its_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    PICTURE.show()
    assert capsys.readouterr().out == f"[figure] {CAPTION}\na    b\n1  <x>\n"


def test_a_notebook_gets_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython import display

    from kbk.draw import picture

    cells = []
    monkeypatch.setattr(picture, "in_notebook", lambda: True)
    monkeypatch.setattr(display, "display", cells.append)
    PICTURE.show()
    assert cells[0].data == PICTURE._repr_html_()


def test_a_picture_is_saved_as_svg_or_png(tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "a.svg")
    PICTURE.save(tmp_path / "a.png", dark=True)
    assert (tmp_path / "a.svg").read_text() == PICTURE.svg()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ArgumentError, match=r"path must end in .svg or .png; it was 'a.pdf'"):
        PICTURE.save("a.pdf")


def test_nothing_is_imported_before_it_is_used() -> None:
    code = (
        "import sys, kbk; kbk.draw; from kbk.draw import Picture, Theme\n"
        "print([m for m in ('matplotlib', 'torch', 'numpy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_a_name_that_is_not_there_is_an_error() -> None:
    import kbk.draw

    with pytest.raises(AttributeError, match="has no attribute 'histogram'"):
        _ = kbk.draw.histogram
    assert {"banks", "coalescing", "source_lines", "Picture"} <= set(dir(kbk.draw))
