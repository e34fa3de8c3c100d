"""The oracles: float32 done well is right, and so is nothing that is less than that."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator, Tensor

from kbk.upstream.case import Call, Case, Target
from kbk.upstream.oracles import activation, align, lightning, merging, quant, topk
from kbk.upstream.targets import KEYS, TARGETS, choose

HALVES = (torch.float16, torch.bfloat16)


def call_of(case: Case, seed: int = 0) -> Call:
    return case.make(Generator().manual_seed(seed))


def mistakes(call: Call) -> list[str]:
    return [found.text for each in call.outputs if (found := each.check(each.tensor)) is not None]


def regular(target: Target) -> list[Case]:
    return [each for each in target.cases if not each.known and not each.refuses]


def all_right(target: Target, op) -> None:
    """Every regular case of a target, computed in Python by `op`."""
    for case in regular(target):
        call = call_of(case)
        op(case, call)
        assert mistakes(call) == [], case.name


# --- all of them


def test_the_keys_are_the_seven_and_names_of_cases_are_unique():
    assert KEYS == ("copy", "activation", "lightning", "merge", "topk", "align", "quant")
    for target in TARGETS:
        names = [each.name for each in target.cases]
        assert len(set(names)) == len(names)
        assert {each.function for each in target.cases} == set(target.functions)
        assert target.profiled.function in target.functions


def test_choosing_keeps_the_order_and_refuses_what_is_none():
    assert [each.key for each in choose(["topk", "copy"])] == ["copy", "topk"]
    with pytest.raises(ValueError, match=r"--only must name files of copy, .*; it was 'gemm'"):
        choose(["copy", "gemm"])
    with pytest.raises(ValueError, match="it was empty"):
        choose([])


@pytest.mark.parametrize("target", TARGETS, ids=KEYS)
def test_outputs_that_nobody_wrote_are_wrong(target: Target):
    for case in regular(target):
        call = call_of(case)
        untouched = [each.check(each.tensor) is not None for each in call.outputs]
        assert all(untouched), case.name


@pytest.mark.parametrize("target", TARGETS, ids=KEYS)
def test_the_same_seed_makes_the_same_call(target: Target):
    for case in target.cases:
        first, second = call_of(case), call_of(case)
        for one, other in zip(first.arguments, second.arguments, strict=True):
            if isinstance(one, Tensor):
                assert torch.equal(one.view(torch.uint8), other.view(torch.uint8)), case.name
            else:
                assert one == other


# --- copy


def test_a_copy_is_right_and_one_wrong_int_is_not():
    for case in regular(choose(["copy"])[0]):
        call = call_of(case)
        values, out = call.arguments
        out.copy_(values)
        assert mistakes(call) == []
        out[7] += 1
        assert mistakes(call)[0].startswith(f"1 of {len(out)} elements of output are wrong")


# --- activation


def act(function: str, x: Tensor) -> Tensor:
    if function == "silu_and_mul":
        return x / (1 + torch.exp(-x))
    if function == "gelu_and_mul":
        return x * (0.5 * (1 + torch.erf(x * math.sqrt(0.5))))
    return x * (0.5 * (1 + torch.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))))


def test_activations_in_float32_rounded_once_are_right():
    def op(case: Case, call: Call) -> None:
        out, values = call.arguments
        x, y = values.float().chunk(2, dim=-1)
        out.copy_(act(case.function, x) * y)

    all_right(activation.TARGET, op)


def test_activations_that_round_before_the_product_are_wrong():
    for case in regular(activation.TARGET):
        out, values = (call := call_of(case)).arguments
        if out.dtype in HALVES and out.numel() > 100:
            x, y = values.float().chunk(2, dim=-1)
            out.copy_(act(case.function, x).to(out.dtype) * y.to(out.dtype))
            assert mistakes(call), case.name


def test_one_gelu_is_not_taken_for_the_other():
    for case in regular(activation.TARGET):
        if case.function != "silu_and_mul":
            out, values = (call := call_of(case)).arguments
            other = {"gelu_and_mul": "gelu_tanh_and_mul"}.get(case.function, "gelu_and_mul")
            x, y = values.float().chunk(2, dim=-1)
            out.copy_(act(other, x) * y)
            if out.numel() > 100:
                assert mistakes(call), case.name


# --- lightning attention


def step(call: Call, product: torch.dtype | None = None, sums: torch.dtype = torch.float32) -> None:
    q, k, v, past, slope, output, new_kv = call.arguments
    made = k.float().transpose(-1, -2) * v.float()
    made = made.to(product or q.dtype).float()
    state = torch.exp(-slope) * past + made
    new_kv.copy_(state)
    total = torch.zeros_like(output, dtype=sums)
    for d in range(q.shape[-1]):
        total += (q[..., d : d + 1].float() * state[..., d : d + 1, :]).to(sums)
    output.copy_(total)


def test_a_step_in_float32_is_right_with_and_without_a_rounded_product():
    all_right(lightning.TARGET, lambda case, call: step(call))
    all_right(lightning.TARGET, lambda case, call: step(call, torch.float32))


def test_a_step_that_sums_in_a_half_type_is_wrong():
    for case in regular(lightning.TARGET):
        call = call_of(case)
        if call.arguments[0].shape[-1] >= 32:
            step(call, sums=torch.bfloat16)
            assert mistakes(call), case.name


def test_a_step_without_the_decay_is_wrong():
    for case in regular(lightning.TARGET):
        call = call_of(case)
        call.arguments[4].zero_()
        step(call)
        assert mistakes(call), case.name


# --- merging


def merge(call: Call, base: float = math.e) -> None:
    v_a, s_a, v_b, s_b, v, s = call.arguments
    a, b = (torch.where(each.isinf(), -math.inf, each) for each in (s_a, s_b))
    m = torch.maximum(a, b)
    w_a, w_b = (torch.exp((each - m) * math.log(base)) for each in (a, b))
    total = w_a + w_b
    v.copy_(v_a.float() * (w_a / total).unsqueeze(-1) + v_b.float() * (w_b / total).unsqueeze(-1))
    s.copy_(torch.log(total) / math.log(base) + m)


def test_states_merged_in_float32_are_right():
    all_right(merging.TARGET, lambda case, call: merge(call))


def test_states_merged_to_the_base_2_are_wrong():
    for case in regular(merging.TARGET):
        call = call_of(case)
        merge(call, 2.0)
        assert mistakes(call), case.name


def test_two_empty_states_merge_to_an_empty_one_and_not_to_nan():
    case = next(each for each in merging.TARGET.cases if each.known)
    call = call_of(case)
    merge(call)
    found = mistakes(call)
    assert len(found) == 2
    assert "is nan, must be 0" in found[0]
    assert "is nan, must be -inf" in found[1]


# --- top-k


def pick(scores: Tensor, length: int, start: int) -> Tensor:
    """The right answer of a row, in an order of our own."""
    if length <= topk.PICKED:
        row = torch.full((topk.PICKED,), -1)
        row[:length] = torch.arange(length)
        return row
    return scores[start : start + length].topk(topk.PICKED).indices.flip(0)


def picked(case: Case, call: Call) -> None:
    scores, starts = call.arguments[0], call.arguments[-1]
    plain = case.function == "fast_topk_interface"
    lengths, out = (call.arguments[2], call.arguments[1]) if plain else call.arguments[1:3]
    for row, length in enumerate(lengths.tolist()):
        found = pick(scores[row], length, 0 if starts is None else int(starts[row]))
        none = found == -1
        if "ragged" in case.function:
            found = found + call.arguments[3][row]
        elif "transform" in case.function:
            pages, ends = call.arguments[3:5]
            owner = int((ends[1:] <= row).sum())
            found = pages[owner][found.clamp_min(0)].long()
        out[row] = torch.where(none, -1, found)


def test_the_largest_in_any_order_are_right():
    all_right(topk.TARGET, picked)


@pytest.mark.parametrize(
    ("change", "count"),
    [
        (lambda row: row.__setitem__(9, 0), 1),  # the worst score, see below
        (lambda row: row.__setitem__(slice(9, 12), row[20:23].clone()), 3),
        (lambda row: row.__setitem__(9, -1), 1),
        (lambda row: row.__setitem__(9, 5000), 1),
    ],
    ids=["too small", "twice", "none", "outside"],
)
def test_picks_that_are_wrong_are_counted(change, count: int):
    scores = torch.arange(5000).float()
    check = topk.rows_right("indices", [scores], lambda _, row: row)
    answer = scores.topk(topk.PICKED).indices.unsqueeze(0).int()
    assert check(answer) is None
    change(answer[0])
    found = check(answer)
    assert (found.count, found.total) == (count, topk.PICKED)
    assert len(found.worst) >= 1


def test_a_tie_may_be_cut_anywhere_but_a_larger_score_may_not_stay_away():
    scores = torch.ones(4000)
    scores[3500] = 2.0
    check = topk.rows_right("indices", [scores], lambda _, row: row)
    with_it = torch.cat([torch.tensor([3500]), torch.randperm(3000)[: topk.PICKED - 1]])
    assert check(with_it.unsqueeze(0)) is None
    found = check(torch.arange(topk.PICKED).unsqueeze(0))
    assert found.count == 1
    assert "too often" in found.text


# --- grouping


def group(call: Call) -> None:
    ids, experts, block, order, of_block, total, _, _ = call.arguments
    found = align.groups(ids, experts, block)
    for bucket, (begin, end, members) in enumerate(found):
        order[begin:end] = ids.numel()
        order[begin : begin + len(members)] = members.flip(0)
        of_block[begin // block : end // block] = bucket - 1
    total[0] = found[-1][1]


def test_groups_in_any_order_are_right():
    all_right(align.TARGET, lambda case, call: group(call))


def test_groups_by_hand():
    ids = torch.tensor([[2, 0], [2, -1], [2, 0]])
    found = [(begin, end, members.tolist()) for begin, end, members in align.groups(ids, 4, 2)]
    assert found == [(0, 2, [3]), (2, 4, [1, 5]), (4, 4, []), (4, 8, [0, 2, 4])]


@pytest.mark.parametrize("which", [3, 4, 5])
def test_a_wrong_place_expert_or_total_is_seen(which: int):
    for case in align.TARGET.cases:
        call = call_of(case)
        group(call)
        assert mistakes(call) == [], case.name
        call.arguments[which][0] += 1
        if which != 4 or len(call.outputs) == 3:  # experts_ids is looked at in cases of their own
            assert len(mistakes(call)) == 1, case.name


# --- quantization


def quantize(call: Call, ulps: float = 0.0) -> None:
    values, q, s = call.arguments
    x = values.float()
    scale = x.abs().amax(dim=-1) / 448.0
    s.copy_(scale.reshape(s.shape) * (1 + ulps * 2.0**-23))
    q.copy_((x * (1.0 / scale).unsqueeze(-1)).clamp(-448, 448))


def test_rows_quantized_in_float32_are_right():
    all_right(quant.TARGET, lambda case, call: quantize(call))


def test_a_scale_that_is_a_little_off_is_wrong():
    for case in regular(quant.TARGET):
        call = call_of(case)
        quantize(call, ulps=4)
        assert [text for text in mistakes(call) if "output_s" in text], case.name


def test_codes_that_are_cut_and_not_rounded_are_wrong():
    for case in regular(quant.TARGET):
        call = call_of(case)
        quantize(call)
        values, q, _ = call.arguments
        (exact, _), _ = quant.expected(values)
        rounded_up = q.double().abs() > exact.abs()
        q.view(torch.uint8).sub_(rounded_up.to(torch.uint8))  # the next code towards zero
        if rounded_up.sum() > 10:
            assert mistakes(call), case.name


def test_a_row_of_zeros_must_become_zeros():
    case = next(each for each in quant.TARGET.cases if "zeros" in each.name)
    call = call_of(case)
    quantize(call)
    call.arguments[1][1] = 448.0
    found = mistakes(call)
    assert found[0].startswith("64 of 192 elements of output_q are wrong")
    assert "is 448, must be 0" in found[0]
