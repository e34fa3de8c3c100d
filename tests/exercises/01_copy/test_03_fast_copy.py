"""01/03 The fast copy that crashes: every tail and offset, oracle, gates and hints."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

import torch

from kbk.grade import BITS, Case, Exercise, Gate, Read, Write, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="The fast copy that crashes",
    kind="fix",
    stars=2,
    minutes=20,
    points=15,
    functions=("fast_copy",),
    task="Mend a copy by 16-byte vectors: it loses elements at the end, and crashes on slices.",
    hints=(
        "A vector of 16 bytes fits only where its address is a multiple of 16. What lies before "
        "the first such address, and after the last whole vector, has to move by elements.",
        "In `launch_copy`, compare the two addresses modulo 16. Where they differ, no shift brings "
        "both onto a multiple of 16: copy all by elements. Where they agree, count the elements up "
        "to the next multiple: the head. Give the ends threads of their own, after those of the "
        "vectors.",
        "`before = (16 - to % 16) % 16 / sizeof(T)`, `head = to % 16 == from % 16 && before < n ? "
        "before : n`, `vectors = (n - head) * sizeof(T) / 16`. Thread `vectors + e` copies element "
        "`e` while that is in the head, and then element `e + vectors * 16 / sizeof(T)`.",
    ),
    reuses=("00/03: threads for what no whole block covers",),
    sources=(
        "https://github.com/flashinfer-ai/flashinfer/issues/2526",
        "https://github.com/xlite-dev/LeetCUDA/issues/294",
        "https://docs.nvidia.com/cuda/archive/12.9.1/cuda-c-programming-guide/index.html"
        "#size-and-alignment-requirement",
    ),
    stub=("every tail", "uninitialized"),
    mutants={
        "one_element_a_thread": "16 bytes a lane",
        "aligns_the_source_only": "every offset",
        "reads_past_the_end": "every tail",
        "head_copied_twice": "written once",
        "tail_copied_twice": "written once",
        "assumes_a_base_of_16": "every offset",
        "head_in_bytes": "every offset",
        "alignment_to_8_bytes": "every offset",
        "ends_in_words_of_4_bytes": "every tail",
        "slices_by_elements": "16 bytes a lane in slices",
    },
    is_copy=True,
)

DTYPES = (torch.float32, torch.bfloat16)


def copy(
    rng: random.Random, n: int, dtype: torch.dtype, x_at: int = 0, out_at: int = 0, gates=()
) -> Case:
    """A case whose tensors begin `x_at` and `out_at` elements after a multiple of 16 bytes."""
    x = values.bits(rng, x_at + n, dtype=dtype)[x_at:]
    out = torch.empty(out_at + n, dtype=dtype)[out_at:]
    label = f"n = {n}, {str(dtype)[6:]}, x[{x_at}:] to out[{out_at}:]"
    return Case(
        "fast_copy", Write(out, "out"), Read(x, "x"),
        expect=lambda: x, tol=BITS, label=label, gates=gates,
    )  # fmt: skip


@EXERCISE.check("their test", points=0)
def their_test(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        yield copy(rng, 4096, dtype)


@EXERCISE.check("every tail", points=4)
def every_tail(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        for n in (0, 1, 2, 3, 4, 7, 8, 31, 33, 1000, 1001, 1002, 1003, 4096, 4099):
            yield copy(rng, n, dtype)


@EXERCISE.check("every offset", points=5)
def every_offset(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        unit = 16 // dtype.itemsize  # elements a vector: the offsets that differ
        for x_at, out_at in product(range(unit), range(unit)):
            for n in (rng.randint(0, 2 * unit), unit * rng.choice((8, 100)) + rng.randrange(8)):
                yield copy(rng, n, dtype, x_at, out_at)


def few_requests(n: int, dtype: torch.dtype, of: str) -> tuple[Gate, ...]:
    """A request for each 512 bytes, and two for the ends; a copy by elements makes one for 32."""
    most, each = -(-n * dtype.itemsize // 512) + 2, -(-n // 32)
    return tuple(
        Gate(counter, target=most, baseline=each, of=of, leeway=2)
        for counter in ("requests_ld", "requests_st")
    )


@EXERCISE.check("16 bytes a lane", points=3, gate=True)
def sixteen_bytes_a_lane(rng: random.Random) -> Iterator[Case]:
    for dtype, n in product(DTYPES, (4096, 4099, 10_001)):
        yield copy(rng, n, dtype, gates=few_requests(n, dtype, "one_element_a_thread"))


@EXERCISE.check("written once", points=1, gate=True)
def written_once(rng: random.Random) -> Iterator[Case]:
    for dtype, at in product(DTYPES, range(8)):
        end = "head" if at * dtype.itemsize % 16 else "tail"
        gate = Gate("writes_per_element_max", target=1, baseline=2, of=f"{end}_copied_twice")
        yield copy(rng, 1003, dtype, at, at, gates=(gate,))


@EXERCISE.check("16 bytes a lane in slices", points=2, gate=True)
def slices(rng: random.Random) -> Iterator[Case]:
    for dtype, at in product(DTYPES, (1, 2, 3, 7)):
        yield copy(rng, 4099, dtype, at, at, gates=few_requests(4099, dtype, "slices_by_elements"))
