"""Figures of chapter 02: what they count, and what they tell a reader who cannot see them."""

from __future__ import annotations

import re

import pytest
import torch

import kbk
from kbk import figures
from kbk.draw.picture import Picture
from kbk.draw.theme import LIGHT
from kbk.errors import ArgumentError
from kbk.figures.moved import flows, short
from kbk.figures.roofline import _draw as draw_roofline
from kbk.figures.ulps import shares
from kbk.profiler.launch import ProfiledLaunch
from tests.kbk.draw.reading import hatches, loose_ends, words

SOURCE = r"""
__global__ void double_kernel(float* out, const float* x, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] = 2 * x[i];
}

__global__ void add_kernel(float* out, const float* x, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] += x[i];
}

void two(Tensor out, const Tensor& x, int64_t threads) {
  const int64_t n = x.numel(), blocks = (n + threads - 1) / threads;
  float* to = out.mutable_data_ptr<float>();
  double_kernel<<<blocks, threads, 0, current_stream()>>>(to, x.const_data_ptr<float>(), n);
  add_kernel<<<blocks, threads, 0, current_stream()>>>(to, x.const_data_ptr<float>(), n);
}
"""


@pytest.fixture(scope="module")
def launches() -> list[ProfiledLaunch]:
    """Two launches over 1,000 floats, in 10 blocks of 100 threads."""
    ops = kbk.load_inline("figures_02", cuda_sources=SOURCE, functions=["two"])
    with kbk.profile() as p:
        ops.two(torch.empty(1000), torch.ones(1000), 100)
    return p.launches


def drawn(picture: Picture) -> str:
    """The SVG of both themes, complete in itself and with the words of the picture."""
    svg = picture.svg()
    assert loose_ends(svg) == []
    assert picture.caption in words(svg) and picture.alt in words(svg)
    assert all(len(row) == len(picture.head) for row in picture.rows)
    return svg


def test_the_arrows_have_the_bytes_that_each_kernel_asked_for(launches):
    ways = {"both": launches, "first": launches[:1]}
    found = [(f.way, f.kernel, f.tensor, f.read, f.written) for f in flows(ways)]
    assert sorted(found) == [
        ("both", "add_kernel", "out", 4000, 4000),
        ("both", "add_kernel", "x", 4000, 0),
        ("both", "double_kernel", "out", 0, 4000),
        ("both", "double_kernel", "x", 4000, 0),
        ("first", "double_kernel", "out", 0, 4000),
        ("first", "double_kernel", "x", 4000, 0),
    ]
    picture = figures.bytes_moved(ways, 8000)
    drawn(picture)
    assert "both: 2 launches, 20,000 bytes, 2.50 times the 8,000" in picture.caption
    assert "first: 1 launch, 8,000 bytes, 1.00 times" in picture.caption
    assert "add_kernel: reads 4,000 bytes of x" in picture.alt
    assert "reads 0" not in picture.alt and "writes 0" not in picture.alt


@pytest.mark.parametrize(
    "name", ["flat<Silu, bf16, uint4>(int, T)", "void flat<T = float>", "flat", "flat(float*)"]
)
def test_a_kernel_is_named_without_its_types(name):
    assert short(name) == "flat"


def test_a_way_that_moves_nothing_is_refused(launches):
    with pytest.raises(ArgumentError, match="'none' moved no byte"):
        figures.bytes_moved({"some": launches, "none": []}, 8000)
    with pytest.raises(ArgumentError, match="needed must be above 0"):
        figures.bytes_moved({"some": launches}, 0)


def test_as_many_sms_are_filled_as_there_are_blocks_and_no_more(launches):
    for sms, filled in ((132, 10), (8, 8)):
        picture = figures.sms_in_use({"rung": launches[0]}, sms, "A call")
        drawn(picture)
        assert picture.rows == [["rung", "10", 100, filled, sms]]
        assert f"at most {filled} of {sms} SMs" in picture.caption
        assert f"rung: 10 blocks, {filled} filled" in picture.alt
    with pytest.raises(ArgumentError, match="needs a launch and an SM"):
        figures.sms_in_use({}, 132, "A call")


def test_an_error_is_in_the_bin_whose_upper_end_it_does_not_pass():
    found = shares(torch.tensor([0.0, 0.25, 0.26, 0.5, 0.5001, 0.76, 3.0, 3.1, 99.0, 1.0]))
    expected = [0.2, 0.3, 0, 0.2, 0, 0, 0, 0, 0, 0, 0, 0.1, 0.2]
    assert found == pytest.approx(expected)


def test_the_bars_say_the_largest_error_and_the_share_within_half_a_unit():
    errors = {"once": torch.tensor([0.1, 0.5]), "twice": torch.tensor([0.1, 0.2, 0.3, 1.3])}
    picture = figures.error_bars(errors)
    assert hatches(drawn(picture)) > 0  # not by colour alone
    assert "once: 0.5, 100%; twice: 1.3, 75%." in picture.caption
    assert [row[0] for row in picture.rows][:2] == ["0 to 0.25", "0.25 to 0.5"]
    for column in (1, 2):
        assert sum(float(str(row[column]).rstrip("%")) for row in picture.rows) == 100


@pytest.mark.parametrize("bad", [[-1.0], [float("nan")], [float("inf")], []])
def test_errors_that_are_none_are_refused(bad):
    with pytest.raises(ArgumentError, match="finite, not negative"):
        figures.error_bars({"one": torch.tensor(bad)})


def test_a_roof_is_the_lower_of_slope_and_level():
    points = {
        "left": figures.Point(operations=1e9, moved=4e9, us=1000),  # 0.25 a byte, 1,000 G/s
        "right": figures.Point(operations=8e9, moved=4e9, us=4000),  # 2 a byte, 2,000 G/s
    }
    picture = figures.roofline(points, gbps=4000, peak=4000, what="operations", where="There.")
    drawn(picture)
    assert picture.rows == [
        ["left", "0.250", "1,000", "1,000", "100%"],
        ["right", "2.000", "2,000", "4,000", "50%"],
    ]
    assert picture.caption.startswith("1 of 2 kernels lie left of the edge at 1.00 operations")
    assert "Nearest to its roof is left, with 100% of it. There." in picture.caption
    assert re.search(r"slope of 4,000 GB/s and a level of 4,000 G", picture.alt)
    for gbps, peak, some in ((0, 1, points), (1, 0, points), (1, 1, {})):
        with pytest.raises(ArgumentError, match="roofline"):
            figures.roofline(some, gbps, peak, "operations", "")


@pytest.mark.parametrize("us", [1000, 1e6])
def test_a_kernel_far_below_its_roof_is_inside_the_picture(us):
    points = {
        "best": figures.Point(operations=1e9, moved=4e9, us=1000),
        "slow": figures.Point(operations=1e9, moved=5e9, us=us),
    }
    axes = draw_roofline(LIGHT, points, 4000, 4000, "operations").axes[0]
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for each in points.values():
        assert left < each.intensity < right and bottom < each.rate < top
