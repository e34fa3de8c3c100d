"""Compiles a submission in a process that is nobody; what it made is taken over by another.

The child runs compilers over a text of the learner's, with the limits of a job. It cannot write
to the build cache where that is another user's. No line of a submission runs in either process.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kbk import errors
from kbk.grade.sandbox import Sandbox

_REFUSED = (errors.CompileError, errors.UnsupportedError, errors.ArgumentError)


def apart(sandbox: Sandbox) -> Callable[[Callable[[Path], None], Path], None]:
    """What `kbk.build.machines.build_apart` takes: a build runs in a child of its own."""

    def run(build: Callable[[Path], None], folder: Path) -> None:
        if not sandbox.other_user():  # it would be as we are
            return build(folder)
        scratch = Path(sandbox.folder) / f"build-{uuid.uuid4().hex[:12]}"
        scratch.mkdir()
        sandbox.own(str(scratch))
        told = _in_child(sandbox, build, scratch)
        if told.get("ok"):
            _take_over(scratch, folder)
            shutil.rmtree(scratch, ignore_errors=True)
            return
        text = str(told.get("text", "the process that compiles ended early."))
        if told.get("refused"):
            raise errors.CompileError(text, file=told.get("file"), line=told.get("line"))
        if told.get("full"):
            raise errors.DiskFullError(text)
        raise errors.BuildError(text)

    return run


def _in_child(sandbox: Sandbox, build: Callable[[Path], None], scratch: Path) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        told: dict[str, Any] = {}
        try:
            sandbox.shed()
            build(scratch)
            told = {"ok": True}
        except errors.BuildError as error:
            told = {
                "text": str(error),
                "refused": isinstance(error, _REFUSED),
                "full": isinstance(error, errors.DiskFullError),
                "file": getattr(error, "file", None),
                "line": getattr(error, "line", None),
            }
        except BaseException:
            told = {"text": traceback.format_exc()}
        finally:
            with os.fdopen(writing, "w") as file:
                json.dump(told, file)
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    os.waitpid(child, 0)
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _take_over(source: Path, target: Path) -> None:
    """Copy files and folders; nothing else is taken, no link is followed."""
    for each in os.scandir(source):
        mode = each.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            (target / each.name).mkdir(exist_ok=True)
            _take_over(Path(each.path), target / each.name)
        elif stat.S_ISREG(mode):
            shutil.copyfile(each.path, target / each.name, follow_symlinks=False)
