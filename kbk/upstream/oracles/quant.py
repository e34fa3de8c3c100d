"""`sgl_per_token_quant_fp8(input, output_q, output_s)`: rows in 8 bits, each with its own scale.

    s = max |row| / 448,  q = x / s as e4m3 (4 bits of significand; 448 is the largest)

The largest |x| is exact and a division is rounded once: s may be off by 2^-24 |s|. The kernel
multiplies by 1 / s in float32, three roundings, so x / s is off by up to 2 * 2^-23 |x / s| before
it is rounded to e4m3, which adds half the distance of two codes: 2^(floor(log2 |x / s|) - 4), not
below 2^-10. Every code within that is right: near the middle of two codes, either.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from kbk.upstream.case import Call, Case, Output, Target
from kbk.upstream.check import EPS32, NAMES, near, poisoned

_FUNCTION = "sgl_per_token_quant_fp8"
_MOST = 448.0
_WARP_ROWS = 132 * 2 * 8
"""From so many rows on, on 132 multiprocessors, a warp takes a row; below, a block does."""


def expected(values: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """(q, tolerance) and (s, tolerance), float64; q and s of a row of zeros are 0.

    Args:
        values: [m, k].
    """
    x = values.double()
    scale = x.abs().amax(dim=-1) / _MOST
    divisor = torch.where(scale > 0, scale, 1.0).unsqueeze(-1)
    q = x / divisor
    binade = torch.floor(torch.log2(q.abs().clamp_min(2.0**-6)))
    off_q = torch.exp2(binade - 4) + 2 * EPS32 * q.abs()
    return (q, off_q), (scale, EPS32 * scale)


def _same(x: Tensor) -> None:
    """Rows whose largest elements are alike: a scale of another row would do."""
    x[:, -1] = 4.0
    x.clamp_(-4.0, 4.0)


def _growing(x: Tensor) -> None:
    """Rows of very different size, each unlike its neighbours."""
    x *= torch.exp2((torch.arange(len(x)) % 8 * 3 - 10).float()).unsqueeze(-1)


def _a_row_of_zeros(x: Tensor) -> None:
    x[len(x) // 2] = 0


def _case(
    name: str,
    dtype: torch.dtype,
    shape: tuple[int, int],
    change: Callable[[Tensor], None],
    known: str = "",
    evidence: tuple[str, ...] = (),
    column: bool = False,
) -> Case:
    m, k = shape

    def make(generator: Generator) -> Call:
        x = torch.randn(m, k, generator=generator)
        change(x)
        values = x.to(dtype)
        q = poisoned((m, k), torch.float8_e4m3fn)
        s = poisoned((m, 1) if column else (m,), torch.float32)
        want_q, want_s = expected(values)
        in_shape = tuple(each.reshape(s.shape) for each in want_s)
        outputs = (
            Output("output_s", s, near("output_s", *in_shape)),
            Output("output_q", q, near("output_q", *want_q)),
        )
        return Call((values, q, s), outputs)

    full = f"{name} {NAMES[dtype]} [{m}, {k}]".strip()
    return Case(full, _FUNCTION, make, known=known, evidence=evidence)


_SHAPES = ((1, 16), (3, 1076), (5, 1368), (2, 4100), (4, 2048))
"""Vectors of 16, 4, 8, 4 and 16 elements; 4100 is more than a block's 256 threads take at once."""

TARGET = Target(
    key="quant",
    title="8 bits a value, a scale a token",
    path="gemm/per_token_quant_fp8.cu",
    functions=(_FUNCTION,),
    cases=(
        *(_case("", dtype, shape, _growing) for dtype in NAMES for shape in _SHAPES),
        _case("scales in a column", torch.bfloat16, (3, 64), _growing, column=True),
        *(
            _case("a warp a row,", dtype, (_WARP_ROWS + 3, k), _same)
            for dtype, k in ((torch.float16, 16), (torch.bfloat16, 40), (torch.float32, 20))
        ),
        _case(
            "a warp a row, rows unlike each other,",
            torch.float16,
            (_WARP_ROWS, 48),
            _growing,
            "one shared variable for the scales of a block's 8 rows: a race "
            "(sgl-project/sglang#13993, #16886)",
            ("race", "wrong-answer"),
        ),
        _case(
            "a row of zeros,",
            torch.float16,
            (3, 64),
            _a_row_of_zeros,
            "a row of zeros is divided by zero: codes of 448 "
            "(huggingface/kernels-community#680, #681, flashinfer-ai/flashinfer#5031)",
            ("wrong-answer",),
        ),
    ),
    shape="bf16, 16 tokens of 2,048",
    profiled=_case("", torch.bfloat16, (16, 2048), _growing),
    flashinfer=True,
)
