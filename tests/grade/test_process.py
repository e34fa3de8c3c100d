"""However grading ends, nothing of it goes on running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from kbk.grade import grade, process
from kbk.grade.server import descendants
from tests.grade.conftest import SCALE

ROOT = Path(__file__).resolve().parents[2]
HANG = SCALE.replace("  if (n == 0) return;\n", '  while (true) asm volatile("");\n')
SCRIPT = f"""
from kbk.grade import grade
from tests.grade.conftest import make_scale
print("begin", flush=True)
grade(make_scale(), {HANG!r})
"""


def marked(mark: str) -> list[int]:
    """Processes that carry the mark in the environment they were started with."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_grader_that_is_ended_leaves_no_process(end: signal.Signals) -> None:
    mark = f"KBK_TEST_MARK={uuid.uuid4().hex}"
    name, _, value = mark.partition("=")
    environment = {**os.environ, name: value, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, cwd=ROOT,
    ) as grader:  # fmt: skip
        assert grader.stdout is not None and grader.stdout.readline() == b"begin\n"
        deadline = time.monotonic() + 60
        while len(marked(mark)) < 3 and time.monotonic() < deadline:  # grader, server, worker
            time.sleep(0.05)
        assert len(marked(mark)) >= 3, "no worker ever ran: this test proves nothing"
        grader.send_signal(end)
        grader.wait(30)
    deadline = time.monotonic() + 10
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert marked(mark) == []


def test_a_submission_that_ends_the_process_above_it_gains_nothing(scale, loose) -> None:
    source = "#include <csignal>\n#include <unistd.h>\n" + SCALE.replace(
        "  if (n == 0) return;\n", "  kill(getppid(), SIGKILL);\n  if (n == 0) return;\n"
    )
    report = grade(scale, source)
    assert report.verdict == "crash" and report.earned < report.points
    assert grade(scale, SCALE).ok  # and the next one is graded


def test_a_worker_has_no_descriptor_of_the_grader_but_its_own(scale, loose) -> None:
    here = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(here, True)
    listing = (
        "  if (n == 32) for (int i = 3; i < 64; ++i) if (fcntl(i, F_GETFD) >= 0) {\n"
        '    char name[64], to[256]; snprintf(name, 64, "/proc/self/fd/%d", i);\n'
        "    ssize_t k = readlink(name, to, 255); to[k < 0 ? 0 : k] = 0;\n"
        '    printf("fd %s\\n", to); }\n'
    )
    source = "#include <cstdio>\n#include <fcntl.h>\n#include <unistd.h>\n" + SCALE.replace(
        "  if (n == 0) return;\n", listing + "  fflush(stdout);\n  if (n == 0) return;\n"
    )
    printed = grade(scale, source).printed
    os.close(here)
    assert "fd " in printed, "nothing was listed: this test proves nothing"
    assert "socket:" not in printed, printed


def test_servers_are_used_again_and_few_are_kept(scale) -> None:
    process.keep(0)  # a test that graded a class has asked for more
    process._pool.close()
    for _ in range(3):
        assert grade(scale, SCALE).ok
    idle = process._pool._idle
    assert 1 <= len(idle) <= 2
    assert all(descendants(server.process.pid) == [] for _, server in idle)
