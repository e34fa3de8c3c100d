"""Cases with the shape of later chapters' kernels: these may be large."""

from __future__ import annotations

from typing import Any

import torch
from cases import Case, Check, close, generator, same

BF16 = torch.bfloat16


def cases() -> list[Case]:
    return [*rows(), *attention(), *selection()]


def _case(name: str, function: str, kernel: str, build: Any, check: Check) -> Case:
    return Case(f"chapters/{name}", "chapters.cu", function, build, (kernel,), check)


def normal(*shape: int, seed: int = 17, dtype: torch.dtype = BF16) -> torch.Tensor:
    return torch.randn(shape, generator=generator(seed)).to(dtype)


def rows() -> list[Case]:
    def silu(a: Any) -> torch.Tensor:
        gate, up = a[1].double().chunk(2, dim=1)
        return torch.nn.functional.silu(gate) * up

    def rms(a: Any) -> torch.Tensor:
        x = a[1].double()
        return x * torch.rsqrt(x.square().mean(1, keepdim=True) + a[3]) * a[2].double()

    return [
        _case(
            "silu-and-mul",
            "silu_and_mul",
            "silu_rows",
            lambda: [torch.zeros(64, 4096, dtype=BF16), normal(64, 8192)],
            close(0, silu, 0.02),
        ),
        _case(
            "rmsnorm",
            "rmsnorm",
            "rms_rows",
            lambda: [torch.zeros(4, 4096, dtype=BF16), normal(4, 4096), normal(4096, seed=3), 1e-6],
            close(0, rms, 0.02),
        ),
    ]


def attention() -> list[Case]:
    def build() -> list[Any]:
        heads, d, e = 64, 96, 96
        return [
            torch.zeros(heads, e, dtype=BF16),
            torch.zeros(heads, d, e),
            normal(heads, d),
            normal(heads, d, seed=2),
            normal(heads, e, seed=3),
            normal(heads, d, e, seed=4, dtype=torch.float32),
            torch.linspace(0.01, 1.0, heads),
        ]

    def decoded(before: Any, after: Any) -> bool:
        q, k, v, state, slope = (each.double() for each in before[2:])
        new = torch.exp(-slope)[:, None, None] * state + k[:, :, None] * v[:, None, :]
        out = torch.einsum("hd,hde->he", q, new)
        return torch.allclose(after[1].double(), new, atol=1e-4) and torch.allclose(
            after[0].double(), out, rtol=0.02, atol=0.05
        )

    return [
        _case("attention-streamed", "attention_streamed", "decode_streamed", build, decoded),
        _case("attention-held", "attention_held", "decode_held", build, decoded),
    ]


def selection() -> list[Case]:
    def scores() -> list[Any]:
        shuffled = torch.stack([torch.randperm(128, generator=generator(s)) for s in range(16)])
        return [torch.zeros(16, 6), torch.zeros(16, 6, dtype=torch.int32), shuffled.float()]

    def chosen(before: Any, after: Any) -> bool:
        values, indices = before[2].topk(6, dim=1)
        return bool(torch.equal(after[0], values) and torch.equal(after[1].long(), indices))

    def digits(a: Any) -> torch.Tensor:
        bits = a[1].view(torch.int32).long() & 0xFFFFFFFF
        ordered = torch.where(bits >> 31 == 1, ~bits & 0xFFFFFFFF, bits | 0x80000000)
        return torch.bincount(ordered >> 24, minlength=256)

    return [
        _case("top-of-rows", "top_of_rows", "top_rows", scores, chosen),
        _case(
            "radix-histogram",
            "radix_histogram",
            "digits",
            lambda: [
                torch.zeros(256, dtype=torch.int32),
                normal(65536, seed=5, dtype=torch.float32),
            ],
            same(0, digits),
        ),
    ]
