"""The wheel that every notebook of these tests carries, built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.notebooks import first_cell


@pytest.fixture(scope="session")
def built() -> tuple[str, bytes]:
    """The wheel of the working tree: its name, and its bytes without compression."""
    pytest.importorskip("hatchling")
    return first_cell.build_wheel()


@pytest.fixture(scope="session")
def wheel(built: tuple[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a file."""
    path = tmp_path_factory.mktemp("wheel") / built[0]
    path.write_bytes(built[1])
    return path
