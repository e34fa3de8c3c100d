"""Sizes, alignments and members of the vector types, and copies through them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import kbk

ELEMENTS = {
    "char": 1, "uchar": 1, "short": 2, "ushort": 2, "int": 4, "uint": 4, "long": 8, "ulong": 8,
    "longlong": 8, "ulonglong": 8, "float": 4, "double": 8,
}  # fmt: skip


def _layouts() -> dict[str, tuple[int, int]]:
    """Size and alignment of every type, by the table in the CUDA C++ Programming Guide."""
    layouts = {"dim3": (12, 4), "__half2": (4, 4), "__nv_bfloat162": (4, 4), "__half": (2, 2)}
    layouts |= {f"__nv_fp8x{n}_e4m3": (n, n) for n in (2, 4)} | {"__nv_fp8_e5m2": (1, 1)}
    for name, size in ELEMENTS.items():
        layouts |= {f"{name}{n}": (n * size, min(n * size, 16)) for n in (2, 4)}
        layouts |= {f"{name}{n}": (n * size, size) for n in (1, 3)}
        if size == 8:
            layouts |= {f"{name}4_{a}a": (32, a) for a in (16, 32)}
    return layouts


LAYOUTS = _layouts()
SOURCE = f"""
__global__ void measure(int64_t* out) {{
  int i = 0;
  {" ".join(f"out[i++] = sizeof({t}); out[i++] = alignof({t});" for t in LAYOUTS)}
}}
void layouts(Tensor out) {{
  measure<<<1, 1, 0, current_stream()>>>(static_cast<int64_t*>(out.mutable_data_ptr()));
}}

struct alignas(16) Eight {{ __half2 h[4]; }};

// Each way of making, copying and taking apart a vector adds to its lanes of the sum.
__global__ void forms(float4* out, const float4* x, const uint4* bits) {{
  const int i = threadIdx.x;
  float4 a = x[i], b = {{1.0f, 2.0f, 3.0f, 4.0f}}, zero = float4{{}};
  const float4 table[2] = {{make_float4(1, 0, 0, 0), a}};
  float4 c;
  c = table[1];
  c.x += b.x + zero.x;
  const float2 pair = make_float2(b.y, b.z);
  c.y += pair.x;
  c.z += pair.y;
  union {{ uint4 whole; float lanes[4]; }} view;
  view.whole = bits[i];
  c.w += view.lanes[3];
  const Eight eight = reinterpret_cast<const Eight*>(bits)[i];
  c.w += eight.h[0].x == eight.h[0].x ? 0.0f : 1.0f;
  const dim3 grid(2), block = dim3(uint3{{4, 5, 6}});
  c.x += grid.x * grid.y * grid.z + block.z;
  out[i] = c;
}}
void vectors(Tensor out, const Tensor& x) {{
  forms<<<1, 32, 0, current_stream()>>>(static_cast<float4*>(out.mutable_data_ptr()),
      static_cast<const float4*>(x.const_data_ptr()),
      static_cast<const uint4*>(x.const_data_ptr()));
}}
"""


@pytest.fixture(scope="module")
def module() -> object:
    return kbk.load_inline(
        "conformance_vectors", cuda_sources=SOURCE, functions=["layouts", "vectors"]
    )


def test_sizes_and_alignments_are_those_of_the_guide(module: object, device: str) -> None:
    out = torch.zeros(2 * len(LAYOUTS), dtype=torch.int64, device=device)
    module.layouts(out)  # type: ignore[attr-defined]
    got = dict(zip(LAYOUTS, map(tuple, out.cpu().view(-1, 2).tolist()), strict=True))
    assert got == LAYOUTS


def test_vectors_are_made_copied_and_taken_apart(module: object, device: str) -> None:
    x = torch.arange(128, dtype=torch.float32, device=device).view(32, 4)
    out = torch.zeros_like(x)
    module.vectors(out, x)  # type: ignore[attr-defined]
    numbers = x.cpu().numpy()
    want = numbers + np.array([1 + 2 + 6, 2, 3, 0], dtype=np.float32)
    want[:, 3] += numbers[:, 3]
    np.testing.assert_array_equal(out.cpu().numpy(), want)
