"""The instructor's page: who has what, how each exercise went, and which mistakes were made.

It names hidden checks. It is not for students.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from kbk.grade.export import marks
from kbk.grade.export.clean import html
from kbk.grade.export.page import bar, page, status, table
from kbk.grade.export.records import Student

_MOST_MISTAKES = 10


def document(students: Sequence[Student], items: dict[str, Any]) -> str:
    """The page of a class.

    Args:
        students: all of them.
        items: the item analysis, as ``schemas/items.schema.json`` describes it; {} for none.
    """
    titles = [each.facts["title"] for each in students if each.facts["title"]]
    title = f"{titles[0]}: the class" if titles else "The class"
    return page(title, _body(students, items.get("exercises", []), title))


def _body(students: Sequence[Student], items: list[dict[str, Any]], title: str) -> Iterator[str]:
    yield f"<h1>{html(title)}</h1>"
    count = "1 student" if len(students) == 1 else f"{len(students)} students"
    yield f"<p>{count}. This page is for instructors: it names hidden checks.</p>"
    ungraded = [each.facts["student"] for each in students if not each.facts["complete"]]
    if ungraded:
        yield (
            '<p class="note"><strong>Not complete:</strong> something could not be graded for '
            f"{html(', '.join(ungraded))}. Run <code>kbk grade</code> again: it does only what is "
            "missing.</p>"
        )
    yield _students(students)
    for item in items:
        yield from _item(item)
    yield from _twins(items)


def _students(students: Sequence[Student]) -> str:
    exercises = list(
        dict.fromkeys(facts["exercise"] for each in students for facts in each.facts["exercises"])
    )
    rows = []
    for each in students:
        done = {facts["exercise"]: facts for facts in each.facts["exercises"]}
        problems = len(each.facts["submission"]["problems"])
        link = f"feedback/{quote(each.name)}.html"
        rows.append(
            (
                f'<a href="{link}">{html(each.facts["student"])}</a>',
                f"{each.facts['earned']}/{each.facts['points']}",
                *(_cell(done.get(name)) for name in exercises),
                str(problems) if problems else "",
            )
        )
    head = ("student", "points", *exercises, "problems")
    return table("Students and exercises", head, rows, ".n" + "n" * len(exercises) + "n")


def _cell(facts: dict[str, Any] | None) -> str:
    """The points of an exercise behind the sign of its verdict, whose word a screen reader has."""
    if facts is None:
        return ""
    mark = marks.of(facts["verdict"])
    says = html(facts["verdict"])
    about = f'class="{mark.kind}" role="img" aria-label="{says}" title="{says}"'
    return f"<span {about}>{mark.sign}</span> {facts['earned']}"


def _item(item: dict[str, Any]) -> Iterator[str]:
    name = item["exercise"]
    anchor = f"e{name.replace('/', '-')}"
    yield f'<section aria-labelledby="{anchor}">'
    yield f'<h2 id="{anchor}">{html(name)} {html(item["title"])}</h2>'
    yield f"<p>{_sentence(item)}</p>"
    if item["checks"] and item["attempts"]:
        yield table(
            f"Checks of {name}",
            ("check", "passed by", "mean points"),
            (
                (
                    html(each["name"]) + (" (hidden)" if each["hidden"] else ""),
                    _share(each["passed"], each["n"]),
                    _mean(each["mean_points"], each["points"]),
                )
                for each in item["checks"]
            ),
            "..n",
        )
    if item["mistakes"]:
        yield table(
            f"Known mistakes in {name}",
            ("mistake", "made by", "who"),
            (
                (
                    f"{html(each['text'])} <code>{html(each['mistake'])}</code>",
                    _share(each["count"], item["attempts"]),
                    html(", ".join(each["students"])),
                )
                for each in item["mistakes"][:_MOST_MISTAKES]
            ),
            "...",
        )
    yield table(
        f"Verdicts of {name}",
        ("verdict", "result", "students"),
        (
            (html(verdict), status(verdict), str(count))
            for verdict, count in sorted(item["verdicts"].items(), key=lambda each: -each[1])
        ),
        "..n",
    )
    yield "</section>"


def _sentence(item: dict[str, Any]) -> str:
    told = (
        f"{item['attempts']} of {item['students']} attempted it, {item['passes']} passed; "
        f"mean points {_mean(item['mean_points'], item['points'])}."
    )
    if item["discrimination"] is not None:
        value = f"{item['discrimination']:.2f} (n = {item['n']})"
        told += f" Correlation of its points with those of all others: {value}."
    return told


def _mean(value: float | None, most: int) -> str:
    return "–" if value is None else f"{value:.1f} of {most}"


def _share(part: int, whole: int) -> str:
    return bar(part / whole if whole else 0.0, f"{part} of {whole}")


def _twins(items: list[dict[str, Any]]) -> Iterator[str]:
    """Who handed in the same text."""
    groups = [(item["exercise"], each) for item in items for each in item["identical"]]
    if not groups:
        return
    yield '<section aria-labelledby="twins"><h2 id="twins">The same text</h2>'
    yield (
        "<p>These students handed in the same text, letter for letter. A short exercise has few "
        "right answers: it is a reason to ask, and no more.</p>"
    )
    yield table(
        "Identical submissions",
        ("exercise", "students", "names"),
        (
            (html(name), str(each["count"]), html(", ".join(each["students"])))
            for name, each in groups
        ),
        ".n.",
    )
    yield "</section>"
