"""half and bfloat16 comparisons, and pairs: a pair's result is its two numbers' results."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.kbk.sim.conformance import narrow
from tests.kbk.sim.conformance.narrow import ALL, KINDS, Narrow

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)

ORDER: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "eq": np.equal, "ne": lambda x, y: (x < y) | (x > y), "lt": np.less, "le": np.less_equal,
    "gt": np.greater, "ge": np.greater_equal,
}  # fmt: skip
OPERATORS = {
    "==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal,
    ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip


@kinds
@pytest.mark.parametrize("name", narrow.COMPARISONS)
def test_a_comparison_is_false_with_nan_and_its_u_form_true(
    name: str, kind: Narrow, device: str
) -> None:
    a, b = kind.pairs(step=13)
    x, y = kind.values(a), kind.values(b)
    want = ORDER[name.removesuffix("u")](x, y)
    if name.endswith("u"):
        want = want | np.isnan(x) | np.isnan(y)
    np.testing.assert_array_equal(
        kind.evaluate("compare", name, device, a, b), want.astype(np.uint32)
    )


@kinds
@pytest.mark.parametrize("name", narrow.OPERATORS)
def test_an_operator_compares_like_numbers(name: str, kind: Narrow, device: str) -> None:
    a, b = kind.pairs(step=13)
    want = OPERATORS[name](kind.values(a), kind.values(b))
    np.testing.assert_array_equal(
        kind.evaluate("compare", name, device, a, b), want.astype(np.uint32)
    )


@kinds
def test_nan_and_infinity_are_told_apart(kind: Narrow, device: str) -> None:
    x = kind.values(ALL)
    np.testing.assert_array_equal(kind.evaluate("to_integer", "isnan", device, ALL), np.isnan(x))
    sign = np.where(np.isinf(x), np.sign(x), 0).astype(np.int64).view(np.uint64)
    got = kind.evaluate("to_integer", "isinf", device, ALL)
    np.testing.assert_array_equal(got != 0, sign != 0)
    if device == "cpu":
        np.testing.assert_array_equal(got, sign)


def _packed(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return low.astype(np.uint32) | (high.astype(np.uint32) << 16)


def _pairs(kind: Narrow) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(11)
    partners = kind.partners()
    a = np.concatenate([random.integers(0, 1 << 16, 4000), np.repeat(partners, len(partners))])
    b = np.concatenate([random.integers(0, 1 << 16, 4000), np.tile(partners, len(partners))])
    return a.astype(np.uint16), b.astype(np.uint16)


def _halves_agree(kind: Narrow, got: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    same_low = kind.same((got & 0xFFFF).astype(np.uint16), low)
    return bool(same_low.all() and kind.same((got >> 16).astype(np.uint16), high).all())


@kinds
def test_a_function_of_a_pair_is_the_function_of_both(kind: Narrow, device: str) -> None:
    a, b = _pairs(kind)
    functions = narrow.PAIR_FUNCTIONS | {"neg": "neg", "abs": "abs", "minus": "neg"}
    for name, single in functions.items():
        got = kind.evaluate("pair_unary", name, device, _packed(a, b))
        low = kind.evaluate("unary", single, device, a)
        high = kind.evaluate("unary", single, device, b)
        assert _halves_agree(kind, got, low, high), name
    moved = {"swap": (b, a), "low": (a, a), "high": (b, b), "raw": (a, b), "members": (a, b)}
    for name, (low, high) in moved.items():
        got = kind.evaluate("pair_unary", name, device, _packed(a, b))
        np.testing.assert_array_equal(got, _packed(low, high), err_msg=name)


@kinds
def test_an_operation_on_pairs_is_the_operation_on_both(kind: Narrow, device: str) -> None:
    a, b = _pairs(kind)
    for name in narrow.PAIR_BINARY:
        got = kind.evaluate("pair_binary", name, device, _packed(a, b), _packed(b, a))
        low = kind.evaluate("binary", name, device, a, b)
        high = kind.evaluate("binary", name, device, b, a)
        assert _halves_agree(kind, got, low, high), name


@kinds
def test_fma_of_pairs_is_fma_of_both(kind: Narrow, device: str) -> None:
    a, b = _pairs(kind)
    c = np.roll(a, 17)
    for name in narrow.PAIR_TERNARY:
        got = kind.evaluate(
            "pair_ternary", name, device, _packed(a, b), _packed(b, c), _packed(c, a)
        )
        low = kind.evaluate("ternary", name, device, a, b, c)
        high = kind.evaluate("ternary", name, device, b, c, a)
        assert _halves_agree(kind, got, low, high), name


@kinds
def test_pairs_compare_into_numbers_masks_and_one_bool(kind: Narrow, device: str) -> None:
    a, b = _pairs(kind)
    low, high = (a, b), (b, a)
    for name in narrow.COMPARISONS:
        first = kind.evaluate("compare", name, device, *low)
        second = kind.evaluate("compare", name, device, *high)
        values = (_packed(a, b), _packed(b, a))
        got = {
            form: kind.evaluate("pair_compare", f"{name} {form}", device, *values)
            for form in ("number", "mask", "both")
        }
        np.testing.assert_array_equal(got["number"], first + 2 * second, err_msg=name)
        np.testing.assert_array_equal(
            got["mask"], first * 0xFFFF + second * 0xFFFF0000, err_msg=name
        )
        np.testing.assert_array_equal(got["both"], first & second, err_msg=name)


@kinds
def test_operators_on_pairs_ask_both(kind: Narrow, device: str) -> None:
    a, b = _pairs(kind)
    for op in OPERATORS:
        got = kind.evaluate("pair_compare", op, device, _packed(a, b), _packed(b, a))
        first = kind.evaluate("compare", op, device, a, b)
        both = first & kind.evaluate("compare", op, device, b, a)
        np.testing.assert_array_equal(got, both, err_msg=op)
