"""Turns paired times into medians, ratios and a verdict. Pure: no GPU, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

LONG_US = 50.0  # above this median of the peer, noise is small enough for a fixed bar
LONG_BAR = 0.99  # the least ratio that passes there


def ratios(peer: Sequence[float], ours: Sequence[float]) -> list[float]:
    """Peer's time over ours, pair by pair: above 1 ours was faster.

    Raises:
        ValueError: the lists differ in length or are empty.
    """
    if len(peer) != len(ours) or not peer:
        raise ValueError(f"pairs need equal, non-empty lists; they have {len(peer)}, {len(ours)}")
    return [p / o for p, o in zip(peer, ours, strict=True)]


def spread(same: Sequence[float]) -> float:
    """Distance from 1 of the farther quartile of A/A ratios (one function against itself).

    Half of all A/A pairs lie within ``1 - spread .. 1 + spread``. A ratio inside that range cannot
    be told from no difference.
    """
    if len(same) < 2:
        raise ValueError(f"a spread needs at least 2 ratios; there are {len(same)}")
    low, _, high = quantiles(same, n=4, method="inclusive")
    return max(abs(low - 1.0), abs(high - 1.0))


@dataclass
class Comparison:
    """Times in us of several functions, one entry a round, taken in turn in one process.

    Attributes:
        peer: name of the function that the others are compared with.
        times: name -> us of each round.
        again: the peer's second time in each round, for the A/A spread.
        bytes_moved: bytes read plus bytes written by one call, or 0 if unknown.
    """

    peer: str
    times: dict[str, list[float]]
    again: list[float]
    bytes_moved: int = 0
    notes: dict[str, Any] = field(default_factory=dict)

    def median_us(self, name: str) -> float:
        """Median time of a function in us."""
        return median(self.times[name])

    def gbps(self, name: str) -> float:
        """Bytes moved over the median time, in GB/s (1e9)."""
        return self.bytes_moved / self.median_us(name) / 1e3

    def ratio(self, name: str) -> float:
        """Median over the pairs of the peer's time over the function's."""
        return median(ratios(self.times[self.peer], self.times[name]))

    def aa_spread(self) -> float:
        """Spread of the peer against itself."""
        return spread(ratios(self.times[self.peer], self.again))

    def bar(self) -> float:
        """Least ratio that passes: 0.99 above 50 us, 1 - A/A spread below."""
        if self.median_us(self.peer) > LONG_US:
            return LONG_BAR
        return 1.0 - self.aa_spread()

    def passes(self, name: str) -> bool:
        """Whether a function is as fast as the peer."""
        return self.ratio(name) >= self.bar()

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON: medians, ratios, the bar and every time."""
        return {
            "peer": self.peer,
            "pairs": len(self.again),
            "aa_spread": round(self.aa_spread(), 5),
            "bar": round(self.bar(), 5),
            "bytes_moved": self.bytes_moved,
            "functions": {
                name: {
                    "median_us": round(self.median_us(name), 3),
                    "GBps": round(self.gbps(name), 1),
                    "ratio": round(self.ratio(name), 5),
                    "passes": self.passes(name),
                    "us": [round(t, 3) for t in times],
                }
                for name, times in self.times.items()
            },
            **self.notes,
        }
