"""Races whose verdict hangs on what the compiler makes of a source, or on what threads do next."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kbk
from kbk import sim

SOURCE = r"""
struct Three { float a, b, c; };
// g++ copies from memory to memory, and tells of the stores before the loads.
__global__ void copy_three(float* out, const float* x) {
  auto* to = reinterpret_cast<Three*>(out);
  to[threadIdx.x / 33] = reinterpret_cast<const Three*>(x)[threadIdx.x % 21];
}
void one_place(Tensor out, const Tensor& x) {
  copy_three<<<1, 64>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}

// As the CUDA C++ Programming Guide adds doubles: a plain load is the first guess of a swap.
__global__ void add_by_swap(double* sum) {
  auto* bits = reinterpret_cast<unsigned long long*>(sum);
  unsigned long long old = *bits, assumed;
  do {
    assumed = old;
    old = atomicCAS(bits, assumed, __double_as_longlong(1.0 + __longlong_as_double(assumed)));
  } while (assumed != old);
}
void add(Tensor sum) { add_by_swap<<<2, 64>>>(sum.mutable_data_ptr<double>()); }

// The same load, and no swap: what it sees is anybody's guess.
__global__ void add_and_look(int* sum, int* seen) {
  seen[blockIdx.x * 64 + threadIdx.x] = *sum;
  atomicAdd(sum, 1);
}
void look(Tensor sum, Tensor seen) {
  add_and_look<<<2, 64>>>(sum.mutable_data_ptr<int>(), seen.mutable_data_ptr<int>());
}

__global__ void volatile_past(float* out, const float* x, long long n) {
  out[threadIdx.x] = *reinterpret_cast<const volatile float*>(x + threadIdx.x + n);
}
void far_volatile(Tensor out, const Tensor& x, int64_t n) {
  volatile_past<<<1, 32>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n);
}
"""


@pytest.fixture(scope="module")
def ops() -> Any:
    names = ["one_place", "add", "look", "far_volatile"]
    return kbk.load_inline("races", cuda_sources=SOURCE, functions=names)


def severities(op: Any, *values: Any) -> set[tuple[str, str]]:
    with kbk.sanitize(raise_on_error=False) as s:
        op(*values)
    return {(each.kind, each.severity) for each in s.findings if each.severity != "info"}


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_a_struct_copied_to_one_place_by_two_warps_is_a_race(ops: Any, seed: int | None) -> None:
    with sim.settings(seed=seed):
        found = severities(ops.one_place, torch.zeros(64), torch.arange(64.0))
    assert ("race", "error") in found


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_the_first_guess_of_a_swap_is_no_race(ops: Any, seed: int | None) -> None:
    total = torch.zeros(1, dtype=torch.float64)
    with sim.settings(seed=seed):
        assert severities(ops.add, total) == set()
    assert total.item() == 128


def test_a_plain_load_of_what_others_add_to_is_a_race(ops: Any) -> None:
    values = torch.zeros(1, dtype=torch.int32), torch.zeros(128, dtype=torch.int32)
    assert ("race", "error") in severities(ops.look, *values)


@pytest.mark.parametrize("n", [1, 64, 1 << 22, 1 << 34])
def test_a_volatile_load_is_judged_before_it_happens(ops: Any, n: int) -> None:
    found = severities(ops.far_volatile, torch.zeros(32), torch.zeros(32), n)
    assert found == {("out-of-bounds", "error")}
