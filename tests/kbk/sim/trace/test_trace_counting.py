"""The counters of random accesses against their definition, said slowly."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any

import pytest
import torch
from traced_sources import SHORT, counters

from kbk.sim import trace

PLAY = r"""
// Each thread does what its rows of the table say: (what, whose, at which byte).
__global__ void play_k(char* a, char* b, unsigned* out, const int* table, int steps) {
  const int me = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned sum = 0;
  for (int step = 0; step < steps; ++step) {
    const int* row = table + (me * steps + step) * 3;
    const int what = row[0];
    char* at = (row[1] != 0 ? b : a) + row[2];
    switch (what) {
      case 0: sum += *reinterpret_cast<unsigned char*>(at); break;
      case 1: sum += *reinterpret_cast<unsigned short*>(at); break;
      case 2: sum += *reinterpret_cast<unsigned*>(at); break;
      case 3: sum += unsigned(*reinterpret_cast<unsigned long long*>(at)); break;
      case 4: { const uint4 v = *reinterpret_cast<uint4*>(at); sum += v.x + v.w; break; }
      case 5: *reinterpret_cast<unsigned char*>(at) = sum; break;
      case 6: *reinterpret_cast<unsigned short*>(at) = sum; break;
      case 7: *reinterpret_cast<unsigned*>(at) = sum; break;
      case 8: *reinterpret_cast<unsigned long long*>(at) = sum; break;
      case 9: *reinterpret_cast<uint4*>(at) = uint4{sum, 0, 0, 0}; break;
      case 10: atomicAdd(reinterpret_cast<unsigned*>(at), 1u); break;
      default: break;
    }
  }
  out[me] = sum;
}
void play(Tensor a, Tensor b, Tensor out, const Tensor& table, int64_t blocks, int64_t threads) {
  const int steps = int(table.size(1));
  play_k<<<blocks, threads>>>(static_cast<char*>(a.data_ptr()), static_cast<char*>(b.data_ptr()),
                              static_cast<unsigned*>(out.data_ptr()), table.const_data_ptr<int>(),
                              steps);
}
"""
BYTES = {"a": 400, "b": 2000}
BLOCKS, THREADS, STEPS = 2, 70, 12
NOTHING = 11


@pytest.fixture(scope="module")
def play() -> Any:
    return trace.load("play", PLAY, ["play"]).play


def meaning(what: int) -> tuple[str, int]:
    """Kind and bytes of an access."""
    return ("red", 4) if what == 10 else ("ld" if what < 5 else "st", 1 << what % 5)


def some_accesses(rng: random.Random) -> torch.Tensor:
    """int32 [threads of the grid, steps, 3]."""
    rows = []
    for _ in range(BLOCKS * THREADS * STEPS):
        what, whose = rng.choice((*range(11), NOTHING)), rng.randrange(2)
        size = 1 if what == NOTHING else meaning(what)[1]
        rows.append((what, whose, rng.randrange(BYTES["ab"[whose]] // size) * size))
    return torch.tensor(rows, dtype=torch.int32).view(BLOCKS * THREADS, STEPS, 3)


def by_definition(table: torch.Tensor, begins: dict[str, int], of: str) -> dict[str, int]:
    """Counters of the accesses to the tensors whose names are in `of`."""
    requests = defaultdict(list)
    written: Counter[int] = Counter()
    for thread, steps in enumerate(table.tolist()):
        for step, (what, whose, at) in enumerate(steps):
            name = "ab"[whose]
            if what == NOTHING or name not in of:
                continue
            block, lane = divmod(thread, THREADS)
            requests[block, lane // 32, step, what].append(begins[name] + at)
            if meaning(what)[0] != "ld":
                written.update(range(begins[name] + at, begins[name] + at + meaning(what)[1]))
    sums = dict.fromkeys(SHORT, 0)
    for (*_, what), made in requests.items():
        kind, size = meaning(what)
        sectors = {first // 32 for first in made}  # no access straddles
        sums[f"requests_{kind}"] += 1
        sums[f"sectors_{kind}"] += len(sectors)
        if kind == "red":  # lanes at one address take turns
            most = {
                each: max(made.count(at) for at in made if at // 32 == each) for each in sectors
            }
            sums["sectors_red"] += sum(most.values()) - len(sectors)
        sums["excess"] += max(len(sectors) - -(-size * len(made) // 32), 0)
        sums["bytes_ld" if kind == "ld" else "bytes_st"] += size * len(made)
    sums["writes"] = max(written.values(), default=0)
    return sums


@pytest.mark.parametrize("seed", range(8))
def test_counting_is_the_definition(play: Any, seed: int) -> None:
    table = some_accesses(random.Random(seed))
    a, b = (torch.zeros(BYTES[name], dtype=torch.uint8) for name in "ab")
    out = torch.zeros(BLOCKS * THREADS, dtype=torch.int32)
    counted = counters(play, a, b, out, table, BLOCKS, THREADS)
    begins = {"a": a.data_ptr(), "b": b.data_ptr()}
    for name in "ab":
        for short, expected in by_definition(table, begins, name).items():
            assert counted[f"{short}:{name}"] == expected, (short, name)
    # A request of lanes that ask for both is one request.
    for short, expected in by_definition(table, begins, "ab").items():
        others = sum(counted[f"{short}:{other}"] for other in ("out", "table"))
        if short != "writes":
            assert counted[short] - others == expected, short
