"""`silu_and_mul`, `gelu_and_mul`, `gelu_tanh_and_mul`: act(x[..., :d]) * x[..., d:].

The kernel computes in float32 and rounds once, when it stores. So with x and y exact, an element
may be off by

    rounding to the dtype            u |result| + (smallest number) / 2
    float32 before it                4 * 2^-23 * |x y|

The second is absolute in |x y|, not relative to the result: gelu's 1 + erf(z) cancels for negative
z and keeps float32's absolute error. 4 covers erf and tanh (2 units in the last place), the error
of their argument (z exp(-z^2) is at most 0.43), and the three products.

16-byte loads need rows of d elements to start at multiples of 16 bytes: d % 8 == 0 for 2-byte
types.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from kbk.upstream.case import Call, Case, Output, Target
from kbk.upstream.check import EPS32, NAMES, near, poisoned, rounded


def _silu(x: Tensor) -> Tensor:
    return x / (1 + torch.exp(-x))


def _gelu(x: Tensor) -> Tensor:
    return x * 0.5 * torch.special.erfc(-x / math.sqrt(2))


def _gelu_tanh(x: Tensor) -> Tensor:
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return x * torch.sigmoid(2 * inner)  # (1 + tanh z) / 2, without its cancellation


_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "silu_and_mul": _silu,
    "gelu_and_mul": _gelu,
    "gelu_tanh_and_mul": _gelu_tanh,
}
_EDGES = (0.0, -0.0, 1.0, -1.0, 6.0, -6.0, 20.0, -20.0, -100.0, 1e-4)
"""Where an activation begins, bends and saturates; all x of a row's beginning."""


def expected(function: str, values: Tensor) -> tuple[Tensor, Tensor]:
    """Result and tolerance, float64.

    Args:
        function: one of the three.
        values: [..., 2 d], any floating dtype.
    """
    x, y = values.double().chunk(2, dim=-1)
    result = _ACTIVATIONS[function](x) * y
    return result, rounded(result, values.dtype) + 4 * EPS32 * (x * y).abs()


def _case(
    function: str,
    dtype: torch.dtype,
    shape: tuple[int, ...],
    known: str = "",
    evidence: tuple[str, ...] = (),
) -> Case:
    *tokens, d = shape

    def make(generator: Generator) -> Call:
        values = 3 * torch.randn(*tokens, 2 * d, generator=generator)
        edges = torch.tensor(_EDGES)[:d]
        if values.numel():
            values.view(-1, 2 * d)[0, : len(edges)] = edges
        values = values.to(dtype)
        out = poisoned((*tokens, d), dtype)
        want, tolerance = expected(function, values)
        return Call((out, values), (Output("out", out, near("out", want, tolerance)),))

    size = ", ".join(map(str, shape))
    return Case(
        f"{function.removesuffix('_and_mul')} {NAMES[dtype]} [{size}]",
        function,
        make,
        known=known,
        evidence=evidence,
    )


_HALVES = torch.float16, torch.bfloat16
_SHAPES = (
    *((torch.float32, shape) for shape in ((3, 4), (2, 3, 72), (1, 4100))),
    *((dtype, shape) for dtype in _HALVES for shape in ((3, 8), (2, 3, 200), (1, 8200))),
)
"""One thread; three dimensions; and d beyond 1024 vectors, where the scalar tail works."""

_KNOWN = (
    _case(
        "silu_and_mul",
        torch.float16,
        (1, 3420),
        "d % 8 == 4: the second half of a row lies off its 16 bytes "
        "(flashinfer-ai/flashinfer#2526, #5013)",
        ("misaligned", "crash", "launch-error", "wrong-answer"),
    ),
    _case(
        "silu_and_mul",
        torch.float16,
        (2, 4),
        "d < 8: a block of no threads, and nobody asks whether the launch failed "
        "(read in the source)",
        ("launch-error", "launch"),
    ),
    _case(
        "silu_and_mul",
        torch.float16,
        (0, 64),
        "no tokens: a grid of no blocks, and nobody asks whether the launch failed "
        "(read in the source)",
        ("launch-error", "launch"),
    ),
)

TARGET = Target(
    key="activation",
    title="activation and product",
    path="elementwise/activation.cu",
    functions=tuple(_ACTIVATIONS),
    cases=(
        *(_case(function, *each) for function in _ACTIVATIONS for each in _SHAPES),
        *_KNOWN,
    ),
    shape="silu_and_mul, fp16, 4 tokens, d = 11,008",
    profiled=_case("silu_and_mul", torch.float16, (4, 11008)),
    flashinfer=True,
)
