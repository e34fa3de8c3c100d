"""What a killed run left in the temporary folder goes with the next run; nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from kbk.grade import leftovers


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def gone() -> int:
    """The number of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def left(folder: Path, name: str, age: float = 7200.0) -> Path:
    made = folder / name
    made.mkdir()
    (made / "job.json").write_text("{}")
    os.utime(made, (time.time() - age,) * 2)
    return made


def test_a_folder_of_a_process_that_has_ended_is_removed(here: Path) -> None:
    old = left(here, f"kbk-grade-{gone()}-a1b2c3d4")
    leftovers.sweep()
    assert not old.exists()


def test_what_may_be_in_use_or_is_not_ours_stays(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = gone()
    stay = [
        left(here, f"kbk-grade-{os.getpid()}-alive"),
        left(here, f"kbk-grade-{dead}-young", age=60.0),
        left(here, f"kbk-other-{dead}-name"),
        left(here, "kbk-grade-0-group"),
    ]
    link = here / f"kbk-grade-{dead}-link"
    link.symlink_to(left(here, "elsewhere"))
    leftovers.sweep()
    assert all((each / "job.json").exists() for each in (*stay, link))
    theirs = left(here, f"kbk-grade-{dead}-theirs")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    leftovers.sweep()
    assert (theirs / "job.json").exists()
