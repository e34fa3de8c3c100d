"""PYBIND11_MODULE: what it binds, names, defaults and docs, and what its functions throw."""

from __future__ import annotations

import inspect
import threading
from typing import Any

import pytest
import torch

from kbk.errors import ArgumentError


def test_declarations_in_one_text_and_kernels_in_another_are_one_module(bound: Any) -> None:
    x = torch.ones(5)
    expected = torch.tensor([1.0, 2, 3, 4, 1])
    assert torch.equal(bound.weigh(x), expected)
    assert torch.equal(bound.checked(x), expected)
    assert torch.equal(bound.weigh(x.double()), expected.double())


def test_the_docs_of_the_source_are_those_of_the_module_and_its_functions(bound: Any) -> None:
    assert bound.__doc__ == "What the module is for."
    assert bound.weigh.__doc__ == 'weigh(Tensor x) -> Tensor\n\nWeighs.\n\nLines of "docs".'
    assert bound.polynomial.__doc__ == "polynomial(Tensor(a!) arg0) -> Tensor"


def test_defaults_of_every_kind_are_what_the_source_says(bound: Any) -> None:
    x = torch.ones(1)
    assert bound.defaults(x) == '3 2.5 1 0 a "b" \\c inf 1e-05 -inf 0 2 4'
    text = bound.defaults(x, b=False, t=x, o=3, v=[], s="", high=1)
    assert text == "3 2.5 0 1  1 1e-05 -inf 1 0 4"
    defaults = inspect.signature(bound.defaults).parameters
    assert defaults["high"].default == float("inf")
    assert isinstance(defaults["whole"].default, float)  # as the parameter is a double
    assert defaults["v"].default == [1, 2]


def test_names_that_python_keeps_for_itself_can_be_given(bound: Any) -> None:
    x = torch.ones(1)
    assert bound.named(x, 2).item() == 3.5
    assert bound.named(self=x, from_=1, lambda_=2).item() == 2.0
    assert bound.named(self=x, **{"from": 1, "lambda": 2, "in": 0.0}).item() == 1.0
    assert list(inspect.signature(bound.named).parameters) == ["self", "from_", "lambda_", "in_"]


def test_keyword_only_arguments_are_given_by_name(bound: Any) -> None:
    x = torch.ones(1)
    assert bound.keyword_only(x, flag=True) is True
    with pytest.raises(ArgumentError, match="keyword_only: too many positional arguments"):
        bound.keyword_only(x, True)


def test_static_members_and_lambdas_are_functions(bound: Any) -> None:
    first = bound.next()
    assert bound.next(by=5) == first + 5
    assert torch.equal(bound.released(torch.zeros(2)), torch.ones(2))


def test_constant_memory_can_be_set_by_the_host_function(bound: Any) -> None:
    assert bound.set_weight(torch.ones(5), 10).tolist() == [10, 2, 3, 4, 10]
    assert bound.weigh(torch.ones(5)).tolist() == [1, 2, 3, 4, 1]


def test_gradients_pass_through_a_function_in_cpp(bound: Any) -> None:
    x = torch.ones(5, requires_grad=True)
    bound.differentiable(x).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [1, 2, 3, 4, 1]


def test_gradients_pass_through_torchs_operators(bound: Any) -> None:
    x = torch.full((2,), 5.0, requires_grad=True)
    bound.polynomial(x).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [13, 13]
    with torch.no_grad():
        assert not bound.polynomial(x).requires_grad
    with torch.inference_mode():
        assert bound.polynomial(x).is_inference()


@pytest.mark.parametrize(
    ("kind", "also", "words"),
    [
        (0, RuntimeError, "Expected false to be true, but got false."),
        (1, ValueError, "x must be 2-D, got [3]"),
        (2, ValueError, "a value"),
        (3, IndexError, "an index"),
        (4, TypeError, "a type"),
        (5, NotImplementedError, "not done"),
        (6, RuntimeError, "at run time\nin two lines"),
        (7, ValueError, "invalid"),
        (8, IndexError, "too far"),
        (9, RuntimeError, "an error of AT, 9"),
        (12, RuntimeError, "shape '[7, 7]' is invalid for input of size 3"),
        (13, IndexError, "select(): index 99 out of range for tensor of size [3] at dimension 0"),
        (14, ValueError, "of pybind"),
        (15, IndexError, "of pybind"),
        (16, TypeError, "of pybind"),
    ],
)
def test_what_the_host_function_throws_is_an_argument_error_of_its_kind(
    bound: Any, kind: int, also: type[Exception], words: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        bound.fail(kind, torch.ones(3))
    assert isinstance(caught.value, also)
    assert str(caught.value) == f"fail: {words}"


@pytest.mark.parametrize(("kind", "words"), [(10, "INTERNAL ASSERT FAILED"), (11, "unknown")])
def test_a_broken_host_function_does_not_end_the_process(bound: Any, kind: int, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        bound.fail(kind, torch.ones(3))


def test_a_dtype_that_the_dispatch_lacks_is_named(bound: Any) -> None:
    with pytest.raises(
        ArgumentError, match="weigh: \"weigh\" not implemented for 'Half'"
    ) as caught:
        bound.weigh(torch.ones(2).half())
    assert isinstance(caught.value, NotImplementedError)


def test_empty_tensors_and_views_are_what_they_are(bound: Any) -> None:
    x = torch.arange(12.0).reshape(3, 4)
    assert bound.checked(x[:, 1]).tolist() == [1, 10, 27]
    assert bound.polynomial(x[:0]).shape == (0, 4)


def test_two_threads_may_call_at_once(bound: Any) -> None:
    wrong = []

    def call(start: float) -> None:
        for i in range(20):
            x = torch.full((64,), start + i)
            if not torch.equal(bound.weigh(x), x * torch.tensor([1.0, 2, 3, 4]).repeat(16)):
                wrong.append(i)

    threads = [threading.Thread(target=call, args=(base,)) for base in (0.0, 100.0)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []
