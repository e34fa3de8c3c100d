"""The built pages, opened in a real browser: no outside request, no error, no sideways scroll."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

SIZES = {"phone": (360, 740), "desktop": (1280, 800)}


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def serve(folder: Path) -> tuple[http.server.ThreadingHTTPServer, str]:
    """Serve a folder on this machine alone; return the server and its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    server, url = serve(site)
    yield url
    server.shutdown()


def open_page(browser: Any, url: str, size: tuple[int, int], scheme: str) -> tuple[list[str], int]:
    """Open a page. Returns what went wrong, and the pixels that it is wider than the window."""
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    wrong: list[str] = []
    own = urlsplit(url).netloc

    def check(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.netloc not in ("", own):
            wrong.append(f"request to {parts.netloc}")

    page.on("request", check)
    page.on("pageerror", lambda error: wrong.append(f"script error: {error}"))
    page.on(
        "console",
        lambda message: wrong.append(message.text) if message.type == "error" else None,
    )
    page.goto(url)
    page.wait_for_load_state("networkidle")
    root = "document.documentElement"
    excess = int(page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))
    context.close()
    return wrong, excess


def pages(site: Path) -> list[str]:
    return [file.relative_to(site).as_posix() for file in sorted(site.glob("book/*.html"))]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_opens_whole(
    browser: Any, site: Path, address: str, size: str, scheme: str
) -> None:
    for name in pages(site):
        wrong, excess = open_page(browser, f"{address}/{name}", SIZES[size], scheme)
        assert (name, wrong, excess) == (name, [], 0)


@pytest.mark.parametrize(
    "body, said",
    [
        ('<img alt="x" src="http://localhost:9/a.png">', "request to localhost:9"),
        ("<script>undefined_function()</script>", "undefined_function"),
        ('<img alt="x" src="missing.png">', "404"),
        ('<div style="width: 900px">wide</div>', "540"),
    ],
)
def test_a_planted_fault_is_noticed(browser: Any, tmp_path: Path, body: str, said: str) -> None:
    (tmp_path / "a.html").write_text(f"<!doctype html><body style='margin: 0'>{body}")
    (tmp_path / "favicon.ico").write_text("")
    server, url = serve(tmp_path)
    wrong, excess = open_page(browser, f"{url}/a.html", SIZES["phone"], "light")
    server.shutdown()
    assert said in f"{wrong} {excess}"
