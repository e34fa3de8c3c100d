"""The text of a CUDA submission means to us what it means to the compiler, and names no build."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kbk import sim
from kbk.build.support import torch_includes
from kbk.build.toolchain import host_compiler
from kbk.grade import catalogue, symbols, words

SECRET = '#include "/etc/passwd"'


def line_of_refusal(text: str) -> int | None:
    found = words.refused(text, ".cu")
    return None if found is None else found.line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('#inc\\\nlude "/etc/passwd"', 1),
        ('int x;\n#include \\\n "/etc/passwd"', 2),
        (f"/**/ {SECRET}", 1),
        (f"/* two\nlines */ {SECRET}", 2),
        (f"#if 0\n/**/ #else\n{SECRET}\n#endif", 3),
        (f"// joined \\ \n/*\n{SECRET}\n// */", 1),
        (f"// joined \\\f\n/*\n{SECRET}\n// */", 1),
        ('#\0include "/etc/passwd"', 1),
        ('??=include "/etc/passwd"', 1),
        ("#include <../../secret>", 1),
        ("#define H <x>\n#include H", 2),
        ('#if __has_include("/etc/passwd")\n#endif', 1),
        ('#line 1 "other"', 1),
        ('# 1 "other"', 1),
        ("#ifdef /*\n*/ memcpy\n#endif", 1),
        ("#if 1 && \\\n defined(memset)\n#endif", 1),
        ("#define memmove mine", 1),
        ("#undef __global__", 1),
        ("#define A(x) #x\n#define B(x) A(x)", 2),
        ("#define A(...) \\\n  #__VA_ARGS__\n#define B(x) \\\n  A(x)", 4),
    ],
)
def test_what_the_compiler_would_read_otherwise_is_refused_at_its_line(
    text: str, line: int
) -> None:
    assert line_of_refusal(text) == line


NAMES_TEXT = """
__SANITIZE_THREAD__ __has_feature __OPTIMIZE__ __NO_INLINE__ __INCLUDE_LEVEL__ __COUNTER__
_GLIBCXX_TSAN __CONCAT __STRING __REDIRECT __memcpy_chk __builtin___memcpy_chk __builtin_memmove
__builtin_constant_p bcopy mempcpy wmemcpy stpcpy
"""


@pytest.mark.parametrize("word", NAMES_TEXT.split())
def test_a_name_of_the_compiler_and_its_libraries_is_refused(word: str) -> None:
    assert line_of_refusal(f"int x;\nint y = {word};") == 2


@pytest.mark.parametrize(
    "text",
    [
        '#define CHECK(call) \\\n  do { if ((call) != 0) printf("%s", #call); } while (0)',
        "#define MOST 1024 /* two\nlines */\n#if MOST > 3 \\\n    && MOST < 9\n#endif",
        'const char* t = R"(a\\\nb ??)";',
        "memcpy(&v, p, 16); std::memset(p, 0, n); auto copy = memmove;",
        "// a drawing: /\\\n// and \\\\\nint x;\n#",
        "x = __popc(m) + __shfl_xor_sync(~0u, v, 1) + __ldg(p) + __nanosleep(3);",
        "if (__builtin_expect(n > 0, 1)) __builtin_unreachable();",
        "__global__ void __launch_bounds__(256) k(float* __restrict__ p) { __trap(); }",
        "#include <cooperative_groups.h>\n#include <cub/cub.cuh>\n#pragma unroll\n#error no",
    ],
)
def test_what_people_write_is_not_refused(text: str) -> None:
    found = words.refused(text, ".cu")
    assert found is None, found


def test_no_solution_and_no_stub_is_refused() -> None:
    for each in catalogue.all():
        for text in (catalogue.solution_text(each), catalogue.stub_text(each)):
            found = words.refused(text, each.suffix)
            assert found is None, (each.id, found)


def test_a_macro_that_differs_between_the_builds_cannot_be_asked_for(tmp_path: Path) -> None:
    source = tmp_path / "all.cpp"
    source.write_text(
        "#include <algorithm>\n#include <memory>\n#include <string>\n#include <kbk_sim.h>\n"
    )
    compiler = host_compiler()

    def macros(variant: str) -> set[str]:
        flags = [*sim.kernel_flags(compiler.family, variant), "-std=c++17", f"-I{sim.INCLUDE_DIR}"]
        flags += ["-DKBK_SIM=1", "-DKBK_SIM_ARCH=900", *torch_includes()]
        command = [*compiler.command.split(), *flags]
        done = subprocess.run(
            [*command, "-dM", "-E", str(source)], capture_output=True, text=True, check=True
        )
        return set(done.stdout.splitlines())

    other = {each.split()[1].partition("(")[0] for each in macros("plain") ^ macros("traced")}
    assert {"KBK_TRACED", "memcpy"} <= other
    for name in other:
        assert line_of_refusal(f"#ifdef {name}\n#endif") == 1, name


@pytest.mark.parametrize("name", ["__memcpy_chk", "__memmove_chk", "strncpy", "bcopy", "mempcpy"])
def test_a_library_may_not_ask_for_what_copies_uncounted(name: str) -> None:
    assert not symbols.allowed(name) and symbols.allowed("memcpy")
