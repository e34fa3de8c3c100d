"""03/01 Partners: settings, kernels that rotate by them, and hints.

What is right is read from the trace of those kernels: which element the owner of another one loads,
where it lies, the sectors of the table that its warps ask for. What a rotation makes of a unit
vector, 2 for the cosine and 3 for the sine, is told by the place of a store.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from kbk.grade import Ask, Exercise, Probe
from kbk.grade.probe import Traced, lanes
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Partners",
    kind="predict",
    stars=1,
    minutes=15,
    points=10,
    functions=("flow", "partner", "offset", "table_sectors"),
    task="Say which elements of a head turn together, where they lie in a view, and how many "
    "sectors of the table are loaded for them.",
    hints=(
        "A layout says who pairs with whom, strides say where that is, and a scheme says how often "
        "an angle is loaded. None of them follows from another.",
        "Half of what turns is `rotary // 2`, whatever head_dim is. An offset is a sum of three "
        "products, one for each stride. For `table_sectors`, list what the lanes of each request "
        "load: the pair of element i is `i % half`, and eight floats are a sector.",
        "`i + half if i < half else i - half`, or `i + 1 if i % 2 == 0 else i - 1`. For each 32 "
        "entries of that list, `len({pair // 8 for pair in entries})` sectors, twice, for cosines "
        'and sines; then times tokens, and times all heads unless the scheme is "token".',
    ),
    reuses=("01/01: sectors of a request count once", "01/06: a view of a wider tensor"),
    sources=("https://arxiv.org/abs/2104.09864",),
    stub=("flow", "wrong-answer"),
    mutants={
        "sign_of_the_other_layout": "flow",
        "turned_backwards": "flow",
        "pair_number_as_element": "flow",
        "half_of_the_head": "partner",
        "always_neox": "partner",
        "all_of_the_head_turns": "partner",
        "partner_as_float": "partner",
        "head_stride_of_head_dim": "offset",
        "tokens_side_by_side": "offset",
        "q_heads_alone": "table_sectors",
        "table_for_every_head": "table_sectors",
        "twice_for_every_element": "table_sectors",
        "heads_of_a_group_share": "table_sectors",
    },
)

PROBE = Probe(
    "partners",
    r"""
// The two elements of a pair.
__device__ int first_of(int pair, int rotary, bool neox) { return neox ? pair : 2 * pair; }
__device__ int second_of(int pair, int rotary, bool neox) {
  return neox ? pair + rotary / 2 : 2 * pair + 1;
}
__device__ void rotate(float& a, float& b, float c, float s) {
  const float first = a * c - b * s;
  b = b * c + a * s;
  a = first;
}

// A thread a pair. The owner of element i loads it, and then what it needs beside it.
__global__ void load_pair(float* out, const float* x, int i, int rotary, bool neox) {
  const int pair = threadIdx.x;
  const int a = first_of(pair, rotary, neox), b = second_of(pair, rotary, neox);
  if (2 * pair >= rotary || (a != i && b != i)) {
    if (i >= rotary && pair == 0) out[0] = x[i];  // it stays: nothing else is needed
    return;
  }
  float mine = x[i], other = x[a == i ? b : a];
  rotate(mine, other, 1.0f, 1.0f);
  out[0] = mine;
}
// settings: i, head_dim, rotary, neox.
void pairs(Tensor out, const Tensor& x, const HostTensor& settings) {
  const int64_t* s = static_cast<const int64_t*>(settings.data_ptr());
  for (int64_t n = 0; n < settings.size(0); ++n, s += 4)
    load_pair<<<1, (s[2] / 2 + 31) / 32 * 32>>>(out.mutable_data_ptr<float>(),
                                                x.const_data_ptr<float>(), s[0], s[2], s[3]);
}

__global__ void load_one(float* out, const float* x, int64_t token, int64_t head, int64_t element) {
  out[0] = x[threadIdx.x + token + head + element];
}
// settings: t, h, i, and three strides.
void places(Tensor out, const Tensor& x, const HostTensor& settings) {
  const int64_t* s = static_cast<const int64_t*>(settings.data_ptr());
  for (int64_t n = 0; n < settings.size(0); ++n, s += 6)
    load_one<<<1, 1>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), s[0] * s[3],
                       s[1] * s[4], s[2] * s[5]);
}

// Block: a warp. It has a head, or a token where `walks` heads follow each angle.
__global__ void turn_heads(float* out, const float* table, int heads, int rotary, bool by_pair,
                           int walks) {
  const int token = blockIdx.x / heads, half = rotary / 2;
  const float* row = table + token * rotary;
  float sum = 0.0f;
  for (int n = threadIdx.x; n < (by_pair ? half : rotary); n += 32) {
    const float c = row[n % half], s = row[half + n % half];
    for (int h = 0; h < walks; ++h) {
      float a = float(h), b = 1.0f;
      rotate(a, b, c, s);
      sum += a + b;
    }
  }
  if (sum == 1.25f) out[0] = sum;  // the table is all zeros
}
// settings: tokens, heads, rotary, scheme (0 element, 1 pair, 2 token).
void tables(Tensor out, const Tensor& table, const HostTensor& settings) {
  const int64_t* s = static_cast<const int64_t*>(settings.data_ptr());
  for (int64_t n = 0; n < settings.size(0); ++n, s += 4) {
    const int heads = s[3] == 2 ? 1 : s[1], walks = s[3] == 2 ? s[1] : 1;
    turn_heads<<<s[0] * heads, 32>>>(out.mutable_data_ptr<float>(), table.const_data_ptr<float>(),
                                     heads, s[2], s[3] > 0, walks);
  }
}

// Thread t rotates the unit vector t; what that adds to the pair's elements becomes a place.
__global__ void turn_units(char* out, int pair, int rotary, bool neox) {
  const int a = first_of(pair, rotary, neox), b = second_of(pair, rotary, neox);
  const int source = threadIdx.x;
  float x[128] = {};
  x[source] = 1.0f;
  for (int p = 0; p < rotary / 2; ++p)
    rotate(x[first_of(p, rotary, neox)], x[second_of(p, rotary, neox)], 2.0f, 3.0f);
  for (int target : {a, b})
    if (x[target] != 0.0f) out[(target * 128 + source) * 8 + int(x[target]) + 4] = 1;
}
// settings: pair, rotary, neox.
void units(Tensor out, const HostTensor& settings) {
  const int64_t* s = static_cast<const int64_t*>(settings.data_ptr());
  for (int64_t n = 0; n < settings.size(0); ++n, s += 3)
    turn_units<<<1, s[1]>>>(static_cast<char*>(out.data_ptr()), s[0], s[1], s[2]);
}
""",
    ["pairs", "places", "tables", "units"],
)

SETTINGS = 200
MOST_HEAD, MOST_PLACES = 512, 1 << 16
SCHEMES = ("element", "pair", "token")
FACTORS = {2: "cos", 3: "sin", -3: "-sin"}

Settings = Sequence[tuple[Any, ...]]


def pairs(rng: random.Random) -> Iterator[tuple[int, int, int, bool]]:
    """An element of a head, head_dim, rotary and layout: whole heads and parts by turns."""
    for turn in range(SETTINGS):
        rotary = 2 * rng.choice([1, 2, 3, 16, 32, 33, 40, 64, rng.randint(1, 128)])
        head_dim = rotary if turn % 3 == 0 else rotary + 2 * rng.randint(1, 64)
        i = rng.choice([rng.randrange(head_dim), rng.randrange(rotary), rotary // 2, rotary - 1])
        yield i, head_dim, rotary, turn % 2 == 0


def places(rng: random.Random) -> Iterator[tuple[int, int, int, tuple[int, ...], tuple[int, ...]]]:
    """Contiguous tensors, slices of wider rows, padded heads, and heads before tokens."""
    for turn in range(SETTINGS):
        tokens, heads = rng.randint(1, 8), rng.randint(1, 8)
        head_dim = rng.choice([2, 16, 64, 80, 128])
        if turn % 4 == 0:
            strides = (heads * head_dim, head_dim, 1)
        elif turn % 4 == 1:  # more heads behind these
            strides = ((heads + rng.randint(1, 16)) * head_dim, head_dim, 1)
        elif turn % 4 == 2:
            padded = head_dim + rng.randint(1, 64)
            strides = (heads * padded + rng.randint(0, 64), padded, 1)
        else:
            strides = (head_dim, tokens * head_dim, 1)
        shape = (tokens, heads, head_dim)
        t, h, i = (rng.randrange(size) for size in shape)
        yield t, h, i, shape, strides


def tables(rng: random.Random) -> Iterator[tuple[int, int, int, int, str]]:
    """Tokens, heads, rotary and scheme."""
    yield from [(1, 32, 8, 128, scheme) for scheme in SCHEMES]
    for turn in range(SETTINGS - 3):
        k_heads = rng.choice([1, 2, 3, 8])
        rotary = 16 * rng.choice([1, 2, 4, 5, 8, rng.randint(1, 16)])
        yield rng.randint(1, 4), rng.randint(1, 12), k_heads, rotary, SCHEMES[turn % 3]


def units(rng: random.Random) -> Iterator[tuple[int, int, bool]]:
    """A pair of a rotation."""
    for turn in range(SETTINGS):
        rotary = 2 * rng.randint(1, 32)
        yield rng.randrange(rotary // 2), rotary, turn % 2 == 0


def call_pairs(drawn: Settings) -> tuple[torch.Tensor, ...]:
    """An output, a head, the settings."""
    return torch.zeros(1), torch.zeros(MOST_HEAD), torch.tensor([list(map(int, s)) for s in drawn])


def call_places(drawn: Settings) -> tuple[torch.Tensor, ...]:
    """An output, memory for any view, the settings."""
    rows = [[t, h, i, *strides] for t, h, i, _, strides in drawn]
    return torch.zeros(1), torch.zeros(MOST_PLACES), torch.tensor(rows)


def call_tables(drawn: Settings) -> tuple[torch.Tensor, ...]:
    """An output, a table of zeros, the settings."""
    rows = [[t, q + k, rotary, SCHEMES.index(scheme)] for t, q, k, rotary, scheme in drawn]
    return torch.zeros(1), torch.zeros(4 * 256), torch.tensor(rows)


def call_units(drawn: Settings) -> tuple[torch.Tensor, ...]:
    """A place for every arrow, the settings."""
    rows = torch.tensor([list(map(int, s)) for s in drawn])
    return torch.zeros(128 * 128 * 8, dtype=torch.uint8), rows


def other(launch: Traced) -> int:
    """The element that the owner of another one loads last."""
    rows = launch.loads("x")
    ((lane,),) = lanes(rows[-1:])
    return int(rows["address"][-1, lane]) // 4


def place(launch: Traced) -> int:
    """Where the only load is."""
    ((address,),) = [row["address"][:1] for row in launch.loads("x")]
    return int(address) // 4


def loaded(launch: Traced) -> int:
    """The sectors that all requests for the table cost."""
    return int(launch.loads("table")["cost"].astype(int).sum())


def arrows(launch: Traced) -> list[tuple[int, int, str]]:
    """(to, from, factor), from where each unit vector left its mark."""
    rows = launch.stores("out")
    found = []
    for row, active in zip(rows, lanes(rows), strict=True):
        for lane in active:
            where, value = divmod(int(row["address"][lane]), 8)
            found.append((*divmod(where, 128), FACTORS[value - 4]))
    return sorted(found)


@EXERCISE.check("flow", points=3)
def flow(rng: random.Random) -> Iterator[Ask]:
    yield from PROBE.asks("flow", units(rng), runs="units", call=call_units, answer=arrows)


@EXERCISE.check("partner", points=2)
def partner(rng: random.Random) -> Iterator[Ask]:
    yield from PROBE.asks("partner", pairs(rng), runs="pairs", call=call_pairs, answer=other)


@EXERCISE.check("offset", points=2)
def offset(rng: random.Random) -> Iterator[Ask]:
    yield from PROBE.asks("offset", places(rng), runs="places", call=call_places, answer=place)


@EXERCISE.check("table_sectors", points=3)
def table_sectors(rng: random.Random) -> Iterator[Ask]:
    yield from PROBE.asks(
        "table_sectors", tables(rng), runs="tables", call=call_tables, answer=loaded
    )
