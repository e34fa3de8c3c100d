"""Cases of the book's own kernels: every host function of kernels/*.cu."""

from __future__ import annotations

from typing import Any

import torch
from cases import Case, OnHost, floats, integers, octets, same

FLOAT = {
    "copy_one_per_thread": "one_per_thread",
    "copy_own_chunk": "own_chunk",
    "copy_grid_stride": "grid_stride",
}
COPIED = same(0, lambda a: a[1])


def cases() -> list[Case]:
    return [*copies(), *ceilings()]


def _copy(name: str, function: str, kernel: str, x: Any, *more: Any, ahead: int = 0) -> Case:
    """out is `ahead` elements past an aligned address; x as it is built."""

    def build() -> list[Any]:
        values = x()
        out = torch.zeros(values.numel() + ahead, dtype=values.dtype)[ahead:]
        return [out, values, *more]

    return Case(f"copy/{name}", "kernels/copy.cu", function, build, (kernel,), COPIED)


def copies() -> list[Case]:
    found = [
        _copy(f"{function}-{n}", function, kernel, lambda n=n: floats(n))
        for function, kernel in FLOAT.items()
        for n in (4096, 5001)
    ]
    found += [
        _copy(
            f"copy_any_element-{size}-bytes",
            "copy_any_element",
            "any_element",
            lambda dtype=dtype: integers(-9, 9, 3001).to(dtype),
        )
        for size, dtype in ((1, torch.int8), (2, torch.int16), (4, torch.int32), (8, torch.int64))
    ]
    for shift, ahead in ((0, 0), (4, 4), (8, 0), (2, 6), (1, 1), (1, 0)):
        found.append(
            _copy(
                f"copy_vectors-x{shift}-out{ahead}",
                "copy_vectors",
                "vectors",
                lambda shift=shift: octets(20011 + shift)[shift:],
                ahead=ahead,
            )
        )
    for number, streaming in ((1, False), (2, True), (4, False), (8, True)):
        found.append(
            _copy(
                f"copy_in_flight-{number}-{'streaming' if streaming else 'plain'}",
                "copy_in_flight",
                "in_flight",
                lambda: floats(9001),
                number,
                128,
                0,
                streaming,
            )
        )
    found.append(
        _copy(
            "copy_in_flight-narrow",
            "copy_in_flight",
            "in_flight",
            lambda: octets(9003)[3:],
            4,
            128,
            0,
            False,
        )
    )
    found += [
        _copy("copy-small", "copy", "vectors", lambda: floats(3003)),
        _copy("copy-half-off", "copy", "in_flight", lambda: floats(3003).half()[1:]),
    ]
    for n in (100, 3000):
        found.append(
            Case(
                f"copy/copy_to_gpu_no_ce-{n}",
                "kernels/copy.cu",
                "copy_to_gpu_no_ce",
                lambda n=n: [OnHost(integers(-99, 99, n)), torch.zeros(n, dtype=torch.int32)],
                ("store_values",),
                same(1, lambda a: a[0]),
            )
        )
    return found


def ceilings() -> list[Case]:
    n = 20000

    def words(seed: int = 17) -> torch.Tensor:
        return integers(-1000, 1000, n, seed=seed)

    def empty(elements: int = n) -> torch.Tensor:
        return torch.zeros(elements, dtype=torch.int32)

    def all_or(before: Any, after: Any) -> bool:
        total = [0, 0]
        for which, values in enumerate((after[0], before[1])):
            for value in values.tolist():
                total[which] ^= value & 0xFFFFFFFF
        return total[0] == total[1]

    def case(name: str, kernel: str, flight: int, build: Any, check: Any) -> Case:
        return Case(
            f"ceilings/{name}-{flight}",
            "kernels/ceilings.cu",
            name,
            lambda: [*build(), flight, 128, 0],
            (kernel,),
            check,
        )

    found = []
    for flight in (1, 4, 8):
        found += [
            case("read_only", "read_words", flight, lambda: [empty(6000), words()], all_or),
            case(
                "two_to_one",
                "combine_words",
                flight,
                lambda: [empty(), words(), words(3)],
                same(0, lambda a: a[1] ^ a[2]),
            ),
            case("one_to_one", "copy_words", flight, lambda: [empty(), words()], COPIED),
            case(
                "write_only",
                "write_words",
                flight,
                lambda: [empty(), 41],
                same(0, lambda a: torch.full((n,), 41)),
            ),
        ]
    return found
