"""The Python face of ``kernels/*.cu``, with the names and signatures of ``sgl_kernel``.

A family of kernels is compiled when one of its ops is first called, for the machine that runs it.
Every op takes CUDA tensors (on a GPU) or CPU tensors (on the simulator) and passes
``torch.compile(fullgraph=True)``.
"""

from kbk.ops._copy import copy, copy_to_gpu_no_ce
from kbk.ops._family import family

__all__ = ["copy", "copy_to_gpu_no_ce", "family"]
