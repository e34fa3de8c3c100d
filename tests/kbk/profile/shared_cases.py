"""Cases of shared memory: banks, widths, reductions."""

from __future__ import annotations

from typing import Any

import torch
from cases import Case, Check, close, floats, integers, octets, same

TYPES = ("uchar", "half", "bfloat16", "float", "float2", "double", "float4", "int4")
SIZES = (1, 2, 2, 4, 8, 8, 16, 16)


def cases() -> list[Case]:
    return [*banks(), *widths(), *uses(), *reductions()]


def banks() -> list[Case]:
    def loaded(arguments: Any) -> torch.Tensor:
        out, stride = arguments
        return 3 * (torch.arange(out.numel()) % 64 * stride) + 1

    def stored(arguments: Any) -> torch.Tensor:
        i = torch.arange(arguments[0].numel())
        return 5 * (i % 64) + i // 64

    return [
        Case(
            f"shared/{name}-stride-{stride}",
            "shared.cu",
            f"shared_conflict_{name}",
            lambda stride=stride: [torch.zeros(128, dtype=torch.int32), stride],
            (f"conflict_{name}",),
            same(0, value),
        )
        for name, value in (("load", loaded), ("store", stored))
        for stride in (1, 2, 3, 4, 8, 16, 32, 33)
    ]


def widths() -> list[Case]:
    def moved(a: Any, size: int) -> torch.Tensor:
        """Element i of a block of 128 comes from place i * stride in it."""
        held = a[1].view(-1, 128, size)
        return held[:, torch.arange(128) * a[3] % 128].reshape(-1)

    def placed(a: Any, size: int) -> torch.Tensor:
        held = a[1].view(-1, 128, size)
        out = torch.empty_like(held)
        out[:, torch.arange(128) * a[3] % 128] = held
        return out.reshape(-1)

    def build(size: int, number: int, stride: int) -> list[Any]:
        n = 256 * size
        return [torch.zeros(n, dtype=torch.uint8), octets(n), number, stride]

    found = []
    for number, (name, size) in enumerate(zip(TYPES, SIZES, strict=True)):
        strides = (1, 2, 3, 4, 8, 16, 32) if size > 4 else (1, 5, 32)
        for stride in strides if name != "int4" else (1, 5):
            found.append(
                Case(
                    f"shared/{name}-load-{stride}",
                    "shared.cu",
                    "shared_element",
                    lambda size=size, number=number, stride=stride: build(size, number, stride),
                    ("element",),
                    same(0, lambda a, size=size: moved(a, size)),
                )
            )
    for number in (3, 4, 6):
        for stride in (1, 5, 17, 33):
            size = SIZES[number]
            found.append(
                Case(
                    f"shared/{TYPES[number]}-store-{stride}",
                    "shared.cu",
                    "shared_element_store",
                    lambda size=size, number=number, stride=stride: build(size, number, stride),
                    ("element_store",),
                    same(0, lambda a, size=size: placed(a, size)),
                )
            )
    return found


def uses() -> list[Case]:
    def case(name: str, function: str, kernel: str, build: Any, check: Check) -> Case:
        return Case(f"shared/{name}", "shared.cu", function, build, (kernel,), check)

    found = [
        case(
            f"broadcast-{lanes}",
            "shared_broadcast",
            "broadcast",
            lambda lanes=lanes: [torch.zeros(512), floats(512), lanes],
            same(0, lambda a: a[1].view(2, 256)[:, torch.arange(256) // a[2]].reshape(-1)),
        )
        for lanes in (2, 4, 32, 256)
    ]

    def around(a: Any) -> torch.Tensor:
        x = torch.nn.functional.pad(a[1], (1, 1))
        return x[:-2] + 2 * x[1:-1] + 3 * x[2:]

    return [
        *found,
        case(
            "byte-columns",
            "shared_byte_columns",
            "byte_columns",
            lambda: [torch.zeros(16, dtype=torch.int32), octets(128 * 9)],
            same(0, lambda a: torch.bincount(a[1].long() % 16, minlength=16)),
        ),
        case(
            "stencil",
            "shared_stencil",
            "stencil",
            lambda: [torch.zeros(1000), floats(1000)],
            same(0, around),
        ),
        case(
            "product",
            "shared_product",
            "product",
            lambda: [torch.zeros(64, 64), floats(64, 64), floats(64, 64, seed=2)],
            same(0, lambda a: a[1] @ a[2]),
        ),
    ]


def reductions() -> list[Case]:
    def case(name: str, function: str, kernels: Any, build: Any, check: Check) -> Case:
        return Case(f"reductions/{name}", "reductions.cu", function, build, kernels, check)

    n = 5000

    def of_blocks(a: Any) -> torch.Tensor:
        return torch.nn.functional.pad(a[1], (0, -n % 256)).view(-1, 256).sum(1)

    found = [
        case(
            f"tree{name}",
            "sum_tree",
            (f"tree{name}".replace("-", "_"),),
            lambda which=which: [torch.zeros(20), floats(n), which],
            same(0, of_blocks),
        )
        for which, name in enumerate(("", "-interleaved", "-divergent"))
    ]
    scanned = [
        same(0, lambda a: a[2].view(-1, 32).cumsum(1).reshape(-1)),
        same(1, lambda a: ((a[2].view(-1, 32) % 2) * 2 ** torch.arange(32)).sum(1)),
    ]
    return [
        *found,
        case(
            "two-stages",
            "sum_two_stages",
            ("sum_blocks", "sum_blocks"),
            lambda: [torch.zeros(1), torch.zeros(7), floats(n)],
            same(0, lambda a: a[2].sum().view(1)),
        ),
        case(
            "atomic",
            "sum_atomic",
            ("sum_by_atomics",),
            lambda: [torch.zeros(1), floats(n)],
            close(0, lambda a: a[1].sum().view(1)),
        ),
        case(
            "rows",
            "sum_rows",
            ("row_sums",),
            lambda: [torch.zeros(30), floats(30, 100)],
            same(0, lambda a: a[1].sum(1)),
        ),
        case(
            "scan",
            "scan_warps",
            ("scan",),
            lambda: [
                torch.zeros(1024, dtype=torch.int32),
                torch.zeros(32, dtype=torch.uint32),
                integers(0, 100, 1024),
            ],
            lambda before, after: all(each(before, after) for each in scanned),
        ),
    ]
