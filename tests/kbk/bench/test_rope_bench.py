"""The suite of RoPE: its functions turn the same tensors right, and one that does not is told."""

from __future__ import annotations

import pytest
import torch

from kbk.bench import rope, sidebyside


@pytest.fixture(scope="module")
def calls() -> sidebyside.Calls:
    rope_compiled, rope._compiled = rope._compiled, _no_compiler
    try:
        return rope.calls(5, 4, 2, device="cpu")
    finally:
        rope._compiled = rope_compiled


def _no_compiler(arguments: object) -> sidebyside.Fn:
    raise RuntimeError("not here")


def test_ours_and_torch_are_right_and_what_is_not_there_is_named(calls):
    assert calls.check(calls.ours) == ""
    assert list(calls.peers) == ["torch eager"]
    assert list(calls.missing) == ["torch.compile", "FlashInfer", "sgl_kernel"]


def test_a_function_that_does_nothing_or_turns_the_other_way_is_wrong(calls):
    assert "an element of q is" in calls.check(lambda: None)
    positions, q, k, head, table = calls.ours.args
    back = torch.cat([table[:, :64], -table[:, 64:]], dim=1)
    assert "an element of q is" in calls.check(lambda: rope.eager(positions, q, k, head, back))
    again = lambda: rope.eager(positions, q, k[:, :0], head, table)  # noqa: E731
    assert "an element of k is" in calls.check(again)


def test_a_table_in_bfloat16_is_wrong(calls):
    positions, q, k, head, table = calls.ours.args
    narrow = table.bfloat16().float()
    assert "an element of" in calls.check(lambda: rope.eager(positions, q, k, head, narrow))


def test_the_ceilings_move_as_many_bytes_and_half_of_them_are_in_place(calls):
    moved = rope.bytes_moved(5, 6)
    assert moved == 5 * (2 * 6 * 128 * 2 + 128 * 4 + 8)
    assert calls.ceilings
    for name, fn in calls.ceilings.items():
        out, x = fn.args[:2]
        assert abs(2 * x.numel() * 4 - moved) < 32
        assert (out is x) == name.startswith("in place")


def test_the_suite_has_the_shapes_that_the_op_is_measured_at():
    suite = sidebyside.suite("rope")
    assert [case.name for case in suite.cases if case.at_ceiling] == [
        "16384 x (32 + 8) x 128",
        "16384 x (64 + 8) x 128",
        "16384 x (32 + 8) x 128, scattered",
        "16384 x (64 + 8) x 128, scattered",
    ]
    assert {case.name.split()[0] for case in suite.cases} == {"1", "128", "4096", "16384"}
    assert len(suite.cases) == 10


@pytest.mark.parametrize("scattered", [False, True])
def test_positions_are_a_prompts_or_those_of_many_sequences(scattered):
    positions = rope.calls(64, 1, 1, "cpu", scattered).ours.args[0]
    assert positions.unique().numel() == 64
    assert positions.equal(torch.arange(64)) != scattered
