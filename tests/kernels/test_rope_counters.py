"""What the rungs of RoPE ask of memory, traced: the closed forms that chapter 03 teaches."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from rotary import angles, heads

import kbk
from kbk.ops import FusedSetKVBufferArg, apply_rope_with_cos_sin_cache_inplace, family
from kbk.profiler import metrics
from kbk.profiler.launch import ProfiledLaunch

BF16 = torch.bfloat16
T = 8
SHAPES = [(32, 8, 128), (64, 8, 128), (4, 2, 64)]
LAYOUTS = pytest.mark.parametrize("is_neox", [True, False], ids=["halves", "interleaved"])
SECTOR = 32
AT = torch.tensor([41, 7, 0, 23, 49, 8, 31, 12])  # no two tokens of a warp ask for the same row


def counts(launch: ProfiledLaunch, name: str, op: str) -> tuple[float, float]:
    """Requests and sectors a token of the accesses to one argument; `op` is ld or st."""
    requests = f"l1tex__t_requests_pipe_lsu_mem_global_op_{op}.sum"
    found = launch.metrics_of(name)
    return found[requests] / T, found[requests.replace("requests", "sectors")] / T


def traced(family_name: str, op: str, *arguments: Any) -> ProfiledLaunch:
    with kbk.profile() as p:
        getattr(family(family_name), op)(*arguments)
    (launch,) = p.launches
    return launch


def of_rung(
    name: str, q: int, k: int, head: int, is_neox: bool = True, more: tuple[int, ...] = ()
) -> ProfiledLaunch:
    """The launch of a rung on q and k that are slices of one tensor."""
    x = heads(T, q + k, head, dtype=BF16, device="cpu")
    at, table = AT, angles(50, head)
    if name == "rope_sincos":
        return traced("rope_rungs", name, torch.empty_like(x), x, at, 1e4)
    if name in ("rope_by_element", "rope_by_pair"):
        return traced("rope_rungs", name, x, at, table)
    if name == "rope_in_flight":
        return traced("rope", name, at, x[:, :q], x[:, q:], head, table, *more)
    return traced("rope_rungs", name, at, x[:, :q], x[:, q:], table, is_neox)


def of_q_and_k(launch: ProfiledLaunch, op: str) -> tuple[float, float]:
    both = [counts(launch, name, op) for name in ("query", "key")]
    return both[0][0] + both[1][0], both[0][1] + both[1][1]


@pytest.mark.parametrize("q, k, head", SHAPES)
def test_a_thread_an_element_reads_each_element_twice_and_the_table_twice(q, k, head):
    elements = (q + k) * head
    first, second = of_rung("rope_sincos", q, k, head), of_rung("rope_by_element", q, k, head)
    for launch, written in ((first, "out"), (second, "x")):
        assert counts(launch, "x", "ld") == (2 * elements / 32, 2 * elements * 2 / SECTOR)
        assert counts(launch, written, "st") == (elements / 32, elements * 2 / SECTOR)
        assert counts(launch, "positions", "ld") == (elements / 32, elements / 32)
    assert counts(second, "cos_sin_cache", "ld") == (2 * elements / 32, 2 * elements * 4 / SECTOR)


@pytest.mark.parametrize("q, k, head", SHAPES)
def test_a_thread_a_pair_reads_and_writes_each_element_once(q, k, head):
    elements = (q + k) * head
    pair, strided = of_rung("rope_by_pair", q, k, head), of_rung("rope_strided", q, k, head)
    once = (elements / 32, elements * 2 / SECTOR)
    assert counts(pair, "x", "ld") == counts(pair, "x", "st") == once
    assert of_q_and_k(strided, "ld") == of_q_and_k(strided, "st") == once
    for launch in (pair, strided):
        assert counts(launch, "cos_sin_cache", "ld") == (elements / 32, elements * 4 / SECTOR)
        assert launch.metrics["kbk__writes_per_element.max"] == 1


def test_rung_4_asks_for_960_sectors_a_token_of_llama_of_which_the_table_is_640():
    launch = of_rung("rope_strided", 32, 8, 128)
    assert of_q_and_k(launch, "ld")[1] == 320
    assert counts(launch, "cos_sin_cache", "ld")[1] == 640


@pytest.mark.parametrize("q, k, head", SHAPES)
def test_single_elements_of_interleaved_pairs_ask_for_each_sector_twice(q, k, head):
    launch = of_rung("rope_strided", q, k, head, is_neox=False)
    elements = (q + k) * head
    for op in ("ld", "st"):
        assert of_q_and_k(launch, op) == (elements / 32, 2 * elements * 2 / SECTOR)
    assert launch.metrics[metrics.SECTORS_EXCESSIVE] / T == 2 * elements * 2 / SECTOR


@LAYOUTS
@pytest.mark.parametrize("q, k, head", SHAPES)
def test_16_bytes_an_access_are_an_eighth_of_the_requests(q, k, head, is_neox):
    launch = of_rung("rope_vectors", q, k, head, is_neox)
    # A warp of 32 lanes may hold heads of q and of k: then each of them counts a request.
    requests, sectors = (q + k) * head / 32 / 8, (q + k) * head * 2 / SECTOR
    for op in ("ld", "st"):
        found = of_q_and_k(launch, op)
        assert found[1] == sectors
        if q * head % 512 == k * head % 512 == 0:
            assert found[0] == requests
    assert launch.metrics["kbk__writes_per_element.max"] == 1


def test_lanes_that_read_their_own_eight_angles_ask_for_each_sector_of_halves_twice():
    halves, interleaved = (of_rung("rope_vectors", 32, 8, 128, n) for n in (True, False))
    # 10 warps a token, each with 4 heads of the same row of 16 sectors.
    assert counts(halves, "cos_sin_cache", "ld") == (40, 10 * 2 * 16)
    assert counts(interleaved, "cos_sin_cache", "ld") == (40, 10 * 16)


@LAYOUTS
@pytest.mark.parametrize("q, k, head", SHAPES)
def test_a_walk_over_all_heads_reads_the_table_once_a_token(q, k, head, is_neox):
    launch = of_rung("rope_walk_heads", q, k, head, is_neox)
    sectors = (q + k) * head * 2 / SECTOR
    assert of_q_and_k(launch, "ld")[1] == of_q_and_k(launch, "st")[1] == sectors
    assert counts(launch, "cos_sin_cache", "ld")[1] == head * 4 / SECTOR
    assert launch.metrics[metrics.SECTORS_EXCESSIVE] == 0
    assert launch.metrics["kbk__writes_per_element.max"] == 1


@pytest.mark.parametrize("ahead", [False, True], ids=["", "ahead"])
@pytest.mark.parametrize("q, k, head", SHAPES)
def test_rung_7_asks_for_each_sector_of_the_table_twice_and_of_heads_once(q, k, head, ahead):
    launch = of_rung("rope_in_flight", q, k, head, True, (q + k, 3, ahead, 128))
    sectors = (q + k) * head * 2 / SECTOR
    assert of_q_and_k(launch, "ld")[1] == of_q_and_k(launch, "st")[1] == sectors
    assert counts(launch, "cos_sin_cache", "ld")[1] == 2 * head * 4 / SECTOR
    assert launch.metrics["kbk__writes_per_element.max"] == 1


def test_rung_6_asks_for_336_sectors_a_token_of_llama():
    launch = of_rung("rope_walk_heads", 32, 8, 128)
    names = ("query", "key", "cos_sin_cache")
    assert sum(counts(launch, name, "ld")[1] for name in names) == 336


def test_heads_in_flight_move_no_counter_and_workers_add_rows_of_the_table():
    flights = [(1, False), (2, False), (3, False), (2, True), (3, True)]
    same = [of_rung("rope_in_flight", 32, 8, 128, True, (4, *n, 128)) for n in flights]
    found = [[launch.metrics[name] for name in metrics.NSIGHT] for launch in same]
    assert found[1:] == found[:1] * 4
    # 8 lanes a worker, 4 workers a warp: each warp asks for the 16 sectors of its token's row,
    # for each of them twice.
    for walked, warps in ((40, 1), (10, 1), (5, 2), (1, 10)):
        launch = of_rung("rope_in_flight", 32, 8, 128, True, (walked, 1, False, 128))
        assert counts(launch, "cos_sin_cache", "ld")[1] == 2 * 16 * warps
        assert of_q_and_k(launch, "ld") == (20, 320)


def test_a_table_in_shared_memory_saves_no_sector_and_adds_wavefronts():
    walk, shared = (of_rung(n, 32, 8, 128) for n in ("rope_walk_heads", "rope_shared_table"))
    assert counts(shared, "cos_sin_cache", "ld")[1] == counts(walk, "cos_sin_cache", "ld")[1] == 16
    assert of_q_and_k(shared, "ld")[1] == of_q_and_k(walk, "ld")[1]
    assert walk.metrics["memory_l1_wavefronts_shared"] == 0
    assert shared.metrics["memory_l1_wavefronts_shared"] > 0


@LAYOUTS
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
def test_the_part_of_a_head_that_is_not_rotated_is_neither_read_nor_written(dtype, is_neox):
    q, k = (heads(T, n, 128, dtype=dtype, device="cpu") for n in (8, 2))
    at, table = AT, angles(50, 64)
    with kbk.profile() as p:
        apply_rope_with_cos_sin_cache_inplace(at, q, k, 128, table, is_neox)
    (launch,) = p.launches
    for name, n in (("query", 8), ("key", 2)):
        for op in ("ld", "st"):
            assert counts(launch, name, op)[1] == n * 64 * dtype.itemsize / SECTOR
    assert launch.metrics["kbk__writes_per_element.max"] == 1


@pytest.mark.parametrize("rotary", [128, 64])
def test_the_store_reads_k_and_v_once_in_one_launch(rotary):
    q, k, v = (heads(T, n, 128, dtype=BF16, device="cpu") for n in (8, 2, 2))
    caches = [torch.zeros(20, 2, 128, dtype=BF16) for _ in range(2)]
    at, table, slots = AT, angles(50, rotary), torch.randperm(20)[:T]
    store = FusedSetKVBufferArg(v, *caches, None, None, slots)
    with kbk.profile() as p:
        apply_rope_with_cos_sin_cache_inplace(at, q, k, 128, table, True, store)
    (launch,) = p.launches
    whole, turned = 2 * 128 * 2 / SECTOR, 2 * rotary * 2 / SECTOR
    assert [counts(launch, name, "ld")[1] for name in ("key", "value")] == [whole, whole]
    assert counts(launch, "key", "st")[1] == turned and counts(launch, "value", "st") == (0, 0)
    for name in ("k_buffer", "v_buffer"):
        assert counts(launch, name, "st")[1] == whole and counts(launch, name, "ld") == (0, 0)
    assert launch.metrics["kbk__writes_per_element.max"] == 1
