"""02/02 gelu_tanh_and_mul: rows of any width, special values, roundings, and how often tanh.

The tolerance follows the formula. u stands for 2**-24, half a unit in the last place of float32.

- Where the gate is positive: inner is off by 6 u (five operations, two constants), tanh by 4 u (two
  units, as CUDA's tables say), and 1 + tanh passes on a third of the first and half of the second;
  sum, two products: 8 u in all, relative.
- Where it is negative, 1 + tanh is a difference that may lose all its digits: its absolute error
  stays below 8 u, times half the gate and the value.

The rounding to the dtype comes on top: a unit in the last place, and half of one where a single
rounding is asked for.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from kbk.grade import Case, Exercise, Gate, Read, Write, values
from kbk.grade.cases import Tol
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="gelu_tanh_and_mul",
    kind="fill",
    stars=1,
    minutes=15,
    points=10,
    functions=("gelu_tanh_and_mul",),
    task="Write a device function, GELU by tanh, and the kernel that applies it to half of each "
    "row and multiplies by the other half.",
    hints=(
        "A device function is C++ that a thread calls: floats in, a float out. Everything between "
        "the two loads and the store stays float32, so that only the store rounds.",
        "Element i of out is column i % d of row i / d. Its row of x begins at element "
        "i / d * 2 * d; the gate stands at that column, its value d elements further on.",
        "`if (i >= tokens * d) return;`, then `const T* row = x + i / d * 2 * d;`, two loads "
        "through `float(...)` and `out[i] = T(gelu_tanh(gate) * value);`. In gelu_tanh: "
        "`tanhf(kSqrtTwoOverPi * (g + kCubic * g * g * g))`, plus 1, times half of g.",
    ),
    reuses=("00/02: the index and its bound", "00/06: float32 inside, one rounding"),
    sources=(
        "https://docs.nvidia.com/cuda/archive/12.9.1/cuda-c-programming-guide/index.html"
        "#mathematical-functions-appendix",
        "https://arxiv.org/abs/1606.08415",
    ),
    stub=("every dtype", "uninitialized"),
    mutants={
        "erf_form": "every dtype",
        "cubic_term_on_the_square": "every dtype",
        "swapped_halves": "every dtype",
        "interleaved_pairs": "every dtype",
        "arithmetic_in_the_dtype": "every dtype",
        "row_of_d": "every dtype",
        "no_guard": "every dtype",
        "guard_of_the_rows_of_x": "every dtype",
        "rounds_before_the_product": "one rounding",
        "tanh_from_exponentials": "special values",
        "clamps_the_gate": "special values",
        "exponential_and_division": "one tanh",
    },
)

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
INF, NAN = math.inf, math.nan


def gelu(g: Tensor) -> Tensor:
    """The formula in float64."""
    return 0.5 * g * (1 + torch.tanh(math.sqrt(2 / math.pi) * (g + 0.044715 * g**3)))


def expected(x: Tensor) -> Tensor:
    """The exact result, in float64."""
    gate, value = x.double().chunk(2, dim=1)
    return gelu(gate) * value


def tolerance(dtype: torch.dtype, ulps: float, reach: float) -> Tol:
    """As above; gates and values lie between -reach and reach."""
    relative = values.tolerance(dtype, ulps=ulps, float32_steps=8)
    lost = 8 * 2.0**-24 * reach / 2 * reach
    why = f"{relative.why}; 1 + tanh loses {lost:.2g} where a gate is negative"
    return Tol(relative.rtol, relative.atol + lost, why)


def subnormal(dtype: torch.dtype) -> Tol:
    """For gates so small that half of one is rounded to a float32, and values up to 16."""
    relative, lost = values.tolerance(dtype, ulps=1.0, float32_steps=8), 16 * 2.0**-149
    why = f"{relative.why}; half a subnormal is rounded, and 16 times that is {lost:.2g}"
    return Tol(relative.rtol, relative.atol + lost, why)


def case(x: Tensor, tol: Tol | None, label: str, gates: tuple[Gate, ...] = ()) -> Case:
    """A case of given rows."""
    out = torch.empty(len(x), x.shape[1] // 2, dtype=x.dtype)
    return Case(
        "gelu_tanh_and_mul", Write(out, "out"), Read(x, "x"), expect=lambda: expected(x), tol=tol,
        label=f"{str(x.dtype)[6:]}, {label}", launches=int(out.numel() > 0), gates=gates,
    )  # fmt: skip


def drawn(
    rng: random.Random, tokens: int, d: int, dtype: torch.dtype, ulps: float, reach: float = 4.0
) -> Case:
    """A case of values from -reach to reach; the second one is a view that begins anywhere."""
    at = rng.choice((0, 1, 3))
    x = values.uniform(rng, at + tokens * 2 * d, dtype=dtype, low=-reach, high=reach)[at:]
    label = f"tokens = {tokens}, d = {d}, x begins at element {at}"
    return case(x.view(tokens, 2 * d), tolerance(dtype, ulps, reach), label)


@EXERCISE.check("every dtype", points=5)
def every_dtype(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        for tokens, d in ((3, 100), (1, 1), (5, 257), (2, 33), (70, 7), (1, 4096), (300, 1)):
            yield drawn(rng, tokens, d, dtype, 1.0)
        yield drawn(rng, 4, 500, dtype, 1.0, reach=12.0)
        yield drawn(rng, 0, 64, dtype, 1.0)


@EXERCISE.check("one rounding", points=2)
def one_rounding(rng: random.Random) -> Iterator[Case]:
    for dtype in (torch.float16, torch.bfloat16):
        yield drawn(rng, 8, 1024, dtype, 0.5)


@EXERCISE.check("special values", points=2)
def special_values(rng: random.Random) -> Iterator[Case]:
    # Of these the result is exact, so bits are asked for, and the sign of a zero with them.
    gates = (0.0, -0.0, 1e4, -1e4, 60000.0, -60000.0, INF, -INF, NAN)
    times = (0.0, -0.0, 1.0, -2.0, INF, -INF, NAN)
    for dtype in DTYPES:
        pairs = rng.sample(list(product(gates, times)), len(gates) * len(times))
        x = torch.tensor([*zip(*pairs, strict=True)], dtype=dtype).view(1, -1)
        yield case(x, None, "special gates and values")
        # Subnormal gates: gelu is half of them, perhaps rounded, and its value multiplies that.
        tiny = torch.finfo(dtype).smallest_normal
        small = values.uniform(rng, 3, 200, low=-1, high=1).double() * tiny
        near = values.uniform(rng, 3, 200, low=4, high=16).double()
        x = torch.cat([small, near], dim=1).to(dtype)
        yield case(x, subnormal(dtype), "subnormal gates")
    large = torch.tensor([[3e38, -3e38, 1e30, -1e30, 1.0, 1.0, 2.0, 2.0]])
    yield case(large, None, "gates whose cube is no float32")


@EXERCISE.check("one tanh", points=1, gate=True)
def one_tanh(rng: random.Random) -> Iterator[Case]:
    tokens, d = 3, 100
    gate = Gate(
        "special_functions", target=tokens * d, baseline=2 * tokens * d,
        of="exponential_and_division",
        why="(exp, log, sin, cos, tanh, rsqrt, pow and divisions of floats count.)",
    )  # fmt: skip
    for dtype in DTYPES:
        x = values.uniform(rng, tokens, 2 * d, dtype=dtype)
        yield case(x, tolerance(dtype, 1.0, 4.0), f"tokens = {tokens}, d = {d}", (gate,))
