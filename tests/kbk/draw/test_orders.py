"""The order of blocks: one strip a launch, the blocks as they began."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from pictured import drawn, error, is_shown, launched, numbers

import kbk
from kbk import draw
from kbk.sanitizer.history import Launch


def run(blocks: int, seed: int | None = None) -> Launch:
    n = 32 * blocks
    with kbk.sim.settings(seed=seed):
        return launched("written", "stride", torch.empty(n), numbers(n), blocks, 32, n)


@pytest.fixture(scope="module")
def runs() -> dict[str, Launch]:
    return {"no seed": run(8), **{f"seed {seed}": run(8, seed) for seed in (1, 2, 3)}}


def begun(launch: Launch) -> list[int]:
    """The blocks by their first records."""
    return list(dict.fromkeys(launch.records["block"].tolist()))


def test_a_strip_has_the_blocks_in_the_order_of_their_first_accesses(
    runs: dict[str, Launch],
) -> None:
    picture = draw.order(runs)
    expected = {name: begun(launch) for name, launch in runs.items()}
    assert {row[0]: [int(b) for b in str(row[1]).split()] for row in picture.rows} == expected
    assert drawn(picture).rows() == [[str(block) for block in each] for each in expected.values()]
    is_shown(picture)


def test_without_a_seed_the_records_tell_the_order(runs: dict[str, Launch]) -> None:
    launch = runs["no seed"]
    assert launch.order == ()
    backwards = replace(launch, records=launch.records[::-1])
    assert draw.order([backwards]).rows == [["run 1", "7 6 5 4 3 2 1 0"]]


def test_the_caption_counts_the_orders(runs: dict[str, Launch]) -> None:
    assert begun(runs["no seed"]) == list(range(8))
    caption = draw.order(runs).caption
    assert caption.startswith(
        "4 launches of stride_k with 8 blocks: 4 orders. In 3 of 4 the blocks"
    )
    same = draw.order([runs["no seed"]] * 2).caption
    assert "2 launches of stride_k with 8 blocks: 1 order. The blocks began in the order" in same


def test_a_list_of_launches_is_numbered(runs: dict[str, Launch]) -> None:
    assert [row[0] for row in draw.order(list(runs.values())).rows] == [
        "run 1",
        "run 2",
        "run 3",
        "run 4",
    ]


def test_of_many_blocks_the_first_and_the_last_are_drawn_and_the_table_has_all() -> None:
    launch = run(64, seed=5)
    picture = draw.order([launch])
    blocks = begun(launch)
    assert drawn(picture).rows() == [[str(b) for b in (*blocks[:20], *blocks[-4:])]]
    assert picture.rows == [["run 1", " ".join(map(str, blocks))]]
    assert "Shown are the first 20 and the last 4." in picture.caption


def test_wrong_arguments_are_named(runs: dict[str, Launch]) -> None:
    launch = runs["no seed"]
    assert "launches must be a list" in error(lambda: draw.order(launch))  # type: ignore[arg-type]
    assert "launches must be 1 to 24; there were 0" in error(lambda: draw.order([]))
    assert "run 2 must be a launch" in error(lambda: draw.order([launch, 1]))  # type: ignore[list-item]
    assert "of one kernel and grid" in error(lambda: draw.order([launch, run(4)]))
    empty = replace(launch, records=launch.records[:0])
    assert "there are no records" in error(lambda: draw.order([empty]))
