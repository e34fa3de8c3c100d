"""Bits of memory as the numbers that they stand for."""

from __future__ import annotations

import struct

_INTEGERS = {
    "int8": ("b", 1),
    "uint8": ("B", 1),
    "int16": ("h", 2),
    "uint16": ("H", 2),
    "int32": ("i", 4),
    "uint32": ("I", 4),
    "int64": ("q", 8),
    "uint64": ("Q", 8),
}

_SHARED = {
    ("f", 4): "float32",
    ("f", 8): "float64",
    ("h", 2): "float16",
    ("b", 2): "bfloat16",
    **{("i", size): f"int{8 * size}" for size in (1, 2, 4, 8)},
    **{("u", size): f"uint{8 * size}" for size in (1, 2, 4, 8)},
}

_C_NAMES = {
    "float32": "float",
    "float64": "double",
    "float16": "half",
    "bfloat16": "bfloat16",
    "int8": "char",
    "uint8": "unsigned char",
    "int16": "short",
    "uint16": "unsigned short",
    "int32": "int",
    "uint32": "unsigned",
    "int64": "int64_t",
    "uint64": "uint64_t",
}


def shared_dtype(type_: str, element: int) -> str | None:
    """The dtype of a __shared__ element, from its letter and its size; None for a struct."""
    return _SHARED.get((type_, element))


def c_name(dtype: str | None) -> str | None:
    """What C++ calls a dtype."""
    return _C_NAMES.get(dtype) if dtype else None


def decode(value: int | None, nbytes: int, dtype: str | None) -> str | None:
    """The first element in the first bytes of an access, as text.

    Args:
        value: the access's first min(nbytes, 8) bytes, little endian; None gives None.
        nbytes: of the access.
        dtype: as torch names it; None or one without a number gives the bits.
    """
    if value is None or nbytes <= 0:
        return None
    held = min(nbytes, 8)
    bits = value & ((1 << 8 * held) - 1)
    if dtype == "bool" and bits & 0xFF in (0, 1):
        return "true" if bits & 0xFF else "false"
    if dtype == "bfloat16" and held >= 2:
        return _float(struct.unpack("<f", struct.pack("<I", (bits & 0xFFFF) << 16))[0], 8, "f")
    if dtype == "float16" and held >= 2:
        return _float(struct.unpack("<e", struct.pack("<H", bits & 0xFFFF))[0], 11, "e")
    if dtype == "float32" and held >= 4:
        return _float(struct.unpack("<f", struct.pack("<I", bits & 0xFFFFFFFF))[0], 24, "f")
    if dtype == "float64" and held >= 8:
        return _float(struct.unpack("<d", struct.pack("<Q", bits))[0], 53, "d")
    if dtype in _INTEGERS and held >= _INTEGERS[dtype][1]:
        letter, size = _INTEGERS[dtype]
        raw = (bits & ((1 << 8 * size) - 1)).to_bytes(size, "little")
        return str(struct.unpack(f"<{letter}", raw)[0])
    return f"{bits:#0{2 + 2 * held}x}"


def _float(value: float, precision: int, letter: str) -> str:
    """The shortest digits that give the number back in its own type."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    most = int(precision * 0.30103) + 2
    for digits in range(1, most + 1):
        text = f"{value:.{digits}g}"
        if _rounded(float(text), precision, letter) == value:
            break
    return repr(float(text))


def _rounded(value: float, precision: int, letter: str) -> float:
    try:
        if precision == 8:  # bfloat16: round half to even on the upper half of a float
            bits = struct.unpack("<I", struct.pack("<f", value))[0]
            bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
            return float(struct.unpack("<f", struct.pack("<I", bits))[0])
        return float(struct.unpack(f"<{letter}", struct.pack(f"<{letter}", value))[0])
    except (OverflowError, struct.error):
        return float("inf")
