"""Cases of kernels/rope.cu and kernels/rope_rungs.cu: every rung of chapter 03."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from cases import Case, Check, generator

T, Q, K, D = 12, 8, 2, 128
AT = torch.tensor([41, 7, 0, 23, 49, 8, 31, 12, 3, 30, 22, 5])


def cases() -> list[Case]:
    return [*rungs(), *served()]


def _heads(n: int, seed: int, tokens: int = T, size: int = D) -> torch.Tensor:
    return torch.randn(tokens, n, size, generator=generator(seed)).bfloat16()


def _table(rotary: int = D) -> torch.Tensor:
    frequency = 10000.0 ** (-torch.arange(0, rotary, 2, dtype=torch.float64) / rotary)
    angle = torch.arange(50, dtype=torch.float64)[:, None] * frequency
    return torch.cat([angle.cos(), angle.sin()], dim=1).float()


def _turned(x: torch.Tensor, at: torch.Tensor, table: torch.Tensor, is_neox: bool) -> torch.Tensor:
    half, want = table.shape[1] // 2, x.double().clone()
    cos, sin = table.double()[at.long()][:, None, :].chunk(2, -1)
    i = torch.arange(half)
    first, second = (i, i + half) if is_neox else (2 * i, 2 * i + 1)
    a, b = want[..., first], want[..., second]
    want[..., first], want[..., second] = a * cos - b * sin, b * cos + a * sin
    return want


def _close(got: torch.Tensor, want: torch.Tensor) -> bool:
    return torch.allclose(got.double(), want, rtol=2.0**-7, atol=1e-5)


def _turns(*which: int, table: int, is_neox: bool = True, at: int = 0) -> Check:
    """Arguments `which` are turned in place by the angles of arguments `at` and `table`."""

    def check(before: Sequence[Any], after: Sequence[Any]) -> bool:
        return all(
            _close(after[i], _turned(before[i], before[at], before[table], is_neox)) for i in which
        )

    return check


def rungs() -> list[Case]:
    source = "kernels/rope_rungs.cu"

    def whole() -> list[Any]:
        return [_heads(Q + K, 3), AT, _table()]

    def right(before: Sequence[Any], after: Sequence[Any]) -> bool:
        return _close(after[0], _turned(before[1], before[2], _table(), True))

    found = [
        Case(
            "rope/rope_sincos",
            source,
            "rope_sincos",
            lambda: [torch.zeros(T, Q + K, D).bfloat16(), _heads(Q + K, 3), AT, 10000.0],
            ("sincos_by_element",),
            right,
        ),
        Case(
            "rope/rope_by_element",
            source,
            "rope_by_element",
            whole,
            ("by_element",),
            lambda before, after: bool(after[0].isfinite().all()),  # a race: any order may win
        ),
        Case(
            "rope/rope_by_pair",
            source,
            "rope_by_pair",
            whole,
            ("by_pair",),
            _turns(0, table=2, at=1),
        ),
    ]
    for function, kernel in (
        ("rope_strided", "strided"),
        ("rope_vectors", "vectors"),
        ("rope_walk_heads", "walk_heads"),
        ("rope_shared_table", "shared_table"),
    ):
        for is_neox in (True, False):

            def build(is_neox: bool = is_neox) -> list[Any]:
                qkv = _heads(Q + 2 * K, 3)
                return [AT, qkv[:, :Q], qkv[:, Q : Q + K], _table(), is_neox]

            found.append(
                Case(
                    f"rope/{function}-{'halves' if is_neox else 'interleaved'}",
                    source,
                    function,
                    build,
                    (kernel,),
                    _turns(1, 2, table=3, is_neox=is_neox),
                )
            )
    return found


def served() -> list[Case]:
    source = "kernels/rope.cu"
    found = []
    for walked, flight, ahead in ((10, 1, False), (5, 2, False), (4, 2, True), (5, 3, True)):

        def build(shape: tuple[int, int, bool] = (walked, flight, ahead)) -> list[Any]:
            return [AT, _heads(Q, 3), _heads(K, 4), D, _table(), *shape, 128]

        found.append(
            Case(
                f"rope/rope_in_flight-{walked}-{flight}{'-ahead' if ahead else ''}",
                source,
                "rope_in_flight",
                build,
                ("walk_heads",),
                _turns(1, 2, table=4, is_neox=True),
            )
        )
    op = "apply_rope_with_cos_sin_cache_inplace"
    for name, size, rotary, is_neox in (
        ("words", D, D, True),
        ("partial", D, 64, True),
        ("elements", 62, 62, True),
        ("interleaved-elements", 62, 62, False),
    ):

        def plain(size: int = size, rotary: int = rotary, neox: bool = is_neox) -> list[Any]:
            q, k = _heads(Q, 3, size=size), _heads(K, 4, size=size)
            return [AT.int(), q, k, size, _table(rotary), neox, None, None, None, None]

        def stored(size: int = size, rotary: int = rotary, neox: bool = is_neox) -> list[Any]:
            caches = [torch.zeros(20, K, size).bfloat16() for _ in "kv"]
            slots = torch.arange(T) * 3 % 20 - 1
            v = _heads(K, 5, size=size)
            return [*plain(size, rotary, neox)[:6], v, *caches, slots]

        turns = _turns(1, 2, table=4, is_neox=is_neox)

        def kept(before: Sequence[Any], after: Sequence[Any], turns: Check = turns) -> bool:
            some = before[9] >= 0
            return (
                turns(before, after)
                and torch.equal(after[7][before[9][some]], after[2][some])
                and torch.equal(after[8][before[9][some]], before[6][some])
            )

        found += [
            Case(f"rope/{op}-{name}", source, op, plain, ("walk_heads",), turns),
            Case(f"rope/{op}-{name}-stored", source, op, stored, ("walk_and_store",), kept),
        ]
    return found
