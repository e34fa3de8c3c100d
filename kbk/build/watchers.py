"""Who sees the calls of ops on CPU tensors: `kbk.sanitize` is here during its `with` block."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .module import Module


class Watcher(Protocol):
    """Takes the place of a call."""

    def call(self, module: Module, function: str, values: tuple[Any, ...]) -> Any:
        """Run the op `function` of the module with these arguments.

        An op that it calls runs as ever.
        """


watchers: list[Watcher] = []
"""The last one gets the call. Every op looks at this list; it is empty but for such a block."""

_one_call = threading.Lock()
_mine = threading.local()


def _after_fork() -> None:
    global _one_call
    _one_call = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


def unwatched() -> bool:
    """Whether no watcher of this thread has a call in hand: the ops that it calls run as ever."""
    return not getattr(_mine, "watched", False)


@contextmanager
def unseen() -> Iterator[None]:
    """No watcher sees the calls of this thread inside the block, nor has a call of its own."""
    if not unwatched():
        yield
        return
    with _one_call:
        _mine.watched = True
        try:
            yield
        finally:
            _mine.watched = False


def watched(module: Module, function: str, values: tuple[Any, ...]) -> Any:
    """Give a call to the watcher; calls of several threads one after the other."""
    with _one_call:
        watcher = watchers[-1] if watchers else None
        _mine.watched = True
        try:
            if watcher is not None:
                return watcher.call(module, function, values)
        finally:
            _mine.watched = False
    return getattr(module, function)(*values)  # the block ended while this thread waited
