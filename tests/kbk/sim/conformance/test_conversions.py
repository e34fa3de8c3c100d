"""Conversions among integers, floats and doubles in every mode, and casts of bits."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from tests.kbk.sim.conformance.exact import DOUBLE, FLOAT, MODES
from tests.kbk.sim.conformance.machine import Family, Source

INTEGERS = {"int": ("int", 32, True), "uint": ("unsigned", 32, False),
            "ll": ("long long", 64, True), "ull": ("unsigned long long", 64, False)}  # fmt: skip
REALS = {"float": (np.float32, FLOAT), "double": (np.float64, DOUBLE)}

TO_INTEGER = {f"{tag}_{mode}": f"__{{real}}2{tag}_{mode}(a)" for tag in INTEGERS for mode in MODES}


def _from_integer(real: str) -> dict[str, str]:
    return {
        f"{tag}_{mode}": f"__{tag}2{real}_{mode}(static_cast<{cuda_type}>(a))"
        for tag, (cuda_type, width, _) in INTEGERS.items()
        for mode in (("rn",) if real == "double" and width == 32 else MODES)
    }


SOURCE = Source(
    "conversions",
    {
        f"{real}_to_integer": Family(
            "long long",
            (real,),
            {name: text.format(real=real) for name, text in TO_INTEGER.items()},
        )
        for real in REALS
    }
    | {f"integer_to_{real}": Family(real, ("long long",), _from_integer(real)) for real in REALS}
    | {
        "double_to_float": Family(
            "float", ("double",), {mode: f"__double2float_{mode}(a)" for mode in MODES}
        ),
        "casts_32": Family(
            "int",
            ("int",),
            {
                "int": "__float_as_int(__int_as_float(a))",
                "uint": "__float_as_uint(__uint_as_float(unsigned(a)))",
            },
        ),
        "casts_64": Family(
            "double",
            ("double",),
            {
                "whole": "__longlong_as_double(__double_as_longlong(a))",
                "halves": "__hiloint2double(__double2hiint(a), __double2loint(a))",
            },
        ),
    },
)


def _range(tag: str) -> tuple[int, int]:
    _, width, signed = INTEGERS[tag]
    return (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)


def _reals(real: str) -> np.ndarray:
    """Halves, neighbours of powers of two, values past every integer's range, specials."""
    dtype = REALS[real][0]
    powers = np.array([2.0**p for p in range(-3, 70)] + [1e30, 5e-40], dtype=dtype)
    halves = np.arange(0, 12, 0.25, dtype=dtype)
    near = [powers, np.nextafter(powers, dtype(0)), np.nextafter(powers, dtype(np.inf))]
    below = np.array([2.0**31 - 0.5, 2.0**31 - 1, 2.0**32 - 0.5, 8388607.5, 4194303.5], dtype=dtype)
    positive = np.concatenate([*near, powers + halves[2], halves, below])
    specials = np.array([np.inf, -np.inf, np.nan], dtype=dtype)
    return np.concatenate([positive, -positive, specials])


def _to_integer(value: float, tag: str, mode: str, real: str) -> int:
    _, width, _ = INTEGERS[tag]
    low, high = _range(tag)
    if math.isnan(value):
        # PTX cvt: zero unless the source is a double or the result has 64 bits, else the top bit.
        if real == "float" and width == 32:
            return 0
        return low if low else 1 << (width - 1)
    if math.isinf(value):
        return high if value > 0 else low
    rounders = {"rn": round, "rz": math.trunc, "ru": math.ceil, "rd": math.floor}
    return min(max(rounders[mode](Fraction(value)), low), high)


@pytest.mark.parametrize("tag", INTEGERS)
@pytest.mark.parametrize("real", REALS)
def test_a_number_becomes_an_integer_with_saturation(real: str, tag: str, device: str) -> None:
    x = _reals(real)
    for mode in MODES:
        want = [_to_integer(float(v), tag, mode, real) % (1 << 64) for v in x]
        got = SOURCE.evaluate(f"{real}_to_integer", f"{tag}_{mode}", device, x)
        wrong = [(float(v), int(g), w) for v, g, w in zip(x, got, want, strict=True) if int(g) != w]
        assert not wrong, f"{mode}: {wrong[:5]}"


def _integers(tag: str) -> list[int]:
    low, high = _range(tag)
    near = {low, low + 1, high, high - 1}
    for power in range(64):
        for offset in (-1, 0, 1):
            near |= {(1 << power) + offset, -(1 << power) + offset}
            near |= {
                (1 << power) + (1 << max(power - drop, 0)) + offset for drop in (24, 25, 53, 54)
            }
    return sorted(n for n in near if low <= n <= high)


@pytest.mark.parametrize("tag", INTEGERS)
@pytest.mark.parametrize("real", REALS)
def test_an_integer_becomes_a_number_rounded_in_the_named_direction(
    real: str, tag: str, device: str
) -> None:
    values = _integers(tag)
    raw = np.array([v % (1 << 64) for v in values], dtype=np.uint64)
    for mode in ("rn",) if real == "double" and INTEGERS[tag][1] == 32 else MODES:
        want = [REALS[real][1].round(Fraction(v), mode) for v in values]
        got = SOURCE.evaluate(f"integer_to_{real}", f"{tag}_{mode}", device, raw)
        wrong = [(v, int(g), w) for v, g, w in zip(values, got, want, strict=True) if int(g) != w]
        assert not wrong, f"{mode}: {wrong[:5]}"


def test_a_double_becomes_a_float_rounded_in_the_named_direction(device: str) -> None:
    floats = np.array(
        [1, 0.1, 3.4028234663852886e38, 1e-45, 1.17549435e-38, 7e-46, 2.5], np.float32
    )
    wide = floats.astype(np.float64)
    middle = (wide + np.nextafter(floats, np.float32(0)).astype(np.float64)) / 2
    more = [wide, middle, np.nextafter(middle, np.inf), np.nextafter(middle, 0), wide * 1.00000003]
    x = np.concatenate([*more, [1e300, 5e-324, 3.5e38, 0.0]])
    x = np.concatenate([x, -x])
    for mode in MODES:
        want = [FLOAT.round(Fraction(v), mode, bool(np.signbit(v))) for v in x.tolist()]
        got = SOURCE.evaluate("double_to_float", mode, device, x)
        wrong = [
            (v.hex(), int(g), w)
            for v, g, w in zip(x.tolist(), got, want, strict=True)
            if int(g) != w
        ]
        assert not wrong, f"{mode}: {wrong[:5]}"


def test_casts_keep_every_bit(device: str) -> None:
    words = np.random.default_rng(2).integers(0, 1 << 32, 500, dtype=np.uint64).astype(np.uint32)
    words = words[
        (words & 0x7FFFFFFF) <= 0x7F800000
    ]  # a NaN may change on its way through a register
    for name in ("int", "uint"):
        np.testing.assert_array_equal(SOURCE.evaluate("casts_32", name, device, words), words)
    doubles = np.random.default_rng(2).normal(size=500)
    for name in ("whole", "halves"):
        got = SOURCE.evaluate("casts_64", name, device, doubles)
        np.testing.assert_array_equal(got, doubles.view(np.uint64))
