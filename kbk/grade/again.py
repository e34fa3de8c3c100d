"""Runs cases of a submission once more, to look at what it does; nothing is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kbk.errors import KbkError
from kbk.grade.arena import Arena
from kbk.grade.cases import Ask, Case
from kbk.grade.exercise import Check, Exercise
from kbk.grade.grader import Run


@dataclass(frozen=True)
class Ran:
    """A case that ran.

    Attributes:
        case: what was asked.
        place: of a Case, its place in the arena.
        facts: what the worker reported (kbk.grade.worker); None if it did not end well.
    """

    case: Case | Ask
    place: int
    facts: dict[str, Any] | None


@contextmanager
def again(
    exercise: Exercise,
    source: str,
    check: Check,
    *,
    seed: int,
    only: int | None = None,
    writers: Sequence[tuple[str, int]] = (),
    shows: Mapping[str, Any] | None = None,
) -> Iterator[tuple[list[Ran], Arena | None]]:
    """Run a check, or one case of it. The memory of the cases is there until the block's end.

    Args:
        exercise, source, seed: as for kbk.grade.grader.grade.
        check: which.
        only: number of the case; None runs all.
        writers: elements of which to tell who wrote them (kbk.grade.writers); the run is traced.
        shows: which request of a warp to tell of (kbk.grade.shown); the run is traced.

    Raises:
        KbkError: it could not be built.
    """
    run = Run(exercise, source, seed, "cpu")
    run.writers = list(writers)
    run.shows = dict(shows or {})
    items = run.items([check])
    items = items if only is None else [items[only]]
    calls = [item.case for item in items if isinstance(item.case, Case)]
    arena = Arena(calls) if calls else None
    try:
        run.execute(items, arena)
        if run.build_fault is not None:
            raise KbkError(run.build_fault.text)
        ran, place = [], 0
        for item in items:
            ran.append(Ran(item.case, place, item.facts))
            place += isinstance(item.case, Case)
        yield ran, arena
    finally:
        if arena is not None:
            arena.close()
