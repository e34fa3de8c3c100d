"""Plain Python values as JSON and back, with tuples kept apart from lists."""

from __future__ import annotations

from typing import Any


def encode(value: Any, budget: int = 100_000) -> Any:
    """Return ``value`` in a form that JSON can hold; what is no plain value becomes its repr.

    Args:
        value: None, bool, int, float, str, and tuples and lists of them.
        budget: how many values at most; more is cut off as {"other": "..."}.
    """
    left = [budget]

    def walk(each: Any, depth: int) -> Any:
        left[0] -= 1
        if left[0] < 0 or depth > 20:
            return {"other": "(too large to show)"}
        if each is None or isinstance(each, (bool, float)):
            return each
        if type(each) is int:
            return each if abs(each) < 1 << 200 else {"other": "(an integer of over 200 bits)"}
        if isinstance(each, str):
            return printable(each[:10_000])
        if isinstance(each, (tuple, list)):  # named tuples too
            kind = "tuple" if isinstance(each, tuple) else "list"
            return {kind: [walk(item, depth + 1) for item in each]}
        listed = getattr(each, "tolist", None)  # numpy's and torch's arrays
        if callable(listed):
            return walk(listed(), depth + 1)
        index = getattr(each, "__index__", None)  # numpy's integers
        if index is not None:
            return walk(int(index()), depth)
        return {"other": printable(repr(each)[:200])}

    return walk(value, 0)


def printable(text: str) -> str:
    """Text that every terminal takes: no lone surrogates, no control characters."""
    text = text.encode("utf-8", "replace").decode()
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


class Other:
    """A value that was no plain one; prints as its repr did."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def decode(value: Any) -> Any:
    """The inverse of ``encode``."""
    if isinstance(value, dict):
        if "tuple" in value:
            return tuple(decode(each) for each in value["tuple"])
        if "list" in value:
            return [decode(each) for each in value["list"]]
        return Other(str(value.get("other", "?")))
    return value
