"""Compile time decides whether people go on: the project's bars, on the machine of the tests."""

from __future__ import annotations

import itertools
import os
import time
import timeit
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from build_helpers import SCALE

import kbk
from kbk.sim import trace

PLAIN = """
__global__ void twice_kernel(float* out, const float* x, int64_t n) {
  int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x;
  if (i < n) out[i] = 2 * x[i];
}
void twice(Tensor out, const Tensor& x) {
  twice_kernel<<<(x.numel() + 255) / 256, 256, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
"""

COLD = """
import time, torch, kbk
begin = time.perf_counter()
mod = kbk.load_inline("cold", cuda_sources='''{source}''', functions=["twice"])
seconds = time.perf_counter() - begin
x = torch.ones(3)
mod.twice(x, x)
assert x.tolist() == [2, 2, 2]
print(seconds)
"""

_edits = itertools.count()


def within(seconds: float, bar: float) -> None:
    """Fail above the bar, unless other work on this machine explains it."""
    cores = len(os.sched_getaffinity(0))
    if seconds > bar and os.getloadavg()[0] > cores:
        pytest.skip(
            f"{seconds:.2f} s of {bar} s, with {os.getloadavg()[0]:.1f} jobs on {cores} cores"
        )
    assert seconds <= bar


def seconds_to_build(
    source: str, function: str, times: int = 4, load: Callable[..., object] = kbk.load_inline
) -> float:
    """The best of several builds: other work on the machine is not ours."""
    best = float("inf")
    for _ in range(times):
        edited = f"{source}\nconstexpr int kEdit = {next(_edits)};\n"
        begin = time.perf_counter()
        load("speed", cuda_sources=edited, functions=[function])
        best = min(best, time.perf_counter() - begin)
    return best


def test_the_first_build_in_an_empty_cache_takes_twelve_seconds_and_shows_progress(
    python, tmp_path: Path
) -> None:
    done = python(COLD.format(source=PLAIN), KBK_CACHE=str(tmp_path / "empty"))
    assert done.returncode == 0, done.stderr
    said = done.stderr.splitlines()
    assert said[0] == "kbk: first build with this compiler: preparing headers and simulator"
    assert any(
        line.startswith("kbk: precompiled headers: ") and line.endswith(" s") for line in said
    )
    assert any(line.startswith("kbk: simulator: ") for line in said)
    within(float(done.stdout), 12)


def test_a_changed_kernel_builds_in_about_a_second() -> None:
    kbk.load_inline("speed", cuda_sources=PLAIN, functions=["twice"])
    within(seconds_to_build(PLAIN, "twice"), 1.2)


def test_a_changed_kernel_builds_as_fast_when_its_accesses_are_traced() -> None:
    def load(name: str, cuda_sources: str, functions: list[str]) -> object:
        return trace.load(name, cuda_sources, functions)

    load("speed", PLAIN, ["twice"])
    within(seconds_to_build(PLAIN, "twice", load=load), 1.2)


def test_three_changed_dtypes_build_in_two_seconds() -> None:
    within(seconds_to_build(SCALE, "scale"), 2)


def test_an_unchanged_source_loads_in_a_tenth_of_a_second(python) -> None:
    script = COLD.format(source=PLAIN)
    python(script)
    done = python(script)
    assert done.stderr == ""
    within(float(done.stdout), 0.1)


def test_a_call_costs_at_most_five_microseconds_more_than_torch_ops() -> None:
    mod = kbk.load_inline("scale", cuda_sources=SCALE, functions=["scale"])
    x = torch.empty(0)
    out = torch.empty(0)
    bare = getattr(torch.ops, mod.namespace).scale

    def cost(call) -> float:
        return min(timeit.repeat(call, number=5000, repeat=5)) / 5000

    ours = cost(lambda: mod.scale(out, x, 2.0))
    theirs = cost(lambda: bare(out, x, 2.0))
    within(ours - theirs, 5e-6)
