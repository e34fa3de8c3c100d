"""What CUDA promises at NaN, infinity, zeros and the ends: extremes, classification, flushes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.kbk.sim.conformance.machine import Family, Source

inf, nan = np.inf, np.nan

EXTREMES = {
    "float": {"fminf": "fminf(a, b)", "fmaxf": "fmaxf(a, b)",
              "min": "min(a, b)", "max": "max(a, b)"},
    "double": {"fmin": "fmin(a, b)", "fmax": "fmax(a, b)", "min": "min(a, b)", "max": "max(a, b)",
               "min_mixed": "min(float(a), b)", "max_mixed": "max(a, float(b))"},
}  # fmt: skip
POINTS: dict[str, list[tuple[float, float]]] = {
    "rsqrtf(a)": [(0, inf), (inf, 0), (-1, nan), (4, 0.5), (-0.0, -inf)],
    "__expf(a)": [(0, 1), (-inf, 0), (inf, inf), (nan, nan)],
    "__logf(a)": [(1, 0), (0, -inf), (inf, inf), (-1, nan)],
    "__saturatef(a)": [(nan, 0), (inf, 1), (-inf, 0), (0.25, 0.25), (-0.0, 0)],
    "__powf(a, 2.0f)": [(2, 4), (-2, nan), (0, 0), (inf, inf)],
    "__fdividef(1.0f, a)": [(3e38, 0), (inf, 0), (2, 0.5), (0, inf)],
    "__fdividef(a, 3e38f)": [(inf, nan), (1, 0)],
    "sinpif(a)": [(0.5, 1), (1, 0), (2.5, 1), (-1.5, 1), (100, 0), (inf, nan)],
    "cospif(a)": [(0, 1), (0.5, 0), (1, -1), (101, -1), (2.5, 0), (nan, nan)],
    "erfinvf(a)": [(0, 0), (1, inf), (-1, -inf), (1.5, nan)],
    "erfcinvf(a)": [(0, inf), (2, -inf), (1, 0), (3, nan)],
    "normcdff(a)": [(0, 0.5), (inf, 1), (-inf, 0)],
    "normcdfinvf(a)": [(0.5, 0), (0, -inf), (1, inf)],
    "float(isnan(a)) + 2 * float(isinf(a)) + 4 * float(isfinite(a))": [(nan, 1), (inf, 2), (0, 4)],
    "float(signbit(a) != 0)": [(-0.0, 1), (0.0, 0), (-inf, 1), (5, 0)],
    "copysignf(2.0f, a)": [(-0.0, -2), (1, 2)],
    "CUDART_INF_F + 0 * a": [(1, inf)],
    "fmaf(a, a, 1.0f)": [(2, 5), (inf, inf)],
    "__frsqrt_rn(a)": [(0, inf), (inf, 0), (-1, nan), (16, 0.25)],
    "fdividef(6.0f, a)": [(2, 3)],
    "norm3df(a, 4.0f, 0.0f)": [(3, 5), (inf, inf)],
    "rnorm4df(a, 1.0f, 1.0f, 1.0f)": [(1, 0.5)],
    "rhypotf(a, 4.0f)": [(3, 0.2)],
}
SOURCE = Source(
    "special_values",
    {f"extremes_{t}": Family(t, (t, t), rows) for t, rows in EXTREMES.items()}
    | {"points": Family("float", ("float",), {text: text for text in POINTS})},
    helpers="#include <math_constants.h>\n",
)


@pytest.mark.parametrize(
    ("cuda_type", "name"), [(t, n) for t, rows in EXTREMES.items() for n in rows]
)
def test_nan_loses_against_a_number_and_zeros_are_ordered(
    cuda_type: str, name: str, device: str
) -> None:
    dtype = {"float": np.float32, "double": np.float64}[cuda_type]
    values = [0.0, -0.0, 1.0, -1.0, inf, -inf, nan, 1e-40, 3.0]
    a, b = (
        np.array(column, dtype=dtype)
        for column in zip(*itertools.product(values, values), strict=True)
    )
    got = SOURCE.evaluate(f"extremes_{cuda_type}", name, device, a, b).view(dtype)
    want = np.fmin(a, b) if "min" in name else np.fmax(a, b)
    if name.endswith("mixed"):
        assert np.allclose(got, want, rtol=1e-5, equal_nan=True)
    else:
        np.testing.assert_array_equal(got, want)
    zeros = (a == 0) & (b == 0)
    negative = np.signbit(a) | np.signbit(b) if "min" in name else np.signbit(a) & np.signbit(b)
    np.testing.assert_array_equal(np.signbit(got[zeros]), negative[zeros])


@pytest.mark.parametrize("expression", POINTS)
def test_a_function_has_its_documented_value_at_a_special_argument(
    expression: str, device: str
) -> None:
    x, want = (
        np.array(column, dtype=np.float32) for column in zip(*POINTS[expression], strict=True)
    )
    got = SOURCE.evaluate("points", expression, device, x).view(np.float32)
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=0, equal_nan=True)
