"""Compares an output with what it must be, and keeps the worst elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

WORST = 3
"""How many wrong elements are told of an output."""

EPS32 = 2.0**-23
"""Distance of 1 to the next float32: twice the largest relative error of one rounding."""

ROUNDING = {
    torch.float32: 2.0**-24,
    torch.float16: 2.0**-11,
    torch.bfloat16: 2.0**-8,
}
"""Largest relative error of one rounding to a dtype."""

SMALLEST = {torch.float32: 2.0**-149, torch.float16: 2.0**-24, torch.bfloat16: 2.0**-133}
"""Smallest positive number: of it, a result near zero may be off by a half."""

NAMES = {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16"}


@dataclass(frozen=True)
class Wrong:
    """A wrong element.

    Attributes:
        index: in its output.
        got, expected, tolerance: as text; tolerance is "" where only one value is right.
    """

    index: tuple[int, ...]
    got: str
    expected: str
    tolerance: str = ""


@dataclass(frozen=True)
class Mistake:
    """What is wrong with an output.

    Attributes:
        output: its name.
        text: in words, with the numbers.
        count, total: how many of its elements are wrong.
        worst: some of them, the worst first.
    """

    output: str
    text: str
    count: int
    total: int
    worst: tuple[Wrong, ...] = ()


def poisoned(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """A tensor whose every element says that nobody wrote it: NaN, or a number that none means."""
    made = torch.empty(tuple(shape), dtype=dtype)
    if dtype is torch.float8_e4m3fn:
        made.view(torch.uint8).fill_(0xFF)  # NaN
        return made
    return made.fill_(float("nan") if dtype.is_floating_point else -7_777_777)


def exactly(name: str, expected: Tensor) -> Callable[[Tensor], Mistake | None]:
    """A check: every element is the one of `expected`."""
    return lambda actual: _mistake(name, actual, expected, actual != expected, None)


def near(name: str, expected: Tensor, tolerance: Tensor) -> Callable[[Tensor], Mistake | None]:
    """A check: every element is within its own tolerance.

    Args:
        name: of the output.
        expected: float64; NaN asks for NaN, an infinity for itself.
        tolerance: float64, absolute, the same shape.
    """

    def check(actual: Tensor) -> Mistake | None:
        a = actual.double()
        right = (a - expected).abs() <= tolerance
        right |= (a == expected) | (a.isnan() & expected.isnan())
        return _mistake(name, actual, expected, ~right, tolerance)

    return check


def rounded(expected: Tensor, dtype: torch.dtype) -> Tensor:
    """Largest error of rounding exact values to a dtype, element by element."""
    return ROUNDING[dtype] * expected.abs() + SMALLEST[dtype] / 2


def _mistake(
    name: str, actual: Tensor, expected: Tensor, wrong: Tensor, tolerance: Tensor | None
) -> Mistake | None:
    count = int(wrong.sum())
    if not count:
        return None
    error = (actual.double() - expected.double()).abs()
    if tolerance is not None:
        error = error / tolerance.clamp_min(1e-300)
    rank = torch.where(error.isnan(), float("inf"), error)
    rank = torch.where(wrong, rank, -1.0).flatten()
    order = torch.sort(rank, descending=True, stable=True).indices[: min(count, WORST)]
    worst = tuple(_wrong(flat, actual, expected, tolerance) for flat in order.tolist())
    first = worst[0]
    within = f" within {first.tolerance}" if first.tolerance else ""
    place = ", ".join(map(str, first.index))
    return Mistake(
        name,
        f"{count:,} of {wrong.numel():,} elements of {name} are wrong; the worst: "
        f"{name}[{place}] is {first.got}, must be {first.expected}{within}",
        count,
        wrong.numel(),
        worst,
    )


def _wrong(flat: int, actual: Tensor, expected: Tensor, tolerance: Tensor | None) -> Wrong:
    index = []
    rest = flat
    for length in reversed(actual.shape):
        rest, at = divmod(rest, length)
        index.append(at)
    return Wrong(
        tuple(reversed(index)),
        shown(actual.flatten()[flat].item()),
        shown(expected.flatten()[flat].item()),
        "" if tolerance is None else f"{tolerance.flatten()[flat].item():.2g}",
    )


def shown(value: float | int | bool) -> str:
    """A value as text, floats with nine digits."""
    return f"{value:.9g}" if isinstance(value, float) else str(value)
