"""The parts that make a replay: events, requests, their order, arrays and numbers."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from replayed_sources import PROGRAMS
from replaying import run

from kbk.draw.replays import numbers
from kbk.draw.replays.arrays import Arrays
from kbk.draw.replays.events import CHANGES, READS, WRITES, Access, Meeting, events_of
from kbk.draw.replays.order import RECORDED, TURNS, merged
from kbk.draw.replays.profiled import grouping
from kbk.draw.replays.requests import by_lowest_place, cost_of, reads_first, request_of
from kbk.draw.replays.sources import Sources
from kbk.sanitizer.history import (
    AFTER,
    ATOMIC,
    CONTINUES,
    EXCHANGE,
    GLOBAL,
    MEETING,
    READ,
    RECORD,
    SHARED,
    WRITE,
    Launch,
)


def launch_of(*rows: dict[str, Any]) -> Launch:
    records = np.zeros(len(rows), RECORD)
    for record, row in zip(records, rows, strict=True):
        for name, value in row.items():
            record[name] = value
    return Launch("k", (1, 1, 1), (64, 1, 1), 1, True, records)


def access(thread: int, pc: int, kind: str = READS, **more: Any) -> Access:
    told = {"space": GLOBAL, "address": 4 * thread, "interval": 0, "at": thread, "size": 4}
    return Access(thread, kind, pc, **{**told, **more})


def pcs(lanes: dict[int, list[Any]]) -> list[tuple[int, list[int]]]:
    """The requests of a warp: address of the code, and lanes."""
    filled = [lanes.get(lane, []) for lane in range(32)]
    return [(each.pc, sorted(each.accesses)) for each in by_lowest_place(0, filled)]


# --- events


def test_records_that_continue_are_one_access() -> None:
    launch = launch_of(
        {"access": WRITE, "bytes": 8, "value": 1, "address": 16, "thread": 33},
        {"access": WRITE, "bytes": 8, "value": 2, "address": 24, "thread": 33, "marks": CONTINUES},
        {"access": WRITE, "bytes": 4, "value": 3, "address": 32, "thread": 33},
    )
    first, second = events_of(launch, 0)[1][1]
    assert isinstance(first, Access) and isinstance(second, Access)
    assert (first.size, first.data, first.address, first.at) == (16, 1 | 2 << 64, 16, 0)
    assert (second.size, second.data, second.at) == (4, 3, 2)


def test_an_atomic_access_is_told_with_before_and_after() -> None:
    launch = launch_of(
        {"access": ATOMIC, "bytes": 4, "value": 5, "address": 16},
        {"access": ATOMIC, "bytes": 4, "value": 9, "address": 16, "marks": AFTER},
        {"access": ATOMIC, "bytes": 4, "value": 9, "address": 16},
        {"access": ATOMIC, "bytes": 4, "value": 10, "address": 16, "marks": AFTER},
    )
    found = events_of(launch, 0)[0][0]
    assert [(e.kind, e.data, e.after) for e in found if isinstance(e, Access)] == [
        (CHANGES, 5, 9),
        (CHANGES, 9, 10),
    ]


def test_a_meeting_stands_with_each_of_its_lanes() -> None:
    launch = launch_of(
        {"access": READ, "bytes": 4, "thread": 32},
        {"access": MEETING, "thread": 32, "address": 0b11, "bytes": 3},
        {"access": EXCHANGE, "thread": 32, "address": 7, "value": 8, "bytes": 3, "pc": 99},
        {"access": EXCHANGE, "thread": 33, "address": 8, "value": 8, "bytes": 3, "pc": 99},
    )
    lanes = events_of(launch, 0)[1]
    meeting = lanes[0][1]
    assert isinstance(meeting, Meeting) and lanes[1] == [meeting]
    assert (meeting.op, meeting.pc, meeting.given) == (3, 99, {0: (7, 8), 1: (8, 8)})


# --- requests


def test_lanes_at_one_place_are_one_request() -> None:
    lanes = {lane: [access(lane, 10), access(lane, 20)] for lane in range(32)}
    assert pcs(lanes) == [(10, list(range(32))), (20, list(range(32)))]


def test_lanes_that_part_meet_again() -> None:
    lanes = {
        0: [access(0, 10), access(0, 20), access(0, 40)],
        1: [access(1, 10), access(1, 30), access(1, 40)],
    }
    assert pcs(lanes) == [(10, [0, 1]), (20, [0]), (30, [1]), (40, [0, 1])]


def test_lanes_that_leave_a_loop_wait_behind_it() -> None:
    lanes = {lane: [access(lane, 10)] * (lane + 1) + [access(lane, 20)] for lane in range(3)}
    assert pcs(lanes) == [(10, [0, 1, 2]), (10, [1, 2]), (10, [2]), (20, [0, 1, 2])]


def test_no_lane_passes_a_barrier_alone() -> None:
    lanes = {
        0: [access(0, 10), access(0, 10, interval=1)],
        1: [access(1, 30), access(1, 10, interval=1)],
    }
    assert pcs(lanes) == [(10, [0]), (30, [1]), (10, [0, 1])]


def test_a_collective_waits_for_its_lanes() -> None:
    meeting = Meeting(warp=0, lanes=0b11, op=1, interval=0, at=5, pc=15)
    lanes = [[access(0, 10), meeting, access(0, 12)], [access(1, 14), meeting, access(1, 12)]]
    found = by_lowest_place(0, [*lanes, *[[]] * 30])
    assert [(each.kind, each.pc) for each in found] == [
        (READS, 10),
        (READS, 14),
        ("X", 15),
        (READS, 12),
    ]


def test_a_read_and_a_write_at_one_place_are_two_requests() -> None:
    lanes = {n: [access(n, 10), access(n, 10, WRITES)] for n in range(2)}
    found = by_lowest_place(0, [lanes.get(n, []) for n in range(32)])
    assert [each.kind for each in found] == [READS, WRITES]


def test_a_copy_reads_before_it_writes() -> None:
    def copies(address: int) -> list[Any]:
        return reads_first(
            [
                request_of(0, {0: access(0, 10, WRITES, address=0, at=4, data=7)}),
                request_of(0, {0: access(0, 20, READS, address=address, at=5, data=7)}),
            ]
        )

    assert [each.kind for each in copies(64)] == [READS, WRITES]
    assert [each.kind for each in copies(0)] == [WRITES, READS]  # it reads what it has written


@pytest.mark.parametrize("name", PROGRAMS)
def test_without_a_profiler_requests_are_those_of_the_profiler(name: str) -> None:
    import kbk

    program = PROGRAMS[name]
    module = kbk.load_inline(program.name, cuda_sources=program.source, functions=[program.name])
    with kbk.profile() as p:
        getattr(module, program.name)(*program.arguments().values())
    (launch,) = p.launches
    profiled = grouping(launch, 0)
    for warp, lanes in enumerate(events_of(launch, 0)):
        one, two = by_lowest_place(warp, lanes), profiled(warp, lanes)
        assert [(e.pc, e.lanes, e.kind) for e in one] == [(e.pc, e.lanes, e.kind) for e in two]
        mine = launch.requests[(launch.requests["block"] == 0) & (launch.requests["warp"] == warp)]
        told = [cost_of(each) for each in two if each.meeting is None]
        assert told == list(zip(mine["cost"].tolist(), mine["ideal"].tolist(), strict=True))
        plain = [n for n, each in enumerate(one) if each.kind in (READS, WRITES)]
        assert [cost_of(one[n]) for n in plain] == [cost_of(two[n]) for n in plain]


def test_requests_that_the_profiler_did_not_keep_are_made_all_the_same() -> None:
    import kbk

    program = PROGRAMS["transpose"]
    module = kbk.load_inline("transpose", cuda_sources=program.source, functions=["transpose"])
    counts = []
    for most in (0, 10, 50_000):
        with kbk.profile(most_requests=most) as p:
            module.transpose(*program.arguments().values())
        (launch,) = p.launches
        lanes = events_of(launch, 0)
        counts.append([len(grouping(launch, 0)(n, each)) for n, each in enumerate(lanes)])
    assert counts[0] == counts[1] == counts[2] == [16] * 8


# --- their order


def test_warps_take_turns_or_follow_the_record() -> None:
    def request(warp: int, at: int, interval: int = 0) -> Any:
        return request_of(warp, {0: access(0, 1, at=at, interval=interval)})

    warps = [
        [request(0, 1), request(0, 2), request(0, 9, 1)],
        [request(1, 3), request(1, 4), request(1, 7, 1)],
    ]
    turns = [(each.warp, each.at) for each in merged(warps, TURNS)]
    assert turns == [(0, 1), (1, 3), (0, 2), (1, 4), (0, 9), (1, 7)]
    recorded = [(each.warp, each.at) for each in merged(warps, RECORDED)]
    assert recorded == [(0, 1), (0, 2), (1, 3), (1, 4), (1, 7), (0, 9)]


# --- arrays and sources


def test_an_address_is_an_element_of_an_array() -> None:
    launch, arguments = run(PROGRAMS["transpose"])
    accesses = [e for w in events_of(launch, 0) for lane in w for e in lane]
    arrays = Arrays(launch, 0, [each for each in accesses if isinstance(each, Access)])
    x = next(n for n, each in enumerate(arrays.all) if each.name == "x")
    address = arguments["x"].data_ptr()
    assert arrays.find(GLOBAL, address + 4 * 45 + 6) == (x, 46, 2)
    assert arrays.find(GLOBAL, address - 4) is None
    tile = launch.shared[0]
    found = arrays.find(SHARED, tile.offset + 4 * 33)
    assert found is not None and arrays.all[found[0]].name == "tile" and found[1:] == (33, 0)
    assert arrays.find(SHARED, tile.offset + tile.size) is None


def test_a_barrier_is_marked_where_only_one_can_be_meant() -> None:
    launch, _ = run(PROGRAMS["count"])
    records = launch.records
    sources = Sources(launch, records["pc"].tolist())
    lines = {sources.places[sources.place(pc)][0][1]: pc for pc in set(records["pc"].tolist())}
    marked = sources.barrier([lines[6]], [lines[8]])
    assert sources.places[marked] == [[0, 7]]
    assert sources.barrier([lines[6]], [lines[20]]) == -1  # three of them
    assert sources.barrier([lines[15]], [lines[13]]) == -1  # back in a loop
    assert sources.adds(lines[8]) and not sources.adds(lines[6])


# --- numbers


def bits_of(value: float) -> int:
    return int.from_bytes(struct.pack("<f", value), "little")


@pytest.mark.parametrize(
    "bits, dtype, size, shown",
    [
        (bits_of(1.23456), "float32", 4, 1.235),
        (bits_of(-2.0), "float32", 4, -2),
        (bits_of(-0.0), "float32", 4, "-0"),
        (bits_of(float("nan")), "float32", 4, "nan"),
        (bits_of(float("-inf")), "float32", 4, "-inf"),
        (0x3F80, "bfloat16", 2, 1),
        (0x3C00, "float16", 2, 1),
        (0xFFFFFFFF, "int32", 4, -1),
        (0xFFFFFFFF, "uint32", 4, 4294967295),
        (1 << 60, "int64", 8, str(1 << 60)),
        (1, "bool", 1, 1),
        (0x1F, None, 2, "0x001f"),
    ],
)
def test_bits_are_shown_as_the_number_that_they_are(
    bits: int, dtype: str | None, size: int, shown: object
) -> None:
    assert numbers.number(bits, dtype, size) == shown


@pytest.mark.parametrize(
    "values, size, names, dtype",
    [
        ([bits_of(0.5), bits_of(-3.0), 0], 4, [], "float32"),
        ([1, 2, 3, 0xFFFFFFFF], 4, [], "int32"),
        ([0xDEADBEEF, 0x12345, 0xFFFF0001], 4, [], "uint32"),
        ([3], 2, ["float32", "bfloat16"], "bfloat16"),
        ([3], 2, [], "uint16"),
        ([3], 1, [], "uint8"),
    ],
)
def test_a_type_that_nobody_told_is_guessed(
    values: list[int], size: int, names: list[str], dtype: str
) -> None:
    assert numbers.guess(values, size, names) == dtype
