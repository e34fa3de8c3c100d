"""Replays, and pages to show them on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playing import Open
from replayed_sources import PROGRAMS
from replaying import run

import kbk.draw
from kbk.draw.replays import Replay, page


@pytest.fixture(scope="module")
def replays() -> dict[str, Replay]:
    return {name: kbk.draw.replay(run(PROGRAMS[name])[0]) for name in ("transpose", "count", "sum")}


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens HTML as a file. At the end nothing may have gone wrong and nothing been asked for."""
    wrong: list[str] = []
    contexts = []

    def open_it(body: str, size: tuple[int, int] = (1000, 800), **more: Any) -> Any:
        (tmp_path / "a.html").write_text(page.document("a", body), encoding="utf-8")
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **more)
        contexts.append(context)
        opened = context.new_page()
        own = (tmp_path / "a.html").as_uri()
        opened.on("pageerror", lambda error: wrong.append(f"script error: {error}"))
        opened.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        opened.on("request", lambda asked: wrong.append(asked.url) if is_foreign(asked) else None)

        def is_foreign(asked: Any) -> bool:
            return asked.url != own and not asked.url.startswith("data:")

        opened.goto(own)
        return opened

    yield open_it
    for context in contexts:
        context.close()
    assert wrong == []
