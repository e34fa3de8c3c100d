"""Runs of small checkouts with sources of our own: each verdict, and that none touches others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kbk.upstream import checkout as checkouts
from kbk.upstream.case import Target
from kbk.upstream.record import FileResult, from_dict
from kbk.upstream.run import run
from kbk.upstream.targets import choose
from kbk.upstream.watch import Limits, watch
from tests.kbk.upstream import fake
from tests.kbk.upstream.conftest import LIMITS
from tests.kbk.upstream.fake import COPY, copy_source, make_checkout

pytestmark = pytest.mark.slow

_KILLING = copy_source(host=fake.KILLED, dispatch=fake.LARGER_TOO)


def outcomes(result: FileResult) -> dict[str, str]:
    return {each.name: each.outcome for each in result.cases}


def test_a_right_source_passes_in_every_order_with_nothing_found(ran):
    result = ran(copy_source())
    assert (result.verdict, result.text) == ("pass", "")
    assert set(outcomes(result).values()) == {"right"}
    assert {each.reordered for each in result.cases} == {"right"}
    assert [each.findings for each in result.cases] == [0] * len(result.cases)
    assert result.findings == []
    assert set(result.build_seconds) == {"plain", "traced"}
    assert (result.lines, len(result.sha256)) == (len(copy_source().splitlines()), 64)


def test_the_counters_are_those_of_the_stated_call(ran):
    result = ran(copy_source())
    (launch,) = result.launches
    assert result.shape == "72 ints"
    assert (launch.grid, launch.block) == ([1, 1, 1], [72, 1, 1])
    assert launch.kernel.startswith("place_kernel")
    assert launch.metrics["l1tex__t_requests_pipe_lsu_mem_global_op_st.sum"] == 3
    assert launch.metrics["memory_l2_theoretical_sectors_global"] == 9


def test_a_wrong_element_is_told_with_who_wrote_it(ran):
    result = ran(copy_source(fake.WRONG))
    assert result.verdict == "race"  # two threads write the element: either may be the last
    case = next(each for each in result.cases if each.name == "int32 [64]")
    (mistake,) = case.mistakes
    (wrong,) = mistake.worst
    assert (mistake.count, mistake.total, wrong.index) == (1, 64, [5])
    assert wrong.got == "1"
    assert f"1 was stored by thread (6, 0, 0) of block (0, 0, 0), at {COPY}:14" in wrong.writer
    assert result.text.startswith("int32 [64]: 1 of 64 elements of output are wrong")
    assert "found a race in this call" in result.text


def test_a_race_is_a_finding_beside_the_verdict(ran):
    result = ran(copy_source(fake.WRONG))
    races = [each for each in result.findings if each.kind == "race"]
    assert races
    assert {(each.file, each.line) for each in races} == {(COPY, 14)}
    assert races[0].cases == ["int32 [64]", "int32 [72]"]
    assert "out[5] = 1;" in races[0].excerpts
    assert "out[5] = 1;" not in races[0].message


def test_a_source_that_does_not_compile_names_file_and_line(ran):
    result = ran(copy_source(fake.BROKEN))
    assert (result.verdict, result.file, result.line) == ("compile-error", COPY, 14)
    assert "nowhere" in result.text
    assert result.cases == []


def test_an_instruction_that_the_simulator_lacks_is_unsupported_at_its_line(ran):
    result = ran(copy_source(fake.UNSUPPORTED))
    assert (result.verdict, result.file, result.line) == ("unsupported", COPY, 14)
    assert "wgmma" in result.text


def test_a_kernel_without_an_end_is_a_hang_and_the_other_calls_still_run(ran):
    result = ran(copy_source(fake.FOREVER))
    assert result.verdict == "hang"
    assert outcomes(result)["int32 [64]"] == "hang"
    assert outcomes(result)["refuses int32 [65]"] == "right"


def test_a_call_that_kills_the_process_is_a_crash_and_the_other_calls_still_run(ran):
    result = ran(_KILLING)
    assert (result.verdict, outcomes(result)["int32 [72]"]) == ("crash", "crash")
    assert "signal SIGKILL" in result.text
    assert outcomes(result)["int32 [64]"] == "right"
    assert outcomes(result)["refuses int64 [64]"] == "right"
    assert result.launches == []  # its profiled call is one of those


def test_a_call_that_must_be_refused_and_is_not_fails(ran):
    case = next(each for each in ran(_KILLING).cases if each.name == "refuses int32 [65]")
    assert (case.outcome, case.text) == ("refused", "it took arguments that it must refuse")


def test_missing_files_and_missing_headers_do_not_stop_the_rest(tmp_path: Path, no_headers, ran):
    ran(copy_source())  # so that it is built
    files = {COPY: copy_source(), fake.ACTIVATION: "int nothing;\n"}
    found = checkouts.find(make_checkout(tmp_path / "sglang", files, git=True))
    heard = []
    record = run(
        found,
        choose(["topk", "activation", "copy"]),
        limits=LIMITS,
        told=lambda target, what: heard.append((target.key, what)),
    )
    copy, activation, topk = record.files
    assert (copy.verdict, activation.verdict, topk.verdict) == (
        *("pass", "needs FlashInfer"),
        "missing",
    )
    assert fake.PINNED in activation.text
    assert "there is no csrc/elementwise/topk.cu" in topk.text
    assert (record.sglang, record.flashinfer, record.pinned) == (
        *(found.commit, "none"),
        fake.PINNED,
    )
    assert not record.ok
    assert ("copy", "int32 [64]") in heard
    assert from_dict(json.loads(record.to_json())) == record
    assert str(tmp_path) not in record.without_excerpts().to_json().replace(topk.text, "")


def test_a_build_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path):
    found = checkouts.find(make_checkout(tmp_path, {COPY: copy_source() + "\n// a new text\n"}))
    job = {
        "key": "copy",
        "file": str(found.file("elementwise/copy.cu")),
        "folders": [],
        "seed": 0,
    }
    outcome = watch(job, Limits(build=0.2), lambda event: None)
    assert outcome.died == ("hang", "the build did not end within 0.2 seconds")
    mine = f"/proc/{os.getpid()}/task/{os.getpid()}/children"
    if Path(mine).exists():
        assert "kbk.upstream.worker" not in _commands(Path(mine).read_text().split())


def _commands(processes: list[str]) -> str:
    texts = []
    for each in processes:
        file = Path(f"/proc/{each}/cmdline")
        texts.append(file.read_text() if file.exists() else "")
    return " ".join(texts)


def test_looking_for_targets_imports_no_compiler_and_the_command_line_no_torch():
    script = "import kbk.cli, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
    assert isinstance(choose(None)[0], Target)
