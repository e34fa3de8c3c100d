"""kernels/rope.cu turns each pair by its token's angle, and touches nothing else, at any shape."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from rotary import (
    DTYPES,
    angles,
    assert_rotated,
    bits,
    heads,
    positions_of,
    rotated,
    sparse,
)

from kbk import sim
from kbk.ops import apply_rope_with_cos_sin_cache_inplace as rope
from kbk.ops import family

LAYOUTS = pytest.mark.parametrize("is_neox", [True, False], ids=["halves", "interleaved"])

# head, rotary, max_pos, base, is_neox, tokens, q heads, k heads: of sgl-kernel's own test.
PEERS = [
    *((64, 64, 4096, 8000, True, t, 64, 8) for t in (1, 32, 128, 512, 1024, 16384)),
    (64, 64, 32, 8000, True, 1024, 1, 1),
    (256, 128, 4096, 10000, True, 1024, 4, 2),
    (512, 128, 311, 10000, True, 117, 4, 2),
    (128, 128, 2048, 10000, False, 1024, 32, 8),
    (128, 128, 2048, 10000, False, 1024, 16, 4),
    (512, 128, 311, 10000, False, 117, 4, 2),
]


def few(tokens: int, machine: str, most: int = 34) -> int:
    """All tokens on a GPU; on the simulator, which takes seconds for thousands, a part."""
    return tokens if machine == "cuda" else min(tokens, most)


def turns(
    machine: str,
    tokens: int,
    q_heads: int,
    k_heads: int,
    head: int,
    rotary: int,
    dtype: torch.dtype,
    is_neox: bool,
    most: int = 311,
    base: float = 10000.0,
) -> None:
    q = heads(tokens, q_heads, head, dtype=dtype, device=machine)
    k = heads(tokens, k_heads, head, dtype=dtype, device=machine, seed=2)
    at, table = positions_of(tokens, most, machine), angles(most, rotary, base, machine)
    before = q.clone(), k.clone()
    rope(at, q.flatten(1), k.flatten(1), head, table, is_neox)
    assert_rotated(q, before[0], at, table, is_neox)
    assert_rotated(k, before[1], at, table, is_neox)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("case", PEERS, ids=str)
def test_the_shapes_of_sgl_kernels_tests(machine, case, dtype):
    head, rotary, most, base, is_neox, tokens, q_heads, k_heads = case
    tokens = few(tokens, machine)
    turns(machine, tokens, q_heads, k_heads, head, rotary, dtype, is_neox, most, base)


@LAYOUTS
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("rotary, head", list(product((64, 80, 96, 128), (64, 128, 256))), ids=str)
def test_partial_rotation_of_any_width(machine, rotary, head, dtype, is_neox):
    if rotary <= head:
        turns(machine, 5, 8, 2, head, rotary, dtype, is_neox)


@LAYOUTS
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_even_head_size_to_512(machine, dtype, is_neox):
    for head in (*range(2, 68, 2), 80, 96, 108, 112, 120, 130, 192, 254, 256, 264, 510, 512):
        for rotary in {head, max(2, head // 4 * 2)}:
            turns(machine, 3, 3, 1, head, rotary, dtype, is_neox, most=40)


@LAYOUTS
@pytest.mark.parametrize("tokens", [1, 2, 31, 32, 33, 127, 1001])
@pytest.mark.parametrize("q_heads, k_heads", [(1, 1), (7, 1), (17, 17), (32, 8)], ids=str)
def test_any_number_of_tokens_and_heads(machine, tokens, q_heads, k_heads, is_neox):
    turns(machine, few(tokens, machine), q_heads, k_heads, 64, 64, torch.bfloat16, is_neox)


@LAYOUTS
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("start", range(1, 9))
def test_any_alignment(machine, start, dtype, is_neox):
    tokens, head = 5, 64
    both = heads(start + 2 * tokens * 2 * head + 1, dtype=dtype, device=machine)
    q, k = both[start:-1].view(2, tokens, 2, head)
    at, table = positions_of(tokens, 50, machine), angles(50, head, device=machine)
    before = both.clone()
    rope(at, q, k, head, table, is_neox)
    was_q, was_k = before[start:-1].view(2, tokens, 2, head)
    assert_rotated(q, was_q, at, table, is_neox)
    assert_rotated(k, was_k, at, table, is_neox)
    assert torch.equal(bits(both[:start]), bits(before[:start]))
    assert torch.equal(bits(both[-1:]), bits(before[-1:]))


@LAYOUTS
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("head, extra", [(128, 0), (128, 3), (64, 8), (80, 0), (62, 0)])
@pytest.mark.parametrize("flat", [True, False], ids=["2-d", "3-d"])
def test_slices_of_one_qkv_tensor(machine, flat, head, extra, dtype, is_neox):
    tokens, q_heads, k_heads = 9, 6, 2
    parts = [q_heads * head, k_heads * head, k_heads * head + extra]
    qkv = heads(tokens, sum(parts), dtype=dtype, device=machine)
    before = qkv.clone()
    q, k, _ = qkv.split(parts, dim=1)
    at, table = positions_of(tokens, 99, machine), angles(99, head, device=machine)
    if flat:
        rope(at, q, k, head, table, is_neox)
    else:
        rope(at, q.unflatten(1, (-1, head)), k.unflatten(1, (-1, head)), head, table, is_neox)
    was_q, was_k, was_v = before.split(parts, dim=1)
    assert_rotated(q.unflatten(1, (-1, head)), was_q.unflatten(1, (-1, head)), at, table, is_neox)
    assert_rotated(k.unflatten(1, (-1, head)), was_k.unflatten(1, (-1, head)), at, table, is_neox)
    assert torch.equal(bits(qkv[:, parts[0] + parts[1] :]), bits(was_v)), "v has changed"


@LAYOUTS
def test_heads_before_tokens_and_gaps_between_heads(machine, is_neox):
    head, at, table = 32, positions_of(6, 20, machine), angles(20, 32, device=machine)
    whole_q = heads(4, 6, 40, dtype=torch.float16, device=machine)  # [heads, tokens, padded head]
    whole_k = heads(6, 3, 70, dtype=torch.float16, device=machine, seed=3)
    before = whole_q.clone(), whole_k.clone()
    q, k = whole_q[..., :head].transpose(0, 1), whole_k[..., 6 : 6 + head]
    rope(at, q, k, head, table, is_neox)
    assert_rotated(q, before[0][..., :head].transpose(0, 1), at, table, is_neox)
    assert_rotated(k, before[1][..., 6 : 6 + head], at, table, is_neox)
    assert torch.equal(bits(whole_q[..., head:]), bits(before[0][..., head:]))
    assert torch.equal(bits(whole_k[..., :6]), bits(before[1][..., :6]))
    assert torch.equal(bits(whole_k[..., 38:]), bits(before[1][..., 38:]))


@LAYOUTS
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_int32_positions_give_the_bits_of_int64_positions_up_to_131071(machine, dtype, is_neox):
    tokens = few(16384, machine)
    at, table = positions_of(tokens, 131072, machine), angles(131072, 64, device=machine)
    at[0], at[1] = 131071, 0
    q = heads(tokens, 4, 64, dtype=dtype, device=machine)
    k = heads(tokens, 1, 64, dtype=dtype, device=machine, seed=5)
    again = q.clone(), k.clone()
    rope(at, q, k, 64, table, is_neox)
    rope(at.int(), *again, 64, table, is_neox)
    assert torch.equal(bits(q), bits(again[0])) and torch.equal(bits(k), bits(again[1]))
    assert_rotated(q, heads(tokens, 4, 64, dtype=dtype, device=machine), at, table, is_neox)


@LAYOUTS
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_special_values_are_those_of_the_formula(machine, dtype, is_neox):
    info = torch.finfo(dtype)
    values = [0.0, -0.0, 1.0, info.max, -info.max, info.tiny, info.tiny / 4, 3e-5]
    values += [float("inf"), float("-inf"), float("nan")]
    many = torch.tensor(values, dtype=dtype)
    both = torch.cartesian_prod(many, many).to(machine)  # every pair of them: [121, 2]
    for head in (2, 16):  # a pair a head, and the same one eight times on the path of 16 bytes
        a, b = (each[:, None].expand(-1, head // 2) for each in both.unbind(1))
        q = torch.cat([a, b], 1) if is_neox else torch.stack([a, b], 2)
        q = q.reshape(-1, 1, head).contiguous()
        k, before = q.clone(), q.clone()
        at, table = positions_of(q.size(0), 50, machine), angles(50, head, device=machine)
        rope(at, q, k, head, table, is_neox)
        assert_rotated(q, before, at, table, is_neox)
        assert torch.equal(bits(q.nan_to_num()), bits(k.nan_to_num()))


@pytest.mark.parametrize("head", [64, 128])
def test_every_launch_shape_gives_the_same_bits(machine, head):
    at, table = positions_of(5, 30, machine), angles(30, head, device=machine)
    q = heads(5, 9, head, dtype=torch.bfloat16, device=machine)
    k = heads(5, 2, head, dtype=torch.bfloat16, device=machine, seed=7)
    want = q.clone(), k.clone()
    rope(at, *want, head, table)
    flights = [(1, False), (2, False), (3, False), (2, True), (3, True)]
    for walked, flight, threads in product((1, 2, 3, 5, 11, 99), flights, (32, 100, 512)):
        got = q.clone(), k.clone()
        family("rope").rope_in_flight(at, *got, head, table, walked, *flight, threads)
        assert torch.equal(bits(got[0]), bits(want[0])), (walked, flight, threads)
        assert torch.equal(bits(got[1]), bits(want[1])), (walked, flight, threads)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("head", [64, 128])
def test_the_common_layout_gives_the_bits_of_any_other(machine, dtype, head):
    for tokens, at_dtype in ((3, torch.int64), (3, torch.int32), (700, torch.int64)):
        at = positions_of(tokens, 30, machine).to(at_dtype)
        table = angles(30, head, device=machine)
        q, k = (heads(tokens, n, head, dtype=dtype, device=machine, seed=n) for n in (9, 2))
        apart = torch.zeros(tokens, 11, 2 * head, dtype=dtype, device=machine)[..., :head]
        apart[:, :9], apart[:, 9:] = q, k  # the same heads with a gap behind each
        rope(at, q, k, head, table)
        rope(at, apart[:, :9], apart[:, 9:], head, table)
        assert torch.equal(bits(q), bits(apart[:, :9].contiguous()))
        assert torch.equal(bits(k), bits(apart[:, 9:].contiguous()))


def many_are_right(machine: str, tokens: int, q_heads: int, dtype: torch.dtype) -> None:
    """The op on many heads, int32 positions, gives what float64 gives on tokens here and there."""
    at, table = positions_of(tokens, 90, machine).int(), angles(90, 128, device=machine)
    q, k = (heads(tokens, n, 128, dtype=dtype, device=machine, seed=n) for n in (q_heads, 2))
    before = q.clone(), k.clone()
    rope(at, q, k, 128, table)
    some = torch.arange(0, tokens, 97, device=machine)
    for x, was in zip((q, k), before, strict=True):
        assert_rotated(x[some], was[some], at[some], table, True)


def test_many_heads_are_right_where_the_next_ones_are_loaded_ahead(machine):
    many_are_right(machine, 2901, 12 if machine == "cpu" else 30, torch.float16)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_heads_for_a_whole_gpu_are_right(dtype):
    many_are_right("cuda", 16384, 38, dtype)


@pytest.mark.parametrize("shape", [(0, 8, 64), (0, 512)], ids=str)
def test_no_tokens_launch_nothing(shape):
    q, k = torch.empty(shape), torch.empty(shape)
    before = sim.launches()
    rope(torch.empty(0, dtype=torch.int64), q, k, 64, angles(3, 64))
    assert sim.launches() == before


def test_query_without_heads_leaves_key_to_be_rotated(machine):
    at, table = positions_of(3, 9, machine), angles(9, 16, device=machine)
    k = heads(3, 2, 16, dtype=torch.float32, device=machine)
    before = k.clone()
    rope(at, k.new_empty(3, 0), k, 16, table)
    assert_rotated(k, before, at, table, True)


@pytest.mark.parametrize("where", ["tokens", "heads"])
@pytest.mark.parametrize("shift", [0, 1], ids=["16 bytes", "single elements"])
def test_offsets_beyond_2_to_the_31_elements(machine, where, shift):
    head, far = 64, (2**31 + 2**20) // 2 + 8
    big = sparse(2 * far + 4096, torch.bfloat16, machine)[shift:]
    if where == "tokens":
        q = big.as_strided((3, 1, head), (far, head, 1), shift)
    else:
        q = big.as_strided((1, 3, head), (head, far, 1), shift)
    q.copy_(heads(*q.shape, dtype=torch.bfloat16, device=machine))
    k = heads(q.size(0), 1, head, dtype=torch.bfloat16, device=machine, seed=4)
    before = q.clone(), k.clone()
    at, table = positions_of(q.size(0), 9, machine), angles(9, head, device=machine)
    rope(at, q, k, head, table)
    assert_rotated(q, before[0], at, table, True)
    assert_rotated(k, before[1], at, table, True)


def test_the_oracle_turns_one_vector_as_by_hand():
    x = torch.tensor([[[3.0, 1.0, 4.0, 2.0, 7.0]]])
    table = torch.tensor([[0.0, 1.0, 1.0, 0.0]])  # pair 0 by 90 degrees, pair 1 not at all
    at = torch.zeros(1, dtype=torch.int64)
    assert rotated(x, at, table, True)[0].tolist() == [[[-4.0, 1.0, 3.0, 2.0, 7.0]]]
    assert rotated(x, at, table, False)[0].tolist() == [[[-1.0, 3.0, 4.0, 2.0, 7.0]]]
    with pytest.raises(AssertionError, match="1 of 5 wrong, the first at"):
        got = torch.tensor([[[-4.0, 1.0, 3.0 + 2e-6, 2.0, 7.0]]])
        assert_rotated(got, x, at, table, True)
