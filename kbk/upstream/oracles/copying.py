"""`copy_to_gpu_no_ce(input, output)`: N ints travel as a kernel argument. A copy is exact."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from kbk.upstream.case import Call, Case, Output, Target
from kbk.upstream.check import exactly, poisoned

_SIZES = (64, 72)


def _call(values: Tensor) -> Call:
    out = poisoned(values.shape, torch.int32)
    return Call((values, out), (Output("output", out, exactly("output", values.clone())),))


def _copy(n: int) -> Case:
    def make(generator: Generator) -> Call:
        low, high = -(2**31), 2**31
        return _call(torch.randint(low, high, (n,), dtype=torch.int32, generator=generator))

    return Case(f"int32 [{n}]", "copy_to_gpu_no_ce", make)


def _refused(name: str, values: Tensor) -> Case:
    def make(_: Generator) -> Call:
        return Call((values, poisoned(values.shape, torch.int32)))

    return Case(f"refuses {name}", "copy_to_gpu_no_ce", make, refuses=True)


TARGET = Target(
    key="copy",
    title="copy of a few ints",
    path="elementwise/copy.cu",
    functions=("copy_to_gpu_no_ce",),
    cases=(
        *(_copy(n) for n in _SIZES),
        _refused("int32 [65]", torch.zeros(65, dtype=torch.int32)),
        _refused("int32 [0]", torch.zeros(0, dtype=torch.int32)),
        _refused("int64 [64]", torch.zeros(64, dtype=torch.int64)),
        _refused("int32 [8, 8]", torch.zeros(8, 8, dtype=torch.int32)),
    ),
    shape="72 ints",
    profiled=_copy(72),
)
