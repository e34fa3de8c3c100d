"""The ops of an extension source in one process: each machine's library has a namespace of its own.

The library registers when it is told to, under a prefix that no other build has, so an edited or a
traced build stands beside the first one.
"""

from __future__ import annotations

import ctypes
import itertools
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import BuildError
from ..library import load_library

_FUNCTIONS = "functions"  # as in kbk/extension/function.h
_numbers = itertools.count()


@dataclass(frozen=True)
class ExtensionOp:
    """An op of one machine.

    Attributes:
        name: as the source registers it.
        space: the namespace in the source; "" for a host function.
        overload: torch's op.
    """

    name: str
    space: str
    overload: Any

    @property
    def text(self) -> str:
        """The schema, without the namespace of this build."""
        return str(self.overload._schema).partition("::")[2]


class ExtensionSpace:
    """The libraries of an extension source.

    Attributes:
        name: of this build in messages.
        ready: machines ("cpu", "cuda") whose library is registered.
        ops: by machine and name.
        libraries: by machine.
        lock: held while a machine's library is built and registered.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.ready: set[str] = set()
        self.ops: dict[str, dict[str, ExtensionOp]] = {}
        self.libraries: dict[str, ctypes.CDLL] = {}
        self.lock = threading.RLock()

    def add(self, machine: str, path: Path) -> None:
        """Load the library of `machine` and register it.

        Raises:
            DamagedLibraryError: the library does not load.
            BuildError: torch refuses what it registers.
        """
        library = load_library(path)
        for name in ("kbk_register", "kbk_namespaces", "kbk_failed_launch"):
            getattr(library, name).restype = ctypes.c_char_p
        # Also of this process's own: a library that is loaded twice registers twice.
        prefix = f"kbk_{self.name}_{machine}_{next(_numbers)}"
        problem = library.kbk_register(prefix.encode())
        if problem is not None:
            first = problem.decode(errors="replace").partition("\n")[0]
            raise BuildError(f"{self.name}: torch did not take the functions: {first}")
        spaces = library.kbk_namespaces().decode().split()
        self.ops[machine] = _registered(prefix, spaces)
        self.libraries[machine] = library
        self.ready.add(machine)


def _registered(prefix: str, spaces: list[str]) -> dict[str, ExtensionOp]:
    """The ops under a prefix by name; of overloads the first is meant by the name alone."""
    import torch

    found: dict[str, ExtensionOp] = {}
    for full in sorted(torch._C._dispatch_get_all_op_names()):
        space, _, rest = full.partition("::")
        own, _, source_space = space.partition(f"{prefix}__")
        if own or source_space not in spaces:
            continue
        name, _, variant = rest.partition(".")
        overload = getattr(getattr(getattr(torch.ops, space), name), variant or "default")
        known = "" if source_space == _FUNCTIONS else source_space
        found.setdefault(name, ExtensionOp(name, known, overload))
    return found
