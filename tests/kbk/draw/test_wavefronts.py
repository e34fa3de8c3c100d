"""A request on the banks: the wavefronts are those of the trace, and what differs is marked."""

from __future__ import annotations

import random

import numpy as np
import pytest

from kbk.draw import banks, coalescing
from kbk.draw.requests import find
from kbk.draw.wavefronts import WORD, wavefronts_of
from kbk.errors import ArgumentError
from kbk.sanitizer.history import SharedVariable
from tests.kbk.draw.made import ATOM, LD, RED, Made, request
from tests.kbk.draw.pictured import drawn
from tests.kbk.draw.reading import hatched, loose_ends, words
from tests.kbk.draw.requested import launches

TILE = SharedVariable("tile", 0, 32 * 33 * 4, 4, (32, 33), "f", False)


def made(offsets: object, **more: int) -> Made:
    """A launch of one request for a tile of 32 x 33 floats."""
    return Made(request(offsets, shared=True, **more), shared=(TILE,))  # type: ignore[arg-type]


DRAWN = {
    "row": made([4 * lane for lane in range(32)]),
    "column": made([128 * lane for lane in range(32)]),
    "padded": made([132 * lane for lane in range(32)]),
    "broadcast": made([20] * 32),
    "doubles": made([8 * lane for lane in range(32)], bytes=8),
    "vectors": made([64 * lane for lane in range(32)], bytes=16),
    "halves": made([2 * lane for lane in range(32)], bytes=2),
    "few": made({1: 0, 30: 128}),
}


def test_every_request_of_a_run_has_the_wavefronts_that_the_trace_counted() -> None:
    seen = set()
    for launch in launches().values():
        for number in range(int((launch.requests["space"] == 1).sum())):
            found = find("test", launch, shared=True, request=number)
            wavefronts = wavefronts_of(found)
            assert len(wavefronts) == found.cost
            assert sum(each.excess for each in wavefronts) == found.excess
            seen.add((found.bytes, found.cost))
    assert {(4, 1), (4, 32), (8, 2)} <= seen


def test_each_lane_gets_each_of_its_words_once_and_a_bank_gives_one_at_a_time() -> None:
    draw = random.Random(0)
    for size in (1, 2, 4, 8, 16):
        for _ in range(20):
            at = [size * draw.randrange(4096 // size) for _ in range(32)]
            found = find("test", made(at, bytes=size), shared=True)
            wavefronts = wavefronts_of(found)
            assert len(wavefronts) == found.cost
            got = [
                (lane, word)
                for each in wavefronts
                for bank, word in each.words.items()
                for lane in each.lanes[bank]
                if word % 32 == bank
            ]
            wanted = {
                (lane, (address + i) // WORD)
                for lane, address in enumerate(at)
                for i in range(size)
            }
            assert len(got) == len(set(got)) and set(got) == wanted


@pytest.mark.parametrize(
    "name, cost, ideal, said",
    [
        ("row", 1, 1, "No bank is asked for two words at once: no conflict."),
        ("column", 32, 1, "Bank 0 is asked for 32 words at once"),
        ("padded", 1, 1, "no conflict"),
        ("broadcast", 1, 1, "Up to 32 lanes share a word, which costs nothing."),
        ("doubles", 2, 2, "in 2 wavefronts, 16 lanes at a time"),
        ("vectors", 16, 4, "in 16 wavefronts, 8 lanes at a time"),
        ("halves", 1, 1, "Up to 2 lanes share a word"),
        ("few", 2, 1, "2 lanes of 4 bytes each in 2 wavefronts. Ideal: 1; excess: 1."),
    ],
)
def test_the_words_and_the_table_have_the_numbers(
    name: str, cost: int, ideal: int, said: str
) -> None:
    picture = banks(DRAWN[name])
    assert said in picture.caption and f"Ideal: {ideal}; excess: {cost - ideal}." in picture.caption
    assert f"{cost} wavefront" in picture.alt
    assert len(picture.rows) == cost
    assert sum(row[-1] == "beyond the ideal" for row in picture.rows) == cost - ideal


def test_the_table_tells_lanes_and_banks_of_each_wavefront() -> None:
    assert banks(made([8 * lane for lane in range(32)])).rows == [
        [0, "0 to 15", "0 to 30 in steps of 2", "", ""],
        [1, "16 to 31", "0 to 30 in steps of 2", "", "beyond the ideal"],
    ]
    assert banks(DRAWN["broadcast"]).rows == [[0, "0 to 31", "5", "5", ""]]


def test_the_alt_text_names_elements_and_banks() -> None:
    said = banks(DRAWN["padded"]).alt
    assert "lane 0 asks for tile[0][0] in bank 0; lane 31 asks for tile[31][0] in bank 31" in said
    assert "wavefront 0: lanes 0 to 31 on banks 0 to 31" in said
    assert "hatched and below a rule, beyond the ideal" in banks(DRAWN["column"]).alt
    assert "Marked: 1 word that several lanes ask for" in banks(DRAWN["broadcast"]).alt


@pytest.mark.parametrize("name", DRAWN)
def test_every_kind_of_request_is_drawn_light_and_dark(name: str) -> None:
    picture = banks(DRAWN[name])
    light, dark = picture.svg(False), picture.svg(True)
    assert light != dark
    for svg in (light, dark):
        assert loose_ends(svg) == [] and words(svg) == f"{picture.caption}\n{picture.alt}"


def test_excess_and_shared_words_are_told_by_hatches() -> None:
    in_the_legend = 1
    assert hatched(banks(DRAWN["row"]).svg(False)) == 0
    assert hatched(banks(DRAWN["broadcast"]).svg(False)) > in_the_legend
    assert hatched(banks(DRAWN["column"]).svg(True)) > in_the_legend


def test_a_line_of_a_run_is_chosen_by_its_text() -> None:
    picture = banks(launches()["conflict"], "tile[i * Pitch]")
    assert "32 wavefronts" in picture.caption and "load of tile" in picture.caption
    assert "1 wavefront" in banks(launches()["padded"], "tile[i * Pitch]").caption


def test_a_number_of_two_digits_keeps_its_sign() -> None:
    kept = drawn(banks(DRAWN["broadcast"]))
    assert [text for _, _, text in kept.labels] == ["32×"]


def test_every_atomic_on_shared_memory_is_an_atom() -> None:
    rows = [request([0], shared=True, kind=kind) for kind in (LD, RED, ATOM)]
    launch = Made(np.concatenate(rows))
    assert "request 1 of 2" in banks(launch, kind="atom").caption  # type: ignore[arg-type]
    assert "request 1 of 1" in banks(launch, kind="red").caption  # type: ignore[arg-type]
    on_global = Made(np.concatenate([request([0], kind=RED), request([0], kind=ATOM)]))
    assert "request 1 of 1" in coalescing(on_global, kind="atom").caption  # type: ignore[arg-type]


def test_a_launch_without_shared_requests_is_refused() -> None:
    with pytest.raises(ArgumentError, match="banks: launch must have requests in shared memory"):
        banks(launches()["each"])
