"""Names and headers that a compiler does not find come with what to do instead."""

from __future__ import annotations

import pytest

from kbk.build.missing import advice


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("'cudaGraphInstantiate' was not declared in this scope", "one after another"),
        ("'CUtensorMap' does not name a type", "TMA"),
        ("'cuLaunchKernel' was not declared in this scope", "runtime API"),
        ("'__nv_fp4_e2m1' was not declared in this scope; did you mean", "cuda_fp8.h"),
        ("use of undeclared identifier 'cudaMemset2D'", "row by row"),
        ("'this_multi_grid' is not a member of 'cooperative_groups'", "this_grid()"),
        ("'thrust' has not been declared", "torch's operators"),
        ("flashinfer/vec_dtypes.cuh: No such file or directory", "FlashInfer's"),
        ("'mine/util.cuh' file not found", "extra_include_paths"),
    ],
)
def test_what_is_missing_has_a_nearest_form(message: str, words: str) -> None:
    assert words in advice(message)


@pytest.mark.parametrize(
    "message", ["'x' was not declared in this scope", "expected ';' before '}' token", "'cub' "]
)
def test_an_ordinary_mistake_gets_no_advice(message: str) -> None:
    assert advice(message) == ""
