"""The book's directives say what the catalogue says, in the site and as Markdown."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from book._ext.kbk_page import says
from tests.book.catalogue import replace_catalogue

EXTENSIONS = Path(__file__).resolve().parents[2] / "book/_ext"

PAGE = """\
# 00 Setup ★

```{chapter-card}
:chapter: 00
:prerequisites: [Python](https://python.org)

- compute an index,
- write a guard,
- say what a warp is.
```

Some words of the core.

```{do} 00/02
```

```{stop}
A guard.
```

Some more words.
"""


@pytest.fixture(autouse=True)
def _catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_catalogue(monkeypatch)


def build(folder: Path, page: str) -> tuple[str, str]:
    """Build one page; return its HTML as text without tags, and the warnings."""
    from sphinx.application import Sphinx

    (folder / "index.md").write_text(page)
    said = io.StringIO()
    settings = {"extensions": ["myst_parser", "kbk_page"], "myst_enable_extensions": []}
    app = Sphinx(
        str(folder), None, str(folder / "out"), str(folder / "tree"), "html",
        confoverrides=settings, status=None, warning=said,
    )  # fmt: skip
    app.build()
    text = re.sub(r"<[^>]+>", "", (folder / "out/index.html").read_text())
    return " ".join(text.split()), said.getvalue()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(EXTENSIONS))
    return tmp_path


def test_the_site_shows_what_the_catalogue_says(site: Path) -> None:
    text, warnings = build(site, PAGE)
    assert warnings == ""
    assert "Do 00/02 The guard now (8 min)" in text
    assert "Exercises 2, 18 min, 10 points" in text
    assert "Level ★" in text
    assert "Reading core 1 min, all 1 min" in text
    assert "After it you can compute an index, write a guard, say what a warp is." in text
    assert "Stop here if you like: you have what the next chapter needs. A guard." in text


def test_a_page_that_was_not_executed_says_so(site: Path) -> None:
    assert "Not executed in this build." in build(site, PAGE)[0]


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("{do} 00/02", "{do} 00/09", "there is no exercise '00/09'"),
        ("{do} 00/02", "{do} guard", "'guard' must be the id of an exercise, such as 00/02"),
        (":chapter: 00", ":chapter: 07", 'title such as "# 07 Name ★"'),
        ("★", "", 'title such as "# 00 Name ★"'),
        ("- write a guard,\n", "", "must have 3 objectives, it has 2"),
        ("# 00 Setup ★", "# 03 Setup ★", 'title such as "# 00 Name ★"'),
        (":prerequisites: [Python](https://python.org)\n", "", "must name its prerequisites"),
    ],
)
def test_what_is_unknown_or_missing_is_a_warning(site: Path, old: str, new: str, said: str) -> None:
    assert old in PAGE
    warnings = build(site, PAGE.replace(old, new))[1]
    assert "WARNING" in warnings and said in warnings


def test_a_chapter_without_exercises_is_a_warning(site: Path) -> None:
    page = PAGE.replace("# 00", "# 04").replace(":chapter: 00", ":chapter: 04")
    assert "no chapter '04' has exercises" in build(site, page)[1]


def test_as_markdown_the_directives_say_the_same() -> None:
    text = says.as_markdown(PAGE, "Executed on a laptop.")
    assert "{" not in text
    assert "> **Do 00/02 The guard now (8 min)**\n>\n> ★, 5 points. Edit `exercises/00_" in text
    assert "> - **Exercises** 2, 18 min, 10 points\n" in text
    assert "> - write a guard,\n" in text
    assert "> Executed on a laptop.\n" in text
    assert f"> **{says.STOP}**\n>\n> A guard.\n" in text


def test_as_markdown_an_unknown_exercise_is_an_error() -> None:
    with pytest.raises(says.Unknown, match="there is no exercise '00/09'"):
        says.as_markdown("```{do} 00/09\n```\n")
