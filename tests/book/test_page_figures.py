"""The figures and counter tables that chapters 00 to 02 must have, read from the built pages.

What they show must be what a trace of the same kernels gives today, and what the page teaches.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from kbk import draw
from tests.kernels.test_copy_counters import N, traced

Row = list[str]

MAP, ORDERS = "F00.2 the map of an executed scale", "F00.4 three seeds, three orders"
SWAPPED, STRIPS = "sectors of both", "F01.1 one request on its sectors"
ARROWS, TWICE = "F02.1 bytes on the arrows", "F02.2 the map of rung 5"
FIGURES = {
    "00_setup": {
        "F00.1 bytes and launches of a step": r"One token after .* of the bytes and .* launches",
        MAP: r"wrote all 300 elements of out, each once\..*warp",
        "F00.3 one source, two machines": r"device of the tensors picks the machine.* after a ch",
        ORDERS: r"4 launches of arrive_kernel with 8 blocks: 4 orders",
        "x counts columns": r"1,024 elements of out, each once\..*Lane l wrote column l",
        "x counts rows": r"1,024 elements of out, each once\..*down a column: 128 bytes apart",
        "the first profile": r"scale\.cu:4, load of x, request 1 of 32 .* 128 bytes in 4 sectors",
        SWAPPED: r"x counts columns: 4 sectors,.* x counts rows: 32 sectors,",
    },
    "01_copy": {
        STRIPS: r"rung 1: 4 .* rung 2: 32 .* rung 5: 16 .* x\[1:\]: 5 ",
        "F01.2 GB/s over bytes in flight": r"speeds up with the bytes that each SM has in flight",
        "F01.3 us over bytes": r"small copies cost their launch",
        "F01.4 ceilings by mix": r"The ceiling depends on the mix",
        "two loads of a chunk": r"first load: 32 sectors,.* second load: 32 sectors,",
        "the lines of rung 5": r"vectors<.*> ?: 260 requests, 4,356 sectors, 256 excess sectors",
    },
    "03_rope": {
        "F03.1 pairs on the circle": r"A pair turns by an angle that grows with the position",
        "F03.2 two layouts": r"same two.*halves: 0 with 6,.* interleaved: 0 with 1,",
        "F03.3 load sectors of a token": r"rung 4 loads 960 sectors a token, rung 6 336\.",
        "F03.4 angles over the position": r"an angle that is a product in float32 grows with",
        "loads of the table": r"rung 5, .* 16 of 32 bytes used .* rung 6, .* 32 of 32 bytes used",
        "the roofline of rungs": r"7 of 7 kernels lie left of",
    },
    "02_activation": {
        "where an element comes from": r"out\[1, 5\] = .* It goes back to 2 elements of input",
        ARROWS: r"rung 1: 2 launches, 143,360 bytes, 1\.67 .* 1 launch, 86,016 bytes, 1\.00",
        "requests of rungs 3 and 4": r"rung 3: 2 sectors,.* rung 4: 16 sectors,",
        TWICE: r"6,144 elements, framed with the number of stores, were written twice",
        "F02.3 SMs at one token": r"rungs 3 to 5.* at most 1 of 132 SMs busy, rung 2.* at most 56",
        "F02.4 errors of four orders": r"one rounding: 0\.5, 100%; activation rounded too: 1\.\d",
        "the roofline": r"6 of 6 kernels lie left of the edge",
    },
}
EACH = [(page, name) for page, figures in FIGURES.items() for name in figures]


@dataclass(frozen=True)
class Shown:
    """A table of a page, or a figure with the table that says the same."""

    caption: str
    head: Row
    rows: list[Row]


def _cells(line: str) -> Row:
    return [html.unescape(each) for each in re.findall(r"<t[hd]>(.*?)</t[hd]>", line, re.S)]


def _shown(caption: str, table: str) -> Shown:
    head, *rows = (_cells(line) for line in re.findall(r"<tr>(.*?)</tr>", table, re.S))
    return Shown(html.unescape(caption), head, rows)


def figures(text: str) -> list[Shown]:
    """The figures of a built page."""
    found = r"<figcaption>(.*?)</figcaption>.*?<table>(.*?)</table>"
    return [_shown(*each) for each in re.findall(found, text, re.S)]


def tables(text: str) -> list[Shown]:
    """The tables that cells of a built page show, those of figures among them."""
    found = r"<table>(<thead><tr><th>.*?)</table>"
    return [_shown("", each) for each in re.findall(found, text, re.S)]


def figure(site: Path, page: str, name: str) -> Shown:
    """The one figure of that name in the list above."""
    text = (site / f"book/{page}.html").read_text()
    found = [each for each in figures(text) if re.search(FIGURES[page][name], each.caption, re.S)]
    assert len(found) == 1, [each.caption for each in figures(text)]
    return found[0]


def counter_tables(site: Path) -> list[dict[str, dict[str, str]]]:
    """The tables of counters of chapter 01, in order: column -> counter -> value."""
    text = (site / "book/01_copy.html").read_text()
    return [
        {
            name: {row[0]: row[column] for row in each.rows}
            for column, name in enumerate(each.head[1:], 1)
        }
        for each in tables(text)
        if each.head[0] == "counter"
    ]


@pytest.mark.parametrize("page, name", EACH, ids=[name for _, name in EACH])
def test_a_figure_of_the_curriculum_is_on_its_page(site: Path, page: str, name: str) -> None:
    assert figure(site, page, name).rows


def test_no_page_has_a_figure_that_the_list_does_not_know(site: Path) -> None:
    for page, known in FIGURES.items():
        assert len(figures((site / f"book/{page}.html").read_text())) == len(known)


def test_the_thread_map_gives_element_i_to_block_i_over_256_and_lane_i_modulo_32(
    site: Path,
) -> None:
    for row, line in enumerate(figure(site, "00_setup", MAP).rows):
        first, count = 32 * row, min(32, 300 - 32 * row)
        assert line[0] == f"{first} to {first + count - 1}"
        assert line[1] == f"block {row // 8}, warp {row % 8}"
        assert line[3:] == [f"0 to {count - 1}", str(count), "1"]


def test_each_order_has_each_block_once_and_only_seeds_change_it(site: Path) -> None:
    orders = dict(figure(site, "00_setup", ORDERS).rows)
    assert list(orders) == ["no seed", "seed 1", "seed 2", "seed 3"]
    assert orders["no seed"] == "0 1 2 3 4 5 6 7"
    assert all(sorted(each.split()) == list("01234567") for each in orders.values())
    assert len(set(orders.values())) == 4


def test_the_swapped_kernel_asks_for_32_sectors_of_which_28_are_in_excess(site: Path) -> None:
    shown = figure(site, "00_setup", SWAPPED)
    columns = [shown.head.index(each) for each in ("sectors", "ideal", "excess")]
    assert [[row[i] for i in columns] for row in shown.rows] == [["4", "4", "0"], ["32", "4", "28"]]


def test_the_requests_of_f01_1_are_what_a_trace_draws_today(site: Path) -> None:
    launches = [traced("copy_one_per_thread"), traced("copy_own_chunk")]
    launches += [traced("copy_vectors"), traced("copy_vectors", x_at=1)]
    today = draw.compare_coalescing([("", each, None, {"argument": "x"}) for each in launches])
    shown = figure(site, "01_copy", STRIPS)
    assert shown.head == list(today.head)
    # Title and line are the page's.
    assert [row[2:] for row in shown.rows] == [
        [str(each) for each in row[2:]] for row in today.rows
    ]
    sectors = shown.head.index("sectors")
    assert [row[sectors : sectors + 3] for row in shown.rows] == [
        ["4", "4", "0"],
        ["32", "4", "28"],
        ["16", "16", "0"],
        ["5", "4", "1"],
    ]


def test_the_counters_under_the_rungs_are_the_closed_forms(site: Path) -> None:
    one, two, three, five, six = counter_tables(site)
    scalar, chunk, wide = f"{2 * N // 32:,}", f"{28 * 2 * N // 32:,}", f"{2 * N // 128:,}"
    good = dict(zip(one["rung 1"], [scalar, "32", "0", "1.00"], strict=True))
    assert one == {"rung 1": good}
    worse = {**good, "bytes used of 32": "4", "excess sectors": chunk}
    assert two == {"rung 1": good, "rung 2": worse}
    assert three["rung 1"] == three["rung 3"] == {**good, "requests": f"{2 * -(-300_001 // 32):,}"}
    assert five["rung 1"] == good and five["rung 5"] == {**good, "requests": wide}
    assert five["x[1:]"]["excess sectors"] == f"{N // 32:,}"
    assert list(six) == [f"{each} in flight" for each in (1, 2, 4, 8)]
    assert all(each == five["rung 5"] for each in six.values())


def test_wider_elements_take_fewer_requests_with_more_sectors_each(site: Path) -> None:
    text = (site / "book/01_copy.html").read_text()
    (shown,) = (each for each in tables(text) if each.head[0] == "bytes an element")
    assert shown.head[:2] == ["bytes an element", "sectors a request"]
    assert [row[:3] for row in shown.rows] == [
        [str(size), str(size), f"{2 * 65_536 // size // 32:,}"] for size in (1, 2, 4, 8)
    ]
    assert {tuple(row[3:]) for row in shown.rows} == {("32", "0")}


def test_the_table_of_rungs_has_counters_of_traces_beside_recorded_times(site: Path) -> None:
    text = (site / "book/01_copy.html").read_text()
    (shown,) = (each for each in tables(text) if each.head[-1] == "of the 1:1 ceiling")
    rows = {name: rest for name, *rest in shown.rows}
    scalar = [f"{2 * N // 32:,}", "32", "0", "1.00"]
    wide = [f"{2 * N // 128:,}", "32", "0", "1.00"]
    for name in ("one_per_thread", "grid_stride", "any_element"):
        assert rows[f"copy_{name}"][:4] == scalar
    assert rows["copy_own_chunk"][:4] == [scalar[0], "4", f"{28 * 2 * N // 32:,}", "1.00"]
    assert rows["copy_vectors"][:4] == rows["copy"][:4] == wide
    assert rows["torch.Tensor.copy_"][:4] == [""] * 4
    assert all(float(us) > 0 for *_, us, _, _ in rows.values())


def test_the_arrows_of_f02_1_carry_five_tensors_and_three(site: Path) -> None:
    shown = figure(site, "02_activation", ARROWS)
    row = f"{14336 * 2:,}"
    moved = [[each[1], each[2], each[3], each[4]] for each in shown.rows]
    assert sorted(moved) == [
        ["mul_kernel", "input", row, "0"],
        ["mul_kernel", "out", row, row],
        ["one_per_thread", "input", f"{2 * 14336 * 2:,}", "0"],
        ["one_per_thread", "out", "0", row],
        ["silu_kernel", "input", row, "0"],
        ["silu_kernel", "out", "0", row],
    ]


def test_the_map_of_f02_2_changes_at_the_last_whole_step_of_the_block(site: Path) -> None:
    shown = figure(site, "02_activation", TWICE)
    first = [row[0].split(" to ")[0] for row in shown.rows if row[-1] == "2"]
    assert first[0] == "8,192" and {row[-1] for row in shown.rows} == {"1", "2"}


def test_the_rungs_of_an_activation_have_the_counters_of_the_closed_forms(site: Path) -> None:
    text = (site / "book/02_activation.html").read_text()
    (shown,) = (each for each in tables(text) if each.head[:2] == ["kernel", "requests"])
    rows = {name: rest for name, *rest in shown.rows}
    element, word = 14336 // 32, 14336 // 256  # requests of one tensor
    tail = 3 * (14336 % 8192) // 32
    expected = {
        "then_mul": (5 * element, "1.67"),
        "one_per_thread": (3 * element, "1.00"),
        "block_per_token": (3 * element, "1.00"),
        "redone_tail": (3 * word + tail, "1.43"),
        **dict.fromkeys(("vectors", "flat", "in_flight 2", "in_flight 2 fast"), (3 * word, "1.00")),
        "and_mul": (3 * word, "1.00"),
    }
    assert list(rows) == list(dict.fromkeys(rows)) and set(rows) == set(expected)
    for name, (requests, asked) in expected.items():
        assert rows[name][:4] == [f"{requests:,}", "32", "0", asked]
    assert all(float(us) > 0 for *_, us, _, _ in rows.values())
