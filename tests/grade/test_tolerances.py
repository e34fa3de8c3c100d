"""Every tolerance accepts the right result and what it says it allows for, and rejects what is less
exact: of 16 bits another rounding or four units in the last place, of 32 what float16 gives."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from kbk.grade import BITS, Case, Exercise, Sparse, Tol, catalogue, mistakes
from kbk.grade.cases import Argument
from kbk.grade.compare import right

ENOUGH = 32
"""Elements of which some must show a wrong precision: one alone may hide it where terms cancel."""
PRECISION = re.compile(
    r"\bround(s|ed|ing) (?!up|down)|16 bits|float16|half (arithmetic|precision)", re.I
)


@dataclass(frozen=True)
class Floating:
    """A floating output of a case: what it must be, as float64, and how near."""

    check: str
    label: str
    dtype: torch.dtype
    expected: Tensor
    tol: Tol | None

    @property
    def best(self) -> Tensor:
        """The right result, rounded once."""
        return self.expected.to(self.dtype)

    @property
    def usual(self) -> Tensor:
        """Elements that are neither special nor below the normal numbers of the dtype."""
        size = self.best.double().abs()
        info = torch.finfo(self.dtype)
        return (size > 16 * info.smallest_normal) & (size < info.max / 16)


def floating(exercise: Exercise, seed: int = 3) -> Iterator[Floating]:
    """Every floating output of an exercise, except of ops that only move elements."""
    for check in exercise.checks:
        for case in check.cases(random.Random(f"{seed} {check.name}")):
            if not isinstance(case, Case) or case.raises or case.tol is BITS:
                continue
            expected = case.expect() if case.expect else ()
            parts = expected if isinstance(expected, tuple) else (expected,)
            for argument, each in zip(case.written, parts, strict=True):
                dtype = _dtype(argument)
                if dtype.is_floating_point and each.numel():
                    yield Floating(check.name, case.label, dtype, each.double(), case.tol)


def _dtype(argument: Argument | Sparse) -> torch.dtype:
    return argument.dtype if isinstance(argument, Sparse) else argument.tensor.dtype


def moved(values: Tensor, ulps: int, away_from: Tensor) -> Tensor:
    """Each value some units in the last place further from another."""
    size = torch.int16 if values.dtype.itemsize == 2 else torch.int32
    up = (values.double() > away_from) == (values.double() > 0)  # away from zero is a larger code
    step = torch.where(up, ulps, -ulps).to(size)
    return (values.contiguous().view(size) + step).view(values.dtype)


def of_11_bits(values: Tensor) -> Tensor:
    """Each value rounded to the bits that a float16 keeps, of any size."""
    mantissa, exponent = torch.frexp(values.double())
    return torch.ldexp((mantissa * 2048).round() / 2048, exponent).to(values.dtype)


def faults(outputs: list[Floating]) -> Iterator[str]:
    """What is wrong with the tolerances of some outputs."""
    for each in outputs:
        where = f"{each.check}, {each.label}"
        if not right(each.best, each.expected, each.tol).all():
            yield f"{where}: the right result is rejected"
        if each.tol is not None and not _rounding_is_covered(each):
            yield f"{where}: less is allowed than rounding the exact result costs"
        if each.tol is not None and not _slack_is_accepted(each):
            yield f"{where}: half of the tolerance is rejected"
        half = each.dtype.itemsize == 2
        far = moved(each.best, 4, each.expected) if half else of_11_bits(each.best)
        rejected = ~right(far, each.expected, each.tol) & each.usual
        if int(each.usual.sum()) >= ENOUGH and not rejected.any():
            what = "four units in the last place are" if half else "what float16 gives is"
            yield f"{where}: {what} accepted everywhere"
    for check in dict.fromkeys(each.check for each in outputs):
        for dtype in (torch.float16, torch.bfloat16):
            mine = [o for o in outputs if (o.check, o.dtype) == (check, dtype)]
            usual = sum(int(o.usual.sum()) for o in mine)
            if usual >= ENOUGH and not any(map(_rounding_is_rejected, mine)):
                yield f"{check}, {dtype}: one more rounding is accepted everywhere"


def _rounding_is_covered(output: Floating) -> bool:
    assert output.tol is not None
    allowed = output.tol.atol + output.tol.rtol * output.expected.abs()
    error = (output.best.double() - output.expected).abs()
    return bool((error <= allowed)[output.usual].all())


def _slack_is_accepted(output: Floating) -> bool:
    assert output.tol is not None
    half = (output.tol.atol + output.tol.rtol * output.expected.abs()) / 2
    accepted = True
    for sign in (-1, 1):
        near = (output.expected + sign * half).to(output.dtype)
        inside = (near.double() - output.expected).abs() <= half
        accepted &= bool((right(near, output.expected, output.tol) | ~inside).all())
    return accepted


def _rounding_is_rejected(output: Floating) -> bool:
    """One unit in the last place, to the side on which the right result does not lie."""
    next_one = moved(output.best, 1, output.expected)
    return bool((~right(next_one, output.expected, output.tol) & output.usual).any())


EXERCISES = [each for each in catalogue.all() if each.kind != "predict"]
every = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id.replace("/", "-"))


@every
def test_tolerances_accept_what_is_right_and_reject_what_is_less_exact(exercise: Exercise) -> None:
    assert list(faults(list(floating(exercise)))) == []


@every
def test_an_exercise_that_is_about_precision_stops_arithmetic_of_16_bits(
    exercise: Exercise,
) -> None:
    stopped = mistakes.kills(exercise.id)
    files = dict(mistakes.mutants(exercise))
    about = [name for name, text in files.items() if PRECISION.search(mistakes.mistake_of(text))]
    near = _with_a_tolerance(exercise)
    if not near or not (about or PRECISION.search(exercise.task)):
        return
    found = [stopped.get(name, {"check": "", "verdict": ""}) for name in about]
    assert any(each["check"] in near and each["verdict"] == "wrong-answer" for each in found), (
        f"no mutant rounds too often or too early; those about it are {about}"
    )


def _with_a_tolerance(exercise: Exercise) -> set[str]:
    """Checks with an output of 16 bits that need not be exact."""
    return {
        check.name
        for check in exercise.checks
        for case in check.cases(random.Random("which"))
        if isinstance(case, Case)
        if case.tol not in (None, BITS) and any(_dtype(w).itemsize == 2 for w in case.written)
    }


@pytest.fixture(scope="module")
def outputs() -> list[Floating]:
    return list(floating(catalogue.find("00/06")))


def wider(factor: float) -> Callable[[Floating], Floating]:
    def change(output: Floating) -> Floating:
        tol = output.tol and Tol(output.tol.rtol * factor, output.tol.atol * factor)
        return replace(output, tol=tol)

    return change


@pytest.mark.parametrize(
    "change, said",
    [
        (wider(0.25), "less is allowed than rounding the exact result costs"),
        (wider(4), "one more rounding is accepted everywhere"),
        (wider(64), "four units in the last place are accepted everywhere"),
        (wider(1 << 14), "what float16 gives is accepted everywhere"),
    ],
)
def test_a_tolerance_that_is_broken_is_noticed(
    outputs: list[Floating], change: Callable[[Floating], Floating], said: str
) -> None:
    assert list(faults(outputs)) == []
    broken = [change(o) for o in outputs if o.check == "every dtype"]
    assert any(said in each for each in faults(broken))


def test_moving_goes_away_from_the_exact_value() -> None:
    exact = torch.tensor([1.2, -1.2, 3.0001, -3.0001], dtype=torch.float64)
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        best = exact.to(dtype)
        ulp = torch.finfo(dtype).eps * 2 ** exact.abs().log2().floor()
        far = (moved(best, 1, exact).double() - exact).abs()
        assert bool((far >= 0.5 * ulp).all() and (far <= 1.5 * ulp).all())
