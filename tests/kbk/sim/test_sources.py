"""CUDA sources as people write them, compiled and run on the simulator."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import kbk

RAMP = [float(i) for i in range(64)]

CASES = {
    "macro_for_an_index": (
        "#define TX threadIdx.x\n#define BX (blockIdx.x)\n"
        "__global__ void k(float* o) { o[TX] = threadIdx.x + BX; }\n"
        "void f(Tensor out) { k<<<1, 64>>>(out.mutable_data_ptr<float>()); }",
        RAMP,
    ),
    "macro_launch_without_arguments": (
        "__device__ float g[64];\n__global__ void k() { g[threadIdx.x] = threadIdx.x; }\n"
        "__global__ void c(float* o) { o[threadIdx.x] = g[threadIdx.x]; }\n"
        "#define LAUNCH(kern, grid, block, ...) kern<<<grid, block>>>(__VA_ARGS__)\n"
        "void f(Tensor out) { LAUNCH(k, 1, 64); LAUNCH(c, 1, 64, out.mutable_data_ptr<float>()); }",
        RAMP,
    ),
    "macro_pastes_the_kernels_name": (
        "__global__ void copy_kernel(float* o) { o[threadIdx.x] = threadIdx.x; }\n"
        "#define LAUNCH(name, ...) name##_kernel<<<1, 64>>>(__VA_ARGS__)\n"
        "void f(Tensor out) { LAUNCH(copy, out.mutable_data_ptr<float>()); }",
        RAMP,
    ),
    "zero_is_an_int_for_a_template": (
        "template <typename T> __global__ void k(T* o, T v, int n) { if (threadIdx.x < n) "
        "o[threadIdx.x] = v; }\nvoid f(Tensor out) { "
        "k<<<1, 64>>>(reinterpret_cast<int*>(out.mutable_data_ptr<float>()), 0, 64); }",
        [0.0] * 64,
    ),
    "zero_chooses_an_overload": (
        "__global__ void k(float* o, int n) { o[threadIdx.x] = n + 1; }\n"
        "__global__ void k(float* o, float n) { o[threadIdx.x] = 2 * n; }\n"
        "void f(Tensor out) { k<<<1, 64>>>(out.mutable_data_ptr<float>(), 0); }",
        [1.0] * 64,
    ),
    "zero_and_null_are_pointers": (
        "template <int N> __global__ void k(float* o, const int* p, int n, char* q, float* r) "
        "{ o[threadIdx.x] = p == nullptr && n == 0 && q == nullptr && r == nullptr; }\n"
        "void f(Tensor out) { "
        "k<1><<<1, 64>>>(out.mutable_data_ptr<float>(), 0, 0, NULL, nullptr); }",
        [1.0] * 64,
    ),
    "casts_of_a_kernel": (
        "template <int N> __global__ void k(float* o) { extern __shared__ float s[]; "
        "s[threadIdx.x + N] = 1; o[threadIdx.x] = s[threadIdx.x + N]; }\n"
        "void f(Tensor out) { cudaFuncSetAttribute((const void*)k<20000>, "
        "cudaFuncAttributeMaxDynamicSharedMemorySize, 100000); cudaFuncAttributes a; "
        "cudaFuncGetAttributes(&a, reinterpret_cast<const void*>(&k<20000>)); "
        "k<20000><<<1, 64, 100000>>>(out.mutable_data_ptr<float>()); }",
        [1.0] * 64,
    ),
    "kernels_in_an_array_and_in_parentheses": (
        "typedef void (*K)(float*, int);\n"
        "template <int N> __global__ void k(float* o, int n) { o[threadIdx.x] += n * N; }\n"
        "void f(Tensor out) { K ks[2] = {k<1>, k<2>}; float* o = out.mutable_data_ptr<float>(); "
        "ks[1]<<<1, 64>>>(o, 4); (k<3>)<<<1, 64>>>(o, 1); }",
        [11.0] * 64,
    ),
    "a_bit_field_as_argument": (
        "struct C { int a : 5; int b : 3; };\n"
        "__global__ void k(float* o, int n) { o[threadIdx.x] = n; }\n"
        "void f(Tensor out) { C c; c.a = 7; k<<<1, 64>>>(out.mutable_data_ptr<float>(), c.a); }",
        [7.0] * 64,
    ),
    "directives_beside_shared_declarations": (
        "__global__ void k(float* o) {\n#ifdef FOO\n  int a = 1;\n#endif\n"
        "  __shared__ float s[64];\n"
        "#define W 64\n  __shared__ float s2[W];\n  s[threadIdx.x] = threadIdx.x; "
        "s2[threadIdx.x] = 0; __syncthreads(); "
        "o[threadIdx.x] = s[threadIdx.x] + s2[63 - threadIdx.x]; }\n"
        "void f(Tensor out) { k<<<1, 64>>>(out.mutable_data_ptr<float>()); }",
        RAMP,
    ),
    "macros_declare_shared_variables": (
        "#define DECLARE(T, name, n) \\\n  __shared__ T \\\n  name[n]\n#define SHARED __shared__\n"
        "#define BOTH __shared__ float x[64]; __shared__ float y[64];\n"
        "#define KERNEL static __global__ void\n"
        "KERNEL k(float* o) { DECLARE(float, s, 64); DECLARE(int, u, 64); SHARED float v[64];\n"
        "BOTH "
        "int t = threadIdx.x; s[t] = t; u[t] = 1; v[t] = 2; x[t] = 3; y[t] = 4; __syncthreads(); "
        "o[t] = s[t] + u[63 - t] + v[63 - t] + x[63 - t] + y[63 - t] - 10; }\n"
        "void f(Tensor out) { k<<<1, 64>>>(out.mutable_data_ptr<float>()); }",
        RAMP,
    ),
    "dynamic_shared_memory_at_file_scope": (
        "extern __shared__ float gsm[];\n__device__ float other(int i) { return gsm[i]; }\n"
        "__global__ void k(float* o) { gsm[threadIdx.x] = threadIdx.x; __syncthreads(); "
        "o[threadIdx.x] = other(threadIdx.x); }\n"
        "void f(Tensor out) { float gsm = 256; "
        "k<<<1, 64, int(gsm)>>>(out.mutable_data_ptr<float>()); }",
        RAMP,
    ),
    "a_lambda_writes_shared_memory": (
        "__global__ void k(float* o) { __shared__ float s[64]; int t = threadIdx.x; "
        "auto put = [t](float v) { s[t] = v; }; put(threadIdx.x); __syncthreads(); "
        "o[threadIdx.x] = s[threadIdx.x]; }\n"
        "void f(Tensor out) { k<<<1, 64>>>(out.mutable_data_ptr<float>()); }",
        RAMP,
    ),
}


def run(source: str, **options: object) -> list[float]:
    """What function f of the source leaves in 64 floats."""
    module = kbk.load_inline("case", cuda_sources=source, functions=["f"], **options)
    out = torch.zeros(64)
    module.f(out)
    values: list[float] = out.tolist()
    return values


@pytest.mark.parametrize("name", CASES)
def test_sources_as_people_write_them_compile_and_run(name: str) -> None:
    source, expected = CASES[name]
    assert run(source) == expected


def test_headers_are_found_beside_the_header_that_includes_them(tmp_path: Path) -> None:
    def write(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#pragma once\n" + text)

    write("b.cuh", "__device__ float outer() { return blockIdx.x; }\n")
    write("sub/b.cuh", "__device__ float near() { __shared__ float s; s = 1; return s; }\n")
    write(
        "sub/a.cuh",
        '#include "b.cuh"\n#include "deep/c.cuh"\n'
        "__device__ float both() { return near() + deep(); }\n",
    )
    write(
        "sub/deep/c.cuh",
        '#include "../../b.cuh"\n'
        "__device__ float deep() { return int(threadIdx.x) - 1 + outer(); }\n",
    )
    source = (
        '#include "sub/a.cuh"\n#include <b.cuh>\n'
        "__global__ void k(float* o) { o[threadIdx.x] = both() + outer(); }\n"
        "void f(Tensor out) { k<<<1, 64>>>(out.mutable_data_ptr<float>()); }"
    )
    assert run(source, extra_include_paths=[str(tmp_path)]) == RAMP
