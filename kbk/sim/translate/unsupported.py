"""What the simulator does not know, refused by name and line before the compiler gets to see it."""

from __future__ import annotations

import re

from kbk.errors import UnsupportedError
from kbk.sim.translate.tokens import Source

_NAMES = {
    "wmma": ("tensor core fragments (wmma)", "write the product as a loop over float"),
    "__cluster_dims__": ("thread block clusters", "use ordinary blocks"),
    "tex1D": ("textures", "read global memory through a pointer"),
    "tex2D": ("textures", "read global memory through a pointer"),
    "tex3D": ("textures", "read global memory through a pointer"),
    "tex1Dfetch": ("textures", "read global memory through a pointer"),
    "cudaTextureObject_t": ("textures", "read global memory through a pointer"),
    "surf2Dread": ("surfaces", "read global memory through a pointer"),
    "surf2Dwrite": ("surfaces", "write global memory through a pointer"),
    "this_cluster": ("thread block clusters", "use this_thread_block() or this_grid()"),
    "cluster_group": ("thread block clusters", "use thread_block or grid_group"),
    "__pipeline_memcpy_async": (
        "asynchronous copies to shared memory",
        "copy with plain loads and stores",
    ),
    "cudaGraphLaunch": ("CUDA graphs", "launch the kernels one after another"),
    "cudaStreamBeginCapture": ("CUDA graphs", "launch the kernels one after another"),
}
_HEADERS = {
    "mma.h": "tensor core fragments (mma.h)",
    "cuda/barrier": "cuda::barrier",
    "cuda/pipeline": "cuda::pipeline",
    "cuda/atomic": "cuda::atomic",
    "cuda/std/atomic": "cuda::atomic",
    "cooperative_groups/memcpy_async.h": "cooperative_groups::memcpy_async",
    "curand_kernel.h": "cuRAND in kernels",
    "cub/cub.cuh": "CUB",
    "thrust/device_vector.h": "Thrust",
    "cudaTypedefs.h": "the driver API's function types",
    "cutlass/cutlass.h": "CUTLASS",
    "cute/tensor.hpp": "CuTe",
}
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)


def refuse_unsupported(source: Source) -> None:
    """Raises UnsupportedError for the first construct of ``source`` that the simulator lacks."""
    for match in _INCLUDE.finditer(source.text):
        what = _HEADERS.get(match.group(1))
        if what is not None:
            raise UnsupportedError(source.file, source.line(match.start(1)), what)
    for token in source.tokens:
        entry = _NAMES.get(token.text) if token.kind == "name" else None
        if entry is not None:
            raise UnsupportedError(source.file, source.line(token.start), *entry)
