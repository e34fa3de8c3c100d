"""The picture of shared memory: where elements lie, who stores them, when they live."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from pictured import drawn, error, is_shown, launched, numbers

from kbk import draw
from kbk.draw.arena import offset_of, offsets
from kbk.draw.carving import arena_of
from kbk.draw.lives import _carried, bank_rule, life_of, thread_rule, threads_name
from kbk.draw.theme import DARK, LIGHT, Fill
from kbk.sanitizer.history import READ, SHARED, WRITE, Launch, SharedVariable


def decode(d: int, e: int, heads: int = 2) -> Launch:
    return launched(
        "shared",
        "decode",
        torch.empty(heads, e),
        numbers(heads, d, e),
        numbers(heads, d),
        numbers(heads, d),
        numbers(heads, e),
    )


def transpose(padded: bool) -> Launch:
    return launched("shared", "transpose", torch.empty(64, 64), numbers(64, 64), padded)


@pytest.fixture(scope="module")
def launches() -> dict[str, Launch]:
    return {
        "padded": transpose(True),
        "unpadded": transpose(False),
        "tree": launched("shared", "tree", torch.empty(2), numbers(2, 256)),
        "block_sum": launched("shared", "block_sum", torch.empty(2), numbers(2, 256)),
        "decode": decode(96, 96),
        "uneven": decode(12, 40),
        "carved": launched("shared", "carved", torch.empty(64), numbers(64)),
        "fresh": launched("shared", "fresh", torch.empty(32)),
        "kept": launched("shared", "kept", torch.empty(64), numbers(64)),
    }


NAMES = ["padded", "unpadded", "tree", "block_sum", "decode", "uneven", "carved", "fresh", "kept"]


def touches(launch: Launch, block: int = 0) -> list[Any]:
    told = launch.records
    return list(told[(told["space"] == SHARED) & (told["block"] == block)])


# --- the table against the records


@pytest.mark.parametrize("name", NAMES)
def test_the_table_says_of_every_part_and_interval_who_stored_and_loaded(
    name: str, launches: dict[str, Launch]
) -> None:
    launch = launches[name]
    parts = {part.name: part for part in arena_of(launch, 0).parts}
    threads: dict[tuple[str, int, str], set[int]] = defaultdict(set)
    elements: dict[tuple[str, int, str], set[int]] = defaultdict(set)
    for each in touches(launch):
        (part,) = (p for p in parts.values() if p.base <= each["address"] < p.base + p.size)
        key = (part.name, int(each["interval"]), {WRITE: "store", READ: "load"}[each["access"]])
        threads[key].add(int(each["thread"]))
        elements[key].add((int(each["address"]) - part.base) // part.element)
    picture = draw.shared_memory(launch)
    told = {
        (row[0], row[4], row[5]): (row[1], row[6])
        for row in picture.rows
        if row[5] in ("store", "load")
    }
    all_ = int(np.prod(launch.block))
    assert told == {
        key: (len(elements[key]), threads_name(tuple(sorted(threads[key])), all_))
        for key in threads
    }
    is_shown(picture)


@pytest.mark.parametrize("name", NAMES)
def test_values_are_carried_over_a_barrier_if_they_are_loaded_behind_it_before_the_next_store(
    name: str, launches: dict[str, Launch]
) -> None:
    launch = launches[name]
    parts = arena_of(launch, 0).parts
    last: dict[int, int] = {}  # by address, the interval of its store
    crossed: dict[tuple[str, int], set[int]] = defaultdict(set)
    for each in touches(launch):
        address, interval = int(each["address"]), int(each["interval"])
        if each["access"] == WRITE:
            last[address] = interval
        elif address in last:
            (part,) = (p for p in parts if p.base <= address < p.base + p.size)
            for barrier in range(last[address] + 1, interval + 1):
                crossed[part.name, barrier].add(address)
    told = {
        (row[0], int(row[5].removeprefix("across barrier "))): row[1]
        for row in draw.shared_memory(launch).rows
        if str(row[5]).startswith("across")
    }
    assert told == {key: len(addresses) for key, addresses in crossed.items()}


KINDS = ((0, int), (1, bool), (2, int))  # of the columns of an event


def test_crossings_are_counted_as_by_a_walk_through_the_events() -> None:
    pick = random.Random(0)
    for _ in range(200):
        count, intervals = pick.randint(0, 30), pick.randint(1, 5)
        times = sorted(pick.randrange(intervals) for _ in range(count))
        events = [(pick.randrange(4), pick.random() < 0.4, at) for at in times]
        value: dict[int, list[int]] = {}  # by element: interval of its store, of its last load
        values, fresh = [], set()
        for element, stored, at in events:
            if stored:
                value[element] = [at, -1]
                values.append(value[element])
            elif element in value:
                value[element][1] = at
            else:
                fresh.add(element)
        columns = [np.array([each[at] for each in events], kind) for at, kind in KINDS]
        carried, unread, unstored = _carried(*columns, intervals)
        assert carried == tuple(
            sum(store <= at < load for store, load in values) for at in range(intervals - 1)
        )
        assert unread == sum(load < 0 for _, load in values)
        assert unstored == len(fresh)


# --- the elements


def first_stores(launch: Launch, block: int = 0) -> dict[int, int]:
    """By address, the thread that stored there first."""
    found: dict[int, int] = {}
    for each in touches(launch, block):
        if each["access"] == WRITE:
            found.setdefault(int(each["address"]), int(each["thread"]))
    return found


@pytest.mark.parametrize("name", ["padded", "unpadded", "decode", "uneven"])
def test_a_reader_who_has_only_the_caption_knows_thread_and_bank_of_every_element(
    name: str, launches: dict[str, Launch]
) -> None:
    launch = launches[name]
    picture = draw.shared_memory(launch)
    rule = re.search(
        r"tile\[r\]\[c\] is stored first by thread (.+) and lies in bank (.+?)\. ", picture.caption
    )
    assert rule
    thread, bank = (text.replace("·", "*").replace("mod", "%") for text in rule.groups())
    (part,) = (p for p in arena_of(launch, 0).parts if p.name == "tile")
    start = part.base - part.offset  # of the arena, on a GPU
    stored = first_stores(launch)
    rows, columns = part.shape
    assert rows * columns > 400
    for r in range(rows):
        for c in range(columns):
            address = part.base + (r * part.pitch + c) * part.element
            assert eval(thread, {"r": r, "c": c}) == stored[address]
            assert eval(bank, {"r": r, "c": c}) == (address - start) // 4 % 32


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_shows_the_lane_of_the_first_store_above_and_the_bank_below(
    name: str, launches: dict[str, Launch]
) -> None:
    launch = launches[name]
    picture = draw.shared_memory(launch)
    arena = arena_of(launch, 0)
    part = max(arena.parts, key=lambda p: int(life_of(arena, p).touched.sum()) * p.element)
    stored = first_stores(launch)
    labels = drawn(picture).rows()
    pitch = part.pitch if part.shape[0] > 1 else min(part.count, 32)
    rows = -(-part.count // pitch)
    shown = range(rows) if rows <= 8 else [*range(6), rows - 2, rows - 1]
    columns = range(pitch) if pitch <= 34 else [*range(26), *range(pitch - 8, pitch)]
    expected = []
    for row in shown:
        flats = [row * pitch + c for c in columns if row * pitch + c < part.count]
        addresses = [part.base + flat * part.element for flat in flats]
        lanes = [str(stored[a] % 32) for a in addresses if a in stored]
        banks = [str((a - part.base + part.offset) // 4 % 32) for a in addresses]
        expected += [lanes, banks]
    assert labels == expected


def test_padding_is_hollow_and_counted(launches: dict[str, Launch]) -> None:
    picture = draw.shared_memory(launches["padded"])
    assert ["tile", 32, "", "", "", "never touched", "", ""] in picture.rows
    kept = drawn(picture)
    hollow = [
        box for box, look in kept.boxes if look["fill"] == "#FFFFFF" and look.get("line") == 0.8
    ]
    assert len(hollow) >= 32  # on the banks: one word a row
    dotted = [
        box for box, look in kept.boxes if look.get("style") == ":" and look.get("line") == 0.9
    ]
    assert len(dotted) == 8  # among the elements: one a shown row
    assert not any(
        row[5] == "never touched" for row in draw.shared_memory(launches["unpadded"]).rows
    )


# --- parts


def test_dynamic_memory_is_told_apart_and_named_as_the_source_names_it(
    launches: dict[str, Launch],
) -> None:
    parts = arena_of(launches["uneven"], 0).parts
    assert [(p.name, p.offset, p.shape, p.pitch) for p in parts] == [
        ("s_q", 0, (1, 12), 12),
        ("s_k", 48, (1, 12), 12),
        ("s_v", 96, (1, 40), 40),
        ("tile", 256, (12, 40), 41),
    ]
    assert [p.size for p in parts] == [48, 48, 160, 12 * 41 * 4]


def test_parts_of_raw_bytes_have_the_types_of_their_pointers_and_the_gap_is_free(
    launches: dict[str, Launch],
) -> None:
    arena = arena_of(launches["carved"], 0)
    assert [(p.name, p.offset, p.size, p.element, p.dtype) for p in arena.parts] == [
        ("kept", 0, 256, 4, "float32"),
        ("small", 272, 128, 2, "float16"),
    ]
    assert arena.size == 64 * 4 + 16 + 64 * 2 + 64
    assert bank_rule(arena.parts[1]) == "⌊(2 · i + 16) / 4⌋ mod 32"


def test_without_a_source_parts_are_called_by_their_bytes(launches: dict[str, Launch]) -> None:
    launch = replace(launches["uneven"], sources={})
    assert [p.name for p in arena_of(launch, 0).parts] == [
        "bytes 0 to 47",
        "bytes 48 to 95",
        "bytes 96 to 255",
        "bytes 256 to 2219",
    ]
    is_shown(draw.shared_memory(launch))


def test_variables_lie_side_by_side_and_dynamic_memory_behind_them() -> None:
    def variable(size: int, element: int, dynamic: bool = False) -> SharedVariable:
        return SharedVariable("v", 0, size, element, (), "f", dynamic)

    some = (variable(6, 2), variable(8, 8), variable(20, 4), variable(100, 4, True))
    assert offsets(some) == [0, 8, 16, 48]


def test_a_byte_of_the_arena_has_its_place_on_a_gpu(launches: dict[str, Launch]) -> None:
    for name in ("padded", "kept", "carved"):
        for part in arena_of(launches[name], 0).parts:
            for byte in (0, 1, part.size - 1):
                assert offset_of(launches[name], part.base + byte) == part.offset + byte


def test_the_rule_of_threads_is_one_that_holds_for_all_elements_or_none(
    launches: dict[str, Launch],
) -> None:
    arena = arena_of(launches["block_sum"], 0)
    life = life_of(arena, arena.parts[0])
    assert life.thread.tolist() == [32 * warp for warp in range(8)]
    assert thread_rule(life, 256) == "32 · i"
    life.thread[5] += 1
    assert thread_rule(life, 256) == ""
    tree = arena_of(launches["tree"], 0)
    assert thread_rule(life_of(tree, tree.parts[0]), 256) == "i"


# --- words and choices


def test_loads_of_what_nobody_stored_are_told(launches: dict[str, Launch]) -> None:
    picture = draw.shared_memory(launches["fresh"])
    assert "1 element of b was loaded before any store." in picture.caption


def test_the_caption_tells_the_barriers_that_values_live_across(
    launches: dict[str, Launch],
) -> None:
    said = draw.shared_memory(launches["decode"]).caption
    assert said.startswith("Block 0 of decode_k has 38,400 bytes of shared memory in 4 parts")
    assert (
        "Values of s_q live across barriers 1 and 2. Values of s_k live across barrier 1." in said
    )
    assert "Values of tile live across barrier 2." in said
    assert "barriers 1 to 9" in draw.shared_memory(launches["tree"]).caption


def test_barriers_are_rules_and_many_intervals_are_cut(launches: dict[str, Launch]) -> None:
    words = drawn(draw.shared_memory(launches["decode"])).words()
    assert "| barrier 1 |" in words and "| barrier 2 |" in words
    words = drawn(draw.shared_memory(launches["tree"])).words()
    assert "| interval | 0 | 1 | 2 | 8 | ⋯ | 9 | barrier 1 | barrier 2 | barrier 9 |" in words


def test_another_variable_another_block_and_other_rows_can_be_shown(
    launches: dict[str, Launch],
) -> None:
    picture = draw.shared_memory(launches["uneven"], 1, variable="s_v", row=8)
    assert "s_v[r][c] is stored first by thread (8 · r + c) mod 128" in picture.caption
    assert picture.caption.startswith("Block 1 of")
    labels = drawn(picture).rows()
    assert labels[2] == [str(each) for each in range(8, 16)]
    is_shown(picture)


def test_a_variable_of_three_dimensions_has_its_indices_and_a_single_one_none(
    launches: dict[str, Launch],
) -> None:
    picture = draw.shared_memory(launches["kept"])
    assert "Row r, column c of cube is stored first by thread (8 · r + c) mod 64" in picture.caption
    words = drawn(picture).words()
    assert "Where is row r, column c of cube?" in words and "| [1][3] |" in words
    assert "cube[2][4][9], 8 columns used" in words
    assert any(row[0] == "cube[1][3][0] to cube[1][3][7]" for row in picture.rows)
    single = draw.shared_memory(launches["kept"], variable="one")
    assert "one is stored first by thread 0 and lies in bank 8." in single.caption


def test_a_store_never_looks_hollow(launches: dict[str, Launch]) -> None:
    for dark in (False, True):
        theme = DARK if dark else LIGHT
        assert all(fill.color != theme.paper for fill in theme.fills)
    picture = draw.shared_memory(launches["padded"])
    maps = [look["fill"] for _, look in drawn(picture).boxes if look.get("line") == 0.3]
    assert maps and all(isinstance(fill, Fill) for fill in maps)


def test_wrong_arguments_are_named(launches: dict[str, Launch]) -> None:
    launch = launches["uneven"]
    assert error(lambda: draw.shared_memory(launch, variable="out")) == (
        "shared_memory: variable must be one of s_q, s_k, s_v, tile; it was str 'out'."
    )
    assert "block must be 0 to 1" in error(lambda: draw.shared_memory(launch, 2))
    assert "block must be an integer" in error(lambda: draw.shared_memory(launch, True))
    assert "row must be 1 to 492" in error(lambda: draw.shared_memory(launch, row=0))
    other = launched("written", "vectors", torch.empty(128), numbers(128))
    assert "touched no shared memory" in error(lambda: draw.shared_memory(other))
