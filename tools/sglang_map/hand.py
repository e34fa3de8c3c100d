"""What no text of SGLang tells: the book's chapters, names that changed, other repositories.

Everything here is checked when the map is drawn: a name that is not registered, a file that no
build lists and an entry that is not needed are errors.
"""

from __future__ import annotations

CHAPTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "01": ("Copy", ("copy_to_gpu_no_ce",)),
    "02": ("Activation", ("silu_and_mul", "gelu_and_mul", "gelu_tanh_and_mul")),
    "03": ("RoPE", ("apply_rope_pos_ids_cos_sin_cache",)),
    "04": (
        "Reductions",
        ("rmsnorm", "fused_add_rmsnorm", "gemma_rmsnorm", "gemma_fused_add_rmsnorm"),
    ),
    "05": ("Lightning attention decode", ("lightning_attention_decode",)),
    "06": ("Merging attention states", ("merge_state_v2", "merge_state")),
    "07": ("TopK, small", ("topk_softmax", "topk_sigmoid")),
    "08": (
        "TopK, radix select",
        ("fast_topk", "fast_topk_transform_fused", "fast_topk_transform_ragged_fused"),
    ),
    "09": (
        "Quantization",
        (
            "sgl_per_tensor_quant_fp8",
            "sgl_per_token_quant_fp8",
            "sgl_per_token_group_quant_8bit",
            "sgl_per_token_group_quant_8bit_v2",
        ),
    ),
    "10": (
        "GEMV and GEMM",
        (
            "dsv3_router_gemm",
            "dsv3_fused_a_gemm",
            "fp8_scaled_mm",
            "int8_scaled_mm",
            "fp8_blockwise_scaled_mm",
        ),
    ),
    "11": (
        "MoE",
        (
            "moe_align_block_size",
            "moe_fused_gate",
            "kimi_k2_moe_fused_gate",
            "prepare_moe_input",
            "shuffle_rows",
            "fp8_blockwise_scaled_grouped_mm",
            "es_fp8_blockwise_scaled_grouped_mm",
            "apply_shuffle_mul_sum",
            "moe_sum",
            "moe_sum_reduce",
        ),
    ),
    "12": ("Decode attention", ("cutlass_mla_decode", "fwd_kvcache_mla")),
}
"""Chapter -> its title and its ops, by the names that they are registered under."""

RENAMED: dict[str, tuple[str, ...]] = {
    "sgl_per_token_group_quant_8bit": ("per_token_group_quant",),
    "store_kv_cache": ("store_cache",),
}
"""Op -> names of functions that do the same since; where more than `sgl_` at the front changed."""

EXTERNAL: dict[str, tuple[str, str]] = {
    "FMHACutlassSM100FwdRun": (
        "FlashMLA",
        "csrc/sm100/prefill/dense/fmha_cutlass_fwd_sm100.cu",
    ),
    "fast_hadamard_transform": (
        "fast-hadamard-transform",
        "csrc/fast_hadamard_transform.cpp",
    ),
    "fast_hadamard_transform_12N": (
        "fast-hadamard-transform",
        "csrc/fast_hadamard_transform.cpp",
    ),
    "fast_hadamard_transform_20N": (
        "fast-hadamard-transform",
        "csrc/fast_hadamard_transform.cpp",
    ),
    "fast_hadamard_transform_28N": (
        "fast-hadamard-transform",
        "csrc/fast_hadamard_transform.cpp",
    ),
    "fast_hadamard_transform_40N": (
        "fast-hadamard-transform",
        "csrc/fast_hadamard_transform.cpp",
    ),
    "fwd_kvcache_mla": ("FlashMLA", "csrc/python_api.cpp"),
    "fwd_kvcache_mla_fp8": (
        "FlashMLA",
        "csrc/extension/sm90/dense_fp8/dense_fp8_python_api.cpp",
    ),
    "gemma_fused_add_rmsnorm": ("FlashInfer", "csrc/norm.cu"),
    "gemma_rmsnorm": ("FlashInfer", "csrc/norm.cu"),
    "get_mla_decoding_metadata": ("FlashMLA", "csrc/python_api.cpp"),
    "get_mla_decoding_metadata_dense_fp8": (
        "FlashMLA",
        "csrc/extension/sm90/dense_fp8/dense_fp8_python_api.cpp",
    ),
    "mha_fwd": ("FlashAttention", "hopper/flash_api.cpp"),
    "mha_fwd_get_scheduler_metadata": ("FlashAttention", "hopper/flash_api.cpp"),
    "mha_fwd_sparse": ("FlashAttention", "csrc/flash_attn/flash_sparse_api.cpp"),
    "mha_varlen_fwd_sparse": ("FlashAttention", "csrc/flash_attn/flash_sparse_api.cpp"),
    "min_p_sampling_from_probs": ("FlashInfer", "csrc/sampling.cu"),
    "rmsnorm": ("FlashInfer", "csrc/norm.cu"),
    "sgl_dense_decode_fwd": ("FlashMLA", "csrc/python_api.cpp"),
    "sgl_sparse_decode_fwd": ("FlashMLA", "csrc/python_api.cpp"),
    "sparse_prefill_fwd": ("FlashMLA", "csrc/python_api.cpp"),
    "top_k_mask_logits": ("FlashInfer", "csrc/renorm.cu"),
    "top_k_renorm_probs": ("FlashInfer", "csrc/renorm.cu"),
    "top_k_top_p_sampling_from_probs": ("FlashInfer", "csrc/sampling.cu"),
    "top_p_renorm_probs": ("FlashInfer", "csrc/renorm.cu"),
    "top_p_sampling_from_probs": ("FlashInfer", "csrc/sampling.cu"),
}
"""Host function that the build takes from another repository -> the project and its file."""

REPOSITORIES = {
    "FlashAttention": "sgl-project/sgl-attn",
    "FlashInfer": "flashinfer-ai/flashinfer",
    "FlashMLA": "sgl-project/FlashMLA",
    "fast-hadamard-transform": "sgl-project/fast-hadamard-transform",
}
"""Project of ``EXTERNAL`` -> the repository on GitHub that SGLang's build takes it from."""
