"""A page with a picture, opened in the system's browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

# What the theme of the book says about images that are hidden, and about those of a cell.
THEME = "<style>[hidden]{display:none!important} html .cell_output img{padding:.5rem}</style>"


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium; without one a skip, but a failure under CI."""
    sync_api = pytest.importorskip("playwright.sync_api")
    path = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no browser: apt install chromium")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def shown(chromium: Any, page: str, scheme: str, body: str) -> list[str]:
    """The classes of the images that can be seen on a page, its own tag first."""
    tab = chromium.new_context(color_scheme=scheme).new_page()
    tab.set_content(f'<!doctype html>{page}{THEME}<div class="cell_output">{body}</div>')
    seen = "[...document.images].filter(i => i.getBoundingClientRect().width > 0)"
    found: list[str] = tab.evaluate(f"{seen}.map(i => i.classList[0])")
    return found
