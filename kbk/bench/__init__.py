"""Timing on a GPU, the ceilings of its memory, and the recorded measurements."""

from kbk.bench.page import glue, show_table
from kbk.bench.records import Reading, Record, live_or_record, load, newest, provenance, save, take
from kbk.bench.stats import Comparison
from kbk.bench.timing import CudaTimer, Timer, compare, host_us

__all__ = [
    "Comparison",
    "CudaTimer",
    "Reading",
    "Record",
    "Timer",
    "compare",
    "glue",
    "host_us",
    "live_or_record",
    "load",
    "newest",
    "provenance",
    "save",
    "show_table",
    "take",
]
