"""The activations in float64, and how far a float32 computation rounded once may lie from them."""

from __future__ import annotations

from collections.abc import Callable

import torch

from kbk.ops import gelu_and_mul, gelu_tanh_and_mul, silu_and_mul

OPS: dict[str, Callable[..., torch.Tensor]] = {
    "silu_and_mul": silu_and_mul,
    "gelu_and_mul": gelu_and_mul,
    "gelu_tanh_and_mul": gelu_tanh_and_mul,
}
DTYPES = [torch.float32, torch.float16, torch.bfloat16]
RUNGS = [
    "silu_then_mul",
    "silu_one_per_thread",
    "silu_block_per_token",
    "silu_vectors",
    "silu_redone_tail",
    "silu_flat",
]
BF16_RUNGS = ["silu_then_mul", "silu_one_per_thread", "silu_redone_tail"]
STEP = 2.0**-24  # half a unit of the last place of float32, over the value


def activation(op: str, x: torch.Tensor) -> torch.Tensor:
    """act(x) of float64, in forms that lose no digits where the textbook's cancel."""
    if op == "gelu_and_mul":
        return 0.5 * x * torch.special.erfc(-x / 2**0.5)
    z = x if op == "silu_and_mul" else _twice_u(x)
    return x * torch.sigmoid(z)


def _twice_u(x: torch.Tensor) -> torch.Tensor:
    return 2 * (2 / torch.pi) ** 0.5 * (x + 0.044715 * x**3)


def expected(op: str, input: torch.Tensor) -> torch.Tensor:
    """act(gate) * up in float64."""
    gate, up = input.double().chunk(2, -1)
    return activation(op, gate) * up


def allowed(op: str, input: torch.Tensor) -> torch.Tensor:
    """The error that is allowed to each element, absolute.

    Half a unit of the output's last place, for the one rounding; eight roundings of float32; what
    an error of the argument of exp or erfc makes of it; and a subnormal of float32 on the way.
    """
    gate, up = input.double().chunk(2, -1)
    right = expected(op, input)
    x = gate.abs()
    argument = {"silu_and_mul": 0 * x, "gelu_and_mul": 2 * x**2}.get(op, 4 * _twice_u(x))
    # Beyond 105, exp of it is 0 in float32 too.
    relative = (16 + argument.clamp(max=4 * 105)) * STEP
    subnormal = 210 * 2.0**-149 * (1 + up.abs())
    return half_a_unit(right, input.dtype) + relative * right.abs() + subnormal


def half_a_unit(x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Half the distance between the numbers of a dtype around x."""
    info = torch.finfo(dtype)
    exponent = torch.floor(torch.log2(x.abs().clamp(min=info.tiny, max=info.max)))
    return 0.5 * info.eps * 2.0**exponent


def wrong(op: str, out: torch.Tensor, input: torch.Tensor) -> str:
    """The worst element that is further from the float64 result than allowed, or ""."""
    right = expected(op, input)
    rounded = right.to(input.dtype)
    got = out.double()
    same = (out == rounded) | (out.isnan() & rounded.isnan())
    off = (got - right).abs() / allowed(op, input)
    bad = ~same & ~(off <= 1)
    if not bool(bad.any()):
        return ""
    at = int(torch.where(bad, off.nan_to_num(torch.inf, torch.inf), -1).argmax())
    token, column = divmod(at, out.shape[-1])
    gate, up = input.reshape(-1, input.shape[-1])[token].chunk(2)
    return (
        f"row {token}, column {column} of {tuple(out.shape)} {out.dtype}: "
        f"{got.flatten()[at].item()} is not {right.flatten()[at].item()} "
        f"(gate {gate[column].item()}, up {up[column].item()}); {int(bad.sum())} are wrong"
    )


def made(*shape: int, dtype: torch.dtype, device: str = "cpu", seed: int = 0) -> torch.Tensor:
    """Random numbers from about -15 to 15: the tails of the activations are among them."""
    generator = torch.Generator(device).manual_seed(seed)
    return (4 * torch.randn(*shape, generator=generator, device=device)).to(dtype)


def poisoned(*shape: int, dtype: torch.dtype, device: str = "cpu") -> torch.Tensor:
    """A tensor of NaN: what nobody writes is seen."""
    return torch.full(shape, torch.nan, dtype=dtype, device=device)
