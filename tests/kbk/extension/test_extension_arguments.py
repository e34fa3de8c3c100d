"""What a host function may take and return, and what a wrong argument gets to hear."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch

import kbk
from kbk.errors import ArgumentError, CompileError, LaunchError


@pytest.mark.parametrize("name", ["by_value", "by_const", "by_reference"])
def test_a_tensor_is_taken_by_value_and_by_reference(typed: Any, name: str) -> None:
    x = torch.zeros(300)
    getattr(typed, name)(x, torch.arange(300.0))
    assert torch.equal(x, torch.arange(300.0))


def test_the_schema_marks_what_a_function_may_write(typed: Any) -> None:
    assert typed.by_value.schema == "by_value(Tensor(a!) x, Tensor(b!) y) -> ()"
    assert typed.by_const.schema == "by_const(Tensor x, Tensor y) -> ()"


def test_numbers_of_every_width_arrive(typed: Any) -> None:
    text = typed.scalars(-1, 0.25, True, 1e-9, -(2**40), 2**40, 255)
    assert text == "-1 0.25 1 1e-09 -1099511627776 1099511627776 255"


@pytest.mark.parametrize(
    ("position", "value", "words"),
    [
        (0, 2**31, "a must be from -2147483648 to 2147483647, but is 2147483648"),
        (5, -1, "f must be from 0 to 18446744073709551615, but is -1"),
        (6, 256, "g must be from 0 to 255, but is 256"),
    ],
)
def test_a_number_that_does_not_fit_names_the_parameter_and_its_range(
    typed: Any, position: int, value: int, words: str
) -> None:
    values = [1, 1.0, True, 1.0, 1, 1, 1]
    values[position] = value
    with pytest.raises(ArgumentError, match=f"^scalars: {words}$"):
        typed.scalars(*values)


def test_texts_of_every_kind_arrive(typed: Any) -> None:
    assert typed.text_of("a", "b", "c", "dé") == "abcdé"
    assert typed.words() == "words"


def test_what_is_optional_may_be_none_or_left_out(typed: Any) -> None:
    x = torch.zeros(1)
    assert typed.optionals(x, None, None) is True
    assert typed.optionals(x, None, y=None, d=2.5) is True
    assert typed.optionals(None, None, None) is False
    assert typed.optionals(x, 3, None) is False


def test_lists_and_tuples_arrive(typed: Any) -> None:
    x = torch.zeros(1)
    assert typed.lists([x], [x, x], [1] * 3, [1.0] * 4, [1] * 5, ["a"] * 6, [True] * 7) == 7654321
    assert typed.lists((x,), (x, x), (1, 1), (1, 2.0), (1,), ("a",), (True,)) == 1112221
    assert typed.lists([], [], [], [], [], [], []) == 0


def test_dtypes_scalars_and_devices_arrive(typed: Any) -> None:
    assert typed.kinds(torch.float16, 2.5, "cpu", torch.int8) == "Half 2.5 cpu Char"
    device = torch.device("cuda:1")
    assert typed.kinds(torch.bool, 3, device, torch.bfloat16) == "Bool 3 cuda:1 BFloat16"


def test_results_of_every_kind_return(typed: Any) -> None:
    x = torch.ones(2)
    first, second = typed.two(x)
    assert torch.equal(first, x + 1) and torch.equal(second, x * 2)
    assert [each[0].item() for each in typed.several(x)] == [2, 3, 4]
    tensor, number = typed.pair(x)
    assert tensor is x and number == 7
    assert typed.mixed() == (1, 2.5, True, "x")
    assert torch.equal(typed.maybe(True), torch.ones(2)) and typed.maybe(False) is None
    assert typed.integers() == [1, 2, 3]
    assert typed.nested([[1], [], [2, 3]]) == [[1], [], [2, 3]]
    assert typed.undefined() is None
    assert typed.single() == 0.5
    assert [typed.scalar(each) for each in (3, 1.5, True)] == [3, 1.5, True]


def test_a_function_without_tensors_can_be_called(typed: Any) -> None:
    assert typed.nothing() is None
    assert typed.narrow() == -3
    assert typed.narrow(5) == 5


@pytest.mark.parametrize(
    ("args", "kwargs", "words"),
    [
        ((1,), {}, "missing a required argument: 'y'"),
        ((1, 1, 1), {}, "too many positional arguments"),
        ((1,), {"z": 1}, "(missing a required argument: 'y'|unexpected keyword argument 'z')"),
        ((1, 1), {"z": 1}, "got an unexpected keyword argument 'z'"),
        ((1,), {"x": 1}, "multiple values for argument 'x'"),
    ],
)
def test_too_many_and_too_few_arguments_are_named(
    typed: Any, args: tuple[int, ...], kwargs: dict[str, int], words: str
) -> None:
    x = torch.zeros(1)
    with pytest.raises(ArgumentError, match=words) as caught:
        typed.by_value(*[x for _ in args], **dict.fromkeys(kwargs, x))
    text = str(caught.value)
    assert text.startswith("by_value: ")
    assert text.endswith("; it is by_value(Tensor(a!) x, Tensor(b!) y) -> ().")
    assert "kbk_" not in text and "\n" not in text


@pytest.mark.parametrize("value", [3, "text", [1, 2], 1.5])
def test_what_is_no_tensor_is_refused_by_the_name_of_its_parameter(typed: Any, value: Any) -> None:
    with pytest.raises(ArgumentError, match="'Tensor' for argument 'y'") as caught:
        typed.by_value(torch.zeros(1), value)
    assert type(value).__name__ in str(caught.value)
    assert "kbk_" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_tensor_of_another_dtype_is_refused_in_torchs_words(typed: Any) -> None:
    with pytest.raises(ArgumentError, match="by_value: expected scalar type Float but found"):
        typed.by_value(torch.zeros(1), torch.zeros(1, dtype=torch.double))


def test_tensors_without_memory_are_one_clear_error(typed: Any) -> None:
    x = torch.zeros(2)
    for other in (x.to("meta"), x.to_sparse()):
        with pytest.raises(ArgumentError) as caught:
            typed.by_value(x, other)
        assert str(caught.value).startswith("by_value: ")
        assert "\n" not in str(caught.value)


def test_signature_and_docs_say_what_a_function_takes(typed: Any) -> None:
    assert str(inspect.signature(typed.kinds)) == "(t, s, d, u)"
    assert inspect.signature(typed.narrow).parameters["n"].default == -3
    assert typed.narrow.__doc__ == "narrow(int n=-3) -> int"
    assert "narrow(int n=-3) -> int" in repr(typed)


def test_a_name_that_is_not_there_suggests_one_that_is(typed: Any) -> None:
    with pytest.raises(AttributeError, match="no op 'by_valu'; did you mean 'by_value'"):
        typed.by_valu()


def test_a_launch_that_fails_raises_after_the_call(typed: Any) -> None:
    with pytest.raises(LaunchError, match="4096"):
        typed.launch_too_large(torch.zeros(1))
    typed.nothing()  # and leaves nothing behind


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("std::map<int, int> f() { return {}; }", "returns a type that Python cannot get"),
        ("void f(float* x) {}", "a parameter of this function has a type that Python cannot pass"),
    ],
)
def test_a_type_that_python_cannot_pass_is_refused_at_the_functions_line(
    function: str, words: str
) -> None:
    source = f"#include <torch/extension.h>\n#include <map>\n\n{function}\n"
    with pytest.raises(CompileError, match=words) as caught:
        kbk.load_inline("passes", cuda_sources=source, functions=["f"])
    assert (caught.value.file, caught.value.line) == ("passes.cu", 4)
