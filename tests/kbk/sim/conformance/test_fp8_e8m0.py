"""e8m0, a bare power of two: rounding toward zero and up, saturation, decoding."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from tests.kbk.sim.conformance.exact import BFLOAT16, decode
from tests.kbk.sim.conformance.machine import Family, Source

ROUNDINGS = {"zero": "cudaRoundZero", "up": "cudaRoundPosInf"}
ROWS = {
    f"{mode}_{saturation}": f"__nv_cvt_{{source}}_to_e8m0(a, {flag}, {rounding})"
    for mode, rounding in ROUNDINGS.items()
    for saturation, flag in {"sat": "__NV_SATFINITE", "nosat": "__NV_NOSAT"}.items()
}
SOURCES = {"float": "float", "double": "double", "bfloat16raw": "__nv_bfloat16"}
SOURCE = Source(
    "e8m0",
    {
        f"from_{source}": Family(
            "unsigned char",
            (cuda_type,),
            {k: text.format(source=source) for k, text in ROWS.items()},
        )
        for source, cuda_type in SOURCES.items()
    }
    | {
        "decode": Family(
            "__nv_bfloat16", ("unsigned char",), {"function": "__nv_cvt_e8m0_to_bf16raw(a)"}
        )
    },
)


def _code(x: float, mode: str, saturation: str) -> int:
    if math.isnan(x):
        return 0xFF
    top = 0xFE if saturation == "sat" else 0xFF
    if math.isinf(x):
        return top
    if x == 0:
        return 0
    magnitude = abs(Fraction(x))
    exponent = math.frexp(abs(x))[1] - 1
    if mode == "up" and magnitude > Fraction(2) ** exponent:
        exponent += 1
    if exponent > 127:
        return 0xFE if mode == "zero" else top  # toward zero stops at the largest power
    return max(exponent + 127, 0)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_number_becomes_a_power_of_two(source: str, row: str, device: str) -> None:
    powers = 2.0 ** np.arange(-140, 128)
    if source == "bfloat16raw":
        raw = np.arange(0, 1 << 16, 7, dtype=np.uint16)
        values = decode(raw, BFLOAT16)
    else:
        dtype = np.float32 if source == "float" else np.float64
        x = np.concatenate([powers, powers * 1.5, powers * 1.99, [0, np.inf, np.nan, 3e38]])
        raw = np.concatenate([x, -x]).astype(dtype)
        if source == "double":
            raw = np.concatenate([raw, np.nextafter(raw, 1e9), [1e300, 1e-300]])
        values = raw.astype(np.float64)
    want = [_code(float(v), *row.split("_")) for v in values]
    got = SOURCE.evaluate(f"from_{source}", row, device, raw)
    wrong = [
        (float(v), int(g), w) for v, g, w in zip(values, got, want, strict=True) if int(g) != w
    ]
    assert not wrong, wrong[:5]


def test_every_code_is_two_to_its_exponent(device: str) -> None:
    codes = np.arange(256, dtype=np.uint8)
    got = decode(SOURCE.evaluate("decode", "function", device, codes), BFLOAT16)
    np.testing.assert_array_equal(got[:255], 2.0 ** (np.arange(255) - 127.0))
    assert np.isnan(got[255])
