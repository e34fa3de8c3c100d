"""Cases of control flow: branches, loops, early exits; and those outside of the bar."""

from __future__ import annotations

from typing import Any

import torch
from cases import Case, Check, close, floats, generator, integers, octets, same

N = 1000
INT = torch.int32


def cases() -> list[Case]:
    return [*branches(), *loops(), *outside()]


def _case(name: str, function: str, kernel: str, build: Any, check: Check) -> Case:
    return Case(f"control/{name}", "control.cu", function, build, (kernel,), check)


def branches() -> list[Case]:
    def two() -> list[Any]:
        return [
            torch.zeros(N),
            torch.zeros(N, dtype=torch.uint8),
            floats(N),
            integers(0, 200, N).to(torch.int16),
        ]

    def split(first: torch.Tensor) -> Check:
        def check(before: Any, after: Any) -> bool:
            out = torch.where(first, before[2] * 2, 0.0)
            rest = torch.where(first, 0, before[3] + 1).to(torch.uint8)
            return bool(torch.equal(after[0], out) and torch.equal(after[1], rest))

        return check

    i = torch.arange(N)

    def four() -> list[Any]:
        return [
            torch.zeros(N, dtype=torch.float64),
            octets(N),
            integers(-90, 90, N).to(torch.int16),
            floats(N),
            floats(N, seed=6).double(),
        ]

    def four_ways(a: Any) -> torch.Tensor:
        ways = torch.stack([a[1].double(), a[2].double() * 2, a[3].double() - 1, a[4] * 0.5])
        return ways[i % 4, i]

    def leaving() -> list[Any]:
        return [torch.zeros(N, dtype=INT), integers(-3, 20, N), octets(N) // 200]

    def left(a: Any) -> torch.Tensor:
        stays = (i % 7 != 3) & (a[2] == 0) & (a[1] >= 0)
        return torch.where(stays, a[1] * 2, 0)

    def guarded(a: Any) -> torch.Tensor:
        value = torch.nn.functional.pad(a[1], (0, N - a[1].numel()))
        return torch.where((a[2] != 0) & (value > 0), value, 0.0)

    def called(a: Any) -> torch.Tensor:
        pair = a[1][:-1] + a[1][1:]
        return torch.where(pair % 2 == 0, pair + 3 * pair.flip(0), pair)

    return [
        _case("by-lane", "branch_by_lane", "two_branches", two, split(i % 2 == 0)),
        _case("by-warp", "branch_by_warp", "warp_branches", two, split(i % 128 // 32 % 2 == 0)),
        _case("four-ways", "branch_four_ways", "four_ways", four, same(0, four_ways)),
        _case("early-exit", "early_exit", "leaves_early", leaving, same(0, left)),
        _case(
            "guarded",
            "branch_guarded",
            "guarded_loads",
            lambda: [torch.zeros(N), floats(777), octets(N) // 100],
            same(0, guarded),
        ),
        _case(
            "function",
            "call_function",
            "calls",
            lambda: [torch.zeros(N, dtype=INT), integers(0, 99, N + 1)],
            same(0, called),
        ),
    ]


def loops() -> list[Case]:
    i = torch.arange(N)

    def own_count() -> list[Any]:
        return [torch.zeros(N, dtype=INT), integers(0, 99, 9, N), integers(0, 10, N, seed=3)]

    def counted(a: Any) -> torch.Tensor:
        return (a[1] * (torch.arange(9)[:, None] < a[2])).sum(0)

    def long_lane(a: Any) -> torch.Tensor:
        total = torch.zeros(N, dtype=torch.long)
        for row in range(a[2]):
            total += a[1][row]
            total += torch.where((row + i) % 32 == 0, a[1][row + 1 : row + 7].sum(0), 0)
        return total

    def nested(a: Any) -> torch.Tensor:
        total = torch.zeros(N, dtype=torch.long)
        for outer in range(4):
            inside = outer < i % 4 + 1
            for inner in range(2):
                some = inside & (inner < (i + outer) % 3)
                total += torch.where(some, a[1][outer * 3 + inner], 0)
            total = torch.where(inside, total ^ outer, total)
        return total

    def later(a: Any) -> torch.Tensor:
        return (a[1] * (torch.arange(6)[:, None] >= i % 4)).sum(0)

    def always() -> list[Any]:
        x = integers(0, 500, 6, N)
        return [torch.zeros(6, N, dtype=INT), x, integers(-50, 50, 500).to(torch.int16)]

    def and_always(a: Any) -> torch.Tensor:
        taken = (torch.arange(6)[:, None] + i) % 3 == 0
        return (a[2][a[1].long()].long() * taken).cumsum(0)

    def breaking() -> list[Any]:
        x = integers(-30, 400, 12, N)
        return [torch.zeros(N, dtype=INT), x, integers(-50, 50, 400).to(torch.int16)]

    def broken(a: Any) -> torch.Tensor:
        goes_on = (a[1] < 0).cumsum(0) == 0
        even = a[1] % 2 == 0
        return (a[2][a[1].clamp(min=0).long()].long() * (goes_on & even)).sum(0)

    def chain() -> list[Any]:
        # Each element names an earlier one, so that every chain ends, at 0 at the latest.
        earlier = torch.rand(N, generator=generator()) * i
        return [torch.zeros(N, dtype=INT), earlier.to(INT)]

    def chained(a: Any) -> torch.Tensor:
        lengths = []
        for start in range(N):
            at, turns = int(a[1][start]), 1
            while at % 5 != 0:
                at, turns = int(a[1][at]), turns + 1
            lengths.append(turns)
        return torch.tensor(lengths)

    def collatz(a: Any) -> torch.Tensor:
        turns = []
        for value in range(1, N + 1):
            count = 0
            while value != 1:
                value = 3 * value + 1 if value % 2 else value // 2
                count += 1
            turns.append(count)
        return a[1] + torch.tensor(turns)

    def barriers(a: Any) -> torch.Tensor:
        weights = torch.arange(1, 6)[:, None]
        return (a[1] * weights).sum(0).repeat_interleave(2)

    return [
        _case("own-count", "loop_own_count", "own_count", own_count, same(0, counted)),
        _case(
            "one-long-lane",
            "loop_one_long_lane",
            "one_long_lane",
            lambda: [torch.zeros(N, dtype=INT), integers(0, 99, 46, N), 40],
            same(0, long_lane),
        ),
        _case(
            "nested",
            "loop_nested",
            "nested",
            lambda: [torch.zeros(N, dtype=INT), integers(0, 99, 12, N)],
            same(0, nested),
        ),
        _case(
            "later-lanes",
            "loop_later_lanes",
            "later_lanes",
            lambda: [torch.zeros(N, dtype=INT), integers(0, 99, 6, N)],
            same(0, later),
        ),
        _case(
            "later-and-always",
            "loop_later_and_always",
            "later_and_always",
            always,
            same(0, and_always),
        ),
        _case("break-continue", "loop_break_continue", "breaks", breaking, same(0, broken)),
        _case("do-while", "loop_do_while", "do_while", chain, same(0, chained)),
        _case(
            "meet-again",
            "loop_meet_again",
            "meet_again",
            lambda: [torch.zeros(N, dtype=INT), integers(0, 99, N)],
            same(0, collatz),
        ),
        _case(
            "barrier-in-loop",
            "loop_barrier",
            "barrier_loop",
            lambda: [torch.zeros(128, dtype=INT), integers(0, 99, 5, 64)],
            same(0, barriers),
        ),
    ]


def outside() -> list[Case]:
    """nvcc compiles these to other accesses than the source has; no equality is asked."""

    def case(name: str, function: str, kernel: str, build: Any, check: Check, why: str) -> Case:
        return Case(f"outside/{name}", "outside.cu", function, build, (kernel,), check, why)

    i = torch.arange(N)
    select = "two accesses of one kind in two branches: one access whose address is chosen"
    unroll = "a loop without #pragma unroll 1: unrolled, and loads may come before their turn"
    swap = "a shared floating-point atomic is a loop of compare-and-swap"

    def counted(a: Any) -> torch.Tensor:
        return (a[1] * (torch.arange(9)[:, None] < a[2])).sum(0)

    def chosen(before: Any, after: Any) -> bool:
        x = before[2]
        out, other = torch.where(x > 0, x, 0.0), torch.where(x > 0, 0.0, x)
        return bool(torch.equal(after[0], out) and torch.equal(after[1], other))

    return [
        case(
            "select-loads",
            "select_loads",
            "either",
            lambda: [torch.zeros(N), floats(N), floats(N, seed=2)],
            same(0, lambda a: torch.where(i % 2 == 0, a[1], a[2])),
            select,
        ),
        case(
            "select-stores",
            "select_stores",
            "either_way",
            lambda: [torch.zeros(N), torch.zeros(N), floats(N)],
            chosen,
            select,
        ),
        case(
            "natural-unrolling",
            "natural_unrolling",
            "unrolled",
            lambda: [torch.zeros(N, dtype=INT), integers(0, 99, 9, N), integers(0, 10, N, seed=3)],
            same(0, counted),
            unroll,
        ),
        case(
            "unrolled-condition",
            "unrolled_with_condition",
            "unrolled_condition",
            lambda: [torch.zeros(N, dtype=INT), integers(0, 99, 8, N)],
            same(0, lambda a: (a[1] * (torch.arange(8)[:, None] >= i % 4)).sum(0)),
            unroll,
        ),
        case(
            "shared-float-atomic",
            "shared_float_atomic",
            "float_bins",
            lambda: [torch.zeros(64), floats(N), integers(0, 64, N)],
            close(0, lambda a: torch.zeros(64).index_add(0, a[2].long(), a[1])),
            swap,
        ),
        case(
            "loaded-twice",
            "loaded_twice",
            "twice",
            lambda: [torch.zeros(2, N), floats(N)],
            same(0, lambda a: torch.stack([a[1], a[1] * 2])),
            "one value loaded twice from memory that is const __restrict__: loaded once",
        ),
    ]
