"""Inputs and outputs cross in shared memory, and nothing but outputs may change there."""

from __future__ import annotations

import pytest
import torch

from kbk.errors import ArgumentError
from kbk.grade import Case, Host, Read, Sparse, Update, Write
from kbk.grade.arena import Arena, elements, poison
from kbk.grade.judge import judge_case

DTYPES = [
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.uint8, torch.int8,
    torch.int16, torch.int32, torch.int64, torch.bool, torch.float8_e4m3fn, torch.float8_e5m2,
]  # fmt: skip
QUIET = {"launches": [{"kernel": "k", "grid": [1, 1, 1], "block": [1, 1, 1]}]}


def view(arena: Arena, case: int, argument: int) -> torch.Tensor:
    """The elements of an argument as they lie in the arena; a write is a submission's write."""
    place = arena.views[case][argument]
    return elements(arena.now(arena.storages[case][place.storage]), place)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_an_output_is_poisoned_and_an_input_arrives_bit_for_bit(dtype: torch.dtype) -> None:
    x = torch.randint(0, 2, (7,)).to(dtype)
    case = Case("f", Write(torch.empty_like(x), "out"), Read(x, "x"), expect=lambda: x)
    arena = Arena([case])
    assert view(arena, 0, 0).tolist() == [poison(dtype)] * 7
    assert torch.equal(view(arena, 0, 1).flatten(), x.view(torch.uint8).flatten())
    view(arena, 0, 0).copy_(view(arena, 0, 1))
    assert judge_case(case, 0, arena, QUIET) is None


def test_a_poisoned_float_is_nan_in_every_dtype() -> None:
    for dtype in DTYPES:
        if dtype.is_floating_point and dtype.itemsize > 1:
            raw = torch.tensor(poison(dtype), dtype=torch.uint8).view(dtype)
            assert raw.isnan().all(), dtype


def test_views_of_one_storage_stay_views_of_one_storage() -> None:
    x = torch.arange(10.0)
    case = Case("f", Update(x[2:8:2], "out"), Read(x[1:], "x"), expect=lambda: torch.zeros(3))
    arena = Arena([case])
    assert len(arena.storages[0]) == 1
    view(arena, 0, 0)[...] = 0
    assert judge_case(case, 0, arena, QUIET) is None
    view(arena, 0, 1)[0] = 255  # x[1] belongs to no output
    fault = judge_case(case, 0, arena, QUIET)
    assert fault is not None and fault.verdict == "out-of-bounds" and "byte 4" in fault.text


def test_a_changed_input_and_a_changed_guard_are_out_of_bounds() -> None:
    for where in (0, -5, 16 + 3):
        x = torch.zeros(4)
        case = Case("f", Write(torch.zeros(4), "out"), Read(x, "x"), expect=lambda: torch.zeros(4))
        arena = Arena([case])
        view(arena, 0, 0)[...] = 0
        storage = arena.storages[0][1]
        arena._bytes(storage.start + where, 1).fill_(7)
        fault = judge_case(case, 0, arena, QUIET)
        assert fault is not None and fault.verdict == "out-of-bounds", where


def test_a_window_of_a_tensor_larger_than_memory_is_checked_and_nothing_else_may_be_written() -> (
    None
):
    first, n = 2**33, 1000
    x = torch.randint(0, 255, (n,), dtype=torch.uint8)
    sizes = (2**34, torch.uint8, first)
    case = Case(
        "f",
        Sparse(*sizes, torch.empty_like(x), "out", written=True),
        Sparse(*sizes, x, "x"),
        expect=lambda: x,
    )
    arena = Arena([case])
    out = arena.storages[0][0]
    arena._bytes(out.start + first, n).copy_(x)
    assert judge_case(case, 0, arena, QUIET) is None
    for stray in (first - 1, first + n, 12345, 2**34 - 1):
        arena._bytes(out.start + stray, 1).add_(1)
        fault = judge_case(case, 0, arena, QUIET)
        assert fault is not None and fault.verdict == "out-of-bounds", stray
        arena._bytes(out.start + stray, 1).sub_(1)


def test_a_window_that_is_updated_has_its_values_before_the_call() -> None:
    first, x = 2**33, torch.arange(1, 6, dtype=torch.uint8)
    window = Sparse(2**34, torch.uint8, first, x, "x", written=True, updated=True)
    case = Case("f", window, expect=lambda: 2 * x)
    arena = Arena([case])
    now = arena._bytes(arena.storages[0][0].start + first, 5)
    assert torch.equal(now, x)
    fault = judge_case(case, 0, arena, QUIET)
    assert fault is not None and fault.verdict == "wrong-answer"  # not: nobody wrote it
    now.mul_(2)
    assert judge_case(case, 0, arena, QUIET) is None


def test_a_window_may_lie_in_rows_that_are_further_apart_than_memory_is_large() -> None:
    apart, x = 2**33, torch.arange(5, dtype=torch.uint8)
    rows = Sparse(apart + 5, torch.uint8, apart, x, "x", shape=(2, 5), strides=(apart, 1))
    arena = Arena([Case("f", rows, Write(torch.empty(1), "out"), expect=lambda: torch.ones(1))])
    seen = arena.views[0][0]
    assert (seen.shape, seen.strides) == ([2, 5], [apart, 1])
    whole = arena._bytes(arena.storages[0][0].start, apart + 5)
    shown = whole.as_strided(seen.shape, seen.strides)
    assert torch.equal(shown[1], x) and not shown[0].any()
    beyond = Sparse(apart + 4, torch.uint8, apart, x[:4], "x", shape=(2, 5), strides=(apart, 1))
    with pytest.raises(ArgumentError, match=r"x: strides .* must stay within 8589934596"):
        Arena([Case("f", beyond)])


def test_a_refused_call_may_write_nothing_and_must_name_what_is_asked() -> None:
    case = Case("f", Write(torch.zeros(4), "out"), raises=("out", "float32", "2"))
    arena = Arena([case])

    def fault(text: str | None, kind: str = "argument") -> str:
        facts = {} if text is None else {"error": {"kind": kind, "text": text}}
        found = judge_case(case, 0, arena, facts)
        return "" if found is None else found.text

    assert fault("f: out must be Float32; rank 2") == ""
    assert "must be refused" in fault(None)
    assert "'out'" in fault("f: output must be float32, 2")
    assert "'2'" in fault("f: out must be float32, of 12")
    assert "KBK_CHECK" in fault("launch failed", "launch")
    view(arena, 0, 0)[0] = 0
    assert "had been written" in fault("f: out must be float32; rank 2")


@pytest.mark.parametrize(
    ("message", "words", "said"),
    [
        ("f: out overlaps x", ("overlap*",), True),
        ("f: non-overlapping", ("overlap*",), True),
        ("f: x must have two dimensions", ("2|two",), True),
        ("f: it has 12", ("2|two",), False),
        ("f: float32[0, 33]", ("float32",), True),
        ("f: expected exceeds", ("x",), False),
        ("f: x is [tokens, hidden]", ("2|two|[tokens, hidden]",), True),
    ],
)
def test_the_words_of_a_refusal_are_whole_words_with_endings_and_choices(
    message: str, words: tuple[str, ...], said: bool
) -> None:
    case = Case("f", Write(torch.zeros(4), "out"), raises=words)
    facts = {"error": {"kind": "argument", "text": message}}
    assert (judge_case(case, 0, Arena([case]), facts) is None) == said


def test_an_empty_tensor_and_a_tensor_of_the_host_have_their_place() -> None:
    empty = torch.empty(3, 0)
    case = Case("f", Host(torch.arange(4), "input"), Write(empty, "out"), expect=lambda: empty)
    arena = Arena([case])
    assert judge_case(case, 0, arena, {"launches": []}) is None


def test_an_argument_that_cannot_cross_is_refused() -> None:
    with pytest.raises(ArgumentError, match="CPU tensors"):
        Read(torch.empty(2, device="meta"), "x")
    with pytest.raises(ArgumentError, match="needs `expect`"):
        Case("f", Write(torch.empty(2), "out"))
