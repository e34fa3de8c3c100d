"""Load a built library and put its functions behind torch ops, defined once for all machines."""

from __future__ import annotations

import ctypes
import itertools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..errors import BuildError
from .cache import discard_entry
from .functions import Function
from .schema import OpSchema, make_schema

# Ops live as long as the process: torch cannot take back a registration that is in use.
_spaces: dict[str, Namespace] = {}
_spaces_lock = threading.Lock()


class DamagedLibraryError(BuildError):
    """A library of the cache does not load; its entry was removed."""


class Namespace:
    """The ops of one source in one process, behind which each machine puts its implementation.

    Attributes:
        name: the torch namespace, the extension's name and a digest of its content.
        ops: by function name.
        ready: machines ("cpu", "cuda") whose library is registered.
        lock: held while a machine's library is built and registered.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.ops: dict[str, OpSchema] = {}
        self.ready: set[str] = set()
        self.lock = threading.RLock()
        self._definition: Any = None
        self._fakes: dict[str, Callable[..., Any]] = {}
        self._libraries: list[ctypes.CDLL] = []

    def add(self, machine: str, path: Path, functions: Sequence[Function]) -> None:
        """Load the library of `machine` and register it.

        Raises:
            DamagedLibraryError: the library does not load.
            BuildError: torch refuses it.
        """
        library = load_library(path)
        self._libraries.append(library)
        schemas = {each.name: read_schema(library, each) for each in functions}
        if self._definition is None:
            self._define(schemas)
        elif {name: op.text for name, op in schemas.items()} != {
            n: op.text for n, op in self.ops.items()
        }:
            raise BuildError(
                f"{self.name}: on {machine} the functions have other parameters than on "
                f"{sorted(self.ready)[0]}; an #ifdef may change them."
            )
        library.kbk_register.restype = ctypes.c_char_p
        problem = library.kbk_register(self.name.encode())
        if problem is not None:
            raise BuildError(
                f"{self.name}: torch did not take the functions: {problem.decode(errors='replace')}"
            )
        self.ready.add(machine)

    def _define(self, schemas: dict[str, OpSchema]) -> None:
        import torch

        definition = torch.library.Library(self.name, "DEF")
        for op in schemas.values():
            definition.define(op.text, tags=(torch.Tag.pt2_compliant_tag,))
        self._definition = definition
        self.ops = schemas
        for op in schemas.values():
            if op.returns_nothing:
                self.register_fake(op.name, lambda *_: None)

    def register_fake(self, function: str, fake: Callable[..., Any]) -> None:
        """Tell torch.compile what `function` returns, given tensors without data."""
        import torch

        known = function in self._fakes
        self._fakes[function] = fake
        if not known:
            torch.library.register_fake(
                f"{self.name}::{function}",
                lambda *args: self._fakes[function](*args),
                lib=self._definition,
            )

    def overload(self, function: str) -> Any:
        """The torch op that runs `function`."""
        import torch

        return getattr(getattr(torch.ops, self.name), function).default


def namespace(name: str) -> Namespace:
    """The process's one Namespace of that name."""
    with _spaces_lock:
        return _spaces.setdefault(name, Namespace(name))


def load_library(path: Path) -> ctypes.CDLL:
    """Load a library that is in the cache; a damaged one is removed from it.

    Raises:
        DamagedLibraryError: the library does not load.
    """
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        discard_entry(path.parent)
        raise DamagedLibraryError(
            f"The built library does not load ({error}); it was removed from the cache. If this "
            "happens again, set KBK_CACHE to a new folder."
        ) from None


def read_schema(library: ctypes.CDLL, function: Function) -> OpSchema:
    """The schema of `function`, whose types the library tells."""
    get = getattr(library, f"kbk_codes_{function.name}")
    get.restype = ctypes.POINTER(ctypes.c_char_p)
    codes = [code.decode() for code in itertools.takewhile(lambda code: code is not None, get())]
    return make_schema(function, codes)
