"""Exact references: a rational number rounded to a binary format in any of CUDA's four modes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

MODES = ("rn", "rz", "ru", "rd")


@dataclass(frozen=True)
class Format:
    """A binary format with infinities: its fraction bits, normal exponents and width in bits."""

    fraction_bits: int
    min_exponent: int
    max_exponent: int
    width: int

    @property
    def infinity(self) -> int:
        """Bits of +inf."""
        return ((1 << (self.width - 1 - self.fraction_bits)) - 1) << self.fraction_bits

    @property
    def nan(self) -> int:
        """Bits of one NaN."""
        return self.infinity | (1 << (self.fraction_bits - 1))

    def round(self, value: Fraction, mode: str, negative_zero: bool = False) -> int:
        """Bits of ``value`` rounded once; an exact zero takes its sign from ``negative_zero``."""
        sign = 1 << (self.width - 1)
        if value == 0:
            return sign if negative_zero else 0
        negative, magnitude = value < 0, abs(value)
        exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
        if Fraction(2) ** exponent > magnitude:
            exponent -= 1
        unit_exponent = max(exponent, self.min_exponent) - self.fraction_bits
        units = magnitude / Fraction(2) ** unit_exponent
        away = mode == ("rd" if negative else "ru")
        directed = math.ceil if away else math.floor
        count = round(units) if mode == "rn" else directed(units)  # round() takes ties to even
        step = unit_exponent - (self.min_exponent - self.fraction_bits)
        bits = count + (step << self.fraction_bits)  # a carry runs into the exponent by itself
        if bits >= self.infinity:
            bits = self.infinity if mode == "rn" or away else self.infinity - 1
        return bits | (sign if negative else 0)


HALF = Format(10, -14, 15, 16)
BFLOAT16 = Format(7, -126, 127, 16)
FLOAT = Format(23, -126, 127, 32)
DOUBLE = Format(52, -1022, 1023, 64)


def to_fraction(x: float) -> Fraction:
    """A finite float as the rational number it is."""
    return Fraction(x)


def round_sqrt(value: Fraction, target: Format, mode: str) -> int:
    """Bits of the square root of a positive number, from integer square roots with a sticky bit."""
    shift = 700
    scaled = value * Fraction(4) ** shift
    whole = scaled.numerator // scaled.denominator
    root = math.isqrt(whole)
    inexact = root * root != scaled
    return target.round(Fraction(2 * root + int(inexact), 2) / Fraction(2) ** shift, mode)


def round_array(x: np.ndarray, target: Format, mode: str = "rn") -> np.ndarray:
    """float64 values rounded once to a 16-bit format: uint16 bits, NaN as 0x7fff.

    Scales every value by its unit, which is a power of two, and rounds to an integer.
    """
    x = np.asarray(x, dtype=np.float64)
    with np.errstate(all="ignore"):
        magnitude = np.abs(x)
        _, exponent = np.frexp(np.where(np.isfinite(magnitude), magnitude, 1.0))
        unit = np.maximum(exponent - 1, target.min_exponent) - target.fraction_bits
        units = np.ldexp(x, -unit)
        rounder = {"rn": np.rint, "rz": np.trunc, "ru": np.ceil, "rd": np.floor}[mode]
        value = np.ldexp(rounder(units), unit)
        largest = math.ldexp(2 - 2.0**-target.fraction_bits, target.max_exponent)
        to_infinity = {
            "rn": np.ones(x.shape, bool),
            "rz": np.zeros(x.shape, bool),
            "ru": x > 0,
            "rd": x < 0,
        }[mode]
        over = (np.abs(value) > largest) & np.isfinite(x)
        value = np.where(over, np.where(to_infinity, np.inf, largest) * np.sign(x), value)
        value = np.where(np.isfinite(x), value, x)
    bits = encode(np.copysign(np.abs(value), x), target)
    return np.where(np.isnan(x), np.uint16(0x7FFF), bits)


def encode(value: np.ndarray, target: Format) -> np.ndarray:
    """Bits of float64 values that the 16-bit format holds exactly."""
    if target is HALF:
        return value.astype(np.float16).view(np.uint16)
    return (value.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def decode(bits: np.ndarray, source: Format) -> np.ndarray:
    """The float64 values of a 16-bit format's bits."""
    bits = np.asarray(bits, dtype=np.uint16)
    if source is HALF:
        return bits.view(np.float16).astype(np.float64)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        return (bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
