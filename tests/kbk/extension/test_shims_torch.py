"""Torch's CUDA headers on the simulator: guards, streams, events, atomics, launch checks."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from shims_sources import FUNCTIONS, SOURCE

import kbk
from kbk.errors import ArgumentError, LaunchError


@pytest.fixture(scope="module")
def ops() -> Any:
    return kbk.load_inline("shims_torch", cuda_sources=SOURCE, functions=FUNCTIONS)


@pytest.mark.parametrize(
    "dtype",
    [
        *(torch.float32, torch.float64, torch.float16, torch.bfloat16),
        *(torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64),
    ],
)
def test_gpu_atomic_add_knows_every_type_of_torch(ops: Any, dtype: torch.dtype) -> None:
    x = torch.ones(100, dtype=dtype)  # the sums are exact
    out = torch.zeros(3, dtype=dtype)
    with kbk.sanitize():
        ops.run_total(out, x)
    assert out.tolist() == [100, 0, 0]


def test_an_atomic_of_a_narrow_type_is_one_access_of_its_width(ops: Any) -> None:
    x, out = torch.ones(32, dtype=torch.uint8), torch.zeros(3, dtype=torch.uint8)
    with kbk.profile() as p:
        ops.run_total(out, x)
    (launch,) = p.launches
    atomics = [request for request in launch.requests if request["kind"] in (2, 3)]
    assert [int(request["bytes"]) for request in atomics] == [1]


def test_atomic_extremes_and_those_that_cuda_lacks(ops: Any) -> None:
    x = torch.tensor([0.5, -3.0, 2.25, 1.0])
    out, half, bytes_ = torch.zeros(4), torch.zeros(1).half(), torch.zeros(3, dtype=torch.uint8)
    ops.run_extremes(out, half, bytes_, x)
    assert out[:2].tolist() == [2.25, -3.0] and half.item() == 2.25
    assert bytes_.tolist() == [0, 4, 0]
    assert out[2:].view(torch.int64).item() == 6


def test_torchs_numbers_convert_and_compare_as_in_a_cuda_build(ops: Any) -> None:
    half = torch.tensor([1.5, 0, 0, 1.0, 0]).half()
    brain = torch.tensor([0.5, 0, 0]).bfloat16()
    out = torch.zeros(3)
    ops.run_numbers(half, brain, out)
    assert half.tolist() == [1.5, 3.0, 2.25, 1.0, 1.5]
    assert brain.tolist() == [0.5, 0.5, 1.5]
    assert out[0].item() == 1.0
    assert out[2].item() == pytest.approx(4.4816890)


def test_torchs_block_reduction(ops: Any) -> None:
    x, out = torch.arange(96.0), torch.zeros(1)
    with kbk.sanitize():
        ops.run_summed(out, x)
    assert out.item() == x.sum().item()


def test_streams_events_and_guards_are_those_of_one_device(ops: Any) -> None:
    ops.check_streams(torch.zeros(3))


@pytest.mark.parametrize("index", [0, -1])
def test_a_guard_takes_the_simulated_device(ops: Any, index: int) -> None:
    ops.guard_index(torch.zeros(1), index)


def test_a_guard_refuses_another_device(ops: Any) -> None:
    with pytest.raises(ArgumentError, match=r"index must be 0.* is 1"):
        ops.guard_index(torch.zeros(1), 1)
    with pytest.raises(ArgumentError, match=r"OptionalCUDAGuard.*meta"):
        ops.guard_meta(torch.zeros(1))


def test_a_failed_launch_is_raised_with_kernel_file_and_line(ops: Any) -> None:
    with pytest.raises(LaunchError, match="2048") as caught:
        ops.too_many(torch.zeros(1))
    line = next(n for n, text in enumerate(SOURCE.split("\n"), 1) if "<<<1, 2048>>>" in text)
    assert caught.value.kernel == "summed"
    assert caught.value.line == line
    ops.check_streams(torch.zeros(3))  # nothing of it is left behind


def test_a_failed_call_is_raised_with_its_text_and_line(ops: Any) -> None:
    with pytest.raises(LaunchError, match=r"cudaSetDevice\(3\).*invalid device ordinal"):
        ops.bad_call(torch.zeros(1))


def test_an_assertion_of_a_kernel_ends_its_launch_and_not_the_process(ops: Any) -> None:
    ops.run_positive(torch.zeros(1), 1)
    with pytest.raises(LaunchError, match="n > 0") as caught:
        ops.run_positive(torch.zeros(1), 0)
    assert caught.value.kind == "assert"
