"""The 8-bit formats: every code decoded, every boundary rounded once, overflow as named."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from tests.kbk.sim.conformance.exact import BFLOAT16, HALF, decode, encode, round_array
from tests.kbk.sim.conformance.machine import Family, Source

CODES = np.arange(256, dtype=np.uint8)


@dataclass(frozen=True)
class Fp8:
    """One format: how CUDA and torch call it, and what lies past its largest number."""

    name: str  # e4m3
    kind: str  # __NV_E4M3
    torch_dtype: torch.dtype
    largest: int
    infinity: int  # what an overflow becomes without saturation: e4m3 has only NaN for it

    @property
    def numbers(self) -> np.ndarray:
        """float64 value of every code."""
        return torch.from_numpy(CODES).view(self.torch_dtype).double().numpy()

    def round(self, x: np.ndarray, saturate: bool) -> np.ndarray:
        """Codes of float64 values by search: the nearest number, of two the even code."""
        finite = self.numbers[: self.largest + 1]
        beyond = 2 * finite[-1] - finite[-2]  # where the next number would be
        ladder = np.append(finite, beyond)
        magnitude = np.abs(np.where(np.isnan(x), 0, x))
        upper = np.searchsorted(ladder, np.minimum(magnitude, beyond)).clip(1)
        lower = upper - 1
        below, above = magnitude - ladder[lower], ladder[upper] - magnitude
        code = np.where((below < above) | ((below == above) & (lower % 2 == 0)), lower, upper)
        code = np.where(magnitude == 0, 0, code)
        over = (code > self.largest) | (magnitude > beyond)
        code = np.where(over, self.largest if saturate else self.infinity, code)
        code = np.where(np.isnan(x), 0x7F, code | np.where(np.signbit(x), 0x80, 0))
        return code.astype(np.uint8)


FORMATS = [
    Fp8("e4m3", "__NV_E4M3", torch.float8_e4m3fn, 0x7E, 0x7F),
    Fp8("e5m2", "__NV_E5M2", torch.float8_e5m2, 0x7B, 0x7C),
]
formats = pytest.mark.parametrize("fp8", FORMATS, ids=lambda fp8: fp8.name)
SATURATION = {"sat": "__NV_SATFINITE", "nosat": "__NV_NOSAT"}


def _families(fp8: Fp8) -> dict[str, Family]:
    one, two, four = (f"__nv_fp8{count}_{fp8.name}" for count in ("", "x2", "x4"))
    byte = "unsigned char"

    def convert(source: str, value: str) -> dict[str, str]:
        return {
            name: f"__nv_cvt_{source}_to_fp8({value}, {mode}, {fp8.kind})"
            for name, mode in SATURATION.items()
        }

    single = {"class": f"{one}(a).__x"}
    pair = f"__nv_cvt_float2_to_fp8x2(make_float2(a, -a), __NV_SATFINITE, {fp8.kind})"
    quad = f"{four}(make_float4(a, -a, 1.0f, a)).__x"
    return {
        f"float_{fp8.name}": Family(
            byte, ("float",), convert("float", "a") | single | {"pair_low": f"{pair} & 0xff"}
        ),
        f"double_{fp8.name}": Family(byte, ("double",), convert("double", "a") | single),
        f"half_{fp8.name}": Family(byte, ("__half",), convert("halfraw", "a") | single),
        f"bfloat16_{fp8.name}": Family(
            byte, ("__nv_bfloat16",), convert("bfloat16raw", "a") | single
        ),
        f"float_to_many_{fp8.name}": Family(
            "unsigned",
            ("float",),
            {
                "pair": pair,
                "pair_class": f"{two}(make_float2(a, -a)).__x",
                "quad": quad,
                "half_pair": f"{two}(__floats2half2_rn(a, -a)).__x",
                "bfloat16_pair": f"{two}(__floats2bfloat162_rn(a, -a)).__x",
            },
        ),
        f"to_half_{fp8.name}": Family(
            "__half",
            (one,),
            {
                "function": f"__nv_cvt_fp8_to_halfraw(a.__x, {fp8.kind})",
                "class": "__half(a)",
                "pair": f"__high2half(__half2(__nv_cvt_fp8x2_to_halfraw2(a.__x << 8, {fp8.kind})))",
            },
        ),
        f"to_float_{fp8.name}": Family("float", (one,), {"class": "float(a)"}),
        f"to_int_{fp8.name}": Family(
            "int", (one,), {"int": "int(a)", "bool": "bool(a)", "schar": "(signed char)(a)"}
        ),
    }  # fmt: skip


SOURCE = Source("fp8", {name: family for fp8 in FORMATS for name, family in _families(fp8).items()})


def _floats(fp8: Fp8) -> np.ndarray:
    """Every number, every middle, the floats next to both, values far out, specials."""
    finite = fp8.numbers[: fp8.largest + 1]
    ladder = np.append(finite, 2 * finite[-1] - finite[-2])
    exact = np.concatenate([ladder, (ladder[1:] + ladder[:-1]) / 2]).astype(np.float32)
    near = [exact, np.nextafter(exact, np.float32(0)), np.nextafter(exact, np.float32(np.inf))]
    far = np.array([1e5, 3e38, np.inf, np.nan, 1e-45], dtype=np.float32)
    positive = np.concatenate([*near, far])
    return np.concatenate([positive, -positive])


@formats
@pytest.mark.parametrize("mode", SATURATION)
def test_a_float_rounds_once_and_overflows_as_named(mode: str, fp8: Fp8, device: str) -> None:
    x = _floats(fp8)
    want = fp8.round(x.astype(np.float64), mode == "sat")
    got = SOURCE.evaluate(f"float_{fp8.name}", mode, device, x)
    np.testing.assert_array_equal(_one_nan(got, fp8), _one_nan(want, fp8))
    if mode == "sat":
        for row in ("class", "pair_low"):
            np.testing.assert_array_equal(SOURCE.evaluate(f"float_{fp8.name}", row, device, x), got)


@formats
@pytest.mark.parametrize("mode", SATURATION)
def test_a_double_rounds_once(mode: str, fp8: Fp8, device: str) -> None:
    floats = _floats(fp8).astype(np.float64)
    x = np.concatenate(
        [floats, np.nextafter(floats, 0), np.nextafter(floats, np.inf), [1e-300, 1e300]]
    )
    got = SOURCE.evaluate(f"double_{fp8.name}", mode, device, x)
    want = fp8.round(x, mode == "sat")
    np.testing.assert_array_equal(_one_nan(got, fp8), _one_nan(want, fp8))


@formats
@pytest.mark.parametrize("row", ["sat", "nosat", "class"])
@pytest.mark.parametrize("source", ["half", "bfloat16"])
def test_every_16_bit_number_converts(source: str, row: str, fp8: Fp8, device: str) -> None:
    every = np.arange(1 << 16, dtype=np.uint16)
    want = fp8.round(decode(every, HALF if source == "half" else BFLOAT16), row != "nosat")
    got = SOURCE.evaluate(f"{source}_{fp8.name}", row, device, every)
    np.testing.assert_array_equal(_one_nan(got, fp8), _one_nan(want, fp8))


@formats
def test_twos_and_fours_hold_the_first_number_lowest(fp8: Fp8, device: str) -> None:
    x = _floats(fp8)
    x = x[np.abs(x) < 400]  # no NaN, nothing saturated
    a, minus, one = (
        fp8.round(v.astype(np.float64), True).astype(np.uint32) for v in (x, -x, x * 0 + 1)
    )
    family = f"float_to_many_{fp8.name}"
    for row in ("pair", "pair_class"):
        np.testing.assert_array_equal(SOURCE.evaluate(family, row, device, x), a | minus << 8)
    got = SOURCE.evaluate(family, "quad", device, x)
    np.testing.assert_array_equal(got, a | minus << 8 | one << 16 | a << 24)
    for row, narrow in (("half_pair", HALF), ("bfloat16_pair", BFLOAT16)):
        rounded = decode(round_array(x, narrow), narrow)
        low, high = (fp8.round(v, True).astype(np.uint32) for v in (rounded, -rounded))
        np.testing.assert_array_equal(SOURCE.evaluate(family, row, device, x), low | high << 8)


@formats
def test_every_code_decodes_to_its_number(fp8: Fp8, device: str) -> None:
    numbers = fp8.numbers
    got = SOURCE.evaluate(f"to_float_{fp8.name}", "class", device, CODES).view(np.float32)
    np.testing.assert_array_equal(got, numbers.astype(np.float32))
    nan = np.isnan(numbers)
    for row in ("function", "class", "pair"):
        got = SOURCE.evaluate(f"to_half_{fp8.name}", row, device, CODES)
        np.testing.assert_array_equal(got[~nan], encode(numbers[~nan], HALF))
        assert np.isnan(decode(got[nan], HALF)).all()


@formats
def test_every_code_converts_to_integers_toward_zero(fp8: Fp8, device: str) -> None:
    numbers = np.where(np.isnan(fp8.numbers), 0, fp8.numbers)
    whole = np.trunc(np.clip(numbers, -(2**31), 2**31 - 1)).astype(np.int64)
    family = f"to_int_{fp8.name}"
    np.testing.assert_array_equal(
        SOURCE.evaluate(family, "int", device, CODES).view(np.int32), whole
    )
    got = SOURCE.evaluate(family, "schar", device, CODES).view(np.int32)
    np.testing.assert_array_equal(got, whole.clip(-128, 127))
    got = SOURCE.evaluate(family, "bool", device, CODES)
    np.testing.assert_array_equal(got, fp8.numbers != 0)


def _one_nan(codes: np.ndarray, fp8: Fp8) -> np.ndarray:
    """Codes with every NaN written alike."""
    return np.where(np.isnan(fp8.numbers[codes]), 0x7F, codes)
