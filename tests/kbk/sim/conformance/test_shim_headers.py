"""The shim headers as C++: no warnings, many units, whole copies when traced."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from kbk import sim

TORCH_INCLUDE = Path(torch.__file__).parent / "include"
INCLUDES = ["-I", str(sim.INCLUDE_DIR), "-isystem", str(TORCH_INCLUDE)]
ALL_HEADERS = '#include "kbk_host_defines.h"\n#include "cuda_fp8.h"\n#include "math_constants.h"\n'
COMPILERS = [c for c in ("g++", "clang++", "clang++-14") if shutil.which(c)]

compilers = pytest.mark.parametrize("compiler", COMPILERS)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


@compilers
@pytest.mark.parametrize("build", ["plain", "traced"])
def test_the_headers_compile_without_a_warning(compiler: str, build: str, tmp_path: Path) -> None:
    source = tmp_path / "all.cpp"
    source.write_text(ALL_HEADERS)
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    flags += ["-DKBK_TRACED"] if build == "traced" else []
    result = _run([compiler, *flags, *INCLUDES, str(source)])
    assert result.returncode == 0, result.stderr


def test_two_units_with_the_headers_link_into_one_program(tmp_path: Path) -> None:
    use = (
        "float NAME(float x) {\n"
        "  return __half2float(hexp(__float2half(__expf(x)))) + fmaxf(x, 0);\n}\n"
    )
    for name in ("one", "two"):
        (tmp_path / f"{name}.cpp").write_text(ALL_HEADERS + use.replace("NAME", name))
    main = "float one(float); float two(float);\nint main() { return one(1.0f) != two(1.0f); }\n"
    (tmp_path / "main.cpp").write_text(main)
    program = tmp_path / "program"
    units = [str(tmp_path / f"{name}.cpp") for name in ("one", "two", "main")]
    built = _run(["g++", "-std=c++17", *INCLUDES, *units, "-o", str(program)])
    assert built.returncode == 0, built.stderr
    assert _run([str(program)]).returncode == 0


def test_algorithm_keeps_its_own_min_and_max(tmp_path: Path) -> None:
    source = tmp_path / "both.cpp"
    source.write_text(
        ALL_HEADERS + "#include <algorithm>\n#include <random>\n#include <complex>\n"
        "using namespace std;\n"
        "int f(int a, int b) { return min(a, b) + std::max(a, b) + std::max({1, 2, 3}); }\n"
        "float g(float a) { return std::fmax(a, 1.0f) + max(a, 2.0f) + std::abs(a) + abs(a); }\n"
    )
    result = _run(["g++", "-std=c++17", "-fsyntax-only", *INCLUDES, str(source)])
    assert result.returncode == 0, result.stderr


# One load and one store of the vector's width, for every type that a GPU moves as a whole.
WIDTHS = {
    "float4": 16, "uint4": 16, "double2": 16, "longlong2": 16, "float2": 8, "ushort4": 8,
    "uchar4": 4, "short2": 4, "char2": 2, "__half2": 4, "__nv_bfloat162": 4,
}  # fmt: skip


@compilers
def test_a_traced_copy_is_one_access_of_the_whole_vector(compiler: str, tmp_path: Path) -> None:
    source = tmp_path / "copy.cpp"
    copies = [f"void copy_{n}({n}* to, const {n}* from) {{ *to = *from; }}\n" for n in WIDTHS]
    source.write_text(ALL_HEADERS + 'extern "C" {\n' + "".join(copies) + "}\n")
    flags = ["-std=c++17", "-O2", "-DKBK_TRACED", "-fsanitize=thread", "-S", "-o", "-"]
    text = _run([compiler, *flags, *INCLUDES, str(source)]).stdout
    parts = re.split(r"^_?copy_(\w+):", text, flags=re.MULTILINE)
    bodies = dict(zip(parts[1::2], parts[2::2], strict=True))
    for name, width in WIDTHS.items():
        body = bodies[name].split("cfi_endproc")[0]
        accesses = re.findall(r"__tsan_(?:unaligned_)?((?:read|write)\w*)", body)
        assert accesses == [f"read{width}", f"write{width}"], name
