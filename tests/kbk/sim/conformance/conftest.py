"""Every conformance test runs on the simulator and, marked ``gpu``, on a GPU."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> str:
    """The machine: ``cpu`` is the simulator, ``cuda`` a GPU."""
    return request.param
