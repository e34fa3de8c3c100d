"""The picture of shuffles: what every lane gave and got in every step, and whom it read."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
import torch
from pictured import drawn, error, is_shown, launched, numbers

from kbk import draw
from kbk.draw.rounds import cone, reach, rounds_of, steps_of, text_of
from kbk.sanitizer.history import EXCHANGE, Launch

MIXED = torch.tensor([(7 * i) % 32 - 5 for i in range(32)], dtype=torch.float32)


def integers(fill: Callable[[int], int] = lambda i: i) -> torch.Tensor:
    return torch.tensor([fill(i) for i in range(32)], dtype=torch.int32)


@pytest.fixture(scope="module")
def launches() -> dict[str, Launch]:
    int32 = torch.int32
    return {
        "argmax": launched(
            "shuffled", "argmax", torch.empty(32), torch.empty(32, dtype=int32), MIXED / 8
        ),
        "sum": launched("shuffled", "sum", torch.empty(1), numbers(32)),
        "scan": launched("shuffled", "scan", torch.empty(32, dtype=int32), integers()),
        "vote": launched(
            "shuffled", "vote", torch.empty(32, dtype=int32), integers(lambda i: i - 7)
        ),
        "ring": launched("shuffled", "ring", torch.empty(3, dtype=int32), integers()),
        "block_sum": launched("shared", "block_sum", torch.empty(2), numbers(2, 256)),
    }


NAMES = ["argmax", "sum", "scan", "vote", "ring", "block_sum"]


def exchanged(launch: Launch, warp: int = 0, block: int = 0) -> list[dict[int, tuple[int, ...]]]:
    """Of each step, by lane: bits given, bits got, and what stands for the space."""
    told = launch.records
    told = told[(told["access"] == EXCHANGE) & (told["block"] == block)]
    told = told[told["thread"] // 32 == warp]
    steps: list[dict[int, tuple[int, ...]]] = []
    for each in told:
        lane = int(each["thread"]) % 32
        if not steps or lane in steps[-1] or lane < max(steps[-1]):
            steps.append({})
        steps[-1][lane] = (int(each["address"]), int(each["value"]), int(each["space"]))
    return steps


@pytest.mark.parametrize("name", NAMES)
def test_the_table_says_of_every_step_and_lane_what_the_records_say(
    name: str, launches: dict[str, Launch]
) -> None:
    launch = launches[name]
    steps = exchanged(launch)
    dtype = {"argmax": ("float32", "int32"), "sum": "float32", "block_sum": "float32"}.get(
        name, "int32"
    )
    told: dict[int, dict[str, list[Any]]] = {}
    for first in (0, 6):
        if first == 6 and name != "block_sum":
            break
        picture = draw.shuffle(launch, dtype=dtype, first=first)
        for row in picture.rows:
            told.setdefault(row[0], {})[row[3].partition(",")[0]] = row[4:]
        is_shown(picture)
    assert list(told) == list(range(1, len(steps) + 1))
    for number, step in enumerate(steps, 1):
        both = [dtype] if isinstance(dtype, str) else dtype
        form = both[(number - 1) % len(both)]
        for lane in range(32):
            row = {what: values[lane] for what, values in told[number].items()}
            if lane not in step:
                assert set(row.values()) == {""}
                continue
            gave, got, space = step[lane]
            assert row["gave"] == text_of(gave, form)
            if space:
                assert row["read lane"] == space - 128
                assert row["got"] == text_of(got, form)
            else:
                assert row["got"] == f"0x{got:08x}"


@pytest.mark.parametrize("name", ["argmax", "sum", "scan", "ring", "block_sum"])
def test_a_lane_got_what_the_lane_that_it_read_gave(name: str, launches: dict[str, Launch]) -> None:
    for step in steps_of(launches[name], 0, 0):
        assert step.source
        for lane, source in step.source.items():
            assert step.got[lane] == step.gave[source]


def test_the_cells_show_the_values_and_the_lines_lead_to_the_readers(
    launches: dict[str, Launch],
) -> None:
    picture = draw.shuffle(launches["sum"], dtype="float32")
    kept = drawn(picture).rows()
    steps = exchanged(launches["sum"])
    assert len(kept) == len(steps) + 1
    for row, step in zip(kept, steps, strict=False):
        assert row == [text_of(step[lane][0], "float32") for lane in range(32)]
    assert kept[-1] == [text_of(steps[-1][lane][1], "float32") for lane in range(32)]


def test_a_value_and_its_index_stand_in_one_row(launches: dict[str, Launch]) -> None:
    picture = draw.shuffle(launches["argmax"])
    assert picture.caption.startswith(
        "Warp 0 of block 0 of argmax_k: 10 shuffles in 5 rows "
        "(xor 16; xor 8; xor 4; xor 2; xor 1). Behind them every lane has met values of 32 lanes."
    )
    assert [row[:4] for row in picture.rows[:4]] == [
        [1, "xor 16", "shuffled.cu:7", "gave, float32"],
        [1, "xor 16", "shuffled.cu:7", "read lane"],
        [1, "xor 16", "shuffled.cu:7", "got"],
        [2, "xor 16", "shuffled.cu:8", "gave, int32"],
    ]


def test_every_kind_of_shuffle_is_named(launches: dict[str, Launch]) -> None:
    def kinds(name: str, warp: int = 0) -> list[str]:
        launch = launches[name]
        return [each.what for each in rounds_of(launch, steps_of(launch, 0, warp), ())]

    assert kinds("sum") == ["down 16", "down 8", "down 4", "down 2", "down 1"]
    assert kinds("scan") == ["up 1", "up 2", "up 4", "up 8", "up 16"]
    assert kinds("vote") == ["ballot", "from lane 8"]
    assert kinds("ring") == ["any lane"]
    assert kinds("block_sum") == [f"xor {d}" for d in (16, 8, 4, 2, 1, 4, 2, 1)]
    assert kinds("block_sum", 3) == [f"xor {d}" for d in (16, 8, 4, 2, 1)]


def test_what_leads_to_a_lane_is_followed_back_through_the_rounds(
    launches: dict[str, Launch],
) -> None:
    launch = launches["sum"]
    rounds = rounds_of(launch, steps_of(launch, 0, 0), ())
    assert [len(each) for each in cone(rounds, 0)] == [32, 16, 8, 4, 2, 1]
    assert cone(rounds, 31) == [{31}] * 6
    assert {lane for lane, met in reach(rounds).items() if len(met) == 32} == {0}
    kept = drawn(draw.shuffle(launch))
    filled = [box for box, look in kept.boxes if hasattr(look["fill"], "hatch")]
    assert len(filled) == 32 + 16 + 8 + 4 + 2 + 1


def test_without_a_lane_the_one_that_most_have_reached_is_followed(
    launches: dict[str, Launch],
) -> None:
    assert "leads to lane 31, values of 32 lanes" in draw.shuffle(launches["scan"]).caption
    assert "leads to lane 3, values of 4 lanes" in draw.shuffle(launches["scan"], lane=3).caption


def test_a_vote_shows_the_predicates_and_the_mask_that_all_got(
    launches: dict[str, Launch],
) -> None:
    picture = draw.shuffle(launches["vote"])
    kept = drawn(picture)
    assert kept.rows()[0] == ["0"] * 8 + ["1"] * 24
    assert "→ 0xffffff00" in kept.words()
    assert "1 shuffle and 1 other collective" in picture.caption


def test_lanes_that_took_no_part_are_dotted(launches: dict[str, Launch]) -> None:
    kept = drawn(draw.shuffle(launches["ring"]))
    assert kept.rows() == [["0", "1", "2"], ["1", "2", "0"]]
    assert sum(look.get("style") == ":" for _, look in kept.boxes) == 2 * 29


def test_values_of_no_told_type_are_guessed_from_their_bits(launches: dict[str, Launch]) -> None:
    for name, dtypes in (
        ("sum", {"float32"}),
        ("scan", {"int32"}),
        ("argmax", {"float32", "int32"}),
    ):
        rows = draw.shuffle(launches[name]).rows
        told = {str(row[3]).partition(", ")[2] for row in rows if str(row[3]).startswith("gave")}
        assert told == dtypes


def test_more_rows_than_fit_are_shown_from_a_first_one(launches: dict[str, Launch]) -> None:
    launch = launches["block_sum"]
    assert "Shown are rows 1 to 6 of 8." in draw.shuffle(launch).caption
    assert "Shown are rows 7 to 8 of 8." in draw.shuffle(launch, first=6).caption


def test_the_table_goes_on_counting_where_an_earlier_picture_ended(
    launches: dict[str, Launch],
) -> None:
    rows = draw.shuffle(launches["block_sum"], first=6).rows
    assert sorted({row[0] for row in rows}) == [7, 8]
    rows = draw.shuffle(launches["argmax"], first=3).rows  # two steps a row
    assert sorted({row[0] for row in rows}) == [7, 8, 9, 10]


def test_values_that_were_loaded_since_begin_anew(launches: dict[str, Launch]) -> None:
    launch = launches["block_sum"]
    rounds = rounds_of(launch, steps_of(launch, 0, 0), ("float32",))
    # Eight lanes load the sums of the warps, the others give 0.
    assert [len(each.anew) for each in rounds] == [0, 0, 0, 0, 0, 32, 0, 0]
    assert {len(met) for met in reach(rounds).values()} == {8}
    assert [len(each) for each in cone(rounds, 0)] == [0, 0, 0, 0, 0, 8, 4, 2, 1]
    picture = draw.shuffle(launch, first=2)
    assert "Row 6 begins anew: nothing leads to it" in picture.caption
    assert "Since row 6 every lane has met values of 8 lanes." in picture.caption
    assert "values of 32 lanes" not in draw.shuffle(launch).caption
    kept = drawn(picture)
    assert [text for _, _, text in kept.texts].count("got") == 2
    assert "below: loaded since" in kept.words()
    # The row that ends has its own results below it.
    assert kept.rows()[3] == list(rounds[4].results[0].values())
    assert kept.rows()[4] == list(rounds[5].values[0].values())


def test_sums_and_smaller_ones_of_two_values_do_not_begin_anew(
    launches: dict[str, Launch],
) -> None:
    for name in ("argmax", "sum", "scan", "ring"):
        launch = launches[name]
        assert not any(each.anew for each in rounds_of(launch, steps_of(launch, 0, 0), ()))


@pytest.mark.parametrize(
    "value, text",
    [
        (17376.0, "17376"),
        (9999999.0, "9999999"),
        (-1048577.0, "-1048577"),
        (16777216.0, "1.68e7"),
        (1234.5, "1.23e3"),
        (123.75, "123.8"),
        (100.03125, "100.0"),
        (0.03125, "0.0312"),
        (1e-7, "1e-7"),
        (-0.0, "-0.0"),
        (float("inf"), "inf"),
    ],
)
def test_a_rounded_value_does_not_look_like_a_whole_number(value: float, text: str) -> None:
    bits = int.from_bytes(struct.pack("<f", value), "little")
    assert text_of(bits, "float32") == text


def test_a_large_sum_is_told_exactly_everywhere(launches: dict[str, Launch]) -> None:
    picture = draw.shuffle(launches["block_sum"], first=5, dtype="float32")
    assert picture.rows[0][4] == "528"  # 1 + ... + 32
    assert picture.rows[-1][4] == "18496" and "got 18496" in picture.alt


def test_a_dtype_of_torch_is_taken(launches: dict[str, Launch]) -> None:
    launch = launches["argmax"]
    named = draw.shuffle(launch, dtype=("float32", "int32")).rows
    assert draw.shuffle(launch, dtype=(torch.float32, torch.int32)).rows == named
    assert draw.shuffle(launch, dtype=torch.int32).rows[0][3] == "gave, int32"
    for wrong in (torch.complex64, 7, object()):
        assert "dtype must be" in error(lambda: draw.shuffle(launch, dtype=wrong))  # noqa: B023


def test_what_is_filled_and_what_a_dot_is_stands_below(launches: dict[str, Launch]) -> None:
    said = drawn(draw.shuffle(launches["sum"])).words()
    assert "filled, thick line: leads to lane 0; dot: the lane that read" in said


def test_wrong_arguments_are_named(launches: dict[str, Launch]) -> None:
    launch = launches["block_sum"]
    assert error(lambda: draw.shuffle(launch, warp=9)) == (
        "shuffle: warp 9 of block 0 of block_sum_k exchanged no values; these did: "
        "of block 0 warps 0 to 7; of block 1 warps 0 to 7."
    )
    assert "lane must be 0 to 31" in error(lambda: draw.shuffle(launch, lane=32))
    assert "first must be 0 to 7" in error(lambda: draw.shuffle(launch, first=8))
    assert "dtype must be" in error(lambda: draw.shuffle(launch, dtype="float"))
    other = launched("written", "vectors", torch.empty(128), numbers(128))
    assert error(lambda: draw.shuffle(other)) == "shuffle: no warp of vector_k exchanged values."
