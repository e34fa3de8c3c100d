"""Figures: what they read, what they count, and what they tell a reader who cannot see them."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from kbk import figures
from kbk.bench import page
from kbk.figures import machines, orders, step, threads

SHOWN = ("picture", "caption", "alt", "head", "rows")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the last figure handed to the page, rendered once as an SVG."""
    from matplotlib import pyplot

    last: dict[str, Any] = {}

    def show(*arguments: Any) -> None:
        last.update(zip(SHOWN, arguments, strict=True))
        last["picture"].canvas.draw()
        pyplot.close(last["picture"])

    for module in (machines, orders, step, threads):
        monkeypatch.setattr(module, "show_figure", show)
    return last


def signed(rows: int, columns: int, first_block_threads: int) -> torch.Tensor:
    """Signatures of a launch of one thread an element, blocks of so many threads."""
    i = torch.arange(rows * columns, dtype=torch.int32)
    each = first_block_threads
    return ((i // each) * threads.BLOCK + i % each).reshape(rows, columns)


def test_a_signature_gives_block_thread_warp_and_lane_back():
    (found,) = figures.who(torch.tensor([3 * 1024 + 70]))
    assert found == figures.Signature(3, 70)
    assert (found.warp, found.lane) == (2, 6)


def test_an_element_that_nobody_wrote_has_no_signature():
    assert figures.who(torch.tensor([-1, 0])) == [None, figures.Signature(0, 0)]


def test_the_boxes_of_a_treemap_have_the_shares_and_fill_the_box_without_overlap():
    draw = random.Random(0)
    for _ in range(20):
        sizes = sorted((draw.uniform(0.01, 5) for _ in range(draw.randint(1, 9))), reverse=True)
        boxes = step.treemap(sizes, (0, 0, 2, 1))
        areas = [w * h for _, _, w, h in boxes]
        assert areas == pytest.approx([2 * s / sum(sizes) for s in sizes])
        for i, (x, y, w, h) in enumerate(boxes):
            assert x >= -1e-9 and y >= -1e-9 and x + w <= 2 + 1e-9 and y + h <= 1 + 1e-9
            for x2, y2, w2, h2 in boxes[:i]:
                apart = x + w <= x2 + 1e-9 or x2 + w2 <= x + 1e-9
                assert apart or y + h <= y2 + 1e-9 or y2 + h2 <= y + 1e-9


def test_a_warp_along_a_row_touches_4_sectors_and_along_a_column_32():
    along = signed(32, 32, 256)
    assert figures.sectors_of_warp(along) == [0, 1, 2, 3]
    across = along.T.contiguous()
    assert figures.sectors_of_warp(across) == list(range(0, 128, 4))
    assert figures.sectors_of_warp(along, block=1) == [32, 33, 34, 35]


def test_the_map_of_threads_tells_who_wrote_each_row_and_what_nobody_wrote(shown):
    memory = torch.full((96,), -1, dtype=torch.int32)
    memory[:70] = signed(1, 70, 64)
    figures.thread_map(memory)
    assert shown["rows"][1] == ["32 to 63", "block 0, warp 1", "32 to 63", 32]
    assert shown["rows"][2] == ["64 to 95", "block 1, warp 0", "0 to 5", 6]
    assert "26 elements, dotted, were not written" in shown["caption"]
    assert "lane l wrote column l" in shown["caption"]


def test_the_map_of_threads_says_when_lanes_and_columns_differ(shown):
    figures.thread_map(signed(1, 64, 32).flip(1).flatten())
    assert "lanes and columns differ" in shown["caption"]


def test_two_walks_count_the_sectors_of_both_kernels(shown):
    along = signed(32, 32, 256)
    figures.two_walks(along, along.T.contiguous(), ("along", "across"))
    assert shown["rows"] == [["along", 32, 4, "32 of 32"], ["across", 32, 32, "4 of 32"]]


def test_the_step_counts_what_its_caption_says(shown):
    parts = {"a": (9e9, 1), "b": (9e8, 2), "c": (6e6, 30), "d": (4e6, 7)}
    figures.bytes_and_launches(parts, "A step", few=2)
    caption = shown["caption"]
    assert "a, b are 99.90% of the 9.91 GB" in caption
    assert "0.10% of the bytes and 92% of the 40 launches" in caption
    assert [row[0] for row in shown["rows"]] == ["a", "b", "c", "d"]


def test_orders_are_drawn_by_time_and_counted(shown):
    figures.arrivals({"one": [0, 1, 2], "two": [2, 0, 1], "three": [0, 1, 2]})
    assert shown["rows"][1] == ["two", "1 2 0"]
    assert "3 runs of one launch, 2 different orders of arrival" in shown["caption"]


def test_ticks_that_two_blocks_drew_are_refused():
    with pytest.raises(ValueError, match="each tick must occur once"):
        figures.arrivals({"broken": [0, 0, 1]})


def test_a_build_for_the_simulator_is_timed_after_a_change_and_without_one():
    build = figures.time_build("cpu", changes=1)
    assert build.machine == "cpu"
    assert build.changed_s > build.unchanged_s > 0
    assert "live" in build.where


def test_the_recorded_build_names_its_gpu():
    build = figures.recorded_build()
    assert build is not None and build.machine == "cuda"
    assert "From the record: NVIDIA" in build.where


def test_the_two_machines_name_seconds_and_where_they_were_measured(shown):
    builds = [
        figures.Build("cpu", 0.5, 0.01, "Here."),
        figures.Build("cuda", 6.4, 0.005, "There."),
    ]
    figures.two_machines(builds, "a text")
    assert "0.5 s after a change" in shown["caption"] and "There." in shown["caption"]
    assert [row[1] for row in shown["rows"]] == ["0.5", "6.4"]


def test_every_fill_has_a_colour_and_a_hatch_of_its_own():
    from kbk.figures.style import FILLS

    assert len({f.color for f in FILLS}) == len({f.hatch for f in FILLS}) == len(FILLS)


def test_a_figure_on_a_page_has_alt_text_a_caption_a_table_and_a_download():
    text = page.figure_html(b"<svg/>", "found", "shows", ["a"], [[1]])
    for part in ('alt="shows"', ">found</figcaption>", "<table>", "download="):
        assert part in text


@pytest.mark.gpu
def test_a_build_for_a_gpu_is_timed_after_a_change_and_without_one():
    build = figures.time_build("cuda", changes=1)
    assert build.machine == "cuda"
    assert build.changed_s > build.unchanged_s > 0
