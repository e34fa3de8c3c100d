"""What the activations ask of memory, traced: the closed forms that chapter 02 teaches."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from activation_oracle import OPS

import kbk
from kbk.ops import family
from kbk.profiler import metrics
from kbk.profiler.launch import ProfiledLaunch

BF16 = torch.bfloat16
T, D = 2, 4096
N = T * D
OVER = "kbk__bytes_requested_over_distinct"
WRITES = "kbk__writes_per_element.max"
BLOCKS = "kbk__active_blocks"


def traced(
    name: str, *more: Any, tokens: int = T, d: int = D, dtype: torch.dtype = BF16
) -> list[ProfiledLaunch]:
    """The launches of a call."""
    x, out = torch.ones(tokens, 2 * d, dtype=dtype), torch.empty(tokens, d, dtype=dtype)
    with kbk.profile() as p:
        if name in OPS:
            OPS[name](x, out)
        else:
            getattr(family("activation"), name)(out, x, *more)
    return p.launches


def counts(launch: ProfiledLaunch, op: str) -> tuple[float, float]:
    """Requests, and sectors of all of them; `op` is ld or st."""
    requests = f"l1tex__t_requests_pipe_lsu_mem_global_op_{op}.sum"
    return launch.metrics[requests], launch.metrics[requests.replace("requests", "sectors")]


def moved(launches: list[ProfiledLaunch]) -> float:
    """Bytes asked for, read and written."""
    names = ("kbk__bytes_requested_ld.sum", "kbk__bytes_requested_st.sum")
    return sum(launch.metrics[name] for launch in launches for name in names)


def test_two_kernels_move_five_elements_where_one_moves_three():
    two, one = traced("silu_then_mul"), traced("silu_one_per_thread")
    assert (len(two), len(one)) == (2, 1)
    assert (moved(two), moved(one)) == (5 * N * 2, 3 * N * 2)
    silu, mul = two
    assert counts(silu, "ld") == counts(silu, "st") == (N // 32, N // 32 * 2)
    assert counts(mul, "ld") == (2 * N // 32, 2 * N // 32 * 2)
    assert counts(mul, "st") == (N // 32, N // 32 * 2)


@pytest.mark.parametrize("name", ["silu_one_per_thread", "silu_block_per_token"])
def test_an_element_a_lane_takes_two_sectors_a_request(name):
    (launch,) = traced(name)
    assert counts(launch, "ld") == (2 * N // 32, 2 * N // 32 * 2)
    assert counts(launch, "st") == (N // 32, N // 32 * 2)


WIDE: list[tuple[str, tuple[Any, ...]]] = [
    ("silu_vectors", ()),
    ("silu_flat", ()),
    *(("silu_in_flight", (k, 256, fast)) for k in (1, 2, 4) for fast in (False, True)),
    *((op, ()) for op in OPS),
]


@pytest.mark.parametrize(("name", "more"), WIDE, ids=str)
def test_vectors_ask_an_eighth_as_often_for_the_same_sectors(name, more):
    (launch,) = traced(name, *more)
    assert counts(launch, "ld") == (2 * N // 256, 2 * N // 256 * 16)
    assert counts(launch, "st") == (N // 256, N // 256 * 16)
    assert launch.metrics[metrics.SECTORS_EXCESSIVE] == 0
    assert (launch.metrics[OVER], launch.metrics[WRITES]) == (1, 1)


@pytest.mark.parametrize("name", ["silu_block_per_token", "silu_vectors", *OPS])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=str)
def test_the_width_of_an_element_decides_how_many_go_in_a_request(name, dtype):
    (launch,) = traced(name, dtype=dtype)
    each = 1 if name == "silu_block_per_token" else 16 // dtype.itemsize
    requests = N // (32 * each)
    sectors = each * dtype.itemsize
    assert counts(launch, "st") == (requests, requests * sectors)
    assert counts(launch, "ld") == (2 * requests, 2 * requests * sectors)


def redone(d: int) -> int:
    """Elements of a row that the tail computes again: vectors of 8 and a block of up to 1,024."""
    return d % (8 * min(d // 8, 1024))


@pytest.mark.parametrize(
    ("d", "elements"), [(14336, 6144), (11008, 2816), (13824, 5632), (8192, 0), (104, 0)]
)
def test_the_tail_redoes_what_the_vectors_have_done(d, elements):
    (launch,) = traced("silu_redone_tail", tokens=1, d=d)
    (right,) = traced("silu_vectors", tokens=1, d=d)
    assert redone(d) == elements
    assert moved([launch]) == 3 * 2 * (d + elements)
    assert launch.metrics[OVER] == pytest.approx((d + elements) / d)
    assert launch.metrics[WRITES] == (2 if elements else 1)
    assert counts(launch, "st")[0] == counts(right, "st")[0] + elements // 32
    assert moved([right]) == 3 * 2 * d


@pytest.mark.parametrize(
    ("name", "more", "blocks"),
    [
        ("silu_block_per_token", (), 1),
        ("silu_vectors", (), 1),
        ("silu_redone_tail", (), 1),
        ("silu_flat", (), 7),
        ("silu_in_flight", (1, 256, False), 7),
        ("silu_in_flight", (2, 256, False), 4),
        ("silu_one_per_thread", (), 56),
    ],
)
def test_one_token_uses_as_many_blocks_as_the_grid_gives_it(name, more, blocks):
    (launch,) = traced(name, *more, tokens=1, d=14336)
    assert launch.metrics[BLOCKS] == blocks


@pytest.mark.parametrize("op", OPS)
def test_one_token_takes_several_blocks_in_every_op(op):
    (launch,) = traced(op, tokens=1, d=14336)
    assert launch.metrics[BLOCKS] >= 7


@pytest.mark.parametrize("name", ["silu_vectors", "silu_flat", *OPS])
def test_halves_of_8_bytes_alignment_still_go_eight_bytes_at_a_time(name):
    (launch,) = traced(name, tokens=1, d=3420)
    words = 3420 // 4
    assert counts(launch, "st")[0] == -(-words // 32)
    assert counts(launch, "ld")[0] == 2 * -(-words // 32)
    assert launch.metrics[OVER] == 1


@pytest.mark.parametrize("d", [1, 3, 33, 3421])
@pytest.mark.parametrize("op", OPS)
def test_each_element_is_written_once_at_any_width(op, d):
    (launch,) = traced(op, tokens=3, d=d)
    assert launch.metrics[WRITES] == 1
    assert moved([launch]) == 3 * 3 * d * 2


@pytest.mark.parametrize(("op", "each"), [("silu_and_mul", 2), ("gelu_tanh_and_mul", 2)])
def test_an_element_costs_one_exponential_and_one_division(op, each):
    (launch,) = traced(op)
    assert launch.metrics["kbk__special_functions"] == each * N
