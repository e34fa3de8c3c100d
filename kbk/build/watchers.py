"""Who sees the calls of ops on CPU tensors: `kbk.sanitize` is here during its `with` block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .module import Module


class Watcher(Protocol):
    """Takes the place of a call."""

    def call(self, module: Module, function: str, values: tuple[Any, ...]) -> Any:
        """Run the op `function` of the module with these arguments.

        It is taken off `watchers` meanwhile: an op that it calls runs as ever.
        """


watchers: list[Watcher] = []
"""The last one gets the call. Every op looks at this list; it is empty but for such a block."""


def watched(module: Module, function: str, values: tuple[Any, ...]) -> Any:
    """Give a call to the watcher."""
    watcher = watchers.pop()
    try:
        return watcher.call(module, function, values)
    finally:
        watchers.append(watcher)
