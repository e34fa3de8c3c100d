"""kbk.sanitize, kbk.explain, kbk.profile and kbk.draw on extension modules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

import kbk
import kbk.draw
from kbk.errors import SanitizerError

_HEADER = """#pragma once
__device__ inline float read_at(const float* x, int i) {
  return x[i];
}
"""
_EXTENSION = r"""
#include <torch/extension.h>
#include "reading.h"
__global__ void copy_kernel(float* out, const float* x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = read_at(x, i);
}
__global__ void reverse_kernel(float* out, const float* x, int barrier) {
  __shared__ float tile[64];
  tile[threadIdx.x] = x[threadIdx.x];
  if (barrier) __syncthreads();
  out[threadIdx.x] = tile[63 - threadIdx.x];
}
void run_copy(torch::Tensor out, const torch::Tensor& x, int64_t n) {
  copy_kernel<<<(n + 127) / 128, 128>>>(out.data_ptr<float>(), x.data_ptr<float>(), n);
}
torch::Tensor from_workspace(torch::Tensor x) {
  static torch::Tensor workspace = torch::ones({64}, x.options());
  auto out = torch::empty_like(x);
  run_copy(out, workspace, x.numel());
  return out;
}
torch::Tensor from_scratch(torch::Tensor x, bool zeros, bool filled) {
  auto scratch = zeros ? torch::zeros_like(x) : torch::empty_like(x);
  if (filled) scratch.fill_(1);
  auto out = torch::empty_like(x);
  run_copy(out, scratch, x.numel());
  return out;
}
torch::Tensor past_scratch(torch::Tensor x) {
  auto scratch = torch::zeros({4}, x.options());
  run_copy(x, scratch, 5);
  return x;
}
void reverse(torch::Tensor out, torch::Tensor x, bool barrier) {
  reverse_kernel<<<1, 64>>>(out.data_ptr<float>(), x.data_ptr<float>(), barrier);
}
void copy_list(std::vector<torch::Tensor> outs, std::vector<torch::Tensor> xs, int64_t n) {
  for (size_t i = 0; i < outs.size(); ++i) run_copy(outs[i], xs[i], n);
}
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  m.def("run_copy", &run_copy, py::arg("out"), py::arg("x"), py::arg("n"));
  m.def("from_workspace", &from_workspace);
  m.def("from_scratch", &from_scratch, py::arg("x"), py::arg("zeros") = false,
        py::arg("filled") = false);
  m.def("past_scratch", &past_scratch, py::arg("x"));
  m.def("reverse", &reverse, py::arg("out"), py::arg("x"), py::arg("barrier"));
  m.def("copy_list", &copy_list, py::arg("outs"), py::arg("xs"), py::arg("n"));
}
"""
_OWN_KIND = r"""
__device__ inline float read_at(const float* x, int i) { return x[i]; }
__global__ void copy_kernel(float* out, const float* x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = read_at(x, i);
}
void run_copy(Tensor out, const Tensor& x, int64_t n) {
  float* to = out.mutable_data_ptr<float>();
  copy_kernel<<<(n + 127) / 128, 128>>>(to, x.const_data_ptr<float>(), n);
}
"""


@pytest.fixture(scope="module")
def tools(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("headers")
    (folder / "reading.h").write_text(_HEADER)
    return kbk.load_inline("tools", cuda_sources=_EXTENSION, extra_include_paths=[folder])


def _line(text: str) -> int:
    return next(i for i, line in enumerate(_EXTENSION.splitlines(), 1) if text in line)


def test_a_right_call_has_no_findings(tools: Any) -> None:
    x, out = torch.arange(200.0), torch.empty(200)
    with kbk.sanitize() as s:
        tools.run_copy(out, x, n=200)
    assert not s.findings
    assert torch.equal(out, x)
    assert [each.kernel for each in s.launches] == ["copy_kernel"]


def test_a_read_out_of_bounds_names_the_argument_and_the_line_of_the_users_header(
    tools: Any,
) -> None:
    with kbk.sanitize(raise_on_error=False) as s:
        tools.run_copy(torch.empty(8), torch.ones(5), 6)
    (found,) = s.errors
    assert found.kind == "out-of-bounds"
    assert "Address is x[5]" in str(found)
    assert Path(str(found.file)).name == "reading.h" and found.line == 3


def test_a_write_out_of_bounds_names_the_line_of_the_source(tools: Any) -> None:
    words = r"Address is out\[5\], 0 bytes after the end of out"
    with pytest.raises(SanitizerError, match=words), kbk.sanitize() as s:
        tools.run_copy(torch.empty(5), torch.ones(8), 6)
    assert (s.errors[0].file, s.errors[0].line) == ("tools.cu", _line("out[i] = read_at"))


def test_tensors_in_a_list_are_named_by_their_index(tools: Any) -> None:
    with kbk.sanitize(raise_on_error=False) as s:
        tools.copy_list([torch.empty(8), torch.empty(5)], [torch.ones(8), torch.ones(8)], 6)
    assert "outs[1]" in str(s.errors[0])


def test_an_allocation_without_contents_that_a_kernel_reads_is_found(tools: Any) -> None:
    with kbk.sanitize(raise_on_error=False) as s:
        tools.from_scratch(torch.ones(8))
    assert [each.kind for each in s.errors] == ["uninitialized"]
    assert re.search(r"of allocation 1 of the host function", str(s.errors[0]))


def test_an_allocation_with_contents_may_be_read(tools: Any) -> None:
    with kbk.sanitize() as s:
        assert tools.from_scratch(torch.ones(8), zeros=True).tolist() == [0] * 8
        assert tools.from_scratch(torch.ones(8), filled=True).tolist() == [1] * 8
    assert not s.errors


def test_a_workspace_that_the_host_function_keeps_is_known_in_later_calls(tools: Any) -> None:
    for _ in range(3):
        with kbk.sanitize() as s:
            assert tools.from_workspace(torch.zeros(8)).tolist() == [1] * 8
        assert not s.errors


def test_an_access_behind_an_allocation_of_the_host_function_is_found(tools: Any) -> None:
    with kbk.sanitize(raise_on_error=False) as s:
        tools.past_scratch(torch.ones(8))
    assert [each.kind for each in s.errors] == ["out-of-bounds"]
    assert re.search(r"allocation \d of the host function, float32\[4\]", str(s.errors[0]))


def test_a_race_in_shared_memory_is_found(tools: Any) -> None:
    with kbk.sanitize(raise_on_error=False) as s:
        tools.reverse(torch.empty(64), torch.ones(64), barrier=False)
    assert "race" in {each.kind for each in s.errors}
    with kbk.sanitize() as s:
        tools.reverse(torch.empty(64), torch.ones(64), barrier=True)
    assert not s.errors


def test_explain_says_who_wrote_an_element(tools: Any) -> None:
    out = torch.empty(64)
    with kbk.sanitize() as s:
        tools.reverse(out, torch.arange(64.0), True)
    text = str(kbk.explain(s.launches[0], out, 5))
    assert "stored by thread (5, 0, 0)" in text
    assert f"tools.cu:{_line('out[threadIdx.x] = tile')}" in text


def test_counters_are_those_of_the_same_kernel_in_a_source_of_our_own_kind(tools: Any) -> None:
    own = kbk.load_inline("own_kind", cuda_sources=_OWN_KIND, functions=["run_copy"])
    metrics = []
    for module in (tools, own):
        with kbk.profile() as p:
            module.run_copy(torch.empty(300), torch.ones(300), 300)
        metrics.append(dict(p.launches[0].metrics))
        assert p.launches[0].metrics_of("x")
    assert metrics[0] == metrics[1]
    assert metrics[0]["l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum"] == 38


def test_a_launch_can_be_drawn(tools: Any) -> None:
    with kbk.profile() as p:
        tools.run_copy(torch.empty(64), torch.ones(64), 64)
    picture = kbk.draw.coalescing(p.launches[0], argument="x", kind="ld")
    assert "4 sectors" in picture.caption


def test_an_input_is_not_called_an_output_that_nobody_wrote(tools: Any) -> None:
    x = torch.ones(8)
    with kbk.sanitize() as s:
        tools.from_scratch(x, filled=True)  # at::Tensor x, by value: C++ could write it
    assert not s.findings


def test_an_output_that_is_written_in_part_is_told(tools: Any) -> None:
    with kbk.sanitize(raise_on_error=False) as s:
        tools.run_copy(torch.zeros(8), torch.ones(8), 6)
    (finding,) = s.findings
    assert finding.code == "unwritten-output"
    assert "2 elements were never written" in str(finding)
