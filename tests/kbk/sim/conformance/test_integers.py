"""Integer intrinsics against Python's integers."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from tests.kbk.sim.conformance.machine import Family, Source

WORD, LONG = (1 << 32) - 1, (1 << 64) - 1


def signed(x: int, width: int = 32) -> int:
    """An unsigned word read as two's complement."""
    return x - (1 << width) if x >> (width - 1) else x


def _reverse(x: int, width: int) -> int:
    return int(f"{x:0{width}b}"[::-1], 2)


def _permute(x: int, y: int, s: int) -> int:
    data = x.to_bytes(4, "little") + y.to_bytes(4, "little")
    return int.from_bytes(bytes(data[(s >> (4 * i)) & 7] for i in range(4)), "little")


def _dot(a: int, b: int, c: int, width: int, lanes: range, is_signed: bool) -> int:
    """c + sum of a's lanes of `width` bits times the bytes of b that `lanes` names."""
    total = c
    for i, lane in enumerate(lanes):
        x, y = (a >> (width * i)) & ((1 << width) - 1), (b >> (8 * lane)) & 0xFF
        total += signed(x, width) * signed(y, 8) if is_signed else x * y
    return total


def _nth_set(mask: int, base: int, offset: int) -> int:
    base, offset = base % 32, offset % 9 - 4
    bits = range(base, 32) if offset >= 0 else range(base, -1, -1)
    found = [bit for bit in bits if mask >> bit & 1]
    if offset == 0:
        return base if mask >> base & 1 else WORD
    return found[abs(offset) - 1] if len(found) >= abs(offset) else WORD


Rows = dict[str, tuple[str, Callable[..., int]]]

UNARY: Rows = {
    "popc": ("__popc(a)", lambda a: a.bit_count()),
    "clz": ("__clz(a)", lambda a: 32 - a.bit_length()),
    "ffs": ("__ffs(a)", lambda a: (a & -a).bit_length()),
    "brev": ("__brev(a)", lambda a: _reverse(a, 32)),
}
UNARY_64: Rows = {
    "popcll": ("__popcll(a)", lambda a: a.bit_count()),
    "clzll": ("__clzll(a)", lambda a: 64 - a.bit_length()),
    "ffsll": ("__ffsll(a)", lambda a: (a & -a).bit_length()),
    "brevll": ("__brevll(a)", lambda a: _reverse(a, 64)),
}
BINARY: Rows = {
    "mulhi": ("__mulhi(a, b)", lambda a, b: signed(a) * signed(b) >> 32),
    "umulhi": ("__umulhi(a, b)", lambda a, b: a * b >> 32),
    "mul24": ("__mul24(a, b)", lambda a, b: signed(a % 2**24, 24) * signed(b % 2**24, 24)),
    "umul24": ("__umul24(a, b)", lambda a, b: (a % 2**24) * (b % 2**24)),
    "hadd": ("__hadd(int(a), int(b))", lambda a, b: (signed(a) + signed(b)) >> 1),
    "rhadd": ("__rhadd(int(a), int(b))", lambda a, b: (signed(a) + signed(b) + 1) >> 1),
    "uhadd": ("__uhadd(a, b)", lambda a, b: (a + b) >> 1),
    "urhadd": ("__urhadd(a, b)", lambda a, b: (a + b + 1) >> 1),
    "min_int": ("min(int(a), int(b))", lambda a, b: min(signed(a), signed(b))),
    "max_int": ("max(int(a), int(b))", lambda a, b: max(signed(a), signed(b))),
    "min_unsigned": ("min(a, b)", min),
    "max_mixed": ("max(int(a), b)", max),
    "abs": ("abs(int(a)) + 0 * b", lambda a, b: abs(signed(a))),
}
BINARY_64: Rows = {
    "mul64hi": ("__mul64hi(a, b)", lambda a, b: signed(a, 64) * signed(b, 64) >> 64),
    "umul64hi": ("__umul64hi(a, b)", lambda a, b: a * b >> 64),
    "min_ll": ("min((long long)a, (long long)b)", lambda a, b: min(signed(a, 64), signed(b, 64))),
    "max_ull": ("max(a, b)", max),
    "llmax": ("llmax(a, b)", lambda a, b: max(signed(a, 64), signed(b, 64))),
    "ullmin": ("ullmin(a, b)", min),
}
TERNARY: Rows = {
    "byte_perm": ("__byte_perm(a, b, c & 0x7777)", lambda a, b, c: _permute(a, b, c & 0x7777)),
    "sad": ("__sad(a, b, c)", lambda a, b, c: abs(signed(a) - signed(b)) + c),
    "usad": ("__usad(a, b, c)", lambda a, b, c: abs(a - b) + c),
    "shift_l": ("__funnelshift_l(a, b, c)", lambda a, b, c: (b << 32 | a) << c % 32 >> 32),
    "shift_r": ("__funnelshift_r(a, b, c)", lambda a, b, c: (b << 32 | a) >> c % 32),
    "shift_lc": ("__funnelshift_lc(a, b, c)", lambda a, b, c: (b << 32 | a) << min(c, 32) >> 32),
    "shift_rc": ("__funnelshift_rc(a, b, c)", lambda a, b, c: (b << 32 | a) >> min(c, 32)),
    "fns": ("__fns(a, b % 32, int(c % 9) - 4)", lambda a, b, c: _nth_set(a, b, c)),
    "dp4a": ("__dp4a(int(a), int(b), int(c))", lambda a, b, c: _dot(a, b, c, 8, range(4), True)),
    "dp4a_u": ("__dp4a(a, b, c)", lambda a, b, c: _dot(a, b, c, 8, range(4), False)),
    "dp2a_lo": ("__dp2a_lo(int(a), int(b), int(c))", lambda *v: _dot(*v, 16, range(2), True)),
    "dp2a_hi": ("__dp2a_hi(int(a), int(b), int(c))", lambda *v: _dot(*v, 16, range(2, 4), True)),
    "dp2a_lo_u": ("__dp2a_lo(a, b, c)", lambda a, b, c: _dot(a, b, c, 16, range(2), False)),
    "dp2a_hi_u": ("__dp2a_hi(a, b, c)", lambda a, b, c: _dot(a, b, c, 16, range(2, 4), False)),
    "dp4a_chars": (
        "__dp4a(make_char4(a, a >> 8, a >> 16, a >> 24), "
        "make_char4(b, b >> 8, b >> 16, b >> 24), int(c))",
        lambda a, b, c: _dot(a, b, c, 8, range(4), True),
    ),
    "dp2a_shorts": (
        "__dp2a_hi(make_short2(a, a >> 16), make_char4(b, b >> 8, b >> 16, b >> 24), int(c))",
        lambda a, b, c: _dot(a, b, c, 16, range(2, 4), True),
    ),
}  # fmt: skip


def _family(rows: Rows, cuda_type: str, count: int) -> Family:
    return Family(cuda_type, (cuda_type,) * count, {name: text for name, (text, _) in rows.items()})


TABLES = {
    "unary": (UNARY, "unsigned", 1),
    "unary_64": (UNARY_64, "unsigned long long", 1),
    "binary": (BINARY, "unsigned", 2),
    "binary_64": (BINARY_64, "unsigned long long", 2),
    "ternary": (TERNARY, "unsigned", 3),
}
SOURCE = Source("integers", {name: _family(*table) for name, table in TABLES.items()})


def _inputs(count: int, width: int) -> list[np.ndarray]:
    top = (1 << width) - 1
    corners = [
        0,
        1,
        2,
        31,
        32,
        33,
        top,
        top >> 1,
        (top >> 1) + 1,
        0x80808080,
        0x7F7F7F7F,
        0x80008000,
    ]
    if count == 3:
        corners = corners[:3] + corners[4:11]
    grid = np.array(list(itertools.product(corners, repeat=count)), dtype=np.uint64).T
    drawn = np.random.default_rng(1).integers(0, top, (count, 1000), dtype=np.uint64, endpoint=True)
    return list(np.concatenate([grid, drawn], axis=1).astype(f"u{width // 8}"))


@pytest.mark.parametrize(
    ("table", "name"), [(table, name) for table, (rows, _, _) in TABLES.items() for name in rows]
)
def test_an_integer_intrinsic_computes_what_python_does(table: str, name: str, device: str) -> None:
    rows, _, count = TABLES[table]
    width = 64 if table.endswith("64") else 32
    inputs = _inputs(count, width)
    got = SOURCE.evaluate(table, name, device, *inputs)
    for result, *values in zip(got, *inputs, strict=True):
        numbers = [int(v) for v in values]
        want = rows[name][1](*numbers) % (1 << width)
        assert int(result) == want, f"{rows[name][0]} of {[hex(v) for v in numbers]}"
