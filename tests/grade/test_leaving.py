"""How `kbk` ends while something still runs beside it: with its own status, and all put back."""

from __future__ import annotations

import subprocess
import sys
import time

PROGRAM = """
import atexit, sys, threading, time
import torch
from kbk import cli

atexit.register(print, "exit functions ran")
begun = threading.Event()

def endless():
    x = torch.ones(300, 300)
    while True:
        x @ x
        begun.set()

def short():
    begun.set()
    time.sleep(0.2)
    print("cleaned up")

def app():
    threading.Thread(target=%s, daemon=True).start()
    begun.wait()
    print("told", flush=False)
    sys.exit(%s)

cli.app, cli._LEAVING = app, %s
cli.main()
"""


def left(target: str, code: str, patience: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM % (target, code, patience)],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_thread_inside_torch_does_not_end_the_process_by_a_signal() -> None:
    done = left("endless", "'why'", 0.1)
    assert (done.returncode, done.stdout) == (1, "told\nexit functions ran\n")
    assert done.stderr == "why\n"


def test_what_cleans_up_is_waited_for() -> None:
    begin = time.monotonic()
    done = left("short", "130", 30.0)
    assert time.monotonic() - begin < 25
    assert done.returncode == 130
    assert done.stdout == "told\ncleaned up\nexit functions ran\n"
