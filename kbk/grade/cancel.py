"""Takes back a grading that nobody waits for any more: its workers are ended, nothing is left.

Who may take it back runs it inside `cancellable`; where it waits for a worker it looks. Threads
that help must carry the context along (`contextvars.copy_context`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kbk.grade.watchdog import Outcome

_tokens: ContextVar[tuple[threading.Event, ...]] = ContextVar("kbk_grade_cancel", default=())


class Cancelled(BaseException):
    """The grading was taken back. Not an `Exception`: nobody takes it for a fault of something.

    Attributes:
        outcome: what a worker had reported by then, or None.
    """

    def __init__(self, outcome: Outcome | None = None) -> None:
        super().__init__()
        self.outcome = outcome


@contextmanager
def cancellable(event: threading.Event) -> Iterator[None]:
    """What grades inside ends with `Cancelled` once the event is set; blocks may be nested."""
    kept = _tokens.set((*_tokens.get(), event))
    try:
        yield
    finally:
        _tokens.reset(kept)


def cancelled() -> bool:
    """Whether the grading of this context has been taken back."""
    return any(event.is_set() for event in _tokens.get())


def go_on() -> None:
    """Raise `Cancelled` if the grading of this context has been taken back."""
    if cancelled():
        raise Cancelled
