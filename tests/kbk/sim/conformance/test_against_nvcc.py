"""The conformance sources are CUDA: nvcc compiles every kernel against NVIDIA's own headers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kbk.sim.conformance import (
    test_conversions,
    test_float_rounding,
    test_fp8,
    test_fp8_e8m0,
    test_integers,
    test_math,
    test_math_special_values,
    test_simd,
    test_vector_types,
)
from tests.kbk.sim.conformance.narrow import KINDS

SOURCES = [kind.source for kind in KINDS] + [
    module.SOURCE
    for module in (
        test_conversions,
        test_float_rounding,
        test_fp8,
        test_fp8_e8m0,
        test_integers,
        test_math,
        test_math_special_values,
        test_simd,
    )
]
HEADERS = "".join(
    f"#include <{name}>\n"
    for name in ("cstdint", "math_constants.h", "cuda_fp16.h", "cuda_bf16.h", "cuda_fp8.h")
)
# Enough of the course's API for the one source whose host functions are not generated.
STAND_IN = "struct Tensor { void* mutable_data_ptr(); const void* const_data_ptr() const; };\n"


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
def test_nvcc_accepts_every_kernel(tmp_path: Path) -> None:
    kernels = "".join(f"namespace of_{s.name} {{\n{s.device_source()}}}\n" for s in SOURCES)
    stream = "inline cudaStream_t current_stream() { return 0; }\n"
    path = tmp_path / "all.cu"
    path.write_text(HEADERS + kernels + STAND_IN + stream + test_vector_types.SOURCE)
    flags = ["-std=c++17", "-arch=sm_90", "-w", "-ptx", "-o", str(tmp_path / "out")]
    result = subprocess.run(
        ["nvcc", *flags, str(path)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
