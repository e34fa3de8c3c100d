"""Counters beside the source: each line has its own, and together they are those of the launch."""

from __future__ import annotations

import numpy as np
import pytest

from kbk.draw import source_lines
from kbk.draw.lines import _listing
from kbk.errors import ArgumentError
from kbk.profiler.launch import REQUEST
from tests.kbk.draw.made import Line, Made
from tests.kbk.draw.reading import hatched, loose_ends, words
from tests.kbk.draw.requested import launches

SECTORS = "memory_l2_theoretical_sectors_global"
EXCESS = "derived__memory_l2_theoretical_sectors_global_excessive"


def test_the_table_has_the_counters_of_each_line_and_of_the_launch() -> None:
    launch = launches()["strided"]
    picture = source_lines(launch)
    assert picture.head == ["line", "source", "requests", "sectors", "excess sectors"]
    assert picture.rows[0][1:] == ["out[i] = x[i * step];", "2", "36", "28"]
    assert picture.rows[-1] == ["all lines", "", "2", "36", "28"]
    assert launch.metrics[SECTORS] == 36 and launch.metrics[EXCESS] == 28


def test_shared_memory_has_columns_of_its_own() -> None:
    launch = launches()["conflict"]
    picture = source_lines(launch)
    assert picture.head[-2:] == ["wavefronts", "excess wavefronts"]
    assert picture.rows[-1][-2:] == [
        f"{launch.metrics['memory_l1_wavefronts_shared']:,.0f}",
        f"{launch.metrics['derived__memory_l1_wavefronts_shared_excessive']:,.0f}",
    ]
    assert "Most excess wavefronts: line 16, 31." in picture.caption
    assert "line 16, out[i] = tile[i * Pitch] + tile[3];: " in picture.alt


def test_one_counter_is_shown_alone_and_a_ratio_is_not_added_up() -> None:
    launch = launches()["conflict"]
    metric = "l1tex__t_sectors_pipe_lsu_mem_global_op_st.sum"
    picture = source_lines(launch, metric=metric)
    assert picture.head == ["line", "source", metric]
    assert [row[2] for row in picture.rows] == ["4", "4"]
    ratio = "smsp__sass_average_data_bytes_per_sector_mem_global_op_ld.ratio"
    assert "all lines" not in [row[0] for row in source_lines(launch, metric=ratio).rows]


def test_the_head_and_the_end_of_the_kernel_stand_around_its_lines() -> None:
    launch = launches()["conflict"]
    rows = _listing(launch, launch.by_line())
    assert rows[0].text == "__global__ void columns(T* out, const T* x) {"
    assert rows[-1].text == "}"
    assert [row.number for row in rows] == list(range(10, 18))


def test_what_is_far_from_every_counter_is_left_out() -> None:
    source = "__global__ void far() {\n" + "\n" * 20 + "  a;\n" + "\n" * 20 + "  b;\n}\n"
    lines = [Line("far.cu", n, "a;", {SECTORS: 4}) for n in (22, 43)]
    launch = Made(np.zeros(0, REQUEST), sources={"far.cu": source}, lines=lines, kernel="far")
    numbers = [row.number for row in _listing(launch, lines)]  # type: ignore[arg-type]
    assert numbers == [1, 0, 20, 21, 22, 23, 24, 0, 41, 42, 43, 44]


def test_a_function_that_stands_before_its_kernel_gets_the_head_of_no_other_kernel() -> None:
    source = (
        "__global__ void first() {}\n" + "\n" * 9 + "__device__ void end() {\n  a;\n}\n"
        "template <typename T>\n__global__ void\nsecond(int n) {\n  b;\n}\n"
    )
    lines = [Line("two.cu", n, "", {SECTORS: 4}) for n in (12, 17)]
    launch = Made(
        np.zeros(0, REQUEST), sources={"two.cu": source}, lines=lines, kernel="second<T = int>"
    )
    numbers = [row.number for row in _listing(launch, lines)]  # type: ignore[arg-type]
    assert numbers == [10, 11, 12, 13, 14, 15, 16, 17, 18]


def test_a_long_line_is_continued_and_a_source_that_is_not_known_is_drawn() -> None:
    lines = [Line("a.cuh", 7, "x = " + "y + " * 40 + "1;", {SECTORS: 4, EXCESS: 1})]
    picture = source_lines(Made(np.zeros(0, REQUEST), lines=lines))  # type: ignore[arg-type]
    assert loose_ends(picture.svg(False)) == []
    assert picture.figure().get_figheight() > 1


@pytest.mark.parametrize("name", ["strided", "conflict"])
def test_it_is_drawn_light_and_dark_with_the_excess_hatched(name: str) -> None:
    picture = source_lines(launches()[name])
    light, dark = picture.svg(False), picture.svg(True)
    assert light != dark
    for svg in (light, dark):
        assert loose_ends(svg) == [] and words(svg) == f"{picture.caption}\n{picture.alt}"
        assert hatched(svg) > 1  # the legend has one
    assert hatched(source_lines(launches()["each"]).svg(False)) == 0


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"launch must be a launch of kbk.profile\(\)"):
        source_lines(None)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="launch must have lines with counters"):
        source_lines(Made(np.zeros(0, REQUEST)))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"metric must be a counter of lines.*str 'bytes'"):
        source_lines(launches()["each"], metric="bytes")
    with pytest.raises(ArgumentError) as raised:
        source_lines(launches()["each"], metric=f"{SECTORS}s")
    assert f"such as {SECTORS}, " in str(raised.value) and len(str(raised.value)) < 400
    with pytest.raises(ArgumentError, match="such as memory_l2_theoretical_sectors_global, "):
        source_lines(launches()["each"], metric="sectors")
