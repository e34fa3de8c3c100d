"""00/06 axpby: an op of one's own, in three dtypes, with aliases, special values and few bytes.

The tolerance. Let u be the unit roundoff of float32, 2**-24, v that of the dtype, and s the largest
|a x| + |b y|. Float32 inside rounds the factor, the product and the sum: at most 3 u s (more terms
in u**2). One rounding of the result adds v |result|, or half a denormal. Inputs are drawn with both
signs, so that many sums cancel: there an error of v |a x| is large beside v |result|, and
arithmetic in the dtype is caught. tests/grade/test_oracles_00.py shows both.

Special values are exact in float32, so they are compared bit for bit. 65504 is the largest float16:
2 * 65504 - 65504 fits where the product of float16 numbers would not.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator

import torch
from torch import Tensor

from kbk.grade import Case, Exercise, Gate, Read, Tol, Update, Write, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="axpby",
    kind="build",
    stars=2,
    minutes=20,
    points=10,
    functions=("axpby",),
    task="Build `axpby`: out = a * x + b * y in float32, float16 and bfloat16, where out may be x "
    "or y, with one launch and float32 arithmetic.",
    hints=(
        "It is `scale` with two inputs, for an element type T that the compiler fills in. Numbers "
        "of 16 bits are for memory: widen them to float, compute, and round once at the end.",
        "Above `launch_axpby`: a kernel template over T with the guard of 00/02. In it: return for "
        "no elements, then one launch. One thread reads x[i] and y[i] before it writes out[i], so "
        "that out may be either of them.",
        "template <typename T> __global__ void axpby_kernel(T* out, const T* x, const T* y, "
        "float a, float b, int64_t n), whose one line behind the guard is "
        "out[i] = T(a * float(x[i]) + b * float(y[i]));",
    ),
    reuses=("00/02", "00/03"),
    stub=("every dtype", "uninitialized"),
    mutants={
        "rounds_the_product": "every dtype",
        "at_most_1024_blocks": "every dtype",
        "a_cast_to_half": "every dtype",
        "a_cast_to_the_dtype": "every dtype",
        "half_arithmetic": "every dtype",
        "vectors_if_x_is_aligned": "any address",
        "vectors_if_out_is_not_looked_at": "any address",
        "vectors_if_8_bytes_are_aligned": "any address",
        "drops_nan": "special values",
        "skips_zero_factors": "special values",
        "no_alias_support": "aliases",
        "refuses_aliases": "aliases",
        "empty_grid": "no elements",
        "writes_twice": "bytes",
        "reads_x_twice": "bytes",
        "reads_y_twice": "bytes",
        "reads_out": "bytes",
        "tail_on_the_host": "every dtype",
    },
)

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
REACH = 4.0  # inputs are drawn from [-4, 4)


def tolerance(dtype: torch.dtype, a: float, b: float) -> Tol:
    """What one rounding to ``dtype`` and float32 arithmetic before it may cost: see above."""
    info = torch.finfo(dtype)
    inner = 3 * 2.0**-24 * (abs(a) + abs(b)) * REACH
    denormal = info.smallest_normal * info.eps / 2
    why = f"one rounding to {name(dtype)}, after 3 in float32 of at most |a x| + |b y|"
    return Tol(rtol=info.eps / 2, atol=(inner + denormal) * (1 + 2.0**-7), why=why)


def factors(rng: random.Random) -> tuple[float, float]:
    """Two factors that neither 16-bit dtype nor float32 holds exactly."""
    return rng.choice([-1, 1]) * rng.uniform(0.3, 0.6), rng.choice([-1, 1]) * rng.uniform(1.2, 2.4)


def name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def case(rng: random.Random, x: Tensor, y: Tensor, out: Tensor, label: str, **more: object) -> Case:
    """out = a x + b y for the tensors as they are now."""
    a, b = factors(rng)
    wanted = a * x.double() + b * y.double()
    return Case(
        "axpby",
        Update(out, "out") if out is x or out is y else Write(out, "out"),
        Read(x, "x"),
        Read(y, "y"),
        a,
        b,
        expect=lambda: wanted,
        label=f"{name(x.dtype)}, {label}",
        tol=tolerance(x.dtype, a, b),
        launches=1,
        **more,  # type: ignore[arg-type]
    )


def drawn(rng: random.Random, n: int, dtype: torch.dtype) -> Tensor:
    return values.uniform(rng, n, dtype=dtype, low=-REACH, high=REACH)


@EXERCISE.check("every dtype", points=3)
def every_dtype(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        for n in (1, 31, 32, 33, 255, 256, 257, 10_007):
            x, y = drawn(rng, n, dtype), drawn(rng, n, dtype)
            yield case(rng, x, y, torch.empty_like(x), f"n = {n:,}")
        x, y = drawn(rng, 1001, dtype)[1:], drawn(rng, 1003, dtype)[3:]
        yield case(rng, x, y, torch.empty_like(x), "views that begin at odd places")
        n = 2**18 + 7
        x, y = drawn(rng, n, dtype), drawn(rng, n, dtype)
        yield case(rng, x, y, torch.empty_like(x), f"n = {n:,}")
        x, y = drawn(rng, 105, dtype).view(3, 5, 7), drawn(rng, 105, dtype).view(3, 5, 7)
        yield case(rng, x, y, torch.empty_like(x), "three dimensions")


@EXERCISE.check("any address", points=1)
def any_address(rng: random.Random) -> Iterator[Case]:
    n = 37
    for dtype in DTYPES:
        bytes_8 = 8 // dtype.itemsize
        for at in itertools.product((0, 1, bytes_8), repeat=3):
            x, y, out = (drawn(rng, n + bytes_8, dtype)[i : i + n] for i in at)
            yield case(rng, x, y, out, f"x, y and out begin at elements {at}")


@EXERCISE.check("special values", points=1)
def special_values(rng: random.Random) -> Iterator[Case]:
    special = [0.0, -0.0, 1.0, -2.0, 65504.0, math.inf, -math.inf, math.nan]
    left = [p for p in special for _ in special]
    right = [q for _ in special for q in special]
    for dtype in DTYPES:
        x, y = torch.tensor(left, dtype=dtype), torch.tensor(right, dtype=dtype)
        for a, b in ((1.0, 1.0), (2.0, -1.0), (0.0, 1.0), (-1.0, 0.0)):
            yield Case(
                "axpby",
                Write(torch.empty_like(x), "out"),
                Read(x, "x"),
                Read(y, "y"),
                a,
                b,
                expect=lambda a=a, b=b, x=x, y=y: a * x.double() + b * y.double(),
                label=f"{name(dtype)}, pairs of special values, a = {a}, b = {b}",
            )


@EXERCISE.check("aliases", points=2)
def aliases(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        x, y = drawn(rng, 1000, dtype), drawn(rng, 1000, dtype)
        yield case(rng, x, y, x, "out is x")
        x, y = drawn(rng, 1000, dtype), drawn(rng, 1000, dtype)
        yield case(rng, x, y, y, "out is y")
        x = drawn(rng, 1000, dtype)
        yield case(rng, x, x, x, "out, x and y are one")


@EXERCISE.check("no elements", points=1)
def no_elements(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        x = torch.empty(0, 3, dtype=dtype)
        out = Write(torch.empty_like(x), "out")
        yield Case(
            "axpby",
            out,
            Read(x, "x"),
            Read(x.clone(), "y"),
            1.0,
            2.0,
            expect=x.double,
            label=f"{name(dtype)}, n = 0",
            launches=0,
        )


@EXERCISE.check("bytes", points=2, gate=True)
def bytes_asked_for(rng: random.Random) -> Iterator[Case]:
    n = 1000
    for dtype in DTYPES:
        needed = n * dtype.itemsize

        def once(counter: str, twice: str, why: str, needed: int = needed) -> Gate:
            return Gate(counter, target=needed, baseline=2 * needed, of=twice, why=why)

        gates = (
            once("bytes_ld:x", "reads_x_twice", "Each element of x is needed once."),
            once("bytes_ld:y", "reads_y_twice", "Each element of y is needed once."),
            once("bytes_st:out", "writes_twice", "Each element of out is written once."),
            Gate(
                "bytes_ld:out",
                target=0,
                baseline=needed,
                of="reads_out",
                why="out is never read.",
            ),
        )
        x, y = drawn(rng, n, dtype), drawn(rng, n, dtype)
        yield case(rng, x, y, torch.empty_like(x), f"n = {n:,}", gates=gates)
