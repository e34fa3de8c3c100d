"""Figures of single pages: bytes of a step, builds, the way of a source, roundings, rooflines.

What any launch did is drawn by `kbk.draw`.
"""

from kbk.figures.machines import Build, recorded_build, time_build, two_machines
from kbk.figures.moved import bytes_moved
from kbk.figures.roofline import Point, roofline
from kbk.figures.rope import angle_errors, layouts_of_pairs, pairs_on_a_circle, sectors_a_token
from kbk.figures.sms import sms_in_use
from kbk.figures.step import bytes_and_launches
from kbk.figures.ulps import error_bars
from kbk.figures.way import Way, follow, way_of_a_source

__all__ = [
    "Build",
    "Point",
    "Way",
    "angle_errors",
    "bytes_and_launches",
    "bytes_moved",
    "error_bars",
    "follow",
    "layouts_of_pairs",
    "pairs_on_a_circle",
    "recorded_build",
    "roofline",
    "sectors_a_token",
    "sms_in_use",
    "time_build",
    "two_machines",
    "way_of_a_source",
]
