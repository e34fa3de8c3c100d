"""The CUDA text in the cells of book/01_copy.md is the text of kernels/copy.cu."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "book" / "01_copy.md"
SOURCE = ROOT / "kernels" / "copy.cu"
REGION = re.compile(r"^// \[begin (.+?)\]\n(.*?)\n// \[end \1\]$", re.MULTILINE | re.DOTALL)
REGIONS = REGION.findall(SOURCE.read_text())


def test_the_whole_source_is_in_regions():
    outside = REGION.sub("", SOURCE.read_text())
    assert [line for line in outside.splitlines() if line and not line.startswith("//")] == []
    assert len(REGIONS) == 9


@pytest.mark.parametrize(("name", "text"), REGIONS, ids=[name for name, _ in REGIONS])
def test_a_region_stands_unchanged_in_the_page(name, text):
    assert f'r"""\n{text}\n"""' in PAGE.read_text(), f"region {name} of copy.cu and the page differ"
