"""A window of rows or columns that are too many to be drawn: which are shown, and where."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

GAP = 0.22
"""Inches that stand for what is left out."""


def window(size: int, most: int, last: int) -> list[int]:
    """Numbers from 0 to before `size`: all if they are few, else the first and the `last` ones."""
    if size <= most:
        return list(range(size))
    return [*range(most - last), *range(size - last, size)]


def gaps(shown: Sequence[int]) -> list[int]:
    """Before which of the shown numbers something is left out."""
    return [at for at, (a, b) in enumerate(pairwise(shown), 1) if b != a + 1]


def places(shown: Sequence[int], start: float, step: float) -> list[float]:
    """Where each of them begins, in inches."""
    cuts = gaps(shown)
    return [start + step * at + GAP * sum(cut <= at for cut in cuts) for at in range(len(shown))]


def spans(numbers: Sequence[int]) -> str:
    """0 to 11 and 16 to 19."""
    cuts = [0, *gaps(numbers), len(numbers)]
    return " and ".join(
        f"{numbers[a]:,} to {numbers[b - 1]:,}" if b - a > 1 else f"{numbers[a]:,}"
        for a, b in pairwise(cuts)
    )
