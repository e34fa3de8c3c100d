"""Simulator tests run the same CUDA source on CPU tensors and, where that makes sense, on a GPU.

The runs on a GPU are marked ``gpu``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kbk import sim
from kbk.build.toolchain import host_compiler


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> str:
    """The machine: ``cpu`` is the simulator, ``cuda`` a GPU."""
    return str(request.param)


@pytest.fixture
def exact_lines() -> bool:
    """Whether the compiler keeps the line of each call: clang merges some with their neighbours."""
    return host_compiler().kind == "gcc"


@pytest.fixture(autouse=True)
def settings_come_back() -> Iterator[None]:
    """A test that changes the simulator's settings changes them for itself alone."""
    with sim.settings():
        yield
