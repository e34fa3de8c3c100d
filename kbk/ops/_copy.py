"""Copies: ``copy`` between tensors, ``copy_to_gpu_no_ce`` from host memory through a launch."""

from __future__ import annotations

import torch
from torch.compiler import is_compiling

from kbk.ops._family import family, prepare, traced

_OPS = traced("copy")


def copy(out: torch.Tensor, x: torch.Tensor) -> None:
    """Copies ``x`` into ``out``.

    Args:
        out: written; shape, dtype and device of ``x``, contiguous, not overlapping ``x`` in part.
        x: any shape, contiguous, elements of 1, 2, 4 or 8 bytes. Any alignment.

    Raises:
        kbk.ArgumentError: an argument is not as above; the message names it, what it must be and
            what it was.
    """
    if is_compiling():
        prepare("copy", x.device.type)
        _OPS["copy"](out, x)
    else:
        family("copy").copy(out, x)


def copy_to_gpu_no_ce(input: torch.Tensor, output: torch.Tensor) -> None:
    """Copies a CPU tensor to the device as kernel parameters: no copy engine, no synchronisation.

    The host reads ``input`` during the call. A CUDA graph replays the values it saw at capture.

    Args:
        input: int32 [N] on the CPU, contiguous, any N.
        output: written; int32 [N], contiguous. One launch for each 8,188 elements.

    Raises:
        kbk.ArgumentError: an argument is not as above; the message names it, what it must be and
            what it was.
    """
    if is_compiling():
        prepare("copy", output.device.type)
        _OPS["copy_to_gpu_no_ce"](input, output)
    else:
        family("copy").copy_to_gpu_no_ce(input, output)
