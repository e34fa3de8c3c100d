"""Probes: one access of one warp, each lane at a place of its own, to pin the counters' rules.

A pattern is a table of 32 byte offsets and a mask of lanes. Widths and kinds of access go through
the structured patterns in turn, and through random ones of the same families.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from cases import Case, OnHost

FULL = 0xFFFFFFFF
GLOBAL_BYTES = 1 << 16
SHARED_BYTES = 1 << 15
KERNEL = {
    "load": "pattern_load",
    "store": "pattern_store",
    "red": "pattern_red",
    "atom": "pattern_atom",
}

Places = list[int]
"""A byte offset for each of 32 lanes."""


@dataclass(frozen=True)
class Pattern:
    """One probe.

    Attributes:
        id: "pattern/shared-load-8/stride-3"; no other one has it.
        space: "global" or "shared".
        kind: "load", "store", "red" (an atomic add whose result is unused) or "atom" (used).
        width: bytes of each lane's access.
        places: byte offsets from an address that 256 divides, one a lane; multiples of `width`.
        mask: the lanes that take part.
    """

    id: str
    space: str
    kind: str
    width: int
    places: tuple[int, ...]
    mask: int

    @property
    def kernel(self) -> str:
        name = KERNEL[self.kind]
        return name if self.space == "global" else name.replace("pattern_", "pattern_shared_")

    def case(self) -> Case:
        """The probe as a case. Nothing is checked but that it runs."""
        table = OnHost(torch.tensor(self.places, dtype=torch.int32))
        atomic = self.kind in ("red", "atom")
        which = self.kind == ("atom" if atomic else "store")

        def build() -> list[Any]:
            sink = torch.zeros(32, dtype=torch.int32)
            if self.space == "global":
                memory = torch.zeros(GLOBAL_BYTES, dtype=torch.uint8)
                return [memory, sink, table, self.mask, self.width, which]
            width = [] if atomic else [self.width]
            return [sink, table, self.mask, *width, which, SHARED_BYTES]

        function = f"{self.space}_{'atomic' if atomic else 'access'}"
        return Case(
            self.id,
            "patterns.cu",
            function,
            build,
            (self.kernel,),
            lambda before, after: torch.equal(
                after[1 if self.space == "global" else 0], torch.zeros(32, dtype=torch.int32)
            ),
        )


def structured(width: int) -> Iterator[tuple[str, Places, int]]:
    """Families of patterns for an access of `width` bytes: name, places, mask."""
    lanes = range(32)

    def at(index: Callable[[int], int]) -> Places:
        return [index(lane) * width for lane in lanes]

    yield "in-order", at(lambda i: i), FULL
    yield "broadcast", at(lambda i: 5), FULL
    for count in (2, 4, 8, 16):
        yield f"same-for-{count}", at(lambda i, c=count: i // c), FULL
        yield f"same-every-{count}", at(lambda i, c=count: i % (32 // c)), FULL
    for stride in (2, 3, 4, 5, 8, 16, 17, 32, 33):
        yield f"stride-{stride}", at(lambda i, s=stride: i * s), FULL
    for flip in (1, 3, 4, 8, 16, 31):
        yield f"xor-{flip}", at(lambda i, f=flip: i ^ f), FULL
    yield "halves-apart", at(lambda i: i % 16 + i // 16 * 512), FULL
    yield "halves-same", at(lambda i: i % 16), FULL
    yield "quarters-apart", at(lambda i: i % 8 + i // 8 * 256), FULL
    yield "quarters-stride-33", at(lambda i: i % 8 * 33 + i // 8), FULL
    yield "even-odd-apart", at(lambda i: i // 2 + i % 2 * 256), FULL
    yield "off-by-one", at(lambda i: i + 1), FULL
    yield "off-by-three", at(lambda i: i + 3), FULL
    yield "across-a-line", at(lambda i: 128 // width - 5 + i), FULL
    for name, mask in (
        ("one-lane", 1 << 9),
        ("first-half", 0xFFFF),
        ("even-lanes", 0x55555555),
        ("every-fourth", 0x11111111),
        ("first-and-last", 0x80000001),
        ("all-but-one", FULL ^ (1 << 13)),
        ("middle", 0x00FFFF00),
    ):
        yield f"in-order-{name}", at(lambda i: i), mask
        yield f"stride-4-{name}", at(lambda i: i * 4), mask


def drawn(width: int, seed: int) -> Iterator[tuple[str, Places, int]]:
    """Random patterns: in a window, within few banks, permuted, with random masks."""
    pick = random.Random(seed * 100 + width)
    words = max(1, 4 // width)  # elements in a word of four bytes
    for number, window in enumerate((16, 64, 256, 1024)):
        places = [pick.randrange(window) * width for _ in range(32)]
        yield f"random-{number}", places, FULL
        yield f"random-masked-{number}", places, pick.getrandbits(32) | 1 << pick.randrange(32)
    order = list(range(32))
    pick.shuffle(order)
    yield "permuted", [i * width for i in order], FULL
    banks = [pick.randrange(4) for _ in range(32)]
    per_row = 128 // width
    columns = [bank * words + pick.randrange(16) * per_row for bank in banks]
    yield "few-banks", [column * width for column in columns], FULL
    yield "permuted-rows", [(i + pick.randrange(8) * per_row) * width for i in order], FULL
    pairs = [pick.randrange(64) for _ in range(16)]
    yield "random-pairs", [pairs[i // 2] * width for i in range(32)], FULL
    yield "random-twins", [pairs[i % 16] * width for i in range(32)], FULL


def kinds(space: str) -> list[tuple[str, int, float]]:
    """Kind, width, and the share of the patterns that it goes through."""
    if space == "global":
        loads = [("load", width, 0.3 if width in (4, 16) else 0.15) for width in (1, 2, 4, 8, 16)]
        stores = [("store", width, 0.1) for width in (1, 2, 4, 8, 16)]
        return [*loads, *stores, ("red", 4, 0.2), ("red", 8, 0.1), ("atom", 4, 0.2)]
    loads = [("load", 1, 0.15), ("load", 2, 0.15), ("load", 4, 0.3), ("load", 8, 0.7)]
    stores = [("store", 1, 0.1), ("store", 2, 0.1), ("store", 4, 0.2), ("store", 8, 0.4)]
    return [
        *loads,
        ("load", 16, 0.7),
        *stores,
        ("store", 16, 0.4),
        ("red", 4, 0.3),
        ("atom", 4, 0.4),
    ]


@cache
def patterns() -> tuple[Pattern, ...]:
    """All probes, so ordered that any beginning of them has every kind."""
    found: list[tuple[float, Pattern]] = []
    for space, limit in (("global", GLOBAL_BYTES), ("shared", SHARED_BYTES)):
        for kind, width, share in kinds(space):
            choice = random.Random(f"{space} {kind} {width}")
            every = [*structured(width), *drawn(width, 1), *drawn(width, 2)]
            names: set[str] = set()
            for name, places, mask in every:
                name = name if name not in names else f"{name}-again"
                names.add(name)
                rank = choice.random()
                if name not in ("in-order", "broadcast") and rank > share:
                    continue
                if max(places) + width > limit:
                    continue
                id_ = f"pattern/{space}-{kind}-{width}/{name}"
                found.append((rank, Pattern(id_, space, kind, width, tuple(places), mask)))
    return tuple(pattern for _, pattern in sorted(found, key=lambda each: each[0]))


@cache
def cases() -> tuple[Case, ...]:
    """The probes as cases, in the same order."""
    return tuple(pattern.case() for pattern in patterns())
