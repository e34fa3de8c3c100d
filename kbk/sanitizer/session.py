"""`with kbk.sanitize() as s`: every op on CPU tensors inside runs traced, under all checkers."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kbk.build.watchers import watchers
from kbk.errors import ArgumentError, BuildError, LaunchError, SanitizerError
from kbk.sanitizer import history, show
from kbk.sanitizer.findings import Argument, CallContext, Finding, describe, describe_all, merge
from kbk.sanitizer.memory import (
    Fresh,
    allocations,
    announce,
    argument_of,
    call_arguments,
    library,
    results_of,
    unwritten,
)
from kbk.sanitizer.places import place

if TYPE_CHECKING:
    from kbk.build.calls import Op
    from kbk.build.diagnostics import Diagnostic
    from kbk.build.module import Module
    from kbk.sanitizer.history import Launch


class Sanitizer:
    """What `kbk.sanitize` gives; filled call by call.

    Attributes:
        findings: errors first, then warnings, then infos; each once, with its count.
        launches: the launches of the calls, for `kbk.explain`.
    """

    def __init__(self, raise_on_error: bool, most: int) -> None:
        self._raise = raise_on_error
        self._most = most
        self._raw: list[Finding] = []
        self._fresh = Fresh()
        self._stack = contextlib.ExitStack()
        self._ended: LaunchError | None = None
        self._compiler: dict[str, tuple[dict[str, str], Future[list[Diagnostic]]]] = {}
        self.launches: list[Launch] = []

    @property
    def findings(self) -> list[Finding]:
        """Errors first, then warnings, then infos; each once, with its count."""
        return show.Findings(merge(self._raw))

    @property
    def errors(self) -> list[Finding]:
        """The findings that fail."""
        return [each for each in self.findings if each.severity == "error"]

    def __str__(self) -> str:
        return show.as_text(self.findings)

    def __repr__(self) -> str:
        return f"<{str(self).splitlines()[0]}>"

    def _repr_html_(self) -> str:
        return show.as_html(self.findings)

    def __enter__(self) -> Sanitizer:
        from kbk.sanitizer.watch import Watch

        if watchers or _active:
            raise ArgumentError(
                "sanitize: another kbk.sanitize() or kbk.profile() is under way in this process."
            )
        _active.append(self)
        self._stack.callback(_active.remove, self)
        self._stack.callback(self._fresh.clear)
        self._stack.enter_context(Watch(self._fresh))
        watchers.append(self)
        self._stack.callback(watchers.remove, self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        self._stack.close()
        mine = error is not None and error is self._ended
        compiler, self._compiler = self._compiler, {}
        if error is not None and not mine:
            return False
        self._raw += _compiler_findings(compiler)
        if self._raise and self.errors:
            raise SanitizerError(self.findings) from None
        return mine

    def _ask_compiler(self, module: Module) -> None:
        """Look for local variables without a value, beside the build and the calls."""
        if module.namespace in self._compiler:
            return
        from kbk.build.locals import uninitialized_locals

        pool = ThreadPoolExecutor(1)
        request = module._request
        told = pool.submit(uninitialized_locals, request, module._arch)
        pool.shutdown(wait=False)
        self._compiler[module.namespace] = (dict(request.files), told)

    def call(self, module: Module, function: str, values: tuple[Any, ...]) -> Any:
        """Run an op of a module traced, and keep what the checkers found."""
        self._ask_compiler(module)
        twin = module._twin()
        op: Op = getattr(twin, function)
        call = _Call(twin, op, values, self._fresh)
        library().kbk_sim_sanitize(1)
        room = self._most - sum(len(each.records) for each in self.launches)
        history.start(max(room, 0))
        result, returned = None, False
        try:
            result = op(*values)
            returned = True
        except LaunchError as error:
            raw = from_fault(error)
            if raw is not None:
                self._ended = error
                call.add(raw)
            raise
        finally:
            library().kbk_sim_sanitize(0)
            launches = history.take()
            found = call.finish(result, returned)
            self._raw += found
            if not returned and self._ended is not None and found:
                _say(self._ended, found[0])
            self.launches += [
                replace(
                    each,
                    arguments=[*call.context.arguments, *call.results],
                    allocations=call.context.allocations,
                    sources=call.context.sources,
                )
                for each in launches
            ]
        return result


_active: list[Sanitizer] = []


_Asked = tuple[dict[str, str], "Future[list[Diagnostic]]"]  # source files, and what is to come


def _compiler_findings(asked: dict[str, _Asked]) -> list[Finding]:
    found = []
    for sources, told in asked.values():
        with contextlib.suppress(BuildError, OSError, subprocess.SubprocessError):
            for each in told.result():
                raw = {**_RAW, "kind": "uninitialized", "code": "uninitialized-local"}
                raw |= {"severity": "warning", "text": each.text}
                raw |= {"file": each.file, "line": each.line}
                found.append(describe(raw, CallContext(sources, [], [])))
    return found


class _Call:
    """One call: its tensors, and what was found."""

    def __init__(self, twin: Module, op: Op, values: tuple[Any, ...], fresh: Fresh) -> None:
        self._fresh = fresh
        self._raw: list[dict[str, Any]] = []
        self.results: list[Argument] = []
        fresh.purge()
        library().kbk_sim_watch_begin()
        arguments = call_arguments("sanitize", twin, op, values)
        for argument in arguments:
            announce(argument)
        self._written = [each for each in arguments if each.writable and not each.is_host]
        # `at::Tensor x` may be an output or not: the C++ does not say.
        self._says_outputs = not twin._request.is_extension
        self.context = CallContext(dict(twin._request.files), arguments, [])

    def add(self, raw: dict[str, Any]) -> None:
        """A finding that the checkers could not make: the launch had ended."""
        if raw["code"] == "finding":
            return  # they had
        self._raw.append(raw)

    def finish(self, result: Any, returned: bool) -> list[Finding]:
        """The findings of the call, told; `result` is what it returned, if it did return."""
        told = json.loads(library().kbk_sim_findings())
        launched = {"launch": None, "kernel": "", "library": ""}
        results = results_of(result)
        self.results = _returned(results)
        made = allocations()
        self.context.allocations.extend(made)
        raw = [*told["findings"], *self._raw]
        if any(each["code"] == "launch" for each in told["findings"]):
            raw = [each for each in raw if each not in self._raw or each["kind"] != "launch"]
        if returned:  # with an error that nobody asked for it would not have
            raw = [_asked_for(each) if each["code"] == "launch" else each for each in raw]
        if returned and not any(each["severity"] == "error" for each in raw):
            raw += [
                _unwritten(each, launched)
                for each in (*self._written, *self.results)
                if each.nbytes
            ]
        raw = [each for each in raw if each["code"] != "unwritten-output" or self._is_told(each)]
        library().kbk_sim_watch_end()
        for tensor in results:
            self._fresh.hold(tensor)
        self._fresh.purge(each.address for each in made if not self._fresh.holds(each.address))
        return describe_all(
            [each for each in raw if not one_barrier(each, self.context)], self.context
        )

    def _is_told(self, raw: dict[str, Any]) -> bool:
        """Of elements that no kernel wrote: whether there are any, in what may be an output."""
        argument: Argument = raw["argument"]
        if self._says_outputs or self._fresh.holds(argument.storage):
            return bool(raw["number"])
        return 0 < raw["number"] < argument.numel


def _say(error: LaunchError, finding: Finding) -> None:
    """Let the error of a launch that a checker ended, if somebody catches it, say what it found."""
    if error.fault is not None and error.fault["kind"] == "finding":
        error.args = (finding.message,)
        error.kind, error.file, error.line = finding.kind, finding.file, finding.line


def _asked_for(raw: dict[str, Any]) -> dict[str, Any]:
    """A failed launch after which the host function asked for the error and went on."""
    text = f"{raw['text']}; the host function asked for the error and went on"
    return {**raw, "severity": "warning", "text": text}


def one_barrier(raw: dict[str, Any], context: CallContext) -> bool:
    """Whether two places of a barrier are one call of the source, which the compiler copied."""
    if raw["code"] != "barrier-divergent" or not raw["number"]:
        return False
    first, second = (
        place(raw["library"], raw[side]["offset"], context.sources, raw["kernel"]).spots
        for side in ("actor", "other")
    )
    return [(each.file, each.line) for each in first[1:]] == [
        (each.file, each.line) for each in second[1:]
    ]


def _returned(results: tuple[Any, ...]) -> list[Argument]:
    many = len(results) > 1
    return [
        argument_of(f"result {number}" if many else "the result", tensor)
        for number, tensor in enumerate(results, 1)
    ]


def _unwritten(argument: Argument, launched: dict[str, Any]) -> dict[str, Any]:
    count, first = unwritten(argument)
    memory = {
        "space": "global",
        "address": first,
        "bytes": argument.itemsize,
        "beyond": None,
        "shared": None,
    }
    return {
        **_RAW,
        **launched,
        "kind": "uninitialized",
        "code": "unwritten-output",
        "severity": "info",
        "number": count,
        "memory": memory,
        "argument": argument,
    }


_RAW: dict[str, Any] = {
    "severity": "error",
    "kernel": "",
    "library": "",
    "launch": None,
    "count": 1,
    "actor": None,
    "other": None,
    "memory": None,
    "number": 0,
    "text": "",
    "file": None,
    "line": None,
    "waiters": [],
}


def from_fault(error: LaunchError) -> dict[str, Any] | None:
    """The finding behind a launch that was ended; None if it is no checker's matter (a crash)."""
    fault = error.fault
    if fault is None:
        unasked = "; the host function did not ask for the error (cudaGetLastError)"
        if error.kind == "launch":
            text = str(error) + unasked
            return {
                **_RAW,
                "kind": "launch",
                "code": "launch",
                "text": text,
                "file": error.file,
                "line": error.line,
                "kernel": error.kernel,
            }
        if error.kind == "out-of-bounds":
            return {**_RAW, "kind": error.kind, "code": "bounds-damage", "text": str(error)}
        return None
    if fault["kind"] not in _KINDS:
        return None
    kind, code = _KINDS[fault["kind"]]
    place = fault["place"]
    raw = {
        **_RAW,
        "kind": kind,
        "code": code,
        "kernel": fault["kernel"],
        "library": place["library"],
        "text": fault["message"],
        "actor": {
            # Of a thread the place is in the call, else (of who waits) behind it.
            "offset": place["offset"] + (1 if fault.get("thread") else 0),
            "block": fault.get("block"),
            "thread": fault.get("thread"),
            "access": "read",
            "value": None,
        },
        "waiters": [
            {
                **{name: waiter[name] for name in ("where", "block", "first", "last", "count")},
                "offset": waiter["place"]["offset"],
                "missing": waiter["missing"],
            }
            for waiter in fault["waiters"]
        ],
    }
    if code == "launch":  # of the host's code, wherever the kernel was by then
        raw |= {"actor": None, **fault["launched"]}
    mask = re.search(r"mask 0x([0-9a-f]{8})", fault["message"])
    if code == "barrier-mask" and mask is not None:
        raw["number"] = int(mask[1], 16)
    missing = [each["missing"] for each in raw["waiters"] if each["missing"]]
    if code == "hang" and missing:
        raw |= {"kind": "barrier", "code": "barrier-missing", "number": missing[0]}
    return raw


_KINDS = {
    "finding": ("finding", "finding"),
    "invalid-mask": ("barrier", "barrier-mask"),
    "invalid-width": ("barrier", "barrier-mask"),
    "hang": ("hang", "hang"),
    "launch": ("launch", "launch"),
    "out-of-bounds": ("out-of-bounds", "bounds-damage"),
}
"""Of what the simulator calls a fault: kind and code of the finding."""
