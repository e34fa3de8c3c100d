"""03/06 rope_and_store: views, slots and caches of every kind, oracle, gates and hints."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import torch
from torch import Tensor

from kbk.grade import Case, Exercise, Gate, Read, Sparse, Update, rotation, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="rope_and_store",
    kind="build",
    stars=4,
    minutes=45,
    points=20,
    functions=("rope_and_store",),
    task="Rotate q and k in place and store k and v in the caches' rows, in one launch, with "
    "everything loaded once.",
    hints=(
        "Three kinds of work share a token: pairs of q, pairs of k that are also stored, and "
        "elements that are only copied. What a thread has rotated it still holds: store it twice "
        "instead of loading it again.",
        "A block a token. Walk the pairs of all heads of q and k by `threadIdx.x` and the block's "
        "size; a pair number gives head and pair by `/` and `%`. A head below `q_heads` is q's; "
        "the others are k's, and go to the cache too if the slot is not negative. Then walk the "
        "elements of v, and those of k from `rotary` on.",
        "`for (int n = threadIdx.x; n < (w.q_heads + w.k_heads) * half; n += blockDim.x)` with "
        "`head = n / half`, `p = n % half`; both results into `T first, second`, to x and, for k, "
        "to `w.key_cache + slot * w.key_row + h * w.head_dim`. Then `n < w.k_heads * w.head_dim`: "
        "v to its row, k if `n % w.head_dim >= w.rotary`.",
    ),
    reuses=(
        "03/04: strides of each tensor",
        "03/03: a thread owns a pair",
        "00/04: what a call must refuse",
        "01/06: no launch for nothing; where a row begins, in 64 bits",
    ),
    sources=(
        "https://github.com/sgl-project/sglang/pull/19636",
        "https://github.com/flashinfer-ai/flashinfer/pull/4349",
    ),
    stub=("every dtype", "wrong-answer"),
    mutants={
        "cache_gets_k_unrotated": "every dtype",
        "k_not_written_back": "every dtype",
        "value_rotated": "every dtype",
        "positions_of_32_bits_only": "every dtype",
        "grid_of_0": "every dtype",
        "two_launches": "every dtype",
        "slot_of_none_is_a_row": "slots",
        "no_slot_no_rotation": "slots",
        "rows_side_by_side": "slots",
        "rest_not_in_the_cache": "partial rotation",
        "q_as_contiguous": "views",
        "v_by_the_strides_of_k": "views",
        "rotary_beyond_the_head": "refusals",
        "cache_offset_of_32_bits": "beyond 2^31",
        "an_element_a_thread": "loaded once",
        "v_for_each_head_of_q": "loaded once",
        "a_head_a_thread": "whole sectors",
    },
)

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
INTEGERS = (torch.int64, torch.int32)
ROWS = 50
NONE = -1


@dataclass(frozen=True)
class Call:
    """The tensors of a call.

    Attributes:
        query, key, value: [tokens, heads, head_dim].
        positions: of the tokens.
        cos_sin: the table.
        slots: of the tokens.
        key_cache, value_cache: [rows, k_heads, head_dim].
    """

    query: Tensor
    key: Tensor
    value: Tensor
    positions: Tensor
    cos_sin: Tensor
    slots: Tensor
    key_cache: Tensor
    value_cache: Tensor

    def results(self) -> tuple[Tensor, ...]:
        """q, k, and both caches after the call."""
        q, k = (rotation.rotated(x, self.positions, self.cos_sin) for x in (self.query, self.key))
        caches = []
        for cache, new in ((self.key_cache, k), (self.value_cache, self.value.double())):
            after = cache.double().clone()
            kept = self.slots >= 0
            after[self.slots[kept]] = new[kept]
            caches.append(after)
        return q, k, *caches

    def exactly(self, rng: random.Random, label: str) -> Case:
        """The case with quarter turns, in which every output must have the very bits."""
        table = rotation.quarter_turns(rng, *self.cos_sin.shape)
        case = replace(self, cos_sin=table).case(f"{label}, quarter turns")
        case.tol = None
        return case

    def case(self, label: str, gates: tuple[Gate, ...] = ()) -> Case:
        """The case; the label tells dtype and shapes too."""
        q, k = self.query, self.key
        both = torch.cat([q.flatten(), k.flatten()])
        label += (
            f": {str(q.dtype)[6:]}, {len(q)} tokens, {q.shape[1]} + {k.shape[1]} heads of "
            f"{q.shape[2]}, rotary {self.cos_sin.shape[1]}, {str(self.positions.dtype)[6:]} "
            "positions"
        )
        return Case(
            "rope_and_store",
            Update(q, "query"), Update(k, "key"), Read(self.value, "value"),
            Read(self.positions, "positions"), Read(self.cos_sin, "cos_sin"),
            Read(self.slots, "slots"), Update(self.key_cache, "key_cache"),
            Update(self.value_cache, "value_cache"),
            expect=self.results, tol=rotation.tolerance(both), launches=int(len(q) > 0),
            label=label, gates=gates,
        )  # fmt: skip


def draw(
    rng: random.Random,
    tokens: int,
    heads: tuple[int, int] = (4, 2),
    head_dim: int = 64,
    rotary: int | None = None,
    dtype: torch.dtype = torch.bfloat16,
    integer: torch.dtype = torch.int64,
    slots: Sequence[int] | None = None,
) -> Call:
    """Contiguous tensors with random values; the slots are a few of ten more rows, in any order."""
    q_heads, k_heads = heads
    rows = tokens + 10
    drawn = rng.sample(range(rows), tokens) if slots is None else slots

    def some(*shape: int) -> Tensor:
        return values.uniform(rng, *shape, dtype=dtype)

    return Call(
        some(tokens, q_heads, head_dim),
        some(tokens, k_heads, head_dim),
        some(tokens, k_heads, head_dim),
        values.integers(rng, tokens, high=ROWS, dtype=integer),
        rotation.table(rng, ROWS, head_dim if rotary is None else rotary),
        torch.tensor(drawn, dtype=torch.int64),
        some(rows, k_heads, head_dim),
        some(rows, k_heads, head_dim),
    )


@EXERCISE.check("every dtype", points=5)
def every_dtype(rng: random.Random) -> Iterator[Case]:
    for dtype, integer in product(DTYPES, INTEGERS):
        yield draw(rng, 5, dtype=dtype, integer=integer).case("contiguous")
        yield draw(rng, 3, (5, 1), 34, dtype=dtype, integer=integer).case("contiguous")
        yield draw(rng, 2, dtype=dtype, integer=integer).exactly(rng, "contiguous")
    yield draw(rng, 1, (32, 8), 128).case("one token")
    yield draw(rng, 0).case("no token")
    yield draw(rng, 300, (2, 1), 16).case("many tokens")


@EXERCISE.check("slots", points=3)
def slots(rng: random.Random) -> Iterator[Case]:
    for drawn in ([3, NONE, 0, NONE, 7], [NONE] * 5, [14, 13, 12, 11, 10], [0, 1, 2, 3, NONE]):
        yield draw(rng, 5, slots=drawn).case(f"slots {drawn}")
    call = draw(rng, 6, dtype=torch.float16)
    both = values.uniform(rng, 16, 2, 2, 64, dtype=torch.float16)
    yield replace(call, key_cache=both[:, 0], value_cache=both[:, 1]).case("caches in turns")
    call = draw(rng, 6, dtype=torch.float32)
    wide = values.uniform(rng, 16, 150)
    key_cache = wide[:, 3:131].view(16, 2, 64)
    yield replace(call, key_cache=key_cache).case("rows of key_cache 150 elements apart")


@EXERCISE.check("partial rotation", points=2)
def partial(rng: random.Random) -> Iterator[Case]:
    for dtype, (head_dim, rotary) in product(DTYPES, ((128, 64), (80, 20), (64, 2), (34, 32))):
        call = draw(rng, 4, (3, 2), head_dim, rotary, dtype, slots=[2, NONE, 9, 0])
        yield call.case("partial")
        yield draw(rng, 3, (2, 1), head_dim, rotary, dtype).exactly(rng, "partial")


@EXERCISE.check("views", points=2)
def views(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        qkv = values.uniform(rng, 5, 8, 64, dtype=dtype)
        q, k, v = qkv[:, :4], qkv[:, 4:6], qkv[:, 6:]
        call = draw(rng, 5, dtype=dtype)
        yield replace(call, query=q, key=k, value=v).case("slices of one tensor")
        apart = values.uniform(rng, 5, 2, 100, dtype=dtype)[..., 30:94]
        yield replace(draw(rng, 5, dtype=dtype), value=apart).case("heads of v apart")
        first = values.uniform(rng, 4, 5, 64, dtype=dtype).transpose(0, 1)
        keys = values.uniform(rng, 5, 2, 3, 64, dtype=dtype)[:, :, 1]
        yield replace(draw(rng, 5, dtype=dtype), query=first, key=keys).case("heads first in q")


@EXERCISE.check("special values", points=1)
def special(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        call = draw(rng, 3, rotary=32, dtype=dtype)
        for tensor in (call.query, call.key, call.value):
            for value in (math.nan, math.inf, -math.inf, 0.0, -0.0):
                for _ in range(3):
                    tensor[rng.randrange(3), rng.randrange(2), rng.randrange(64)] = value
        yield call.case("NaN, infinities and zeros")


@EXERCISE.check("refusals", points=1)
def refusals(rng: random.Random) -> Iterator[Case]:
    for head_dim, rotary in ((64, 66), (64, 128), (34, 36)):
        good = draw(rng, 3, (2, 2), head_dim, rotary)
        yield Case(
            "rope_and_store",
            Update(good.query, "query"), Update(good.key, "key"), Read(good.value, "value"),
            Read(good.positions, "positions"), Read(good.cos_sin, "cos_sin"),
            Read(good.slots, "slots"), Update(good.key_cache, "key_cache"),
            Update(good.value_cache, "value_cache"),
            raises=("cos_sin", "head_dim"), label=f"rotary {rotary}, head_dim {head_dim}",
        )  # fmt: skip


@EXERCISE.check("beyond 2^31", points=2)
def beyond(rng: random.Random) -> Iterator[Case]:
    """One row of the caches is there: the one that begins with element 2^31 or lies behind it."""
    heads, head_dim, dtype = 2, 64, torch.bfloat16
    width = heads * head_dim
    row = 2**31 // width + 1
    call = draw(rng, 3, (3, heads), head_dim, dtype=dtype, slots=[NONE, row, NONE])
    far = {
        name: Sparse(
            (row + 1) * width, dtype, row * width, torch.empty(width, dtype=dtype), name,
            written=True, shape=(row + 1, heads, head_dim),
        )
        for name in ("key_cache", "value_cache")
    }  # fmt: skip

    def results() -> tuple[Tensor, ...]:
        few = replace(
            call,
            slots=torch.tensor([NONE, 0, NONE]),
            key_cache=torch.zeros(1, heads, head_dim, dtype=dtype),
            value_cache=torch.zeros(1, heads, head_dim, dtype=dtype),
        )
        q, k, keys, vals = few.results()
        return q, k, keys.flatten(), vals.flatten()

    yield Case(
        "rope_and_store",
        Update(call.query, "query"), Update(call.key, "key"), Read(call.value, "value"),
        Read(call.positions, "positions"), Read(call.cos_sin, "cos_sin"), Read(call.slots, "slots"),
        far["key_cache"], far["value_cache"],
        expect=results, tol=rotation.tolerance(torch.cat([call.query, call.key], 1)), launches=1,
        label=f"row {row:,} of the caches, behind element 2^31",
    )  # fmt: skip


@EXERCISE.check("loaded once", points=3, gate=True)
def loaded_once(rng: random.Random) -> Iterator[Case]:
    for dtype, (head_dim, rotary) in product(DTYPES, ((64, 64), (128, 64))):
        tokens, q_heads, k_heads = 4, 4, 2
        of_q, of_k = (tokens * heads * dtype.itemsize for heads in (q_heads, k_heads))
        rest = head_dim - rotary
        gates = (
            Gate("bytes_ld:query", target=of_q * rotary, baseline=2 * of_q * rotary,
                 of="an_element_a_thread"),
            Gate("bytes_ld:key", target=of_k * head_dim, baseline=of_k * (2 * rotary + rest),
                 of="an_element_a_thread"),
            Gate("bytes_ld:value", target=of_k * head_dim, baseline=2 * of_k * head_dim,
                 of="v_for_each_head_of_q"),
        )  # fmt: skip
        yield draw(rng, tokens, (q_heads, k_heads), head_dim, rotary, dtype).case(
            "contiguous", gates
        )


@EXERCISE.check("whole sectors", points=1, gate=True)
def whole_sectors(rng: random.Random) -> Iterator[Case]:
    for dtype, rotary in product(DTYPES, (64, 128)):
        # Six lanes, each in a sector of its own, where the elements of all would fill one or two:
        # in each of rotary / 2 turns two loads and two stores of heads, and two of k in the cache.
        gate = Gate("excess_sectors", target=0, baseline=44 * rotary, of="a_head_a_thread")
        yield draw(rng, 4, (4, 2), 128, rotary, dtype).case("contiguous", (gate,))
