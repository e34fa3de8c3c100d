"""The ladder of chapter 03, rehearsed on the simulator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from kbk.bench import rope, rope_ladder
from kbk.bench.sidebyside import CEILING

EVERY = rope.ceilings


class Rehearsal:
    """Runs the call and says that it took 5 us."""

    def time(self, fn: Callable[[], object]) -> float:
        fn()
        return 5.0


@pytest.fixture(scope="module")
def record():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rope_ladder, "ceilings", lambda n, d: dict(list(EVERY(n, d).items())[:2]))
        patch.setattr(rope_ladder, "POSITIONS", 50)
        yield rope_ladder.ladder((1, 3), Rehearsal(), count=2, device="cpu")


def test_the_ladder_holds_every_rung_the_op_with_its_store_and_the_ceiling(record):
    assert list(record.data) == ["1", "3"]
    for tokens, row in record.data.items():
        assert row["bytes"] == rope.bytes_moved(int(tokens), 40)
        names = {"rope_sincos", "rope_by_element", "rope_by_pair", *rope_ladder.STRIDED}
        names |= {f"rope_in_flight {n}" for n in rope_ladder.WALKED} | {CEILING}
        names |= {rope_ladder.SERVED, rope_ladder.STORED, rope_ladder.APART}
        assert set(row["rungs"]) == names
    assert set(record.kernels) == {"rope.cu", "rope_call.h", "rope_rungs.cu", "ceilings.cu"}


def test_the_op_with_its_store_leaves_in_the_caches_what_three_calls_leave_there(monkeypatch):
    monkeypatch.setattr(rope_ladder, "POSITIONS", 50)
    fns = rope_ladder.functions(3, "cpu")
    store = fns[rope_ladder.APART].args[1]  # type: ignore[attr-defined]
    key = fns[rope_ladder.APART].args[2]  # type: ignore[attr-defined]
    for name in (rope_ladder.STORED, rope_ladder.APART):
        store.k_buffer.zero_()
        store.v_buffer.zero_()
        fns[name]()
        assert torch.equal(store.k_buffer[store.cache_loc], key)
        assert torch.equal(store.v_buffer[store.cache_loc], store.value)


def test_a_prompt_has_its_positions_in_order_and_few_tokens_have_not(monkeypatch):
    monkeypatch.setattr(rope_ladder, "POSITIONS", 50)
    monkeypatch.setattr(rope_ladder, "PROMPT", 12)
    few, prompt = (
        rope_ladder.functions(n, "cpu")[rope_ladder.SERVED].args[0]  # type: ignore[attr-defined]
        for n in (11, 12)
    )
    assert few.dtype == torch.int64 and few.diff().min() < 0 and few.max() < 50
    assert prompt.tolist() == list(range(12))
