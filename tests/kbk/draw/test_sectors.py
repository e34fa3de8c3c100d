"""A request on its sectors: the picture, its words and its table say what the trace says."""

from __future__ import annotations

import random
import re
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

import kbk
from kbk.draw import banks, coalescing, compare_coalescing
from kbk.draw.requests import find, ranges
from kbk.draw.sectors import sectors_of
from kbk.errors import ArgumentError
from tests.kbk.draw.made import ATOM, ST, Made, argument, request
from tests.kbk.draw.reading import hatched, loose_ends, words
from tests.kbk.draw.requested import NAMES, SOURCE, launches


def made(offsets: object, **more: int) -> Made:
    """A launch of one request."""
    return Made(request(offsets, **more), (argument(),))  # type: ignore[arg-type]


EACH = [4 * lane for lane in range(32)]
SPREAD = [64 * lane for lane in range(32)]
DRAWN = {
    "each": made(EACH),
    "spread": made(SPREAD),
    "broadcast": made([40] * 32),
    "one": made({5: 4}),
    "bytes": made(range(32), bytes=1),
    "vectors": made([16 * lane for lane in range(32)], bytes=16),
    "shuffled": made(random.Random(0).sample(range(0, 16384, 4), 32)),
    "unnamed": made(EACH, argument=-1),
}


def test_every_request_of_a_run_has_the_sectors_that_the_trace_counted() -> None:
    seen = 0
    for launch in launches().values():
        shared = launch.requests["space"] == 1
        for number in range(int((~shared).sum())):
            found = find("test", launch, shared=False, request=number)
            sectors = sectors_of(found)
            assert len(sectors) == found.cost
            assert sum(each.excess for each in sectors) == found.excess
            asked = {at + i for at in found.addresses for i in range(found.bytes)}
            assert sum(len(each.used) for each in sectors) == len(asked)
            seen += 1
    assert seen > 20


@pytest.mark.parametrize(
    "name, sectors, ideal, used, share",
    [
        ("each", 4, 4, "32", "32 of the 32 bytes of each sector are used"),
        ("shifted", 5, 4, "25.6", "25.6 of the 32 bytes of a sector are, on average, used"),
        ("strided", 32, 4, "4", "4 of the 32 bytes of each sector are used"),
        ("same", 1, 1, "4", "28 bytes, of which 4 are different, in 1 sector"),
        ("doubles", 24, 8, "10.7", "256 bytes in 24 sectors"),
    ],
)
def test_the_words_and_the_table_have_the_numbers(
    name: str, sectors: int, ideal: int, used: str, share: str
) -> None:
    picture = coalescing(launches()[name], argument="x")
    assert f"Ideal: {ideal}; excess: {sectors - ideal}." in picture.caption
    assert share in picture.caption
    assert f"{sectors} sector" in picture.alt and f"{used} of 32 bytes used in each" in picture.alt
    assert len(picture.rows) == sectors
    assert sum(row[-1] == "beyond the ideal" for row in picture.rows) == sectors - ideal
    mean = sum(int(str(row[3]).split()[0]) for row in picture.rows) / sectors
    assert f"{mean:.1f}".removesuffix(".0") == used


def test_the_table_tells_the_elements_and_lanes_of_each_sector() -> None:
    picture = coalescing(launches()["shifted"], argument="x")
    assert picture.head == ["sector", "holds", "lanes", "bytes asked for", "excess"]
    assert picture.rows[0] == [0, "x[0..6]", "0 to 6", "28 of 32", ""]
    assert picture.rows[4] == [4, "x[31..38]", "31", "4 of 32", "beyond the ideal"]


def test_the_sectors_beyond_the_ideal_are_those_with_the_fewest_bytes() -> None:
    for first, emptiest in ((28, 0), (4, 4)):
        rows = coalescing(made([first + 4 * lane for lane in range(32)])).rows
        assert [row[0] for row in rows if row[-1]] == [emptiest]


def test_the_alt_text_tells_who_asks_for_what() -> None:
    said = coalescing(launches()["strided"], "x[i * step]", kind="ld").alt
    assert "lane 0 asks for 4 bytes at x[0], lane 31 asks for 4 bytes at x[496]" in said
    assert "each lane 64 bytes after the lane before it" in said
    assert "28 of them hatched, beyond the ideal" in said
    assert "the others hollow" in said and "16 lines of 128 bytes, 2 in a line" in said
    assert "lane 0 writes 4 bytes at out[0]" in coalescing(launches()["each"], kind="st").alt
    assert "and so do all 7 lanes" in coalescing(launches()["same"]).alt
    assert "the steps from lane to lane differ" in coalescing(DRAWN["shuffled"]).alt
    assert "lane 0 asks for 4 bytes at byte 0" in coalescing(DRAWN["unnamed"]).alt


def test_lines_are_counted_from_the_start_of_the_tensor_which_a_gpu_aligns() -> None:
    data = (1 << 20) + 64
    launch = Made(request(EACH, base=data), (argument(data=data),))
    assert "They lie in 1 line of 128 bytes, 4 in a line." in coalescing(launch).alt


def test_elements_of_a_matrix_have_two_indices() -> None:
    launch = Made(request([4 * 257 * row for row in range(32)]), (argument(shape=(64, 257)),))
    picture = coalescing(launch)
    assert "x[31, 0]" in picture.alt and picture.rows[0][1] == "x[0, 0..7]"


@pytest.mark.parametrize("name", DRAWN)
def test_every_kind_of_request_is_drawn_light_and_dark(name: str) -> None:
    picture = coalescing(DRAWN[name])
    light, dark = picture.svg(False), picture.svg(True)
    assert light != dark
    for svg in (light, dark):
        assert loose_ends(svg) == [] and words(svg) == f"{picture.caption}\n{picture.alt}"


def test_excess_and_what_several_lanes_ask_for_are_told_by_hatches() -> None:
    in_the_legend = 1
    assert hatched(coalescing(DRAWN["each"]).svg(False)) == 0
    assert hatched(coalescing(DRAWN["spread"]).svg(False)) > in_the_legend
    assert hatched(coalescing(DRAWN["broadcast"]).svg(True)) > in_the_legend


def test_a_drawing_takes_less_than_a_second() -> None:
    coalescing(DRAWN["each"]).svg(False)  # loads matplotlib and its fonts
    for launch in DRAWN.values():
        begin = time.process_time()
        coalescing(launch).svg(False)
        assert time.process_time() - begin < 1


def test_four_requests_are_drawn_one_below_the_other() -> None:
    runs = launches()
    picture = compare_coalescing(
        [
            ("each", runs["each"], None, {"argument": "x"}),
            ("strided", runs["strided"]),
            ("shifted", runs["shifted"], "x[i * step]", {"kind": "ld"}),
        ]
    )
    assert [row[5:8] for row in picture.rows] == [[4, 4, 0], [32, 4, 28], [5, 4, 1]]
    assert "strided: 32 sectors, ideal 4, excess 28, 4 of 32 bytes used in each." in picture.caption
    assert "shifted: Load of x: lane 0" in picture.alt
    tall, one = picture.figure().get_figheight(), coalescing(DRAWN["each"]).figure().get_figheight()
    assert tall > 2 * one and loose_ends(picture.svg(True)) == []


def test_requests_are_in_order_of_block_warp_and_time() -> None:
    rows = [request(EACH, block=b, warp=w, line=n) for n in (4, 5) for b, w in ((1, 0), (0, 1))]
    launch = Made(np.concatenate(rows), (argument(),))
    found = [find("test", launch, shared=False, request=i) for i in range(4)]
    assert [(f.block, f.warp, f.place) for f in found] == [
        *((0, 1, ("copy.cu", n)) for n in (4, 5)),
        *((1, 0, ("copy.cu", n)) for n in (4, 5)),
    ]
    assert find("test", launch, shared=False, request=-1).block == 1


TWO = Made(
    np.concatenate([request(EACH), request(EACH), request(EACH, kind=ST, argument=1, line=5)]),
    (argument(), argument("out", data=1 << 20, number=1)),
)
MADE = "copy made copy.cu:4: 2 ld x; copy.cu:5: 1 st out"


@pytest.mark.parametrize(
    "arguments, said",
    [
        ({"line": 3}, f"line must be one with requests in global memory; it was 3. {MADE}."),
        ({"line": "y[i]"}, f"it was 'y[i]'. {MADE}."),
        ({"line": 4.0}, "line must be the number of a line or a part of its text; it was float"),
        ({"request": 3}, "request must be 0 to 2, so many fit; it was 3."),
        ({"line": 4, "request": 2}, "request must be 0 to 1, so many fit; it was 2."),
        ({"request": "0"}, "request must be an integer; it was str '0'."),
        (
            {"argument": "y"},
            "argument must be a tensor of the call, or its name (x, out); it was str 'y'.",
        ),
        ({"kind": "load"}, "kind must be one of ld, st, red, atom; it was str 'load'."),
        ({"line": 5, "kind": "ld"}, "made no request of kind 'ld' on line 5 in global memory"),
    ],
)
def test_a_request_that_is_not_there_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ArgumentError, match=f"^coalescing: .*{re.escape(said)}"):
        coalescing(TWO, **arguments)  # type: ignore[arg-type]


def test_a_tensor_of_the_call_chooses_as_its_name_does() -> None:
    x, out = torch.arange(4096.0), torch.empty(64)
    module = kbk.load_inline("requested", cuda_sources=SOURCE, functions=NAMES)
    with kbk.profile() as p:
        module.spread_floats(out, x, 64, 1)
    (launch,) = p.launches
    assert coalescing(launch, argument=out).caption == coalescing(launch, argument="out").caption
    assert "store to out" in coalescing(launch, argument=out).caption
    for wrong in (np.zeros(3), torch.empty(3), x[1:]):
        with pytest.raises(ArgumentError, match=r"coalescing: .*(out, x)") as raised:
            coalescing(launch, argument=wrong)
        assert len(str(raised.value)) < 160
    assert launch.metrics_of(x) == launch.metrics_of("x") != launch.metrics_of(out)
    with pytest.raises(ArgumentError, match="metrics_of: argument must be a tensor of the call"):
        launch.metrics_of(np.zeros(100))


def test_the_name_of_a_tensor_is_no_line() -> None:
    with pytest.raises(ArgumentError, match="'out' is a tensor of the call: argument='out'"):
        coalescing(TWO, "out")
    coalescing(TWO, "out[")


def test_an_unknown_choice_in_a_comparison_is_refused() -> None:
    said = "dict of arguments of 'a' may have request, argument, kind; it was dict {'arg': 'x'}"
    for more in ({"arg": "x"}, {"shared": True}, "x"):
        with pytest.raises(ArgumentError, match="may have request, argument, kind; it was") as e:
            compare_coalescing([("a", TWO, None, more)])  # type: ignore[list-item]
        assert more != {"arg": "x"} or said in str(e.value)
    compare_coalescing([("a", TWO, None, {"argument": "out"})])  # type: ignore[list-item]


def test_what_is_no_launch_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"launch must be a launch of kbk.profile\(\).*int 3"):
        coalescing(3)  # type: ignore[arg-type]
    with pytest.raises(
        ArgumentError, match="requests must be 1 to 4 tuples, a strip each; there were 5"
    ):
        compare_coalescing([("a", DRAWN["each"])] * 5)  # type: ignore[list-item]
    with pytest.raises(ArgumentError, match="each request must be"):
        compare_coalescing([DRAWN["each"]])  # type: ignore[list-item]


def test_a_log_that_was_full_says_so() -> None:
    launch = Made(request(EACH), (argument(),), requests_left_out=7)
    with pytest.raises(
        ArgumentError, match="Only the first 1 request of this launch was kept, 7 not"
    ):
        coalescing(launch, request=3)
    assert "request 1 of the first 1 kept (block 0, warp 0)" in coalescing(launch).caption
    assert "request 1 of 1 (block 0, warp 0)" in coalescing(DRAWN["each"]).caption


def test_a_log_that_kept_nothing_is_not_taken_for_a_launch_without_requests() -> None:
    module = kbk.load_inline("requested", cuda_sources=SOURCE, functions=NAMES)
    with kbk.profile(most_requests=0) as p:
        module.spread_floats(torch.empty(64), torch.arange(64.0), 64, 1)
    with pytest.raises(ArgumentError, match=r"made 4 requests .* none was kept.*most_requests"):
        coalescing(p.launches[0])
    with pytest.raises(ArgumentError, match=r"that of spread.* has none"):
        banks(p.launches[0])


def test_a_launch_that_was_ended_says_so() -> None:
    launch = replace(DRAWN["each"], ended=True)
    said = "The launch of copy was ended by an error or a time limit: this is what happened before."
    assert coalescing(launch).caption.endswith(said)
    assert compare_coalescing([("a", launch), ("b", launch)]).caption.count(said) == 1
    assert "ended" not in coalescing(DRAWN["each"]).caption


def test_a_launch_without_global_requests_is_refused() -> None:
    launch = Made(request(EACH, shared=True))
    with pytest.raises(ArgumentError, match="must have requests in global memory"):
        coalescing(launch)


def test_numbers_are_told_in_ranges() -> None:
    assert ranges([3, 1, 2, 7]) == "1 to 3, 7"
    assert ranges(range(0, 32, 2)) == "0 to 30 in steps of 2"
    assert ranges([4]) == "4"


def test_an_atomic_is_called_one() -> None:
    assert "atomic on x" in coalescing(made([0] * 32, kind=ATOM)).caption
