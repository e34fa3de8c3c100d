"""02/04 Work done twice: rows of any width and distance, oracle, what is asked for twice, hints.

silu is off by 4 u in its exponential (two units in the last place, as CUDA's tables say), and by
one each in the sum, the quotient and the product: 8 u at most, u = 2**-24. -g is exact.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from kbk.grade import Case, Exercise, Gate, Read, Write, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Work done twice",
    kind="optimise",
    stars=2,
    minutes=15,
    points=10,
    functions=("silu_and_mul",),
    task="Find which elements of a silu_and_mul are computed twice, and compute them once, without "
    "narrower requests.",
    hints=(
        "After its vectors a row has a tail: what no whole vector covers. How much that is depends "
        "on the vector, and on nothing else: the last turn of a block may be partly idle and still "
        "be complete.",
        "In the kernel, the line that computes `left`. Take d = 14,336, kVec = 8 and 1,024 "
        "threads: how far does the loop over vectors get, and where does the loop over elements "
        "begin?",
        "`d / kVec` vectors cover all but the last `d % kVec` columns. That is `left`, whatever "
        "the block; the loop behind it is right as it is.",
    ),
    reuses=("01/03: the tail behind the last vector", "01/06: rows that lie apart"),
    sources=(
        "https://github.com/flashinfer-ai/flashinfer/blob/2c9d1c368f82ea1a768f7343ab0d2c69d5e94d77"
        "/include/flashinfer/activation.cuh",
    ),
    stub=("asked for once", "too-much-traffic"),
    mutants={
        "drops_the_tail": "every width",
        "tail_from_column_0": "every width",
        "tail_once_a_row_of_the_grid": "every width",
        "row_of_d": "every width",
        "block_of_896": "asked for once",
        "tail_of_8_for_any_dtype": "asked for once",
        "stores_once_loads_twice": "asked for once",
        "reads_past_d": "asked for once",
        "tail_by_one_thread": "few requests",
        "one_element_a_thread": "few requests",
        "leaves_the_last_turn_to_elements": "few requests",
    },
)

DTYPES = (torch.bfloat16, torch.float16, torch.float32)
WIDTHS = (11008, 13824, 14336, 100)
INF, NAN = math.inf, math.nan


def expected(gate: Tensor, up: Tensor) -> Tensor:
    """The exact result, in float64."""
    g = gate.double()
    return g / (1 + torch.exp(-g)) * up.double()


def rows(rng: random.Random, tokens: int, d: int, stride: int, at: int, dtype: torch.dtype):
    """A matrix of rows `stride` apart that begins `at` elements late; more follows the last."""
    whole = values.uniform(rng, at + (tokens + 1) * stride, dtype=dtype)
    return whole[at:][: tokens * stride].view(tokens, stride)[:, :d]


def case(
    rng: random.Random,
    tokens: int,
    d: int,
    dtype: torch.dtype,
    *,
    strides: tuple[int, int, int] | None = None,
    at: tuple[int, int, int] = (0, 0, 0),
    gates: tuple[Gate, ...] = (),
) -> Case:
    """A case; `strides` and `at` are of out, gate and up. Rows are whole vectors apart, if not."""
    apart = strides or (16 * -(-d // 16) + 16,) * 3
    out, gate, up = (
        rows(rng, tokens, d, stride, begin, dtype) for stride, begin in zip(apart, at, strict=True)
    )
    where = f", beginning at {at}" if any(at) else ""
    return Case(
        "silu_and_mul", Write(out, "out"), Read(gate, "gate"), Read(up, "up"),
        expect=lambda: expected(gate, up), tol=values.tolerance(dtype, float32_steps=8),
        label=f"{str(dtype)[6:]}, tokens = {tokens}, d = {d:,}, rows {apart} apart{where}",
        launches=int(tokens > 0), gates=gates,
    )  # fmt: skip


@EXERCISE.check("every width", points=2)
def every_width(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        for d in (*WIDTHS, 1, 7, 8, 33, 8 * rng.randint(1025, 2000) + rng.randint(1, 7)):
            yield case(rng, 2, d, dtype)
        for d in (100, 4097):
            yield case(rng, 1, d, dtype)
        yield case(rng, 0, 100, dtype)


@EXERCISE.check("any view", points=1)
def any_view(rng: random.Random) -> Iterator[Case]:
    for dtype in DTYPES:
        unit = 16 // dtype.itemsize
        for strides in product((264, 260, 257), repeat=3):
            yield case(rng, 2, 250, dtype, strides=strides)
        for at in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (unit // 2,) * 3, (0, unit // 2, unit // 2)):
            yield case(rng, 3, 300, dtype, at=at)


@EXERCISE.check("special values", points=1)
def special_values(rng: random.Random) -> Iterator[Case]:
    # Of these the result is exact, so bits are asked for, and the sign of a zero with them.
    pairs = list(product((0.0, -0.0, 1e4, -1e4, INF, -INF, NAN), (0.0, -0.0, 1.0, -2.0, INF, NAN)))
    for dtype, rest in product(DTYPES, (0, 1)):
        rng.shuffle(pairs)
        gate, up = torch.tensor([*zip(*pairs[rest:], strict=True)], dtype=dtype)[:, None]
        yield Case(
            "silu_and_mul", Write(torch.empty_like(gate), "out"), Read(gate, "gate"),
            Read(up, "up"), expect=lambda g=gate, u=up: expected(g, u),
            label=f"{str(dtype)[6:]}, special values",
        )  # fmt: skip


def vector(dtype: torch.dtype) -> int:
    """Elements of 16 bytes."""
    return 16 // dtype.itemsize


def of_the_stub(d: int, dtype: torch.dtype) -> float:
    """How often the stub asks for an element of a row, on average."""
    vec = vector(dtype)
    threads = max(min(d // vec, 1024), 32)
    return (d // vec * vec + d % (threads * vec)) / d


def of_a_tail_of_8(d: int, dtype: torch.dtype) -> float:
    """The same, if the tail is what vectors of 8 elements would leave."""
    vec = vector(dtype)
    return (d // vec * vec + d % 8) / d


OVER = "bytes_requested_over_distinct"


@EXERCISE.check("asked for once", points=3, gate=True)
def asked_for_once(rng: random.Random) -> Iterator[Case]:
    tokens = 2
    for dtype in DTYPES:
        for d in (14336, 13824, 11008, 100):
            gates = [Gate(OVER, target=1, baseline=of_the_stub(d, dtype))]
            if d % vector(dtype):
                bytes_needed, wider = (tokens * n * dtype.itemsize for n in (d, d + 4))
                gates += [
                    Gate(f"bytes_ld:{x}", target=bytes_needed, baseline=wider, of="reads_past_d")
                    for x in ("gate", "up")
                ]
            yield case(rng, tokens, d, dtype, gates=tuple(gates))
    d = 8 * rng.randint(1100, 1900) + 4
    gate = Gate(OVER, target=1, baseline=of_a_tail_of_8(d, dtype), of="tail_of_8_for_any_dtype")
    yield case(rng, 1, d, torch.float32, gates=(gate,))


@EXERCISE.check("written once", points=1, gate=True)
def written_once(rng: random.Random) -> Iterator[Case]:
    for dtype, d in product(DTYPES, WIDTHS):
        gate = Gate("writes_per_element_max:out", target=1, baseline=2)
        yield case(rng, 1, d, dtype, gates=(gate,))


@EXERCISE.check("few requests", points=2, gate=True)
def few_requests(rng: random.Random) -> Iterator[Case]:
    tokens = 2
    for dtype in DTYPES:
        for d in (*WIDTHS, 11008 + 7):
            vec = vector(dtype)
            tail = d % vec
            for counter, tensors in (("requests_ld", 2), ("requests_st", 1)):
                each = tokens * tensors
                vectors = each * -(-(d // vec) // 32)
                most, elements = vectors + each * (tail > 0), each * -(-d // 32)
                gates = [Gate(counter, target=most, baseline=elements, of="one_element_a_thread")]
                if tail > 1:
                    one_by_one = vectors + each * tail
                    gates += [Gate(counter, most, one_by_one, of="tail_by_one_thread")]
                yield case(rng, tokens, d, dtype, gates=tuple(gates))
