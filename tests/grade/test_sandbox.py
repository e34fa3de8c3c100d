"""The walls around a submission, one by one; together they are tried in tests/exploits."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch

from kbk.errors import ArgumentError
from kbk.grade import Case, Read, Write, catalogue, grade, process, sandbox, symbols, values, words
from kbk.grade.isolation import filters, view
from kbk.grade.server import descendants
from tests.grade.conftest import SCALE, make_scale


def test_expected_values_are_computed_when_the_process_is_gone() -> None:
    exercise = make_scale()
    alive: list[int] = []

    def expect(x: torch.Tensor) -> torch.Tensor:
        for _, server in process._pool._idle:
            alive.extend(descendants(server.process.pid))
        return 2.5 * x.double()

    @exercise.check("afterwards", points=1)
    def afterwards(rng: random.Random) -> Iterator[Case]:
        x = values.uniform(rng, 40)
        yield Case(
            "scale", Write(torch.empty_like(x), "out"), Read(x, "x"), 2.5,
            expect=lambda: expect(x), tol=values.tolerance(torch.float32),
        )  # fmt: skip

    assert grade(exercise, SCALE, only=["afterwards"]).ok
    assert alive == []


def test_a_report_says_which_walls_stood(scale, prediction, monkeypatch) -> None:
    assert "watchdog" in grade(scale, SCALE).isolation
    monkeypatch.setenv("KBK_SANDBOX", "limits")
    report = grade(scale, SCALE)
    assert report.isolation == "limits and a watchdog" == report.as_dict()["isolation"]
    monkeypatch.setenv("KBK_SANDBOX", "plain")
    assert "namespaces" not in grade(scale, SCALE).isolation


def test_a_trial_that_cannot_tell_prints_nothing_and_comes_to_no_other_end() -> None:
    """Who asked may be gone: then the pipe is broken."""
    program = (
        "import os\nfrom kbk.grade import sandbox\n"
        "def broken(*_): raise BrokenPipeError\n"
        "os.write = broken\n"
        "print(sandbox.why_no_spaces('/tmp'), flush=True)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("they do not work here\n", "")


def test_an_unknown_level_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("KBK_SANDBOX", "none")
    with pytest.raises(ArgumentError, match="auto, plain, limits; it was 'none'"):
        sandbox.level()


@pytest.mark.parametrize(
    "name",
    ["write", "open", "openat", "fork", "execve", "dlopen", "dlsym", "syscall", "mmap", "mprotect",
     "pthread_create", "socket", "ptrace", "prctl", "kill", "raise", "signal", "sigaction",
     "setenv", "fopen", "system", "_exit", "exit", "longjmp", "process_vm_readv",
     "kbk_sim_log_launches",
     "kbk_sim_fence", "aoti_torch_cpu_mm_out", "_ZNSt13basic_filebufIcSt11char_traitsIcEE4openEPKc",
     "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE",
     "_ZNSt13random_device9_M_getvalEv", "_r_debug"],
)  # fmt: skip
def test_a_library_may_not_ask_for(name: str) -> None:
    assert not symbols.allowed(name)


@pytest.mark.parametrize(
    "name",
    ["malloc", "memcpy", "expf", "__wrap_expf", "_Znwm", "_ZNSt12length_errorC1EPKc", "printf",
     "_ZN3kbk6launchEPKcRKNS_12LaunchConfigEmPFvPvES6_S1_i", "__tsan_read4", "__cxa_throw",
     "kbk_sim_cudaMemcpy", "aoti_torch_get_sizes", "torch_call_dispatcher"],
)  # fmt: skip
def test_a_library_may_ask_for(name: str) -> None:
    assert symbols.allowed(name)


def test_no_solution_and_no_stub_says_a_forbidden_word() -> None:
    for exercise in catalogue.all():
        for text in (catalogue.solution_text(exercise), catalogue.stub_text(exercise)):
            assert words.refused(text, exercise.suffix) is None, exercise.id


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("int a;\n__attribute__((no_sanitize_thread)) void f();", "no_sanitize_thread"),
        ("int a;\n[[gnu::constructor]] void f();", "constructor"),
        ("int a;\n#pragma GCC optimize(3)", "#pragma GCC"),
        ("int a;\nvoid f() { kbk::launch(); }", "kbk"),
        ('int a;\n#include "/dev/zero"', "headers by name"),
        ('int a;\n#include "../x.h"', "headers by name"),
        ("int a;\n#include NAME", "headers by name"),
        ("int a;\n#ifdef KBK_TRACED\n#endif", "KBK_TRACED"),
        ("int a;\nvoid f() { stdout->x = 3; }", "stdout"),
        ("int a;\nvoid f() { auto s = stderr; }", "stderr"),
        ("int a;\nvoid f() { (*(S*)stdout).x = 3; }", "stdout"),
        ("int a;\nvoid f() { open_it(stdout); }", "stdout"),
        ("int a;\nvoid f(S* s) { s->_fileno = 3; }", "_fileno"),
        ("int a;\nstruct _IO_FILE* s;", "_IO_FILE"),
        ("int a;\nFILE* s;", "FILE"),
    ],
)
def test_a_forbidden_word_is_named_with_its_line(text: str, word: str) -> None:
    found = words.refused(text, ".cu")
    assert found is not None and word in found.text and found.line == 2


@pytest.mark.parametrize(
    "text",
    [
        "// kbk check 00/02 ## asm\nint kbk_free = 0;".replace("kbk_free", "mine"),
        '#include <algorithm>\n#pragma unroll\n__attribute__((aligned(16))) int x;',
        "alignas(16) __shared__ float tile[32]; [[maybe_unused]] int y = a[b[0]];",
        'const char* text = "kbk::launch ## __attribute__((naked))";',
        'KBK_CHECK(true, "x");',
        'void f(int n) { fprintf(stderr, "%d", g(n, 1)); fputs("x", stdout); fflush(stdout); }',
    ],
)  # fmt: skip
def test_words_of_an_honest_source_pass(text: str) -> None:
    assert words.refused(text, ".cu") is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a = 1\nfrom random import _os", "_os"),
        ("import random\nrandom._os.write(3, b'')", "_os"),
        ("import dataclasses\ndataclasses.builtins.open('x')", "builtins"),
        ("import dataclasses\ndataclasses.sys.modules", "sys"),
        ("import re\nre.enum.sys", "sys"),
        ("import numpy\nnumpy.ctypeslib", "ctypeslib"),
        ("import dataclasses\ngetattr(dataclasses, 'built' + 'ins')", "getattr"),
        ("import dataclasses\nvars(dataclasses)['builtins']", "vars"),
        ("import operator\noperator.attrgetter('_os')", "attrgetter"),
        ("match random:\n    case object(_os=found): pass", "_os"),
        ("from typing import (\n    get_type_hints)", "get_type_hints"),
    ],
)
def test_what_lies_in_a_module_is_forbidden_to_a_prediction(text: str, word: str) -> None:
    found = words.refused(text, ".py")
    assert found is not None and f"`{word}`" in found.text and found.line in (1, 2)


def test_words_of_an_honest_prediction_pass() -> None:
    text = (
        "from collections import namedtuple\nfrom dataclasses import dataclass, field\n"
        "import math, itertools\nimport numpy as np\nWarp = namedtuple('Warp', 'thread load')\n"
        "w = Warp(1, 2)\nx = w.thread + w.load + np.arange(4).sum()\n"
    )
    assert words.refused(text, ".py") is None


def test_a_file_of_somebody_is_closed_in_namespaces_too(prediction, monkeypatch) -> None:
    monkeypatch.setattr("kbk.grade.grader.STRICT", False)
    text = "import os\nprint(os.path.isdir('/var'))\nos.listdir('/var')"  # nothing covers it
    report = grade(prediction, text)
    if "namespaces (" not in report.isolation or "other files closed" not in report.isolation:
        pytest.skip("namespaces or Landlock are missing here")
    assert "True" in report.printed and "PermissionError" in report.checks[0].message, report


def test_the_filter_exists_for_both_processors() -> None:
    for machine in ("x86_64", "aarch64"):
        assert len(filters.program(machine, 7)) % 8 == 0


def test_the_view_never_covers_the_system() -> None:
    assert not {"/", "/usr", "/etc", "/lib"} & set(view.personal(["/", "/usr"]))
