"""The inks and fills of a picture on a light and on a dark page."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace


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
    Fill("#D0D0D0", "++", "black"),  # for white, which would look hollow on a white page
    Fill("#000000", "oo", "white"),
)

SMALL = 8
"""Points, of text inside a figure that is 7 inches wide."""

EXCESS = "////"
"""The hatch of what was asked for and not needed; no fill of a thread or warp has it so dense."""


@dataclass(frozen=True)
class Theme:
    """What a drawing takes its colours from; colours of matplotlib.

    Attributes:
        name: "light" or "dark".
        paper: the background.
        ink: text and what is drawn for itself.
        faint: text of less weight; still 4.5 : 1 on the paper.
        line: frames of what is empty, rules and grids; 3 : 1 on the paper.
        hatch: hatches and borders on a fill.
        excess: hatches on the paper, of what was not needed.
        fills: Okabe-Ito, each with a hatch and with the colour of text on it.
    """

    name: str
    paper: str
    ink: str
    faint: str
    line: str
    hatch: str
    excess: str
    fills: tuple[Fill, ...]

    @property
    def dark(self) -> bool:
        """Whether the paper is dark."""
        return self.name == "dark"

    def fill(self, number: int) -> Fill:
        """The fill of the thing with this number; after the last one they begin again."""
        return self.fills[number % len(self.fills)]

    def context(self) -> AbstractContextManager[None]:
        """Makes these inks matplotlib's defaults, for drawing and for saving a figure."""
        import matplotlib

        return matplotlib.rc_context(
            {
                "axes.edgecolor": self.ink,
                "axes.facecolor": self.paper,
                "axes.labelcolor": self.ink,
                "axes.labelsize": SMALL + 1,
                "axes.titlecolor": self.ink,
                "axes.titlesize": SMALL + 1,
                "figure.edgecolor": self.paper,
                "figure.facecolor": self.paper,
                "font.size": SMALL + 1,
                "grid.color": self.line,
                "hatch.linewidth": 0.7,
                "legend.edgecolor": self.line,
                "legend.facecolor": self.paper,
                "legend.fontsize": SMALL,
                "legend.framealpha": 1.0,
                "legend.labelcolor": self.ink,
                "lines.color": self.ink,
                "patch.edgecolor": self.ink,
                "savefig.edgecolor": self.paper,
                "savefig.facecolor": self.paper,
                "svg.fonttype": "path",  # every reader's machine sets the text as it was laid out
                "svg.hashsalt": "kbk",  # the same drawing is the same file
                "text.color": self.ink,
                "xtick.color": self.ink,
                "xtick.labelsize": SMALL,
                "ytick.color": self.ink,
                "ytick.labelsize": SMALL,
            }
        )


# A black box is not seen on dark paper: there the ninth fill is grey.
_ON_DARK = (*FILLS[:8], replace(FILLS[8], color="#4A4A4A"))

LIGHT = Theme(
    "light",
    paper="#FFFFFF",
    ink="#000000",
    faint="#5C5C5C",
    line="#8A8A8A",
    hatch="#00000070",
    excess="#5C5C5C",
    fills=FILLS,
)
DARK = Theme(
    "dark",
    paper="#121212",
    ink="#F2F2F2",
    faint="#B4B4B4",
    line="#7C7C7C",
    hatch="#00000070",
    excess="#B4B4B4",
    fills=_ON_DARK,
)
