"""Item analysis: how each exercise and check went, which mistakes were made, who shares a text.

It is made from the students' records alone, so it is of what they say.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from kbk.grade.mistakes import text_of

Record = dict[str, Any]
_NO_ATTEMPT = ("missing", "not-attempted", "cannot-grade")


def analysis(records: Sequence[Record], title: str) -> dict[str, Any]:
    """``items.json`` as plain data.

    For each exercise: ``attempts`` are the students who handed in a text of their own that was
    graded; passes, means and rates are of them. A check's rate is of those for whom it ran.
    ``discrimination`` is the point-biserial correlation of passing the exercise with the points in
    all others, over the ``n`` students whose records are complete: near 0, passing it says nothing
    of the rest; None where it is not defined.
    """
    complete = [each for each in records if each["complete"]]
    number = len(records[0]["exercises"]) if records else 0
    return {
        "schema": "kbk.grade.items/1",
        "title": title,
        "students": len(records),
        "complete": len(complete),
        "exercises": [_exercise(records, complete, at) for at in range(number)],
    }


def _exercise(records: Sequence[Record], complete: Sequence[Record], at: int) -> dict[str, Any]:
    mine = [(each["student"], each["exercises"][at]) for each in records]
    first = mine[0][1]
    attempts = [facts for _, facts in mine if facts["verdict"] not in _NO_ATTEMPT]
    passes = [facts for facts in attempts if facts["verdict"] == "pass"]
    verdicts = Counter(facts["verdict"] for _, facts in mine)
    return {
        "exercise": first["exercise"],
        "title": first["title"],
        "points": first["points"],
        "students": len(mine),
        "missing": verdicts["missing"],
        "attempts": len(attempts),
        "passes": len(passes),
        "pass_rate": _mean([facts["verdict"] == "pass" for facts in attempts]),
        "mean_points": _mean([facts["earned"] for facts in attempts]),
        "verdicts": dict(sorted(verdicts.items(), key=lambda each: (-each[1], each[0]))),
        "checks": [_check(attempts, number, check) for number, check in enumerate(first["checks"])],
        "mistakes": _mistakes(mine),
        "identical": _identical(mine),
        "discrimination": _discrimination(complete, at),
        "n": len(complete),
    }


def _check(attempts: Sequence[Record], number: int, first: Record) -> dict[str, Any]:
    ran = [facts["checks"][number] for facts in attempts]
    ran = [check for check in ran if check["verdict"] not in ("not-run", "cannot-grade")]
    return {
        "name": first["name"],
        "hidden": first["hidden"],
        "points": first["points"],
        "n": len(ran),
        "passed": sum(check["verdict"] == "pass" for check in ran),
        "pass_rate": _mean([check["verdict"] == "pass" for check in ran]),
        "mean_points": _mean([check["earned"] for check in ran]),
    }


def _mistakes(mine: Sequence[tuple[str, Record]]) -> list[dict[str, Any]]:
    """Known mistakes and who made them, the most frequent first.

    What may be one of several counts as that: "less_or_equal or no_guard".
    """
    made: dict[str, list[str]] = {}
    for student, facts in mine:
        for name in dict.fromkeys(check["mistake"] for check in facts["checks"]):
            if name is not None:
                made.setdefault(name, []).append(student)
    exercise = mine[0][1]["exercise"]
    return [
        {"mistake": name, "text": text_of(exercise, name), "count": len(who), "students": who}
        for name, who in sorted(made.items(), key=lambda each: (-len(each[1]), each[0]))
    ]


def _identical(mine: Sequence[tuple[str, Record]]) -> list[dict[str, Any]]:
    """Students who handed in the same text, but for the stub."""
    groups: dict[str, list[str]] = {}
    for student, facts in mine:
        if facts["sha256"] is not None and facts["verdict"] != "not-attempted":
            groups.setdefault(facts["sha256"], []).append(student)
    return [
        {"sha256": sha256, "count": len(who), "students": who}
        for sha256, who in sorted(groups.items(), key=lambda each: (-len(each[1]), each[1]))
        if len(who) > 1
    ]


def _discrimination(complete: Sequence[Record], at: int) -> float | None:
    passed = [float(each["exercises"][at]["verdict"] == "pass") for each in complete]
    rest = [float(each["earned"] - each["exercises"][at]["earned"]) for each in complete]
    return correlation(passed, rest)


def correlation(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Of Pearson, which of 0 and 1 with numbers is the point-biserial one; None if one is constant.

    Args:
        a, b: equally many numbers.
    """
    n = len(a)
    if n < 2:
        return None
    mean_a, mean_b = sum(a) / n, sum(b) / n
    aa = sum((x - mean_a) ** 2 for x in a)
    bb = sum((y - mean_b) ** 2 for y in b)
    ab = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    return round(ab / math.sqrt(aa * bb), 4) if aa > 0 and bb > 0 else None


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return round(sum(found) / len(found), 4) if found else None
