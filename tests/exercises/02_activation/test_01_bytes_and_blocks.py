"""02/01 Bytes and blocks: settings, kernels that write and load by them, and hints.

What is right is read from the trace of those kernels: which thread stores which column, how many
bytes all threads ask for, and which blocks store.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from kbk.grade import Ask, Exercise, Probe
from kbk.grade.probe import Rows, Traced
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Bytes and blocks",
    kind="predict",
    stars=1,
    minutes=12,
    points=10,
    functions=("columns", "redone", "min_bytes", "active_blocks"),
    task="Say which threads write each column of a row, how many columns are written twice, how "
    "many bytes must move, and how many blocks work.",
    hints=(
        "Draw one small row: d = 22, vec = 4, 2 threads. Mark the vectors with the thread that "
        "takes them, then mark from where on the second loop works.",
        "In `columns`, a block never has more threads than the row has whole vectors. The first "
        "loop covers `d // vec * vec` columns; the second begins at `d - d % (threads * vec)`. In "
        "`active_blocks`, a block counts if its first element exists.",
        "Column c belongs to vector `c // vec`, thread `c // vec % threads`; in the second loop to "
        "thread `(c - rest) % threads`. `redone` counts the tuples without a -1. Blocks round up: "
        "`-(-n // 256)`, and the fixed grid has no more than 132.",
    ),
    reuses=("00/03: the last block is not full", "01/03: the tail behind the last vector"),
    sources=(
        "https://github.com/flashinfer-ai/flashinfer/blob/2c9d1c368f82ea1a768f7343ab0d2c69d5e94d77"
        "/include/flashinfer/activation.cuh",
    ),
    stub=("columns", "wrong-answer"),
    mutants={
        "rest_behind_the_vectors": "columns",
        "neighbouring_vectors": "columns",
        "rest_goes_on_after_the_vectors": "columns",
        "row_of_vectors": "columns",
        "block_of_any_size": "redone",
        "counts_the_true_tail": "redone",
        "never_less_than_a_block": "redone",
        "counts_the_output_twice": "min_bytes",
        "one_token": "min_bytes",
        "halves_of_4_bytes": "min_bytes",
        "vectors_of_4": "active_blocks",
        "rounds_down": "active_blocks",
        "counts_launched_blocks": "active_blocks",
        "blocks_of_a_row": "active_blocks",
    },
)

PROBE = Probe(
    "activation",
    r"""
// A row of 2-byte elements: whole vectors, then what is left of the block's turns.
template <typename Word>
__global__ void write_row(short* out, int64_t d) {
  const int64_t vec = sizeof(Word) / 2;
  for (int64_t v = threadIdx.x; v < d / vec; v += blockDim.x)
    reinterpret_cast<Word*>(out)[v] = Word{};
  const int64_t left = d % (blockDim.x * vec);
  for (int64_t i = threadIdx.x; i < left; i += blockDim.x) out[d - left + i] = 0;
}

// settings: d, vec, and the most threads of a block.
void write_rows(Tensor out, const HostTensor& settings) {
  const int64_t* s = static_cast<const int64_t*>(settings.data_ptr());
  short* to = static_cast<short*>(out.data_ptr());
  for (int64_t i = 0; i < settings.size(0); ++i, s += 3) {
    const int64_t threads = std::min(s[0] / s[1], s[2]);
    switch (s[1]) {
      case 2: write_row<unsigned><<<1, threads>>>(to, s[0]); break;
      case 4: write_row<uint2><<<1, threads>>>(to, s[0]); break;
      default: write_row<uint4><<<1, threads>>>(to, s[0]); break;
    }
  }
}

// The fused kernel, a thread an element; what it computes does not matter here.
template <typename T>
__global__ void fused(T* out, const T* x, int64_t tokens, int64_t d) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= tokens * d) return;
  const T* row = x + i / d * 2 * d;
  out[i] = T(row[i % d] + row[d + i % d]);
}

// settings: tokens, d, bytes of an element.
void move_all(Tensor out, const Tensor& x, const HostTensor& settings) {
  const int64_t* s = static_cast<const int64_t*>(settings.data_ptr());
  void* to = out.data_ptr();
  const void* from = x.data_ptr();
  for (int64_t i = 0; i < settings.size(0); ++i, s += 3) {
    const int64_t blocks = s[0] * s[1] / 256 + 1;
    if (s[2] == 4)
      fused<<<blocks, 256>>>(static_cast<int*>(to), static_cast<const int*>(from), s[0], s[1]);
    else
      fused<<<blocks, 256>>>(static_cast<short*>(to), static_cast<const short*>(from), s[0], s[1]);
  }
}

// A block a row.
__global__ void by_token(uint4* out, int64_t tokens, int64_t vectors) {
  if (blockIdx.x >= tokens) return;
  for (int64_t v = threadIdx.x; v < vectors; v += blockDim.x) out[blockIdx.x * vectors + v] = {};
}

template <typename Word>
__global__ void by_word(Word* out, int64_t words) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < words; i += step)
    out[i] = Word{};
}

// settings: tokens, d, and the number of the scheme.
void store_all(Tensor out, const HostTensor& settings) {
  const int64_t* s = static_cast<const int64_t*>(settings.data_ptr());
  void* to = out.data_ptr();
  for (int64_t i = 0; i < settings.size(0); ++i, s += 3) {
    const int64_t elements = s[0] * s[1], vectors = elements / 8;
    switch (s[2]) {
      case 0: by_token<<<s[0] + 1, 64>>>(static_cast<uint4*>(to), s[0], s[1] / 8); break;
      case 1: by_word<<<elements / 256 + 1, 256>>>(static_cast<short*>(to), elements); break;
      case 2: by_word<<<vectors / 256 + 1, 256>>>(static_cast<uint4*>(to), vectors); break;
      default: by_word<<<132, 256>>>(static_cast<uint4*>(to), vectors); break;
    }
  }
}
""",
    ["write_rows", "move_all", "store_all"],
)

SETTINGS = 100
DTYPES = {"float32": 4, "float16": 2, "bfloat16": 2}
SCHEMES = ("token", "element", "vector", "stride")
WIDEST = 28672
MOST_BYTES = 1 << 20  # of out

Setting = tuple[Any, ...]


def small_rows(rng: random.Random) -> Iterator[Setting]:
    """Rows that can be drawn, in blocks of 1 to 40 threads."""
    yield from ((22, 4, 2), (8, 8, 32), (9, 8, 32), (64, 2, 16), (96, 8, 8), (100, 8, 5))
    for _ in range(SETTINGS - 6):
        vec = 2 << rng.randrange(3)
        yield rng.randint(vec, 100), vec, rng.choice((rng.randint(1, 12), 4, 8, 16, 40))


def rows(rng: random.Random) -> Iterator[Setting]:
    """Rows of models, and of any width."""
    for d in (14336, 11008, 13824, WIDEST, 4096, 3420):
        yield d, 8, 1024
        yield d, 4, 1024
    for _ in range(SETTINGS - 12):
        vec, threads = 2 << rng.randrange(3), rng.choice((32, 128, 256, 512, 1024))
        most = min(5 * vec * threads, 20_000)
        yield rng.randint(vec, most), vec, threads


def batches(rng: random.Random) -> Iterator[Setting]:
    """Few tokens, many tokens, and none."""
    yield from ((1, 14336, "bfloat16"), (4, 14336, "float16"), (1, 14336, "float32"))
    yield from ((0, 64, "float16"), (1, 1, "float32"))
    for _ in range(SETTINGS - 5):
        tokens = rng.choice((rng.randint(0, 6), rng.randint(6, 90)))
        yield tokens, rng.randint(1, 4000 // max(tokens, 1)), rng.choice([*DTYPES])


def grids(rng: random.Random) -> Iterator[Setting]:
    """Each scheme as often; for a grid of fixed size also more work than a turn of it."""
    yield from ((1, 14336, scheme) for scheme in SCHEMES)
    yield from ((0, 64, "vector"), (1, 8, "stride"), (40, 11008, "stride"), (36, 14336, "stride"))
    yield from ((2, 1024, "vector"), (2, 1032, "vector"), (33, 8, "element"), (256, 8, "token"))
    for at in range(SETTINGS - 12):
        tokens = rng.randint(0, 20)
        yield tokens, 8 * rng.randint(1, 12_000 // 8 // max(tokens, 1)), SCHEMES[at % 4]


def numbers(drawn: Sequence[Setting], names: Sequence[str] = ()) -> torch.Tensor:
    """Settings for a probe: a name as its number, or as bytes of that dtype."""
    last = [names.index(s[2]) if names else DTYPES.get(s[2], s[2]) for s in drawn]
    return torch.tensor([(a, b, c) for (a, b, _), c in zip(drawn, last, strict=True)])


def out() -> torch.Tensor:
    """Memory for every setting."""
    return torch.zeros(MOST_BYTES // 2, dtype=torch.int16)


def stored(launch: Traced) -> Iterator[tuple[int, Rows, int]]:
    """Each request that stores: the first thread of its warp, the columns by lane, how many."""
    for row in launch.stores("out"):
        active = row["lanes"] >> np.arange(32, dtype=np.uint32) & 1 == 1
        first = np.where(active, row["address"].astype(np.int64) // 2, -1)
        yield 32 * int(row["warp"]), first, int(row["bytes"]) // 2


def drawing(launch: Traced) -> list[tuple[int, int, int]]:
    """(column, thread in the first loop, thread in the second), told apart by the width."""
    threads: dict[int, list[int]] = {}
    for first_thread, begins, wide in stored(launch):
        for lane in np.flatnonzero(begins >= 0).tolist():
            for column in range(begins[lane], begins[lane] + wide):
                threads.setdefault(column, [-1, -1])[wide == 1] = first_thread + lane
    return [(column, *threads[column]) for column in sorted(threads)]


def twice(launch: Traced) -> int:
    """The columns that are stored to more than once."""
    times = np.zeros(MOST_BYTES, dtype=np.int64)
    for _, begins, wide in stored(launch):
        for k in range(wide):
            np.add.at(times, begins[begins >= 0] + k, 1)
    return int((times > 1).sum())


def moved(launch: Traced) -> int:
    """Bytes that all threads ask for."""
    asked = 0
    for row in [*launch.loads("x"), *launch.stores("out")]:
        asked += int(row["bytes"]) * int(row["lanes"]).bit_count()
    return asked


def working(launch: Traced) -> int:
    """The blocks with a store to out."""
    requests = launch.stores("out")
    inside = (requests["address"] < MOST_BYTES).all(1)
    return len(np.unique(requests["block"][inside]))


@EXERCISE.check("columns", points=4)
def columns(rng: random.Random) -> Iterator[Ask]:
    def call(drawn: Sequence[Setting]) -> tuple[Any, ...]:
        return out(), numbers(drawn)

    yield from PROBE.asks("columns", small_rows(rng), runs="write_rows", call=call, answer=drawing)


@EXERCISE.check("redone", points=2)
def redone(rng: random.Random) -> Iterator[Ask]:
    def call(drawn: Sequence[Setting]) -> tuple[Any, ...]:
        return out(), numbers(drawn)

    yield from PROBE.asks("redone", rows(rng), runs="write_rows", call=call, answer=twice)


@EXERCISE.check("min_bytes", points=2)
def min_bytes(rng: random.Random) -> Iterator[Ask]:
    def call(drawn: Sequence[Setting]) -> tuple[Any, ...]:
        return out(), torch.zeros(MOST_BYTES // 2, dtype=torch.int16), numbers(drawn)

    yield from PROBE.asks("min_bytes", batches(rng), runs="move_all", call=call, answer=moved)


@EXERCISE.check("active_blocks", points=2)
def active_blocks(rng: random.Random) -> Iterator[Ask]:
    def call(drawn: Sequence[Setting]) -> tuple[Any, ...]:
        return out(), numbers(drawn, SCHEMES)

    yield from PROBE.asks("active_blocks", grids(rng), runs="store_all", call=call, answer=working)
