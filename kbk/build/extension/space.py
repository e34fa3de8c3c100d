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

from ...errors import ArgumentError, BuildError
from ..library import load_library

_FUNCTIONS = "functions"  # as in kbk/extension/function.h
_numbers = itertools.count()


@dataclass(frozen=True)
class ExtensionOp:
    """An op of one machine.

    Attributes:
        name: as the source registers it, with the overload's: "add", "add.out".
        space: the namespace in the source; "" for a host function.
        overload: torch's op.
        doc: the docstring that the source gives it.
    """

    name: str
    space: str
    overload: Any
    doc: str = ""

    @property
    def text(self) -> str:
        """The schema, without the namespace of this build."""
        return str(self.overload._schema).partition("::")[2]


class ExtensionSpace:
    """The libraries of an extension source.

    Attributes:
        name: of this build.
        source: what messages call it.
        ready: machines ("cpu", "cuda") whose library is registered.
        ops: by machine and name; "other.add" is the op of another namespace that has the name too.
        docs: of the module, by machine.
        libraries: by machine.
        lock: held while a machine's library is built and registered.
    """

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.source = source
        self.ready: set[str] = set()
        self.ops: dict[str, dict[str, ExtensionOp]] = {}
        self.docs: dict[str, str] = {}
        self.libraries: dict[str, ctypes.CDLL] = {}
        self.lock = threading.RLock()

    def add(self, machine: str, path: Path) -> None:
        """Load the library of `machine` and register it.

        Raises:
            DamagedLibraryError: the library does not load.
            BuildError: torch refuses what it registers.
        """
        library = load_library(path)
        for name in (
            "kbk_register",
            "kbk_namespaces",
            "kbk_failed_launch",
            "kbk_thrown",
            "kbk_doc",
        ):
            getattr(library, name).restype = ctypes.c_char_p
        # Also of this process's own: a library that is loaded twice registers twice.
        prefix = f"kbk_{self.name}_{machine}_{next(_numbers)}"
        problem = library.kbk_register(prefix.encode())
        if problem is not None:
            text = plain_text(problem.decode(errors="replace")).replace(f"{prefix}__", "")
            raise BuildError(f"{self.source}: torch did not take the functions: {text}")
        spaces = library.kbk_namespaces().decode().split()
        try:
            self.ops[machine] = _registered(prefix, spaces, library)
        except ArgumentError:
            library.kbk_unregister()  # an op of such a name would trouble all who list torch's
            raise
        self.docs[machine] = library.kbk_doc(b"").decode(errors="replace")
        self.libraries[machine] = library
        self.ready.add(machine)


def plain_text(message: str) -> str:
    """torch's words without the C++ stack, which some builds append, and without empty lines."""
    text = message.partition("\nException raised from ")[0].partition("Exception raised from ")[0]
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def _registered(prefix: str, spaces: list[str], library: ctypes.CDLL) -> dict[str, ExtensionOp]:
    """The ops under a prefix by name: what the source registers, then the other host functions."""
    import torch

    found: dict[str, ExtensionOp] = {}
    for space in sorted(spaces, key=lambda each: (each == _FUNCTIONS, each)):
        own = f"{prefix}__{space}::"
        for full in sorted(torch._C._dispatch_get_all_op_names()):
            if not full.startswith(own):
                continue
            rest = full.removeprefix(own)
            name, _, variant = rest.partition(".")
            packet = getattr(getattr(torch.ops, f"{prefix}__{space}"), name)
            if not hasattr(packet, "overloads"):  # torch's own, such as "name"
                raise ArgumentError(
                    f"functions: {name!r} is an attribute of every module; name it otherwise."
                )
            if space == _FUNCTIONS and name in found:
                continue  # its own m.def knows the defaults
            overload = getattr(packet, variant or "default")
            known, doc = space, ""
            if space == _FUNCTIONS:
                known, doc = "", library.kbk_doc(name.encode()).decode(errors="replace")
            # An op without a variant that has relatives: "add" is all of them.
            rest = f"{name}.{variant or 'default'}" if len(packet.overloads()) > 1 else rest
            key = f"{space}.{rest}" if rest in found else rest
            found[key] = ExtensionOp(rest, known, overload, doc)
    return found
