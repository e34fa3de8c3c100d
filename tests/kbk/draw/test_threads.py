"""The thread map shows who wrote each element: what the records say, nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from pictured import Drawn, drawn, ended, error, is_shown, launched, numbers

from kbk import draw
from kbk.draw.picture import Picture
from kbk.sanitizer.history import AFTER, ATOMIC, WRITE, Launch
from kbk.sanitizer.past import spread

Who = tuple[int, int, int]  # block, thread, stores


def stride(n: int = 500, room: int = 512, blocks: int = 2, threads: int = 96) -> Launch:
    return launched("written", "stride", torch.empty(room), numbers(room), blocks, threads, n)


def cases() -> dict[str, Launch]:
    return {
        "stride": stride(),
        "redone": launched("written", "redone", torch.empty(100), numbers(100), 64),
        "vectors": launched("written", "vectors", torch.empty(128), numbers(128)),
        "add": launched(
            "written", "add", torch.empty(11, 24), numbers(11, 24), numbers(11, 24), 8, 8
        ),
        "swapped": launched("written", "swapped", torch.empty(32, 32), numbers(32, 32)),
        "part": launched("written", "swapped", torch.empty(16, 8).T, numbers(8, 16)),
        "count": launched(
            "written",
            "count",
            torch.zeros(16, dtype=torch.int32),
            torch.arange(90, dtype=torch.int32) % 13,
        ),
    }


@pytest.fixture(scope="module")
def launches() -> dict[str, Launch]:
    return cases()


def seen(launch: Launch, name: str = "out") -> dict[int, Who]:
    """Who wrote each element last, and how often it was written: byte by byte, from the records."""
    (argument,) = (each for each in launch.arguments if each.name == name)
    owner = {}
    for index in np.ndindex(argument.shape):
        at = argument.data + argument.itemsize * sum(
            i * s for i, s in zip(index, argument.strides, strict=True)
        )
        flat = int(np.ravel_multi_index(index, argument.shape))
        owner.update(dict.fromkeys(range(at, at + argument.itemsize), flat))
    found: dict[int, Who] = {}
    for record in launch.records:
        stores = record["access"] == WRITE or (
            record["access"] == ATOMIC and record["marks"] & AFTER
        )
        if not stores:
            continue
        first = int(record["address"])
        for flat in {owner[b] for b in range(first, first + int(record["bytes"])) if b in owner}:
            times = found.get(flat, (0, 0, 0))[2]
            found[flat] = (int(record["block"]), int(record["thread"]), times + 1)
    return found


def told(picture: Picture, launch: Launch, name: str = "out") -> dict[int, Who]:
    """The same from the lines of the table."""
    (argument,) = (each for each in launch.arguments if each.name == name)
    columns = argument.shape[-1] if len(argument.shape) > 1 else 32
    found: dict[int, Who] = {}
    for elements, owner, threads, _, count, stores in picture.rows:
        ends = str(elements).replace(",", "").split(" to ")
        corners = (
            [int(part) for part in ends]
            if "[" not in ends[0]
            else [
                int(row) * columns + int(column)
                for row, column in (part.strip("[]").split() for part in ends)
            ]
        )
        first, last = corners[0], corners[-1]
        inside = (
            [
                row * columns + column
                for row in range(first // columns, last // columns + 1)
                for column in range(first % columns, last % columns + 1)
            ]
            if first % columns <= last % columns
            else []
        )
        assert len(inside) == count
        if owner == "nobody":
            assert stores == 0 and threads == ""
            continue
        block = block_of(str(owner), launch)
        for flat, thread in zip(inside, series(str(threads), len(inside)), strict=True):
            found[flat] = (block, thread, int(stores))
    return found


def block_of(owner: str, launch: Launch) -> int:
    named = re.match(r"block (\d+|\([\d, ]+\))", owner)
    assert named
    index = [int(each) for each in re.findall(r"\d+", named[1])]
    return index[0] if len(index) == 1 else index[0] + index[1] * launch.grid[0]


def series(text: str, count: int) -> list[int]:
    run = re.fullmatch(r"(\d+) to (\d+)(?:, (\d+) each)?", text)
    if run:
        each = int(run[3] or 1)
        return [int(run[1]) + at // each for at in range(count)]
    listed = [int(each) for each in text.split(", ")]
    return listed * count if len(listed) == 1 else listed


def cells(kept: Drawn) -> list[str]:
    return [label for row in kept.rows() for label in row]


@pytest.mark.parametrize("name", ["stride", "redone", "vectors", "add", "swapped", "part", "count"])
def test_the_table_says_of_every_element_what_the_records_say(
    name: str, launches: dict[str, Launch]
) -> None:
    launch = launches[name]
    rows = launch.arguments[0].shape[0] if len(launch.arguments[0].shape) > 1 else None
    picture = draw.thread_map(launch, "out", rows=rows)
    assert told(picture, launch) == seen(launch)
    is_shown(picture)


@pytest.mark.parametrize("name", ["stride", "vectors", "add", "swapped"])
def test_the_number_in_a_cell_is_the_lane_of_the_record(
    name: str, launches: dict[str, Launch]
) -> None:
    launch = launches[name]
    shape = launch.arguments[0].shape
    picture = draw.thread_map(launch, "out", rows=shape[0] if len(shape) > 1 else None)
    expected = [str(thread % 32) for _, (_, thread, _) in sorted(seen(launch).items())]
    assert cells(drawn(picture)) == expected


def test_elements_that_nobody_wrote_are_dotted_and_counted(launches: dict[str, Launch]) -> None:
    picture = draw.thread_map(launches["stride"], "out")
    dotted = [box for box, look in drawn(picture).boxes if look.get("style") == ":"]
    assert len(dotted) == 12
    assert "12 elements, dotted, were written by nobody; the first is out[500]." in picture.caption
    assert picture.rows[-1][:2] == ["500 to 511", "nobody"]


def test_elements_written_twice_are_framed_with_their_count(launches: dict[str, Launch]) -> None:
    picture = draw.thread_map(launches["redone"], "out")
    kept = drawn(picture)
    framed = [box for box, look in kept.boxes if look.get("line", 0) > 2]
    assert len(framed) == 28 and cells(kept).count("×2") == 28
    said = "28 elements, framed with the number of stores, were written twice by up to 2 blocks"
    assert said in picture.caption


def test_what_a_cell_of_several_stores_says_is_said(launches: dict[str, Launch]) -> None:
    last = "fill, hatch and names are of the last warp that wrote it."
    some = draw.thread_map(launches["redone"], "out").caption
    number = "The number in a cell is the lane, that in a frame is how often it was written"
    assert f"{number}; {last}" in some
    picture = draw.thread_map(launches["count"], "out")
    assert f"The number in a cell is how often it was written; {last}" in picture.caption
    assert "the lane" not in picture.caption.split("first is")[1]
    once = draw.thread_map(launches["stride"], "out").caption
    assert "The number in a cell is the lane; fill and hatch are its warp." in once


def test_of_several_stores_the_row_and_the_table_name_the_last_as_the_last() -> None:
    out = torch.zeros(40, dtype=torch.int32)
    x = torch.arange(40, dtype=torch.int32).repeat(3)
    picture = draw.thread_map(launched("written", "count", out, x), "out")
    assert picture.rows[0][1] == "block 0, warp 1, the last of 3"
    kept = drawn(draw.thread_map(launched("written", "count", out[:8], x[:8].repeat(2)), "out"))
    assert "last: block 0, warp 0" in kept.words()


def test_counts_of_two_digits_keep_their_sign_in_32_columns() -> None:
    out = torch.zeros(40, dtype=torch.int32)
    x = torch.arange(40, dtype=torch.int32).repeat(23)
    kept = drawn(draw.thread_map(launched("written", "count", out, x), "out"))
    assert cells(kept) == ["×23"] * 40


def test_a_launch_that_an_error_ended_is_told_as_such() -> None:
    launch = ended("written", "stride", torch.empty(40), numbers(8192), 2, 32, 8192)
    assert draw.thread_map(launch, "out").caption.endswith(
        "The launch of stride_k was ended by an error or a time limit: this is what happened "
        "before."
    )
    assert "ended" not in draw.thread_map(stride(), "out").caption


def test_one_element_is_one_element() -> None:
    launch = launched("written", "stride", torch.empty(1), numbers(1), 1, 32, 1)
    assert "wrote the only element of out, each once" in draw.thread_map(launch, "out").caption


def test_more_warps_than_fills_have_their_names_below_the_cells() -> None:
    out = torch.empty(40, 32)
    launch = launched("written", "add", out, numbers(40, 32), numbers(40, 32), 8, 8)
    picture = draw.thread_map(launch, "out")
    kept = drawn(picture)
    names = [text for _, _, text in kept.texts]
    # A warp has 4 rows of 8; shown are the rows 0 to 11 and 36 to 39.
    wanted = [(r, w) for r, w in ((0, 0), (0, 1), (1, 0), (4, 1))]
    assert [each for each in names if each.startswith("block")] == [
        f"block ({c}, {r}), warp {w}" for r, w in wanted for c in range(4)
    ]
    assert "below rows: warp; fills are used again" in kept.words()
    is_shown(picture)


def test_a_warp_of_one_column_has_its_number_below_the_last_of_its_rows() -> None:
    out = torch.empty(32, 32)
    picture = draw.thread_map(launched("written", "swapped", out, numbers(32, 32)), "out")
    kept = drawn(picture)
    below: dict[float, list[tuple[float, str]]] = {}
    for x, y, text in kept.texts:
        if text.isdigit() and y > 0.3:
            below.setdefault(round(y, 3), []).append((x, text))
    lines = [[text for _, text in sorted(below[y])] for y in sorted(below)]
    blocks, warps = ([str(n) for n in each] for each in (np.arange(32) // 8, np.arange(32) % 8))
    assert lines == [blocks, warps] * 2  # rows 0 to 11 and 28 to 31
    assert "below rows: linear number of the block, and below it warp" in kept.words()


def test_nine_warps_or_fewer_have_a_legend_and_no_names_below(
    launches: dict[str, Launch],
) -> None:
    kept = drawn(draw.thread_map(launches["add"], "out", rows=8, columns=16))
    assert "below rows" not in kept.words() and "block (0, 0), warp 0" in kept.words()


def test_atomic_operations_count_as_stores_and_all_their_warps_are_told(
    launches: dict[str, Launch],
) -> None:
    picture = draw.thread_map(launches["count"], "out")
    assert picture.caption.startswith("2 warps of 1 block wrote 13 of the 16 elements of out")
    assert "were written 6 to 7 times" in picture.caption


def test_a_warp_has_one_fill_and_a_block_has_one_if_that_is_asked_for(
    launches: dict[str, Launch],
) -> None:
    for by, count in (("warp", 6), ("block", 2)):
        kept = drawn(draw.thread_map(launches["stride"], "out", by=by))
        fills = {look["fill"].color for box, look in kept.boxes if hasattr(look["fill"], "hatch")}
        assert len(fills) == count


def test_the_caption_says_how_the_lanes_lie(launches: dict[str, Launch]) -> None:
    sentences = {
        "stride": "Lane l wrote column l.",
        "vectors": "Each lane wrote 4 neighbours, the next lane the 4 behind them.",
        "add": "Neighbours in a row were written by neighbouring lanes.",
        "swapped": "Neighbouring lanes wrote down a column: 128 bytes apart.",
    }
    for name, sentence in sentences.items():
        assert sentence in draw.thread_map(launches[name], "out").caption


def test_of_a_large_tensor_the_first_and_the_last_rows_are_shown_and_the_caption_says_so() -> None:
    launch = stride(9_990, 10_000, 10, 256)
    picture = draw.thread_map(launch, "out")
    assert "shown are rows 0 to 11 and 309 to 312 of 313" in picture.caption
    kept = drawn(picture)
    assert len(kept.rows()) == 16 and "⋮  297 rows not shown" in kept.words()
    assert picture.rows[-1][:2] == ["9,990 to 9,999", "nobody"]
    tail = draw.thread_map(launch, "out", rows=range(311, 313))
    assert len(drawn(tail).rows()) == 2 and tail.rows[-1] == picture.rows[-1]


def test_of_wide_rows_the_first_and_the_last_columns_are_shown() -> None:
    out = torch.empty(2, 100)
    launch = launched("written", "add", out, numbers(2, 100), numbers(2, 100), 32, 2)
    picture = draw.thread_map(launch, out)
    assert "shown are columns 0 to 23 and 92 to 99 of 100" in picture.caption
    assert [len(row) for row in drawn(picture).rows()] == [32, 32]
    middle = draw.thread_map(launch, out, columns=range(30, 40))
    assert drawn(middle).rows()[0] == ["30", "31", *map(str, range(8))]


def test_a_tensor_of_three_dimensions_stands_in_its_last_rows() -> None:
    out = torch.empty(2, 3, 8)
    flat = out.view(6, 8)
    launch = launched("written", "add", flat, numbers(6, 8), numbers(6, 8), 8, 6)
    picture = draw.thread_map(launch, out)
    assert picture.rows[0][0] == "[0, 0, 0] to [1, 0, 7]"
    assert [len(row) for row in drawn(picture).rows()] == [8] * 6


def test_wrong_arguments_are_named() -> None:
    launch = stride()
    assert error(lambda: draw.thread_map(launch, "y")) == (
        "thread_map: the call had no tensor 'y'; its tensors: out, x."
    )
    assert error(lambda: draw.thread_map(launch, np.zeros(2))) == (
        "thread_map: argument must be a tensor of the call, or its name (out, x); "
        "it was ndarray array([0., 0.])."
    )
    assert "thread_map: by must be" in error(lambda: draw.thread_map(launch, "out", by="lane"))
    wrong: list[Any] = [0, range(3, 3), range(15, 17), range(0, 4, 2), "all", True]
    for rows in wrong:
        assert "thread_map: rows must be" in error(
            lambda rows=rows: draw.thread_map(launch, "out", rows=rows)
        )
    assert "launch must be" in error(lambda: draw.thread_map("launch", "out"))  # type: ignore[arg-type]
    none = replace(launch, records=launch.records[:0])
    assert "there are no records" in error(lambda: draw.thread_map(none, "out"))
    part = replace(launch, complete=False)
    assert "are not complete" in error(lambda: draw.thread_map(part, "out"))


def test_linear_numbers_of_blocks_are_spread_over_the_grid(launches: dict[str, Launch]) -> None:
    launch = launches["add"]
    assert spread(4, launch.grid) == (1, 1, 0)
    assert any(row[1] == "block (1, 1), warp 0" for row in draw.thread_map(launch, "out").rows)
