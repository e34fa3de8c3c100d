"""half and bfloat16 comparisons, and pairs: a pair's result is its two numbers' results."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.kbk.sim.conformance import narrow
from tests.kbk.sim.conformance.machine import evaluate
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
PAIR_FUNCTIONS = {f"h2{name}": f"h{name}" for name in narrow.FUNCTIONS}
PAIR_UNARY = {name: f"{name}(a)" for name in PAIR_FUNCTIONS} | {
    "neg": "__hneg2(a)",
    "abs": "__habs2(a)",
    "swap": "__lowhigh2highlow(a)",
    "low": "__low2{N2}(a)",
    "high": "__high2{N2}(a)",
    "raw": "{T2}({T2}_raw(a))",
    "members": "{T2}(a.x, a.y)",
    "minus": "-a",
}
PAIR_BINARY = {
    "add": "__hadd2(a, b)", "sub": "__hsub2(a, b)", "mul": "__hmul2(a, b)", "div": "__h2div(a, b)",
    "add_rn": "__hadd2_rn(a, b)", "sub_rn": "__hsub2_rn(a, b)", "mul_rn": "__hmul2_rn(a, b)",
    "add_sat": "__hadd2_sat(a, b)", "sub_sat": "__hsub2_sat(a, b)", "mul_sat": "__hmul2_sat(a, b)",
    "plus": "a + b", "times": "a * b", "over": "a / b", "plus_assign": "a += b",
    "max": "__hmax2(a, b)", "min": "__hmin2(a, b)",
    "max_nan": "__hmax2_nan(a, b)", "min_nan": "__hmin2_nan(a, b)",
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
    family = kind.family("compare", "int", ("{T}", "{T}"), narrow.COMPARISONS)
    np.testing.assert_array_equal(evaluate(family, name, device, a, b), want.astype(np.uint32))


@kinds
@pytest.mark.parametrize("name", narrow.OPERATORS)
def test_an_operator_compares_like_numbers(name: str, kind: Narrow, device: str) -> None:
    a, b = kind.pairs(step=13)
    want = OPERATORS[name](kind.values(a), kind.values(b))
    family = kind.family("operators", "int", ("{T}", "{T}"), narrow.OPERATORS)
    np.testing.assert_array_equal(evaluate(family, name, device, a, b), want.astype(np.uint32))


@kinds
def test_nan_and_infinity_are_told_apart(kind: Narrow, device: str) -> None:
    family = kind.family("tests", "int", ("{T}",), narrow.TESTS)
    x = kind.values(ALL)
    np.testing.assert_array_equal(evaluate(family, "isnan", device, ALL), np.isnan(x))
    sign = np.where(np.isinf(x), np.sign(x), 0).astype(np.int32).view(np.uint32)
    got = evaluate(family, "isinf", device, ALL)
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
    family = kind.family("pair_unary", "{T2}", ("{T2}",), PAIR_UNARY)
    alone = kind.family("unary", "{T}", ("{T}",), narrow.UNARY)
    for name, single in PAIR_FUNCTIONS.items() | {("neg", "neg"), ("abs", "abs"), ("minus", "neg")}:
        got = evaluate(family, name, device, _packed(a, b))
        low, high = evaluate(alone, single, device, a), evaluate(alone, single, device, b)
        assert _halves_agree(kind, got, low, high), name
    moved = {"swap": (b, a), "low": (a, a), "high": (b, b), "raw": (a, b), "members": (a, b)}
    for name, (low, high) in moved.items():
        got = evaluate(family, name, device, _packed(a, b))
        np.testing.assert_array_equal(got, _packed(low, high), err_msg=name)


@kinds
def test_an_operation_on_pairs_is_the_operation_on_both(kind: Narrow, device: str) -> None:
    a, b = _pairs(kind)
    family = kind.family("pair_binary", "{T2}", ("{T2}", "{T2}"), PAIR_BINARY)
    alone = kind.family("binary", "{T}", ("{T}", "{T}"), narrow.BINARY)
    for name in PAIR_BINARY:
        got = evaluate(family, name, device, _packed(a, b), _packed(b, a))
        low, high = evaluate(alone, name, device, a, b), evaluate(alone, name, device, b, a)
        assert _halves_agree(kind, got, low, high), name


@kinds
def test_fma_of_pairs_is_fma_of_both(kind: Narrow, device: str) -> None:
    a, b = _pairs(kind)
    c = np.roll(a, 17)
    rows = {"fma": "__hfma2(a, b, c)", "sat": "__hfma2_sat(a, b, c)", "relu": "__hfma2_relu(a, b, c)"}
    family = kind.family("pair_ternary", "{T2}", ("{T2}",) * 3, rows)
    alone = kind.family("ternary", "{T}", ("{T}",) * 3, narrow.TERNARY)
    for name in rows:
        got = evaluate(family, name, device, _packed(a, b), _packed(b, c), _packed(c, a))
        low = evaluate(alone, name, device, a, b, c)
        high = evaluate(alone, name, device, b, c, a)
        assert _halves_agree(kind, got, low, high), name


@kinds
def test_pairs_compare_into_numbers_masks_and_one_bool(kind: Narrow, device: str) -> None:
    a, b = _pairs(kind)
    low, high = (a, b), (b, a)
    rows = {}
    for name in narrow.COMPARISONS:
        rows[f"{name} number"] = f"int(__low2float(__h{name}2(a, b)) + 2 * __high2float(__h{name}2(a, b)))"
        rows[f"{name} whole"] = f"int(__h{name}2_mask(a, b))"
        rows[f"{name} both"] = f"int(__hb{name}2(a, b))"
    family = kind.family("pair_compare", "int", ("{T2}", "{T2}"), rows)
    alone = kind.family("compare", "int", ("{T}", "{T}"), narrow.COMPARISONS)
    for name in narrow.COMPARISONS:
        first = evaluate(alone, name, device, *low)
        second = evaluate(alone, name, device, *high)
        values = (_packed(a, b), _packed(b, a))
        got = {kind_: evaluate(family, f"{name} {kind_}", device, *values) for kind_ in ("number", "whole", "both")}
        np.testing.assert_array_equal(got["number"], first + 2 * second, err_msg=name)
        np.testing.assert_array_equal(got["whole"], first * 0xFFFF + second * 0xFFFF0000, err_msg=name)
        np.testing.assert_array_equal(got["both"], first & second, err_msg=name)


@kinds
def test_operators_on_pairs_ask_both(kind: Narrow, device: str) -> None:
    a, b = _pairs(kind)
    rows = {op: f"int(a {op} b)" for op in OPERATORS}
    family = kind.family("pair_operators", "int", ("{T2}", "{T2}"), rows)
    alone = kind.family("operators", "int", ("{T}", "{T}"), narrow.OPERATORS)
    for op in OPERATORS:
        got = evaluate(family, op, device, _packed(a, b), _packed(b, a))
        both = evaluate(alone, op, device, a, b) & evaluate(alone, op, device, b, a)
        np.testing.assert_array_equal(got, both, err_msg=op)
