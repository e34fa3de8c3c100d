"""half and bfloat16 to and from float, double, integers: one rounding, every mode, saturation."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from tests.kbk.sim.conformance import narrow
from tests.kbk.sim.conformance.exact import MODES, round_array
from tests.kbk.sim.conformance.narrow import ALL, INTEGERS, KINDS, Narrow

kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)

RANGES = {
    "short": (-(2**15), 2**15 - 1), "ushort": (0, 2**16 - 1), "int": (-(2**31), 2**31 - 1),
    "uint": (0, 2**32 - 1), "ll": (-(2**63), 2**63 - 1), "ull": (0, 2**64 - 1),
    "char": (-128, 127), "uchar": (0, 255),
}  # fmt: skip
ROUNDERS = {"rn": np.rint, "rz": np.trunc, "ru": np.ceil, "rd": np.floor}


def floats_near_boundaries(kind: Narrow) -> np.ndarray:
    """Every number, every middle between neighbours, and the floats around both."""
    bits = np.arange(kind.format.infinity, dtype=np.uint16)
    numbers = kind.values(bits)
    middles = (numbers[1:] + numbers[:-1]) / 2
    beyond = numbers[-1] + (numbers[-1] - numbers[-2]) * np.array([0.25, 0.5, 0.75, 1.0])
    with np.errstate(over="ignore"):
        exact = np.concatenate([numbers, middles, beyond]).astype(np.float32)
        around = [
            exact,
            np.nextafter(exact, np.float32(0)),
            np.nextafter(exact, np.float32(np.inf)),
        ]
    special = np.array([np.inf, np.nan, 1e-45, 3.4028235e38, 1e30], dtype=np.float32)
    positive = np.concatenate([*around, special])
    return np.concatenate([positive, -positive])


def doubles_near_boundaries(kind: Narrow) -> np.ndarray:
    """Doubles that a rounding to float first would put on the wrong side of a middle."""
    bits = np.arange(kind.format.infinity, dtype=np.uint16)
    numbers = kind.values(bits)
    middles = (numbers[1:] + numbers[:-1]) / 2
    up, down = np.nextafter(middles, np.inf), np.nextafter(middles, 0)
    special = np.array([np.inf, np.nan, 5e-324, 1.8e308, 65520.0, 65519.999999999, 1e-300, 1e300])
    positive = np.concatenate([numbers, middles, up, down, special])
    return np.concatenate([positive, -positive])


@kinds
@pytest.mark.parametrize("name", narrow.FROM_FLOAT)
def test_float_rounds_once_in_every_mode(name: str, kind: Narrow, device: str) -> None:
    x = floats_near_boundaries(kind)
    want = round_array(x.astype(np.float64), kind.format, name if name in MODES else "rn")
    got = kind.evaluate("from_float", name, device, x)
    wrong = ~kind.same(got, want)
    assert not wrong.any(), f"{x[wrong][:5]} gave {got[wrong][:5]}, expected {want[wrong][:5]}"


@kinds
@pytest.mark.parametrize("name", narrow.FROM_DOUBLE)
def test_double_rounds_once(name: str, kind: Narrow, device: str) -> None:
    x = doubles_near_boundaries(kind)
    want = round_array(x, kind.format)
    got = kind.evaluate("from_double", name, device, x)
    wrong = ~kind.same(got, want)
    assert not wrong.any(), f"{x[wrong][:5]} gave {got[wrong][:5]}, expected {want[wrong][:5]}"


@kinds
@pytest.mark.parametrize("name", narrow.TO_FLOAT)
def test_every_number_widens_exactly(name: str, kind: Narrow, device: str) -> None:
    got = kind.evaluate("to_float", name, device, ALL).view(np.float32)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        np.testing.assert_array_equal(got.astype(np.float64), kind.values(ALL))
    assert (np.signbit(got) == np.signbit(kind.values(ALL)))[~np.isnan(got)].all()


def test_conversions_agree_with_torch_on_every_number(device: str) -> None:
    for kind, dtype in zip(KINDS, (torch.float16, torch.bfloat16), strict=True):
        x = floats_near_boundaries(kind)
        theirs = torch.from_numpy(x).to(dtype).view(torch.int16).numpy().view(np.uint16)
        assert kind.same(kind.evaluate("from_float", "default", device, x), theirs).all()


def _saturated(values: np.ndarray, tag: str) -> np.ndarray:
    """Integral float64 values as Python integers in the range of a type; NaN as PTX cvt has it."""
    low, high = RANGES[tag]
    nan = 1 << 63 if tag in ("ll", "ull") else 0
    out = []
    for value in values:
        if np.isnan(value):
            out.append(nan)
        elif np.isinf(value):
            out.append(high if value > 0 else low)
        else:
            out.append(min(max(int(value), low), high))
    return np.array([v % 2**64 for v in out], dtype=np.uint64)


@kinds
@pytest.mark.parametrize("name", narrow.TO_INTEGER)
def test_every_number_becomes_an_integer_with_saturation(
    name: str, kind: Narrow, device: str
) -> None:
    tag, mode = name.rsplit("_", 1)
    with np.errstate(all="ignore"):
        want = _saturated(ROUNDERS[mode](kind.values(ALL)), tag)
    got = kind.evaluate("to_integer", name, device, ALL)
    np.testing.assert_array_equal(got, want)


def _integers(tag: str) -> list[int]:
    """Both ends, powers of two and their neighbours, and numbers whose lowest bit decides a tie."""
    low, high = RANGES[tag]
    near = {0, 1, 2, 3, low, low + 1, high, high - 1, 2049, 2051, 4098, 65519, 65520, 257, 259, 771}
    for power in range(1, 64):
        for offset in (-1, 0, 1):
            near.add((1 << power) + offset)
            near.add(-(1 << power) + offset)
            near.add((1 << power) + (1 << max(power - 8, 0)) + offset)
            near.add((1 << power) + (1 << max(power - 11, 0)) + offset)
    return sorted(n for n in near if low <= n <= high)


@kinds
@pytest.mark.parametrize("tag", INTEGERS)
def test_integers_round_once_in_every_mode(tag: str, kind: Narrow, device: str) -> None:
    values = _integers(tag)
    raw = np.array([v % (1 << 64) for v in values], dtype=np.uint64)
    for suffix in (*MODES, "constructor"):
        mode = suffix if suffix in MODES else "rn"
        want = np.array([kind.format.round(Fraction(v), mode) for v in values], dtype=np.uint16)
        got = kind.evaluate("from_integer", f"{tag}_{suffix}", device, raw)
        wrong = got != want
        assert not wrong.any(), (
            f"{suffix}: {[v for v, w in zip(values, wrong, strict=True) if w][:5]}"
        )
