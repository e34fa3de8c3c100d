"""Chapter 01's graders are right: closed forms against the accesses of traced kernels, baselines
against the stubs, constants against the text that a learner reads."""

from __future__ import annotations

import random
import re
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from kbk.grade import catalogue
from kbk.sim import trace

LOADS = r"""
template <typename Word>
__global__ void load_words(unsigned* out, const char* x, int64_t stride, int64_t words) {
  unsigned sum = 0;
  for (int64_t w = 0; w < words; ++w) {
    const Word word = reinterpret_cast<const Word*>(x + threadIdx.x * stride)[w];
    for (int b = 0; b < int(sizeof(Word)); ++b) sum += reinterpret_cast<const char*>(&word)[b];
  }
  out[threadIdx.x] = sum;
}

// 32 lanes, each `size` bytes, `stride` bytes apart, from byte `offset` on; in one load if that is
// a multiple of the size, else by bytes.
void load_lanes(Tensor out, const Tensor& x, int64_t stride, int64_t size, int64_t offset) {
  unsigned* to = static_cast<unsigned*>(out.data_ptr());
  const char* from = static_cast<const char*>(x.data_ptr()) + offset;
  const bool aligned = stride % size == 0 && offset % size == 0;
  if (aligned && size == 16) load_words<uint4><<<1, 32>>>(to, from, stride, 1);
  else if (aligned && size == 8) load_words<uint2><<<1, 32>>>(to, from, stride, 1);
  else if (aligned && size == 4) load_words<unsigned><<<1, 32>>>(to, from, stride, 1);
  else if (aligned && size == 2) load_words<unsigned short><<<1, 32>>>(to, from, stride, 1);
  else load_words<char><<<1, 32>>>(to, from, stride, size);
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
  out[i] = sum;
}

template <typename Element>
void launch_loads(const Tensor& out, const Tensor& x, int64_t n, int64_t vec) {
  unsigned* to = static_cast<unsigned*>(out.data_ptr());
  const Element* from = static_cast<const Element*>(x.data_ptr());
  const int64_t blocks = out.numel() / 128;
  switch (vec * sizeof(Element)) {
    case 1: return load_elements<Element, char><<<blocks, 128>>>(to, from, n, vec);
    case 2: return load_elements<Element, short><<<blocks, 128>>>(to, from, n, vec);
    case 4: return load_elements<Element, int><<<blocks, 128>>>(to, from, n, vec);
    case 8: return load_elements<Element, uint2><<<blocks, 128>>>(to, from, n, vec);
    default: return load_elements<Element, uint4><<<blocks, 128>>>(to, from, n, vec);
  }
}

void load_all(Tensor out, const Tensor& x, int64_t n, int64_t size, int64_t vec) {
  switch (size) {
    case 1: return launch_loads<char>(out, x, n, vec);
    case 2: return launch_loads<short>(out, x, n, vec);
    case 4: return launch_loads<int>(out, x, n, vec);
    default: return launch_loads<long long>(out, x, n, vec);
  }
}
"""


def grader(name: str) -> ModuleType:
    """The module of a grader file."""
    exercise = catalogue.find(name)
    return next(m for m in list(sys.modules.values()) if getattr(m, "EXERCISE", None) is exercise)


@pytest.fixture(scope="module")
def loads() -> Any:
    return trace.load("loads", LOADS, ["load_lanes", "load_all"])


def test_the_sectors_of_every_lane_are_those_that_a_traced_kernel_touches(loads):
    sectors = grader("01/01")
    x, out = torch.zeros(32 * 256 + 512, dtype=torch.uint8), torch.empty(32, dtype=torch.int32)
    assert x.data_ptr() % 32 == 0
    for setting in sectors.settings(random.Random(1)):
        with trace.record() as log:
            loads.load_lanes(out, x, *setting)
        made = log.launches[0].accesses
        made = made[made["access"] == 0]
        first = (made["address"].astype(np.int64) - x.data_ptr()) // 32
        last = (made["address"].astype(np.int64) + made["bytes"] - 1 - x.data_ptr()) // 32
        lanes = sectors.lanes(*setting)
        for lane in range(32):
            mine = made["thread"] == lane
            assert {*first[mine], *last[mine]} == set(lanes[lane]), (setting, lane)
        stride, size, offset = setting
        if stride % size == offset % size == 0 and size in (1, 2, 4, 8, 16):
            count = log.counters({"x": x})
            assert count["requests_ld:x"] == 1, setting
            assert count["sectors_ld:x"] == len({s for touched in lanes for s in touched}), setting


def test_the_requests_of_n_elements_are_those_of_a_traced_kernel(loads):
    sectors, rng = grader("01/01"), random.Random(2)
    settings = [(0, 4, 4), (1, 4, 4), (127, 4, 4), (4096, 4, 4), (4099, 2, 8), (5000, 8, 16)]
    for _ in range(60):
        settings.append((rng.randint(0, 5000), 1 << rng.randrange(4), 1 << rng.randrange(5)))
    x = torch.zeros(5000 * 8 + 64, dtype=torch.uint8)
    for n, size, vec in settings:
        out = torch.empty(-(-max(n // vec, 32) // 128) * 128, dtype=torch.int32)
        with trace.record() as log:
            loads.load_all(out, x, n, size, vec)
        counted = log.counters({"x": x})["requests_ld:x"]
        assert counted == sectors.count_requests(n, size, vec), (n, size, vec)


def test_settings_overlap_leave_gaps_and_straddle():
    sectors = grader("01/01")
    drawn = list(sectors.settings(random.Random(3)))
    assert len(drawn) == 300
    assert all(0 <= s <= 256 and 1 <= a <= 16 and o >= 0 for s, a, o in drawn)
    assert any(stride < size for stride, size, _ in drawn)
    assert any(stride > size for stride, size, _ in drawn)
    straddling = sum(any(len(set(lane)) > 1 for lane in sectors.lanes(*each)) for each in drawn)
    assert straddling > 50


@pytest.mark.parametrize("check", ["whole sectors", "few requests"])
def test_the_baselines_of_gather_rows_are_the_counts_of_its_stub(check):
    exercise = catalogue.find("01/04")
    module = trace.load("gather_stub", catalogue.stub_text(exercise), list(exercise.functions))
    cases = next(each.cases for each in exercise.checks if each.name == check)
    for case in cases(random.Random(4)):
        tensors = [each.tensor for each in case.args]
        with trace.record() as log:
            module.embedding(*tensors)
        counters = log.counters({each.name: each.tensor for each in case.args})
        for gate in case.gates:
            assert counters[gate.counter] == gate.baseline, case.label


def constant(exercise: str, name: str) -> int:
    """The value that a stub gives to a constant."""
    found = re.search(rf"\b{name} = (\d+);", catalogue.stub_text(catalogue.find(exercise)))
    assert found is not None
    return int(found[1])


def test_the_graders_know_the_constants_that_the_stubs_promise():
    stride, arguments = grader("01/02"), grader("01/05")
    assert constant("01/02", "kMaxBlocks") == stride.BLOCKS
    assert constant("01/02", "kThreads") * stride.BLOCKS == stride.GRID
    assert constant("01/05", "kCapacity") == arguments.CAPACITY
