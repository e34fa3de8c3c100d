"""Removes what a run that was killed left in the temporary folder of this machine."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import stat
import tempfile
import time
from pathlib import Path

from kbk.grade.sandbox import NOBODY

_NAME = re.compile(r"kbk-grade-([1-9]\d{0,9})-\w+")
_SECONDS = 1800.0  # longer than a job: processes of another container do not show here


@functools.cache
def sweep_once() -> None:
    """`sweep`, at a process's first job."""
    sweep()


def sweep() -> None:
    """Remove folders of jobs whose process has ended, if they are ours and nobody changed them.

    A folder goes if it belongs to this user (or, for root, to the user that jobs become), its
    process is gone, and nothing was put there for half an hour.
    """
    owners = {os.geteuid()} | ({NOBODY} if os.geteuid() == 0 else set())
    with contextlib.suppress(OSError):
        for each in Path(tempfile.gettempdir()).iterdir():
            name = _NAME.fullmatch(each.name)
            if name is None or _lives(int(name[1])):
                continue
            with contextlib.suppress(OSError):
                facts = each.lstat()
                old = time.time() - facts.st_mtime > _SECONDS
                if stat.S_ISDIR(facts.st_mode) and facts.st_uid in owners and old:
                    shutil.rmtree(each, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it is another user's, or no number of a process
        return True
    return True
