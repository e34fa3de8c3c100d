"""The look that all figures share: Okabe-Ito fills, each with a hatch of its own, and ink."""

from __future__ import annotations

from kbk.draw.theme import FILLS, SMALL, Fill

__all__ = ["FAINT", "FILLS", "HATCH_INK", "SMALL", "Fill", "bytes_name"]

HATCH_INK = "#00000055"  # faint: a hatch must not fight the text on it
FAINT = "#767676"


def bytes_name(count: float) -> str:
    """A number of bytes with three digits and a decimal unit, such as "2.75 MB"."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} B"
