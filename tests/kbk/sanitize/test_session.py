"""`with kbk.sanitize()`: what it collects, raises and leaves behind, whatever happens inside."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from typing import Any

import pytest
import torch
from session_sources import ELEMENTS, ELEMENTS_OPS, HOST, HOST_OPS

import kbk
import kbk.ops
from kbk import sim
from kbk.build.watchers import watchers
from kbk.errors import ArgumentError, LaunchError, SanitizerError


@pytest.fixture(scope="module")
def elements() -> Any:
    return kbk.load_inline("elements", cuda_sources=ELEMENTS, functions=ELEMENTS_OPS)


@pytest.fixture(scope="module")
def host() -> Any:
    return kbk.load_inline("host", cuda_sources=HOST, functions=HOST_OPS)


@pytest.fixture(autouse=True)
def nothing_stays_behind(elements: Any) -> Any:
    yield
    assert watchers == []
    out = torch.zeros(3)
    elements.add(out, torch.ones(3))
    assert out.tolist() == [2, 2, 2]


def codes(s: Any) -> list[tuple[str, str]]:
    return [(each.severity, each.code) for each in s.findings]


def test_nothing_found_is_nothing_raised(elements: Any) -> None:
    out = torch.empty(100)
    with kbk.sanitize() as s:
        elements.add(out, torch.ones(100))
    assert s.findings == s.errors == [] and bool((out == 2).all())
    assert str(s) == "kbk.sanitize: nothing found" and repr(s) == f"<{s}>"
    assert len(s.launches) == 1


def test_an_error_is_raised_at_the_end_of_the_block_with_all_findings(elements: Any) -> None:
    done = []
    with pytest.raises(SanitizerError) as caught, kbk.sanitize() as s:
        elements.race(torch.zeros(1))
        done.append("went on")
        elements.add_some(torch.zeros(9), torch.ones(9), 8)
    assert done == ["went on"]
    assert codes(s) == [("error", "race-waw"), ("info", "unwritten-output")]
    assert caught.value.findings == s.findings
    assert str(caught.value) == f"{s.findings[0]}\nand 1 more"
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_with_raise_on_error_off_it_only_collects(elements: Any) -> None:
    with kbk.sanitize(raise_on_error=False) as s:
        elements.add_some(torch.zeros(9), torch.ones(9), 8)  # an info, first
        elements.race(torch.zeros(1))
    assert codes(s) == [("error", "race-waw"), ("info", "unwritten-output")]
    assert s.errors == s.findings[:1] and repr(s) == "<kbk.sanitize: 1 error, 1 info>"


def test_warnings_and_infos_raise_nothing(elements: Any, host: Any) -> None:
    with kbk.sanitize() as s:
        elements.add_some(torch.zeros(9), torch.ones(9), 8)
        host.falls_back(torch.zeros(64), torch.ones(64), 2048)
    assert codes(s) == [("warning", "launch"), ("info", "unwritten-output")]


@pytest.mark.parametrize("raise_on_error", [True, False])
def test_a_launch_that_must_not_go_on_ends_the_block_and_leaves_the_tensors(
    elements: Any, raise_on_error: bool
) -> None:
    out, s = torch.zeros(4), kbk.sanitize(raise_on_error=raise_on_error)
    reached = []
    try:
        with s:
            elements.write_at(out, 1)
            elements.write_at(out, 4)
            reached.append("more")
    except SanitizerError as error:
        assert raise_on_error and error.findings == s.findings
    else:
        assert not raise_on_error
    assert reached == [] and out.tolist() == [0, 1, 0, 0]
    finding = s.findings[0]
    assert (finding.code, finding.where, finding.severity) == ("bounds-global", "out[4]", "error")


def test_who_catches_the_end_of_a_launch_is_told_why_and_the_finding_stays(elements: Any) -> None:
    with pytest.raises(SanitizerError), kbk.sanitize() as s:
        with pytest.raises(LaunchError, match=r"^Invalid __global__ write of size 4") as caught:
            elements.write_at(torch.zeros(4), -1)
        elements.race(torch.zeros(1))
    assert (caught.value.kind, caught.value.file) == ("out-of-bounds", "elements.cu")
    assert codes(s) == [("error", "bounds-global"), ("error", "race-waw")]


def test_the_same_finding_of_many_calls_is_one_with_their_count(elements: Any) -> None:
    with kbk.sanitize(raise_on_error=False) as s:
        for _ in range(3):
            elements.race(torch.zeros(1))
    assert codes(s) == [("error", "race-waw")] and s.findings[0].count == 3 * 63


def test_two_blocks_share_nothing(elements: Any) -> None:
    with kbk.sanitize(raise_on_error=False) as first:
        elements.race(torch.zeros(1))
    with kbk.sanitize() as second:
        elements.add(torch.zeros(2), torch.ones(2))
    assert len(first.findings) == 1 and second.findings == []
    assert [len(first.launches), len(second.launches)] == [1, 1]


def test_two_modules_in_a_block(elements: Any, host: Any) -> None:
    with kbk.sanitize(raise_on_error=False) as s:
        elements.race(torch.zeros(1))
        host.scratch_empty_like(torch.zeros(8), torch.ones(8), 7)
    assert {each.file for each in s.findings} == {"elements.cu", "host.cu"}


def test_an_exception_of_the_users_own_goes_through(elements: Any) -> None:
    with pytest.raises(ZeroDivisionError), kbk.sanitize() as s:
        elements.race(torch.zeros(1))
        _ = 1 // 0
    assert codes(s) == [("error", "race-waw")]


@pytest.mark.parametrize(
    ("out", "x", "message"),
    [
        (torch.zeros(4), torch.ones(5), "out must have the shape of x"),
        (torch.zeros(4), 3, "x must be a tensor, but is int 3"),
        (torch.zeros(4), torch.ones(4).to_sparse(), "x must be a dense tensor"),
        (torch.zeros(4), torch.ones(4, device="meta"), "x must be on the device of out"),
    ],
)
def test_a_refused_call_is_refused_as_ever_and_leaves_no_finding(
    elements: Any, out: Any, x: Any, message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        elements.add(out, x)
    with pytest.raises(ArgumentError, match=message), kbk.sanitize() as s:
        elements.add(out, x)
    assert s.findings == []


def test_too_few_arguments_are_refused_as_ever(elements: Any) -> None:
    with pytest.raises(ArgumentError, match="misses the argument x"), kbk.sanitize():
        elements.add(torch.zeros(4))


def test_a_block_in_a_block_is_refused_in_a_sentence_and_the_outer_one_goes_on(
    elements: Any,
) -> None:
    with pytest.raises(SanitizerError), kbk.sanitize() as s:
        with pytest.raises(ArgumentError, match=r"^sanitize: another .* is under way"):
            kbk.sanitize().__enter__()
        elements.race(torch.zeros(1))
    assert codes(s) == [("error", "race-waw")]


def test_ctrl_c_ends_a_launch_and_the_block(host: Any) -> None:
    def interrupt() -> None:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    with kbk.sanitize():  # build before the clock runs
        host.asks(torch.zeros(8), torch.ones(8), 8)
    with sim.settings(time_limit=60):
        thread = threading.Thread(target=interrupt)
        begin = time.perf_counter()
        with pytest.raises(KeyboardInterrupt), kbk.sanitize():
            thread.start()
            host.hang(torch.zeros(32), torch.zeros(1))
        thread.join()
    assert time.perf_counter() - begin < 30


def test_calls_of_other_threads_are_watched_all_of_them(elements: Any) -> None:
    def work() -> None:
        for _ in range(20):
            elements.race(torch.zeros(1))

    threads = [threading.Thread(target=work) for _ in range(4)]
    with kbk.sanitize(raise_on_error=False) as s:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(s.launches) == 80 and s.findings[0].count == 80 * 63


def test_a_plain_call_builds_no_twin() -> None:
    module = kbk.load_inline("elements", cuda_sources=ELEMENTS + "// x\n", functions=["race"])
    module.race(torch.zeros(1))
    assert "_traced" not in module.__dict__


def test_the_ops_of_the_package_are_watched() -> None:
    x, out = torch.rand(100), torch.empty(100)
    values, sent = torch.arange(100, dtype=torch.int32), torch.empty(100, dtype=torch.int32)
    with kbk.sanitize() as s:
        kbk.ops.copy(out, x)
        kbk.ops.copy_to_gpu_no_ce(values, sent)
    assert s.findings == [] and len(s.launches) == 2
    assert torch.equal(out, x) and torch.equal(sent, values)


@pytest.mark.slow
def test_a_function_of_torch_compile_runs_uncompiled_inside_and_is_watched(elements: Any) -> None:
    def step(x: torch.Tensor) -> torch.Tensor:
        elements.race(x)
        return x * 2

    compiled = torch.compile(step, backend="aot_eager")
    compiled(torch.zeros(1))
    with kbk.sanitize(raise_on_error=False) as s:
        compiled(torch.zeros(1))
    assert codes(s) == [("error", "race-waw")]


def test_the_launches_explain_arguments_and_results(elements: Any) -> None:
    x, out = torch.ones(64), torch.zeros(64)
    with kbk.sanitize() as s:
        elements.add(out, x)
        result = elements.fresh(x, 60)
        _, second = elements.two(x)
    add, fresh, _, two = s.launches
    assert str(kbk.explain(add, out, 5)).startswith("out[5] was written once by add_one")
    assert kbk.explain(fresh, result, 5).writes[0].value == "2.0"
    assert kbk.explain(fresh, result, 63).count == 0
    assert kbk.explain(two, second, 70).writes[0].thread == (6, 0, 0)


def test_a_short_history_ends_nothing_and_says_that_it_was_full(elements: Any) -> None:
    out, x = torch.zeros(64), torch.ones(64)
    for most in (0, 10):
        with kbk.sanitize(most_records=most) as s:
            elements.add(out, x)
            elements.add(out, x)
        assert s.findings == [] and [each.complete for each in s.launches] == [False, False]
        with pytest.raises(ArgumentError, match="larger most_records"):
            kbk.explain(s.launches[1], out, 5)


@pytest.mark.parametrize("most", [-1, 1.5, True, "many"])
def test_a_strange_number_of_records_is_refused(most: Any) -> None:
    with pytest.raises(ArgumentError, match="most_records must be an int from 0 on"):
        kbk.sanitize(most_records=most)


def test_findings_can_be_kept_and_shown(elements: Any) -> None:
    with pytest.raises(SanitizerError) as caught, kbk.sanitize() as s:
        elements.race(torch.zeros(1))
    assert pickle.loads(pickle.dumps(s.findings)) == s.findings
    assert pickle.loads(pickle.dumps(caught.value)).findings == s.findings
    assert "1 error" in s._repr_html_() and "race" in s.findings[0]._repr_html_()
