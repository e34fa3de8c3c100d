"""A history is true: replayed on the tensors of before, it gives every value that was read, and the
tensors of after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from explained_sources import ELEMENTWISE, ELEMENTWISE_OPS, TOGETHER, TOGETHER_OPS

from kbk import sim
from kbk.sanitizer import history
from kbk.sanitizer.history import (
    AFTER,
    ATOMIC,
    EXCHANGE,
    GLOBAL,
    MEETING,
    READ,
    SHARED,
    VOLATILE_READ,
    VOLATILE_WRITE,
    WRITE,
    Launch,
)
from kbk.sim import trace

MIXED = """
struct Big { double a; int b[4]; };
struct Odd { char c[7]; };
__device__ int seen;
__global__ void mixed_k(int* counts, double* wide, Big* big, Odd* odd, signed char* bytes,
                        float* f) {
  int i = threadIdx.x;
  atomicAdd(&counts[i % 3], i);
  atomicMax(&counts[3], i);
  atomicCAS(&counts[4], i, i + 1);
  atomicExch(&counts[5], i);
  atomicAdd(&f[0], 0.5f);
  atomicAdd(&wide[0], 0.25);
  atomicAdd(&seen, 1);
  *(double2*)&wide[2 + 2 * i] = make_double2(i, -i);
  big[i].a = i;
  big[i].b[i % 4] = i;
  Big mine = big[i];
  big[32 + i] = mine;
  odd[32 + i] = odd[i];
  bytes[i] += 3;
  bytes[i] ^= bytes[(i + 1) % 32];
  volatile float* v = f + 1 + i;
  *v = *v + 1;
  *v = *v * 2;
  memcpy(bytes + 64, bytes + 32, 29);
  memset(bytes + 96, i, 13);
  __threadfence();
  for (int k = 0; k < 4; ++k) f[40 + 4 * i + k] = f[1 + (i + k) % 32];
}
void mixed(Tensor counts, Tensor wide, Tensor big, Tensor odd, Tensor bytes, Tensor f) {
  mixed_k<<<1, 32>>>(counts.mutable_data_ptr<int>(), wide.mutable_data_ptr<double>(),
                     (Big*)big.mutable_data_ptr(), (Odd*)odd.mutable_data_ptr(),
                     (signed char*)bytes.mutable_data_ptr(), f.mutable_data_ptr<float>());
}
"""


def memory_of(tensors: list[torch.Tensor]) -> dict[int, int]:
    """Byte by address, of whole storages."""
    found: dict[int, int] = {}
    for tensor in tensors:
        storage = tensor.untyped_storage()
        begin = storage.data_ptr()
        found.update({begin + i: byte for i, byte in enumerate(bytes(storage.tolist()))})
    return found


def replay(launch: Launch, memory: dict[int, int]) -> None:
    """Checks each read, and does each write."""
    shared: dict[int, dict[int, int]] = {}
    poison = 0xFF
    for record in launch.records:
        access, space = int(record["access"]), int(record["space"])
        if access in (MEETING, EXCHANGE) or space not in (GLOBAL, SHARED):
            continue
        here = memory if space == GLOBAL else shared.setdefault(int(record["block"]), {})
        first = int(record["address"])
        data = int(record["value"]).to_bytes(8, "little")[: record["bytes"]]
        if access in (READ, VOLATILE_READ) or (access == ATOMIC and not record["marks"] & AFTER):
            there = bytes(
                here[first + i] if space == GLOBAL else here.get(first + i, poison)
                for i in range(len(data))
            )
            assert data == there, record
        else:
            for i, byte in enumerate(data):
                here[first + i] = byte


def check(module: Any, op: str, *values: Any) -> np.ndarray[Any, Any]:
    """Calls an op and replays what it did."""
    tensors = [value for value in values if isinstance(value, torch.Tensor)]
    memory = memory_of(tensors)
    history.start()
    getattr(module, op)(*values)
    launches = history.take()
    assert launches and all(launch.complete for launch in launches)
    for launch in launches:
        replay(launch, memory)
    assert memory == memory_of(tensors)
    return np.concatenate([launch.records for launch in launches])


@pytest.fixture(scope="module")
def load() -> Callable[[str, str, list[str]], Any]:
    known: dict[str, Any] = {}

    def get(name: str, source: str, ops: list[str]) -> Any:
        if name not in known:
            known[name] = trace.load(name, source, ops)
        return known[name]

    return get


@pytest.mark.parametrize("seed", [None, 7])
def test_simple_kernels(load: Any, seed: int | None) -> None:
    one = load("elementwise", ELEMENTWISE, ELEMENTWISE_OPS)
    two = load("together", TOGETHER, TOGETHER_OPS)
    with sim.settings(seed=seed):
        x, out = torch.rand(48), torch.zeros(48)
        for op, *more in (("twice", 2), ("shifted",), ("add",), ("copy4",), ("copy3",)):
            check(one, op, out, x, *more)
        check(one, "add_self", x)
        check(one, "two", out, torch.zeros(48), x)
        check(one, "strided", torch.zeros(4, 10)[:, 3:8], torch.rand(4, 5), 10)
        check(two, "transpose", torch.zeros(12, 8), torch.rand(8, 12))
        check(two, "dynamic", torch.zeros(16), torch.rand(16))
        check(two, "chunks", torch.zeros(16), torch.rand(16))
        check(two, "all", torch.zeros(1), torch.rand(16))
        check(two, "sum", torch.zeros(3), torch.rand(3, 70))
        check(two, "matmul", torch.zeros(8, 8), torch.rand(8, 8), torch.rand(8, 8))
        numbers = torch.randint(0, 4, (100,), dtype=torch.int32)
        check(two, "count", torch.zeros(4, dtype=torch.int32), numbers)


@pytest.mark.parametrize("seed", [None, 7])
def test_atomics_structs_bytes_volatile_and_copies(load: Any, seed: int | None) -> None:
    module = load("mixed", MIXED, ["mixed"])
    counts = torch.full((6,), 3, dtype=torch.int32)
    wide, f = torch.rand(66, dtype=torch.float64), torch.rand(200)
    big = torch.randint(0, 100, (64 * 24,), dtype=torch.uint8)
    odd = torch.randint(0, 100, (64 * 7,), dtype=torch.uint8)
    raw = torch.randint(0, 100, (128,), dtype=torch.int8)
    with sim.settings(seed=seed):
        records = check(module, "mixed", counts, wide, big, odd, raw, f)
    assert {READ, WRITE, ATOMIC, VOLATILE_READ, VOLATILE_WRITE} <= set(records["access"].tolist())


def test_the_copies_of_the_book(load: Any) -> None:
    source = (Path(__file__).parents[3] / "kernels" / "copy.cu").read_text(encoding="utf-8")
    ops = ["copy_one_per_thread", "copy_own_chunk", "copy_grid_stride", "copy_vectors", "copy"]
    module = load("copy", source, ops)
    for op in ops:
        for count in (1, 31, 1000):
            check(module, op, torch.zeros(count), torch.rand(count))
    check(module, "copy", torch.zeros(999, dtype=torch.uint8), torch.ones(999, dtype=torch.uint8))
