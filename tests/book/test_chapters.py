"""Every chapter's page has the parts of the template, in order, and says only what it may."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from book._ext.kbk_page import says
from book._ext.kbk_page.reading import measure
from kbk.bench import notebook
from kbk.grade import catalogue
from tests.book.test_pages import Page

BOOK = Path(__file__).resolve().parents[2] / "book"
CHAPTERS = sorted(BOOK.glob("[0-9][0-9]_*.md"))
CORE_MINUTES = 50

CARD, STOP = "```{chapter-card}", "```{stop}"
START = [CARD, "## Try first"]
END = ["## Exercises", "## Key points", "## Check yourself", "## Further reading"]
OP = [
    *START,
    "## Where it runs",
    "## The operator",
    "## Rung 1",
    "## What can go wrong",
    STOP,
    "## Rung 5",
    "## All rungs",
    "## In SGLang and in PyTorch",
    *END,
]

# Words of later chapters: what a chapter introduces, no page before it uses in its prose.
TERMS = {
    "01": ["coalesc", "grid-stride", "alignment", "misaligned", "bytes in flight"],
    "02": ["device function", "fusion", "fused", "ulp", "arithmetic intensity", "roofline"],
    "03": ["in-place", "race", "GQA", "row stride"],
    "04": ["shuffle", "butterfly", "barrier", "shared memory", "residual"],
    "05": ["dynamic shared memory", "carve-up", "bank", "wavefront", "occupancy"],
    "06": ["log-sum-exp", "online softmax", "split-KV", "graph capture", "CUDA graph"],
    "07": ["ballot", "argmax", "tie rule", "packed key", "router"],
    "08": ["radix", "histogram", "prefix sum", "contention"],
}

chapters = pytest.mark.parametrize("page", CHAPTERS, ids=[page.stem for page in CHAPTERS])


def number(page: Path) -> str:
    return page.name[:2]


def missing_parts(text: str, parts: list[str]) -> list[str]:
    """The parts that a page lacks, or has too early: each is looked for behind the one before."""
    missing, at = [], 0
    for part in parts:
        found = re.compile(rf"^{re.escape(part)}\b" if part[0] == "#" else re.escape(part), re.M)
        match = found.search(text, at)
        if match is None:
            missing.append(part)
        else:
            at = match.end()
    return missing


def prose(text: str) -> str:
    """The sentences of a page: no cells, no code in a line, no addresses."""
    text = re.sub(r"^```(?:\{code-cell\}.*|\w+)\n(?:.*\n)*?```$", "", text, flags=re.M)
    text = re.sub(r"\A---\n.*?^---\n", "", text, flags=re.S | re.M)
    return re.sub(r"`[^`\n]*`|\]\([^)]*\)|^#.*$", "", text, flags=re.M)


def early_terms(text: str, chapter: str) -> list[str]:
    """Words in the prose of a chapter that a later chapter introduces."""
    later = [term for place, terms in TERMS.items() if place > chapter for term in terms]
    words = prose(text)
    return [term for term in later if re.search(rf"\b{re.escape(term)}", words, re.I)]


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


@chapters
def test_the_parts_of_the_template_stand_in_order(page: Path) -> None:
    parts = OP if number(page) > "00" else [*START, STOP, *END]
    assert missing_parts(page.read_text(), parts) == []


@chapters
def test_the_card_stands_under_the_title_and_is_complete(page: Path) -> None:
    text = page.read_text()
    head = re.search(r"^# .*\n\n```\{chapter-card\}\n((?:.*\n)*?)```$", text, re.M)
    assert head is not None
    options, objectives = says.parse_options(head[1])
    assert options["chapter"] == number(page)
    says.make_card(text, options["chapter"], options["prerequisites"], objectives)


@chapters
def test_the_core_takes_at_most_fifty_minutes(page: Path) -> None:
    assert measure(page.read_text()).core.minutes <= CORE_MINUTES


@chapters
def test_each_exercise_is_pointed_to_once(page: Path) -> None:
    named = re.findall(r"^```\{do\} (\S+)$", page.read_text(), re.M)
    assert sorted(named) == [exercise.id for exercise in catalogue.all(number(page))]


@chapters
def test_the_exercises_are_listed_by_a_cell(page: Path) -> None:
    cells = notebook.cells(section(page.read_text(), "Exercises"))
    assert f'kbk.exercises("{number(page)}")' in cells


@chapters
def test_key_points_and_questions_are_five(page: Path) -> None:
    text = page.read_text()
    assert 3 <= len(re.findall(r"^- ", section(text, "Key points"), re.M)) <= 5
    questions = section(text, "Check yourself")
    assert re.findall(r"^(\d)\. ", questions, re.M) == list("12345")
    assert "hide-output" in questions or "dropdown" in questions
    if number(page) > "00":
        assert questions.count("*From chapter ") >= 2


@chapters
def test_no_term_is_used_before_its_chapter(page: Path) -> None:
    assert early_terms(page.read_text(), number(page)) == []


@chapters
def test_a_chapter_introduces_at_most_twelve_terms(page: Path) -> None:
    emphasised = re.findall(r"(?<!\*)\*([a-z][\w -]+)\*(?!\*)", prose(page.read_text()))
    terms = set(emphasised) - {"device"}  # host and device are one term
    assert len(terms) <= 12


@chapters
def test_every_core_rung_asks_before_it_shows(page: Path) -> None:
    core = page.read_text().split(STOP)[0]
    for rung in re.findall(r"^## Rung \d.*\n((?:(?!## ).*\n)*)", core, re.M):
        question = re.search(r"\*\*Predict\.\*\*[^`]*(?:`[^`]*`[^`]*)*\(a\)", rung)
        assert question and "(b)" in rung and "(c)" in rung and "hide-output" in rung


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


def test_two_chapters_count_the_same_bytes_of_a_step() -> None:
    assert bytes_of_steps("00_setup.md") == bytes_of_steps("01_copy.md")


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
