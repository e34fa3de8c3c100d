"""One build cache for the session, and the modules that several files call."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import extension_sources as sources
import pytest

import kbk


@pytest.fixture(scope="session", autouse=True)
def session_cache(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Path]:
    base = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):  # pytest-xdist: one cache for all workers
        base = base.parent
    folder = base / "kbk cache"  # with a space, as folders of people have
    before = os.environ.get("KBK_CACHE")
    os.environ["KBK_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["KBK_CACHE"]
    else:
        os.environ["KBK_CACHE"] = before


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
