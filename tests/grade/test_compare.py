"""Which outputs count as right, and what is said of those that are not."""

from __future__ import annotations

import math

import pytest
import torch

from kbk.grade import BITS, Tol, values
from kbk.grade.compare import compare, right

NAN = math.nan
NOTHING = torch.empty(0)


def test_exact_comparison_wants_the_rounded_value_the_sign_of_zero_and_takes_any_nan() -> None:
    expected = torch.tensor([0.1, -0.0, 0.0, NAN, math.inf, 1.0], dtype=torch.float64)
    good = torch.tensor([0.1, -0.0, 0.0, NAN, math.inf, 1.0])
    assert right(good, expected, None).all()
    bad = torch.tensor([0.1000001, 0.0, -0.0, 0.0, -math.inf, NAN])
    assert not right(bad, expected, None).any()


def test_a_tolerance_never_covers_nan_infinity_or_a_missing_one() -> None:
    expected = torch.tensor([1.0, NAN, math.inf, -math.inf, 2.0], dtype=torch.float64)
    actual = torch.tensor([NAN, 1.0, 3e38, math.inf, math.inf])
    assert not right(actual, expected, Tol(1.0, 1e30)).any()


def test_a_value_that_overflows_the_dtype_may_be_infinite() -> None:
    actual = torch.tensor([math.inf], dtype=torch.float16)
    assert right(actual, torch.tensor([70000.0], dtype=torch.float64), Tol(1e-3)).all()


def test_integers_are_compared_exactly_beyond_what_float64_holds() -> None:
    big = torch.tensor([2**53 + 1])
    assert right(big, big.clone(), None).all()
    assert not right(big, big - 1, Tol(1.0)).any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_tolerance_accepts_correct_rounding_and_rejects_two_units(dtype: torch.dtype) -> None:
    exact = torch.linspace(-3, 3, 1001, dtype=torch.float64) * math.pi
    tol = values.tolerance(dtype)
    assert right(exact.to(dtype), exact, tol).all()
    off = exact.to(dtype) * (1 + 2 * torch.finfo(dtype).eps)
    assert not right(off, exact, tol)[exact.abs() > 0.01].any()


def test_unwritten_elements_are_named_by_their_ranges_in_every_dimension() -> None:
    before = torch.full((4, 5), NAN)
    now = before.clone()
    now[:2] = 1
    now[3, 1:4] = 1
    found = compare("out", now, before, torch.ones(4, 5, dtype=torch.float64), None)
    assert found is not None and found.unwritten
    assert "out[2, 0] to out[3, 0], out[3, 4] were never written (7 of 20" in found.text


def test_a_mixture_of_unwritten_and_wrong_is_a_wrong_answer_that_says_both() -> None:
    before = torch.full((4,), NAN)
    now = torch.tensor([1.0, 5.0, NAN, 1.0])
    found = compare("out", now, before, torch.ones(4, dtype=torch.float64), None)
    assert found is not None and not found.unwritten
    assert "out[2] was never written" in found.text and "out[1] is 5, must be 1" in found.text


def test_an_output_that_nobody_touched_is_called_unwritten_as_a_whole() -> None:
    poison = torch.full((300,), 0xA5, dtype=torch.uint8)  # which some of the answers equal
    expected = torch.arange(300).to(torch.uint8)
    found = compare("out", poison.clone(), poison, expected, None)
    assert found is not None and found.unwritten
    assert "out[0] to out[299] were never written (300 of 300 elements: all of it)" in found.text


def test_the_five_worst_are_shown_worst_first_and_nan_before_all() -> None:
    now = torch.zeros(100)
    now[10:20] = torch.arange(10.0)
    now[50] = NAN
    found = compare("y", now, NOTHING, torch.zeros(100, dtype=torch.float64), None)
    assert found is not None
    places = [line.split("]")[0].split("[")[1] for line in found.text.splitlines()[1:]]
    assert places == ["50", "19", "18", "17", "16"]


def test_an_expectation_of_another_shape_is_the_graders_mistake() -> None:
    with pytest.raises(ValueError, match=r"expect gave \[3\], not \[2\]"):
        compare("out", torch.zeros(2), NOTHING, torch.zeros(3), None)


def test_bits_tell_one_nan_from_another_and_a_nan_that_nobody_wrote() -> None:
    quiet, other = (torch.tensor([b], dtype=torch.int32) for b in (0x7FC00000, 0x7FC00001))
    assert right(quiet.view(torch.float32), quiet.view(torch.float32), BITS).all()
    assert not right(other.view(torch.float32), quiet.view(torch.float32), BITS).any()
