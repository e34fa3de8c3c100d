"""The built site. `make test` builds it first; alone, these tests use the one that is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HTML = Path(__file__).resolve().parents[2] / "_build/html"


@pytest.fixture(scope="session")
def site() -> Path:
    """Folder of the built site. Skips without one, but fails where it has just been built."""
    if not (HTML / "index.html").is_file():
        if os.environ.get("KBK_BOOK_IS_BUILT"):
            pytest.fail(f"the book should be in {HTML}")
        pytest.skip("the book is not built: run make book")
    return HTML
