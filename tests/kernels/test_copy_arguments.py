"""A copy that cannot be done is refused: the message names the argument, the rule and the value."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

import kbk
from kbk.ops import copy, family

F32 = torch.float32


def bad_calls(device: str) -> dict[str, tuple[torch.Tensor, torch.Tensor, str]]:
    base = torch.zeros(64, device=device)
    return {
        "dtype": (
            torch.zeros(4, dtype=torch.float16, device=device),
            torch.zeros(4, device=device),
            "out must have the dtype of x, float32; its dtype is float16",
        ),
        "shape": (
            torch.zeros(5, device=device),
            torch.zeros(4, device=device),
            r"out must have the shape of x, \[4\]; its shape is \[5\]",
        ),
        "rank": (
            torch.zeros(4, device=device),
            torch.zeros(2, 2, device=device),
            r"out must have the shape of x, \[2, 2\]; its shape is \[4\]",
        ),
        "x strided": (
            torch.zeros(4, device=device),
            torch.zeros(8, device=device)[::2],
            r"x must be contiguous; its shape is \[4\] and its strides are \[2\]",
        ),
        "out strided": (
            torch.zeros(3, 2, device=device).t(),
            torch.zeros(2, 3, device=device),
            r"out must be contiguous; its shape is \[2, 3\] and its strides are \[1, 2\]",
        ),
        "overlap": (
            base[4:36],
            base[:32],
            "out must not overlap x in part; it begins 16 bytes after x and both are 128 bytes",
        ),
        "overlap before": (base[:32], base[4:36], "it begins 16 bytes before x"),
        "element size": (
            torch.zeros(4, dtype=torch.complex128, device=device),
            torch.zeros(4, dtype=torch.complex128, device=device),
            "x must have elements of 1, 2, 4 or 8 bytes; its dtype is ComplexDouble",
        ),
    }


CASES = list(bad_calls("cpu"))
OPS: dict[str, Callable[[torch.Tensor, torch.Tensor], None]] = {
    "copy": copy,
    "copy_vectors": lambda out, x: family("copy").copy_vectors(out, x),
    "copy_any_element": lambda out, x: family("copy").copy_any_element(out, x),
    "copy_one_per_thread": lambda out, x: family("copy").copy_one_per_thread(out, x),
    "copy_in_flight": lambda out, x: family("copy").copy_in_flight(out, x, 4, 256, 0, False),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("op", OPS)
def test_a_bad_argument_is_named_and_nothing_is_written(machine, op, case):
    out, x, message = bad_calls(machine)[case]
    before = out.clone()
    with pytest.raises(kbk.ArgumentError, match=f"^{op}: .*{message}"):
        OPS[op](out, x)
    assert torch.equal(out, before)


@pytest.mark.parametrize("op", ["copy_one_per_thread", "copy_own_chunk", "copy_grid_stride"])
def test_the_float_rungs_say_that_they_are_for_floats(machine, op):
    x = torch.zeros(4, dtype=torch.int32, device=machine)
    with pytest.raises(kbk.ArgumentError, match=f"^{op}: x must be float32; its dtype is int32"):
        getattr(family("copy"), op)(torch.zeros_like(x), x)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3, 256, 0, False), "in_flight must be 1, 2, 4 or 8; it was 3"),
        ((4, 100, 0, False), "threads must be a multiple of 32 from 32 to 1024; it was 100"),
        ((4, 2048, 0, False), "threads must be a multiple of 32 from 32 to 1024; it was 2048"),
        ((4, 256, -1, False), "blocks_per_sm must be 0 or more; it was -1"),
    ],
)
def test_a_launch_shape_that_cannot_be_is_named(machine, shape, message):
    x = torch.zeros(4, device=machine)
    with pytest.raises(kbk.ArgumentError, match=message):
        family("copy").copy_in_flight(torch.zeros_like(x), x, *shape)


def test_a_block_that_cannot_be_is_named(machine):
    x = torch.zeros(4, device=machine)
    with pytest.raises(kbk.ArgumentError, match=r"^copy_vectors: threads must be .*it was 48"):
        family("copy").copy_vectors(torch.zeros_like(x), x, 48)


def test_adjacent_tensors_do_not_overlap(machine):
    base = torch.arange(64.0, device=machine)
    copy(base[32:], base[:32])
    assert torch.equal(base[32:], base[:32])


@pytest.mark.gpu
def test_tensors_on_two_devices_are_refused():
    with pytest.raises(
        kbk.ArgumentError, match="x must be on the device of out, cuda:0, but is on cpu"
    ):
        copy(torch.zeros(4, device="cuda"), torch.zeros(4))


def test_the_next_call_after_a_refusal_works(machine):
    x = torch.ones(4, device=machine)
    out = torch.zeros(4, device=machine)
    with pytest.raises(kbk.ArgumentError):
        copy(out[:3], x)
    copy(out, x)
    assert torch.equal(out, x)
