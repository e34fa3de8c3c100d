"""Cases of atomics, on global and on shared memory."""

from __future__ import annotations

from typing import Any

import torch
from cases import Case, Check, close, floats, generator, integers, same


def cases() -> list[Case]:
    return [*of_global(), *of_shared()]


def of_global() -> list[Case]:
    def case(name: str, function: str, kernel: str, build: Any, check: Check) -> Case:
        return Case(f"atomics/{name}", "atomics.cu", function, build, (kernel,), check)

    n, m = 2000, 300
    zeros, int32 = torch.zeros, torch.int32

    def counted(arguments: Any) -> torch.Tensor:
        return torch.bincount(arguments[1].long(), minlength=arguments[0].numel())

    def places_right(before: Any, after: Any) -> bool:
        out, bins, x = after
        # The places of a bin are 0, 1, 2, ..., in any order.
        order = torch.argsort(x.long() * n + out)
        sizes = torch.bincount(x.long(), minlength=m)
        expected = torch.cat([torch.arange(int(size)) for size in sizes])
        return bool(torch.equal(out[order].long(), expected) and torch.equal(bins.long(), sizes))

    def operations() -> list[Any]:
        return [integers(-50, 50, 6, 64, seed=5), integers(-1000, 1000, n)]

    def operations_right(before: Any, after: Any) -> bool:
        bins, x = before[0].clone().long(), before[1].long()
        at = (x ^ torch.arange(n)) & 63
        for i in range(n):
            a, v = int(at[i]), int(x[i])
            bins[0, a] += v
            bins[1, a] -= v
            bins[2, a] = max(int(bins[2, a]), v)
            bins[3, a] = min(int(bins[3, a]), v)
            bins[4, a] |= v
            bins[5, a] ^= v
        return bool(torch.equal(after[0].long(), bins))

    def swaps() -> list[Any]:
        return [zeros(n, dtype=int32), integers(0, 40, n, seed=9), integers(0, 80, n)]

    def swaps_right(before: Any, after: Any) -> bool:
        _, slots, x = before
        odd = x % 2 == 1
        hit = slots == x // 2
        out = torch.where(odd, slots, slots + 1)
        new = torch.where(odd | hit, x, slots)
        return bool(torch.equal(after[0], out) and torch.equal(after[1], new))

    found = [
        case(
            f"count-{name}",
            "global_count",
            "count",
            lambda values=values: [zeros(n, dtype=int32), values()],
            same(0, counted),
        )
        for name, values in (
            ("random", lambda: integers(0, m, n)),
            ("distinct", lambda: torch.randperm(n, generator=generator()).to(int32)),
            ("one-bin", lambda: torch.full((n,), 7, dtype=int32)),
            ("in-order", lambda: torch.arange(n, dtype=int32)),
        )
    ]
    found += [
        case(
            "place",
            "global_place",
            "place",
            lambda: [zeros(n, dtype=int32), zeros(m, dtype=int32), integers(0, m, n)],
            places_right,
        ),
        case(
            "tickets",
            "global_tickets",
            "tickets",
            lambda: [zeros(n, dtype=int32), zeros(1, dtype=int32)],
            lambda before, after: torch.equal(
                after[0].sort().values, torch.arange(0, 2 * n, 2, dtype=int32)
            ),
        ),
        case("operations", "global_operations", "operations", operations, operations_right),
        case("swaps", "global_swaps", "swaps", swaps, swaps_right),
        case(
            "swap-loop",
            "global_swap_loop",
            "swap_loop",
            lambda: [floats(n, seed=4).abs().view(int32), floats(n).abs()],
            lambda before, after: torch.equal(
                after[0].view(torch.float32),
                torch.maximum(before[0].view(torch.float32), before[1]),
            ),
        ),
    ]
    for number, (name, dtype, each) in enumerate(
        (
            ("float", torch.float32, 1),
            ("double", torch.float64, 1),
            ("uint64", torch.int64, 1),
            ("half2", torch.float16, 2),
            ("bfloat162", torch.bfloat16, 2),
        )
    ):
        found.append(
            case(
                f"add-{name}",
                "global_add",
                "add",
                lambda number=number, dtype=dtype, each=each: [
                    zeros(m, each, dtype=dtype),
                    floats(1000, each).to(dtype),
                    integers(0, m, 1000),
                    number,
                ],
                same(0, lambda a: zeros(a[0].shape).index_add(0, a[2].long(), a[1].float())),
            )
        )
    found.append(
        case(
            "add-float-used",
            "global_add_used",
            "add_used",
            lambda: [zeros(n), zeros(m), floats(n), integers(0, m, n)],
            close(1, lambda a: zeros(m).index_add(0, a[3].long(), a[2])),
        )
    )
    return found


def of_shared() -> list[Case]:
    def case(name: str, function: str, kernel: str, build: Any, check: Check) -> Case:
        return Case(f"atomics/{name}", "atomics.cu", function, build, (kernel,), check)

    int32 = torch.int32

    def counted(a: Any) -> torch.Tensor:
        return torch.bincount(a[1].long(), minlength=256)

    found = [
        case(
            f"shared-histogram-{name}",
            "shared_histogram",
            "block_histogram",
            lambda values=values: [torch.zeros(256, dtype=int32), values()],
            same(0, counted),
        )
        for name, values in (
            ("random", lambda: integers(0, 256, 2500)),
            ("skewed", lambda: integers(0, 256, 2500) % 5),
            ("one-bin", lambda: torch.full((2500,), 9, dtype=int32)),
            ("distinct", lambda: torch.arange(2500, dtype=int32) % 256),
            ("one-bank", lambda: torch.arange(2500, dtype=int32) % 8 * 32),
        )
    ]

    def places_right(before: Any, after: Any) -> bool:
        for out, x in zip(after[0].view(-1, 128), after[1].view(-1, 128), strict=True):
            sizes = torch.bincount(x.long(), minlength=128)
            order = torch.argsort(x.long() * 1000 + out)
            expected = torch.cat([3 * torch.arange(int(size)) for size in sizes])
            if not torch.equal(out[order].long(), expected):
                return False
        return True

    def extremes(a: Any) -> torch.Tensor:
        rows = a[1].view(-1, 128)
        bits = [sum(1 << b for b in {int(v) & 31 for v in row}) for row in rows]
        signed = torch.tensor([b - (1 << 32) if b >> 31 else b for b in bits])
        return torch.stack([rows.amax(1), rows.amin(1), signed], 1).reshape(-1)

    def swaps_right(before: Any, after: Any) -> bool:
        for out, x in zip(after[0].view(-1, 128), after[1].view(-1, 128), strict=True):
            first = out == -1
            values = set(x.tolist())
            if not torch.equal(out[~first], x[~first]) or set(x[first].tolist()) != values:
                return False
            if int(first.sum()) != len(values):
                return False
        return True

    return [
        *found,
        case(
            "shared-places",
            "shared_places",
            "block_places",
            lambda: [torch.zeros(512, dtype=int32), integers(0, 128, 512)],
            places_right,
        ),
        case(
            "shared-extremes",
            "shared_extremes",
            "block_extremes",
            lambda: [torch.zeros(12, dtype=int32), integers(-1000, 1000, 512)],
            same(0, extremes),
        ),
        case(
            "shared-swaps",
            "shared_swaps",
            "block_swaps",
            lambda: [torch.zeros(512, dtype=int32), integers(0, 128, 512)],
            swaps_right,
        ),
    ]
