"""`with kbk.profile() as p`: every op on CPU tensors inside runs traced, and is counted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import fields
from types import TracebackType
from typing import TYPE_CHECKING, Any

from torch.utils._python_dispatch import TorchDispatchMode

from kbk.build.watchers import watchers
from kbk.errors import ArgumentError
from kbk.profiler import counted, show
from kbk.profiler.launch import ProfiledLaunch
from kbk.sanitizer import history
from kbk.sanitizer.memory import call_arguments

if TYPE_CHECKING:
    from kbk.build.calls import Op
    from kbk.build.module import Module
    from kbk.sanitizer.tensors import Argument


class _Uncompiled(TorchDispatchMode):
    """Does nothing. While there is a mode, functions of torch.compile run uncompiled."""

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        return func(*args, **(kwargs or {}))


class Profiler:
    """What `kbk.profile` gives; filled call by call.

    Attributes:
        launches: in order, each a `ProfiledLaunch`.
    """

    def __init__(self, most_requests: int, most_records: int) -> None:
        self._most_requests = most_requests
        self._most_records = most_records
        self._stack = ExitStack()
        self.launches: list[ProfiledLaunch] = []

    def __enter__(self) -> Profiler:
        if watchers:
            raise ArgumentError(
                "profile: another kbk.profile() or kbk.sanitize() is under way in this process."
            )
        self._stack.enter_context(_Uncompiled())
        watchers.append(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        watchers.remove(self)
        self._stack.close()

    def call(self, module: Module, function: str, values: tuple[Any, ...]) -> Any:
        """Run an op of a module traced, and keep what was counted."""
        twin = module._twin()
        op: Op = getattr(twin, function)
        arguments = call_arguments("profile", twin, op, values)
        room = self._most_records - sum(len(each.records) for each in self.launches)
        history.start(max(room, 0))
        counted.start(arguments, self._most_requests)
        try:
            return op(*values)
        finally:
            found, launches = counted.take(), history.take()
            sources = dict(twin._request.files)
            self.launches += [
                _profiled(one, launch, arguments, sources)
                for one, launch in zip(found, launches, strict=True)
            ]

    def __getattr__(self, name: str) -> Any:
        """Only asked for what is not there: somebody may mean the launch."""
        hint = f": p.launches[0].{name}" if hasattr(ProfiledLaunch, name) else ""
        raise AttributeError(f"a profile has no {name!r}; it has launches{hint}")

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.launches)) or "no launches"

    def _repr_html_(self) -> str:
        return "".join(show.launch_html(each) for each in self.launches) or "<p>no launches</p>"


def _profiled(
    one: counted.Counted,
    launch: history.Launch,
    arguments: list[Argument],
    sources: dict[str, str],
) -> ProfiledLaunch:
    known = {each.name: getattr(launch, each.name) for each in fields(launch)}
    return ProfiledLaunch(
        **{**known, "arguments": arguments, "sources": sources},
        counted=one,
    )
