"""RoPE behaves as torch's own ops: opcheck, torch.compile, streams, graphs; in any order."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from rotary import DTYPES, angles, assert_rotated, bits, heads, positions_of

import kbk
from kbk import sim
from kbk.ops import FusedSetKVBufferArg, family
from kbk.ops import apply_rope_with_cos_sin_cache_inplace as rope

D = 32


def parts(machine: str, dtype: torch.dtype = torch.float32, tokens: int = 5, head: int = D) -> Any:
    """positions, query, key, value, table, two caches, slots."""
    q, k, v = (heads(tokens, n, head, dtype=dtype, device=machine, seed=n) for n in (4, 2, 2))
    caches = [torch.zeros(9, 2, head, dtype=dtype, device=machine) for _ in range(2)]
    slots = torch.tensor([3, -1, 0, 8, 5], device=machine).repeat(tokens // 5 + 1)[:tokens]
    return (
        positions_of(tokens, 20, machine),
        q,
        k,
        v,
        angles(20, head, device=machine),
        caches,
        slots,
    )


def test_the_op_passes_opcheck(machine):
    at, q, k, v, table, caches, slots = parts(machine)
    op = family("rope").apply_rope_with_cos_sin_cache_inplace.overload
    torch.library.opcheck(op, (at, q, k, D, table, True, None, None, None, None))
    torch.library.opcheck(op, (at, q, k, D, table, False, v, *caches, slots))


@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_the_op_and_its_store_compile_into_one_graph(machine, backend):
    torch._dynamo.reset()
    at, _, _, _, table, _, slots = parts(machine)
    qkv = heads(5, 8 * D, dtype=torch.float32, device=machine)

    def step(qkv: torch.Tensor, k_buffer: torch.Tensor, v_buffer: torch.Tensor) -> torch.Tensor:
        fresh = qkv + 1
        q, k, v = fresh.split([4 * D, 2 * D, 2 * D], dim=1)
        rope(at, q, k, D, table, True)
        store = FusedSetKVBufferArg(v, k_buffer, v_buffer, None, None, slots)
        rope(at, q, k, D, table, False, store)
        return fresh * 2

    compiled = torch.compile(step, fullgraph=True, backend=backend)
    for values in (qkv, qkv - 3):
        caches, want = ([torch.zeros(9, 2, D, device=machine) for _ in "kv"] for _ in "ab")
        torch.testing.assert_close(compiled(values, *caches), step(values, *want))
        torch.testing.assert_close(caches, want)
        assert all(each.any() for each in caches)


def test_the_op_compiles_before_its_first_call(machine):
    torch._dynamo.reset()
    family.cache_clear()
    at, q, k, _, table, _, _ = parts(machine)
    before = q.clone()
    torch.compile(rope, fullgraph=True, backend="aot_eager")(at, q, k, D, table)
    assert_rotated(q, before, at, table, True)


@pytest.mark.parametrize("seed", [None, 1, 2])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_nothing_is_found_in_any_order(seed, dtype):
    with sim.settings(seed=seed), kbk.sanitize() as s:
        for head, is_neox in product((32, 64, 80, 22), (True, False)):
            at, q, k, v, table, caches, slots = parts("cpu", dtype, head=head)
            rope(at, q, k, head, table, is_neox)
            narrow = angles(20, head // 4 * 2)
            store = FusedSetKVBufferArg(v, *caches, None, None, slots)
            rope(at.int(), q, k, head, narrow, is_neox, store)
            if head == 64 and dtype == torch.bfloat16:
                for shape in ((1, 1, False, 32), (3, 2, True, 64), (99, 3, True, 512)):
                    family("rope").rope_in_flight(at, q, k, head, table, *shape)
    # Of a head that is rotated in part, the rest is not written: only worth knowing.
    assert {each.code for each in s.findings if each.severity != "info"} == set()
    assert {each.code for each in s.findings} == {"unwritten-output"}


@pytest.mark.gpu
@pytest.mark.parametrize("stored", [False, True])
def test_the_op_is_captured_and_replayed_on_a_side_stream(stored):
    at, q, k, v, table, caches, slots = parts("cuda", torch.bfloat16, 1000, 128)
    slots = torch.randperm(1000, device="cuda")
    caches = [torch.zeros(1000, 2, 128, dtype=torch.bfloat16, device="cuda") for _ in "kv"]
    store = FusedSetKVBufferArg(v, *caches, None, None, slots) if stored else None
    stream, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
    rope(at, q.clone(), k.clone(), 128, table)  # builds
    torch.cuda.synchronize()
    with torch.cuda.graph(graph, stream=stream):
        rope(at, q, k, 128, table, True, store)
    at.copy_(positions_of(1000, 20, "cuda", seed=9))  # what is replayed reads what is there now
    before = q.clone(), k.clone()
    torch.cuda.synchronize()
    with torch.cuda.stream(stream):
        graph.replay()
    stream.synchronize()
    assert_rotated(q, before[0], at, table, True)
    assert_rotated(k, before[1], at, table, True)
    if stored:
        assert torch.equal(bits(caches[0][slots]), bits(k))
        assert torch.equal(bits(caches[1][slots]), bits(v))


@pytest.mark.gpu
def test_the_op_runs_on_the_current_stream():
    at, q, k, _, table, _, _ = parts("cuda", torch.bfloat16, 1000, 128)
    before, filled = q.clone(), q.clone()
    rope(at, q.clone(), k.clone(), 128, table)
    q.zero_()
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(100_000_000)  # on another stream the op would turn zeros
        q.copy_(filled)
        rope(at, q, k, 128, table)
    stream.synchronize()
    assert_rotated(q, before, at, table, True)


@pytest.mark.gpu
def test_1000_calls_give_the_same_bits():
    at, q, k, _, table, _, _ = parts("cuda", torch.bfloat16, 33, 256)
    want = q.clone(), k.clone()
    rope(at, *want, 256, table)
    for _ in range(1000):
        got = q.clone(), k.clone()
        rope(at, *got, 256, table)
        assert torch.equal(got[0], want[0]) and torch.equal(got[1], want[1])
