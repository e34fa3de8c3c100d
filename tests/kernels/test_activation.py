"""kernels/activation.cu computes what float64 does, rounded once, for every shape and address."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from activation_oracle import (
    BF16_RUNGS,
    DTYPES,
    OPS,
    RUNGS,
    activation,
    expected,
    made,
    poisoned,
    wrong,
)

from kbk import sim
from kbk.ops import family, silu_and_mul

ODD_D = [1, 2, 3, 4, 5, 7, 8, 12, 20, 31, 33, 64, 100, 128, 513, 1000, 3420]
BF16 = torch.bfloat16
SPECIAL = [0.0, 1.0, 1e-3, 1e-38, 3e-39, 1e-43, 1e4, 1e20, 3.4e38, 65504.0, torch.inf, torch.nan]


def runs(op, input: torch.Tensor, name: str = "silu_and_mul") -> None:
    """A call into a poisoned output gives the right result and leaves its input alone."""
    *leading, two_d = input.shape
    out = poisoned(*leading, two_d // 2, dtype=input.dtype, device=str(input.device))
    before = input.clone()
    op(out, input)
    assert wrong(name, out, input) == ""
    assert torch.equal(input.nan_to_num(), before.nan_to_num())


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("op", OPS)
def test_every_op_is_right_at_every_odd_width(machine, op, dtype):
    for d, tokens in product(ODD_D, (1, 3)):
        runs(lambda out, x: OPS[op](x, out), made(tokens, 2 * d, dtype=dtype, device=machine), op)


@pytest.mark.parametrize("name", RUNGS)
def test_every_rung_is_right_at_every_odd_width(machine, name):
    dtypes = [BF16] if name in BF16_RUNGS else DTYPES
    for d, tokens, dtype in product([*ODD_D, 8200], (1, 3), dtypes):
        x = made(tokens, 2 * d, dtype=dtype, device=machine)
        if name != "silu_then_mul":
            runs(getattr(family("activation"), name), x)
            continue
        out = poisoned(tokens, d, dtype=dtype, device=machine)
        family("activation").silu_then_mul(out, x)
        right = expected("silu_and_mul", x)  # rounded twice, each time by at most 2^-8
        torch.testing.assert_close(out.double(), right, rtol=1.01 * 2**-7, atol=1e-37)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("in_flight", [1, 2, 4])
def test_every_number_in_flight_is_right(machine, in_flight, fast):
    for d, tokens, threads in product((8, 24, 1000, 3420), (1, 3, 17), (32, 256)):
        x = made(tokens, 2 * d, dtype=BF16, device=machine)
        runs(
            lambda out, x, t=threads: family("activation").silu_in_flight(
                out, x, in_flight, t, fast
            ),
            x,
        )


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("op", OPS)
def test_special_values_become_what_float64_says(machine, op, dtype):
    values = torch.tensor([s * v for v in SPECIAL for s in (1, -1)] + [-88.5, -89, -100])
    gate, up = torch.meshgrid(values, values, indexing="ij")
    for width in (gate.numel(), 8):  # all in a row, and by vectors
        rows = torch.cat([gate.reshape(-1)[:width], up.reshape(-1)[:width]])
        runs(lambda out, x: OPS[op](x, out), rows.to(dtype).to(machine), op)
    pairs = torch.stack([gate.reshape(-1), up.reshape(-1)], -1)
    runs(lambda out, x: OPS[op](x, out), pairs.to(dtype).to(machine), op)


@pytest.mark.parametrize("op", OPS)
def test_nan_and_infinity_come_out_as_torchs_formulas_give_them(machine, op):
    formula = {
        "silu_and_mul": torch.nn.functional.silu,
        "gelu_and_mul": torch.nn.functional.gelu,
        "gelu_tanh_and_mul": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
    }[op]
    gate = torch.tensor([torch.nan, -torch.inf, torch.inf, -0.0, 0.0, 1.0, 1.0])
    up = torch.tensor([1.0, 1.0, 1.0, 1.0, torch.inf, torch.nan, -torch.inf])
    x = torch.cat([gate, up])
    right = formula(gate.double()) * up.double()
    torch.testing.assert_close(
        OPS[op](x.to(machine)).cpu().double(),
        right,
        equal_nan=True,
        rtol=1e-6,
        atol=0,
    )


def test_a_large_negative_gate_gives_what_is_left_of_it_and_not_zero(machine):
    x = torch.tensor([-95.0, 1e38], device=machine)
    assert silu_and_mul(x).item() == pytest.approx(-95 * 5.521082277e-42 * 1e38, rel=1e-3)


@pytest.mark.parametrize("op", OPS)
def test_an_activation_below_every_float32_vanishes(machine, op):
    gate = torch.tensor([-103.0, -110.0, -1e4, -3e38, 1e-45, -1e-45])
    for up in (1.0, -3e38, 1e-45):
        x = torch.cat([gate, torch.full_like(gate, up)]).to(machine)
        assert wrong(op, OPS[op](x), x) == ""


@pytest.mark.parametrize("dtype", [torch.float16, BF16], ids=str)
@pytest.mark.parametrize("op", OPS)
def test_a_result_is_rounded_once(machine, op, dtype):
    x = made(4, 2 * 512, dtype=dtype, device=machine)
    once = expected(op, x).to(dtype)
    gate, up = x.double().chunk(2, -1)
    twice = (activation(op, gate).to(dtype).double() * up).to(dtype)
    assert (OPS[op](x) != once).float().mean() < 0.01  # float32 is not exact either
    assert (twice != once).float().mean() > 0.1


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_pair_of_offsets_computes_and_writes_nothing_else(guarded, machine, dtype):
    for to, start, d in product(range(0, 9), range(0, 9), (8, 12)):
        x, out = guarded(6 * d, dtype, machine, start), guarded(3 * d, dtype, machine, to)
        x.tensor.copy_(made(6 * d, dtype=dtype))
        out.tensor.fill_(torch.nan)
        silu_and_mul(x.tensor.view(3, 2 * d), out.tensor.view(3, d))
        assert wrong("silu_and_mul", out.tensor.view(3, d), x.tensor.view(3, 2 * d)) == ""


@pytest.mark.parametrize("name", [*RUNGS, *OPS])
def test_rows_of_a_wider_tensor_are_read_and_written_in_place(machine, name):
    for d, first, gap in ((8, 0, 8), (8, 3, 5), (12, 4, 0), (7, 1, 1), (64, 8, 24)):
        wide = made(5, first + 2 * d + gap, dtype=BF16, device=machine)
        out = poisoned(5, first + d + gap, dtype=BF16, device=machine)
        x, half = wide[:, first : first + 2 * d], out[:, first : first + d]
        if name in OPS:
            OPS[name](x, half)
            assert wrong(name, half, x) == ""
        else:
            getattr(family("activation"), name)(half, x)
            assert not half.isnan().any()
        assert out[:, :first].isnan().all() and out[:, first + d :].isnan().all()


def test_leading_dimensions_may_be_any_that_make_even_steps(machine):
    base = made(2, 3, 5, 40, dtype=BF16, device=machine)
    views = [base, base[..., 8:24], base[1], base[:, 1:2, 2, :16], base[0, 0, 0], base[:, :, 2]]
    views += [base[:, 0, :1], base[:1, :1, :1], base[0, 0, :1].expand(4, 40)]
    for x in views:
        out = silu_and_mul(x)
        assert out.shape == (*x.shape[:-1], x.shape[-1] // 2)
        assert wrong("silu_and_mul", out, x) == ""


def test_out_may_lie_beside_input_in_one_tensor(machine):
    both = made(5, 24, dtype=torch.float32, device=machine)
    x = both[:, :16].clone()
    assert silu_and_mul(both[:, :16], both[:, 16:]).data_ptr() == both[:, 16:].data_ptr()
    assert wrong("silu_and_mul", both[:, 16:], x) == ""
    assert torch.equal(both[:, :16], x)


@pytest.mark.parametrize("name", [*RUNGS, *OPS])
def test_nothing_to_do_launches_nothing(name):
    before = sim.launches()
    for shape in ((0, 16), (3, 0), (0,), (2, 0, 6)):
        x = torch.empty(shape, dtype=BF16)
        out = torch.empty((*shape[:-1], shape[-1] // 2), dtype=BF16)
        if name in OPS:
            assert OPS[name](x).shape == out.shape
        else:
            getattr(family("activation"), name)(out, x)
    assert sim.launches() == before
