"""Compile CUDA C++ once, for a GPU or for the simulator, and cache what was built."""

from __future__ import annotations

from kbk.build.load import load
from kbk.build.load_inline import load_inline
from kbk.build.module import Module

__all__ = ["Module", "load", "load_inline"]
