"""What runs in the process in which a submission is compiled and run (made by kbk.grade.server).

It reads the job (JSON), reports facts (kbk.grade.channel), and knows neither expected values nor
verdicts.
"""

from __future__ import annotations

import json
import mmap
import signal
import sys
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kbk.errors import BuildError
from kbk.grade import plain
from kbk.grade.calls import Call, Places, measured, named
from kbk.grade.sandbox import Sandbox

Emit = Callable[..., None]


def main(folder: str, emit: Emit, arena: int | None, refused: str = "") -> None:
    """Run the job and report.

    Args:
        folder: where it may write; the job is the file ``job.json`` in it.
        emit: reports (kbk.grade.channel).
        arena: descriptor of the memory that holds inputs and outputs (kbk.grade.arena), or None.
        refused: why there are no namespaces here, if the server knows.
    """
    job = json.loads((Path(folder) / "job.json").read_text())
    job["arena"] = arena
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
            facts = {"kind": "exception", "text": named(error), "line": _line(error, job["file"])}
            emit("end", index=case["index"], error=facts)
    return True


def _out_of_time(number: int, frame: object) -> None:
    raise TimeoutError


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
        emit("build-failed", text=named(error), line=_line(error, job["file"]))
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
    reference = None
    if "reference" in job:

        def not_built(event: str, **_: Any) -> None:
            emit("cannot", text=f"the reference could not be built here ({event}).")

        reference = _built({**job, **job["reference"]}, False, not_built)
        if reference is None:
            return False
    lines.start(walls.cache, walls.shed)
    emit("isolation", text=walls.lock())
    for module in (*modules.values(), *([reference] if reference else [])):
        module.build(job["machine"])
    emit("built")
    shared = mmap.mmap(job["arena"], job["arena_bytes"])
    if reference is not None:
        from kbk.grade import timing

        return timing.run(job, modules[False], reference, shared, emit)
    places = Places(job)
    fenced = job["strict"] and job["machine"] == "cpu"
    for case in job["cases"]:
        emit("begin", index=case["index"])
        call = Call(case, shared, job["machine"])
        # Every second case in another order of threads, warps and blocks.
        sim.settings(seed=job["seed"] + case["index"] if case["index"] % 2 else None)
        if fenced:
            sim.fence(call.in_place)
        facts = measured(modules[bool(case["trace"])], case, call, places)
        if fenced:
            sim.fence()
        call.finish()
        emit("end", index=case["index"], **facts)
        if facts.get("error", {}).get("kind") == "hang":
            break
    if places.known:
        emit("lines", lines=places.lines())
    return True


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
