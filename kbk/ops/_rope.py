"""Rotary embedding of query and key in place, with the store into the KV cache on the way."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.compiler import is_compiling

from kbk.errors import ArgumentError
from kbk.ops._family import family, prepare, traced

_NAME = "apply_rope_with_cos_sin_cache_inplace"
_OPS = traced("rope")


@dataclass
class FusedSetKVBufferArg:
    """Where ``apply_rope_with_cos_sin_cache_inplace`` also puts rotated k and raw v.

    Attributes:
        value: v, of key's dtype, tokens and heads: [num_tokens, num_kv_heads * head_size] or with
            three dimensions; any strides but the last.
        k_buffer, v_buffer: written; of key's dtype, [num_slots, num_kv_heads * head_size] or with
            three dimensions; any strides but the last.
        k_scale, v_scale: must be None.
        cache_loc: int32 or int64 [num_tokens], the row of each token in both buffers. A negative
            one keeps nothing. No row may come twice: which token's would stay is not told.
    """

    value: torch.Tensor
    k_buffer: torch.Tensor
    v_buffer: torch.Tensor
    k_scale: float | None
    v_scale: float | None
    cache_loc: torch.Tensor


def apply_rope_with_cos_sin_cache_inplace(
    positions: torch.Tensor,
    query: torch.Tensor,
    key: torch.Tensor,
    head_size: int,
    cos_sin_cache: torch.Tensor,
    is_neox: bool = True,
    fused_set_kv_buffer_arg: FusedSetKVBufferArg | None = None,
    enable_pdl: bool | None = None,
) -> None:
    """Rotates query and key in place: float32 arithmetic, one rounding, one launch.

    Pair i of a head, (a, b), becomes (a cos - b sin, b cos + a sin). Elements of a head from
    rotary_dim on are neither read nor written; the store copies them to the buffers.

    Args:
        positions: int32 or int64 [num_tokens]. One without a row in ``cos_sin_cache`` fails an
            assertion of the kernel: ``kbk.LaunchError`` on the simulator; on a GPU what torch's
            own indexing does, an error at the next synchronisation.
        query, key: changed; float16, bfloat16 or float32 of one dtype,
            [num_tokens, num_heads * head_size] or [num_tokens, num_heads, head_size]. Any strides
            but the last, as of slices of one qkv tensor. They must not overlap.
        head_size: even, from 2 to 512.
        cos_sin_cache: float32 [num_positions, rotary_dim], contiguous: rotary_dim / 2 cosines, then
            as many sines. rotary_dim is even and at most head_size.
        is_neox: pair i is (x[i], x[i + rotary_dim / 2]); otherwise (x[2 i], x[2 i + 1]).
        fused_set_kv_buffer_arg: also puts rotated k and raw v into a KV cache.
        enable_pdl: None, False or True, as ``sgl_kernel`` has it. Results never depend on it, and
            neither does the launch: it is never a programmatic dependent one.

    Raises:
        kbk.ArgumentError: an argument is not as above; the message names it, what it must be and
            what it was.
    """
    if enable_pdl not in (None, False, True):
        raise ArgumentError(f"{_NAME}: enable_pdl must be None or a bool; it was {enable_pdl!r}.")
    kept: tuple[torch.Tensor | None, ...] = (None, None, None, None)
    store = fused_set_kv_buffer_arg
    if store is not None:
        for name, scale in (("k_scale", store.k_scale), ("v_scale", store.v_scale)):
            if scale is not None:
                raise ArgumentError(
                    f"{_NAME}: {name} must be None: the buffers keep what k and v are; "
                    f"it was {scale!r}."
                )
        kept = (store.value, store.k_buffer, store.v_buffer, store.cache_loc)
    arguments = (positions, query, key, head_size, cos_sin_cache, is_neox, *kept)
    if is_compiling():
        prepare("rope", query.device.type)
        _OPS[_NAME](*arguments)
    else:
        family("rope").apply_rope_with_cos_sin_cache_inplace(*arguments)
