"""Bits as the numbers that a replay shows: four significant digits, whole numbers in full."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable

Number = int | float | str

DIGITS = 4
_FORMS = {
    "int8": "b",
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float16": "e",
    "float32": "f",
    "float64": "d",
}
_SIZES = {"b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "q": 8, "Q": 8, "e": 2, "f": 4, "d": 8}
_EXACT = 1 << 53  # JavaScript's numbers hold every whole number up to here
_SMALL_COUNT = 1 << 24  # a word below it is a count or an index sooner than a float


def size_of(dtype: str) -> int | None:
    """Bytes of an element of a dtype that torch names so; None if its bits stand for no number."""
    if dtype == "bfloat16":
        return 2
    if dtype == "bool":
        return 1
    form = _FORMS.get(dtype)
    return _SIZES[form] if form else None


def number(bits: int, dtype: str | None, size: int) -> Number:
    """The number that bits stand for, as JSON can hold it.

    Floats have four significant digits. What JSON has no number for is text: "nan", "inf", "-inf",
    "-0", whole numbers that JavaScript cannot hold, and bits of no known type ("0x1f").

    Args:
        bits: little endian.
        dtype: as torch names it, or None.
        size: bytes.
    """
    if dtype == "bool":
        return bits & 0xFF
    if dtype == "bfloat16":
        return _short(struct.unpack("<f", struct.pack("<I", (bits & 0xFFFF) << 16))[0])
    form = _FORMS.get(dtype or "")
    if form is None:
        return f"{bits:#0{2 + 2 * size}x}"
    value = struct.unpack(
        f"<{form}", (bits & _mask(_SIZES[form])).to_bytes(_SIZES[form], "little")
    )[0]
    if isinstance(value, int):
        return value if abs(value) < _EXACT else str(value)
    return _short(value)


def _short(value: float) -> Number:
    if not math.isfinite(value):
        return str(value)
    if value == 0 and math.copysign(1, value) < 0:
        return "-0"
    short = float(f"{value:.{DIGITS}g}")
    # 3.0 is written as 3, which says the same in JavaScript.
    return int(short) if short.is_integer() and abs(short) < _SMALL_COUNT else short


def _mask(size: int) -> int:
    return (1 << 8 * size) - 1


def guess(values: Iterable[int], size: int, names: Iterable[str] = ()) -> str | None:
    """The dtype of elements whose type nobody told, from their bits.

    Args:
        values: bits that were seen.
        size: bytes of an element.
        names: dtypes that are known to be about, of the call's tensors.
    """
    if size == 2:
        about = [name for name in names if size_of(name) == 2]
        return about[0] if about else "uint16"
    if size not in (4, 8):
        return "uint8" if size == 1 else None
    seen = list(values)
    if all(_is_count(bits, size) for bits in seen):
        return "int32" if size == 4 else "int64"
    form = "float32" if size == 4 else "float64"
    fits = sum(_is_plain(bits, form) for bits in seen)
    return form if 2 * fits >= len(seen) else f"uint{8 * size}"


def _is_count(bits: int, size: int) -> bool:
    top = 1 << 8 * size
    return bits < _SMALL_COUNT or top - bits <= _SMALL_COUNT


def _is_plain(bits: int, dtype: str) -> bool:
    """Whether the bits make a float of a size that people compute with."""
    form = _FORMS[dtype]
    value = abs(struct.unpack(f"<{form}", bits.to_bytes(_SIZES[form], "little"))[0])
    return value == 0 or math.isinf(value) or 1e-30 < value < 1e30
