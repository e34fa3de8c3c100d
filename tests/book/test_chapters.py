"""Every chapter's page has the parts of the template, in order, and says only what it may."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from book._ext.kbk_page.reading import measure
from kbk.bench import notebook
from kbk.grade.authoring import pages
from kbk.grade.authoring.pages import START, early_terms, missing_parts
from kbk.grade.authoring.pages import prose as prose
from kbk.grade.authoring.rules import Rule
from tests.book.test_pages import Page

BOOK = Path(__file__).resolve().parents[2] / "book"
CHAPTERS = sorted(BOOK.glob("[0-9][0-9]_*.md"))
chapters = pytest.mark.parametrize("page", CHAPTERS, ids=[page.stem for page in CHAPTERS])


@chapters
@pytest.mark.parametrize("rule", pages.RULES, ids=lambda rule: rule.id)
def test_no_rule_for_pages_is_broken(page: Path, rule: Rule[pages.Page]) -> None:
    assert list(rule.check(pages.read(page))) == []


@chapters
def test_minutes_count_the_figures_that_are_there(site: Path, page: Path) -> None:
    built = (site / f"book/{page.stem}.html").read_text()
    drawn = built.count("<figure>") + len(re.findall(r"<img [^>]*only-light", built))
    assert measure(page.read_text()).full.figures == drawn


@chapters
def test_every_figure_of_a_cell_has_caption_alt_text_and_a_table(site: Path, page: Path) -> None:
    built = site / f"book/{page.stem}.html"
    assert Page(built).images_without_alt == []
    figures = re.findall(r"<figure>.*?</details>", built.read_text(), re.S)
    assert len(figures) == built.read_text().count("<figure>")
    for figure in figures:
        assert re.search(r"<figcaption[^>]*>[^<]{40,}</figcaption>", figure)
        assert "<details>" in figure and "<table>" in figure and "download=" in figure


@chapters
def test_the_card_says_when_and_where_the_page_ran(site: Path, page: Path) -> None:
    text = re.sub(r"<[^>]+>", "", (site / f"book/{page.stem}.html").read_text())
    assert re.search(r"Executed on \d{4}-\d\d-\d\d, on an? \w.* \(.*torch \d", text)


def bytes_of_steps(page: str) -> list[int]:
    """Bytes of three steps, as the function ``step`` of a page counts them."""
    found = [c for c in notebook.cells((BOOK / page).read_text()) if "\ndef step(" in c]
    names: dict[str, Any] = {}
    exec(re.split(r"\n(?=\w+ = (?:step\(|10 \*))", found[0])[0], names)
    counted = [names["step"](*case) for case in ((1, 8192, 1), (64, 64 * 8192, 64), (9, 9, 1))]
    return [c if isinstance(c, int) else sum(size for size, _ in c.values()) for c in counted]


@pytest.mark.parametrize("page", ["01_copy.md", "02_activation.md", "03_rope.md"])
def test_chapters_count_the_same_bytes_of_a_step(page: str) -> None:
    assert bytes_of_steps(page) == bytes_of_steps("00_setup.md")


def test_the_page_about_cpp_takes_the_quarter_of_an_hour_that_it_promises() -> None:
    text = (BOOK / "cpp.md").read_text()
    assert "fifteen minutes" in text
    assert measure(text).full.minutes <= 16


def test_a_part_in_the_wrong_place_is_found() -> None:
    assert missing_parts("## Try first\n```{chapter-card}\n", START) == ["## Try first"]


@pytest.mark.parametrize(
    "text, found",
    [
        ("The racer waits at the barrier.\n", ["race", "barrier"]),
        ("A `race` in code.\n\n```{code-cell} ipython3\nrace = 1\n```\n", []),
        ("The grid-stride loop.\n", []),
    ],
)
def test_a_planted_term_of_a_later_chapter_is_found(text: str, found: list[str]) -> None:
    assert early_terms(text, "01") == found
