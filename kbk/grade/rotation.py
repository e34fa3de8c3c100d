"""What graders of RoPE share: tables of angles, the rotation in float64, and its tolerance."""

from __future__ import annotations

import math
import random

import torch
from torch import Tensor

from kbk.grade import values
from kbk.grade.cases import Tol


def table(rng: random.Random, positions: int, rotary: int, *, most: float = math.pi) -> Tensor:
    """Cosines and sines of random angles: no two positions or pairs look alike.

    Args:
        rng: the check's.
        positions: rows.
        rotary: elements of a head that rotate; even.
        most: the angles are drawn from [-most, most).

    Returns:
        float32 [positions, rotary]: the cosines of rotary / 2 pairs, then their sines.
    """
    drawn = torch.rand(
        (positions, rotary // 2), generator=values.generator(rng), dtype=torch.float64
    )
    angles = most * (2 * drawn - 1)
    return torch.cat([angles.cos(), angles.sin()], 1).float()


def quarter_turns(rng: random.Random, positions: int, rotary: int) -> Tensor:
    """A table of angles of 0, 90, 180 and 270 degrees: every result is exact, in any arithmetic.

    With it, a tolerance of None asks for the bits of what is rotated and of what is only moved.

    Args:
        rng, positions, rotary: as for `table`.

    Returns:
        as `table`.
    """
    turns = values.integers(rng, positions, rotary // 2, high=4)
    cos = torch.tensor([1.0, 0.0, -1.0, 0.0])[turns]
    sin = torch.tensor([0.0, 1.0, 0.0, -1.0])[turns]
    return torch.cat([cos, sin], 1)


def rotated(x: Tensor, positions: Tensor, cos_sin: Tensor, *, neox: bool = True) -> Tensor:
    """Rotate the first elements of each head; the others stay.

    Args:
        x: [tokens, heads, head_dim].
        positions: [tokens], rows of the table.
        cos_sin: as `table` makes it.
        neox: element i pairs with i + rotary / 2; otherwise neighbours pair.

    Returns:
        float64, the shape of ``x``.
    """
    rotary = cos_sin.shape[1]
    half = rotary // 2
    out = x.double().clone()
    rows = cos_sin.double()[positions.long()][:, None]
    cos, sin = rows[..., :half], rows[..., half:]
    first = slice(0, half) if neox else slice(0, rotary, 2)
    second = slice(half, rotary) if neox else slice(1, rotary, 2)
    a, b = out[..., first].clone(), out[..., second].clone()
    out[..., first] = a * cos - b * sin
    out[..., second] = b * cos + a * sin
    return out


def tolerance(x: Tensor) -> Tol:
    """What one rounding to the dtype of ``x`` costs, after float32 arithmetic.

    Two products and their sum are rounded to float32. Each product is at most max|x|, and both
    together at most sqrt(2) times that; so is the sum.
    """
    finite = x.double().abs()
    finite = finite[finite.isfinite()]
    most = float(finite.max()) if finite.numel() else 0.0
    single = torch.finfo(torch.float32).eps / 2
    one = values.tolerance(x.dtype)
    return Tol(
        rtol=one.rtol,
        atol=one.atol + 2 * math.sqrt(2) * most * single * (1 + 1e-2),
        why=f"{one.why}, after two products and a sum in float32 of values up to {most:.3g}",
    )
