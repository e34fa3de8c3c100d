"""What load_inline returns: the ops of a source, on whichever machine their tensors are."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from .. import sim
from ..errors import ArgumentError
from .calls import Op, make_op
from .library import DamagedLibraryError, Namespace, namespace
from .machines import build_cpu, build_cuda
from .request import Request, digest
from .watchers import watched

PLAIN = "plain"
"""The build that calls run, but for `kbk.sim.trace`, whose ops tell of each access."""


class Module:
    """The ops of one source, as attributes.

    Attributes:
        name: the extension's name.
        namespace: of its ops in torch: `torch.ops.<namespace>.<function>`.
        functions: names of the ops.
        machines: those it is built for so far, of "cpu" and "cuda".
        build_seconds: what building and loading cost, by machine.
    """

    def __init__(self, request: Request, variant: str = PLAIN) -> None:
        self._request = request
        self._variant = variant
        self._arch = sim.arch()
        self._space: Namespace = namespace(
            f"{request.name}_{digest(variant, request.digest, str(self._arch))[:16]}"
        )
        self.name = request.name
        self.namespace = self._space.name
        self.functions = tuple(request.functions)
        self.build_seconds: dict[str, float] = {}
        taken = [each for each in self.functions if hasattr(Module, each) or each in self.__dict__]
        if taken:
            raise ArgumentError(
                f"functions: {taken[0]!r} is an attribute of every module; name it otherwise."
            )

    @property
    def machines(self) -> tuple[str, ...]:
        """Machines that the source is built for in this process."""
        return tuple(sorted(self._space.ready))

    def build(self, machine: str) -> None:
        """Build for "cpu" or "cuda" now rather than at the first call with such tensors.

        Raises:
            BuildError: it cannot be built; see `kbk.load_inline`.
            ArgumentError: there is no such machine.
        """
        self._check_machine(machine)
        space = self._space
        if machine not in space.ready:
            with space.lock:
                if machine not in space.ready:
                    self._build(machine)
        if self.functions[0] not in self.__dict__:
            self._make_ops()

    def _check_machine(self, machine: str) -> None:
        if machine not in ("cpu", "cuda"):
            raise ArgumentError(f"machine must be 'cpu' or 'cuda'; it was {machine!r}.")
        if machine == "cuda" and self._variant != PLAIN:
            raise ArgumentError(f"{self.name}: a {self._variant} module runs on CPU tensors only.")

    def _build(self, machine: str) -> None:
        begin = time.perf_counter()
        functions = [function for _, function in self._request.exports]
        try:
            self._space.add(machine, self._library(machine), functions)
        except DamagedLibraryError:  # it is out of the cache now
            self._space.add(machine, self._library(machine), functions)
        self.build_seconds[machine] = time.perf_counter() - begin

    def _library(self, machine: str) -> Path:
        if machine == "cpu":
            return build_cpu(self._request, self._arch, self._variant)
        return build_cuda(self._request)

    def _make_ops(self) -> None:
        for name, doc in self._request.functions.items():
            self.__dict__[name] = make_op(
                self._space.ops[name], self._space, self.build, partial(watched, self), doc
            )

    def _twin(self) -> Module:
        """The same source, built so that the simulator is told of each access."""
        if self._variant != PLAIN:
            return self
        if "_traced" not in self.__dict__:
            self._traced = type(self)(self._request, variant="traced")
        self._traced.build("cpu")
        return self._traced

    def register_fake(self, function: str, fake: Callable[..., Any]) -> None:
        """Tell torch.compile what `function` returns.

        Args:
            function: an op that returns tensors (one that returns nothing needs no fake).
            fake: takes the op's arguments, as tensors without data, and returns tensors of the
                right
                shape and dtype, as by `torch.empty_like`.

        Raises:
            ArgumentError: there is no such op.
        """
        if function not in self.functions:
            raise ArgumentError(
                f"{self.name} has no op {function!r}; it has {', '.join(self.functions)}."
            )
        self._space.register_fake(function, fake)

    def __getattr__(self, name: str) -> Op:
        functions = self.__dict__.get("functions", ())
        close = difflib.get_close_matches(name, functions, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(functions)}"
        raise AttributeError(
            f"the module {self.__dict__.get('name', '')!r} has no op {name!r}{hint}"
        )

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise ArgumentError(
            f"{self.name}: a kbk module cannot be pickled or copied; call load_inline again, "
            "which finds what is built already."
        )

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.functions})

    def __repr__(self) -> str:
        ops = "".join(f"\n  {self._space.ops[name].text}" for name in self.functions)
        return f"<kbk module {self.name} for {', '.join(self.machines)}:{ops}>"
