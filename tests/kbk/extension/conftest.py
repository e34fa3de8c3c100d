"""One build cache for the session, and the modules that several files call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import extension_sources as sources
import pytest

import kbk
from tests.kbk.own_cache import session_cache as session_cache


@pytest.fixture(scope="session")
def typed(session_cache: Path) -> Any:
    """A module of functions with parameters and results of many types."""
    return kbk.load_inline(
        "typed", cuda_sources=sources.TYPED, functions=list(sources.TYPED_FUNCTIONS)
    )


@pytest.fixture(scope="session")
def bound(session_cache: Path) -> Any:
    """Functions that PYBIND11_MODULE binds, declared in one text and defined in another."""
    return kbk.load_inline("bound", sources.BOUND_CPP, sources.BOUND_CUDA)


@pytest.fixture(scope="session")
def library(session_cache: Path) -> Any:
    """A module that registers its functions with TORCH_LIBRARY and its relatives."""
    return kbk.load_inline("library", cuda_sources=sources.LIBRARY)
