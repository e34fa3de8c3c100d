"""The module of an extension source: its functions, on whichever machine their tensors are."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from ...errors import ArgumentError, BuildError
from ..library import DamagedLibraryError
from ..module import PLAIN, Module
from ..request import Request, digest
from ..toolchain import cuda_available
from ..watchers import watched
from .calls import ExtensionCall, Overloads
from .names import publish
from .space import ExtensionSpace


class ExtensionModule(Module):
    """The ops of a standard extension source, as attributes.

    What the source registers with TORCH_LIBRARY can also be called as `torch.ops.<its namespace>`.

    Attributes: those of `Module`.
    """

    def __init__(self, request: Request, variant: str = PLAIN) -> None:
        super().__init__(request, variant)
        self._extension = ExtensionSpace(
            f"{request.name}_{digest(variant, request.digest, str(self._arch))[:12]}", request.name
        )
        self._taken = {*dir(Module), *self.__dict__}
        self._default = "cpu" if variant != PLAIN or not cuda_available() else "cuda"

    @property
    def machines(self) -> tuple[str, ...]:
        """Machines that the source is built for in this process."""
        return tuple(sorted(self._extension.ready))

    def build(self, machine: str) -> None:
        """Build for "cpu" or "cuda" now rather than at the first call with such tensors.

        Raises:
            BuildError: it cannot be built; see `kbk.load_inline`.
            ArgumentError: there is no such machine.
        """
        self._check_machine(machine)
        space = self._extension
        if machine not in space.ready:
            with space.lock:
                if machine not in space.ready:
                    begin = time.perf_counter()
                    try:
                        space.add(machine, self._library(machine))
                    except DamagedLibraryError:  # it is out of the cache now
                        space.add(machine, self._library(machine))
                    self.build_seconds[machine] = time.perf_counter() - begin
                    self._make_calls(machine)

    def _make_calls(self, machine: str) -> None:
        space = self._extension
        ops = space.ops[machine]
        if not ops:
            raise BuildError(f"{self.name}: the source registers no function.")
        docs = self._request.functions
        for key, op in ops.items():
            if key in self._taken:
                raise ArgumentError(
                    f"functions: {key!r} is an attribute of every module; name it otherwise."
                )
            if key not in self.__dict__:
                self.__dict__[key] = ExtensionCall(
                    key,
                    op,
                    space,
                    self._default,
                    self.build,
                    partial(watched, self),
                    self._variant != PLAIN,
                    docs.get(key) or op.doc,
                )
        variants = [key for key, op in ops.items() if key == op.name and "." in key]
        for name in {key.partition(".")[0] for key in variants}:
            self.__dict__[name] = Overloads(
                [self.__dict__[key] for key in variants if key.startswith(f"{name}.")]
            )
        self.functions = tuple(sorted({*self.functions, *ops}))
        self.__doc__ = space.docs[machine] or self.__doc__
        if self._variant == PLAIN:
            publish([(op.space, self.__dict__[key]) for key, op in ops.items() if op.space])

    def register_fake(self, function: str, fake: Callable[..., Any]) -> None:
        """Not for extensions: they register what torch.compile needs themselves."""
        raise ArgumentError(
            f"register_fake: {self.name} is a standard extension; its functions are not for "
            "torch.compile."
        )

    def __repr__(self) -> str:
        calls = "".join(f"\n  {self.__dict__[name].schema}" for name in self.functions)
        return f"<kbk module {self.name} for {', '.join(self.machines)}:{calls}>"
