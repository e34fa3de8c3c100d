"""What the simulator lacks names itself; an exercise is never solved by torch's C++ API."""

from __future__ import annotations

from typing import Any

import pytest

from kbk.build.request import make_request
from kbk.errors import UnsupportedError
from kbk.grade import worker
from kbk.sim import trace
from kbk.sim.translate import translate


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('m.def("f", &f); py::class_<Net>(m, "Net");', "classes for Python"),
        ('m.class_<Net>("Net");', "classes for Python"),
        ('m.attr("version") = 3;', "bind a function that returns the value"),
        ('auto sub = m.def_submodule("sub");', "submodules"),
        ("void f(py::object x) {}", "Python objects in C++ (py::object)"),
        ("pybind11::list f();", "Python objects in C++ (pybind11::list)"),
        ('auto net = torch::jit::load("net.pt");', "TorchScript (torch::jit)"),
        ("at::PhiloxCudaState state;", "pass random numbers in a tensor"),
        ("auto seeds = at::cuda::philox::unpack(state);", "pass random numbers in a tensor"),
        ("auto g = at::cuda::detail::getDefaultCUDAGenerator();", "pass random numbers"),
        ("cub::DeviceScan::ExclusiveSum(a, b, c, d, n);", "cub::DeviceScan"),
        ("#include <thrust/sort.h>", "Thrust"),
        ("#include <cutlass/gemm/device/gemm.h>", "CUTLASS"),
        ("#include <cute/tensor.hpp>", "CuTe"),
        ("auto handle = at::cuda::getCurrentCUDABlasHandle();", "at::matmul"),
        ("cublasSgemm(handle);", "cuBLAS"),
        ("ncclAllReduce(a, b, n);", "NCCL"),
    ],
)
def test_what_an_extension_may_ask_for_and_is_not_there_names_itself_and_its_line(
    line: str, words: str
) -> None:
    with pytest.raises(UnsupportedError) as caught:
        translate(f"#include <torch/extension.h>\n\n{line}\n", "lacks.cu", is_extension=True)
    assert caught.value.line == 3
    assert words in str(caught.value)
    assert str(caught.value).startswith("lacks.cu:3: the simulator does not support ")


@pytest.mark.parametrize(
    "line",
    [
        'm.def("f", &f, py::arg("x") = py::none(), py::call_guard<py::gil_scoped_release>());',
        "namespace py = pybind11;",
        "using namespace pybind11::literals;",
        "int attr = 3; int g() { return attr; }",
        "struct Net {};  // NCCL, ncclAllReduce, py::class_",
        'const char* text = "cublasSgemm";',
    ],
)
def test_names_that_only_look_like_it_are_not_refused(line: str) -> None:
    translate(f"#include <torch/extension.h>\n{line}\n", "has.cu", is_extension=True)


_CHEATS = {
    "header": "#include <torch/extension.h>\nvoid scale(Tensor out, const Tensor& x) {}\n",
    "macro": "#define H <ATen/ATen.h>\n#include H\nvoid scale(Tensor out, const Tensor& x) {}\n",
    "name": "\n\nvoid scale(Tensor out, const Tensor& x) { at::mul_out(out, x, x); }\n",
    "binding": 'PYBIND11_MODULE(m, m) { m.def("scale", [](at::Tensor o, at::Tensor x) {}); }\n',
}


@pytest.mark.parametrize(
    ("cheat", "line"), [("header", 1), ("macro", 1), ("name", 3), ("binding", 1)]
)
@pytest.mark.parametrize("traced", [False, True])
def test_an_exercise_in_torchs_cpp_api_is_refused_by_its_line(
    cheat: str, line: int, traced: bool
) -> None:
    job = {"name": "graded", "source": _CHEATS[cheat], "functions": ["scale"]}
    job |= {"machine": "cpu", "strict": True}
    told: list[dict[str, Any]] = []

    def emit(event: str, **facts: Any) -> None:
        told.append({"event": event, **facts})

    assert worker._built(job, traced, emit) is None
    (only,) = told
    assert only["event"] == "build-failed"
    assert only["line"] == line
    assert "write Tensor and KBK_CHECK" in only["text"]


def test_only_a_call_of_kbk_itself_takes_extensions() -> None:
    source = "#include <torch/extension.h>\nvoid scale(at::Tensor x) {}\n"
    with pytest.raises(UnsupportedError):
        trace.load("graded", source, ["scale"])
    asked = make_request("own", "", source, "scale", None, None, None, False, extensions=True)
    assert asked.is_extension
