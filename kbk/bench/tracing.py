"""What it costs to watch a launch with every tool at once: the sanitizer, its history and counters.

``make bench`` runs this as ``python -m kbk.bench.tracing``. Launches are timed by the simulator's
own clock, on tensors as the pages have them. The plain build uses the cores that it always uses,
the traced one has one.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

import kbk
from kbk.bench.simulator import Line
from kbk.ops._family import FUNCTIONS, family
from kbk.paths import REPOSITORY
from kbk.profiler import MOST_REQUESTS, counted
from kbk.sanitizer import history
from kbk.sanitizer.memory import announce, call_arguments, library

TIMES, SECONDS = 15, 2.0
"""Bars: over the plain build, median of `kernels/`; and for each of three shapes of the course."""

ELEMENTS = 1 << 14
ROUNDS = 9
SHAPES = {
    "silu 64 x 4096": "silu_and_mul",
    "lightning attention b=1 h=64 d=e=96": "attention_held",
    "top-k, histogram of one row of 65,536": "radix_histogram",
}
"""Kernels of that shape until the chapters have theirs: tests/kbk/profile/corpus/chapters.cu."""


def book_calls() -> list[tuple[str, Any, tuple[Any, ...]]]:
    """Name, module and arguments of a call of every op of `kernels/`, on tensors of 64 KiB."""
    calls = []
    for name in FUNCTIONS["copy"]:
        x = torch.randn(ELEMENTS)
        arguments: tuple[Any, ...] = (torch.empty_like(x), x)
        if name == "copy_to_gpu_no_ce":
            x = torch.arange(8190, dtype=torch.int32)
            arguments = (x, torch.empty_like(x))
        if name == "copy_in_flight":
            arguments += (4, 128, 8, True)
        calls.append((name, family("copy"), arguments))
    for name in FUNCTIONS["ceilings"]:
        calls.append((name, family("ceilings"), ceiling_arguments(name)))
    return calls


def ceiling_arguments(name: str) -> tuple[Any, ...]:
    """Tensors of 64 KiB and a grid for an op of `kernels/ceilings.cu`."""
    x = torch.randint(-(2**31), 2**31, (ELEMENTS,), dtype=torch.int32)
    out, small = torch.empty_like(x), torch.empty(2048 * 256, dtype=torch.int32)
    before: dict[str, tuple[Any, ...]] = {
        "read_only": (small, x),
        "two_to_one": (out, x, x.flip(0)),
        "one_to_one": (out, x),
        "write_only": (out, 0x5EED5EED),
    }
    return (*before[name], 4, 256, 4)


def shape_calls() -> list[tuple[str, Any, tuple[Any, ...]]]:
    """The three shapes that the course will have."""
    assert REPOSITORY is not None, "the sources are in the repository"
    source = (REPOSITORY / "tests/kbk/profile/corpus/chapters.cu").read_text()
    module = kbk.load_inline("bench_chapters", cuda_sources=source, functions=list(SHAPES.values()))
    half = torch.bfloat16
    heads, d = 64, 96
    arguments: list[tuple[Any, ...]] = [
        (torch.zeros(64, 4096, dtype=half), torch.randn(64, 8192).to(half)),
        (
            torch.zeros(heads, d, dtype=half),
            torch.zeros(heads, d, d),
            *(torch.randn(heads, d).to(half) for _ in range(3)),
            torch.randn(heads, d, d),
            torch.linspace(0.01, 1.0, heads),
        ),
        (torch.zeros(256, dtype=torch.int32), torch.randn(65536)),
    ]
    return [(name, module, each) for name, each in zip(SHAPES, arguments, strict=True)]


def watched_call(module: Any, function: str, values: tuple[Any, ...]) -> None:
    """One call under all tools, as `kbk.sanitize` and `kbk.profile` start them."""
    twin = module._twin()
    op = getattr(twin, function)
    declared = op.overload._schema.arguments
    values += tuple(each.default_value for each in declared[len(values) :])
    runtime = library()
    runtime.kbk_sim_watch_begin()
    arguments = call_arguments("profile", twin, op, values)
    for argument in arguments:
        announce(argument)
    runtime.kbk_sim_sanitize(1)
    history.start()
    counted.start(arguments, MOST_REQUESTS)
    try:
        op(*values)
    finally:
        counted.take()
        history.discard()
        runtime.kbk_sim_sanitize(0)
        runtime.kbk_sim_findings()
        runtime.kbk_sim_watch_end()


def launch_seconds(run: Callable[[], object]) -> float:
    """Median seconds of the launch that a call ends with, after one call that warms up."""
    run()
    taken = []
    for _ in range(ROUNDS):
        run()
        taken.append(kbk.sim.last_launch_seconds())
    return statistics.median(taken)


def main() -> int:
    ratios, lines = [], []
    for name, module, values in book_calls():
        plain = launch_seconds(partial(getattr(module, name), *values))
        watched = launch_seconds(partial(watched_call, module, name, values))
        ratios.append(watched / plain)
        lines.append(Line(f"{name}: all tools / plain", ratios[-1], "x"))
    lines.append(Line("all tools / plain, median", statistics.median(ratios), "x", TIMES))
    for name, module, values in shape_calls():
        watched = launch_seconds(partial(watched_call, module, SHAPES[name], values))
        lines.append(Line(name, watched, "s", SECONDS))
    print(f"{'a launch under every tool':<44}{'measured':>12} {'':<10}{'bar':<10}")
    for line in lines:
        print(line.text())
    return 0 if all(line.kept for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
