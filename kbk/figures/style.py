"""The look that all figures share: Okabe-Ito fills, each with a hatch of its own, and ink."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fill:
    """A colour, a hatch (no area is told by colour alone) and the text that reads on them."""

    color: str
    hatch: str
    text: str


# Okabe-Ito, the light ones first: text stands on them.
FILLS = (
    Fill("#56B4E9", "", "black"),
    Fill("#E69F00", "//", "black"),
    Fill("#F0E442", "..", "black"),
    Fill("#009E73", "\\\\", "black"),
    Fill("#CC79A7", "xx", "black"),
    Fill("#D55E00", "--", "black"),
    Fill("#0072B2", "||", "white"),
    Fill("#FFFFFF", "++", "black"),
    Fill("#000000", "oo", "white"),
)
HATCH_INK = "#00000055"  # faint: a hatch must not fight the text on it
FAINT = "#767676"
SMALL = 8  # points, of text inside a figure


def bytes_name(count: float) -> str:
    """A number of bytes with three digits and a decimal unit, such as "2.75 MB"."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} B"
