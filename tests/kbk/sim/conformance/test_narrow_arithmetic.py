"""half and bfloat16 arithmetic: every result is the exact one, rounded once."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tests.kbk.sim.conformance.exact import round_array
from tests.kbk.sim.conformance.narrow import ALL, KINDS, Narrow

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)

# A float64 sum, product or quotient of two 16-bit numbers rounds to them like the exact one,
# because 53 >= 2 * 11 + 2.
EXACT = {
    "add": np.add, "add_rn": np.add, "plus": np.add, "plus_assign": np.add, "add_sat": np.add,
    "sub": np.subtract, "sub_rn": np.subtract, "minus": np.subtract, "sub_sat": np.subtract,
    "mul": np.multiply, "mul_rn": np.multiply, "times": np.multiply, "times_assign": np.multiply,
    "mul_sat": np.multiply, "div": np.divide, "over": np.divide,
}  # fmt: skip


def _saturated(bits: np.ndarray, kind: Narrow) -> np.ndarray:
    values = kind.values(bits)
    inside = np.where(values > 0, np.minimum(values, 1.0), 0.0)
    return round_array(np.where(np.isnan(values), 0.0, inside), kind.format)


@kinds
@pytest.mark.parametrize("name", EXACT)
def test_a_binary_result_is_the_exact_one_rounded_once(
    name: str, kind: Narrow, device: str
) -> None:
    a, b = kind.pairs(step=1 if name in ("add", "sub", "mul", "div") else 13)
    with np.errstate(all="ignore"):
        want = round_array(EXACT[name](kind.values(a), kind.values(b)), kind.format)
    if name.endswith("_sat"):
        want = _saturated(want, kind)
    got = kind.evaluate("binary", name, device, a, b)
    wrong = ~kind.same(got, want)
    assert not wrong.any(), _first(wrong, a, b, got, want)


@kinds
@pytest.mark.parametrize("name", ["max", "min", "max_nan", "min_nan"])
def test_the_extremes_order_zeros_and_treat_nan_as_named(
    name: str, kind: Narrow, device: str
) -> None:
    a, b = kind.pairs(step=5)
    x, y = kind.values(a), kind.values(b)
    less = (x < y) | ((x == y) & np.signbit(x))
    want = np.where(less == name.startswith("min"), a, b)
    x_nan, y_nan = np.isnan(x), np.isnan(y)
    if name.endswith("_nan"):
        want = np.where(x_nan | y_nan, 0x7FFF, want).astype(np.uint16)
    else:
        want = np.where(x_nan, b, np.where(y_nan, a, want))
    got = kind.evaluate("binary", name, device, a, b)
    wrong = ~kind.same(got, want)
    assert not wrong.any(), _first(wrong, a, b, got, want)


def _triples(kind: Narrow) -> tuple[np.ndarray, ...]:
    """Random triples, all partners thrice, and sums that lie next to a boundary of the format."""
    random = np.random.default_rng(7)
    draws = random.integers(0, 1 << 16, (3, 4000)).astype(np.uint16)
    partners = kind.partners()
    grid = np.stack([g.ravel() for g in np.meshgrid(partners, partners, partners[::3])])
    one = kind.format.max_exponent << kind.format.fraction_bits
    # (1 + i u)(1 + j u) often ends half way between two numbers; a tiny c decides.
    near = random.integers(0, 1 << kind.format.fraction_bits, (2, 2000)) + one
    tiny = random.choice(np.array([1, 0x8001, 5, 0x8005, 0, 0x8000]), 2000)
    hard = np.stack([near[0], near[1], tiny])
    ties = np.full((3, 4), one)
    half_way = 1 << (kind.format.fraction_bits - 1)
    ties[0], ties[1], ties[2] = one + half_way, one + 1, [1, 0x8001, 0, 0x8000]
    both = np.concatenate([draws, grid, hard, ties], axis=1).astype(np.uint16)
    return tuple(both)


def _exact_fma(kind: Narrow, a: float, b: float, c: float) -> int:
    if not np.isfinite([a, b, c]).all():
        with np.errstate(all="ignore"):
            return int(round_array(np.array([np.float64(a) * b + c]), kind.format)[0])
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    product_negative = np.signbit(a) != np.signbit(b)
    both_negative = bool(product_negative and np.signbit(c) and (a == 0 or b == 0) and c == 0)
    return kind.format.round(exact, "rn", negative_zero=both_negative)


@kinds
def test_fma_rounds_the_exact_sum_once(kind: Narrow, device: str) -> None:
    a, b, c = _triples(kind)
    values = [kind.values(v) for v in (a, b, c)]
    want = np.array([_exact_fma(kind, *t) for t in zip(*values, strict=True)], dtype=np.uint16)
    got = kind.evaluate("ternary", "fma", device, a, b, c)
    wrong = ~kind.same(got, want)
    assert not wrong.any(), _first(wrong, a, b, c, got, want)
    sat = kind.evaluate("ternary", "sat", device, a, b, c)
    assert kind.same(sat, _saturated(want, kind)).all()
    relu = kind.evaluate("ternary", "relu", device, a, b, c)
    numbers = kind.values(want)
    clamped = np.where(numbers > 0, want, np.where(np.isnan(numbers), 0x7FFF, 0))
    assert kind.same(relu, clamped.astype(np.uint16)).all()


# Rounding functions and sqrt are exact. The rest goes through float: its result is the exact one,
# or a neighbour where the error in float crosses a boundary.
EXACT_FUNCTIONS = {
    "hsqrt": np.sqrt, "hfloor": np.floor, "hceil": np.ceil, "htrunc": np.trunc, "hrint": np.rint,
    "neg": np.negative, "minus": np.negative, "abs": np.abs, "increment": lambda x: x + 1,
    "post_decrement": lambda x: x - 1, "as_short": np.positive, "as_ushort": np.positive,
    "raw": np.positive,
}  # fmt: skip
NEAR_FUNCTIONS = {
    "hrsqrt": lambda x: 1 / np.sqrt(x), "hrcp": lambda x: 1 / x, "hexp": np.exp, "hexp2": np.exp2,
    "hexp10": lambda x: np.power(10.0, x), "hlog": np.log, "hlog2": np.log2, "hlog10": np.log10,
    "hsin": np.sin, "hcos": np.cos, "htanh": np.tanh,
}  # fmt: skip


@kinds
@pytest.mark.parametrize("name", EXACT_FUNCTIONS)
def test_an_exact_function_of_every_number_is_exact(name: str, kind: Narrow, device: str) -> None:
    with np.errstate(all="ignore"):
        want = round_array(EXACT_FUNCTIONS[name](kind.values(ALL)), kind.format)
    got = kind.evaluate("unary", name, device, ALL)
    wrong = ~kind.same(got, want)
    assert not wrong.any(), _first(wrong, ALL, got, want)


@kinds
@pytest.mark.parametrize("name", NEAR_FUNCTIONS)
def test_a_function_of_every_number_is_a_neighbour_of_the_exact_one(
    name: str, kind: Narrow, device: str
) -> None:
    with np.errstate(all="ignore"):
        want = round_array(NEAR_FUNCTIONS[name](kind.values(ALL)), kind.format)
    got = kind.evaluate("unary", name, device, ALL)
    steps = np.abs(_rank(got) - _rank(want))
    allowed = 2 if device == "cuda" else 1
    wrong = ~kind.same(got, want) & ((steps > allowed) | np.isnan(kind.values(got)))
    assert not wrong.any(), _first(wrong, ALL, got, want)
    if device == "cpu":
        assert kind.same(got, want).mean() > 0.999


def _rank(bits: np.ndarray) -> np.ndarray:
    """Position of each number in the order of the format, so that neighbours differ by one."""
    signed = bits.astype(np.int64)
    return np.where(signed & 0x8000, -(signed & 0x7FFF), signed)


def _first(wrong: np.ndarray, *columns: np.ndarray) -> str:
    where = np.flatnonzero(wrong)
    rows = [" ".join(f"{int(column[i]):#06x}" for column in columns) for i in where[:5]]
    return f"{len(where)} wrong; arguments, result, expected: " + "; ".join(rows)
