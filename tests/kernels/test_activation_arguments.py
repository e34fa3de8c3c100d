"""An activation that cannot be computed is refused: the argument, what it must be, what it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from activation_oracle import BF16_RUNGS, OPS, RUNGS, wrong

import kbk
from kbk.ops import family, silu_and_mul

BF16 = torch.bfloat16
Bad = tuple[torch.Tensor, torch.Tensor, str]


def bad_calls(d: str) -> dict[str, Bad]:
    """Name -> input, out, what the message says."""

    def new(*shape: int, dtype: torch.dtype = BF16) -> torch.Tensor:
        return torch.zeros(shape, dtype=dtype, device=d)

    wide = new(4, 48)
    return {
        "input dtype": (
            new(4, 16, dtype=torch.int32),
            new(4, 8, dtype=torch.int32),
            "input must be float32, float16 or bfloat16; its dtype is int32",
        ),
        "no dimension": (
            new(),
            new(),
            r"input must have a last dimension of 2 \* d; its shape is \[\]",
        ),
        "odd width": (
            new(4, 15),
            new(4, 7),
            r"input must have a last dimension of 2 \* d; its shape is \[4, 15\]",
        ),
        "out dtype": (
            new(4, 16),
            new(4, 8, dtype=torch.float16),
            "out must have the dtype of input, bfloat16; its dtype is float16",
        ),
        "out shape": (
            new(4, 16),
            new(4, 16),
            r"out must have the shape \[4, 8\]; its shape is \[4, 16\]",
        ),
        "out rank": (new(4, 16), new(32), r"out must have the shape \[4, 8\]; its shape is \[32\]"),
        "input gaps": (
            new(4, 32)[:, ::2],
            new(4, 8),
            r"input must have rows without gaps.*\[4, 16\] and its strides are \[32, 2\]",
        ),
        "input steps": (
            new(2, 3, 16).transpose(0, 1),
            new(3, 2, 8),
            r"input must have rows without gaps, in even steps.*strides are \[16, 48, 1\]",
        ),
        "out gaps": (
            new(4, 16),
            new(8, 4).t(),
            r"out must have rows without gaps.*\[4, 8\] and its strides are \[1, 4\]",
        ),
        "out rows": (
            new(4, 16),
            new(8).expand(4, 8),
            r"out must have rows that do not overlap.*\[4, 8\] and its strides are \[0, 1\]",
        ),
        "over the gates": (
            wide[:, :16],
            wide[:, :8],
            "out must not overlap input; it begins 0 bytes after input",
        ),
        "over the ups": (wide[:, :16], wide[:, 12:20], "it begins 24 bytes after input"),
        "before": (wide[:, 4:20], wide[:, :8], "it begins 8 bytes before input"),
        "another step": (
            wide.view(-1)[:64].view(4, 16),
            wide.view(-1)[48:80].view(4, 8),
            "it begins 96 bytes after input",
        ),
    }


CASES = list(bad_calls("cpu"))


def call(name: str, input: torch.Tensor, out: torch.Tensor) -> None:
    if name in OPS:
        OPS[name](input, out)
    elif name == "silu_in_flight":
        family("activation").silu_in_flight(out, input, 2, 256, False)
    else:
        getattr(family("activation"), name)(out, input)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", [*OPS, *RUNGS, "silu_in_flight"])
def test_a_bad_argument_is_named_and_nothing_is_written(machine, name, case):
    input, out, message = bad_calls(machine)[case]
    before = out.clone()
    if case == "input dtype" and name in [*BF16_RUNGS, "silu_in_flight"]:
        message = "input must be bfloat16; its dtype is int32"
    with pytest.raises(kbk.ArgumentError, match=f"^{name}: .*{message}"):
        call(name, input, out)
    assert torch.equal(out, before)


@pytest.mark.parametrize("name", [*BF16_RUNGS, "silu_in_flight"])
def test_the_rungs_of_one_dtype_say_which(machine, name):
    x = torch.zeros(4, 16, device=machine)
    with pytest.raises(
        kbk.ArgumentError, match=f"^{name}: input must be bfloat16; its dtype is float32"
    ):
        call(name, x, x[:, :8].clone())


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3, 256), "in_flight must be 1, 2 or 4; it was 3"),
        ((2, 100), "threads must be a multiple of 32 from 32 to 1024; it was 100"),
        ((2, 2048), "threads must be a multiple of 32 from 32 to 1024; it was 2048"),
        ((2, 0), "threads must be a multiple of 32 from 32 to 1024; it was 0"),
    ],
)
def test_a_launch_shape_that_cannot_be_is_named(machine, shape, message):
    x = torch.zeros(4, 16, dtype=BF16, device=machine)
    with pytest.raises(kbk.ArgumentError, match=f"^silu_in_flight: {message}"):
        family("activation").silu_in_flight(x[:, :8].clone(), x, *shape, False)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize(
    "bad", [torch.tensor(1.0), torch.zeros(3), torch.zeros(4, dtype=torch.complex64)]
)
def test_a_bad_input_is_named_without_an_out_too(op, bad):
    with pytest.raises(kbk.ArgumentError, match=f"^{op}: input must"):
        OPS[op](bad)


def test_something_that_is_no_tensor_is_named():
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: silu_and_mul([1.0, 2.0]), "input must be a tensor, but is list"),
        (lambda: silu_and_mul(torch.zeros(2), 3), "out must be a tensor, but is int"),
    ]
    for bad, message in calls:
        with pytest.raises(kbk.ArgumentError, match=f"^silu_and_mul: {message}"):
            bad()


@pytest.mark.gpu
def test_tensors_on_two_devices_are_refused():
    with pytest.raises(kbk.ArgumentError, match=r"must be on the device of .*cuda:0"):
        silu_and_mul(torch.zeros(4), torch.zeros(2, device="cuda"))


def test_the_next_call_after_a_refusal_works(machine):
    x = torch.ones(4, 16, device=machine)
    out = torch.zeros(4, 8, device=machine)
    with pytest.raises(kbk.ArgumentError):
        silu_and_mul(x, out[:3])
    silu_and_mul(x, out)
    assert wrong("silu_and_mul", out, x) == ""
