"""The figures of chapter 03 say what kernels wrote and loaded, and how far angles are off."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

import kbk
from kbk import figures
from kbk.draw.picture import Picture
from kbk.figures.rope import flow_of
from kbk.ops import family

POINTS = [(math.cos(0.5 * t), math.sin(0.5 * t)) for t in range(4)]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Picture]:
    """The pictures that were shown, each drawn once on light and once on dark paper."""
    found: list[Picture] = []

    def show(picture: Picture) -> None:
        for dark in (False, True):
            assert picture.svg(dark).startswith("<svg")
        found.append(picture)

    monkeypatch.setattr(Picture, "show", show)
    return found


def rotation(is_neox: bool, rotary: int = 4, size: int = 6) -> Any:
    """The launch of rung 4 on one token of two query heads and one key head."""
    x = torch.randn(1, 3, size).bfloat16()
    table = torch.rand(5, rotary)
    with kbk.profile() as p:
        family("rope_rungs").rope_strided(torch.tensor([3]), x[:, :2], x[:, 2:], table, is_neox)
    return p.launches[0]


def test_a_pair_on_the_circle_turns_by_the_angle_of_its_first_step(shown):
    figures.pairs_on_a_circle({0: POINTS[:2], 3: [(1.0, 0.0), (1.0, 0.25)]})
    (picture,) = shown
    assert "pair 0 by 0.5 rad a position, pair 3 by 0.245" in picture.caption
    assert "at most 0.031 off" in picture.caption, "the length of (1, 0.25)"
    assert "(0.88, 0.48)" in picture.alt
    assert picture.rows[1] == [1, "(0.878, 0.479)", "(1.000, 0.250)"]


def test_a_flow_names_the_two_elements_that_a_pair_came_from_and_the_thread():
    halves, woven = (flow_of(rotation(neox), "query", 1, 6) for neox in (True, False))
    assert {i: sources for i, (_, sources) in halves.items()} == {
        0: [0, 2],
        1: [1, 3],
        2: [0, 2],
        3: [1, 3],
    }
    assert {i: sources for i, (_, sources) in woven.items()} == {
        0: [0, 1],
        1: [0, 1],
        2: [2, 3],
        3: [2, 3],
    }
    assert [who for who, _ in halves.values()] == [
        f"thread {t} of block 0" for t in (2, 3, 2, 3)
    ], "the first head of query has the threads 0 and 1"


def test_two_layouts_stand_below_each_other_with_what_stays(shown):
    flows = {"halves": flow_of(rotation(True), "query", 0, 6)}
    flows["interleaved"] = flow_of(rotation(False), "query", 0, 6)
    figures.layouts_of_pairs(flows, 6)
    (picture,) = shown
    assert "halves: 0 with 2, 1 with 3; the last 2 stay as they are" in picture.caption
    assert "interleaved: 0 with 1, 2 with 3; the last 2 stay" in picture.caption
    assert len(picture.rows) == 8
    assert picture.rows[0] == ["halves", 0, "0, 2", "thread 0 of block 0"]


def test_stacked_sectors_name_the_tensor_that_went_away(shown):
    figures.sectors_a_token(
        {"first": {"query": 4.0, "table": 90.0}, "second": {"query": 4.0, "value": 8.0}}, tokens=3
    )
    (picture,) = shown
    assert "first loads 94 sectors a token, second 12" in picture.caption
    assert "What goes away is table: 90 of them become 0" in picture.caption
    assert picture.head == ["rung", "query", "table", "value", "together"]
    assert picture.rows == [["first", "4", "90", "0", "94"], ["second", "4", "0", "8", "12"]]


def test_errors_of_angles_are_told_at_the_last_position(shown):
    figures.angle_errors([1, 64], {"product": [1e-7, 4e-3], "table": [2e-8, 2e-8]})
    (picture,) = shown
    assert picture.caption.endswith("At position 64: product, 0.004 rad; table, 2e-08 rad.")
    assert "product: 1.0e-07 at 1, 4.0e-03 at 64" in picture.alt
    assert picture.rows == [["1", "1.00e-07", "2.00e-08"], ["64", "4.00e-03", "2.00e-08"]]
