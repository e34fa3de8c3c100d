"""Pictures of what a launch did, drawn from the accesses that were executed.

Every function takes a launch of ``kbk.profile()`` and returns a `Picture`. Nothing is loaded before
it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kbk.draw.flow import data_flow as data_flow
    from kbk.draw.lines import source_lines as source_lines
    from kbk.draw.orders import order as order
    from kbk.draw.picture import Picture as Picture
    from kbk.draw.replays import replay as replay
    from kbk.draw.sectors import coalescing as coalescing
    from kbk.draw.sectors import compare_coalescing as compare_coalescing
    from kbk.draw.shared import shared_memory as shared_memory
    from kbk.draw.shuffles import shuffle as shuffle
    from kbk.draw.theme import Theme as Theme
    from kbk.draw.threads import thread_map as thread_map
    from kbk.draw.wavefronts import banks as banks

# No module has the name of a function: an import of the module would hide the function.
_LAZY = {
    "Picture": "picture",
    "Theme": "theme",
    "banks": "wavefronts",
    "coalescing": "sectors",
    "compare_coalescing": "sectors",
    "data_flow": "flow",
    "order": "orders",
    "replay": "replays",
    "shared_memory": "shared",
    "shuffle": "shuffles",
    "source_lines": "lines",
    "thread_map": "threads",
}

__all__ = sorted(_LAZY)


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'kbk.draw' has no attribute {name!r}")
    value = getattr(import_module(f"kbk.draw.{_LAZY[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
