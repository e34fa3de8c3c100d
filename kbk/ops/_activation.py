"""Gated activations over the halves of each row: ``silu_and_mul`` and the two of GELU."""

from __future__ import annotations

import torch
from torch.compiler import is_compiling

from kbk.ops._family import family, prepare, traced

_OPS = traced("activation")


def silu_and_mul(input: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
    """``silu(input[..., :d]) * input[..., d:]``, silu(x) being x / (1 + exp(-x)).

    Computed in float32 and rounded once, to the dtype of ``out``. One launch, or none for a tensor
    without elements.

    Args:
        input: float32, float16 or bfloat16 [..., 2 * d], any d. Rows may lie apart in even steps,
            as those of a slice do, whatever the leading dimensions; a row itself has no gaps. 16
            bytes go at a time where d elements are a multiple of that and every row of both
            tensors begins on one; else 8, else one element. More rows than one must have
            rows * d * d below 2^64: five of 2^31, say, are refused.
        out: written; [..., d], of the dtype and device of ``input``, its rows as those of
            ``input`` may be, and not over them. A new tensor if it is None.

    Returns:
        ``out``.

    Raises:
        kbk.ArgumentError: an argument is not as above; the message names it, what it must be and
            what it was.
    """
    return _run("silu_and_mul", input, out)


def gelu_and_mul(input: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
    """``gelu(input[..., :d]) * input[..., d:]``, gelu(x) being x / 2 * (1 + erf(x / sqrt(2))).

    All else is as with :func:`silu_and_mul`.
    """
    return _run("gelu_and_mul", input, out)


def gelu_tanh_and_mul(input: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
    """``gelu(input[..., :d]) * input[..., d:]`` by the tanh form of GELU.

    That is x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))). All else is as with
    :func:`silu_and_mul`.
    """
    return _run("gelu_tanh_and_mul", input, out)


def _run(op: str, input: torch.Tensor, out: torch.Tensor | None) -> torch.Tensor:
    if out is None:
        out = _half_of(input)
    if is_compiling():
        prepare("activation", input.device.type)
        _OPS[op](out, input)
    else:
        getattr(family("activation"), op)(out, input)
    return out


def _half_of(input: torch.Tensor) -> torch.Tensor:
    """A new tensor [..., d]; anything for what has no such half, for the op refuses that."""
    if not isinstance(input, torch.Tensor) or input.dim() == 0:
        return torch.empty(0)
    return input.new_empty((*input.shape[:-1], input.shape[-1] // 2))
