"""`lightning_attention_decode(q, k, v, past_kv, slope, output, new_kv)`: a linear attention's step.

    new_kv = exp(-slope) * past_kv + k v^T        [b, h, d, e], float32
    output = q new_kv                             [b, h, 1, e], the dtype T of q, k and v

The kernel rounds the product k v to T, before it adds in float32; so new_kv may be off by

    u_T |k v| + (smallest T) / 2     the product
    4 * 2^-23 |exp(-slope) past|     exp (2 units in the last place), its product
    2^-24 |new_kv|                   the sum

and the output by sum |q| (tolerance of new_kv), by (d + 1) 2^-24 sum |q new_kv| for a float32 sum
of d products in any order, and by its rounding to T.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from kbk.upstream.case import Call, Case, Output, Target
from kbk.upstream.check import EPS32, NAMES, near, poisoned, rounded

_FUNCTION = "lightning_attention_decode"
_Answer = tuple[Tensor, Tensor]


def expected(
    q: Tensor, k: Tensor, v: Tensor, past: Tensor, slope: Tensor
) -> tuple[_Answer, _Answer]:
    """(output, tolerance) and (new_kv, tolerance), float64.

    Args:
        q, k: [b, h, 1, d]; v: [b, h, 1, e]; past: [b, h, d, e]; slope: [h, 1, 1].
    """
    dtype = q.dtype
    q, k, v, past = q.double(), k.double(), v.double(), past.double()
    kept = torch.exp(-slope.double()) * past
    product = k.transpose(-1, -2) * v
    state = kept + product
    off = rounded(product, dtype) + 4 * EPS32 * kept.abs() + EPS32 / 2 * state.abs()
    output = q @ state
    d = q.shape[-1]
    off_output = q.abs() @ off + (d + 1) * EPS32 / 2 * (q.abs() @ state.abs())
    return (output, off_output + rounded(output, dtype)), (state, off)


def _case(
    dtype: torch.dtype,
    shape: tuple[int, int, int, int],
    known: str = "",
    evidence: tuple[str, ...] = (),
) -> Case:
    b, h, d, e = shape

    def make(generator: Generator) -> Call:
        def normal(*size: int) -> Tensor:
            return torch.randn(*size, generator=generator)

        q, k = (normal(b, h, 1, d).to(dtype) for _ in range(2))
        v = normal(b, h, 1, e).to(dtype)
        past, slope = normal(b, h, d, e), normal(h, 1, 1)  # a negative slope lets the state grow
        output, new_kv = poisoned((b, h, 1, e), dtype), poisoned((b, h, d, e), torch.float32)
        want_output, want_state = expected(q, k, v, past, slope)
        return Call(
            (q, k, v, past, slope, output, new_kv),
            (
                Output("new_kv", new_kv, near("new_kv", *want_state)),
                Output("output", output, near("output", *want_output)),
            ),
        )

    size = ", ".join(f"{name}={value}" for name, value in zip("bhde", shape, strict=True))
    return Case(f"{NAMES[dtype]} {size}", _FUNCTION, make, known=known, evidence=evidence)


_SHAPES = (
    *((dtype, (1, 2, 64, 64)) for dtype in NAMES),
    *((dtype, (2, 3, 32, 66)) for dtype in NAMES),
    (torch.bfloat16, (1, 1, 96, 96)),
    (torch.float32, (1, 3, 33, 65)),
    (torch.float16, (1, 1, 130, 2)),  # more rows than threads
    (torch.float32, (1, 1, 1, 1)),
)

_KNOWN = (
    _case(
        torch.bfloat16,
        (1, 1, 128, 128),
        "more than 48 KiB of shared memory, which the host never asks for, and nobody asks whether "
        "the launch failed (read in the source)",
        ("launch-error", "launch"),
    ),
    _case(
        torch.float16,
        (1, 1, 32, 65),
        "2-byte types with an odd v_dim: floats in shared memory off their 4 bytes "
        "(read in the source)",
        ("misaligned", "crash", "launch-error", "wrong-answer"),
    ),
)

TARGET = Target(
    key="lightning",
    title="lightning attention, one step",
    path="attention/lightning_attention_decode_kernel.cu",
    functions=(_FUNCTION,),
    cases=(*(_case(*each) for each in _SHAPES), *_KNOWN),
    shape="bf16, b = 1, h = 2, d = e = 96",
    profiled=_case(torch.bfloat16, (1, 2, 96, 96)),
)
