"""Float and double arithmetic with the rounding mode in its name, against rational arithmetic."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from tests.kbk.sim.conformance.exact import DOUBLE, FLOAT, MODES, Format, round_sqrt
from tests.kbk.sim.conformance.machine import Family, Source

BINARY: dict[str, tuple[str, Callable[[Fraction, Fraction], Fraction]]] = {
    "add": ("__{p}add_{m}(a, b)", operator.add),
    "sub": ("__{p}sub_{m}(a, b)", operator.sub),
    "mul": ("__{p}mul_{m}(a, b)", operator.mul),
    "div": ("__{p}div_{m}(a, b)", operator.truediv),
}
TYPES = {"float": ("f", FLOAT, np.float32), "double": ("d", DOUBLE, np.float64)}


def _rows(cuda_type: str) -> dict[str, str]:
    prefix = TYPES[cuda_type][0]
    rows = {
        f"{op}_{m}": text.format(p=prefix, m=m) for op, (text, _) in BINARY.items() for m in MODES
    }
    for mode in MODES:
        rows[f"rcp_{mode}"] = f"__{prefix}rcp_{mode}(a)"
        rows[f"sqrt_{mode}"] = f"__{prefix}sqrt_{mode}(a)"
        rows[f"fma_{mode}"] = f"__fma{'f' if prefix == 'f' else ''}_{mode}(a, b, c)"
    if prefix == "f":
        rows["rsqrt_rn"] = "__frsqrt_rn(a)"
    return rows


SOURCE = Source("rounding", {f"in_{t}": Family(t, (t,) * 3, _rows(t)) for t in TYPES})


def _values(cuda_type: str) -> np.ndarray:
    """Finite numbers: the ends of the range, subnormals, neighbours of one, and random bits."""
    _, fmt, dtype = TYPES[cuda_type]
    info = np.finfo(dtype)
    one = dtype(1)
    named = [0, 1, 3, 1 / 3, 0.1, info.max, info.tiny, info.smallest_subnormal, 1.5, 1e-20, 1e20]
    named += [np.nextafter(one, dtype(2)), np.nextafter(one, dtype(0)), info.tiny * dtype(1.5)]
    bits = np.random.default_rng(3).integers(0, fmt.infinity, 24, dtype=np.int64)
    drawn = bits.astype(f"u{fmt.width // 8}").view(dtype)
    positive = np.concatenate([np.array(named, dtype=dtype), drawn])
    return np.concatenate([positive, -positive])


def _bits(cuda_type: str, wants: list[int]) -> np.ndarray:
    return np.array(wants, dtype=f"u{TYPES[cuda_type][1].width // 8}")


def _zero_is_negative(op: str, x: float, y: float, mode: str) -> bool:
    """Sign of an exact zero, by IEEE 754, section 6.3."""
    if op in ("mul", "div"):
        return bool(np.signbit(x) != np.signbit(y))
    minus_y = np.signbit(y) != (op == "sub")
    if np.signbit(x) == minus_y:
        return bool(minus_y)
    return mode == "rd"


@pytest.mark.parametrize("cuda_type", TYPES)
@pytest.mark.parametrize("op", BINARY)
def test_a_binary_operation_rounds_in_the_named_direction(
    op: str, cuda_type: str, device: str
) -> None:
    fmt = TYPES[cuda_type][1]
    values = _values(cuda_type)
    pairs = [(x, y) for x, y in itertools.product(values, values) if op != "div" or y != 0]
    a, b = (np.array(column) for column in zip(*pairs, strict=True))
    exact = [BINARY[op][1](Fraction(float(x)), Fraction(float(y))) for x, y in pairs]
    for mode in MODES:
        signs = [_zero_is_negative(op, x, y, mode) for x, y in pairs]
        want = _bits(cuda_type, [fmt.round(e, mode, s) for e, s in zip(exact, signs, strict=True)])
        got = SOURCE.evaluate(f"in_{cuda_type}", f"{op}_{mode}", device, a, b, b)
        wrong = got != want
        assert not wrong.any(), _report(f"{op}_{mode}", wrong, got, want, a, b)


@pytest.mark.parametrize("cuda_type", TYPES)
def test_fma_rounds_the_exact_sum_in_the_named_direction(cuda_type: str, device: str) -> None:
    fmt = TYPES[cuda_type][1]
    values = _values(cuda_type)
    random = np.random.default_rng(5)
    a, b, c = (random.choice(values, 2000) for _ in range(3))
    with np.errstate(over="ignore"):
        products = (a * b).astype(values.dtype)
    c[:600] = np.where(
        np.isfinite(products[:600]), -products[:600], c[:600]
    )  # only the error remains
    exact = [
        Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))
        for x, y, z in zip(a, b, c, strict=True)
    ]
    for mode in MODES:
        want = []
        for value, x, y, z in zip(exact, a, b, c, strict=True):
            product_negative = bool(np.signbit(x) != np.signbit(y))
            same = product_negative == bool(np.signbit(z))
            want.append(fmt.round(value, mode, product_negative if same else mode == "rd"))
        got = SOURCE.evaluate(f"in_{cuda_type}", f"fma_{mode}", device, a, b, c)
        wrong = got != _bits(cuda_type, want)
        assert not wrong.any(), _report(f"fma_{mode}", wrong, got, _bits(cuda_type, want), a, b, c)


@pytest.mark.parametrize("cuda_type", TYPES)
def test_reciprocal_and_root_round_in_the_named_direction(cuda_type: str, device: str) -> None:
    fmt = TYPES[cuda_type][1]
    values = _values(cuda_type)
    values = values[values != 0]
    positive = values[values > 0]
    for mode in MODES:
        want = _bits(cuda_type, [fmt.round(1 / Fraction(float(x)), mode) for x in values])
        got = SOURCE.evaluate(f"in_{cuda_type}", f"rcp_{mode}", device, values, values, values)
        assert (got == want).all(), _report(f"rcp_{mode}", got != want, got, want, values)
        want = _bits(cuda_type, [_root(float(x), fmt, mode) for x in positive])
        got = SOURCE.evaluate(
            f"in_{cuda_type}", f"sqrt_{mode}", device, positive, positive, positive
        )
        assert (got == want).all(), _report(f"sqrt_{mode}", got != want, got, want, positive)


def _root(x: float, fmt: Format, mode: str) -> int:
    return round_sqrt(Fraction(x), fmt, mode)


def test_the_reciprocal_root_is_rounded_to_nearest(device: str) -> None:
    values = _values("float")
    positive = np.concatenate([values[values > 0], np.linspace(1, 4, 3000, dtype=np.float32)])
    got = SOURCE.evaluate("in_float", "rsqrt_rn", device, positive, positive, positive)
    want = _bits("float", [_root(1 / Fraction(float(x)), FLOAT, "rn") for x in positive])
    assert (got == want).all(), _report("rsqrt_rn", got != want, got, want, positive)


@pytest.mark.parametrize("mode", MODES)
def test_infinities_and_nan_pass_through(mode: str, device: str) -> None:
    inf, nan = np.float32(np.inf), np.float32(np.nan)
    a = np.array([inf, inf, nan, 0, inf, -inf, 1], dtype=np.float32)
    b = np.array([inf, -inf, 1, inf, 0, 2, 0], dtype=np.float32)
    with np.errstate(all="ignore"):
        wants = {"add": a + b, "mul": a * b, "div": a / b}
    for op, want in wants.items():
        got = SOURCE.evaluate("in_float", f"{op}_{mode}", device, a, b, b).view(np.float32)
        np.testing.assert_array_equal(got, want, err_msg=op)


def _report(
    name: str, wrong: np.ndarray, got: np.ndarray, want: np.ndarray, *args: np.ndarray
) -> str:
    where = np.flatnonzero(wrong)
    rows = [
        f"{[float(a[i]).hex() for a in args]} gave {int(got[i]):#x}, expected {int(want[i]):#x}"
        for i in where[:4]
    ]
    return f"{name}: {len(where)} of {len(wrong)} wrong: " + "; ".join(rows)
