"""The Python face of ``kernels/*.cu``, with the names and signatures of ``sgl_kernel``.

A family of kernels is compiled when one of its ops is first called, for the machine that runs it.
Every op takes CUDA tensors (on a GPU) or CPU tensors (on the simulator) and passes
``torch.compile(fullgraph=True)``.
"""

from kbk.ops._activation import gelu_and_mul, gelu_tanh_and_mul, silu_and_mul
from kbk.ops._copy import copy, copy_to_gpu_no_ce
from kbk.ops._family import family
from kbk.ops._rope import FusedSetKVBufferArg, apply_rope_with_cos_sin_cache_inplace

__all__ = [
    "FusedSetKVBufferArg",
    "apply_rope_with_cos_sin_cache_inplace",
    "copy",
    "copy_to_gpu_no_ce",
    "family",
    "gelu_and_mul",
    "gelu_tanh_and_mul",
    "silu_and_mul",
]
