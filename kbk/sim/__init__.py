"""CUDA on the CPU: translate a source, compile it against shim headers, run it on fibers."""

from __future__ import annotations

from pathlib import Path

from kbk.sim.faults import convert_exception
from kbk.sim.runtime_library import (
    arch,
    copies,
    fence,
    kernel_flags,
    last_launch_seconds,
    launch_log,
    launches,
    link_flags,
    load_runtime,
    runtime_files,
    runtime_flags,
    runtime_sources,
    settings,
)
from kbk.sim.translate import PROBE, Translation, translate

INCLUDE_DIR = Path(__file__).parent / "include"

__all__ = [
    "INCLUDE_DIR",
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
