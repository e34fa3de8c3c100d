"""03/04 A slice of qkv: q and k in every place that models give them, oracle and hints."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from kbk.grade import Case, Exercise, Read, Sparse, Update, rotation, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="A slice of qkv",
    kind="fix",
    stars=2,
    minutes=20,
    points=15,
    functions=("rope_slices",),
    task="Mend a rotation that finds the heads of k by the strides of q.",
    hints=(
        "A view says where its elements are: a number of the token times a stride, plus the number "
        "of the head times another. The shape says nothing about that, and nor does another view.",
        "`launch_rotate` hands one stride to the kernel, that of q's tokens. Hand over four: from "
        "token to token and from head to head, of query and of key. `t.stride(0)` and "
        "`t.stride(1)` count elements, in 64 bits.",
        "`query + token * q_token + h * q_head`, and `key + token * k_token + (h - q_heads) * "
        "k_head`, with all four strides `int64_t`.",
    ),
    reuses=(
        "01/06: rows that lie apart, and where they begin, in 64 bits",
        "00/05: which index goes with which stride",
    ),
    sources=(
        "https://github.com/sgl-project/sglang/issues/20559",
        "https://github.com/sgl-project/sglang/pull/20598",
    ),
    stub=("a tensor each", "out-of-bounds"),
    mutants={
        "strides_from_shapes": "their test",
        "contiguous_only": "their test",
        "as_many_heads_in_k": "their test",
        "strides_of_k_for_both": "a tensor each",
        "heads_side_by_side": "heads apart",
        "one_index_for_q_and_k": "heads apart",
        "k_follows_q": "a tensor each",
        "leaves_other_layouts": "a tensor each",
        "half_of_the_head": "partial rotation",
        "offset_of_32_bits": "beyond 2^32",
        "head_stride_of_32_bits": "beyond 2^32",
        "a_launch_each": "their test",
    },
)

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
ROWS = 40


def turn(
    rng: random.Random,
    query: Tensor,
    key: Tensor,
    where: str,
    rotary: int | None = None,
    exactly: bool = False,
) -> Case:
    """A case for given views; all of a head rotates unless `rotary` says less.

    `exactly`: the table has quarter turns, and every element must have the very bits.
    """
    table = rotation.quarter_turns if exactly else rotation.table
    cos_sin = table(rng, ROWS, rotary or query.shape[2])
    positions = values.integers(rng, len(query), high=ROWS)
    label = (
        f"{where}: {str(query.dtype)[6:]} {list(query.shape)} with strides {list(query.stride())}, "
        f"{list(key.shape)} with strides {list(key.stride())}"
    )
    return Case(
        "rope_slices",
        Update(query, "query"), Update(key, "key"),
        Read(positions, "positions"), Read(cos_sin, "cos_sin"),
        expect=lambda: tuple(rotation.rotated(x, positions, cos_sin) for x in (query, key)),
        tol=None if exactly else rotation.tolerance(torch.cat([query.flatten(), key.flatten()])),
        label=label, launches=int(query.numel() + key.numel() > 0),
    )  # fmt: skip


def fused(
    rng: random.Random, tokens: int, q_heads: int, k_heads: int, head_dim: int, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """q and k as slices of one product that holds q, k and v."""
    width = (q_heads + 2 * k_heads) * head_dim
    qkv = values.uniform(rng, tokens, width, dtype=dtype)
    heads = qkv.view(tokens, -1, head_dim)
    return heads[:, :q_heads], heads[:, q_heads : q_heads + k_heads]


def own(rng: random.Random, *shape: int, dtype: torch.dtype) -> Tensor:
    """A tensor that nothing else is cut from."""
    return values.uniform(rng, *shape, dtype=dtype)


@EXERCISE.check("their test", points=0)
def theirs(rng: random.Random) -> Iterator[Case]:
    for q_heads, k_heads in ((4, 2), (4, 4), (6, 1)):
        q, k = fused(rng, 5, q_heads, k_heads, 32, torch.float32)
        yield turn(rng, q, k, "slices of one tensor")


@EXERCISE.check("a tensor each", points=5)
def a_tensor_each(rng: random.Random) -> Iterator[Case]:
    for dtype, (q_heads, k_heads, head_dim) in product(DTYPES, ((4, 2, 64), (3, 1, 34))):
        q, k = fused(rng, 4, q_heads, k_heads, head_dim, dtype)
        new_q = own(rng, 4, q_heads, head_dim, dtype=dtype)
        new_k = own(rng, 4, k_heads, head_dim, dtype=dtype)
        yield turn(rng, new_q, new_k, "each contiguous")
        yield turn(rng, new_q.clone(), k, "k alone is a slice")
        yield turn(rng, q, new_k.clone(), "q alone is a slice")
    yield turn(rng, own(rng, 1, 32, 128, dtype=DTYPES[2]), own(rng, 1, 8, 128, dtype=DTYPES[2]),
               "one token")  # fmt: skip
    for tokens, k_heads, what in ((0, 2, "no tokens"), (3, 0, "no heads in k")):
        q = own(rng, tokens, 4, 16, dtype=DTYPES[0])
        yield turn(rng, q, own(rng, tokens, k_heads, 16, dtype=DTYPES[0]), what)


@EXERCISE.check("heads apart", points=5)
def heads_apart(rng: random.Random) -> Iterator[Case]:
    for dtype, at in product(DTYPES, (0, 1)):
        # A head of q ends in the part that rotates; k's part is the end of a longer row.
        q = own(rng, 5, 3, 256, dtype=dtype)[..., 192:]
        k = own(rng, 5, 2624, dtype=dtype)[:, None, 2560:]
        yield turn(rng, q, k, "the ends of heads and rows")
        q = own(rng, 3, 5, 64 + at, dtype=dtype).transpose(0, 1)[..., at:]
        k = own(rng, 2, 5, 70, dtype=dtype).transpose(0, 1)[..., at : at + 64]
        yield turn(rng, q, k, "heads first, then tokens")
        q = own(rng, 5, 3, 2, 48, dtype=dtype)[:, :, at]
        k = own(rng, 10, 4, 50, dtype=dtype)[at::2, 1:3, at : at + 48]
        yield turn(rng, q, k, "every second head of q, every second token of k")


@EXERCISE.check("partial rotation", points=2)
def partial(rng: random.Random) -> Iterator[Case]:
    for dtype, rotary in product(DTYPES, (2, 18, 64)):
        q, k = fused(rng, 4, 3, 2, 80, dtype)
        yield turn(rng, q, k, f"rotary {rotary}, slices of one tensor", rotary)
        q = own(rng, 4, 3, 96, dtype=dtype)[..., 8:88]
        yield turn(rng, q, k.contiguous(), f"rotary {rotary}, heads of q apart", rotary)
        yield turn(rng, q.clone(), k.clone(), f"rotary {rotary}, quarter turns", rotary, True)


APART = 2**32 + 8


@EXERCISE.check("beyond 2^32", points=3)
def beyond(rng: random.Random) -> Iterator[Case]:
    """Two tokens or heads, of q or of k, more than 2^32 elements apart."""
    for name, tokens in product(("query", "key"), (2, 1)):
        # Cosines and sines above 0: the zeros in front stay +0.
        cos_sin = rotation.table(rng, ROWS, 64).abs().clamp(min=1e-3)
        positions = values.integers(rng, tokens, high=ROWS)
        near = values.uniform(rng, tokens, 2, 64, dtype=torch.bfloat16)
        last = values.uniform(rng, 1, 1, 64, dtype=torch.bfloat16)
        far = Sparse(
            APART + 64, torch.bfloat16, APART, last.flatten(), name,
            written=True, updated=True, shape=(tokens, 3 - tokens, 64),
            strides=(APART, 64, 1) if tokens == 2 else (64, APART, 1),
        )  # fmt: skip
        args = [far, Update(near, "key" if name == "query" else "query")]

        def expected(name=name, near=near, last=last, positions=positions, cos_sin=cos_sin):
            end = rotation.rotated(last, positions[-1:], cos_sin).flatten()
            both = (end, rotation.rotated(near, positions, cos_sin))
            return both if name == "query" else both[::-1]

        yield Case(
            "rope_slices", *(args if name == "query" else args[::-1]),
            Read(positions, "positions"), Read(cos_sin, "cos_sin"),
            expect=expected, tol=rotation.tolerance(near), launches=1,
            label=f"{'tokens' if tokens == 2 else 'heads'} of {name} 2^32 + 8 elements apart",
        )  # fmt: skip
