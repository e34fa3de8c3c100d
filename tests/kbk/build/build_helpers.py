"""Sources to build, and a look into the cache."""

from __future__ import annotations

import itertools
from pathlib import Path

SCALE = """
template <class T>
__global__ void scale_kernel(T* out, const T* x, float a, int64_t n) {
  const int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x;
  if (i < n) out[i] = T(float(x[i]) * a);
}

template <class T>
void run(Tensor out, const Tensor& x, double a) {
  const int64_t n = x.numel();
  if (n == 0) return;
  scale_kernel<T><<<(n + 255) / 256, 256, 0, current_stream()>>>(
      static_cast<T*>(out.mutable_data_ptr()), static_cast<const T*>(x.const_data_ptr()), a, n);
}

void scale(Tensor out, const Tensor& x, double a) {
  KBK_CHECK(out.sizes().equals(x.sizes()), "out must have the shape of x, ",
            x.sizes(), ", but has ", out.sizes());
  switch (x.scalar_type()) {
    case ScalarType::Float: return run<float>(out, x, a);
    case ScalarType::Half: return run<__half>(out, x, a);
    case ScalarType::BFloat16: return run<__nv_bfloat16>(out, x, a);
    default: KBK_CHECK(false, "x must be float32, float16 or bfloat16, but is ", x.scalar_type());
  }
}
"""

_numbers = itertools.count()


def host_source(body: str = "") -> str:
    """A small source with one host function `touch`, different from every other."""
    return f"constexpr int kUnique = {next(_numbers)};\nvoid touch(Tensor out) {{ {body} }}\n"


def entries(cache: Path, kind: str) -> list[Path]:
    return sorted((cache / "v1" / kind).glob("*"))


def scratch(cache: Path) -> list[Path]:
    return sorted((cache / "v1" / "tmp").glob("*"))
