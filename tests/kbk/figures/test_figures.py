"""Figures: what they read, what they count, and what they tell a reader who cannot see them."""

from __future__ import annotations

import random
from typing import Any

import pytest

from kbk import figures
from kbk.bench import page
from kbk.figures import machines, step

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

    for module in (machines, step):
        monkeypatch.setattr(module, "show_figure", show)
    return last


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


def test_the_step_counts_what_its_caption_says(shown):
    parts = {"a": (9e9, 1), "b": (9e8, 2), "c": (6e6, 30), "d": (4e6, 7)}
    figures.bytes_and_launches(parts, "A step", few=2)
    caption = shown["caption"]
    assert "a, b are 99.90% of the 9.91 GB" in caption
    assert "0.10% of the bytes and 92% of the 40 launches" in caption
    assert [row[0] for row in shown["rows"]] == ["a", "b", "c", "d"]


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
