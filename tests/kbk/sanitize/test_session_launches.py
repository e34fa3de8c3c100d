"""Launches that fail or never end, and locals without a value, inside `with kbk.sanitize()`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from session_sources import HOST, HOST_OPS, LOCALS_RIGHT, LOCALS_WRONG

import kbk
from kbk import sim
from kbk.errors import ArgumentError, SanitizerError

N = 64
X = torch.ones(N)
COMPILERS = [name for name in ("g++", "clang++", "clang++-14") if shutil.which(name)]


@pytest.fixture(scope="module")
def host() -> Any:
    return kbk.load_inline("host", cuda_sources=HOST, functions=HOST_OPS)


def findings(op: Callable[..., Any], *values: Any) -> list[Any]:
    with kbk.sanitize(raise_on_error=False) as s:
        op(*values)
    return s.findings


def line_of(text: str, source: str = HOST) -> int:
    (line,) = (n for n, each in enumerate(source.split("\n"), 1) if text in each)
    return line


@pytest.mark.parametrize(
    ("threads", "nbytes", "says"),
    [
        (0, 256, "no dimension may be 0"),
        (2048, 256, "the block is (2048, 1, 1); the limits are (1024, 1024, 64)"),
        (N, 1 << 20, "1048576 bytes of dynamic shared memory; the limit is 49152"),
    ],
)
def test_a_launch_that_cannot_be_is_an_error_at_its_line(
    host: Any, threads: int, nbytes: int, says: str
) -> None:
    (only,) = findings(host.configure, torch.zeros(N), X, threads, nbytes)
    assert (only.kind, only.severity, only.kernel) == ("launch", "error", "staged")
    assert (only.file, only.line) == ("host.cu", line_of("staged<<<1, threads, bytes>>>"))
    assert says in only.message


def test_dynamic_shared_memory_ends_at_its_last_byte(host: Any) -> None:
    assert findings(host.configure, torch.zeros(N), X, N, 4 * N) == []
    (only,) = findings(host.configure, torch.zeros(N), X, N, 4 * N - 4)
    assert (only.code, only.where, only.thread) == ("bounds-shared", "tile[63]", (63, 0, 0))


def test_an_attribute_that_is_refused_and_not_asked_for_is_an_error(host: Any) -> None:
    assert findings(host.opt_in, torch.zeros(N), X, 60000) == []
    (only,) = findings(host.opt_in, torch.zeros(N), X, 1 << 20)
    assert (only.kind, only.severity) == ("launch", "error")
    assert "cudaFuncSetAttribute: 1048576 bytes" in only.message


def test_an_error_that_the_host_function_handles_is_a_warning(host: Any) -> None:
    out = torch.zeros(2048)
    (only,) = findings(host.falls_back, out, torch.ones(2048), 2048)
    assert (only.kind, only.severity) == ("launch", "warning")
    assert "the host function asked for the error and went on" in only.message
    assert bool((out == 2).all())


def test_an_error_that_the_host_function_reports_is_reported_and_found(host: Any) -> None:
    assert findings(host.asks, torch.zeros(N), X, N) == []
    with pytest.raises(ArgumentError, match="the launch failed"), kbk.sanitize() as s:
        host.asks(torch.zeros(N), X, 2048)
    assert [(each.kind, each.severity) for each in s.findings] == [("launch", "error")]


def test_a_launch_without_end_says_who_waits_where(host: Any) -> None:
    with (
        sim.settings(time_limit=1.0),
        pytest.raises(SanitizerError) as caught,
        kbk.sanitize() as s,
    ):
        host.hang(torch.zeros(32), torch.zeros(1))
    (only,) = s.findings
    assert (only.kind, only.line) == ("hang", line_of("while (threadIdx.x >= 8"))
    barrier = line_of("__syncthreads")
    message = str(caught.value)
    assert f"threads 0 to 7 of block (0,0,0) wait in __syncthreads at host.cu:{barrier}" in message
    assert "still running after 1 s" in message


SCRIPT = """
import json, sys, torch, kbk
module = kbk.load_inline("locals_of", cuda_sources=sys.stdin.read(), functions=["run"])
with kbk.sanitize(raise_on_error=False) as s:
    module.run(torch.zeros(32), torch.ones(4))
print(json.dumps([[each.severity, each.code, each.line, str(each)] for each in s.findings
    if each.severity != "info"]))
"""


@pytest.mark.parametrize("compiler", COMPILERS)
def test_the_compiler_sees_locals_without_a_value_and_blames_no_right_one(compiler: str) -> None:
    def told(source: str) -> list[Any]:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            input=source,
            cwd=Path(kbk.__file__).parents[1],
            env={**os.environ, "CXX": compiler},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return list(json.loads(done.stdout))

    lines = [n for n, line in enumerate(LOCALS_WRONG.split("\n"), 1) if "@bug" in line]
    found = told(LOCALS_WRONG)
    assert {(severity, code) for severity, code, _, _ in found} == {
        ("warning", "uninitialized-local")
    }
    assert {line for _, _, line, _ in found} <= set(lines)
    assert lines[0] in {line for _, _, line, _ in found}
    assert "sum += x[0];" in next(text for _, _, line, text in found if line == lines[0])
    assert told(LOCALS_RIGHT) == []
