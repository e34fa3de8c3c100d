"""A build cache of the tests' own for the session, so that headers and simulator are built once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


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
