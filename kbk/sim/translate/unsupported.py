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
    "getCurrentCUDABlasHandle": ("cuBLAS", "call at::matmul"),
    "CUDA_tensor_apply1": ("CUDA_tensor_apply", "write the kernel and its launch"),
    "CUDA_tensor_apply2": ("CUDA_tensor_apply", "write the kernel and its launch"),
    "cudaGraphLaunch": ("CUDA graphs", "launch the kernels one after another"),
    "cudaStreamBeginCapture": ("CUDA graphs", "launch the kernels one after another"),
}
_LOOPS = "write it as loops over shared memory"
_HEADERS = {
    "mma.h": ("tensor core fragments (mma.h)", "write the product as a loop over float"),
    "cusparse.h": ("cuSPARSE", "call torch's operators"),
    "cudnn.h": ("cuDNN", "call torch's operators"),
    "curand.h": ("cuRAND", "pass random numbers in a tensor"),
    "curand_philox4x32_x.h": ("cuRAND in kernels", "pass random numbers in a tensor"),
    "nvrtc.h": ("compiling at run time (NVRTC)", "call kbk.load_inline from Python"),
    "cuda/ptx": ("cuda::ptx", "use inline PTX or CUDA C++"),
    "cooperative_groups/scan.h": ("cooperative_groups scans", "use cub::WarpScan or shuffles"),
    "cuda/barrier": ("cuda::barrier", "use __syncthreads()"),
    "cuda/pipeline": ("cuda::pipeline", "copy with plain loads and stores, or inline PTX cp.async"),
    "cuda/atomic": ("cuda::atomic", "use atomicAdd() and its relatives"),
    "cuda/std/atomic": ("cuda::atomic", "use atomicAdd() and its relatives"),
    "cooperative_groups/memcpy_async.h": (
        "cooperative_groups::memcpy_async",
        "copy with plain loads and stores, or inline PTX cp.async",
    ),
    "curand_kernel.h": ("cuRAND in kernels", "pass random numbers in a tensor"),
    "cudaTypedefs.h": ("the driver API's function types", "use the runtime API"),
    "cublas_v2.h": ("cuBLAS", "call at::matmul"),
    "cublasLt.h": ("cuBLAS", "call at::matmul"),
    "ATen/cuda/CUDABlas.h": ("cuBLAS", "call at::matmul"),
    "ATen/cuda/CUDAGraph.h": ("CUDA graphs", "launch the kernels one after another"),
    "ATen/cuda/CUDAGeneratorImpl.h": ("cuRAND in kernels", "pass random numbers in a tensor"),
    "ATen/cuda/PhiloxUtils.cuh": ("cuRAND in kernels", "pass random numbers in a tensor"),
    "ATen/cuda/ScanUtils.cuh": ("torch's ScanUtils.cuh", "use cub::BlockScan"),
    "ATen/native/cuda/Loops.cuh": ("torch's gpu_kernel loops", "write the kernel and its launch"),
}
# What begins with these, and not with a key above.
_FOLDERS = {
    "thrust/": ("Thrust", "use torch's operators, or a kernel"),
    "cutlass/": ("CUTLASS", "write the product as a loop over float"),
    "cute/": ("CuTe", "write the product as a loop over float"),
    "ATen/cuda/cub": ("torch's wrappers of CUB's device-wide algorithms", "use torch's operators"),
}
_CUB = {
    *("BlockReduce", "BlockScan", "WarpReduce", "WarpScan", "KeyValuePair", "NullType"),
    *("Sum", "Max", "Min", "ArgMax", "ArgMin", "Equality", "Inequality", "Difference", "Division"),
    *("BlockReduceAlgorithm", "BlockScanAlgorithm"),
}
_CUB_INSTEAD = {
    "BlockLoad": "read with a loop over the thread's items",
    "BlockStore": "write with a loop over the thread's items",
    "BlockExchange": _LOOPS,
    "BlockHistogram": "use atomicAdd on shared memory",
    "BlockRadixSort": _LOOPS,
    "BlockMergeSort": _LOOPS,
    "BlockRunLengthDecode": _LOOPS,
    "BlockDiscontinuity": "compare with the neighbour in shared memory",
    "DeviceReduce": "use at::sum, at::amax or cub::BlockReduce",
    "DeviceScan": "use at::cumsum or cub::BlockScan",
    "DeviceRadixSort": "use at::sort",
    "DeviceSegmentedRadixSort": "use at::sort",
    "DeviceSelect": "use at::masked_select",
}
_CUB_HEADERS = {
    *("cub/cub.cuh", "cub/version.cuh", "cub/util_type.cuh"),
    *(f"cub/{part}/{part}_{what}.cuh" for part in ("block", "warp") for what in ("reduce", "scan")),
}
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)


def refuse_unsupported(source: Source) -> None:
    """Raises UnsupportedError for the first construct of ``source`` that the simulator lacks."""
    for match in _INCLUDE.finditer(source.text):
        entry = _header(match.group(1))
        if entry is not None:
            raise UnsupportedError(source.file, source.line(match.start(1)), *entry)
    tokens = source.tokens
    for index, token in enumerate(tokens):
        if token.kind != "name":
            continue
        entry = _NAMES.get(token.text)
        if entry is None and index > 1 and tokens[index - 2].text == "cub":
            entry = _cub(token.text) if tokens[index - 1].text == "::" else None
        if entry is not None:
            raise UnsupportedError(source.file, source.line(token.start), *entry)


def _header(name: str) -> tuple[str, str] | None:
    if name in _HEADERS:
        return _HEADERS[name]
    if name.startswith("cub/"):
        if name in _CUB_HEADERS or name.startswith("cub/thread/thread_operators"):
            return None
        part = name.removesuffix(".cuh").rpartition("/")[2]
        return _cub("".join(word.capitalize() for word in part.split("_")))
    return next((entry for start, entry in _FOLDERS.items() if name.startswith(start)), None)


def _cub(name: str) -> tuple[str, str] | None:
    """The entry of a name of namespace cub, or None if it is simulated."""
    if name in _CUB or name.startswith(("BLOCK_REDUCE_", "BLOCK_SCAN_")):
        return None
    instead = _CUB_INSTEAD.get(name, "cub::BlockReduce, BlockScan, WarpReduce and WarpScan are")
    return f"cub::{name}", instead
