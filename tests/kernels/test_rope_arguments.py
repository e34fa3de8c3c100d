"""A rotation that cannot be done is refused: the message names the argument, rule and value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

import kbk
from kbk.ops import FusedSetKVBufferArg, family
from kbk.ops import apply_rope_with_cos_sin_cache_inplace as rope

NAME = "apply_rope_with_cos_sin_cache_inplace"
T, D = 3, 16


def good(device: str) -> dict[str, Any]:
    """Arguments that are taken."""
    return {
        "positions": torch.arange(T, device=device),
        "query": torch.ones(T, 4 * D, device=device),
        "key": torch.ones(T, 2 * D, device=device),
        "head_size": D,
        "cos_sin_cache": torch.ones(5, D, device=device),
    }


def kept(device: str) -> FusedSetKVBufferArg:
    """A store that is taken."""
    return FusedSetKVBufferArg(
        value=torch.ones(T, 2 * D, device=device),
        k_buffer=torch.zeros(7, 2 * D, device=device),
        v_buffer=torch.zeros(7, 2, D, device=device),
        k_scale=None,
        v_scale=None,
        cache_loc=torch.arange(T, device=device),
    )


def bad_calls(device: str) -> dict[str, tuple[dict[str, Any], str]]:
    def ones(*shape: int, **more: Any) -> torch.Tensor:
        return torch.ones(*shape, device=device, **more)

    same = ones(T, 4 * D)
    return {
        "dtype": (
            {"query": ones(T, 4 * D, dtype=torch.float64)},
            "query must be float16, bfloat16 or float32; its dtype is float64",
        ),
        "dtypes": (
            {"key": ones(T, 2 * D, dtype=torch.float16)},
            "key must have the dtype of query, float32; its dtype is float16",
        ),
        "odd head_size": ({"head_size": 15}, "head_size must be even, from 2 to 512; it was 15"),
        "no head_size": ({"head_size": 0}, "head_size must be even, from 2 to 512; it was 0"),
        "long head_size": ({"head_size": 514}, "head_size must be even, from 2 to 512; it was 514"),
        "broken heads": (
            {"query": ones(T, 40)},
            r"query must be \[rows, heads \* head_size\] or \[rows, heads, head_size\] with "
            r"head_size 16; its shape is \[3, 40\]",
        ),
        "other heads": (
            {"key": ones(T, 2, 8)},
            r"key must be .* with head_size 16; its shape is \[3, 2, 8\]",
        ),
        "rank": ({"key": ones(2 * D)}, r"key must be .*; its shape is \[32\]"),
        "tokens": (
            {"key": ones(T + 1, 2 * D)},
            r"key must have the tokens of query, 3; its shape is \[4, 32\]",
        ),
        "elements apart": (
            {"query": ones(T, 8 * D)[:, ::2]},
            r"query must have heads of stride 1 that do not overlap; its shape is \[3, 64\] and "
            r"its strides are \[128, 2\]",
        ),
        "one row for all": (
            {"query": ones(1, 4 * D).expand(T, -1)},
            r"query must have heads of stride 1 that do not overlap; .* strides are \[0, 1\]",
        ),
        "one head for all": (
            {"key": ones(T, 1, D).expand(-1, 2, -1)},
            r"key must have heads .* do not overlap; .* strides are \[16, 0, 1\]",
        ),
        "heads that overlap": (
            {"key": ones(99).as_strided((T, 2, D), (24, 8, 1))},
            r"key must have heads .* do not overlap; .* strides are \[24, 8, 1\]",
        ),
        "rows that overlap": (
            {"key": ones(99).as_strided((T, 2, D), (24, 16, 1))},
            r"key must have heads .* do not overlap; .* strides are \[24, 16, 1\]",
        ),
        "twice the same": (
            {"query": same, "key": same},
            "key must not overlap query; both begin at the same address",
        ),
        "positions dtype": (
            {"positions": ones(T)},
            "positions must be int32 or int64; its dtype is float32",
        ),
        "positions shape": (
            {"positions": torch.arange(T + 1, device=device)},
            r"positions must be contiguous, one element a token, \[3\]; its shape is \[4\]",
        ),
        "positions apart": (
            {"positions": torch.arange(2 * T, device=device)[::2]},
            r"positions must be contiguous, .* and its strides are \[2\]",
        ),
        "table dtype": (
            {"cos_sin_cache": ones(5, D, dtype=torch.bfloat16)},
            r"cos_sin_cache must be float32 \[num_positions, rotary_dim\], contiguous; it is "
            r"bfloat16, its shape \[5, 16\]",
        ),
        "table columns": (
            {"cos_sin_cache": ones(5, 2 * D)[:, :D]},
            "cos_sin_cache must be float32 .*, contiguous",
        ),
        "rotary_dim beyond head_size": (
            {"cos_sin_cache": ones(5, 18)},
            r"cos_sin_cache's rotary_dim must be even, from 2 to head_size, 16; its shape is "
            r"\[5, 18\]",
        ),
        "odd rotary_dim": (
            {"cos_sin_cache": ones(5, 7)},
            r"cos_sin_cache's rotary_dim must be even, .*; its shape is \[5, 7\]",
        ),
        "enable_pdl": (
            {"enable_pdl": "yes"},
            "enable_pdl must be None or a bool; it was 'yes'",
        ),
    }


def bad_stores(device: str) -> dict[str, tuple[dict[str, Any], str]]:
    def ones(*shape: int, **more: Any) -> torch.Tensor:
        return torch.ones(*shape, device=device, **more)

    return {
        "k_scale": ({"k_scale": 1.0}, "k_scale must be None: .*; it was 1.0"),
        "v_scale": ({"v_scale": 0.5}, "v_scale must be None: .*; it was 0.5"),
        "missing": (
            {"cache_loc": None},
            "value, k_buffer, v_buffer and cache_loc must come together; one is None",
        ),
        "value dtype": (
            {"value": ones(T, 2 * D, dtype=torch.float16)},
            "value must have the dtype of query, float32; its dtype is float16",
        ),
        "value heads": (
            {"value": ones(T, 4 * D)},
            r"value must have the tokens and heads of key, 3 and 2; its shape is \[3, 64\]",
        ),
        "value tokens": (
            {"value": ones(2, 2 * D)},
            r"value must have the tokens and heads of key, 3 and 2; its shape is \[2, 32\]",
        ),
        "fp8 cache": (
            {"k_buffer": torch.zeros(7, 2 * D, device=device).to(torch.float8_e4m3fn)},
            "k_buffer must have the dtype of query, float32; its dtype is float8_e4m3fn",
        ),
        "buffer heads": (
            {"k_buffer": ones(7, 3 * D)},
            r"k_buffer and v_buffer must have the heads of key, 2, and the same rows; their "
            r"shapes are \[7, 48\] and \[7, 2, 16\]",
        ),
        "buffer rows": (
            {"v_buffer": ones(6, 2 * D)},
            r"k_buffer and v_buffer must have .*; their shapes are \[7, 32\] and \[6, 32\]",
        ),
        "slots dtype": (
            {"cache_loc": ones(T)},
            "cache_loc must be int32 or int64; its dtype is float32",
        ),
        "slots shape": (
            {"cache_loc": torch.arange(2, device=device)},
            r"cache_loc must be contiguous, one element a token, \[3\]; its shape is \[2\]",
        ),
    }


def refused(arguments: dict[str, Any], message: str) -> None:
    tensors = [each for each in arguments.values() if isinstance(each, torch.Tensor)]
    before = [each.clone() for each in tensors]
    with pytest.raises(kbk.ArgumentError, match=f"^{NAME}: {message}"):
        rope(**arguments)
    assert all(torch.equal(now, was) for now, was in zip(tensors, before, strict=True))


@pytest.mark.parametrize("case", list(bad_calls("cpu")))
def test_a_bad_argument_is_named_and_nothing_is_written(machine, case):
    change, message = bad_calls(machine)[case]
    refused({**good(machine), **change}, message)


@pytest.mark.parametrize("case", list(bad_stores("cpu")))
def test_a_bad_store_is_named_and_nothing_is_written(machine, case):
    change, message = bad_stores(machine)[case]
    store = replace(kept(machine), **change)
    refused({**good(machine), "fused_set_kv_buffer_arg": store}, message)


def test_the_arguments_that_the_bad_calls_begin_with_are_taken(machine):
    for store in (None, kept(machine)):
        for enable_pdl in (None, False, True):
            arguments = good(machine)
            rope(**arguments, fused_set_kv_buffer_arg=store, enable_pdl=enable_pdl)
            assert arguments["key"][0, 0].item() == 0.0  # 1 * 1 - 1 * 1


@pytest.mark.parametrize(
    "position, wide",
    [
        *((at, True) for at in (5, 6, 2**40, -1, -(2**40))),
        (5, False),
        (2**31 - 1, False),
        (-1, False),
    ],
)
def test_a_position_that_the_table_does_not_have_is_named_with_its_thread(position, wide):
    arguments = good("cpu")
    arguments["positions"][1] = position
    if not wide:
        arguments["positions"] = arguments["positions"].int()
    with pytest.raises(kbk.LaunchError, match=r"assertion `position >= 0 && position < num_"):
        rope(**arguments)


@pytest.mark.parametrize("slot", [7, 2**40])
def test_a_slot_that_the_cache_does_not_have_is_named_with_its_thread(slot):
    store = kept("cpu")
    store.cache_loc[2] = slot
    with pytest.raises(kbk.LaunchError, match=r"assertion `slot < store.k.rows` failed"):
        rope(**good("cpu"), fused_set_kv_buffer_arg=store)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((0, 1, False, 128), "heads must be 1 or more; it was 0"),
        ((1, 0, False, 128), "in_flight must be 1, 2 or 3, and ahead 2 or 3; it was 0"),
        ((1, 4, False, 128), "in_flight must be 1, 2 or 3, and ahead 2 or 3; it was 4"),
        ((1, 1, True, 128), "in_flight must be 1, 2 or 3, and ahead 2 or 3; it was 1"),
        ((1, 1, False, 16), "threads must be from 32 to 512; it was 16"),
        ((1, 1, False, 1024), "threads must be from 32 to 512; it was 1024"),
    ],
)
def test_a_launch_shape_that_cannot_be_is_named(machine, shape, message):
    with pytest.raises(kbk.ArgumentError, match=f"^rope_in_flight: {message}"):
        family("rope").rope_in_flight(*common(machine).values(), *shape)


def common(device: str) -> dict[str, Any]:
    """Arguments that rung 7 takes too."""
    some = {"device": device, "dtype": torch.bfloat16}
    q, k = torch.ones(T, 4 * 64, **some), torch.ones(T, 2 * 64, **some)
    made = {"query": q, "key": k, "head_size": 64, "cos_sin_cache": torch.ones(5, 64).to(device)}
    return {**good(device), **made}


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"positions": torch.arange(T).int()}, "query must be bfloat16 and positions int64"),
        ({"cos_sin_cache": torch.ones(5, 32)}, "query and key must have heads of 64 or 128"),
        ({"head_size": 32, "cos_sin_cache": torch.ones(5, 32)}, "query and key must have heads"),
        ({"key": torch.ones(T, 3, 80).bfloat16()[..., :64]}, "query and key must have heads"),
        ({"key": torch.ones(T, 65).bfloat16()[:, 1:]}, "query and key must have heads"),
    ],
)
def test_a_layout_that_rung_7_has_no_kernel_for_is_named(machine, other, message):
    arguments = {**common(machine), **{name: t_on(t, machine) for name, t in other.items()}}
    with pytest.raises(kbk.ArgumentError, match=f"^rope_in_flight: {message}"):
        family("rope").rope_in_flight(*arguments.values(), 1, 1, False, 128)


def t_on(value: Any, device: str) -> Any:
    return value.to(device) if isinstance(value, torch.Tensor) else value


@pytest.mark.gpu
def test_a_table_on_another_device_is_refused():
    with pytest.raises(kbk.ArgumentError, match="cos_sin_cache must be on the device of"):
        rope(**{**good("cuda"), "cos_sin_cache": torch.ones(5, D)})


def test_the_next_call_after_a_refusal_works(machine):
    arguments = good(machine)
    with pytest.raises(kbk.ArgumentError):
        rope(**{**arguments, "head_size": 3})
    rope(**arguments)
    assert arguments["query"][0, 0].item() == 0.0
