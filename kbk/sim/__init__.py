"""CUDA on the CPU: translate a source, compile it against shim headers, run it on fibers."""

from __future__ import annotations

import sys
from pathlib import Path

from kbk.sim.compile_flags import (
    kernel_flags,
    link_flags,
    runtime_files,
    runtime_flags,
    runtime_sources,
)
from kbk.sim.faults import convert_exception
from kbk.sim.runtime_library import (
    arch,
    copies,
    fence,
    last_launch_seconds,
    launch_log,
    launches,
    load_runtime,
    settings,
)
from kbk.sim.translate import PROBE, Translation, translate

INCLUDE_DIR = Path(__file__).parent / "include"

OWN_CXX_LIBRARY = ["-Wl,--exclude-libs,ALL"] if sys.platform == "linux" else []
"""For a compiler that links the C++ library into each library: no other one is to find it there.

Exceptions of one, unwound by the code of another, have ended the process.
"""

__all__ = [
    "INCLUDE_DIR",
    "OWN_CXX_LIBRARY",
    "PROBE",
    "Translation",
    "arch",
    "convert_exception",
    "copies",
    "fence",
    "kernel_flags",
    "last_launch_seconds",
    "launch_log",
    "launches",
    "link_flags",
    "load_runtime",
    "runtime_files",
    "runtime_flags",
    "runtime_sources",
    "settings",
    "translate",
]
