"""A small checkout in SGLang's layout, with sources of our own: right, wrong, and worse."""

from __future__ import annotations

import subprocess
from pathlib import Path

COPY = "csrc/elementwise/copy.cu"
ACTIVATION = "csrc/elementwise/activation.cu"
PINNED = "0123456789abcdef0123456789abcdef01234567"

_CMAKE = f"""
FetchContent_Declare(
    another
    GIT_REPOSITORY https://example.org/another.git
    GIT_TAG        {"f" * 40}
)
FetchContent_Declare(
    headers
    GIT_REPOSITORY https://github.com/flashinfer-ai/flashinfer.git
    GIT_TAG        {PINNED}
)
"""

_COPY = r"""
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <torch/all.h>

template <int N>
struct Numbers {
  int at[N];
};

template <int N>
__global__ void place_kernel(Numbers<N> numbers, int* out) {
  int i = threadIdx.x;
  @BODY@
}

template <int N>
void place(const at::Tensor& input, at::Tensor& output) {
  Numbers<N> numbers;
  for (int i = 0; i < N; ++i) numbers.at[i] = input.data_ptr<int>()[i];
  @HOST@
  place_kernel<N><<<1, N, 0, at::cuda::getCurrentCUDAStream()>>>(numbers, output.data_ptr<int>());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

void copy_to_gpu_no_ce(const at::Tensor& input, at::Tensor& output) {
  TORCH_CHECK(input.dim() == 1 && input.scalar_type() == at::kInt, "input must hold a row of ints");
  TORCH_CHECK(output.is_cuda(), "output must be on the GPU");
  @DISPATCH@
}
"""

RIGHT = "if (i < N) out[i] = numbers.at[i];"
WRONG = "if (i == 6) out[5] = 1; if (i < N) out[i] = numbers.at[i];"  # a race for out[5]
FOREVER = "volatile int going = 1; while (going) {}"
BROKEN = "if (i < N) out[i] = numbers.nowhere[i];"
UNSUPPORTED = 'asm volatile("wgmma.fence.sync.aligned;"); ' + RIGHT
KILLED = "if (N == 72) std::raise(SIGKILL);"

_BY_SIZE = """
  if (input.numel() == 64) place<64>(input, output);
  else if (input.numel() == 72) place<72>(input, output);
  else TORCH_CHECK(false, "no such size");
"""
LARGER_TOO = """
  if (input.numel() == 72) place<72>(input, output);
  else if (input.numel() >= 64) place<64>(input, output);
  else TORCH_CHECK(false, "no such size");
"""


def copy_source(body: str = RIGHT, host: str = "", dispatch: str = _BY_SIZE) -> str:
    """Our copy kernel. Line 14 is the body's."""
    text = _COPY.replace("@BODY@", body).replace("@HOST@", host).replace("@DISPATCH@", dispatch)
    return f"#include <csignal>{text}"


def make_checkout(
    root: Path, files: dict[str, str], layout: str = "sgl-kernel", git: bool = False
) -> Path:
    """Write a checkout below `root`: file below the layout's folder -> text."""
    base = root / layout
    for name in ("csrc", "include"):
        (base / name).mkdir(parents=True, exist_ok=True)
    for name, text in {"CMakeLists.txt": _CMAKE, **files}.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text(text)
    if git:
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "all"]):
            subprocess.run(["git", "-C", str(root), *command], check=True)
    return root


def make_flashinfer(root: Path) -> Path:
    """Write the folders of headers that a checkout of FlashInfer has."""
    for name in ("include/flashinfer/vec_dtypes.cuh", "csrc/nothing.h"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("#pragma once\n")
    return root
