"""The CUDA error of each impossible launch is the same number on the simulator and on a GPU."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kbk

SOURCE = r"""
__global__ void plain(int* p) { p[0] = 1; }
__global__ void __launch_bounds__(64) bounded(int* p) { p[0] = 1; }
__global__ void dynamic(int* p) {
  extern __shared__ int s[];
  s[0] = 1;
  p[0] = s[0];
}
// codes: of the launch, of asking again, of cudaFuncSetAttribute (when opt_in > 0)
void run(Tensor out, HostTensor codes, int64_t gx, int64_t gy, int64_t gz, int64_t bx, int64_t by,
         int64_t bz, int64_t bytes, int64_t which, int64_t opt_in) {
  int* code = static_cast<int*>(codes.data_ptr());
  int* p = static_cast<int*>(out.data_ptr());
  if (opt_in > 0) {
    code[2] = cudaFuncSetAttribute(dynamic, cudaFuncAttributeMaxDynamicSharedMemorySize, opt_in);
    cudaGetLastError();
  }
  const dim3 grid(gx, gy, gz), block(bx, by, bz);
  if (which == 0) plain<<<grid, block, bytes, current_stream()>>>(p);
  if (which == 1) bounded<<<grid, block, bytes, current_stream()>>>(p);
  if (which == 2) dynamic<<<grid, block, bytes, current_stream()>>>(p);
  code[0] = cudaGetLastError();
  code[1] = cudaGetLastError();
}
"""
ONE = (1, 1, 1)
LARGEST = 227 * 1024  # bytes of shared memory a block may ask for on sm_90


@pytest.fixture(scope="module")
def ops() -> Any:
    return kbk.load_inline("launch_codes", cuda_sources=SOURCE, functions=["run"])


@pytest.mark.parametrize(
    ("grid", "block", "size", "which", "opt_in", "expected"),
    [
        (ONE, (1024, 1, 1), 0, 0, 0, [0, 0, -1]),
        (ONE, (2048, 1, 1), 0, 0, 0, [1, 0, -1]),
        (ONE, (64, 32, 1), 0, 0, 0, [1, 0, -1]),
        (ONE, (1, 1, 65), 0, 0, 0, [1, 0, -1]),
        ((0, 1, 1), ONE, 0, 0, 0, [1, 0, -1]),
        (ONE, (0, 1, 1), 0, 0, 0, [1, 0, -1]),
        ((1, 65536, 1), ONE, 0, 0, 0, [1, 0, -1]),
        ((2**31, 1, 1), ONE, 0, 0, 0, [1, 0, -1]),
        (ONE, (64, 1, 1), 0, 1, 0, [0, 0, -1]),
        (ONE, (65, 1, 1), 0, 1, 0, [1, 0, -1]),
        (ONE, ONE, 49152, 2, 0, [0, 0, -1]),
        (ONE, ONE, 49153, 2, 0, [1, 0, -1]),
        (ONE, ONE, LARGEST, 2, LARGEST, [0, 0, 0]),
        (ONE, ONE, LARGEST + 1, 2, LARGEST, [1, 0, 0]),
        (ONE, ONE, 64, 2, LARGEST + 1, [0, 0, 1]),
    ],
)
def test_an_impossible_launch_gives_the_hardwares_error(
    ops: Any,
    device: str,
    grid: tuple[int, int, int],
    block: tuple[int, int, int],
    size: int,
    which: int,
    opt_in: int,
    expected: list[int],
) -> None:
    if device == "cuda" and torch.cuda.get_device_capability() != (9, 0):
        pytest.skip("the limits are those of sm_90")
    if device == "cuda" and int((torch.version.cuda or "0").split(".")[0]) < 13:
        pytest.skip("before CUDA 13 an impossible shape was another error")
    out = torch.zeros(1, dtype=torch.int32, device=device)
    codes = torch.full((3,), -1, dtype=torch.int32)
    ops.run(out, codes, *grid, *block, size, which, opt_in)
    assert codes.tolist() == expected
    assert out.item() == int(expected[0] == 0)
