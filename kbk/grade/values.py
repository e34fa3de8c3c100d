"""Random inputs of a grader, and tolerances that follow from a dtype."""

from __future__ import annotations

import random

import torch
from torch import Tensor

from kbk.grade.cases import Tol


def generator(rng: random.Random) -> torch.Generator:
    """A torch generator seeded from ``rng``."""
    return torch.Generator().manual_seed(rng.getrandbits(62))


def uniform(
    rng: random.Random,
    *shape: int,
    dtype: torch.dtype = torch.float32,
    low: float = -4.0,
    high: float = 4.0,
) -> Tensor:
    """Values drawn evenly from [low, high), rounded to ``dtype``."""
    drawn = torch.rand(shape, generator=generator(rng), dtype=torch.float64)
    return (low + (high - low) * drawn).to(dtype)


def normal(
    rng: random.Random, *shape: int, dtype: torch.dtype = torch.float32, scale: float = 1.0
) -> Tensor:
    """Values from a normal distribution of mean 0, rounded to ``dtype``."""
    drawn = torch.randn(shape, generator=generator(rng), dtype=torch.float64)
    return (scale * drawn).to(dtype)


def bits(rng: random.Random, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Any bit patterns: for ops that only move elements (NaNs and denormals among them)."""
    size = torch.empty((), dtype=dtype).element_size()
    count = size
    for length in shape:
        count *= length
    raw = torch.randint(0, 256, (count,), generator=generator(rng), dtype=torch.uint8)
    return torch.empty(0, dtype=dtype) if count == 0 else raw.view(dtype).reshape(shape)


def integers(
    rng: random.Random, *shape: int, low: int = 0, high: int = 100, dtype: torch.dtype = torch.int64
) -> Tensor:
    """Integers from [low, high)."""
    return torch.randint(low, high, shape, generator=generator(rng)).to(dtype)


def tolerance(dtype: torch.dtype, *, ulps: float = 0.5, float32_steps: int = 0) -> Tol:
    """What correct rounding to ``dtype`` may cost, and float32 arithmetic on the way.

    Args:
        dtype: of the result.
        ulps: roundings to ``dtype``, in units in the last place (0.5: rounded once, to nearest).
        float32_steps: float32 operations before that, each of relative error 2**-24.

    Returns:
        a relative tolerance of ``2 * ulps`` times the unit roundoff of ``dtype``, plus the steps';
        an absolute one of as many steps of the smallest denormal.
    """
    info = torch.finfo(dtype)
    single = torch.finfo(torch.float32)
    rtol = ulps * info.eps + float32_steps * single.eps / 2
    why = f"{ulps:g} units in the last place of {str(dtype).removeprefix('torch.')}"
    if float32_steps:
        why += f", after {float32_steps} roundings in float32"
    atol = ulps * info.smallest_normal * info.eps * (1 + 1e-6)
    return Tol(rtol=rtol * (1 + 1e-6), atol=atol, why=why)
