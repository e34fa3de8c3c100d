"""A student's page: points, each check with its mark, and of what failed the evidence and a hint.

It is made from the redacted record, so that nothing of a hidden check can be in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kbk.errors import KbkError
from kbk.grade import catalogue
from kbk.grade.batch.redact import redacted
from kbk.grade.export import marks
from kbk.grade.export.clean import clean, html
from kbk.grade.export.page import page, status, table


def document(student: dict[str, Any]) -> str:
    """The page of a student.

    Args:
        student: the record with everything; it is redacted here.
    """
    facts = redacted(student)
    title = f"{facts['title']}: {facts['student']}" if facts["title"] else facts["student"]
    return page(title, _body(facts, title))


def _body(facts: dict[str, Any], title: str) -> Iterator[str]:
    yield f"<h1>{html(title)}</h1>"
    yield f'<p class="total">{facts["earned"]} of {facts["points"]} points</p>'
    if not facts["complete"]:
        yield (
            '<p class="note"><strong>Not complete.</strong> Something could not be graded, for a '
            "reason that is not yours. The points below are no grade yet; tell your instructor.</p>"
        )
    for each in facts["submission"]["problems"]:
        yield f'<p class="note"><strong>Your submission:</strong> {html(each)}</p>'
    if facts["exercises"]:
        yield table(
            "Exercises",
            ("exercise", "result", "points"),
            (
                (
                    f'<a href="#{_anchor(each)}">{html(_name(each))}</a>',
                    _verdict(each["verdict"]),
                    f"{each['earned']}/{each['points']}",
                )
                for each in facts["exercises"]
            ),
            "..n",
        )
    for each in facts["exercises"]:
        yield from _exercise(each)
    yield f'<p class="soft">{_small_print(facts)}</p>'


def _anchor(exercise: dict[str, Any]) -> str:
    return "e" + re.sub(r"\W", "-", exercise["exercise"])


def _name(exercise: dict[str, Any]) -> str:
    return f"{exercise['exercise']} {exercise['title']}"


def _verdict(verdict: str) -> str:
    mark = marks.of(verdict)
    more = "" if mark.kind != "bad" or verdict == "did not pass" else f": {html(verdict)}"
    return f"{status(verdict)}{more}"


def _exercise(facts: dict[str, Any]) -> Iterator[str]:
    anchor = _anchor(facts)
    yield f'<section aria-labelledby="{anchor}">'
    yield f'<h2 id="{anchor}">{html(_name(facts))}</h2>'
    yield (
        f"<p>{_verdict(facts['verdict'])}, {facts['earned']} of {facts['points']} points. "
        f'<span class="soft">File <code>{html(facts["path"])}</code></span></p>'
    )
    absent = marks.ABSENT.get(facts["verdict"])
    if absent is not None:
        yield f"<p>{html(absent.format(path=facts['path']))}</p></section>"
        return
    if facts["checks"]:
        yield table(
            f"Checks of {facts['exercise']}",
            ("check", "result", "points"),
            (
                (
                    html(each["name"]),
                    _verdict(each["verdict"]) + _cases(each),
                    f"{each['earned']}/{each['points']}",
                )
                for each in facts["checks"]
            ),
            "..n",
        )
    told = [each for each in facts["checks"] if _has_more(each)]
    for each in told:
        yield from _evidence(each)
    hint = _hint(facts["exercise"]) if _may_have_hint(facts) else ""
    if hint:
        yield f"<p><strong>Hint:</strong> {html(hint)}</p>"
    yield "</section>"


def _cases(check: dict[str, Any]) -> str:
    """How many cases were right, where some were not."""
    ran = check.get("cases", 0) and marks.of(check["verdict"]).kind == "bad"
    return f" ({check['passed']} of {check['cases']} cases right)" if ran else ""


def _has_more(check: dict[str, Any]) -> bool:
    # Why something could not be graded is for instructors: it may come from a hidden check.
    if marks.of(check["verdict"]).kind != "bad":
        return False
    return bool(check.get("message") or check.get("diagnosis"))


def _may_have_hint(exercise: dict[str, Any]) -> bool:
    """Whether an open check failed: a hint must not tell that a hidden one did."""
    return any(
        marks.of(each["verdict"]).kind == "bad"
        for each in exercise["checks"]
        if not each.get("hidden")
    )


def _evidence(check: dict[str, Any]) -> Iterator[str]:
    yield f"<h3>{html(check['name'])}</h3>"
    if check.get("message"):
        yield f"<pre>{html(check['message'])}</pre>"
    if check.get("excerpt"):
        yield _excerpt(check["excerpt"], check.get("line"))
    if check.get("diagnosis"):
        yield f"<p><strong>{html(check['diagnosis'])}</strong></p>"


def _excerpt(rows: list[dict[str, Any]], line: int | None) -> str:
    """The lines of the source, the one at fault with an arrow and a colour behind it."""
    width = len(str(max(each["line"] for each in rows)))
    shown = []
    for each in rows:
        here = each["line"] == line
        text = clean(each["text"]).replace("\n", " ")
        one = f"{'→' if here else ' '} {each['line']:>{width}} | {html(text)}"
        shown.append(f"<mark>{one}</mark>" if here else one)
    label = f"Your source around line {line}" if line is not None else "Your source"
    body = "\n".join(shown)
    return f'<pre class="code" role="region" tabindex="0" aria-label="{label}">{body}</pre>'


def _hint(exercise: str) -> str:
    """The first hint of an exercise; "" for one that this kbk does not have."""
    try:
        return catalogue.find(exercise).hints[0]
    except KbkError:
        return ""


def _small_print(facts: dict[str, Any]) -> str:
    when = html(facts["graded"].replace("T", " ")[:16])
    name = html(facts["exercises"][0]["exercise"]) if facts["exercises"] else "NAME"
    return (
        f"Graded {when} UTC by kbk {html(facts['kbk']['version'])}, with seed {facts['seed']}: "
        f"<code>kbk check {name} --seed {facts['seed']}</code> takes the same inputs."
    )
