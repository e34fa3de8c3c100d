"""What a worker reports is believed only if it makes sense: a submission ran in that process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

FINDINGS = ("out-of-bounds", "misaligned", "uninitialized", "race", "barrier", "hang", "launch")
"""Kinds of what the checkers find (kbk.sanitizer)."""
NO_SENSE = {"kind": "exception", "text": "its process reported what makes no sense."}


def line_of(events: Iterable[dict[str, Any]]) -> dict[int, int]:
    """Lines of the submission by the places that the worker told of."""
    found: dict[int, int] = {}
    for event in events:
        told = event.get("lines")
        if event["event"] == "lines" and isinstance(told, dict):
            found |= {
                int(pc): line
                for pc, line in told.items()
                if pc.isdecimal() and len(pc) < 12 and type(line) is int and line > 0
            }
    return found


def makes_sense(facts: dict[str, Any]) -> bool:
    """Whether launches, copies and counters are what a worker of ours reports."""

    def triple(value: Any) -> bool:
        return (
            isinstance(value, list) and len(value) == 3 and all(isinstance(n, int) for n in value)
        )

    def number(value: Any) -> bool:
        return type(value) in (int, float) and abs(value) < 1 << 62  # no NaN either

    def numbers(value: Any) -> bool:
        return isinstance(value, list) and all(map(number, value))

    def places(value: Any) -> bool:
        pairs = isinstance(value, list) and all(numbers(each) and len(each) == 2 for each in value)
        return pairs and all(share > 0 for _, share in value)

    def table(name: str, good: Callable[[Any], bool]) -> bool:
        told = facts.get(name, {})
        return isinstance(told, dict) and all(map(good, told.values()))

    def finding(value: Any) -> bool:
        if not isinstance(value, dict) or value.get("kind") not in FINDINGS:
            return False
        line = value.get("line")
        return isinstance(value.get("text"), str) and (line is None or type(line) is int)

    launches, findings = facts.get("launches", []), facts.get("findings", [])
    return (
        isinstance(launches, list)
        and all(
            isinstance(each, dict)
            and isinstance(each.get("kernel"), str)
            and triple(each.get("grid"))
            and triple(each.get("block"))
            for each in launches
        )
        and table("counters", numbers)
        and table("places", places)
        and table("stored", number)
        and isinstance(facts.get("copies", 0), int)
        and isinstance(findings, list)
        and all(map(finding, findings))
    )


def are_times(event: dict[str, Any]) -> bool:
    """Whether an event holds times of rounds, of both."""

    def times(value: Any) -> bool:
        return (
            isinstance(value, list)
            and len(value) > 0
            and all(type(each) is float and 0 < each < 1e6 for each in value)
        )

    mine, theirs = event.get("mine"), event.get("theirs")
    return times(mine) and times(theirs) and len(event["mine"]) == len(event["theirs"])
