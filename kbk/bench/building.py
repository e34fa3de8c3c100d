"""Measures how long a changed kernel takes to build, ours and with torch's default headers."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from kbk.bench.records import Record, take

THREE_DTYPES = """
template <typename T>
__global__ void scale_kernel(T* out, const T* x, float a, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] = static_cast<T>(static_cast<float>(x[i]) * a);  // edit VERSION
}

template <typename T>
void launch(const Tensor& out, const Tensor& x, double a) {
  const int64_t n = x.numel();
  scale_kernel<T><<<(n + 255) / 256, 256, 0, current_stream()>>>(
      static_cast<T*>(out.data_ptr()), static_cast<const T*>(x.data_ptr()), a, n);
}

void scale(Tensor out, const Tensor& x, double a) {
  if (x.numel() == 0) return;
  switch (x.scalar_type()) {
    case ScalarType::Float: return launch<float>(out, x, a);
    case ScalarType::Half: return launch<__half>(out, x, a);
    case ScalarType::BFloat16: return launch<__nv_bfloat16>(out, x, a);
    default: KBK_CHECK(false, "scale: x must be a float of 2 or 4 bytes; it is ", x.scalar_type());
  }
}
"""

DEFAULT_HEADERS = """
__global__ void scale_kernel(float* out, const float* x, float a, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[i] * a;
}

void scale(torch::Tensor out, torch::Tensor x, double a) {
  const int64_t n = x.numel();
  if (n == 0) return;
  scale_kernel<<<(n + 255) / 256, 256>>>(out.data_ptr<float>(), x.data_ptr<float>(), a, n);
}
"""


def _build_seconds(version: str) -> tuple[float, float]:
    """Seconds of a changed and of an unchanged build of a kernel of three dtypes."""
    from kbk.build import load_inline

    source = THREE_DTYPES.replace("VERSION", version)
    times = []
    for _ in range(2):
        begin = time.perf_counter()
        module = load_inline("kbk_build_times", cuda_sources=source, functions=["scale"])
        times.append(time.perf_counter() - begin)
    x = torch.ones(4, device="cuda" if torch.cuda.is_available() else "cpu")
    out = torch.empty_like(x)
    module.scale(out, x, 2.0)
    if out.tolist() != [2.0] * 4:
        raise AssertionError("the built kernel is wrong")
    return times[0], times[1]


def _torch_seconds() -> float:
    """Seconds of torch's own load_inline with its default headers, once, one dtype."""
    from torch.utils.cpp_extension import load_inline

    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        load_inline(
            "kbk_default_headers",
            cpp_sources="void scale(torch::Tensor out, torch::Tensor x, double a);",
            cuda_sources=DEFAULT_HEADERS,
            functions=["scale"],
            build_directory=str(Path(folder)),
        )
        return time.perf_counter() - begin


def measure(changes: int = 3, default_headers: bool = True) -> Record:
    """Seconds of a build here: of each of ``changes`` edits, of no change, of torch's own way."""
    pairs = [_build_seconds(f"{os.getpid()}.{i}.{time.time_ns()}") for i in range(changes)]
    data: dict[str, Any] = {
        "machine": "cuda" if torch.cuda.is_available() else "cpu",
        "cores": os.cpu_count(),
        "changed_s": [round(a, 3) for a, _ in pairs],
        "unchanged_s": [round(b, 4) for _, b in pairs],
    }
    if default_headers:
        data["torch_default_headers_s"] = round(_torch_seconds(), 2)
    method = (
        "kbk.load_inline of a kernel of three dtypes with a changed comment, then unchanged; "
        "torch.utils.cpp_extension.load_inline of one dtype with its default headers, once."
    )
    return take("build_times", data, method, [])
