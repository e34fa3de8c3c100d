"""A few counters side by side: what the numbers are, and what is asked for wrongly."""

from __future__ import annotations

import pytest
import torch

import kbk
from kbk.errors import ArgumentError
from kbk.profiler import counter_table, counters
from kbk.profiler.launch import ProfiledLaunch

SOURCE = r"""
// Thread t reads x[t * apart], twice if it shall, and writes out[t].
__global__ void read_kernel(float* out, const float* x, int64_t apart, bool twice) {
  __shared__ float column[32 * 32];
  column[threadIdx.x * 32] = x[threadIdx.x * apart];
  if (twice) column[threadIdx.x * 32] += x[threadIdx.x * apart];
  out[threadIdx.x] = column[threadIdx.x * 32];
}
void read(Tensor out, const Tensor& x, int64_t apart, bool twice) {
  read_kernel<<<1, 32, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), apart, twice);
}
"""


def launched(apart: int, twice: bool = False) -> ProfiledLaunch:
    """One warp that reads floats so far from each other."""
    module = kbk.load_inline("counter_table", cuda_sources=SOURCE, functions=["read"])
    with kbk.profile() as p:
        module.read(torch.empty(32), torch.ones(32 * apart), apart, twice)
    return p.launches[0]


def test_the_counters_of_a_launch_are_requests_bytes_used_excess_and_bytes_asked_over_needed():
    # 4 sectors are written and 32 are read, of which 4 hold the bytes.
    assert counters(launched(8)) == {
        "requests": "2",
        "bytes used of 32": "7.11",
        "excess sectors": "28",
        "bytes requested / needed": "1.00",
    }


def test_bytes_that_are_asked_for_twice_show_in_bytes_asked_over_needed_alone():
    once, twice = counters(launched(1)), counters(launched(1, twice=True))
    assert twice["bytes requested / needed"] == "1.50"
    assert (once["bytes used of 32"], once["excess sectors"]) == ("32", "0")
    assert (twice["bytes used of 32"], twice["excess sectors"]) == ("32", "0")


def test_bytes_needed_can_be_fewer_than_those_that_the_launch_touched():
    assert counters(launched(1), needed=128)["bytes requested / needed"] == "2.00"


def test_a_table_has_a_column_for_each_launch_and_a_row_for_each_counter():
    head, rows = counter_table({"near": launched(1), "far": launched(8)})
    assert head == ["counter", "near", "far"]
    assert rows[2] == ["excess sectors", "0", "28"]
    assert len(rows) == 4


def test_excess_wavefronts_are_a_row_for_those_who_ask():
    _, rows = counter_table({"column": launched(1)}, rows=["excess wavefronts"])
    assert rows == [["excess wavefronts", str(2 * 31)]]


def test_a_counter_that_is_not_there_is_refused_by_name():
    with pytest.raises(ArgumentError, match=r"rows must be of requests, .*; 'sectors' is none"):
        counters(launched(1), rows=["sectors"])


@pytest.mark.parametrize("needed", [0, -8])
def test_bytes_needed_that_cannot_be_are_refused(needed: int):
    with pytest.raises(ArgumentError, match=f"needed must be a positive number; it was {needed}"):
        counters(launched(1), needed)
