"""Rules for the pages of chapters: their parts, words, minutes, numbers and figures.

They read the Markdown, and the built page where there is one (`make book` builds it).
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kbk import paths
from kbk.grade import catalogue
from kbk.grade.authoring import ledger
from kbk.grade.authoring.declares import resolves
from kbk.grade.authoring.rules import Rule

CORE_MINUTES = 50
MOST_TERMS = 12
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
"""Parts of the page of an op, in order."""
FIRST = [*START, STOP, *END]
"""Parts of the page of chapter 00, which is about no op."""

CHOSEN = {"4.8 TB/s": "00", "95%": "01", "50 µs": "01"}
"""Numbers that no run gives, and the page of each: a data sheet's, and bounds that were set."""

_MEASURED = re.compile(
    r"(?<![\w.])\d[\d,.]*\s?(?:[GMT]B/s|µs|us|ms|ns|[GT]FLOPS?|%|percent|× (?:faster|slower))(?!\w)"
)


@dataclass(frozen=True)
class Page:
    """The page of a chapter.

    Attributes:
        file: its Markdown, book/01_copy.md.
        text: what that holds.
        html: the built page; "" if the book is not built.
        glossary: the text of book/glossary.md.
    """

    file: Path
    text: str
    html: str = ""
    glossary: str = ""

    @property
    def number(self) -> str:
        """Two digits of its chapter."""
        return self.file.name[:2]


def read(file: Path) -> Page:
    """A page from its file, with what was built of it."""
    book = file.parent
    built = book.parent / f"_build/html/book/{file.stem}.html"
    glossary = book / "glossary.md"
    return Page(
        file,
        file.read_text(),
        built.read_text() if built.is_file() else "",
        glossary.read_text() if glossary.is_file() else "",
    )


def all_pages() -> list[Page]:
    """The pages of chapters; none in an installed package, which has no book."""
    if paths.REPOSITORY is None:
        return []
    return [read(file) for file in sorted((paths.REPOSITORY / "book").glob("[0-9][0-9]_*.md"))]


def prose(text: str) -> str:
    """The sentences of a page: no cells, no code in a line, no addresses."""
    text = re.sub(r"^```(?:\{code-cell\}.*|\w+)\n(?:.*\n)*?```$", "", text, flags=re.M)
    text = re.sub(r"\A---\n.*?^---\n", "", text, flags=re.S | re.M)
    return re.sub(r"`[^`\n]*`|\]\([^)]*\)|^#.*$", "", text, flags=re.M)


def section(text: str, title: str) -> str:
    """What stands below a heading of the second level; "" if there is none."""
    found = re.search(rf"^## {re.escape(title)}\b.*\n((?:(?!## ).*\n?)*)", text, re.M)
    return found[1] if found else ""


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


def early_terms(text: str, chapter: str) -> list[str]:
    """Words in the prose of a chapter that a later chapter introduces."""
    later = [t for place, terms in ledger.TERMS.items() if place > chapter for t in terms]
    words = prose(text)
    return [term for term in later if re.search(rf"\b{re.escape(term)}", words, re.I)]


def new_terms(text: str) -> set[str]:
    """What a page emphasises, and so introduces. Host and device are one term."""
    return set(re.findall(r"(?<!\*)\*([a-z][\w -]+)\*(?!\*)", prose(text))) - {"device"}


def parts(page: Page) -> Iterator[str]:
    for part in missing_parts(page.text, OP if page.number > "00" else FIRST):
        yield f"the part `{part}` must stand in the order of the template"


def card(page: Page) -> Iterator[str]:
    head = re.search(r"^# .*\n\n```\{chapter-card\}\n((?:.*\n)*?)```$", page.text, re.M)
    if head is None:
        yield "the card must stand under the title: ```{chapter-card}"
        return
    says = _of_the_book("says")
    options, objectives = says.parse_options(head[1])
    if options.get("chapter") != page.number:
        yield f"the card must have `:chapter: {page.number}`; it has {options.get('chapter')!r}"
    try:
        says.make_card(page.text, page.number, options.get("prerequisites", ""), objectives)
    except says.Unknown as error:
        yield str(error)


def core_minutes(page: Page) -> Iterator[str]:
    minutes = _of_the_book("reading").measure(page.text).core.minutes
    if minutes > CORE_MINUTES:
        yield (
            f"the core must take at most {CORE_MINUTES} minutes; by words, code, figures and "
            f"tables it takes {minutes}. Move the stop box up, fold code, or cut"
        )


def do_boxes(page: Page) -> Iterator[str]:
    named = sorted(re.findall(r"^```\{do\} (\S+)$", page.text, re.M))
    wanted = [each.id for each in catalogue.all() if each.topic[:2] == page.number]
    if named != wanted:
        yield (
            f"each exercise must be pointed to once, by ```{{do}}; the page has "
            f"{', '.join(named) or 'none'}, the exercises are {', '.join(wanted) or 'none'}"
        )


def listed(page: Page) -> Iterator[str]:
    if f'kbk.exercises("{page.number}")' not in section(page.text, "Exercises"):
        yield f'a cell under "## Exercises" must list them: kbk.exercises("{page.number}")'


def key_points(page: Page) -> Iterator[str]:
    count = len(re.findall(r"^- ", section(page.text, "Key points"), re.M))
    if not 3 <= count <= 5:
        yield f"key points must be 3 to 5 sentences in a list; there are {count}"


def questions(page: Page) -> Iterator[str]:
    text = section(page.text, "Check yourself")
    if re.findall(r"^(\d)\. ", text, re.M) != list("12345"):
        yield "check yourself must have five questions, numbered 1 to 5"
    if "hide-output" not in text and "dropdown" not in text:
        yield "the answers of check yourself must be folded: `:tags: [hide-output]`"
    if page.number > "00" and text.count("*From chapter ") < 2:
        yield "two questions must be from earlier chapters: `*From chapter 00.*`"


def terms_in_time(page: Page) -> Iterator[str]:
    for term in early_terms(page.text, page.number):
        place = next(n for n, terms in ledger.TERMS.items() if term in terms)
        yield f"{term!r} is a term of chapter {place}: say it in words that the reader has"


def few_terms(page: Page) -> Iterator[str]:
    terms = new_terms(page.text)
    if len(terms) > MOST_TERMS:
        yield f"at most {MOST_TERMS} terms may be new; there are {len(terms)}: {_list(terms)}"


def in_glossary(page: Page) -> Iterator[str]:
    known = {line.strip().lower() for line in page.glossary.splitlines()}
    for term in sorted(new_terms(page.text)):
        if not {term, term.removesuffix("s"), term.removesuffix("es")} & known:
            yield f"the new term {term!r} must be in book/glossary.md"


def practised(page: Page) -> Iterator[str]:
    for concept in ledger.CONCEPTS:
        if page.number in concept.again and not re.search(concept.words, page.text, re.I):
            yield (
                f"{concept.name!r} of chapter {concept.introduced} must be practised here again; "
                f"nothing on the page matches /{concept.words}/"
            )


def asks_first(page: Page) -> Iterator[str]:
    core = page.text.split(STOP)[0]
    for title, rung in re.findall(r"^## (Rung \d).*\n((?:(?!## ).*\n)*)", core, re.M):
        question = re.search(r"\*\*Predict\.\*\*[^`]*(?:`[^`]*`[^`]*)*\(a\)", rung)
        if not (question and "(b)" in rung and "(c)" in rung and "hide-output" in rung):
            yield f"{title} must ask before it shows: **Predict.**, (a), (b), (c), output folded"


def losing_rung(page: Page) -> Iterator[str]:
    if not re.search(r"^## Rung \d.*\bloses\b|\*\*Losing idea", page.text, re.M | re.I):
        yield "a rung must lose, and say so: `## Rung 2: an idea that loses`"


def wrong_kernel(page: Page) -> Iterator[str]:
    text = section(page.text, "What can go wrong")
    cells = re.findall(r"^```\{code-cell\}.*\n((?:.*\n)*?)```$", text, re.M)
    compiled = any("__global__" in cell or "load_inline" in cell for cell in cells)
    if not compiled or not re.search(r"Error|sanitize|finding", text):
        yield (
            'under "## What can go wrong" a cell must compile a wrong kernel, and another show '
            "what is found"
        )


def glued(page: Page) -> Iterator[str]:
    text = re.sub(r"`[^`]*`", "", prose(page.text))
    for found in _MEASURED.finditer(text):
        number = re.sub(r"\s+", " ", found[0])
        if CHOSEN.get(number) != page.number:
            near = " ".join(text[max(0, found.start() - 40) : found.end() + 20].split())
            yield f"{number!r} must come from a run or a record, by {{glue:text}}: ...{near}..."


def links(page: Page) -> Iterator[str]:
    for address in re.findall(r"\]\((https?://[^)\s]+)\)", page.text):
        if not resolves(address):
            yield f"a citation must stay: an issue, a commit, a file at a commit; {address} may not"


def figures(page: Page) -> Iterator[str]:
    """Of the built page; where there is none, `make test` builds it and asks again."""
    for figure in re.findall(
        r"<figure>.*?</figure>(?:\s*<details>.*?</details>)?", page.html, re.S
    ):
        caption = re.search(r"<figcaption[^>]*>([^<]{40,})</figcaption>", figure)
        name = caption[1][:40] if caption else re.sub(r"<[^>]+>", " ", figure)[:60].strip()
        if caption is None:
            yield f"a figure must have a caption that says what it found: {name}"
        for what, there in (
            ("alternative text", re.search(r'alt="[^"]{20,}|aria-label="[^"]{20,}', figure)),
            ("a table that says the same", "<table>" in figure),
            ("a download", "download=" in figure),
        ):
            if not there:
                yield f"the figure {name!r} must have {what}"


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _of_the_book(module: str) -> Any:
    return importlib.import_module(f"book._ext.kbk_page.{module}")


RULES: tuple[Rule[Page], ...] = (
    Rule("parts", "The parts of the template stand in order.", parts),
    Rule("card", "The card stands under the title and is complete.", card),
    Rule("core", f"The core takes at most {CORE_MINUTES} minutes.", core_minutes),
    Rule("do", "Each exercise is pointed to once.", do_boxes),
    Rule("listed", "A cell lists the exercises.", listed),
    Rule("key-points", "There are three to five key points.", key_points),
    Rule("questions", "There are five questions, two of earlier chapters.", questions),
    Rule("early-terms", "No term is used before its chapter.", terms_in_time),
    Rule("new-terms", f"At most {MOST_TERMS} terms are new.", few_terms),
    Rule("glossary", "Every new term is in the glossary.", in_glossary),
    Rule("practised", "What the ledger promises is practised again.", practised),
    Rule("asks", "Every core rung asks before it shows.", asks_first),
    Rule("loses", "A rung loses.", losing_rung),
    Rule("wrong-kernel", "A wrong kernel is shown.", wrong_kernel),
    Rule("glued", "Measured numbers come from a run or a record.", glued),
    Rule("links", "Citations resolve.", links),
    Rule("figures", "Figures have caption, alternative text, table and download.", figures),
)
