"""Say on stderr what a slow build is doing: one short line a step, with the time it took.

KBK_PROGRESS=0 silences it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator

_PATIENCE = 3.0  # seconds after which a step that is usually quick says that it is at work


def say(text: str) -> None:
    """Print one line."""
    if os.environ.get("KBK_PROGRESS", "") != "0":
        print(f"kbk: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(text: str, slow: bool) -> Iterator[None]:
    """Time a step. A slow one prints a line when it is done; any other only when it takes long."""
    start = time.perf_counter()
    late = threading.Event()

    def speak() -> None:
        late.set()
        say(f"{text} ...")

    timer = threading.Timer(_PATIENCE, speak)
    timer.daemon = True
    if not slow:  # what precedes slow steps says so
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if slow or late.is_set():
        say(f"{text}: {time.perf_counter() - start:.1f} s")
