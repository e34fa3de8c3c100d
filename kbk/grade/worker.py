"""What runs in the process in which a submission is compiled and run (made by kbk.grade.server).

It reads the job (JSON), reports facts, one JSON object a line, and knows neither expected values
nor verdicts.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import signal
import sys
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbk.errors import BuildError
from kbk.grade import plain
from kbk.grade.sandbox import Sandbox

if TYPE_CHECKING:
    from torch import Tensor

    from kbk.sanitizer.tensors import Argument

Emit = Callable[..., None]

_IN_PLACE = 64 << 20  # bytes above which the simulator makes no guarded copy (kbk/guarded.h)
_MOST_PLACES = 64
"""Accesses of which it is told how much of a counter they have: those with the most."""


def main(folder: str, events: int, arena: int | None, refused: str = "") -> None:
    """Run the job and report.

    Args:
        folder: where it may write; the job is the file ``job.json`` in it.
        events: descriptor to report on.
        arena: descriptor of the memory that holds inputs and outputs (kbk.grade.arena), or None.
        refused: why there are no namespaces here, if the server knows.
    """
    job = json.loads((Path(folder) / "job.json").read_text())
    job["arena"] = arena
    out = os.fdopen(events, "w", buffering=1)
    os.set_inheritable(out.fileno(), False)

    def emit(event: str, **facts: Any) -> None:
        out.write(json.dumps({"event": event, **facts}) + "\n")

    try:
        walls = _sandbox(job, folder)
        walls.refused = refused
        walls.enter()
        walls.begin()
    except BuildError as error:  # no cache: not the learner's fault
        emit("cannot", text=str(error))
        return
    except OSError as error:  # it worked when the server tried
        emit("cannot", text=f"the sandbox cannot be made: {error}; KBK_SANDBOX=plain does without.")
        return
    emit("isolation", text=walls.described)  # once more when all of them stand
    run = _run_python if job["language"] == "py" else _run_cuda
    if run(job, emit, walls):
        emit("done")


def _sandbox(job: dict[str, Any], folder: str) -> Sandbox:
    language = job["language"]
    wanted = "limits" if job["machine"] == "cuda" else job["sandbox"]
    cache = ""
    if language == "cu":
        from kbk.build.cache import cache_dir

        cache = str(cache_dir())
    return Sandbox(folder, cache, language, wanted, tuple(job["hidden"]))


def _run_python(job: dict[str, Any], emit: Emit, walls: Sandbox) -> bool:
    emit("isolation", text=walls.lock())
    functions = _python_functions(job, emit)
    if functions is None:
        return False
    emit("built")
    signal.signal(signal.SIGALRM, _out_of_time)
    for case in job["cases"]:
        emit("begin", index=case["index"])
        try:
            signal.setitimer(signal.ITIMER_REAL, job["seconds"])
            value = functions[case["function"]](*[plain.decode(each) for each in case["args"]])
            signal.setitimer(signal.ITIMER_REAL, 0)
            emit("end", index=case["index"], value=plain.encode(value))
        except TimeoutError:
            emit("end", index=case["index"], error={"kind": "hang", "text": "", "line": None})
            return True
        except BaseException as error:
            signal.setitimer(signal.ITIMER_REAL, 0)
            facts = {"kind": "exception", "text": _named(error), "line": _line(error, job["file"])}
            emit("end", index=case["index"], error=facts)
    return True


def _out_of_time(number: int, frame: object) -> None:
    raise TimeoutError


def _named(error: BaseException) -> str:
    return plain.printable(f"{type(error).__name__}: {error}"[:2000].rstrip(": "))


def _line(error: BaseException, file: str) -> int | None:
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == file]
    return frames[-1].lineno if frames else None


def _python_functions(job: dict[str, Any], emit: Emit) -> dict[str, Any] | None:
    module = types.ModuleType("answers")
    try:
        sys.modules["answers"] = module  # dataclasses look there
        code = compile(job["source"], job["file"], "exec", dont_inherit=True)
        exec(code, module.__dict__)
    except SyntaxError as error:
        emit("build-failed", text=f"{error.msg}", line=error.lineno)
        return None
    except BaseException as error:
        emit("build-failed", text=_named(error), line=_line(error, job["file"]))
        return None
    for name in job["functions"]:
        if not callable(getattr(module, name, None)):
            emit("build-failed", text=f"the file must define the function {name}", line=None)
            return None
    return {name: getattr(module, name) for name in job["functions"]}


def _run_cuda(job: dict[str, Any], emit: Emit, walls: Sandbox) -> bool:
    from kbk import sim
    from kbk.build import machines
    from kbk.grade.isolation import compiler, lines

    sim.settings(time_limit=job["seconds"])
    machines.build_apart(compiler.apart(walls))
    modules = {}
    for traced in sorted({bool(case["trace"]) for case in job["cases"]} or {False}):
        module = _built(job, traced, emit)
        if module is None:
            return False
        modules[traced] = module
    lines.start(walls.cache, walls.shed)
    emit("isolation", text=walls.lock())
    for module in modules.values():
        module.build(job["machine"])
    emit("built")
    shared = mmap.mmap(job["arena"], job["arena_bytes"])
    places = _Places(job)
    fenced = job["strict"] and job["machine"] == "cpu"
    for case in job["cases"]:
        emit("begin", index=case["index"])
        call = _Call(case, shared, job["machine"])
        # Every second case in another order of threads, warps and blocks.
        sim.settings(seed=job["seed"] + case["index"] if case["index"] % 2 else None)
        if fenced:
            sim.fence(call.in_place)
        facts = _measured(modules[bool(case["trace"])], case, call, places)
        if fenced:
            sim.fence()
        call.finish()
        emit("end", index=case["index"], **facts)
        if facts.get("error", {}).get("kind") == "hang":
            break
    if places.known:
        emit("lines", lines=places.lines())
    return True


class _Places:
    """The accesses that counters are about: at the end of the job, all lines are looked up at once.

    Attributes:
        known: library and offset by `pc`; a job has one traced library.
        sources: the text of the submission by its file's name.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self.sources = {f"{job['name']}.cu": job["source"]}
        self.known: dict[int, tuple[str, int, str]] = {}

    def lines(self) -> dict[int, int]:
        """Line of the submission by `pc`, of those that have one."""
        from kbk.sanitizer import places

        for library in {each[0] for each in self.known.values()}:
            places.prefetch(library, (at for here, at, _ in self.known.values() if here == library))
        found = {}
        for pc, (library, offset, kernel) in self.known.items():
            place = places.place(library, offset, self.sources, kernel)
            if place.file in self.sources and place.line is not None:
                found[pc] = place.line
        return found


def _built(job: dict[str, Any], traced: bool, emit: Emit) -> Any:
    """The module, built and looked at; nothing of it has run."""
    from kbk import errors
    from kbk.build.module import PLAIN, Module
    from kbk.build.request import make_request
    from kbk.grade import symbols

    try:
        # Not kbk.load_inline, which takes torch's C++ API too: an exercise is not solved by at::.
        request = make_request(
            job["name"], "", job["source"], job["functions"], None, None, None, False
        )
        module = Module(request, variant="traced" if traced else PLAIN)
        library = module._library(job["machine"])
        refused = symbols.refused(library) if job["strict"] and job["machine"] == "cpu" else []
        if refused:
            emit("forbidden", symbols=refused)
            return None
        return module
    except (errors.CompileError, errors.UnsupportedError, errors.ArgumentError) as error:
        emit(
            "build-failed",
            text=str(error)[:8000],
            line=getattr(error, "line", None),
            file=getattr(error, "file", None),
        )
    except errors.BuildError as error:  # no compiler, no disk, no cache: not the learner's fault
        emit("cannot", text=str(error))
    return None


def _told(number: int, argument: dict[str, Any], tensor: Tensor) -> Argument:
    """An argument as the counters know it: by the grader's name, not by the submission's."""
    from kbk.sanitizer.memory import argument_of

    role = argument["role"]
    return argument_of(argument["name"], tensor, role == "host", role == "write", number)


class _Call:
    """The arguments of a case, on the machine that runs it.

    Attributes:
        arguments: of the call, in order.
        names: the tensors among them.
        told: the same as the counters know them; empty where nothing is counted.
        in_place: address and bytes of those that a call uses where they are.
    """

    def __init__(self, case: dict[str, Any], shared: mmap.mmap, machine: str) -> None:
        import torch

        self._storages = case["memory"]["storages"]
        self._shared = [self._bytes(shared, each) for each in self._storages]
        self._moved: dict[int, Tensor] = {}
        self.arguments: list[Any] = []
        self.names: dict[str, Tensor] = {}
        self.told: list[Argument] = []
        self.in_place: list[tuple[int, int]] = []
        for index, argument in enumerate(case["args"]):
            if not isinstance(argument, dict) or "role" not in argument:
                self.arguments.append(plain.decode(argument))
                continue
            view = case["memory"]["views"][str(index)]
            raw = self._shared[view["storage"]]
            if machine == "cuda" and argument["role"] != "host":
                raw = self._on_gpu(view["storage"])
            tensor = torch.empty(0, dtype=getattr(torch, view["dtype"]), device=raw.device)
            tensor.set_(raw.untyped_storage(), view["offset"], view["shape"], view["strides"])
            self.arguments.append(tensor)
            self.names[argument["name"]] = tensor
            if argument["role"] != "host" and raw.numel() > _IN_PLACE and raw.device.type == "cpu":
                pages = -(-raw.numel() // mmap.PAGESIZE) * mmap.PAGESIZE
                self.in_place.append((raw.data_ptr(), pages))
            if case["trace"]:
                self.told.append(_told(index, argument, tensor))

    @staticmethod
    def _bytes(shared: mmap.mmap, storage: dict[str, Any]) -> Tensor:
        import torch

        if storage["nbytes"] == 0:
            return torch.empty(0, dtype=torch.uint8)
        return torch.frombuffer(
            shared, dtype=torch.uint8, count=storage["nbytes"], offset=storage["start"]
        )

    def _on_gpu(self, index: int) -> Tensor:
        import torch

        if index not in self._moved:
            raw = self._shared[index]
            moved = torch.zeros(raw.numel(), dtype=torch.uint8, device="cuda")
            part = self._part(index)
            moved[part] = raw[part].to("cuda")
            self._moved[index] = moved
        return self._moved[index]

    def _part(self, index: int) -> slice:
        return slice(self._storages[index]["low"], self._storages[index]["high"])

    def finish(self) -> None:
        """Bring back what a GPU wrote."""
        for index, moved in self._moved.items():
            part = self._part(index)
            self._shared[index][part] = moved[part].cpu()


def _measured(module: Any, case: dict[str, Any], call: _Call, places: _Places) -> dict[str, Any]:
    """Call the submission; return the launches and the counters, or the error."""
    import torch

    from kbk import errors, sim

    op = getattr(module, case["function"])
    facts: dict[str, Any] = {}
    copies = sim.copies()
    with sim.launch_log() as launches, contextlib.ExitStack() as stack:
        if case["trace"]:
            from kbk.profiler import counted

            counted.start(call.told, most_requests=0)
            stack.callback(counted.stop)
        if case.get("writers"):
            from kbk.sanitizer import history

            history.start()
            stack.callback(history.stop)
        try:
            result = op(*call.arguments)
            if any(each.is_cuda for each in call.names.values()):
                torch.cuda.synchronize()
            if result is not None:
                facts["error"] = {"kind": "returned", "text": "the function must return nothing"}
        except errors.LaunchError as error:
            facts["error"] = {
                "kind": error.kind,
                "text": str(error)[:8000],
                "line": error.line,
                "file": error.file,
            }
        except errors.ArgumentError as error:
            facts["error"] = {"kind": "argument", "text": str(error)[:8000]}
        except Exception as error:
            facts["error"] = {"kind": "exception", "text": _named(error)}
    if call.arguments and not any(each.is_cuda for each in call.names.values()):
        facts["launches"] = [
            {"kernel": each.kernel, "grid": each.grid, "block": each.block} for each in launches
        ]
        facts["copies"] = sim.copies() - copies
    if case["trace"] and "error" not in facts:
        facts |= _counts(case, call, places)
    if case.get("writers") and "error" not in facts:
        from kbk.grade import writers

        facts["writers"] = writers.told(case["writers"], call.names, places.sources)
    return facts


def _counts(case: dict[str, Any], call: _Call, places: _Places) -> dict[str, Any]:
    """The counters that were asked for, and which accesses have how much of them."""
    from kbk.grade.counters import Counts, counter
    from kbk.profiler import counted, metrics

    launches = counted.take()
    counts = Counts(launches, call.told)
    facts: dict[str, Any] = {"counters": {}, "places": {}, "stored": counts.stored()}
    for name in case["counters"]:
        wanted = counter(name)
        values = counts.values(wanted)
        if values is None:
            continue
        facts["counters"][name] = values
        facts["places"][name] = counts.places(wanted)[:_MOST_PLACES] if sum(values) else []
    told = {pc for places in facts["places"].values() for pc, _ in places}
    for launch in launches:
        for pc in told & set(metrics.parts(launch.sums)["pc"].tolist()):
            places.known[pc] = (launch.library, launch.code + pc, launch.kernel)
    return facts
