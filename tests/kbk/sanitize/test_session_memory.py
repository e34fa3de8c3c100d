"""What `kbk.sanitize` knows of memory: its ends, what nobody has written, and what it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from session_sources import ELEMENTS, ELEMENTS_OPS, HOST, HOST_OPS

import kbk

N = 64
X = torch.ones(N)


@pytest.fixture(scope="module")
def elements() -> Any:
    return kbk.load_inline("elements", cuda_sources=ELEMENTS, functions=ELEMENTS_OPS)


@pytest.fixture(scope="module")
def host() -> Any:
    return kbk.load_inline("host", cuda_sources=HOST, functions=HOST_OPS)


def found(op: Callable[..., Any], *values: Any) -> list[tuple[str, str, str]]:
    """Severity, code and place of what a call gives."""
    with kbk.sanitize(raise_on_error=False) as s:
        op(*values)
    return [(each.severity, each.code, each.where) for each in s.findings]


BOUNDS = ("error", "bounds-global")
UNWRITTEN = ("info", "unwritten-output")
UNINITIALIZED = ("error", "uninitialized-global")

# --- shapes and kinds of arguments


def test_tensors_of_no_elements_and_of_no_dimensions(elements: Any) -> None:
    assert found(elements.add, torch.empty(0), torch.empty(0)) == []
    assert found(elements.add, torch.zeros(()), torch.ones(())) == []
    (only,) = found(elements.read_at, torch.zeros(()), torch.ones(()), 1)
    assert only[:2] == BOUNDS
    (only,) = found(elements.read_at, torch.zeros(1), torch.ones(0), 0)
    assert only[:2] == BOUNDS


@pytest.mark.parametrize("dtype", [torch.int64, torch.bfloat16, torch.bool])
def test_other_dtypes_are_checked_alike(elements: Any, dtype: torch.dtype) -> None:
    x = torch.ones(40, dtype=dtype)
    assert found(elements.add, torch.zeros_like(x), x) == []
    assert found(elements.add, torch.zeros_like(x), x[:40]) == []

    def of_empty() -> None:
        elements.add(torch.zeros_like(x), torch.empty(40, dtype=dtype))

    assert found(of_empty) == [(*UNINITIALIZED, "x[0]")]


def test_an_optional_argument_may_be_there_or_not(elements: Any) -> None:
    assert found(elements.maybe, torch.zeros(10), None) == []
    (info,) = found(elements.maybe, torch.zeros(10), torch.ones(10))
    assert info == (*UNWRITTEN, "x[0]")  # `std::optional<Tensor>` may be written: nobody did
    assert found(elements.maybe, torch.zeros(10), torch.ones(9))[0] == (*BOUNDS, "x[9]")


def test_a_kernel_may_not_read_a_tensor_of_the_host(elements: Any) -> None:
    out = torch.zeros(2)
    assert found(elements.of_host, out, torch.ones(2), True) == [("error", "bounds-host", "x[1]")]
    found_by_value = found(elements.of_host, out, torch.ones(2), False)
    assert found_by_value == [(*UNWRITTEN, "out[0]")]


def test_a_kernel_may_not_read_a_vector_of_the_host(elements: Any) -> None:
    (only,) = found(elements.of_vector, torch.zeros(2))
    assert only[1] in ("bounds-host", "bounds-global")


def test_a_view_with_a_gap_is_read_inside_and_outside(elements: Any) -> None:
    x = torch.arange(64.0).reshape(8, 8)[:, 2:6]
    assert found(elements.copy_rows, torch.zeros(8, 4), x, 8) == []
    with kbk.sanitize() as s:
        elements.copy_rows(torch.zeros(8, 4), x, 7)
    (info,) = s.findings
    assert (info.severity, info.code, info.count) == ("info", "bounds-view", 16)
    assert "in a gap between the elements of x, float32[8, 4]" in info.message


def test_an_expanded_tensor_has_one_element(elements: Any) -> None:
    x = torch.ones(1).expand(100)
    assert found(elements.read_at, torch.zeros(1), x, 0) == []
    with kbk.sanitize(raise_on_error=False) as s:
        elements.read_at(torch.zeros(1), x, 1)
    assert s.findings[0].code == "bounds-global" and "after the end of x" in s.findings[0].message


def test_two_arguments_of_one_storage_may_overlap_and_then_race(elements: Any) -> None:
    x = torch.arange(65.0)
    assert found(elements.add, x, x) == []
    assert found(elements.add, x[:32], x[32:64]) == []
    assert [each[1] for each in found(elements.add, x[1:], x[:-1])] == ["race-raw"]


@pytest.mark.parametrize("at", [-1, 0])
@pytest.mark.parametrize("elements_more", [0, (64 << 20) // 4])
def test_both_ends_of_small_and_large_tensors(elements: Any, elements_more: int, at: int) -> None:
    """Above 64 MiB a tensor is used where it is, without guards."""
    big = torch.zeros(16 + elements_more)
    index = at if at < 0 else big.numel()
    assert found(elements.write_at, big, index) == [(*BOUNDS, f"out[{index}]")]
    assert found(elements.read_at, torch.zeros(1), big, index) == [(*BOUNDS, f"x[{index}]")]
    assert found(elements.read_at, torch.zeros(1), big, big.numel() - 1) == []
    assert not big.any()


def test_an_address_far_away_has_no_name(elements: Any) -> None:
    (only,) = found(elements.write_at, torch.zeros(4), 1 << 40)
    assert only[:2] == BOUNDS and only[2].startswith("0x")


# --- outputs that nobody wrote


def test_an_element_that_nobody_wrote_is_an_info_and_a_full_output_is_none(elements: Any) -> None:
    assert found(elements.add_some, torch.zeros(100), torch.ones(100), 100) == []
    with kbk.sanitize() as s:
        elements.add_some(torch.zeros(10, 10), torch.ones(10, 10), 93)
    (info,) = s.findings
    assert (info.severity, info.where) == ("info", "out[9, 3]")
    assert "7 elements were never written; the first is out[9, 3]." in info.message


def test_a_returned_tensor_is_an_output_too(elements: Any) -> None:
    assert found(elements.fresh, X, N) == []
    (info,) = found(elements.fresh, X, N - 4)
    assert info == (*UNWRITTEN, f"element [{N - 4}] of the result")
    (info,) = found(elements.two, X)
    assert info == (*UNWRITTEN, "element [0] of result 2")


def test_an_error_says_enough_without_outputs_that_nobody_wrote(elements: Any) -> None:
    assert [each[1] for each in found(elements.maybe, torch.zeros(10), X[:5].clone())] == [
        "bounds-global"
    ]


# --- memory without contents that Python allocated


def filled(how: str) -> torch.Tensor:
    """Memory allocated empty and filled by somebody else than a kernel."""
    a = torch.empty(N)
    if how == "fill_":
        a.fill_(1)
    elif how == "copy_":
        a.copy_(X)
    elif how == "slice":
        a[: N // 2] = 1
        a[N // 2 :] = 2
    elif how == "numpy":
        a.numpy()[:] = 3
    elif how == "out=":
        torch.add(X, X, out=a)
    elif how == "uniform_":
        a.view(8, 8).t().uniform_()
    elif how == "resize_":
        a.resize_(4 * N).zero_()
    elif how == "clone":
        a = torch.full_like(a, 2).clone()
    return a


@pytest.mark.parametrize(
    "how", ["fill_", "copy_", "slice", "numpy", "out=", "uniform_", "resize_", "clone"]
)
def test_what_python_fills_is_written(elements: Any, how: str) -> None:
    def use() -> None:
        a = filled(how)
        elements.add(torch.zeros_like(a), a)

    assert found(use) == []


EMPTIES: dict[str, Callable[[], torch.Tensor]] = {
    "empty": lambda: torch.empty(N),
    "empty_like": lambda: torch.empty_like(X),
    "new_empty": lambda: X.new_empty(N),
    "empty_strided": lambda: torch.empty_strided((N,), (1,)),
    "a view": lambda: torch.empty(2, N)[1],
    "reshaped": lambda: torch.empty(8, 8).t().view(-1, 8)[0].expand(8),
}


@pytest.mark.parametrize("make", list(EMPTIES.values()), ids=list(EMPTIES))
def test_what_nobody_filled_is_an_error_where_it_is_read(
    elements: Any, make: Callable[[], torch.Tensor]
) -> None:
    def use() -> None:
        a = make()
        elements.read_at(torch.zeros(1), a, 0)

    assert found(use) == [(*UNINITIALIZED, "x[0]")]


def test_of_memory_that_numpy_filled_in_part_the_rest_is_found(elements: Any) -> None:
    def use() -> None:
        a = torch.empty(N)
        a.numpy()[:40] = 3
        elements.add(torch.zeros(N), a)

    assert found(use) == [(*UNINITIALIZED, "x[40]")]


def test_what_one_op_wrote_the_next_may_read_and_no_more(elements: Any) -> None:
    def chain(n: int) -> None:
        a, b = torch.empty_like(X), X.new_empty(N)
        elements.add_some(a, X, n)
        elements.add(b, a)
        elements.add(torch.empty(N), b)

    assert found(chain, N) == []
    # The sum of what nobody wrote is written: the second op is no error.
    assert found(chain, N - 4) == [
        (*UNINITIALIZED, f"x[{N - 4}]"),
        (*UNWRITTEN, f"out[{N - 4}]"),
    ]


def test_a_result_is_read_by_the_next_op(elements: Any) -> None:
    def use(n: int, fill: bool) -> None:
        result = elements.fresh(X, n)
        if fill:
            result[n:] = 0
        elements.add(torch.zeros(N), result)

    part = (*UNWRITTEN, f"element [{N - 4}] of the result")
    assert found(use, N, False) == []
    assert found(use, N - 4, True) == [part]
    assert found(use, N - 4, False) == [(*UNINITIALIZED, f"x[{N - 4}]"), part]


def test_memory_that_was_freed_and_used_again_has_contents(elements: Any) -> None:
    def use() -> None:
        for n in range(N, N + 20):
            a = torch.empty(n)
            del a
            b = torch.zeros(n)
            elements.add(torch.zeros(n), b)
            del b
            elements.add(torch.empty(n), torch.from_numpy(np.ones(n, "float32")))
            elements.add(torch.empty(n), torch.full((n,), 3.0))
            elements.add(torch.empty(n), torch.rand(n))
            elements.add(torch.empty(n), torch.tensor([1.0] * n))

    assert found(use) == []


def test_memory_from_outside_of_the_block_is_taken_as_filled(elements: Any) -> None:
    a = torch.empty(N)
    assert found(elements.add, torch.zeros(N), a) == []


# --- memory that the host function allocated


@pytest.mark.parametrize("op", ["scratch_empty_like", "scratch_new_empty"])
def test_scratch_of_torch_must_be_written_before_it_is_read(host: Any, op: str) -> None:
    run = getattr(host, op)
    assert found(run, torch.zeros(N), X, N) == []
    where = f"element [{N - 3}] of allocation 1 of the host function"
    assert found(run, torch.zeros(N), X, N - 3) == [(*UNINITIALIZED, where)]


def test_zeroed_scratch_of_torch_has_contents(host: Any) -> None:
    assert found(host.scratch_zeros, torch.zeros(N), X, N - 3) == []


def test_scratch_of_cudaMalloc_must_be_written_or_set(host: Any) -> None:
    assert found(host.scratch_malloc, torch.zeros(N), X, N, False) == []
    assert found(host.scratch_malloc, torch.zeros(N), X, N - 3, True) == []
    (only,) = found(host.scratch_malloc, torch.zeros(N), X, N - 3, False)
    assert only[:2] == UNINITIALIZED
    assert "of allocation 1 of the host function" in only[2]


def test_scratch_that_a_module_keeps_is_known_in_later_calls_and_blocks(host: Any) -> None:
    for _ in range(2):
        with kbk.sanitize() as s:
            host.scratch_kept(torch.zeros(N), X)
            host.scratch_kept(torch.zeros(N), X)
        assert s.findings == []


def test_scratch_that_takes_the_place_of_smaller_freed_scratch(host: Any) -> None:
    assert found(host.scratch_grows, torch.zeros(N), X) == []
