"""The CUDA text in the cells of a chapter's page is the text of its file in kernels/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REGION = re.compile(r"^// \[begin (.+?)\]\n(.*?)\n// \[end \1\]$", re.MULTILINE | re.DOTALL)
SOURCES = {
    "copy.cu": ("01_copy", 9),
    "activation.cu": ("02_activation", 10),
    "rope_rungs.cu": ("03_rope", 8),
    "rope.cu": ("03_rope", 3),
    "rope_call.h": ("03_rope", 1),
}
"""File of kernels/ -> the page that shows it, and how many regions it has."""


def text_of(source: str) -> str:
    return (ROOT / "kernels" / source).read_text()


EACH = [
    (source, page, *region)
    for source, (page, _) in SOURCES.items()
    for region in REGION.findall(text_of(source))
]


@pytest.mark.parametrize("source", SOURCES)
def test_the_whole_source_is_in_regions(source):
    outside = REGION.sub("", text_of(source))
    kept = ("//", "#include ", "#pragma once")
    assert [line for line in outside.splitlines() if line and not line.startswith(kept)] == []
    assert len(REGION.findall(text_of(source))) == SOURCES[source][1]


@pytest.mark.parametrize(
    ("source", "page", "name", "text"), EACH, ids=[f"{s}-{name}" for s, _, name, _ in EACH]
)
def test_a_region_stands_unchanged_in_the_page(source, page, name, text):
    shown = (ROOT / "book" / f"{page}.md").read_text()
    assert f'r"""\n{text}\n"""' in shown, f"region {name} of {source} and the page differ"
