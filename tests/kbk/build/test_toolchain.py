"""Which compiler is used, and what is said when there is none."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest
from build_helpers import host_source

import kbk
from kbk.build import support as shared
from kbk.build import toolchain
from kbk.build.flags import parse_flags
from kbk.build.support import support, torch_includes
from kbk.errors import MissingCompilerError


def fake_compiler(folder: Path, name: str, says: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return path


def test_cxx_comes_first_then_gcc_then_clang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    fake_compiler(tmp_path, "c++", "c++ 3")
    assert toolchain.host_compiler().version == "c++ 3"
    fake_compiler(tmp_path, "clang++", "clang version 19")
    toolchain._host_compiler.cache_clear()
    assert toolchain.host_compiler().kind == "clang"
    fake_compiler(tmp_path, "g++", "g++ 14")
    toolchain._host_compiler.cache_clear()
    assert (toolchain.host_compiler().kind, toolchain.host_compiler().command) == ("gcc", "g++")
    monkeypatch.setenv("CXX", str(tmp_path / "clang++"))
    assert toolchain.host_compiler().kind == "clang"
    toolchain._host_compiler.cache_clear()


def test_without_a_compiler_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        MissingCompilerError,
        match=r"No C\+\+ compiler was found; install g\+\+ .*apt install g\+\+",
    ):
        kbk.load_inline("nothing", cuda_sources=host_source(), functions=["touch"])


def test_a_cxx_that_is_no_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(
        MissingCompilerError, match="CXX is 'no-such-compiler', but there is no such program"
    ):
        kbk.load_inline("nothing", cuda_sources=host_source(), functions=["touch"])


def test_a_compiler_that_does_not_run_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "broken++"
    path.write_text("#!/bin/sh\nexit 3\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("CXX", str(path))
    with pytest.raises(MissingCompilerError, match="does not run"):
        kbk.load_inline("nothing", cuda_sources=host_source(), functions=["touch"])


def test_a_build_for_cuda_without_cuda_says_what_is_missing() -> None:
    import torch

    if torch.version.cuda is not None:
        pytest.skip("this torch has CUDA")
    mod = kbk.load_inline("nocuda", cuda_sources=host_source(), functions=["touch"])
    with pytest.raises(
        MissingCompilerError, match="was built without CUDA; install a CUDA build of torch"
    ):
        mod.build("cuda")


def test_ninja_beside_the_interpreter_is_found_without_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_compiler(tmp_path, "ninja", "1.11")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    toolchain.ensure_ninja()
    import os

    assert os.environ["PATH"].startswith(str(tmp_path))


def test_the_precompiled_header_is_valid_for_what_torch_passes(tmp_path: Path) -> None:
    parts = support(parse_flags([], [], []), kbk.sim.arch())
    unit = tmp_path / "unit.cpp"
    unit.write_text("int x;\n")
    torch_adds = [
        "-DTORCH_EXTENSION_NAME=other",
        "-DTORCH_API_INCLUDE_EXTENSION_H",
        "-fPIC",
        "-std=c++20",
    ]
    command = [
        *parts.compiler.words,
        *torch_adds,
        *torch_includes(),
        *(
            "-H",
            "-Winvalid-pch",
            "-Werror",
            "-fdebug-prefix-map=a=b",
            "-DKBK_MAY_SPIN=1",
            "-DMINE=3",
        ),
        *(*parts.prelude, *parts.flags, "-c", str(unit), "-o", str(tmp_path / "unit.o")),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if parts.compiler.kind == "gcc":  # "!" marks a precompiled header that was used
        used = [line for line in done.stderr.splitlines() if line.startswith("! ")]
        assert used and used[0].endswith("prelude.h.gch")


def test_headers_and_flags_that_change_the_prelude_get_their_own_precompiled_header() -> None:
    plain = support(parse_flags([], [], []), 90)
    if plain.compiler.kind == "clang":
        pytest.skip("clang's precompiled header depends on macros too")
    assert support(parse_flags(["-DX=1", "-Wall"], ["-lineinfo"], []), 90).prelude == plain.prelude
    keys = {
        shared.cpu_flags(plain.compiler, parse_flags(flags, [], []), arch)
        for flags, arch in (([], 90), (["-O3"], 90), (["-std=c++20"], 90), ([], 80))
    }
    assert len(keys) == 4


def test_a_process_keeps_its_one_simulator_when_the_compiler_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = support(parse_flags([], [], []), 90)
    other = tmp_path / "other++"
    other.write_text(f'#!/bin/sh\nexec {before.compiler.path} "$@"\n')
    other.chmod(other.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("CXX", str(other))
    after = support(parse_flags([], [], []), 90)
    assert after.compiler.command == str(other)
    assert after.runtime == before.runtime and after.prelude != before.prelude


def test_a_linker_that_does_not_work_with_torch_is_not_used_twice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from kbk.build import machines
    from kbk.build.torch_build import NinjaFailure

    monkeypatch.setattr(machines, "_gold_links_torch", True)
    monkeypatch.setattr(machines.shutil, "which", lambda _: "/usr/bin/ld.gold")
    asked: list[bool] = []

    def compile_(scratch: Path, linker: list[str]) -> Path:
        asked.append("-fuse-ld=gold" in linker)
        if asked[-1]:
            raise NinjaFailure(
                "FAILED: [code=1] kbk_1.so\nmain.o: error: undefined reference to 'f'"
            )
        return scratch / "library.so"

    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assert machines._link(compile_, tmp_path / name).name == "library.so"
    assert asked == [True, False, False]

    def broken(scratch: Path, linker: list[str]) -> Path:
        asked.append("-fuse-ld=gold" in linker)
        raise NinjaFailure("FAILED: [code=1] main.o\nt.cu:1:1: error: expected ';'")

    asked.clear()
    monkeypatch.setattr(machines, "_gold_links_torch", True)
    (tmp_path / "three").mkdir()
    with pytest.raises(NinjaFailure):
        machines._link(broken, tmp_path / "three")
    assert asked == [True], "a compile error is not compiled again"
