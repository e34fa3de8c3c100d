"""What every test folder shares: who is collected, what a missing GPU means, and a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
EXERCISES = Path(__file__).parent / "exercises"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Grade a learner's tree only when its graders are named on the command line."""
    if collection_path != EXERCISES:
        return None
    start = config.invocation_params.dir
    named = [(start / argument.split("::")[0]).resolve() for argument in config.args]
    wanted = any(path == EXERCISES or EXERCISES in path.parents for path in named)
    return None if wanted else True


@lru_cache(maxsize=1)
def _gpu_is_usable() -> bool:
    from kbk.build.toolchain import cuda_available

    return cuda_available()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests marked ``gpu`` where kernels cannot be compiled and run on one."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if marked and not _gpu_is_usable():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no usable NVIDIA GPU with nvcc"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's Chromium, or Playwright's own. Without one: a skip, but a failure under CI."""
    sync_api = pytest.importorskip("playwright.sync_api")
    system = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    with sync_api.sync_playwright() as playwright:
        if system is None and not Path(playwright.chromium.executable_path).exists():
            if os.environ.get("CI"):
                pytest.fail("no browser: apt-get install chromium")
            pytest.skip("no browser: apt-get install chromium")
        # A container's root has no user namespaces for the sandbox; the pages are our own.
        chromium = playwright.chromium.launch(executable_path=system, args=["--no-sandbox"])
        yield chromium
        chromium.close()
