"""Builds one file and runs its cases, in a process of its own: `python -m kbk.upstream.worker FD`.

The job comes as JSON on standard input: key of the target, file, folders, seed, seconds of a
launch, and what an earlier process has already begun. What happens goes as lines of JSON to the
descriptor FD: what has begun is told before it is done, so that whoever reads knows what a crash
was in.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kbk.errors import (
    ArgumentError,
    BuildError,
    CompileError,
    KbkError,
    LaunchError,
    UnsupportedError,
)
from kbk.upstream.case import Call, Case, Target

if TYPE_CHECKING:
    from kbk.build.module import Module
    from kbk.sanitizer.history import Launch
    from kbk.upstream.check import Mistake

Emit = Callable[..., None]

PHASES = ("plain", "reordered", "checked", "counted")
"""A call as it is; in another order of threads, warps and blocks; under kbk.sanitize; profiled."""


def main() -> None:
    """Do the job that standard input has."""
    job = json.load(sys.stdin)
    with os.fdopen(int(sys.argv[1]), "w", buffering=1) as events:

        def emit(event: str, **facts: Any) -> None:
            events.write(json.dumps({"event": event, **facts}) + "\n")

        _Worker(job, emit).run()
        emit("done")


class _Worker:
    """One target and its module."""

    def __init__(self, job: dict[str, Any], emit: Emit) -> None:
        from kbk.upstream.targets import choose

        (self._target,) = choose([job["key"]])
        self._job = job
        self._emit = emit
        self._begun = {(phase, name) for phase, name in job["begun"]}

    def run(self) -> None:
        """Build, then every case in every phase."""
        from kbk import sim

        sim.settings(time_limit=job_seconds(self._job))
        module = self._build()
        if module is None:
            return
        for case in self._target.cases:
            with self._phase("plain", case) as facts:
                if facts is not None:
                    facts |= _outcome(module, self._target, case, self._call(case))
        for case in self._target.cases:
            with self._phase("reordered", case) as facts:
                if facts is not None:
                    facts |= self._reordered(module, case)
        if self._traced(module):
            for case in self._target.cases:
                if case.sanitize:
                    with self._phase("checked", case) as facts:
                        if facts is not None:
                            facts |= _checked(module, self._target, case, self._call(case))
            with self._phase("counted", self._target.profiled) as facts:
                if facts is not None:
                    facts |= _counted(module, self._target, self._call(self._target.profiled))

    @contextlib.contextmanager
    def _phase(self, phase: str, case: Case) -> Iterator[dict[str, Any] | None]:
        """Tells of beginning and end; gives None if an earlier process has begun this."""
        if (phase, case.name) in self._begun:
            yield None
            return
        facts: dict[str, Any] = {}
        self._emit("begin", phase=phase, case=case.name)
        begin = time.perf_counter()
        yield facts
        facts["seconds"] = round(time.perf_counter() - begin, 3)
        self._emit("end", phase=phase, case=case.name, **facts)

    def _call(self, case: Case) -> Call:
        """The call of a case: the same in each phase, whatever ran before."""
        import torch

        seed = zlib.crc32(f"{self._job['seed']} {case.name}".encode())
        return case.make(torch.Generator().manual_seed(seed))

    def _reordered(self, module: Module, case: Case) -> dict[str, Any]:
        from kbk import sim

        sim.settings(seed=self._job["seed"] + 1)
        try:
            return _outcome(module, self._target, case, self._call(case))
        finally:
            sim.settings(seed=None)

    def _build(self) -> Module | None:
        import kbk
        from kbk.upstream.targets import FLAGS

        begin = time.perf_counter()
        try:
            module = kbk.load(
                self._target.name,
                [self._job["file"]],
                functions=list(self._target.functions),
                extra_cuda_cflags=list(FLAGS),
                extra_include_paths=self._job["folders"],
            )
            module.build("cpu")
        except UnsupportedError as error:
            self._stop("unsupported", error, error.file, error.line)
        except CompileError as error:
            self._stop("compile-error", error, error.file, error.line)
        except (BuildError, ArgumentError) as error:
            self._stop("compile-error", error, None, None)
        else:
            self._emit("built", variant="plain", seconds=round(time.perf_counter() - begin, 2))
            return module
        return None

    def _stop(self, verdict: str, error: KbkError, file: str | None, line: int | None) -> None:
        self._emit("stopped", verdict=verdict, text=str(error), file=file, line=line)

    def _traced(self, module: Module) -> bool:
        """Whether the second build, which the simulator can watch, is there."""
        begin = time.perf_counter()
        try:
            module._twin()
        except KbkError as error:
            self._emit("untraced", text=str(error))
            return False
        self._emit("built", variant="traced", seconds=round(time.perf_counter() - begin, 2))
        return True


def job_seconds(job: dict[str, Any]) -> float:
    """Seconds that a launch may take."""
    return float(job["launch_seconds"])


def _arguments(module: Module, target: Target, case: Case, call: Call) -> tuple[Any, ...]:
    """The arguments, and those that later commits of the file have behind them."""
    names = getattr(module, case.function).__signature__.parameters
    return (*call.arguments, *(value for name, value in target.later.items() if name in names))


def _outcome(module: Module, target: Target, case: Case, call: Call) -> dict[str, Any]:
    """What became of a call: outcome, text, mistakes."""
    try:
        getattr(module, case.function)(*_arguments(module, target, case, call))
    except LaunchError as error:
        outcome = error.kind if error.kind in ("hang", "crash") else "launch-error"
        return {"outcome": outcome, "text": str(error)}
    except (KbkError, RuntimeError, TypeError, ValueError) as error:
        if case.refuses:
            return {"outcome": "right", "text": ""}
        return {"outcome": "refused", "text": f"{error}"}
    if case.refuses:
        return {"outcome": "refused", "text": "it took arguments that it must refuse"}
    mistakes = _mistakes(call)
    if not mistakes:
        return {"outcome": "right", "text": ""}
    return {
        "outcome": "wrong-answer",
        "text": "; ".join(each.text for each in mistakes),
        "mistakes": [asdict(each) for each in mistakes],
    }


def _mistakes(call: Call) -> list[Mistake]:
    return [found for each in call.outputs if (found := each.check(each.tensor)) is not None]


def _checked(module: Module, target: Target, case: Case, call: Call) -> dict[str, Any]:
    """What kbk.sanitize found, and who wrote what is wrong."""
    import kbk

    returned = False
    told_by_plain = contextlib.suppress(KbkError, RuntimeError, TypeError, ValueError)
    with told_by_plain, kbk.sanitize(raise_on_error=False) as s:
        getattr(module, case.function)(*_arguments(module, target, case, call))
        returned = True
    findings = [
        {
            **{
                name: getattr(each, name)
                for name in ("kind", "code", "severity", "kernel", "file", "line")
            },
            "other_file": each.other_file,
            "other_line": each.other_line,
            "message": "\n".join(_without_source(each.message)),
            "excerpts": each.message,
            "count": each.count,
        }
        for each in s.findings
        if each.code != "unwritten-output"  # every `at::Tensor` may be written; oracles know which
    ]
    writers = _writers(s.launches, call) if returned else []
    return {"findings": findings, "writers": writers}


def _without_source(message: str) -> Iterator[str]:
    """A finding's lines but those of the source, which stand eight spaces to the right."""
    return (line for line in message.splitlines() if not line.startswith(" " * 8))


def _writers(launches: list[Launch], call: Call) -> list[dict[str, Any]]:
    """Of each wrong element that is told of, who wrote it."""
    found = []
    for output in call.outputs:
        mistake = output.check(output.tensor)
        for wrong in mistake.worst if mistake is not None else ():
            if len(wrong.index) == output.tensor.dim():
                told = _writer(launches, output.tensor, wrong.index)
                found.append({"output": output.name, "index": wrong.index, "writer": told})
    return found


def _writer(launches: list[Launch], tensor: Any, index: tuple[int, ...]) -> str:
    """In words, from kbk.explain: of the last launch that wrote the element."""
    import kbk

    text = ""
    for launch in reversed(launches):
        try:
            told = kbk.explain(launch, tensor, index)
        except ArgumentError:
            continue
        text = text or told.headline
        if told.writes:
            last = told.writes[-1]
            at = f", at {last.file}:{last.line}" if last.file else ""
            return f"{last}{at}"
    return text


def _counted(module: Module, target: Target, call: Call) -> dict[str, Any]:
    """The counters of each launch of the profiled call."""
    import kbk
    from kbk.upstream.counters import COUNTERS

    with kbk.profile(most_requests=0, most_records=0) as p:
        getattr(module, target.profiled.function)(
            *_arguments(module, target, target.profiled, call)
        )
    return {
        "launches": [
            {
                "kernel": each.kernel,
                "grid": list(each.grid),
                "block": list(each.block),
                "metrics": {name: each.metrics[name] for name in COUNTERS.values()},
            }
            for each in p.launches
        ]
    }


if __name__ == "__main__":
    main()
