"""A source that does not compile gives one error: the first, at its line, with a caret."""

from __future__ import annotations

from pathlib import Path

import pytest
from build_helpers import entries, host_source

import kbk
from kbk.build.diagnostics import compile_error
from kbk.build.functions import Function
from kbk.errors import CompileError, DiskFullError, UnsupportedError


def failing(source: str, name: str = "broken", **arguments) -> CompileError:
    with pytest.raises(CompileError) as caught:
        kbk.load_inline(name, cuda_sources=source, functions=["touch"], **arguments)
    error = caught.value
    assert len(str(error).splitlines()) <= 4
    for noise in ("ninja", "FAILED", "/v1/tmp/", "kbk:"):
        assert noise not in str(error)
    return error


def test_a_syntax_error_shows_file_line_and_caret() -> None:
    error = failing(host_source() + "\nvoid f() {\n  int x = 1\n  int y = 2;\n}\n")
    assert (error.file, error.line, error.column) == ("broken.cu", 6, 3)
    assert str(error).splitlines() == [
        "broken.cu:6:3: expected ',' or ';' before 'int'",
        "    6 |   int y = 2;",
        "      |   ^",
    ]
    assert "ninja" in error.log


def test_the_first_of_many_errors_is_shown() -> None:
    error = failing(host_source() + "int a = first;\nint b = second;\nint c = third;\n")
    assert error.line == 3 and "first" in error.message
    assert "third" not in str(error) and "third" in error.log


def test_the_caret_of_a_line_that_was_rewritten_stands_at_the_learners_column() -> None:
    launch = "void go() { k<<<1, 32>>>(missing_name); }"
    error = failing(host_source() + "__global__ void k(int n) {}\n" + launch + "\n")
    assert error.line == 4 and "missing_name" in error.message
    line, *caret = error.excerpt.splitlines()
    assert line.endswith(launch)
    if caret:
        assert caret[0].index("^") == line.index("missing_name")


def test_an_error_in_a_kernel_template_names_the_line_in_the_kernel() -> None:
    source = host_source() + (
        "template <class T> __global__ void k(T* p) {\n  p->nothing();\n}\n"
        "void go(float* p) { k<<<1, 1>>>(p); }\n"
    )
    error = failing(source)
    assert (error.file, error.line) == ("broken.cu", 4)


def test_an_error_deep_in_a_library_names_the_learners_line_that_asked_for_it() -> None:
    source = (
        host_source()
        + "#include <vector>\n#include <algorithm>\nstruct S {};\nvoid go(std::vector<S>& v) {\n"
        + "  std::sort(v.begin(), v.end());\n}\n"
    )
    error = failing(source)
    assert (error.file, error.line) == ("broken.cu", 7)


def test_a_missing_header_names_the_include_line() -> None:
    error = failing(host_source() + '#include "no_such_header.h"\n')
    assert (error.file, error.line) == ("broken.cu", 3)
    assert "no_such_header.h: No such file" in error.message


def test_a_missing_brace_at_the_end_points_into_the_learners_file() -> None:
    error = failing(host_source() + "void g() {\n  if (1) {\n}\n")
    assert (error.file, error.line) == ("broken.cu", 5)
    assert error.message == "broken.cu ends in the middle of something; is a '}' or ';' missing?"
    assert failing(host_source() + "struct S {}\n").line in (3, 4)


def test_an_undefined_function_is_named() -> None:
    error = failing(host_source("extern void nowhere(int); nowhere(3);"))
    assert "nowhere(int) is declared and used, but defined nowhere" in str(error)


def test_a_declaration_without_a_body_is_named() -> None:
    with pytest.raises(CompileError, match=r"later\(torch::stable::Tensor\) is declared and used"):
        kbk.load_inline("declared", cuda_sources="void later(Tensor x);", functions=["later"])


def test_cpp_sources_come_first_and_keep_their_own_lines() -> None:
    source = host_source("helper();")
    mod = kbk.load_inline("both", "void helper() {}\n", source, functions=["touch"])
    assert mod.touch.schema == "touch(Tensor(a!) out) -> ()"
    with pytest.raises(CompileError) as caught:
        kbk.load_inline("both", "\nint x = wrong;\n", host_source(), functions=["touch"])
    assert (caught.value.file, caught.value.line) == ("both.cpp", 2)


def test_an_error_in_a_header_of_the_learner_names_the_header(tmp_path: Path) -> None:
    header = tmp_path / "mine.cuh"
    header.write_text("#pragma once\n\nint f() { return wrong; }\n")
    error = failing(host_source() + '#include "mine.cuh"\n', extra_include_paths=[tmp_path])
    assert (error.file, error.line) == (str(header), 3)
    assert "return wrong" in error.excerpt


def test_a_failed_build_is_not_cached_and_the_repaired_source_builds(session_cache: Path) -> None:
    before = entries(session_cache, "library")
    source = host_source()
    failing(source + "int x = wrong;\n")
    assert entries(session_cache, "library") == before
    assert kbk.load_inline("broken", cuda_sources=source, functions=["touch"]).machines == ("cpu",)


def test_what_the_simulator_lacks_is_named_with_its_line() -> None:
    source = host_source() + '__global__ void k() {\n  asm volatile("no.such.instruction;");\n}\n'
    with pytest.raises(UnsupportedError) as caught:
        kbk.load_inline("ptx", cuda_sources=source, functions=["touch"])
    assert (caught.value.file, caught.value.line) == ("ptx.cu", 4)


# What compilers print that are not here, or rarely fail so.

FILES = [("k.cu", "void a(Tensor x) {}\n  int y = z;\n")]
EXPORTS = [("k.cu", Function("a", 1, "host", True))]


def parsed(log: str) -> CompileError:
    error = compile_error(log, FILES, EXPORTS)
    assert isinstance(error, CompileError)
    return error


def test_nvccs_format_is_read() -> None:
    error = parsed(
        "[1/2] nvcc -c cuda.cu\nFAILED: cuda.cuda.o\n"
        'k.cu(2): warning #177-D: variable "q" was declared but never referenced\n'
        'k.cu(2): error: identifier "z" is undefined\n    int y = z;\n            ^\n\n'
        "1 error detected in ...\n"
    )
    assert str(error) == 'k.cu:2: identifier "z" is undefined\n    2 |   int y = z;'


def test_nvccs_static_assertions_are_read() -> None:
    error = parsed(
        "k.cu(1): error: static assertion failed with "
        "\"kbk: a(): parameter 'x' is a float; write double\"\n"
    )
    assert error.message == "a(): parameter 'x' is a float; write double"


def test_clangs_static_assertions_are_read() -> None:
    for text in (
        "error: static assertion failed: kbk: use Tensor",
        "error: static assertion failed due to requirement '!is_float<float>': kbk: use Tensor",
    ):
        assert parsed(f"k.cu:1:3: {text}\n").message == "use Tensor"


def test_a_numbered_error_of_nvcc_is_read() -> None:
    assert parsed("k.cu(2): error #20: identifier undefined\n").line == 2


def test_ptxas_has_no_line_but_its_words() -> None:
    log = "ptxas error   : Entry function '_Z1kv' uses too much shared data (0x40000 bytes)\n"
    assert "too much shared data" in str(parsed(log))


def test_localised_messages_still_give_file_and_line() -> None:
    error = parsed("k.cu: In Funktion 'void f()':\nk.cu:2:11: Fehler: 'z' wurde nicht deklariert\n")
    assert (error.file, error.line) == ("k.cu", 2)


def test_a_compiler_that_died_is_reported_without_a_line() -> None:
    error = parsed(
        "g++: fatal error: Killed signal terminated program cc1plus\ncompilation terminated.\n"
    )
    assert "Killed signal terminated program cc1plus" in str(error)


def test_a_full_disk_while_compiling_is_its_own_error() -> None:
    log = "/tmp/ccX.s: fatal error: error writing to /tmp/ccX.s: No space left on device\n"
    error = compile_error(log, FILES, EXPORTS)
    assert isinstance(error, DiskFullError) and "KBK_CACHE" in str(error)
