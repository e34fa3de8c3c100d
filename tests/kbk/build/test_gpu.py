"""On a GPU: the same module for CUDA and CPU tensors, on the right device and stream."""

from __future__ import annotations

import time

import pytest
import torch
from build_helpers import SCALE, host_source

import kbk
from kbk.errors import ArgumentError, CompileError, LaunchError

pytestmark = pytest.mark.gpu

SOURCE = """
__global__ void fill(float* out, float value) { out[threadIdx.x] = value; }
__global__ void wait(int64_t cycles) {
  const int64_t begin = clock64();
  while (clock64() - begin < cycles) {}
}
void from_host(Tensor out, const HostTensor& value) {
  const float first = value.const_data_ptr<float>()[0];
  fill<<<1, out.numel(), 0, current_stream()>>>(out.mutable_data_ptr<float>(), first);
}
void late(Tensor out, double value) {
  wait<<<1, 1, 0, current_stream()>>>(20000000);
  fill<<<1, out.numel(), 0, current_stream()>>>(out.mutable_data_ptr<float>(), value);
}
void impossible(Tensor out) {
  fill<<<1, 2048, 0, current_stream()>>>(out.mutable_data_ptr<float>(), 1);
}
"""


@pytest.fixture(scope="module")
def mod() -> kbk.build.Module:
    return kbk.load_inline(
        "gpu", cuda_sources=SOURCE, functions=["from_host", "late", "impossible"]
    )


def test_the_gpu_is_built_for_at_once_and_the_cpu_at_its_first_call() -> None:
    mod = kbk.load_inline("lazy", cuda_sources=SCALE + host_source(), functions=["scale"])
    assert mod.machines == ("cuda",)
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        x = torch.randn(1000).to(dtype)
        on_cpu, on_gpu = torch.empty_like(x), torch.empty_like(x, device="cuda")
        mod.scale(on_gpu, x.cuda(), 3.0)
        mod.scale(on_cpu, x, 3.0)
        assert torch.equal(on_cpu, on_gpu.cpu())
    assert mod.machines == ("cpu", "cuda")


def test_tensors_on_both_devices_are_refused_before_anything_runs(mod: kbk.build.Module) -> None:
    scale = kbk.load_inline("scale", cuda_sources=SCALE, functions=["scale"]).scale
    gpu, cpu = torch.zeros(4, device="cuda"), torch.zeros(4)
    with pytest.raises(
        ArgumentError, match="x must be on the device of out, cuda:0, but is on cpu"
    ):
        scale(gpu, cpu, 1.0)
    with pytest.raises(
        ArgumentError, match="x must be on the device of out, cpu, but is on cuda:0"
    ):
        scale(cpu, gpu, 1.0)
    with pytest.raises(ArgumentError, match="value must be on the CPU, but is on cuda:0"):
        mod.from_host(gpu, gpu)
    mod.from_host(gpu, cpu + 5)
    assert gpu.tolist() == [5.0] * 4


def test_work_is_queued_on_torchs_current_stream(mod: kbk.build.Module) -> None:
    out = torch.zeros(4, device="cuda")
    stream = torch.cuda.Stream()
    torch.cuda.synchronize()
    with torch.cuda.stream(stream):
        mod.late(out, 3.0)
        copied = out.clone()
    stream.synchronize()
    assert copied.tolist() == [3.0] * 4


def test_an_impossible_launch_is_an_error_and_the_context_lives(mod: kbk.build.Module) -> None:
    out = torch.zeros(4, device="cuda")
    with pytest.raises(LaunchError, match=r"impossible\(\) failed \(invalid argument\)"):
        mod.impossible(out)
    mod.from_host(out, torch.ones(1))
    assert out.tolist() == [1.0] * 4


def test_a_compile_error_of_nvcc_names_the_learners_line() -> None:
    source = host_source() + "__global__ void k(float* p) {\n  p[0] = missing;\n}\n"
    with pytest.raises(CompileError) as caught:
        kbk.load_inline("bad", cuda_sources=source, functions=["touch"])
    assert (caught.value.file, caught.value.line) == ("bad.cu", 4)
    assert '"missing" is undefined' in caught.value.message


def test_three_changed_dtypes_build_in_eight_seconds() -> None:
    kbk.load_inline("warm", cuda_sources=host_source(), functions=["touch"])
    begin = time.perf_counter()
    kbk.load_inline("three", cuda_sources=SCALE + host_source(), functions=["scale"])
    seconds = time.perf_counter() - begin
    print(f"three dtypes: {seconds:.2f} s")
    assert seconds <= 8


def test_opcheck_and_one_graph_on_the_gpu() -> None:
    scale = kbk.load_inline("scale", cuda_sources=SCALE, functions=["scale"]).scale
    x = torch.randn(33, device="cuda")
    torch.library.opcheck(scale.overload, (torch.empty_like(x), x, 2.0))

    def step(x: torch.Tensor) -> torch.Tensor:
        out = torch.empty_like(x)
        scale(out, x, 2.0)
        return out + 1

    assert torch.equal(torch.compile(step, fullgraph=True)(x), 2 * x + 1)
