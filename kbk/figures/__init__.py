"""Figures of the chapters, drawn from what ran: each has a caption, alt text and a table."""

from kbk.figures.machines import Build, recorded_build, time_build, two_machines
from kbk.figures.orders import arrivals
from kbk.figures.step import bytes_and_launches
from kbk.figures.threads import Signature, sectors_of_warp, thread_map, two_walks, who
from kbk.figures.way import Way, follow, way_of_a_source

__all__ = [
    "Build",
    "Signature",
    "Way",
    "arrivals",
    "bytes_and_launches",
    "follow",
    "recorded_build",
    "sectors_of_warp",
    "thread_map",
    "time_build",
    "two_machines",
    "two_walks",
    "way_of_a_source",
    "who",
]
