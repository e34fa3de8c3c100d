"""The simulator's cuda* functions keep out of the way of a real CUDA runtime in one process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch

from kbk.build.toolchain import host_compiler

REAL = """
extern "C" int cudaGetLastError() { return 0; }
extern "C" int cudaPeekAtLastError() { return 0; }
extern "C" int cudaGetDevice(int* d) { *d = 7; return 100; }
extern "C" int cudaDeviceGetAttribute(int* v, int, int) { *v = 7777; return 100; }
extern "C" int cudaMemcpy(void*, const void*, unsigned long, int) { return 100; }
extern "C" int cudaFree(void*) { return 100; }
"""

PROGRAM = """
import ctypes, sys
if sys.argv[1:]:
    ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)  # as a CUDA torch does
import torch, kbk
mod = kbk.load_inline("symbols", cuda_sources=r'''
__global__ void k(float* o) { o[threadIdx.x] = 1; }
void bad(Tensor o) { k<<<1, 2048, 0, current_stream()>>>(o.mutable_data_ptr<float>()); }
void ask(Tensor o) {
  int device = -1, count = -1;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device);
  float values[2] = {float(device), float(count)}, *memory;
  cudaMalloc(&memory, 8);
  cudaMemcpy(memory, values, 8, cudaMemcpyHostToDevice);
  cudaMemcpy(o.mutable_data_ptr<float>(), memory, 8, cudaMemcpyDeviceToHost);
  cudaFree(memory);
}
''', functions=["bad", "ask"])
mod.ask(out := torch.zeros(2))
print(out.tolist())
try:
    mod.bad(torch.zeros(2048))
    print("no error")
except kbk.LaunchError:
    print("refused")
"""


def test_a_cuda_runtime_in_the_process_takes_no_call_from_the_simulator(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM]
    if torch.version.cuda is None:  # else the real one is there
        source, library = tmp_path / "real.cpp", tmp_path / "libreal.so"
        source.write_text(REAL)
        compiler = host_compiler().command
        subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
        command.append(str(library))
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == ["[0.0, 132.0]", "refused"], done.stdout + done.stderr
