"""`merge_state_v2(v_a, s_a, v_b, s_b, v_merged, s_merged)`: two partial attentions become one.

    m = max(s_a, s_b),  w = exp(s - m)
    v = (w_a v_a + w_b v_b) / (w_a + w_b),  s = m + ln(w_a + w_b)

s is a natural logarithm of a sum; an infinity of either sign says that there was nothing to attend
to, and the other side stands alone. In float32 each weight is off by a few units: its exponent
s - m is off by 2^-24 |s - m|, and x exp(-x) is at most 0.37; exp, sum, division and products add
less than 2^-23 each. So

    v    8 * 2^-23 (|v_a| + |v_b|) + rounding to the dtype
    s    4 * 2^-23 (1 + |s|)
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from kbk.upstream.case import Call, Case, Output, Target
from kbk.upstream.check import EPS32, NAMES, near, poisoned, rounded

_FUNCTION = "merge_state_v2"


def expected(
    v_a: Tensor, s_a: Tensor, v_b: Tensor, s_b: Tensor
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """(v, tolerance) and (s, tolerance), float64.

    Where both sides are empty the merged one is: v is 0 and s is -inf.

    Args:
        v_a, v_b: [n, h, d]; s_a, s_b: float32 [n, h].
    """
    a, b = (torch.where(s.isinf(), -math.inf, s.double()) for s in (s_a, s_b))
    s = torch.logaddexp(a, b)
    empty = s.isinf()
    w_a, w_b = (torch.where(empty, 0.0, torch.exp(each - s)).unsqueeze(-1) for each in (a, b))
    x, y = v_a.double(), v_b.double()
    v = w_a * x + w_b * y
    off_v = 8 * EPS32 * (x.abs() + y.abs()) + rounded(v, v_a.dtype)
    off_s = torch.where(empty, 0.0, 4 * EPS32 * (1 + s.abs()))
    return (v, off_v), (s, off_s)


def _none(_: Tensor, __: Tensor) -> None:
    """Both sides have attended to something."""


def _one_side(value: float, side: int) -> Callable[[Tensor, Tensor], None]:
    def change(s_a: Tensor, s_b: Tensor) -> None:
        (s_a, s_b)[side].flatten()[::3] = value

    return change


def _both(s_a: Tensor, s_b: Tensor) -> None:
    s_a.flatten()[::3] = -math.inf
    s_b.flatten()[::3] = -math.inf


def _case(
    name: str,
    dtype: torch.dtype,
    shape: tuple[int, int, int],
    change: Callable[[Tensor, Tensor], None] = _none,
    *,
    known: str = "",
    evidence: tuple[str, ...] = (),
    refuses: bool = False,
) -> Case:
    n, h, d = shape

    def make(generator: Generator) -> Call:
        v_a, v_b = (torch.randn(n, h, d, generator=generator).to(dtype) for _ in range(2))
        s_a, s_b = (8 * torch.randn(n, h, generator=generator) for _ in range(2))
        change(s_a, s_b)
        v, s = poisoned((n, h, d), dtype), poisoned((n, h), torch.float32)
        want_v, want_s = expected(v_a, s_a, v_b, s_b)
        outputs = (
            Output("v_merged", v, near("v_merged", *want_v)),
            Output("s_merged", s, near("s_merged", *want_s)),
        )
        return Call((v_a, s_a, v_b, s_b, v, s), outputs)

    size = ", ".join(map(str, shape))
    full = f"{name} {NAMES[dtype]} [{size}]".strip()
    return Case(full, _FUNCTION, make, refuses=refuses, known=known, evidence=evidence)


_SHAPES = ((5, 2, 64), (33, 3, 32), (1, 1, 8), (17, 4, 128))

TARGET = Target(
    key="merge",
    title="merging two attention states",
    path="attention/merge_attn_states.cu",
    functions=(_FUNCTION,),
    cases=(
        *(_case("", dtype, shape) for dtype in NAMES for shape in _SHAPES),
        *(
            _case(f"{sign}inf on side {side}", dtype, (7, 3, 64), _one_side(value, index))
            for sign, value in (("-", -math.inf), ("+", math.inf))
            for index, side in enumerate("ab")
            for dtype in (torch.float32, torch.bfloat16)
        ),
        _case("refuses", torch.float16, (2, 2, 12), refuses=True),
        _case("refuses", torch.float32, (2, 2, 6), refuses=True),
        _case(
            "-inf on both sides",
            torch.float32,
            (7, 3, 64),
            _both,
            known="both sides empty: NaN (vllm-project/vllm#27491, #39148)",
            evidence=("wrong-answer",),
        ),
    ),
    shape="bf16, 16 tokens, 4 heads, d = 128",
    profiled=_case("", torch.bfloat16, (16, 4, 128)),
    flashinfer=True,
)
