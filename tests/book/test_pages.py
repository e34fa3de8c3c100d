"""The built pages, read as files: complete, linked, and independent of the network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
LOADING_LINKS = {"stylesheet", "icon", "shortcut icon", "preload", "modulepreload", "manifest"}


class Page(HTMLParser):
    """Collects what a page loads, where it links, the ids it has, and its images without alt."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.images_without_alt: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids.add(found.get("id", ""))
        if found.get(LOADED.get(tag, "-")):
            self.loads.append(found[LOADED[tag]])
        if tag == "link" and found.get("rel", "").lower() in LOADING_LINKS:
            self.loads.append(found.get("href", ""))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "img" and not found.get("alt", "").strip():
            self.images_without_alt.append(found.get("src", ""))


def is_external(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme in {"http", "https"}


def external_loads(site: Path) -> list[str]:
    """Name every script, style, font or image that a page would fetch from another host."""
    found = []
    for file in sorted(site.rglob("*.html")):
        found += [f"{file.name}: {load}" for load in Page(file).loads if is_external(load)]
    for file in sorted(site.rglob("*.css")):
        text = file.read_text(encoding="utf-8")
        used = re.findall(r"""(?:@import\s*|url\(\s*)["']?((?:https?:)?//[^"')\s]+)""", text)
        found += [f"{file.name}: {address}" for address in used]
    return found


def dead_links(site: Path) -> list[str]:
    """Name every link to a page or anchor of the site that is not there."""
    files = [f for f in sorted(site.rglob("*.html")) if "_static" not in f.parts]
    pages = {file.resolve(): Page(file) for file in files}
    found = []
    for file, page in pages.items():
        for link in page.links:
            if is_external(link) or link.startswith(("mailto:", "javascript:", "data:")):
                continue
            path, _, anchor = link.partition("#")
            target = (file.parent / unquote(path)).resolve() if path else file
            there = target.exists() and (
                not anchor or target not in pages or unquote(anchor) in pages[target].ids
            )
            if not there:
                found.append(f"{file.name}: {link}")
    return found


def toc_files() -> Iterator[str]:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    yield toc["root"]
    for part in toc["parts"]:
        yield from (chapter["file"] for chapter in part["chapters"])


def test_nothing_is_fetched_from_another_host(site: Path) -> None:
    assert external_loads(site) == []


def test_every_page_of_the_contents_is_built(site: Path) -> None:
    missing = [name for name in toc_files() if not (site / f"{name}.html").is_file()]
    assert missing == []


def test_every_link_inside_the_site_leads_somewhere(site: Path) -> None:
    assert dead_links(site) == []


def test_every_image_has_alt_text(site: Path) -> None:
    files = [f for f in sorted(site.rglob("*.html")) if "_static" not in f.parts]
    assert [(f.name, Page(f).images_without_alt) for f in files if Page(f).images_without_alt] == []


def test_no_cell_shows_an_error(site: Path) -> None:
    for file in site.glob("book/*.html"):
        assert "cell_output" not in (text := file.read_text()) or "Traceback (most" not in text


@pytest.mark.parametrize(
    "name, text",
    [
        ("a.html", '<script src="https://cdn.example/x.js"></script>'),
        ("a.html", '<link rel="stylesheet" href="//fonts.example/a.css">'),
        ("a.html", '<img alt="a" src="http://example/a.png">'),
        ("a.css", "@import 'https://fonts.example/a.css';"),
        ("a.css", "b { src: url(https://fonts.example/a.woff2) }"),
    ],
)
def test_a_planted_external_address_is_found(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert len(external_loads(tmp_path)) == 1


def test_planted_dead_links_are_found_and_good_ones_are_not(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a href="b.html#x"></a><a href="b.html"></a>')
    (tmp_path / "b.html").write_text('<p id="x"><a href="c.html"></a><a href="a.html#no"></a>')
    assert dead_links(tmp_path) == ["b.html: c.html", "b.html: a.html#no"]
