"""kernels/ceilings.cu moves the bytes that it claims to move."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from bits import random_bits

import kbk
from kbk.ops import family

GRIDS = [(1, 32, 0), (4, 32, 0), (1, 256, 0), (4, 256, 2), (8, 1024, 1)]
SIZES = [0, 4, 64, 1028, 70_000]


def words(guarded, machine, numel):
    made = guarded(numel, torch.int32, machine)
    made.bits().copy_(random_bits(made.bits()))
    return made.tensor


def exclusive_or(t: torch.Tensor) -> int:
    return int(np.bitwise_xor.reduce(t.cpu().numpy(), initial=0))


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("numel", SIZES)
def test_read_only_reads_every_word_once(guarded, machine, numel, grid):
    x = words(guarded, machine, numel)
    out = torch.zeros(2**20, dtype=torch.int32, device=machine)
    family("ceilings").read_only(out, x, *grid)
    assert exclusive_or(out) == exclusive_or(x)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("numel", SIZES)
def test_the_other_mixes_write_every_word(guarded, machine, numel, grid):
    x, y = words(guarded, machine, numel), words(guarded, machine, numel)
    out = guarded(numel, torch.int32, machine).tensor
    family("ceilings").two_to_one(out, x, y, *grid)
    assert torch.equal(out, x ^ y)
    family("ceilings").one_to_one(out, x, *grid)
    assert torch.equal(out, x)
    family("ceilings").write_only(out, 0x5EED, *grid)
    assert (out == 0x5EED).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda d: torch.zeros(4, device=d), "out must be int32; its dtype is float32"),
        (lambda d: torch.zeros(6, dtype=torch.int32, device=d), "multiple of 4 elements; it has 6"),
        (lambda d: torch.zeros(9, dtype=torch.int32, device=d)[1:], "begins 4 bytes after one"),
        (lambda d: torch.zeros(16, dtype=torch.int32, device=d)[::2], "must be contiguous"),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(machine, make, message):
    with pytest.raises(
        kbk.ArgumentError, match=f"^write_only: out .*{message}|^write_only: {message}"
    ):
        family("ceilings").write_only(make(machine), 1, 4, 256, 0)


def test_an_output_too_small_for_a_word_a_thread_is_refused(machine):
    x = torch.zeros(4096, dtype=torch.int32, device=machine)
    with pytest.raises(kbk.ArgumentError, match=r"for each thread, 256; .*it has 4"):
        family("ceilings").read_only(x[:4], x, 4, 256, 0)
