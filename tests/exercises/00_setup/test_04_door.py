"""00/04 Checks at the door: eight rules whose breach must be refused by name, and seven calls
that must not be.

A call with tensors on two devices never reaches the host function: kbk refuses it before, as
tests/grade/test_oracles_00.py shows. Two tensors that differ in dtype, rank or length stand in for
it: the mistake is the same, that one argument was looked at and the other was not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch
from torch import Tensor

from kbk.grade import BITS, Case, Exercise, Read, Write, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Checks at the door",
    kind="fill",
    stars=1,
    minutes=15,
    points=10,
    functions=("last_token",),
    task="Write the host checks of `last_token`: refuse eight bad calls, each with a message that "
    "names the argument, what it must be and what it was, and let the good ones in.",
    hints=(
        "A kernel cannot refuse anything: it has pointers and numbers, and reads what lies there. "
        "The host function still has the tensors, and every property that the kernel relies on is "
        "one KBK_CHECK.",
        "In `check_last_token`, under the line that is given. t.dim(), t.size(d), t.sizes(), "
        "t.strides(), t.scalar_type() and t.is_contiguous() tell you what a tensor is; test the "
        "dimensions before you ask for size(1).",
        'KBK_CHECK(x.dim() == 2, "x must have 2 dimensions; its shape is ", x.sizes()); and so on '
        "for the other seven: the condition that must hold, the argument's name, what it must be, "
        "what it was. Zero columns are fine, zero tokens are not.",
    ),
    stub=("dtype", "wrong-answer"),
    mutants={
        "rejects_empty": "good calls",
        "neighbours_overlap": "good calls",
        "neighbours_before_overlap": "good calls",
        "one_block": "good calls",
        "exact_strides": "good calls",
        "aligned_only": "good calls",
        "without_dtype": "dtype",
        "without_dtype_of_x": "dtype",
        "any_4_bytes": "dtype",
        "without_dimensions_of_x": "dimensions",
        "without_dimensions_of_out": "dimensions",
        "at_least_2_dimensions": "dimensions",
        "not_2_dimensions": "dimensions",
        "says_not_what_it_was": "dimensions",
        "without_no_token": "no token",
        "without_length": "length",
        "nameless": "length",
        "without_strides_of_x": "strides of x",
        "without_strides_of_out": "strides of out",
        "without_overlap": "overlap",
        "overlap_from_inside": "overlap",
    },
)


TWO, ONE = "2|two*|[tokens, hidden]|matrix", "1|one*|[hidden]|vector"  # dimensions, in words


def good(x: Tensor, out: Tensor, label: str, launches: int = 1) -> Case:
    wanted = x[-1].clone()
    return Case(
        "last_token",
        Write(out, "out"),
        Read(x, "x"),
        expect=lambda: wanted,
        tol=BITS,
        label=label,
        launches=launches,
    )


def bad(x: Tensor, out: Tensor, label: str, *words: str) -> Case:
    return Case("last_token", Write(out, "out"), Read(x, "x"), raises=words, label=label)


@EXERCISE.check("good calls", points=2)
def good_calls(rng: random.Random) -> Iterator[Case]:
    yield good(values.bits(rng, 1, 1), torch.empty(1), "one number")
    yield good(values.bits(rng, 5, 1000), torch.empty(1000), "[5, 1000]")
    yield good(values.normal(rng, 3, 0), torch.empty(0), "tokens without columns", launches=0)
    one_row = values.bits(rng, 4, 48)[2:3, :33]  # its row stride means nothing: there is one row
    yield good(one_row, torch.empty(33), "one row of a wider tensor")
    unaligned = values.bits(rng, 1 + 7 * 33)[1:].view(7, 33)
    yield good(unaligned, torch.empty(40)[3:36], "views that begin at odd places")
    both = values.bits(rng, 5 * 8 + 8)
    yield good(both[:40].view(5, 8), both[40:], "out begins where x ends")
    both = values.bits(rng, 5 * 8 + 8)
    yield good(both[8:].view(5, 8), both[:8], "out ends where x begins")


@EXERCISE.check("dtype", points=1)
def dtype(rng: random.Random) -> Iterator[Case]:
    x = values.normal(rng, 5, 33)
    half = torch.zeros(33, dtype=torch.float16)
    yield bad(x, half, "out in float16", "out", "float32", "float16")
    double, out = values.normal(rng, 5, 33, dtype=torch.float64), torch.empty(33)
    yield bad(double, out, "x in float64", "x", "float32", "float64")
    x, whole = values.normal(rng, 5, 33), values.integers(rng, 5, 33, dtype=torch.int32)
    yield bad(x, torch.zeros(33, dtype=torch.int32), "out in int32", "out", "float32", "int32")
    yield bad(whole, out, "x in int32", "x", "float32", "int32")


@EXERCISE.check("dimensions", points=1)
def dimensions(rng: random.Random) -> Iterator[Case]:
    flat = values.normal(rng, 33)
    yield bad(flat, torch.empty(33), "x with 1 dimension", "x", TWO, "[33]")
    deep = values.normal(rng, 3, 5, 33)  # out fits its second dimension
    yield bad(deep, torch.empty(5), "x with 3 dimensions", "x", TWO, "[3, 5, 33]")
    x = values.normal(rng, 5, 33)
    yield bad(x, torch.empty(33, 4), "out with 2 dimensions", "out", ONE, "[33, 4]")
    yield bad(x, torch.empty(33, 4, 5), "out with 3 dimensions", "out", ONE, "[33, 4, 5]")
    yield bad(x, torch.empty(()), "out with no dimension", "out", ONE, "[]")


@EXERCISE.check("no token", points=1)
def no_token(rng: random.Random) -> Iterator[Case]:
    yield bad(torch.empty(0, 33), torch.empty(33), "x without a token", "x", "[0, 33]")


@EXERCISE.check("length", points=2)
def length(rng: random.Random) -> Iterator[Case]:
    x = values.normal(rng, 5, 33)
    yield bad(x, torch.empty(34), "out of 34 elements for 33 columns", "out", "33", "[34]")
    yield bad(x, torch.empty(1), "out of 1 element for 33 columns", "out", "33", "[1]")


@EXERCISE.check("strides of x", points=1)
def strides_of_x(rng: random.Random) -> Iterator[Case]:
    wide = values.normal(rng, 5, 48)[:, :33]
    yield bad(wide, torch.empty(33), "x cut from wider rows", "x", "contiguous", "[48, 1]")


@EXERCISE.check("strides of out", points=1)
def strides_of_out(rng: random.Random) -> Iterator[Case]:
    x, every_second = values.normal(rng, 5, 33), torch.empty(66)[::2]
    yield bad(x, every_second, "out over every second element", "out", "contiguous", "[2]")


@EXERCISE.check("overlap", points=1)
def overlap(rng: random.Random) -> Iterator[Case]:
    for first, where in ((32, "the last row of x"), (0, "its first row"), (39, "its last number")):
        both = values.normal(rng, 5 * 8 + 8)
        x = both[:40].view(5, 8)
        yield Case(
            "last_token",
            Write(both[first : first + 8], "out"),
            Read(x, "x"),
            raises=("out", "x", "overlap*"),
            label=f"out lies on {where}",
        )
    both = values.normal(rng, 8 + 5 * 8)
    out, x = both[4:12], both[8:].view(5, 8)
    yield bad(x, out, "out begins before x and ends in it", "out", "x", "overlap*")
