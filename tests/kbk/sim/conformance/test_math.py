"""Mathematical functions within the errors CUDA documents for them.

Bounds: https://docs.nvidia.com/cuda/cuda-c-programming-guide/#mathematical-functions-appendix
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tests.kbk.sim.conformance.machine import Family, Source, ulps_apart

special = torch.special
Function = Callable[[Any], Any]


def of_torch(function: Callable[[torch.Tensor], torch.Tensor]) -> Function:
    """A float64 function of torch as one of numpy arrays."""
    return lambda x: function(torch.from_numpy(np.asarray(x, dtype=np.float64))).numpy()


def _sin_pi(x: Any) -> Any:
    turn = x - 2 * np.rint(x / 2)
    folded = np.where(np.abs(turn) > 0.5, np.copysign(1, turn) - turn, turn)
    return np.sin(np.pi * folded)


# The C library's double cbrt is off by up to four units where CUDA's is by one; torch's inverses
# and tails are off by tens of units in double.
# name without its f: (reference, lowest and highest argument, units allowed in float, in double)
FUNCTIONS: dict[str, tuple[Function, float, float, float, float]] = {
    "sin": (np.sin, -100, 100, 2, 2), "cos": (np.cos, -100, 100, 2, 2),
    "tan": (np.tan, -1.5, 1.5, 4, 2), "exp": (np.exp, -100, 88, 2, 1),
    "exp2": (np.exp2, -149, 127, 2, 1), "exp10": (lambda x: (0 * x + 10) ** x, -40, 38, 2, 2),
    "expm1": (np.expm1, -20, 88, 1, 1), "log": (np.log, 1e-40, 1e38, 1, 1),
    "log2": (np.log2, 1e-40, 1e38, 1, 1), "log10": (np.log10, 1e-40, 1e38, 2, 1),
    "log1p": (np.log1p, -0.99, 1e10, 1, 1), "sinh": (np.sinh, -80, 80, 3, 2),
    "cosh": (np.cosh, -80, 80, 2, 2), "tanh": (np.tanh, -10, 10, 2, 2),
    "asin": (np.arcsin, -1, 1, 2, 2), "acos": (np.arccos, -1, 1, 2, 2),
    "atan": (np.arctan, -100, 100, 2, 2), "asinh": (np.arcsinh, -1e6, 1e6, 3, 3),
    "acosh": (np.arccosh, 1, 1e6, 4, 3), "atanh": (np.arctanh, -0.999, 0.999, 3, 2),
    "sqrt": (np.sqrt, 0, 1e38, 0, 0), "rsqrt": (lambda x: 1 / np.sqrt(x), 1e-38, 1e38, 2, 1),
    "cbrt": (np.cbrt, -1e30, 1e30, 1, 4), "rcbrt": (lambda x: 1 / np.cbrt(x), 1e-30, 1e30, 2, 4),
    "sinpi": (_sin_pi, -50, 50, 2, 4), "cospi": (lambda x: _sin_pi(np.abs(x) + 0.5), 0, 50, 2, 1e6),
    "erf": (of_torch(special.erf), -5, 5, 2, 4), "erfc": (of_torch(special.erfc), -3, 8, 4, 6),
    "erfinv": (of_torch(special.erfinv), -0.9999, 0.9999, 3, 40),
    "erfcinv": (of_torch(lambda x: -special.ndtri(x / 2) / 2**0.5), 1e-30, 0.9, 4, 40),
    "erfcx": (of_torch(special.erfcx), -3, 50, 4, 12),
    "normcdf": (of_torch(lambda x: special.erfc(-x / 2**0.5) / 2), -8, 6, 5, 120),
    "normcdfinv": (of_torch(special.ndtri), 1e-10, 0.4, 5, 40),
    "cyl_bessel_i0": (of_torch(special.i0), -20, 20, 6, 12),
    "cyl_bessel_i1": (of_torch(special.i1), 0.1, 20, 6, 12),
    "lgamma": (of_torch(torch.lgamma), 3, 1e4, 6, 8),
    "rint": (np.rint, -100, 100, 0, 0), "floor": (np.floor, -100, 100, 0, 0),
    "ceil": (np.ceil, -100, 100, 0, 0), "trunc": (np.trunc, -100, 100, 0, 0),
    "fabs": (np.abs, -100, 100, 0, 0),
}  # fmt: skip

# Intrinsics: reference, range, and the documented error as (ulps, absolute) of an argument array.
FAST: dict[str, tuple[Function, float, float, Function]] = {
    "__expf(a)": (np.exp, -80, 80, lambda x: (2 + np.floor(np.abs(1.173 * x)), 0)),
    "__exp10f(a)": (lambda x: 10.0**x, -37, 37, lambda x: (2 + np.floor(np.abs(2.97 * x)), 0)),
    "__logf(a)": (np.log, 1e-30, 1e30, lambda x: _near_one(x, 3, 2**-21.41)),
    "__log2f(a)": (np.log2, 1e-30, 1e30, lambda x: _near_one(x, 2, 2.0**-22)),
    "__log10f(a)": (np.log10, 1e-30, 1e30, lambda x: _near_one(x, 3, 2.0**-24)),
    "__sinf(a)": (np.sin, -np.pi, np.pi, lambda x: (0, 2**-21.41)),
    "__cosf(a)": (np.cos, -np.pi, np.pi, lambda x: (0, 2**-21.19)),
    "__frcp_rn(a)": (lambda x: 1 / x, 1e-30, 1e30, lambda x: (0, 0)),
    "__saturatef(a)": (lambda x: np.clip(x, 0, 1), -2, 2, lambda x: (0, 0)),
    "__fdividef(1.0f, a)": (lambda x: 1 / x, 1e-37, 1e37, lambda x: (2, 0)),
    "__powf(fabsf(a), 2.5f)": (
        lambda x: np.abs(x) ** 2.5, 0.1, 50, lambda x: (4 + 40 * np.abs(2.5 * np.log2(x)), 0)),
    "rsqrtf(a)": (lambda x: 1 / np.sqrt(x), 1e-38, 1e38, lambda x: (2, 0)),
    # No bound of its own: the quotient of __sinf and __cosf, whose documented errors are absolute.
    "__tanf(a)": (
        np.tan,
        -1.2,
        1.2,
        lambda x: (4, (2**-21.41 + np.abs(np.tan(x)) * 2**-21.19) / np.cos(x)),
    ),
    "__tanhf(a)": (np.tanh, -8, 8, lambda x: (0, 2**-10.98)),
}  # fmt: skip


def _near_one(x: np.ndarray, ulps: float, absolute: float) -> tuple[np.ndarray, np.ndarray]:
    inside = (x >= 0.5) & (x <= 2)
    return np.where(inside, 0, ulps), np.where(inside, absolute, 0)


SOURCE = Source(
    "math",
    {
        "in_float": Family(
            "float", ("float",), {n: f"{n}f(a)" for n in FUNCTIONS} | {f: f for f in FAST}
        ),
        "in_double": Family("double", ("double",), {n: f"{n}(a)" for n in FUNCTIONS}),
    },
)


def _arguments(low: float, high: float, dtype: Any) -> np.ndarray:
    """Evenly spaced, and where the range spans decades, logarithmically spaced arguments."""
    even = np.linspace(low, high, 6000)
    parts = [even]
    if high > 10 * max(low, 1e-3):
        parts.append(np.geomspace(max(low, 1e-3), high, 6000))
    return np.unique(np.concatenate(parts).astype(dtype).clip(dtype(low), dtype(high)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_float_function_keeps_its_documented_error(name: str, device: str) -> None:
    reference, low, high, allowed, _ = FUNCTIONS[name]
    x = _arguments(low, high, np.float32)
    with np.errstate(all="ignore"):
        want = np.asarray(reference(x.astype(np.float64)))
    errors = ulps_apart(SOURCE.evaluate("in_float", name, device, x), want)
    worst = int(errors.argmax())
    assert errors[worst] <= allowed + 0.5, f"{name}f({x[worst]!r}): {errors[worst]:.2f} units"


@pytest.mark.parametrize("name", [name for name, row in FUNCTIONS.items() if row[4] < 1e6])
def test_a_double_function_keeps_its_documented_error(name: str, device: str) -> None:
    reference, low, high, _, allowed = FUNCTIONS[name]
    x = _arguments(low, high, np.float64)
    with np.errstate(all="ignore"):
        try:
            want = np.asarray(reference(x.astype(np.longdouble)))
        except TypeError:
            want = np.asarray(reference(x))
    got = SOURCE.evaluate("in_double", name, device, x)
    errors = ulps_apart(got, want.astype(np.longdouble), fraction_bits=52)
    worst = int(errors.argmax())
    assert errors[worst] <= allowed + 0.5, f"{name}({x[worst]!r}): {float(errors[worst]):.2f} units"


@pytest.mark.parametrize("expression", FAST)
def test_a_fast_intrinsic_keeps_its_documented_error(expression: str, device: str) -> None:
    reference, low, high, bound = FAST[expression]
    x = _arguments(low, high, np.float32)
    wide = x.astype(np.float64)
    want = np.asarray(reference(wide))
    bits = SOURCE.evaluate("in_float", expression, device, x)
    ulps, absolute = bound(wide)
    near = np.abs(bits.view(np.float32).astype(np.float64) - want) <= absolute
    good = near | (ulps_apart(bits, want) <= ulps + 0.5)
    assert good.all(), f"{expression} at {x[~good][:5]}: {bits.view(np.float32)[~good][:5]}"
