"""Names and headers that a compiler did not find: what they are, and what to do instead.

Asked only when a build has failed. A header may speak of such things behind an #if, so the
translator, which reads every branch, must not refuse them.
"""

from __future__ import annotations

import re

_NAMES = {
    r"cudaMallocArray|cudaArray\w*|cudaMallocMipmappedArray": (
        "arrays for textures",
        "use cudaMalloc and read through a pointer",
    ),
    r"cudaGraph\w*|cudaStream\w*Capture\w*": (
        "CUDA graphs",
        "launch the kernels one after another",
    ),
    r"CUtensorMap\w*|cuTensorMap\w*": (
        "bulk tensor copies (TMA)",
        "copy with plain loads, or inline PTX cp.async",
    ),
    r"cu[A-Z]\w*": ("the driver API", "use the runtime API: cudaMalloc, <<<grid, block>>>"),
    r"__nv_fp4\w*|__nv_fp6\w*": ("numbers of 4 and 6 bits", "use cuda_fp8.h"),
    r"cudaMemPool\w*|cudaMallocAsync|cudaFreeAsync|cudaMallocFromPool\w*": (
        "pools of memory",
        "use torch::empty, or cudaMalloc",
    ),
    r"cudaMemcpy[23]D\w*|cudaMemset[23]D\w*": ("copies of rectangles", "copy row by row"),
    r"cudaLaunchHostFunc|cudaStreamAddCallback": (
        "host functions in a stream",
        "call it after the launch",
    ),
    r"cudaIpc\w*|cudaDeviceEnablePeerAccess|cudaMemcpyPeer\w*|cudaDeviceCanAccessPeer|nvshmem\w*": (
        "several GPUs",
        "keep to one device",
    ),
    r"this_multi_grid|multi_grid_group": ("grids over several GPUs", "use this_grid()"),
    r"nvtx\w*": ("NVTX marks", "leave them out: kbk.profile names launches by kernel"),
    r"thrust": ("Thrust", "use torch's operators, or a kernel"),
    r"(?:Head|Tail)Segmented\w+": ("segmented reductions of CUB", "use cub::WarpScan or shuffles"),
    r"cusparse\w*|cusolver\w*|cufft\w*|curand\w*": ("NVIDIA's libraries", "use torch's operators"),
}
_HEADERS = {
    r"flashinfer/.*": "it is FlashInfer's: give the folder include/ of a checkout of it",
    r"cutlass/.*|cute/.*": "CUTLASS is not simulated; write the product as a loop over float",
    r"nv(?:tx3/.*|ToolsExt.*)": "NVTX is not there; leave its marks out",
    r"cu(?:sparse|solver|fft|rand|dnn|blas).*": (
        "NVIDIA's libraries are not there; use torch's operators"
    ),
}
_NOT_FOUND = re.compile(
    r"(?:fatal error: )?'?(?P<name>[\w./+-]+)'?(?:: No such file| file not found)"
)
_UNKNOWN = re.compile(
    r"'(?:\w+::)*(?P<a>\w+)' (?:was not declared|has not been declared|does not name a type"
    r"|is not a member|is not a class)"
    r"|no member named '(?P<b>\w+)'|unknown type name '(?P<c>\w+)'"
    r"|use of undeclared identifier '(?P<d>\w+)'"
)


def advice(message: str) -> str:
    """What a compiler's error is about, if it is about something that is not there; else ""."""
    header = _NOT_FOUND.search(message)
    if header is not None:
        for pattern, text in _HEADERS.items():
            if re.fullmatch(pattern, header["name"]):
                return f"{text} in extra_include_paths" if "folder" in text else text
        return "give the folder that it is in, in extra_include_paths"
    unknown = _UNKNOWN.search(message)
    name = next((each for each in unknown.groups() if each), "") if unknown else ""
    for pattern, (what, instead) in _NAMES.items():
        if name and re.fullmatch(pattern, name):
            return f"the simulator does not support {what}; {instead}"
    return ""
