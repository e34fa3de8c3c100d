"""Each verdict, from a submission that earns it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import torch

from kbk.grade import Ask, Case, Exercise, Read, Report, Write, grade, plain, values
from kbk.grade.grader import _ending
from kbk.grade.judge import difference, judge_ask
from kbk.grade.process import Outcome
from tests.grade.conftest import SCALE, make_scale

HOST = "  if (n == 0) return;\n"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hang is known after a second and a half."""
    monkeypatch.setenv("KBK_GRADE_PATIENCE", "0.3")


def verdict(exercise: Exercise, source: str) -> Report:
    return grade(exercise, source, seed=1)


def test_a_right_submission_passes_with_all_points(scale: Exercise) -> None:
    report = verdict(scale, SCALE)
    assert report.ok and report.earned == report.points == 6


def test_wrong_values_are_a_wrong_answer_with_coordinates(scale: Exercise) -> None:
    report = verdict(scale, SCALE.replace("a * x[i]", "a * x[i] + (i == 7 ? 1 : 0)"))
    assert report.verdict == "wrong-answer"
    assert "out[7]" in str(report) and "expected" in str(report)
    assert "1 of 32 elements" in report.failed.message


def test_an_element_that_nobody_wrote_is_uninitialized_and_its_range_is_named(scale) -> None:
    report = verdict(scale, SCALE.replace("(n + 255) / 256", "(n < 256 ? 1 : n / 256)"))
    assert report.verdict == "uninitialized"
    assert "out[768] to out[999] were never written (232 of 1,000" in report.failed.message


def test_a_source_that_does_not_compile_is_a_compile_error_at_its_line(scale) -> None:
    report = verdict(scale, SCALE.replace("a * x[i];", "a * y[i];"))
    assert report.verdict == "compile-error"
    assert report.failed.line == 4 and "01_scale.cu:4" in report.failed.message
    assert report.checks[1].verdict == "not-run" and report.earned == 0


def test_a_missing_function_is_a_compile_error(scale) -> None:
    report = verdict(scale, SCALE.replace("void scale(", "void skale("))
    assert report.verdict == "compile-error" and "scale" in report.failed.message


def test_an_impossible_launch_is_a_launch_error(scale) -> None:
    report = verdict(scale, SCALE.replace(", 256, 0", ", 2048, 0"))
    assert report.verdict == "launch-error" and "2048" in report.failed.message


def test_leaving_a_tensor_is_out_of_bounds_with_the_line(scale) -> None:
    report = verdict(scale, SCALE.replace("i < n", "i <= n"))
    assert report.verdict == "out-of-bounds" and report.failed.line == 4


def test_writing_an_input_is_out_of_bounds(scale) -> None:
    cheat = SCALE.replace("if (i < n) ", "if (i < n) const_cast<float*>(x)[i] = 1; if (i < n) ")
    assert verdict(scale, cheat).verdict == "out-of-bounds"


def test_a_kernel_that_never_ends_is_a_hang_at_its_line(scale) -> None:
    report = verdict(scale, SCALE.replace("  if (i < n) ", "  while (n == 32) ;\n  if (i < n) "))
    assert report.verdict == "hang" and report.failed.line == 4
    assert "settings" not in report.failed.message
    assert report.checks[1].verdict == "not-run"


def test_a_host_function_that_never_ends_is_a_hang(scale) -> None:
    report = verdict(scale, SCALE.replace(HOST, '  while (n == 32) asm volatile("");\n' + HOST))
    assert report.verdict == "hang"


def test_a_host_function_that_crashes_costs_its_check_and_no_other(scale) -> None:
    report = verdict(scale, SCALE.replace(HOST, "  if (n == 32) *(volatile int*)8 = 1;\n" + HOST))
    assert report.verdict == "crash" and "SIGSEGV" in report.failed.message
    assert [check.verdict for check in report.checks] == ["crash", "pass"]
    assert report.earned == 3


@pytest.mark.parametrize("status", [0, 3])
def test_a_submission_that_ends_the_process_does_not_score(scale, loose, status: int) -> None:
    source = SCALE.replace(HOST, f"  if (n == 32) _exit({status});\n" + HOST)
    report = verdict(scale, "#include <unistd.h>\n" + source)
    assert report.verdict == "crash" and "ended itself" in report.failed.message


def test_memory_without_end_is_a_crash_that_says_so(scale, monkeypatch) -> None:
    monkeypatch.setenv("KBK_GRADE_PATIENCE", "10")  # memory ends it, not time
    eat = (
        "  while (n == 32) { volatile char* p = (char*)malloc(1 << 28);"
        " for (int i = 0; i < (1 << 28); i += 4096) p[i] = 1; }\n"
    )
    report = verdict(scale, "#include <cstdlib>\n" + SCALE.replace(HOST, eat + HOST))
    assert report.verdict == "crash" and "memory" in report.failed.message


def test_the_host_may_not_do_the_work(scale) -> None:
    launch = SCALE[SCALE.index("  scale_kernel<<<") : SCALE.rindex("}")]
    loop = "  for (int64_t i = 0; i < n; ++i) out.mutable_data_ptr<float>()[i] = "
    loop += "float(a) * x.const_data_ptr<float>()[i];\n"
    report = verdict(scale, SCALE.replace(launch, loop))
    assert report.verdict == "crash"
    assert "the host function touched memory of the device" in report.failed.message


def test_copies_may_not_do_the_work(scale) -> None:
    launch = SCALE[SCALE.index("  scale_kernel<<<") : SCALE.rindex("}")]
    copy = "  cudaMemcpy(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), 4 * n, "
    copy += "cudaMemcpyDeviceToDevice);\n"
    report = verdict(scale, SCALE.replace(launch, launch + copy).replace("a * x[i]", "x[i]"))
    assert not report.ok


def test_a_launch_too_many_is_too_much_traffic(scale) -> None:
    launch = SCALE[SCALE.index("  scale_kernel<<<") : SCALE.rindex("}")]
    report = verdict(scale, SCALE.replace(launch, launch + launch))
    assert report.verdict == "too-much-traffic" and "it must be 1" in report.failed.message


def test_processes_that_a_submission_leaves_behind_are_ended(scale, loose, tmp_path) -> None:
    mark = tmp_path / "pid"
    daemon = (
        "  if (n == 32 && fork() == 0) { setsid(); if (fork() == 0) {"
        f' FILE* f = fopen("{mark}", "w"); fprintf(f, "%d", getpid()); fclose(f);'
        " for (;;) sleep(1); } _exit(0); }\n"
        "  if (n == 32) sleep(1);\n"
    )
    source = "#include <cstdio>\n#include <unistd.h>\n" + SCALE.replace(HOST, daemon + HOST)
    verdict(scale, source)
    assert mark.exists(), "the daemon never ran: this test proves nothing"
    for _ in range(100):
        try:
            stat = Path(f"/proc/{int(mark.read_text())}/stat").read_text()
            state = stat.rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    os.kill(int(mark.read_text()), 9)
    pytest.fail("the daemon survived")


def test_what_a_kernel_prints_is_shown_with_a_failure(scale) -> None:
    loud = SCALE.replace("if (i < n) out", 'if (i == 3) printf("thread three\\n"); if (i < n) out')
    report = verdict(scale, loud.replace("a * x[i]", "x[i]"))
    assert "thread three" in report.printed and "thread three" in str(report)


def test_a_flood_of_output_is_cut_and_harms_nobody(scale) -> None:
    loud = "#include <cstdio>\n" + SCALE.replace(
        HOST, '  for (int i = 0; i < 200000; ++i) printf("flood flood flood\\n");\n' + HOST
    )
    report = verdict(scale, loud)
    assert report.ok and len(report.printed) <= 64 << 10


def test_a_forged_report_on_standard_output_does_not_score(scale) -> None:
    lie = '  printf("{\\"event\\": \\"end\\", \\"index\\": 0}\\n{\\"event\\": \\"done\\"}\\n");\n'
    source = "#include <cstdio>\n" + SCALE.replace(HOST, lie + "  return;\n")
    assert verdict(scale, source).earned == 0 or not verdict(scale, source).ok


GOOD = "def twice(x):\n    return 2 * x\ndef pairs(n):\n    return [(i, 2 * i) for i in range(n)]\n"


def test_a_right_prediction_passes(prediction) -> None:
    assert verdict(prediction, GOOD).ok


def test_a_wrong_prediction_shows_the_setting_and_both_values(prediction) -> None:
    report = verdict(prediction, GOOD.replace("2 * x", "x + x % 2"))
    assert report.verdict == "wrong-answer"
    assert "twice(" in report.failed.message and "must be" in report.failed.message


def test_a_wrong_drawing_says_which_entry_differs(prediction) -> None:
    report = verdict(prediction, GOOD.replace("2 * i)", "i)"))
    assert "entry [1] is (1, 1), must be (1, 2)" in report.failed.message


def test_a_wrong_map_shows_its_first_wrong_cell_and_not_the_answer() -> None:
    expected = [[(row, column) for column in range(16)] for row in range(4)]
    value = [list(row) for row in expected]
    value[2][5] = (9, 9)
    assert difference(value, expected) == "entry [2][5] is (9, 9), must be (2, 5)"
    fault = judge_ask(Ask("map", expect=expected), {"value": plain.encode(value)})
    assert fault is not None and len(fault.text) < 80 and "entry [2][5]" in fault.text


def test_numbers_of_another_type_do_not_pass_for_a_prediction(prediction) -> None:
    for wrong in ("None", "'x'", "True", "float('nan')", "[2 * x]"):
        assert verdict(prediction, GOOD.replace("2 * x", wrong)).verdict == "wrong-answer", wrong


def test_an_answer_that_is_always_equal_does_not_pass(prediction) -> None:
    lie = "class Yes(int):\n    def __eq__(self, other): return True\n    __hash__ = None\n"
    assert not verdict(prediction, lie + GOOD.replace("2 * x", "Yes(0)")).ok


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (GOOD.replace("2 * x", "x / 0"), "crash"),
        (GOOD.replace("return 2 * x", "while True: pass"), "hang"),
        ("while True: pass\n", "hang"),
        ("def twice(x)\n    return\n", "compile-error"),
        ("import os\nos._exit(0)\n", "crash"),
        ("raise ValueError('no')\n", "compile-error"),
        ("def twice(x): return 2 * x\n", "compile-error"),
        ("import sys\n" + GOOD.replace("return 2 * x", "sys.exit(0)"), "crash"),
        (GOOD.replace("return 2 * x", "import os; os._exit(0)"), "crash"),
    ],
)
def test_a_prediction_that_does_not_work_says_how(
    prediction, loose, source: str, kind: str
) -> None:
    report = verdict(prediction, source)
    assert report.verdict == kind, report
    assert report.earned <= 1


def test_the_same_seed_gives_the_same_inputs(scale) -> None:
    wrong = SCALE.replace("a * x[i]", "3 * x[i]")
    one, two = (grade(scale, wrong, seed=5).failed.worst for _ in range(2))
    assert one == two != grade(scale, wrong, seed=6).failed.worst


def test_a_signal_without_a_name_is_a_crash_too() -> None:
    fault = _ending(Outcome(ended="signal", number=40))
    assert fault.verdict == "crash" and "signal 40" in fault.text


def test_stopping_the_process_above_does_not_stop_the_grader(scale, loose, monkeypatch) -> None:
    monkeypatch.setattr("kbk.grade.process._PATIENCE", 0.5)
    stop = "  kill(getppid(), SIGSTOP);\n"
    source = "#include <csignal>\n#include <unistd.h>\n" + SCALE.replace(HOST, stop + HOST)
    assert verdict(scale, source).verdict == "crash"


def test_a_cache_that_cannot_be_written_is_no_fault_of_the_submission(
    scale, monkeypatch, tmp_path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KBK_CACHE", str(tmp_path / "file"))
    report = verdict(scale, SCALE)
    assert report.verdict == "cannot-grade" and "cannot be written" in report.failed.message


def test_named_tuples_dataclasses_and_arrays_are_taken_for_what_they_hold(prediction) -> None:
    source = (
        "import dataclasses, typing, numpy\n"
        "class Pair(typing.NamedTuple):\n    a: int\n    b: int\n"
        "@dataclasses.dataclass\nclass Held:\n    x: int\n"
        "def twice(x):\n    return numpy.int64(2) * Held(x).x\n"
        "def pairs(n):\n    return [Pair(i, 2 * i) for i in range(n)]\n"
    )
    assert verdict(prediction, source).ok
    arrays = source.replace(
        "[Pair(i, 2 * i) for i in range(n)]", "numpy.array([(0, 0), (1, 2), (2, 4)])"
    )
    assert verdict(prediction, arrays).ok


def test_a_fraction_does_not_pass_for_an_integer(prediction) -> None:
    report = verdict(prediction, GOOD.replace("2 * x", "2.0 * x"))
    assert report.verdict == "wrong-answer" and "integer" in report.failed.message


def test_control_characters_of_a_submission_reach_no_terminal(scale, prediction) -> None:
    loud = "#include <cstdio>\n" + SCALE.replace(HOST, '  printf("\\033[2Jgone\\n");\n  return;\n')
    assert "\x1b" not in str(verdict(scale, loud)) and "gone" in str(verdict(scale, loud))
    odd = GOOD.replace("return 2 * x", "raise ValueError('\\ud800 \\x1b[2J')")
    str(verdict(prediction, odd)).encode()


def test_a_kernel_must_store_every_byte_of_an_output_where_accesses_are_counted(
    loose,
) -> None:
    exercise = make_scale()  # no fence keeps the host from the memory here

    @exercise.check("by kernels", points=0, gate=True)
    def by_kernels(rng):
        x = values.uniform(rng, 1000)
        yield Case(
            "scale", Write(torch.empty_like(x), "out"), Read(x, "x"), 2.5, trace=True,
            expect=lambda: 2.5 * x.double(), tol=values.tolerance(torch.float32), label="traced",
        )  # fmt: skip

    assert verdict(exercise, SCALE).ok
    tail = (
        "      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), float(a), n - n % 256);\n"
        "  for (int64_t i = n - n % 256; i < n; ++i)\n"
        "    out.mutable_data_ptr<float>()[i] = float(a) * x.const_data_ptr<float>()[i];\n}\n"
    )
    report = verdict(exercise, SCALE[: SCALE.index("      out.mutable_data_ptr")] + tail)
    assert report.failed.name == "by kernels"
    assert "kernels stored 3,072 of the 4,000 bytes of out" in report.failed.message
