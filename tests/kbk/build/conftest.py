"""One build cache for the session, so that headers and simulator are built once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


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


@pytest.fixture
def python(session_cache: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a script in a process of its own."""

    def run(
        script: str, timeout: float = 120, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run
