"""RoPE in float64, and how far one rounding of float32 arithmetic may be from it."""

from __future__ import annotations

import mmap
from typing import Any

import torch

UNIT = {torch.float32: 2.0**-24, torch.bfloat16: 2.0**-8, torch.float16: 2.0**-11}
"""Largest relative error of one rounding."""
TINY = {torch.float32: 2.0**-150, torch.bfloat16: 2.0**-134, torch.float16: 2.0**-25}
"""Half of the smallest subnormal."""
DTYPES = [torch.bfloat16, torch.float16, torch.float32]


def angles(positions: int, rotary: int, base: float = 10000.0, device: str = "cpu") -> torch.Tensor:
    """cos_sin_cache, computed in float64: [positions, rotary] float32."""
    frequency = base ** (-torch.arange(0, rotary, 2, dtype=torch.float64) / rotary)
    angle = torch.arange(positions, dtype=torch.float64)[:, None] * frequency
    return torch.cat([angle.cos(), angle.sin()], dim=1).float().to(device)


def pairs(rotary: int, is_neox: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Places of the first and of the second element of each pair."""
    i = torch.arange(rotary // 2)
    return (i, i + rotary // 2) if is_neox else (2 * i, 2 * i + 1)


def rotated(
    x: torch.Tensor, positions: torch.Tensor, table: torch.Tensor, is_neox: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """x [tokens, heads, head_size] rotated in float64; of each element the sum of |products|."""
    rows = table.double()[positions.long()][:, None, :]
    half = table.size(1) // 2
    cos, sin = rows[..., :half], rows[..., half:]
    first, second = (each.to(x.device) for each in pairs(table.size(1), is_neox))
    want = x.double().clone()
    a, b = want[..., first], want[..., second]
    size = torch.zeros_like(want)
    want[..., first], want[..., second] = a * cos - b * sin, b * cos + a * sin
    size[..., first] = (a * cos).abs() + (b * sin).abs()
    size[..., second] = (b * cos).abs() + (a * sin).abs()
    return want, size


def assert_rotated(
    got: torch.Tensor,
    before: torch.Tensor,
    positions: torch.Tensor,
    table: torch.Tensor,
    is_neox: bool,
) -> None:
    """Elements are within three roundings of float32 and one of their dtype; the rest is as before.

    Args:
        got, before: [tokens, heads, head_size], after and before the call.
    """
    assert got.dtype == before.dtype
    want, size = rotated(before, positions, table, is_neox)
    bound = want.abs() * UNIT[got.dtype] + 3 * 2.0**-24 * size + TINY[got.dtype]
    wrong = ~((got.double() - want).abs() <= bound)
    # What is not finite in the dtype must be what the formula rounds to.
    rounded = want.to(got.dtype)
    special = ~rounded.isfinite() | ~got.isfinite()
    same = (got == rounded) | (got.isnan() & rounded.isnan())
    wrong = torch.where(special, ~same, wrong)
    assert not wrong.any(), (
        f"{int(wrong.sum())} of {wrong.numel()} wrong, the first at {wrong.nonzero()[0].tolist()}: "
        f"{got[wrong][0].item()} instead of {want[wrong][0].item()}"
    )
    rotary = table.size(1)
    assert torch.equal(bits(got[..., rotary:]), bits(before[..., rotary:])), "the rest has changed"


def bits(x: torch.Tensor) -> torch.Tensor:
    """The bits of each element, as integers: NaN equals itself."""
    return x.contiguous().view(torch.int32 if x.dtype.itemsize == 4 else torch.int16)


def heads(*shape: int, dtype: torch.dtype, device: str, seed: int = 0) -> torch.Tensor:
    """Standard normal values in the dtype."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator).to(dtype).to(device)


def positions_of(tokens: int, most: int, device: str, seed: int = 1) -> torch.Tensor:
    """Random positions, int64: never in order, some twice."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, most, (tokens,), generator=generator).to(device)


def sparse(numel: int, dtype: torch.dtype, device: str) -> torch.Tensor:
    """A tensor of zeros that may be larger than memory: on the CPU only touched pages are there."""
    if device == "cuda":
        return torch.zeros(numel, dtype=dtype, device=device)
    flags: Any = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
    return torch.frombuffer(mmap.mmap(-1, numel * dtype.itemsize, flags=flags), dtype=dtype)
