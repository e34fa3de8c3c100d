"""`moe_align_block_size`: places of tokens, grouped by expert, groups padded to whole blocks.

    moe_align_block_size(topk_ids, num_experts, block_size, sorted_token_ids, experts_ids,
                         num_tokens_post_pad, cumsum_buffer, pad_sorted_token_ids)

topk_ids[i] is the expert of place i, or -1; num_experts counts one more than there are, for the
-1s, whose group comes first. sorted_token_ids holds for each group its places, in any order, then
numel up to a multiple of block_size; with pad_sorted_token_ids false the caller has written numel
before. experts_ids[j] is the expert of block j, and num_tokens_post_pad the length of all groups.
All of it is exact. What lies behind that length is free.

From 1,024 places or 64 experts on, another kernel works. At the pinned commit it has a race, on
which experts_ids depends (sgl-project/sglang#37663): no known defect here but the verdict.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from kbk.upstream.case import Call, Case, Output, Target
from kbk.upstream.check import WORST, Mistake, Wrong, exactly, poisoned

_FUNCTION = "moe_align_block_size"


def groups(ids: Tensor, num_experts: int, block: int) -> list[tuple[int, int, Tensor]]:
    """(first place, end, members in order) of each group in sorted_token_ids."""
    buckets = ids.flatten().long() + 1
    found, begin = [], 0
    for bucket in range(num_experts):
        members = (buckets == bucket).nonzero().flatten()
        end = begin + -(-len(members) // block) * block
        found.append((begin, end, members))
        begin = end
    return found


def _sorted_right(
    expected: list[tuple[int, int, Tensor]], numel: int
) -> Callable[[Tensor], Mistake | None]:
    total = expected[-1][1]

    def check(actual: Tensor) -> Mistake | None:
        count, worst = 0, list[Wrong]()
        for bucket, (begin, end, members) in enumerate(expected):
            head, tail = actual[begin : begin + len(members)], actual[begin + len(members) : end]
            if bool((head.sort().values == members).all()) and bool((tail == numel).all()):
                continue
            missing = set(members.tolist()) - set(head.tolist())
            count += max(len(missing), int((tail != numel).sum()), 1)
            got = f"expert {bucket - 1} has {actual[begin:end].tolist()[:8]}..."
            worst.append(Wrong((begin,), got, f"{members.tolist()[:8]}... and {numel}"))
        if not count:
            return None
        text = (
            f"{len(worst):,} of {len(expected):,} groups in sorted_token_ids are wrong; "
            f"the first: {worst[0].got}, not {worst[0].expected}"
        )
        return Mistake("sorted_token_ids", text, count, total, tuple(worst[:WORST]))

    return check


def _call(ids: Tensor, num_experts: int, block: int, pad: bool) -> Call:
    numel = ids.numel()
    room = numel + num_experts * (block - 1)
    order = poisoned((room,), torch.int32) if pad else torch.full((room,), numel).int()
    experts = poisoned((-(-room // block),), torch.int32)
    total = poisoned((1,), torch.int32)
    # What the kernel does not write it may add to.
    sums = torch.zeros(num_experts + 1, dtype=torch.int32)
    found = groups(ids, num_experts, block)
    length = found[-1][1]
    of_block = torch.cat(
        [torch.full(((end - begin) // block,), at - 1) for at, (begin, end, _) in enumerate(found)]
    )
    right = exactly("experts_ids", of_block)
    outputs = [
        Output(
            "num_tokens_post_pad", total, exactly("num_tokens_post_pad", torch.tensor([length]))
        ),
        Output("sorted_token_ids", order, _sorted_right(found, numel)),
        Output("experts_ids", experts, lambda actual: right(actual[: len(of_block)])),
    ]
    return Call((ids, num_experts, block, order, experts, total, sums, pad), tuple(outputs))


def _case(
    name: str,
    tokens: int,
    topk: int,
    experts: int,
    block: int,
    pad: bool = True,
    dtype: torch.dtype = torch.int32,
    lowest: int = 0,
    known: str = "",
    evidence: tuple[str, ...] = (),
) -> Case:
    def make(generator: Generator) -> Call:
        size = (tokens, topk)
        ids = torch.randint(lowest, experts, size, generator=generator).to(dtype)
        return _call(ids, experts + 1, block, pad)

    dtype_name = str(dtype).removeprefix("torch.")
    full = f"{name}{tokens} x {topk} of {experts} experts, blocks of {block}, {dtype_name}"
    full += "" if pad else ", padded by the caller"
    return Case(full, _FUNCTION, make, known=known, evidence=evidence)


def _past_the_end() -> Case:
    """Each group has one place more than whole blocks, so that nothing lies behind the last."""

    def make(_: Generator) -> Call:
        return _call(torch.tensor([[1, -1, 0]], dtype=torch.int32), 3, 3, True)

    return Case(
        "3 groups of 1, blocks of 3",
        _FUNCTION,
        make,
        known="the padding is written 4 at a time, up to 3 places behind its end "
        "(read in the source)",
        evidence=("out-of-bounds", "launch-error", "crash"),
    )


TARGET = Target(
    key="align",
    title="grouping tokens by expert",
    path="moe/moe_align_kernel.cu",
    functions=(_FUNCTION,),
    cases=(
        _case("", 1, 1, 8, 16),
        _case("", 33, 2, 8, 16),
        _case("", 127, 8, 63, 32, lowest=-1),
        _case("", 31, 4, 33, 16, pad=False, dtype=torch.int64),
        _case("", 1, 4, 64, 16),
        _case("", 300, 8, 128, 64),
        _case("", 129, 8, 256, 32, lowest=-1),
        _case("", 17, 8, 255, 128, pad=False, lowest=-1),
        _case("", 1024, 2, 8, 16, dtype=torch.int64),
        _past_the_end(),
        _case(
            "",
            64,
            8,
            1025,
            16,
            known="more than 1,023 experts: there are fewer threads than counters "
            "(vllm-project/vllm#21079, #44167)",
            evidence=("wrong-answer", "launch-error", "crash", "out-of-bounds", "uninitialized"),
        ),
    ),
    shape="64 tokens of 8 of 256 experts, blocks of 64",
    profiled=_case("", 64, 8, 256, 64),
    flashinfer=False,
    later={"ignore_invalid_expert": False},
)
