"""The tool that draws the map, on a small repository with SGLang's folders and its own history."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.sglang_map import __main__ as command
from tools.sglang_map import hand, history, text, wrappers
from tools.sglang_map.build import build
from tools.sglang_map.git import Repository
from tools.sglang_map.origin import libraries, origin

THEN, NOW = "sgl-kernel", "python/sglang/kernels/aot"
OPS = "python/sglang/kernels/ops"

KERNEL = """\
#include <torch/all.h>
__global__ void {name}_kernel(float* x) {{ x[0] = 1; }}
void {name}(at::Tensor x) {{
  {name}_kernel<<<1, 1>>>(x.data_ptr<float>());
}}
"""
LAUNCHER = """\
/* Copyright 2025 SGLang Team. All Rights Reserved. */
#include <flashinfer/stays.cuh>
void launches(at::Tensor x) { flashinfer::stays(x); }
"""
PYTHON = """\
import torch

def stays(x):
    torch.ops.sgl_kernel.stays.default(x)

def called_otherwise(x):
    _inner(x)

def _inner(x):
    torch.ops.sgl_kernel.compiled(x)
"""
JIT = """\
_FILE = "elementwise/compiled.cuh"

def _module():
    return load_jit("compiled", cuda_files=[_FILE], cuda_wrappers=[("run", "run")])

def called_otherwise(x):
    torch.ops.sglang.jit_run(x)

def _run(x):
    _module().run(x)

direct_register_custom_op(op_name="jit_run", op_func=_run)
"""
TRITON = """\
import triton

@triton.jit
def _kernel(x):
    pass

def tritoned_triton(x):
    _kernel[(1,)](x)
"""
CMAKE = """\
FetchContent_Declare(
    repo-flashinfer
    GIT_REPOSITORY https://github.com/flashinfer-ai/flashinfer.git
    GIT_TAG        abc
)
set(SOURCES
    "csrc/elementwise/stays.cu" "csrc/elementwise/launches.cu"
    "${repo-flashinfer_SOURCE_DIR}/csrc/norm.cu")
"""


def extension(*names: str) -> str:
    """Registers the ops, in the forms that SGLang uses."""
    body = "".join(
        f'  m.def(\n      "{name}(Tensor! x) "\n      "-> ()");\n'
        f'  m.impl("{name}", torch::kCUDA, &{name});  // m.def("no_op(Tensor x)")\n'
        for name in names
    )
    return "TORCH_LIBRARY_FRAGMENT(sgl_kernel, m) {\n" + body + "}\n"


class Clone:
    """A repository to commit to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, date: str = "2026-01-01") -> str:
        who = {f"GIT_{w}_{k}": v for w in ("AUTHOR", "COMMITTER") for k, v in
               (("NAME", "A"), ("EMAIL", "a@b"), ("DATE", f"{date}T12:00:00Z"))}  # fmt: skip
        environment = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull}
        run = ["git", "-C", str(self.folder), *arguments]
        return subprocess.run(
            run, env=environment, capture_output=True, text=True, check=True
        ).stdout

    def write(self, name: str, content: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def commit(self, subject: str, date: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", subject, date=date)
        return self.git("rev-parse", "HEAD").strip()


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Clone, str, str]]:
    """A clone, its earlier commit and its later one: a move, a removal, two ports, an addition."""
    monkeypatch.setattr(hand, "CHAPTERS", {"01": ("First", ("stays", "gone"))})
    made = Clone(tmp_path / "clone")
    names = ("compiled", "gone", "launches", "rmsnorm", "stays", "tritoned")
    for name in names:
        if name not in ("launches", "rmsnorm"):
            made.write(f"{THEN}/csrc/elementwise/{name}.cu", KERNEL.format(name=name))
    made.write(f"{THEN}/csrc/elementwise/launches.cu", LAUNCHER)
    made.write(f"{THEN}/csrc/elementwise/only.hip", "__global__ void h() {}\n")
    made.write(f"{THEN}/csrc/cpu/norm.cpp", "void cpu() {}\n")
    made.write(f"{THEN}/csrc/common_extension.cc", extension(*names))
    made.write(f"{THEN}/CMakeLists.txt", CMAKE)
    made.write(f"{THEN}/python/sgl_kernel/elementwise.py", PYTHON)
    old = made.commit("First", "2026-01-01")

    shutil.rmtree(made.folder / f"{THEN}/csrc/cpu")
    (made.folder / f"{THEN}/csrc/elementwise/gone.cu").unlink()
    kept = [name for name in names if name != "gone"]
    made.write(f"{THEN}/csrc/common_extension.cc", extension(*kept))
    made.removal = made.commit("Remove it (#7)", "2026-02-03")  # type: ignore[attr-defined]

    (made.folder / NOW).parent.mkdir(parents=True)
    (made.folder / THEN).rename(made.folder / NOW)
    for name in ("compiled", "tritoned"):
        (made.folder / f"{NOW}/csrc/elementwise/{name}.cu").unlink()
    for number in range(3):  # else git takes the new file for a moved one
        made.write(
            "python/sglang/kernels/jit/csrc/elementwise/compiled.cuh", "__global__ void j();\n"
        )
        made.write(f"{OPS}/x/m{number}.py", "\n")
    made.write(f"{OPS}/x/compiled.py", JIT)
    made.write(f"{OPS}/x/tritoned.py", TRITON)
    made.write(f"{NOW}/csrc/elementwise/added.cu", KERNEL.format(name="added"))
    left = ("added", "launches", "rmsnorm", "stays")
    made.write(f"{NOW}/csrc/common_extension.cc", extension(*left))
    new = made.commit("Move (#8), then more (#9)", "2026-03-04")
    yield made, old, new


def drawn(clone: tuple[Clone, str, str]) -> dict[str, Any]:
    repository = Repository(clone[0].folder)
    return build(repository, clone[1], repository, clone[2])


def test_a_moved_a_removed_a_ported_and_an_added_op_have_their_fates(
    clone: tuple[Clone, str, str],
) -> None:
    made = drawn(clone)
    fates = {op["name"]: op["fate"] for op in made["ops"]}
    assert fates == {
        "compiled": "JIT",
        "gone": "removed",
        "launches": "AOT",
        "rmsnorm": "AOT",
        "stays": "AOT",
        "tritoned": "Triton",
    }
    assert made["added_ops"] == ["added"]
    ops = {op["name"]: op for op in made["ops"]}
    assert ops["stays"]["file"] == f"{THEN}/csrc/elementwise/stays.cu"
    assert ops["stays"]["now"]["aot"] == {"file": f"{NOW}/csrc/elementwise/stays.cu"}
    assert ops["compiled"]["python"] == ["called_otherwise"]
    assert ops["compiled"]["now"]["jit"] == [
        "python/sglang/kernels/jit/csrc/elementwise/compiled.cuh"
    ]
    assert ops["tritoned"]["now"]["triton"] == [f"{OPS}/x/tritoned.py"]
    assert [name for name, op in ops.items() if "chapter" in op] == ["gone", "stays"]


def test_a_removed_file_names_commit_date_and_pull_request(clone: tuple[Clone, str, str]) -> None:
    made = drawn(clone)
    left = {"commit": clone[0].removal, "date": "2026-02-03", "pull": 7}  # type: ignore[attr-defined]
    then = {Path(file["path"]).name: file for file in made["then"]}
    assert then["gone.cu"]["fate"] == {"kind": "removed", "paths": [], "left": left}
    assert next(op for op in made["ops"] if op["name"] == "gone")["left"] == left
    assert then["stays.cu"]["fate"] == {
        "kind": "AOT",
        "paths": [f"{NOW}/csrc/elementwise/stays.cu"],
    }
    assert then["compiled.cu"]["fate"]["kind"] == "JIT"
    assert then["compiled.cu"]["fate"]["left"]["pull"] == 9
    assert then["tritoned.cu"]["fate"]["paths"] == [f"{OPS}/x/tritoned.py"]


def test_an_op_names_whose_kernels_it_launches(clone: tuple[Clone, str, str]) -> None:
    made = drawn(clone)
    ops = {op["name"]: op for op in made["ops"]}
    assert ops["stays"]["kernel"] == ["SGLang"]
    assert ops["launches"]["kernel"] == ops["rmsnorm"]["kernel"] == ["FlashInfer"]
    assert ops["rmsnorm"]["outside"] == {"project": "FlashInfer", "file": "csrc/norm.cu"}
    pin = {"repository": "flashinfer-ai/flashinfer", "commit": "abc"}
    assert made["old"]["outside"] == {"FlashInfer": pin}


def test_sources_of_other_platforms_are_counted_and_left_out(clone: tuple[Clone, str, str]) -> None:
    made = drawn(clone)
    assert made["left_out"]["then"]["cpu"] == {"files": 1, "lines": 1}
    assert made["left_out"]["now"]["cpu"] == {"files": 0, "lines": 0}
    assert made["left_out"]["now"]["rocm"] == {"files": 1, "lines": 1}
    assert all(Path(file["path"]).suffix in (".cu", ".cuh") for file in made["then"] + made["now"])


def test_the_file_that_is_written_is_the_same_each_time(
    clone: tuple[Clone, str, str], tmp_path: Path
) -> None:
    texts = []
    for name in ("a.json", "b.json"):
        arguments = [str(clone[0].folder), "--old", clone[1], "--new", clone[2]]
        assert command.main([*arguments, "--out", str(tmp_path / name)]) == 0
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]
    assert json.loads(texts[0]) == drawn(clone)


def test_the_earlier_commit_may_come_from_another_clone(
    clone: tuple[Clone, str, str], tmp_path: Path
) -> None:
    other = tmp_path / "bare.git"
    run = ["git", "clone", "--quiet", "--bare", str(clone[0].folder), str(other)]
    subprocess.run(run, check=True, capture_output=True)
    both = Repository(clone[0].folder)
    assert build(Repository(other), clone[1], both, clone[2]) == drawn(clone)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--old", "0" * 40], "has no commit"),
        (["--old", "NEW", "--new", "OLD"], "must come before"),
        (["--old", "OLD", "--new", "NEW", "--old-git", "/"], "must be a git repository"),
    ],
)
def test_a_commit_that_is_not_there_is_one_sentence(
    clone: tuple[Clone, str, str],
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    named = {"OLD": clone[1], "NEW": clone[2]}
    assert command.main([str(clone[0].folder), *(named.get(a, a) for a in arguments)]) == 2
    assert message in capsys.readouterr().err


def test_an_op_of_a_chapter_that_nobody_registers_is_an_error(
    clone: tuple[Clone, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand, "CHAPTERS", {"01": ("First", ("stays", "made_up"))})
    with pytest.raises(ValueError, match=r"hand.CHAPTERS: 01 has \['made_up'\]"):
        drawn(clone)


def test_a_function_that_no_file_defines_is_an_error(
    clone: tuple[Clone, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(hand.EXTERNAL, "rmsnorm")
    with pytest.raises(ValueError, match="the op rmsnorm calls rmsnorm, which no file defines"):
        drawn(clone)


def test_an_outside_file_that_no_build_lists_is_an_error(
    clone: tuple[Clone, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(hand.EXTERNAL, "rmsnorm", ("FlashInfer", "csrc/other.cu"))
    with pytest.raises(ValueError, match=r"csrc/other\.cu, which no CMake file builds"):
        drawn(clone)


def test_a_file_that_comes_back_is_followed_on(clone: tuple[Clone, str, str]) -> None:
    made, old, _ = clone
    path = f"{THEN}/csrc/elementwise/gone.cu"
    made.git("checkout", "--quiet", old, "--", path)
    moved = path.replace(THEN, NOW)
    back = made.commit("Bring it back", "2026-03-05")
    made.git("mv", path, moved)
    new = made.commit("Move it", "2026-03-06")
    repository = Repository(made.folder)
    assert history.follow(repository, old, back, [path])[path].path == path
    assert history.follow(repository, old, new, [path])[path].path == moved


def test_comments_are_no_code_and_a_call_is_no_definition() -> None:
    source = '// __global__ void a();\n/* void f() {} */ const char* s = "// __global__";\n'
    assert text.kernels(source) == 1  # that of the string, which no source has
    assert text.kernels("template __global__ void k<1>(int);\n__global__ void k();\n") == 1
    assert not text.defines("int x = f(1); { }", "f")
    assert not text.defines("void f(int);", "f") and not text.defines("return f(1) {", "f")
    assert text.defines("auto f(std::vector<int> v, int (*g)(int)) -> void {\n}", "f")
    assert text.defines("Tensor&\nf(int x) noexcept {", "f") and not text.defines("a.f(1) {", "f")
    assert text.includes('#include <a/b.h>\n// #include "c.h"\n# include "d.h"') == ["a/b.h", "d.h"]


@pytest.mark.parametrize(
    "source, whose, parts",
    [
        ("void f();\n", ("SGLang",), ()),
        ("/* Copyright 2025 SGLang Team. */\n#include <x>\nvoid f();\n", ("SGLang",), ()),
        ("// Adapted from\n// https://github.com/vllm-project/vllm/blob/m/a.cu\n", ("vLLM",), ()),
        ("/* Copyright (c) 2024 by FlashInfer team.\n */\n", ("FlashInfer",), ()),
        ("void f();\n// Copied and modified from DeepEP\nvoid g();\n", ("SGLang",), ("DeepEP",)),
        ("// From vLLM, adapted from vLLM\nint x;\n// copied from vLLM\n", ("vLLM",), ()),
        ("// See https://github.com/NVIDIA/cutlass\n", ("SGLang",), ()),
    ],
)
def test_whose_text_a_file_is_stands_in_its_comments(
    source: str, whose: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    found = origin(source)
    assert (found.whose, found.parts) == (whose, parts)


def test_a_header_of_types_brings_no_kernels_of_cutlass() -> None:
    assert libraries(["cutlass/array.h", "torch/all.h"]) == []
    assert libraries(["cutlass/gemm/device/gemm.h", "flashinfer/norm.cuh"]) == [
        "CUTLASS",
        "FlashInfer",
    ]


def test_names_of_files_that_a_run_fills_in_become_patterns() -> None:
    source = 'def f(n):\n    return load_jit("f", cuda_files=[f"a/c{n}.cuh", "b.cuh"])\n'
    assert wrappers.run_time_files(source) == {"f": {"a/c*.cuh", "b.cuh"}}
