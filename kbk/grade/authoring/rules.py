"""What a rule is: a sentence that must hold, and a function that tells where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Rule(Generic[T]):
    """A rule for exercises, for the exercises of a chapter, or for a page.

    Attributes:
        id: a short name, unique among all rules.
        says: what must hold.
        check: gives a sentence for each place where it does not hold, which says how to mend it.
        runs: kernels are compiled and run.
        warns: what it says is a warning: nothing is wrong with the exercise.
    """

    id: str
    says: str
    check: Callable[[T], Iterator[str]]
    runs: bool = False
    warns: bool = False


@dataclass(frozen=True)
class Broken:
    """A place where a rule does not hold: the rule, where, and how to mend it."""

    rule: Rule[object]
    where: str
    text: str

    def __str__(self) -> str:
        mark = "warning: " if self.rule.warns else ""
        return f"{self.where}: {mark}{self.text} [{self.rule.id}]"
