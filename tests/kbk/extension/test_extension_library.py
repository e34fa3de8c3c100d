"""TORCH_LIBRARY and its relatives: which ops a source has, which implementation runs."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kbk
from kbk.errors import ArgumentError, BuildError

_HEAD = "#include <torch/all.h>\n#include <torch/library.h>\n"
_SAME = "[](const at::Tensor& x) { return x; }"


def test_an_op_runs_what_is_registered_for_cuda(library: Any) -> None:
    x = torch.zeros(3)
    library.add_(x)
    library.add_(x, a=3)
    assert x.tolist() == [4, 4, 4]
    assert library.in_place(x) is x and x.tolist() == [5, 5, 5]


def test_where_an_op_is_for_the_device_and_for_the_cpu_the_devices_runs(library: Any) -> None:
    assert library.plus(torch.zeros(1)).tolist() == [1]
    assert library.only_on_host(torch.zeros(1), 1.0).tolist() == [-1000]


def test_the_meta_implementation_runs_without_data(library: Any) -> None:
    assert library.plus(torch.empty(3, device="meta")).shape == (3,)


@pytest.mark.parametrize(
    ("name", "more", "expected"),
    [
        ("early", (), 4),
        ("twice", (), 4),
        ("inferred", (3, None), 5),
        ("spelled", (), 4),
        ("lambda_", (), 7),
        ("tagged", (), 4),
        ("elsewhere", (), 6),
    ],
)
def test_every_way_to_register_makes_an_op(
    library: Any, name: str, more: tuple[Any, ...], expected: float
) -> None:
    assert getattr(library, name)(torch.full((1,), 2.0), *more).item() == expected


def test_overloads_are_chosen_by_their_arguments(library: Any) -> None:
    x = torch.full((1,), 2.0)
    assert library.variant(x).item() == 4
    assert library.variant(x, 5).item() == 10
    assert library.variant(x, k=6).item() == 12
    with pytest.raises(ArgumentError, match="takes no such arguments") as caught:
        library.variant(x, "text")
    assert "variant.by(Tensor x, int k) -> Tensor" in str(caught.value)


def test_an_op_without_an_implementation_says_so(library: Any) -> None:
    with pytest.raises(ArgumentError, match="unfinished: the source has no implementation"):
        library.unfinished(torch.zeros(1))


def test_ops_are_torch_ops_of_their_namespace(library: Any) -> None:
    x = torch.full((1,), 2.0)
    assert torch.ops.kbk_test_ops.plus(x, a=2).item() == 4
    assert torch.ops.kbk_test_ops.plus.default(x).item() == 3
    assert torch.ops.kbk_test_ops.variant(x, 5).item() == 10
    assert torch.ops.kbk_test_ops.twice(x).item() == 4
    assert torch.ops.kbk_test_others.twice(x).item() == 6


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ('m.def("op(Tensr x) -> Tensor");', "op(Tensr x) -> Tensor"),
        (
            'm.def("op(Tensor x) -> Tensor", [](const at::Tensor& x, int64_t k) { return x; });',
            "reason: The number of arguments is different. 1 vs 2.",
        ),
        ("", "the source registers no function"),
    ],
)
def test_what_torch_refuses_to_register_is_one_error_with_its_reason(
    block: str, words: str
) -> None:
    source = f"{_HEAD}TORCH_LIBRARY(kbk_test_bad, m) {{ {block} }}\n"
    with pytest.raises(BuildError) as caught:
        kbk.load_inline("refused", cuda_sources=source)
    assert words in str(caught.value)
    assert str(caught.value).startswith("refused: ")
    assert "kbk_refused" not in str(caught.value)


def test_an_op_with_the_name_of_a_modules_attribute_is_refused() -> None:
    source = f'{_HEAD}TORCH_LIBRARY(kbk_test_bad, m) {{ m.def("name", {_SAME}); }}\n'
    with pytest.raises(ArgumentError, match="'name' is an attribute of every module"):
        kbk.load_inline("attributes", cuda_sources=source)


def test_the_newest_module_has_the_name_and_the_old_one_keeps_its_own() -> None:
    source = _HEAD + (
        'TORCH_LIBRARY(kbk_test_new, m) { m.def("op(Tensor x) -> Tensor", '
        "[](const at::Tensor& x) { return x + 1; }); }\n"
    )
    x = torch.zeros(1)
    old = kbk.load_inline("edited", cuda_sources=source)
    assert torch.ops.kbk_test_new.op(x).item() == 1
    new = kbk.load_inline("edited", cuda_sources=source.replace("x + 1", "x + 2"))
    assert (old.op(x).item(), new.op(x).item()) == (1, 2)
    assert torch.ops.kbk_test_new.op(x).item() == 2


def test_a_name_of_another_package_stays_theirs() -> None:
    theirs = torch.library.Library("kbk_test_theirs", "DEF")
    theirs.define("op(Tensor x) -> Tensor")
    theirs.impl("op", lambda x: x - 1, "CompositeImplicitAutograd")
    source = _HEAD + (
        'TORCH_LIBRARY(kbk_test_theirs, m) { m.def("op(Tensor x) -> Tensor", '
        "[](const at::Tensor& x) { return x + 1; }); }\n"
    )
    ours = kbk.load_inline("theirs", cuda_sources=source)
    x = torch.zeros(1)
    assert ours.op(x).item() == 1
    assert torch.ops.kbk_test_theirs.op(x).item() == -1


def test_torch_compile_leaves_a_call_to_python(library: Any) -> None:
    compiled = torch.compile(lambda x: library.plus(x * 2, 1.0) * 3, backend="eager")
    assert compiled(torch.ones(2)).tolist() == [9, 9]


def test_vmap_is_one_clear_error(library: Any) -> None:
    with pytest.raises(ArgumentError, match="Batching rule not implemented") as caught:
        torch.func.vmap(library.add_)(torch.zeros(2, 3))
    assert "kbk_library" not in str(caught.value)


def test_an_op_cannot_be_pickled_and_says_what_to_do(library: Any) -> None:
    import pickle

    for each in (library, library.plus):
        with pytest.raises(ArgumentError, match="cannot be pickled or copied"):
            pickle.dumps(each)
