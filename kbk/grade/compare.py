"""Compares what a submission wrote with what it should have written, and says where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from kbk.grade.cases import BITS, Tol

WORST = 5
"""How many wrong elements are shown."""


@dataclass(frozen=True)
class Worst:
    """A wrong element, as a row of a table.

    Attributes:
        element: "out[3, 7]".
        expected, got: its values, as text.
        error: their distance, "" where there is none (a NaN, a bool, bits).
        allowed: the distance that is allowed, "" where the value must be the very same.
        argument: name of the output.
        flat: number of the element in the tensor, in order of its indices.
        writer: who wrote it and at which line, "nobody", or "" where nobody has looked.
    """

    element: str
    expected: str
    got: str
    error: str = ""
    allowed: str = ""
    argument: str = ""
    flat: int = 0
    writer: str = ""


@dataclass(frozen=True)
class Difference:
    """Where an output is wrong.

    Attributes:
        unwritten: every wrong element holds what it held before the call.
        text: sentences for the learner, with a line for each of the worst elements.
        head: the same without these lines.
        worst: the worst elements, the worst first.
    """

    unwritten: bool
    text: str
    head: str = ""
    worst: tuple[Worst, ...] = ()


def right(actual: Tensor, expected: Tensor, tol: Tol | None) -> Tensor:
    """Which elements of ``actual`` are right.

    Args:
        actual: any dtype, any shape.
        expected: the same shape; float64 for exact values.
        tol: None asks for ``expected`` rounded to the dtype of ``actual``, signs of zeros included;
            BITS for its bits.

    Returns:
        a bool tensor of the same shape. Any NaN equals any NaN.
    """
    if tol is BITS:
        return same_bits(actual, expected.to(actual.dtype))
    rounded = expected.to(actual.dtype)
    if not actual.dtype.is_floating_point:
        return actual == rounded
    # 8-bit floats compare only as wider ones.
    a, r = actual.double(), rounded.double()
    same = (a == r) & (a.signbit() == r.signbit()) | (a.isnan() & r.isnan())
    if tol is None:
        return same
    wanted = expected.double()
    near = (a - wanted).abs() <= tol.atol + tol.rtol * wanted.abs()
    return same | (a == r) | (near & wanted.isfinite() & a.isfinite())


def compare(
    name: str, actual: Tensor, before: Tensor, expected: Tensor, tol: Tol | None, first: int = 0
) -> Difference | None:
    """Compare one output.

    Args:
        name: of the argument.
        actual, before: the output after the call, and its poison; before is empty when it had none.
        expected: what it should be.
        tol: see ``right``.
        first: index of element 0, for a window of a larger tensor.

    Returns:
        None if all is right.
    """
    if expected.shape != actual.shape:
        raise ValueError(f"{name}: expect gave {list(expected.shape)}, not {list(actual.shape)}")
    wrong = ~right(actual, expected, tol)
    if not wrong.any():
        return None
    untouched = torch.zeros_like(wrong)
    if before.numel():
        untouched = wrong & same_bits(actual, before)
    if untouched.any() and bool(same_bits(actual, before).all()):  # right by chance, if at all
        text = _unwritten(name, torch.ones_like(wrong), first)
        return Difference(True, text, text)
    if untouched.any() and bool((wrong == untouched).all()):
        text = _unwritten(name, untouched, first)
        return Difference(True, text, text)
    lines = []
    if untouched.any():
        lines.append(_unwritten(name, untouched, first))
    mistaken = wrong & ~untouched
    count, total = int(mistaken.sum()), wrong.numel()
    lines.append(f"{count:,} of {total:,} elements of {name} are wrong; the worst:")
    worst = _worst(name, actual, expected, mistaken, tol, first)
    head = "\n".join(lines)
    return Difference(False, "\n".join([head, *map(_line, worst)]), head, tuple(worst))


def same_bits(a: Tensor, b: Tensor) -> Tensor:
    """Which elements of two tensors of one shape and dtype have the same bits."""
    size = a.dtype.itemsize
    x = a.contiguous().flatten().view(torch.uint8).reshape(-1, size)
    y = b.contiguous().flatten().view(torch.uint8).reshape(-1, size)
    return (x == y).all(1).reshape(a.shape)


def _worst(
    name: str, actual: Tensor, expected: Tensor, wrong: Tensor, tol: Tol | None, first: int
) -> list[Worst]:
    error = (actual.double() - expected.double()).abs()
    rank = torch.where(error.isnan(), float("inf"), error)
    rank = torch.where(wrong, rank, -1.0).flatten()
    rows = []
    for flat in torch.sort(rank, descending=True, stable=True).indices[:WORST].tolist():
        if not bool(wrong.flatten()[flat]):
            break
        got, want = actual.flatten()[flat].item(), expected.flatten()[flat].item()
        distance = error.flatten()[flat].item()
        close = tol is not None and tol is not BITS and isinstance(want, float)
        rows.append(
            Worst(
                element=f"{name}[{_place(flat, actual.shape, first)}]",
                expected=_shown(want),
                got=_shown(got),
                error=f"{distance:.2g}" if distance > 0 and not isinstance(want, bool) else "",
                allowed=f"{tol.atol + tol.rtol * abs(want):.2g}" if close and tol else "",
                argument=name,
                flat=flat + first,
            )
        )
    return rows


def _line(row: Worst) -> str:
    """A row as a line of text."""
    within = f" within {row.allowed}" if row.allowed else ""
    return f"  {row.element} is {row.got}, must be {row.expected}{within}"


def _shown(value: float | int | bool) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _place(flat: int, shape: Sequence[int], first: int) -> str:
    if len(shape) <= 1:
        return str(flat + first)
    place = []
    for length in reversed(shape):
        flat, index = divmod(flat, length)
        place.append(str(index))
    return ", ".join(reversed(place))


def _unwritten(name: str, untouched: Tensor, first: int) -> str:
    where = untouched.flatten().nonzero().flatten()
    count = where.numel()
    breaks = (where.diff() != 1).nonzero().flatten() + 1
    starts = [0, *breaks.tolist()]
    ends = [*breaks.tolist(), count]
    ranges = []
    for low, high in list(zip(starts, ends, strict=True))[:3]:
        a, b = int(where[low]), int(where[high - 1])
        begin, end = (_place(each, untouched.shape, first) for each in (a, b))
        ranges.append(f"{name}[{begin}]" if a == b else f"{name}[{begin}] to {name}[{end}]")
    text = ", ".join(ranges) + (", ..." if len(starts) > 3 else "")
    if count == 1:
        return f"{text} was never written."
    whole = ": all of it" if count == untouched.numel() else ""
    return f"{text} were never written ({count:,} of {untouched.numel():,} elements{whole})."
