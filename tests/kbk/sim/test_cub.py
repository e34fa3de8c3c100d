"""CUB's reductions and scans: results on both machines, and races of those who forget a barrier."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from cub_sources import FUNCTIONS, SOURCE

import kbk
from kbk.errors import LaunchError, UnsupportedError
from kbk.sim import translate

INT = torch.int32


@pytest.fixture(scope="module")
def ops() -> Any:
    return kbk.load_inline("cub_blocks", cuda_sources=SOURCE, functions=FUNCTIONS)


@pytest.mark.parametrize(("threads", "valid"), [(96, 96), (96, 33), (40, 40), (40, 7), (40, 1)])
def test_a_block_reduces_whole_and_broken_warps(
    ops: Any, device: str, threads: int, valid: int
) -> None:
    torch.manual_seed(threads)
    x = torch.randint(-50, 50, (threads,)).float()  # exact in every order
    out = torch.empty(4, device=device)
    ops.run_reduce(x.to(device), out, valid)
    wanted = [x.sum(), x.max(), x[:valid].min(), 3 * x.sum()]
    assert out.tolist() == [float(each) for each in wanted]


def test_a_reduction_keeps_the_order_of_the_threads(ops: Any, device: str) -> None:
    bits = torch.tensor([1.0, 0, 1, 1, 0] * 8)
    out = torch.empty(2, device=device)
    ops.run_in_order(bits.to(device), out)
    number = int("".join(str(int(bit)) for bit in bits), 2)
    assert out.cpu()[0].item() == pytest.approx(number, rel=2**-20)
    assert out.cpu()[1].item() == 2.0**40


@pytest.mark.parametrize("threads", [96, 40])
def test_a_block_scans_one_item_or_several_a_thread(ops: Any, device: str, threads: int) -> None:
    torch.manual_seed(threads)
    x = torch.randint(-50, 50, (threads,), dtype=INT)
    out = torch.empty(threads, 6, dtype=INT, device=device)
    ops.run_scan(x.to(device), out)
    inclusive = x.cumsum(0)
    before = inclusive - x
    steps = torch.arange(threads)
    largest = [max([-7, *x[:i].tolist()]) for i in range(threads)]
    got = out.cpu().long()
    assert torch.equal(got[:, 0], inclusive)
    assert torch.equal(got[:, 1], before)
    assert (got[:, 2] == x.sum()).all()
    assert torch.equal(got[:, 3], before + steps)
    assert torch.equal(got[:, 4], inclusive + steps)
    assert got[:, 5].tolist() == largest


def test_warps_reduce_their_halves_and_scan(ops: Any, device: str) -> None:
    x = torch.arange(32, dtype=INT).flip(0)
    out = torch.empty(32, 3, dtype=INT, device=device)
    ops.run_warps(x.to(device), out)
    got = out.cpu()
    assert got[0, 0] == x[:16].sum() and got[16, 0] == x[16:].sum()
    assert got[0, 1] == x[:20].min()
    assert torch.equal(got[:, 2].long(), x.cumsum(0))


def test_storage_used_again_without_a_barrier_is_a_race(ops: Any) -> None:
    with kbk.sanitize(raise_on_error=False) as s:
        ops.run_forgotten(torch.randn(64), torch.empty(2))
    (race,) = [finding for finding in s.errors if finding.kind == "race"]
    assert "storage" in str(race)
    assert "forgotten" in str(race)
    with kbk.sanitize() as s:
        ops.run_reduce(torch.randn(96), torch.empty(4), 96)
        ops.run_scan(torch.ones(40, dtype=INT), torch.empty(40, 6, dtype=INT))
    assert not s.errors


def test_a_block_of_another_size_than_its_template_says_is_refused(ops: Any) -> None:
    with pytest.raises(LaunchError, match="another number of threads"):
        ops.run_wrong_size(torch.randn(64), torch.empty(4))


REFUSED = {
    "#include <cub/block/block_radix_sort.cuh>": "cub::BlockRadixSort",
    "#include <thrust/sort.h>": "Thrust",
    "int n = cub::DeviceScan::ExclusiveSum();": "cub::BlockScan",
    "using Load = cub::BlockLoad<float, 128, 4>;": "loop over the thread's items",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cub_has_beyond_that_is_refused_with_the_nearest_form(text: str) -> None:
    with pytest.raises(UnsupportedError, match=REFUSED[text]) as caught:
        translate(f"#include <cub/cub.cuh>\n{text}\n", "t.cu")
    assert caught.value.line == 2
