"""kbk.load: files and headers as they lie on a disk, what an edit changes, where errors point."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import kbk
from kbk.build.request import request_for
from kbk.errors import ArgumentError, CompileError

_HEADER = """#pragma once
template <typename T>
__global__ void fill_kernel(T* out, T value, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = value;
}
"""
_CUDA = """#include <torch/extension.h>
#include "parts/fill.cuh"

void fill(torch::Tensor out, double value) {
  TORCH_CHECK(out.is_cuda(), "out must be on the device");
  fill_kernel<float><<<1, 64>>>(out.data_ptr<float>(), value, out.numel());
}
"""
_CPP = """#include <torch/extension.h>
#include <SHARED.h>
void fill(torch::Tensor out, double value);
void fill_default(torch::Tensor out) { fill(out, kDefault + ADDED); }
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  m.def("fill", &fill);
  m.def("fill_default", &fill_default);
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files as people have them: blanks and quotes in a path, a BOM, CRLF, bytes of Latin-1."""
    folder = tmp_path_factory.mktemp('it\'s a "folder" é')
    (folder / "parts").mkdir()
    (folder / "parts" / "fill.cuh").write_text(_HEADER)
    (folder / "fill.cu").write_bytes(b"\xef\xbb\xbf" + _CUDA.replace("\n", "\r\n").encode())
    (folder / "bind.cpp").write_bytes(b"// caf\xe9\n" + _CPP.encode())
    (folder / "include").mkdir()
    (folder / "include" / "SHARED.h").write_text("#pragma once\nconstexpr double kDefault = 7;\n")
    return folder


def _load(folder: Path, names: tuple[str, ...] = ("fill.cu", "bind.cpp")) -> Any:
    return kbk.load(
        "files",
        [folder / name for name in names],
        extra_cflags=["-DADDED=0.5"],
        extra_include_paths=[folder / "include"],
    )


def test_files_of_any_kind_and_order_are_one_module(folder: Path, session_cache: Path) -> None:
    module = _load(folder)
    out = torch.empty(10)
    module.fill(out, 3)
    assert out.tolist() == [3] * 10
    module.fill_default(out)
    assert out.tolist() == [7.5] * 10
    again = _load(folder, ("bind.cpp", "fill.cu"))
    assert again.build_seconds["cpu"] < 1  # the same files in another order are the same module


def test_an_edited_header_is_built_again_and_the_old_module_stays(
    folder: Path, session_cache: Path
) -> None:
    old = _load(folder)
    shared = folder / "include" / "SHARED.h"
    before = shared.read_text()
    shared.write_text(before.replace("7", "9"))
    try:
        new = _load(folder)
    finally:
        shared.write_text(before)
    results = []
    for module in (old, new, old):
        out = torch.empty(1)
        module.fill_default(out)
        results.append(out.item())
    assert results == [7.5, 9.5, 7.5]


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        ("bind.cpp", "+ ADDED", "+ ADDE", 5),
        ("fill.cu", "out.numel()", "out.numle()", 6),
        ("parts/fill.cuh", "= value;", "= valu;", 5),
    ],
)
def test_a_compile_error_points_to_the_line_of_the_file_that_has_it(
    folder: Path, session_cache: Path, file: str, old: str, new: str, line: int
) -> None:
    path = folder / file
    before = path.read_bytes()
    path.write_bytes(before.replace(old.encode(), new.encode()))
    try:
        with pytest.raises(CompileError) as caught:
            _load(folder)
    finally:
        path.write_bytes(before)
    assert (Path(str(caught.value.file)).name, caught.value.line) == (path.name, line)
    assert new.strip("= +;").split(".")[-1].strip("()") in str(caught.value)
    assert "torch/include" not in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3


def test_two_files_that_define_the_same_static_name_are_an_error_that_names_it(
    tmp_path: Path, session_cache: Path
) -> None:
    text = "#include <torch/extension.h>\nstatic int helper() { return 1; }\n"
    for name in ("a.cu", "b.cu"):
        (tmp_path / name).write_text(f"{text}int of_{name[0]}() {{ return helper(); }}\n")
    with pytest.raises(CompileError, match="redefinition of 'int helper\\(\\)'") as caught:
        kbk.load("both", [tmp_path / "a.cu", tmp_path / "b.cu"], functions=["of_a", "of_b"])
    assert caught.value.line == 2


def test_what_is_no_source_file_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "empty.cu").write_text("  \n")
    (tmp_path / "notes.txt").write_text("text")
    wrong: list[tuple[Any, str]] = [
        (tmp_path / "missing.cu", "there is no file '.*missing.cu'"),
        (tmp_path, "there is no file"),
        (tmp_path / "notes.txt", r"must be C\+\+ or CUDA files .*notes.txt"),
        (tmp_path / "empty.cu", "empty.cu' is empty"),
        ([], r"must be a file or a list of files; it was \[\]"),
        (3, "must be a file or a list of files; it was 3"),
        ([3], "must hold paths; 3 is none"),
    ]
    for sources, words in wrong:
        with pytest.raises(ArgumentError, match=words):
            kbk.load("wrong", sources)


@pytest.mark.parametrize(
    ("text", "extension"),
    [
        ("#include <torch/extension.h>\n", True),
        ('#include "ATen/ATen.h"\n', True),
        ("#include <c10/cuda/CUDAGuard.h>\n", True),
        ("void f(at::Tensor x) {}\n", True),
        ("void f(torch::Tensor x) {}\n", True),
        ("TORCH_LIBRARY(a, m) {}\n", True),
        ("#define HEADER <torch/all.h>\n#include HEADER\n", True),
        ("void f(Tensor x) {}\n", False),
        ("// at::Tensor\nvoid f(Tensor x) {}\n", False),
        ('const char* s = "torch::Tensor"; void f(Tensor x) {}\n', False),
        ("void f(torch::stable::Tensor x) {}\n", False),
        ("struct at { int Tensor; }; void f(Tensor x) {}\n", False),
    ],
)
def test_the_text_decides_which_kind_a_source_is(text: str, extension: bool) -> None:
    text += "void touch(int64_t n) {}\n"
    request = request_for("kind", [("kind.cu", text)], ["touch"], None, None, None, False)
    assert request.is_extension is extension


def test_a_header_of_the_users_makes_its_source_an_extension(tmp_path: Path) -> None:
    (tmp_path / "mine.h").write_text("#include <torch/extension.h>\n")
    text = '#include "mine.h"\nvoid touch(int64_t n) {}\n'
    request = request_for("kind", [("kind.cu", text)], ["touch"], None, None, [tmp_path], False)
    assert request.is_extension


def test_a_source_that_binds_nothing_needs_functions() -> None:
    text = "#include <torch/extension.h>\nvoid scale(at::Tensor x) {}\n"
    with pytest.raises(ArgumentError, match=r"the source has functions=\['scale'\]"):
        kbk.load_inline("unbound", cuda_sources=text)
    with pytest.raises(ArgumentError, match="did you mean 'scale'"):
        kbk.load_inline("unbound", cuda_sources=text, functions=["scal"])
