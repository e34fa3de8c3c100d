"""01/05 Data in the arguments: lists of every length, oracle, launches and hints."""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch

from kbk.grade import BITS, Case, Exercise, Gate, Host, Write, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Data in the arguments",
    kind="build",
    stars=2,
    minutes=25,
    points=15,
    functions=("copy_to_gpu_no_ce",),
    task="Carry a list from the CPU to the GPU in the arguments of launches, 1,020 values in each.",
    hints=(
        "A kernel takes a struct by value, and a struct can hold an array. The launch copies it; "
        "the kernel reads its own copy.",
        "`struct Values { int32_t at[kCapacity]; };`. In `store_all`, a loop fills a `Values` from "
        "the next values of the list and launches. The last one is seldom full: pass its count, "
        "and let the kernel stop there.",
        "`for (int64_t first = 0; first < n; first += kCapacity)`; in it, `count = std::min(n - "
        "first, kCapacity)`, `std::copy(input + first, input + first + count, values.at)` and a "
        "launch of `store_values(out + first, count, values)`, which takes `const Values values`.",
    ),
    reuses=("00/02: the index and its bound", "00/03: the last part is not full"),
    sources=(
        "https://github.com/sgl-project/sglang/issues/32507",
        "https://developer.nvidia.com/blog/cuda-12-1-supports-large-kernel-parameters/",
    ),
    stub=("every length", "uninitialized"),
    mutants={
        "rounds_up_and_writes_past_the_end": "every length",
        "one_launch_of_all": "every length",
        "capacity_of_64": "every length",
        "last_chunk_stale": "every length",
        "launches_for_nothing": "launches",
        "one_launch_too_many": "launches",
        "launches_of_32_kilobytes": "launches",
        "grid_of_0_for_no_values": "every length",
        "kernel_reads_the_cpu": "every length",
        "host_stores": "every length",
        "copies_after_all": "every length",
    },
    is_copy=True,
)

CAPACITY = 1020
LENGTHS = (0, 1, 64, 72, 1023, 1024, 1025, 8190, 65536)
EDGES = (CAPACITY - 1, CAPACITY, CAPACITY + 1, 2 * CAPACITY, 2 * CAPACITY + 1)


def carry(rng: random.Random, n: int, at: int = 0, **options: object) -> Case:
    """A case of n values; the output begins `at` elements into its storage and does not end it."""
    listed = values.bits(rng, n, dtype=torch.int32)
    out = torch.empty(n + at + 8, dtype=torch.int32)[at : at + n]
    return Case(
        "copy_to_gpu_no_ce", Host(listed, "input"), Write(out, "output"),
        expect=lambda: listed, tol=BITS, label=f"N = {n:,}", **options,
    )  # fmt: skip


@EXERCISE.check("every length", points=8)
def every_length(rng: random.Random) -> Iterator[Case]:
    for n in LENGTHS + EDGES:
        yield carry(rng, n)
    for n in (5, 1500):
        yield carry(rng, n, at=3)


@EXERCISE.check("launches", points=5)
def launches(rng: random.Random) -> Iterator[Case]:
    for n in LENGTHS + EDGES:
        yield carry(rng, n, launches=-(-n // CAPACITY))


WHY = "(Arguments by value are no loads. These read the memory of the CPU.)"


@EXERCISE.check("no memory copy", points=2)
def no_memory_copy(rng: random.Random) -> Iterator[Case]:
    for n in (72, 8190):
        loads = n // CAPACITY * -(-CAPACITY // 32) + -(-(n % CAPACITY) // 32)
        gates = (Gate("requests_ld", target=0, baseline=loads, of="kernel_reads_the_cpu", why=WHY),)
        yield carry(rng, n, copies=0, gates=gates)
