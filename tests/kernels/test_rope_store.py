"""The fused store puts rotated k and raw v into the rows of cache_loc, and rotated k into key."""

from __future__ import annotations

import pytest
import torch
from rotary import DTYPES, angles, assert_rotated, bits, heads, positions_of, sparse

from kbk import sim
from kbk.ops import FusedSetKVBufferArg
from kbk.ops import apply_rope_with_cos_sin_cache_inplace as rope

LAYOUTS = pytest.mark.parametrize("is_neox", [True, False], ids=["halves", "interleaved"])


def store(value, k_buffer, v_buffer, slots) -> FusedSetKVBufferArg:
    return FusedSetKVBufferArg(value, k_buffer, v_buffer, None, None, slots)


def slots_of(tokens: int, rows: int, machine: str) -> torch.Tensor:
    """Different rows in no order; of every third token none."""
    generator = torch.Generator().manual_seed(3)
    slots = torch.randperm(rows, generator=generator)[:tokens]
    slots[1::3] = -1
    return slots.to(machine)


def check(
    machine: str,
    head: int,
    rotary: int,
    dtype: torch.dtype,
    is_neox: bool,
    tokens: int = 9,
    wide: bool = True,
) -> None:
    rows, k_heads = 20, 2
    q = heads(tokens, 4, head, dtype=dtype, device=machine)
    k = heads(tokens, k_heads, head, dtype=dtype, device=machine, seed=2)
    v = heads(tokens, k_heads, head, dtype=dtype, device=machine, seed=3)
    caches = [heads(rows, k_heads, head, dtype=dtype, device=machine, seed=s) for s in (4, 5)]
    at, table = positions_of(tokens, 30, machine), angles(30, rotary, device=machine)
    slots = slots_of(tokens, rows, machine)
    before = [each.clone() for each in (q, k, v, *caches)]
    ids = slots if wide else slots.int()
    flat = [each.flatten(1) for each in (q, k)]
    rope(at, *flat, head, table, is_neox, store(v, *caches, ids))
    assert_rotated(q, before[0], at, table, is_neox)
    assert_rotated(k, before[1], at, table, is_neox)
    assert torch.equal(bits(v), bits(before[2])), "v has changed"
    kept = slots >= 0
    want_k, want_v = before[3], before[4]
    want_k[slots[kept]], want_v[slots[kept]] = k[kept], v[kept]
    assert torch.equal(bits(caches[0]), bits(want_k))
    assert torch.equal(bits(caches[1]), bits(want_v))


@LAYOUTS
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(
    "head, rotary",
    [(64, 64), (128, 128), (128, 64), (80, 80), (96, 32), (62, 62), (64, 6), (512, 512), (2, 2)],
    ids=str,
)
def test_k_v_and_both_caches(machine, head, rotary, dtype, is_neox):
    check(machine, head, rotary, dtype, is_neox)


@pytest.mark.parametrize("tokens", [1, 2, 20])
def test_any_number_of_tokens_and_int32_slots(machine, tokens):
    check(machine, 128, 64, torch.bfloat16, True, tokens, wide=False)


@pytest.mark.parametrize("flat", [True, False], ids=["2-d", "3-d"])
def test_caches_that_share_one_tensor_and_a_fused_qkv(machine, flat):
    tokens, head, k_heads, rows = 5, 64, 2, 8
    qkv = heads(tokens, 8 * head, dtype=torch.bfloat16, device=machine)
    q, k, v = qkv.split([4 * head, 2 * head, 2 * head], dim=1)
    pool = heads(rows, 2, k_heads, head, dtype=torch.bfloat16, device=machine, seed=6)
    at, table = positions_of(tokens, 30, machine), angles(30, head, device=machine)
    slots = slots_of(tokens, rows, machine)
    before, was = qkv.clone(), pool.clone()
    caches = [pool[:, i].flatten(1) if flat else pool[:, i] for i in (0, 1)]
    assert not flat or all(c.data_ptr() == pool[:, i].data_ptr() for i, c in enumerate(caches))
    rope(at, q, k, head, table, True, store(v, *caches, slots))
    was_q, was_k, was_v = before.split([4 * head, 2 * head, 2 * head], dim=1)
    assert_rotated(q.unflatten(1, (4, head)), was_q.unflatten(1, (4, head)), at, table, True)
    assert_rotated(k.unflatten(1, (2, head)), was_k.unflatten(1, (2, head)), at, table, True)
    kept = slots >= 0
    was[slots[kept], 0] = k.unflatten(1, (2, head))[kept]
    was[slots[kept], 1] = was_v.unflatten(1, (2, head))[kept]
    assert torch.equal(bits(pool), bits(was))
    assert torch.equal(bits(v), bits(was_v))


def test_negative_slots_alone_keep_nothing_but_rotate(machine):
    q, k, v = (heads(3, 2, 32, dtype=torch.float32, device=machine, seed=s) for s in (0, 1, 2))
    caches = [torch.zeros(4, 2, 32, device=machine) for _ in range(2)]
    at, table = positions_of(3, 9, machine), angles(9, 32, device=machine)
    before = k.clone()
    slots = torch.tensor([-1, -(2**40), -1], device=machine)
    rope(at, q, k, 32, table, True, store(v, *caches, slots))
    assert_rotated(k, before, at, table, True)
    assert not caches[0].any() and not caches[1].any()


def test_no_tokens_store_nothing_and_launch_nothing():
    none, caches = torch.empty(0, 2, 32), [torch.zeros(4, 2, 32) for _ in range(2)]
    ids = torch.empty(0, dtype=torch.int64)
    before = sim.launches()
    rope(ids, none, none.clone(), 32, angles(9, 32), True, store(none.clone(), *caches, ids))
    assert sim.launches() == before


def test_slots_beyond_2_to_the_31_elements(machine):
    head, slot = 64, 2**31 // 64 + 5
    caches = [sparse((slot + 1) * head, torch.bfloat16, machine).view(-1, 1, head) for _ in "kv"]
    q, k, v = (heads(2, 1, head, dtype=torch.bfloat16, device=machine, seed=s) for s in (0, 1, 2))
    at, table = positions_of(2, 9, machine), angles(9, head, device=machine)
    slots = torch.tensor([slot, 0], device=machine)
    rope(at, q, k, head, table, True, store(v, *caches, slots))
    for cache, want in zip(caches, (k, v), strict=True):
        assert torch.equal(bits(cache[slot]), bits(want[0]))
        assert torch.equal(bits(cache[0]), bits(want[1]))
