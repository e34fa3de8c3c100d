"""The prelude and the registration block compile without a warning for a GPU and for the host."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from build_helpers import SCALE

import kbk
from kbk.build.diagnostics import compile_error
from kbk.build.flags import parse_flags
from kbk.build.machines import cuda_flags
from kbk.build.request import INCLUDE_DIR, make_request
from kbk.build.support import cpu_flags, torch_includes
from kbk.build.toolchain import host_compiler
from kbk.build.unit import compose

NVCC = shutil.which("nvcc")

EVERY_TYPE = """
void every(Tensor a, const Tensor& b, HostTensor c, const HostTensor& d, std::optional<Tensor> e,
           const std::optional<Tensor>& f, int64_t g, double h = 0.5, bool i = true) {
  KBK_CHECK(a.dim() == b.dim(), c.dim() == d.dim(), "a has shape ", a.sizes(), " on ", a.device());
  KBK_CHECK(e && f && g > 0, "g must be positive, but is ", g, " for ", h, b.scalar_type());
  KBK_CHECK(i);
}
void newer(Tensor) { require_sm(80, "newer"); }
std::tuple<Tensor, Tensor> two(const Tensor& x) noexcept { return {x, x}; }
"""


def nvcc(source: str, functions: list[str], folder: Path):
    """Compile as load_inline would, to an object: linking needs a torch with CUDA."""
    request = make_request("unit", "", source, functions, None, ["-arch=sm_90"], None, False)
    unit = folder / "cuda.cu"
    unit.write_text(compose(request.files, request.exports))
    command = [str(NVCC), *torch_includes(), "-Xcompiler", "-fPIC", *cuda_flags(request)]
    command += [
        "-Werror",
        "all-warnings",
        "-Xcompiler",
        "-Wall,-Wextra",
        "-c",
        str(unit),
        "-o",
        str(unit) + ".o",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    return request, done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.skipif(NVCC is None, reason="no nvcc")
def test_nvcc_compiles_a_source_of_three_dtypes_without_a_warning(tmp_path: Path) -> None:
    _, status, log = nvcc(SCALE + EVERY_TYPE, ["scale", "every", "newer", "two"], tmp_path)
    assert status == 0, log
    assert "warning" not in log


@pytest.mark.slow
@pytest.mark.skipif(NVCC is None, reason="no nvcc")
def test_an_error_of_nvcc_is_one_sentence_at_the_learners_line(tmp_path: Path) -> None:
    source = "\nvoid f(Tensor x, float a) {}\n"
    request, status, log = nvcc(source, ["f"], tmp_path)
    assert status != 0
    error = compile_error(log, request.files, request.exports)
    assert str(error) == (
        "unit.cu:2: f(): parameter 'a' is a float; write double\n"
        "    2 | void f(Tensor x, float a) {}"
    )


def test_the_host_compiler_finds_nothing_to_warn_about_in_the_prelude(tmp_path: Path) -> None:
    compiler = host_compiler()
    unit = tmp_path / "unit.cpp"
    functions = ["every", "newer", "two"]
    request = make_request("unit", "", EVERY_TYPE, functions, None, None, None, False)
    unit.write_text(compose(request.files, request.exports))
    flags = [
        flag
        for flag in cpu_flags(compiler, parse_flags([], [], []), 90)
        if not flag.startswith("-I")
    ]
    command = [*compiler.words, *torch_includes(), *flags, "-isystem", str(kbk.sim.INCLUDE_DIR)]
    command += [
        f"-I{INCLUDE_DIR}",
        "-include",
        "kbk/prelude.h",
        "-Wall",
        "-Wextra",
        "-fsyntax-only",
        str(unit),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warning:" not in done.stderr
