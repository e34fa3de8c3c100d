"""What a worker reports is believed only if it makes sense: a submission ran in that process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

FINDINGS = ("out-of-bounds", "misaligned", "uninitialized", "race", "barrier", "hang", "launch")
"""Kinds of what the checkers find (kbk.sanitizer)."""
_DEEPEST = 64
"""Lists and objects in each other: answers of predictions have up to 40 (kbk.grade.plain)."""
NO_SENSE = {"kind": "exception", "text": "its process reported what makes no sense."}


def is_event(told: Any) -> bool:
    """Whether an event has the shape of one, so that reading it cannot fail."""
    if not isinstance(told, dict) or not _flat(told):
        return False
    return _SHAPES.get(str(told.get("event")), lambda _: False)(told)


def _flat(value: Any) -> bool:
    """Whether nothing in it is too deep."""
    front = [value]
    for _ in range(_DEEPEST):
        front = [
            inner
            for each in front
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, (dict, list))
        ]
        if not front:
            return True
    return False


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _line(value: Any) -> bool:
    return value is None or type(value) is int


def _index(event: dict[str, Any]) -> bool:
    return type(event.get("index")) is int


def _is_fault(event: dict[str, Any]) -> bool:
    file = event.get("file")
    return _text(event.get("text")) and _line(event.get("line")) and (file is None or _text(file))


def _is_refusal(event: dict[str, Any]) -> bool:
    symbols = event.get("symbols")
    return isinstance(symbols, list) and len(symbols) > 0 and all(map(_text, symbols))


def _is_end(event: dict[str, Any]) -> bool:
    error = event.get("error", {})
    return _index(event) and isinstance(error, dict) and _is_plain(event.get("value"))


def _is_plain(value: Any) -> bool:
    """Whether a value is what kbk.grade.plain makes."""
    if isinstance(value, dict):
        if len(value) != 1:
            return False
        (kind, inner) = next(iter(value.items()))
        if kind in ("tuple", "list"):
            return isinstance(inner, list) and all(map(_is_plain, inner))
        return kind == "other" and _text(inner)
    return value is None or isinstance(value, (bool, int, float, str))


_SHAPES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "isolation": lambda event: _text(event.get("text")),
    "cannot": lambda event: _text(event.get("text")),
    "build-failed": _is_fault,
    "forbidden": _is_refusal,
    "built": lambda _: True,
    "begin": _index,
    "round": _index,
    "end": _is_end,
    "timed": lambda event: _index(event) and are_times(event),
    "lines": lambda event: isinstance(event.get("lines"), dict),
    "done": lambda _: True,
}
"""What each event must have."""


def line_of(events: Iterable[dict[str, Any]]) -> dict[int, int]:
    """Lines of the submission by the places that the worker told of."""
    found: dict[int, int] = {}
    for event in events:
        told = event.get("lines")
        if event["event"] == "lines" and isinstance(told, dict):
            found |= {
                int(pc): line
                for pc, line in told.items()
                if pc.isascii() and pc.isdecimal() and len(pc) < 12
                if type(line) is int and line > 0
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

    launches = facts.get("launches", [])
    findings, warnings = facts.get("findings", []), facts.get("warnings", [])
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
        and all(isinstance(each, list) and all(map(finding, each)) for each in (findings, warnings))
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
