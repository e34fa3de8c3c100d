"""The picture of a source's way: what it counts, what it says, and that every page can show it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import torch

import kbk
from kbk.figures import Way, follow, way, way_of_a_source
from kbk.sanitizer import sanitize

SOURCE = """\
__global__ void twice(float* out, const float* x) {
  out[threadIdx.x] = 2 * x[threadIdx.x];
}
void run(Tensor out, const Tensor& x) {
  twice<<<1, 32, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
"""
EXAMPLE = Way("a.cu", 2, "a < b && c", "kbk(a) < b && c", "g++", 1, 64, 0)


def texts(svg: str) -> list[str]:
    """What stands in the picture, with plain spaces."""
    tree = ElementTree.fromstring(svg)
    found = [each.text or "" for each in tree.iter("{http://www.w3.org/2000/svg}text")]
    return [text.replace("\u00a0", " ") for text in found]


def test_a_followed_line_is_told_as_written_as_translated_and_with_the_accesses_of_the_run():
    module = kbk.load_inline("way", cuda_sources=SOURCE, functions=["run"])
    x = torch.arange(32.0)
    with sanitize() as session:
        module.run(torch.empty(32), x)
    found = follow(SOURCE, "way.cu", 2, session)
    assert found.before == "out[threadIdx.x] = 2 * x[threadIdx.x];"
    assert "thread_idx()" in found.after and found.after != found.before
    assert (found.launches, found.accesses, found.findings) == (1, 64, 0)


@pytest.mark.parametrize("line", [0, 8])
def test_a_line_that_is_not_there_is_refused(line: int):
    with pytest.raises(ValueError, match="line must be 1 to 7"):
        follow(SOURCE, "way.cu", line, sanitize())


def test_the_picture_says_what_the_way_says():
    said = texts(way.draw(EXAMPLE))
    for text in ("Your source: a.cu, line 2", "a < b && c", "kbk(a) < b && c", "g++ -O2"):
        assert text in said
    assert "1 launch, 64 accesses" in said and "0 findings in this run" in said


def test_the_picture_has_the_ink_of_its_page_and_a_name_with_the_numbers():
    svg = way.draw(EXAMPLE)
    assert 'fill="currentColor"' in svg and not re.search("#000|#fff|black|white", svg)
    assert ElementTree.fromstring(svg).get("aria-label") == way.describe(EXAMPLE)
    assert "64 accesses" in way.describe(EXAMPLE) and "0 findings" in way.describe(EXAMPLE)


def test_the_two_builds_differ_in_the_kind_of_their_border():
    boxes = [each for each in way.draw(EXAMPLE).split("<rect ") if "stroke:#" in each]
    assert len(boxes) == 3
    assert [("dasharray" in box) for box in boxes] == [False, True, True]


def test_nothing_leaves_the_picture_or_its_box():
    long = Way("a.cu", 2, "x" * 200, "y " * 200, "clang++", 1, 1, 1)
    svg = way.draw(long)
    width = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])
    for each in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        assert int(each.get("x", 0)) + 7.4 * len(each.text or "") < width, each.text
    assert "1 finding in this run" in texts(svg)


def test_outside_a_notebook_the_picture_is_a_caption_and_a_table(
    capsys: pytest.CaptureFixture[str],
):
    way_of_a_source(EXAMPLE)
    said = capsys.readouterr().out
    assert said.startswith("[figure] One source, two builds") and "traced build" in said


def test_in_a_notebook_it_has_caption_table_and_download(monkeypatch: pytest.MonkeyPatch):
    from IPython import display

    shown = []
    monkeypatch.setattr(way, "in_notebook", lambda: True)
    monkeypatch.setattr(display, "display", shown.append)
    way_of_a_source(EXAMPLE)
    for part in ("<figcaption>", "<table>", "download=", 'role="img"'):
        assert part in shown[0].data
