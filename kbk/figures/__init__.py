"""Figures of the pages that no trace gives: bytes of a step, builds, the way of a source.

What a launch did is drawn by `kbk.draw`.
"""

from kbk.figures.machines import Build, recorded_build, time_build, two_machines
from kbk.figures.step import bytes_and_launches
from kbk.figures.way import Way, follow, way_of_a_source

__all__ = [
    "Build",
    "Way",
    "bytes_and_launches",
    "follow",
    "recorded_build",
    "time_build",
    "two_machines",
    "way_of_a_source",
]
