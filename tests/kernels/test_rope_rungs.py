"""kernels/rope_rungs.cu: every rung but the second is right; the second is a race that is found."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from rotary import angles, assert_rotated, bits, heads, positions_of

import kbk
from kbk import sim
from kbk.ops import family

BF16 = torch.bfloat16
WORDS = ["rope_vectors", "rope_walk_heads", "rope_shared_table"]
SLICES = ["rope_strided", *WORDS]
LAYOUTS = pytest.mark.parametrize("is_neox", [True, False], ids=["halves", "interleaved"])


def rung(name: str) -> Callable[..., None]:
    return getattr(family("rope_rungs"), name)


@pytest.mark.parametrize("shape", [(1, 1, 2), (3, 5, 64), (9, 2, 80), (2, 40, 128), (5, 1, 510)])
def test_a_thread_a_pair_is_right_at_any_shape(machine, shape):
    x = heads(*shape, dtype=BF16, device=machine)
    at, table = positions_of(shape[0], 50, machine), angles(50, shape[2], device=machine)
    before = x.clone()
    rung("rope_by_pair")(x, at, table)
    assert_rotated(x, before, at, table, True)


@LAYOUTS
@pytest.mark.parametrize("name", SLICES)
@pytest.mark.parametrize("head, rotary", [(64, 64), (128, 32), (80, 80), (256, 256)], ids=str)
def test_slices_of_one_qkv_tensor_are_right(machine, head, rotary, name, is_neox):
    qkv = heads(7, 9, head, dtype=BF16, device=machine)
    at, table = positions_of(7, 50, machine), angles(50, rotary, device=machine)
    before = qkv.clone()
    rung(name)(at, qkv[:, :4], qkv[:, 4:6], table, is_neox)
    assert_rotated(qkv[:, :6], before[:, :6], at, table, is_neox)
    assert torch.equal(bits(qkv[:, 6:]), bits(before[:, 6:])), "v has changed"


@pytest.mark.parametrize("name", ["rope_sincos", "rope_by_pair", *SLICES])
def test_no_tokens_launch_nothing(name):
    x, at, table = torch.empty(0, 2, 16, dtype=BF16), torch.empty(0).long(), angles(3, 16)
    before = sim.launches()
    if name == "rope_sincos":
        rung(name)(torch.empty_like(x), x, at, 1e4)
    elif name == "rope_by_pair":
        rung(name)(x, at, table)
    else:
        rung(name)(at, x, x.clone(), table)
    assert sim.launches() == before


def test_angles_computed_in_float32_are_right_near_position_0(machine):
    x, at = heads(4, 3, 64, dtype=BF16, device=machine), torch.arange(4, device=machine)
    out = torch.full_like(x, float("nan"))
    rung("rope_sincos")(out, x, at, 10000.0)
    want = x.clone()
    rung("rope_by_pair")(want, at, angles(4, 64, device=machine))
    torch.testing.assert_close(out, want, rtol=2**-7, atol=2**-20)


def test_an_angle_in_float32_turns_pairs_7_thousandths_too_far_near_position_131072(machine):
    # Each pair is (1, 0): what comes out is the cosine and the sine of the kernel's angle.
    at = torch.arange(130_000, 131_072, device=machine)
    x = torch.zeros(at.numel(), 1, 128, dtype=BF16, device=machine)
    x[..., :64] = 1
    out = torch.empty_like(x)
    rung("rope_sincos")(out, x, at, 10000.0)
    right = angles(131_072, 128)[130_000:].double().to(machine)
    got = torch.atan2(out[..., 64:].double(), out[..., :64].double())[:, 0]
    turned = (got - torch.atan2(right[:, 64:], right[:, :64]) + torch.pi) % (2 * torch.pi)
    off = (turned - torch.pi).abs().max().item()
    assert 0.0077 < off < 0.0077 + 2**-8 * math.sqrt(2)  # the float32 product, bfloat16 beside it


def by_element(seed: int | None) -> tuple[torch.Tensor, Any]:
    x = heads(2, 3, 256, dtype=BF16, device="cpu")
    at, table = positions_of(2, 50, "cpu"), angles(50, 256)
    with sim.settings(seed=seed), kbk.sanitize(raise_on_error=False) as s:
        rung("rope_by_element")(x, at, table)
    return x, s.findings


def test_a_thread_an_element_in_place_is_a_race_between_its_read_and_its_write():
    for seed in (None, 1):
        errors = [each for each in by_element(seed)[1] if each.severity == "error"]
        assert errors and {each.kind for each in errors} == {"race"}
        text = str(errors[0])
        assert "x[at < half ? i + half : i - half]" in text
        assert "x[i] = float(x[i]) * row[pair] + other * sin;" in text


def test_a_thread_an_element_in_place_gives_three_results_with_three_seeds():
    results = [bits(by_element(seed)[0]) for seed in (1, 2, 3)]
    assert all(not torch.equal(results[i], results[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


@pytest.mark.parametrize("seed", [None, 1, 2])
@LAYOUTS
def test_the_other_rungs_have_no_finding_in_any_order(seed, is_neox):
    at, table = positions_of(5, 50, "cpu"), angles(50, 64)
    with sim.settings(seed=seed), kbk.sanitize() as s:
        for name in SLICES:
            x = heads(5, 7, 64, dtype=BF16, device="cpu")
            rung(name)(at, x[:, :5], x[:, 5:], table, is_neox)
        x = heads(5, 7, 64, dtype=BF16, device="cpu")
        rung("rope_by_pair")(x, at, table)
        rung("rope_sincos")(torch.empty_like(x), x, at, 1e4)
    assert s.findings == [] and len(s.launches) == len(SLICES) + 2


def bad_calls() -> dict[str, tuple[str, list[Any], str]]:
    x, at, table = torch.zeros(2, 4, 32, dtype=BF16), torch.arange(2), torch.ones(5, 32)
    return {
        "float32": (
            "rope_by_pair",
            [x.float(), at, table],
            r"x must be bfloat16 \[num_tokens, num_heads, head_size\]; its dtype is float32",
        ),
        "strided": (
            "rope_by_element",
            [x[:, ::2], at, table],
            "x must be contiguous with an even head_size",
        ),
        "partial": (
            "rope_by_pair",
            [x, at, table[:, :16].contiguous()],
            "cos_sin_cache's rotary_dim must be head_size, 32; it was 16",
        ),
        "onto itself": ("rope_sincos", [x, x, at, 1e4], "out must not be x"),
        "shape": (
            "rope_sincos",
            [x[:1], x, at, 1e4],
            r"out must have the shape of x, \[2, 4, 32\]; its shape is \[1, 4, 32\]",
        ),
        "int32": (
            "rope_strided",
            [at.int(), x[:, :3], x[:, 3:], table],
            r"positions must be int64, contiguous, one a token, \[2\]; its dtype is int32",
        ),
        "too wide": (
            "rope_strided",
            [at, x[:, :3], x[:, 3:], torch.ones(5, 34)],
            "cos_sin_cache's rotary_dim must be even, from 2 to head_size, 32; it was 34",
        ),
        "alignment": (
            "rope_vectors",
            [at, x[..., 8:24], x.flatten()[1:65].view(2, 1, 32)[..., :16], torch.ones(5, 16)],
            "key's heads must begin on 16-byte addresses",
        ),
        "narrow": (
            "rope_walk_heads",
            [at, x[:, :3], x[:, 3:], torch.ones(5, 8)],
            "cos_sin_cache must begin on a 16-byte address with a multiple of 16 as rotary_dim",
        ),
    }


@pytest.mark.parametrize("case", list(bad_calls()))
def test_a_bad_argument_of_a_rung_is_named(case):
    name, arguments, message = bad_calls()[case]
    with pytest.raises(kbk.ArgumentError, match=f"^{name}: {message}"):
        rung(name)(*arguments)


def test_the_error_of_a_float32_angle_has_the_size_that_the_chapter_tells():
    # Position times frequency in float32, against float64, over the last positions of 131,072.
    at = torch.arange(130_000, 131_073, dtype=torch.float64)[:, None]
    frequency = 10000.0 ** (-torch.arange(0, 128, 2, dtype=torch.float64) / 128)
    product = at.float() * frequency.float()
    worst = (product.double() - at * frequency).abs().max().item()
    assert math.isclose(worst, 7.7e-3, rel_tol=0.1)
