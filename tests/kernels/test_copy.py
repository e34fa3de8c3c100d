"""kernels/copy.cu copies every bit, at every size and alignment, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
import torch
from bits import random_bits

from kbk import sim
from kbk.ops import copy, family

SIZES = [0, 1, 31, 32, 33, 127, 128, 129, 1000, 2**20 + 7]
DTYPES = [
    torch.uint8,
    torch.float16,
    torch.bfloat16,
    torch.int32,
    torch.float32,
    torch.float64,
    torch.int64,
]
FLOAT_RUNGS = ["copy_one_per_thread", "copy_own_chunk", "copy_grid_stride"]
ANY_RUNGS = ["copy_any_element", "copy_vectors", "copy"]
SHAPES = [(v, t, b, s) for v, t, b, s in product((1, 2, 4, 8), (32, 256), (0, 2), (False, True))]


def rung(name: str) -> Callable[..., None]:
    return getattr(family("copy"), name)


def copies(op: Callable[..., None], guarded, machine, numel, dtype, to=0, start=0) -> None:
    x, out = guarded(numel, dtype, machine, start), guarded(numel, dtype, machine, to)
    x.bits().copy_(random_bits(x.bits()))
    before = x.bits().clone()
    op(out.tensor, x.tensor)
    assert torch.equal(out.bits(), before)
    assert torch.equal(x.bits(), before), "a copy changed its input"


@pytest.mark.parametrize("numel", SIZES)
@pytest.mark.parametrize("name", FLOAT_RUNGS)
def test_float_rungs_copy_every_element(guarded, machine, name, numel):
    copies(rung(name), guarded, machine, numel, torch.float32)


@pytest.mark.parametrize("numel", SIZES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", ANY_RUNGS)
def test_rungs_over_any_element_copy_every_dtype(guarded, machine, name, dtype, numel):
    copies(rung(name), guarded, machine, numel, dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_launch_shape_copies_every_element(guarded, machine, shape):
    def op(out: torch.Tensor, x: torch.Tensor) -> None:
        rung("copy_in_flight")(out, x, *shape)

    for numel in (1, 33, 4096, 70_001):
        copies(op, guarded, machine, numel, torch.float32)


@pytest.mark.parametrize("name", ["copy_vectors", "copy"])
def test_every_pair_of_byte_offsets_copies(guarded, machine, name):
    for to, start in product(range(17), range(17)):
        for numel in (1, 15, 16, 33, 300):
            copies(rung(name), guarded, machine, numel, torch.uint8, to, start)


@pytest.mark.parametrize("dtype", DTYPES[1:], ids=str)
@pytest.mark.parametrize("name", [*ANY_RUNGS])
def test_every_pair_of_element_offsets_copies(guarded, machine, name, dtype):
    for to, start in product(range(16 // dtype.itemsize + 1), repeat=2):
        for numel in (1, 31, 129):
            copies(rung(name), guarded, machine, numel, dtype, to, start)


def test_a_view_from_the_second_element_copies(machine):
    x = torch.arange(1001, dtype=torch.float32, device=machine)
    out = torch.zeros(1000, device=machine)
    copy(out, x[1:])
    assert torch.equal(out, x[1:])


def test_a_tensor_of_many_dimensions_copies(machine):
    x = torch.randn(3, 1, 5, 7, device=machine)
    out = torch.zeros_like(x)
    copy(out, x)
    assert torch.equal(out, x)


def test_a_tensor_without_dimensions_copies(machine):
    out = torch.zeros((), device=machine)
    copy(out, torch.tensor(3.5, device=machine))
    assert out.item() == 3.5


def test_a_copy_onto_itself_changes_nothing(machine):
    x = torch.randn(1000, device=machine)
    before = x.clone()
    copy(x, x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("name", [*FLOAT_RUNGS, *ANY_RUNGS])
def test_an_empty_tensor_launches_nothing(name):
    before = sim.launches()
    rung(name)(torch.empty(0, 3), torch.empty(0, 3))
    assert sim.launches() == before


@pytest.mark.slow
@pytest.mark.parametrize("numel", [2**31 + 7, 2**31 + 2**20 + 7])
@pytest.mark.parametrize("name", ANY_RUNGS)
def test_more_than_2_to_the_31_bytes_copy(machine, name, numel):
    if machine == "cpu" and name == "copy_any_element":
        pytest.skip("2^31 single bytes take 40 s on the simulator; the GPU copies them")
    # Elements are bytes: a 32-bit index turns negative, in the second size also that of a word.
    x = torch.zeros(numel, dtype=torch.uint8, device=machine)
    marks = [0, 1, 2**30, 2**31 - 500, 2**31 - 1, 2**31, numel - 1]
    for value, at in enumerate(marks, 1):
        x[at] = value
    x[2**31 - 300 : 2**31] = random_bits(x[2**31 - 300 : 2**31])
    out = torch.full_like(x, 0xAB)
    rung(name)(out, x)
    for first in range(0, numel, 2**28):  # in parts: torch.equal would need as much memory again
        assert torch.equal(out[first : first + 2**28], x[first : first + 2**28])


@pytest.mark.gpu
@pytest.mark.slow
def test_more_than_2_to_the_31_floats_copy():
    numel = 2**31 + 7
    x = torch.randint(-(2**31), 2**31, (numel,), dtype=torch.int32, device="cuda").view(
        torch.float32
    )
    for name in [*FLOAT_RUNGS, *ANY_RUNGS]:
        out = torch.zeros_like(x)
        rung(name)(out, x)
        assert torch.equal(out.view(torch.int32), x.view(torch.int32)), name
