"""01/01 Sectors: settings, kernels that load by them, and hints.

What is right is read from the trace of those kernels: which bytes each lane loads, and how many
requests its warp makes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from kbk.grade import Ask, Exercise, Probe
from kbk.grade.probe import Traced
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Sectors",
    kind="predict",
    stars=1,
    minutes=15,
    points=10,
    functions=("strip", "sectors", "requests"),
    task="Say which sectors each lane of a warp touches, how many its warp touches, and how many "
    "requests load n elements.",
    hints=(
        "A sector is 32 bytes wherever the lanes are: its number is the address divided by 32, "
        "rounded down. Lanes that lie in the same sector share it.",
        "In `strip`, a lane begins at `offset + lane * stride_bytes`, and its last byte is "
        "`access_bytes - 1` further: the two may lie in different sectors. In `sectors`, put the "
        "numbers of `strip` into a set. In `requests`, first count the warps that load vectors.",
        "`len({s for _, first, last in strip(...) for s in range(first, last + 1)})` counts the "
        "sectors. The requests are the warps of `n // vec` threads, times the loads of a thread "
        "(`vec * elem_bytes // 16`, at least 1), plus one if `n % vec` is not 0.",
    ),
    sources=(
        "https://docs.nvidia.com/cuda/cuda-c-best-practices-guide/#coalesced-access-to-global-memory",
    ),
    stub=("strip", "wrong-answer"),
    mutants={
        "ignores_offset": "strip",
        "lines_of_128": "strip",
        "forgets_straddling": "strip",
        "sectors_as_floats": "strip",
        "always_four": "sectors",
        "counts_lanes": "sectors",
        "tail_in_the_last_vector": "requests",
        "one_load_of_any_width": "requests",
    },
)

PROBE = Probe(
    "sectors",
    r"""
template <typename Word>
__global__ void load_words(unsigned* out, const char* x, int64_t stride, int64_t words) {
  unsigned sum = 0;
  for (int64_t w = 0; w < words; ++w) {
    const Word word = reinterpret_cast<const Word*>(x + threadIdx.x * stride)[w];
    for (int b = 0; b < int(sizeof(Word)); ++b) sum += reinterpret_cast<const char*>(&word)[b];
  }
  if (sum == 1) out[0] = sum;  // x is all zeros
}

void load_warp(unsigned* out, const char* x, int64_t stride, int64_t size, int64_t offset) {
  const bool aligned = stride % size == 0 && offset % size == 0;
  x += offset;
  if (aligned && size == 16) load_words<uint4><<<1, 32>>>(out, x, stride, 1);
  else if (aligned && size == 8) load_words<uint2><<<1, 32>>>(out, x, stride, 1);
  else if (aligned && size == 4) load_words<unsigned><<<1, 32>>>(out, x, stride, 1);
  else if (aligned && size == 2) load_words<unsigned short><<<1, 32>>>(out, x, stride, 1);
  else load_words<char><<<1, 32>>>(out, x, stride, size);
}

// settings: stride, size and offset. 32 lanes, each `size` bytes, `stride` bytes apart, from byte
// `offset` on; in one load if that is a multiple of the size, else by bytes.
void load_lanes(Tensor out, const Tensor& x, const HostTensor& settings) {
  const int64_t* s = static_cast<const int64_t*>(settings.data_ptr());
  for (int64_t i = 0; i < settings.size(0); ++i, s += 3)
    load_warp(static_cast<unsigned*>(out.data_ptr()), static_cast<const char*>(x.data_ptr()), s[0],
              s[1], s[2]);
}

// `vec` elements a thread, in words of at most 16 bytes, and then what is left.
template <typename Element, typename Word>
__global__ void load_elements(unsigned* out, const Element* x, int64_t n, int64_t vec) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  const int64_t words = vec * sizeof(Element) / sizeof(Word);
  unsigned sum = 0;
  if (i < n / vec)
    for (int64_t w = 0; w < words; ++w) {
      const Word word = reinterpret_cast<const Word*>(x)[i * words + w];
      sum += reinterpret_cast<const char*>(&word)[0];
    }
  if (i < n % vec) sum += unsigned(x[n - n % vec + i]);
  if (sum == 1) out[0] = sum;  // x is all zeros
}

template <typename Element>
void launch_loads(unsigned* out, const void* x, int64_t n, int64_t vec) {
  const Element* from = static_cast<const Element*>(x);
  const int64_t blocks = n / vec / 128 + 1;
  switch (vec * sizeof(Element)) {
    case 1: return load_elements<Element, char><<<blocks, 128>>>(out, from, n, vec);
    case 2: return load_elements<Element, short><<<blocks, 128>>>(out, from, n, vec);
    case 4: return load_elements<Element, int><<<blocks, 128>>>(out, from, n, vec);
    case 8: return load_elements<Element, uint2><<<blocks, 128>>>(out, from, n, vec);
    default: return load_elements<Element, uint4><<<blocks, 128>>>(out, from, n, vec);
  }
}

// settings: n, bytes of an element, vec.
void load_all(Tensor out, const Tensor& x, const HostTensor& settings) {
  const int64_t* s = static_cast<const int64_t*>(settings.data_ptr());
  unsigned* to = static_cast<unsigned*>(out.data_ptr());
  for (int64_t i = 0; i < settings.size(0); ++i, s += 3) switch (s[1]) {
      case 1: launch_loads<char>(to, x.data_ptr(), s[0], s[2]); break;
      case 2: launch_loads<short>(to, x.data_ptr(), s[0], s[2]); break;
      case 4: launch_loads<int>(to, x.data_ptr(), s[0], s[2]); break;
      default: launch_loads<long long>(to, x.data_ptr(), s[0], s[2]); break;
    }
}
""",
    ["load_lanes", "load_all"],
)

SETTINGS = 300
MOST_ELEMENTS = 5000
KNOWN = [
    (4, 4, 0),
    (4, 4, 4),
    (2, 2, 0),
    (16, 16, 0),
    (64, 4, 0),
    (0, 4, 0),
    (12, 12, 8),
    (1, 1, 31),
]


def settings(rng: random.Random) -> Iterator[tuple[int, int, int]]:
    """Strides 0 to 256, accesses of 1 to 16 bytes, offsets 0 to 255; half are loads of a GPU."""
    yield from KNOWN
    for i in range(SETTINGS - len(KNOWN)):
        size = 1 << rng.randrange(5) if i % 2 else rng.randint(1, 16)
        unit = size if i % 2 else 1  # a load of a power of two, at a multiple of its size
        yield rng.randint(0, 256 // unit) * unit, size, rng.randrange(0, 256, unit)


def sizes(rng: random.Random) -> Iterator[tuple[int, int, int]]:
    """Elements, bytes of one, and elements a thread."""
    for n in (0, 1, 31, 32, 33, 4096):
        yield n, 4, 4
    for _ in range(SETTINGS - 6):
        yield rng.randint(0, MOST_ELEMENTS), 1 << rng.randrange(4), 1 << rng.randrange(5)


def call(drawn: Sequence[tuple[Any, ...]]) -> tuple[torch.Tensor, ...]:
    """An output, zeros to load, and the settings."""
    x = torch.zeros(8 * MOST_ELEMENTS, dtype=torch.uint8)
    return torch.zeros(1, dtype=torch.int32), x, torch.tensor(drawn)


def ends(launch: Traced) -> tuple[np.ndarray, np.ndarray]:
    """Sectors of the first and the last byte of every load, [requests, 32 lanes]."""
    rows = launch.loads("x")
    first = rows["address"].astype(np.int64)
    return first // 32, (first + rows["bytes"][:, None] - 1) // 32


def drawing(launch: Traced) -> list[tuple[int, int, int]]:
    """(lane, first sector, last sector) of all that each lane loads."""
    first, last = ends(launch)
    low, high = first.min(0).tolist(), last.max(0).tolist()
    return [(lane, low[lane], high[lane]) for lane in range(32)]


def different(launch: Traced) -> int:
    """The sectors that the warp loads from."""
    return len(np.unique(np.concatenate([each.ravel() for each in ends(launch)])))


def made(launch: Traced) -> int:
    """The requests that load x."""
    return len(launch.loads("x"))


@EXERCISE.check("strip", points=4)
def strip(rng: random.Random) -> Iterator[Ask]:
    yield from PROBE.asks("strip", settings(rng), runs="load_lanes", call=call, answer=drawing)


@EXERCISE.check("sectors", points=3)
def sectors(rng: random.Random) -> Iterator[Ask]:
    yield from PROBE.asks("sectors", settings(rng), runs="load_lanes", call=call, answer=different)


@EXERCISE.check("requests", points=3)
def requests(rng: random.Random) -> Iterator[Ask]:
    yield from PROBE.asks("requests", sizes(rng), runs="load_all", call=call, answer=made)
