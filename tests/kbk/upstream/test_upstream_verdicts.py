"""From what workers told to a verdict: what counts, and what is only reported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kbk.upstream.case import Call, Case, Target
from kbk.upstream.checkout import Checkout
from kbk.upstream.record import FileResult
from kbk.upstream.report import as_text, summary_rows
from kbk.upstream.run import Names, summed
from kbk.upstream.watch import Outcome
from tests.kbk.upstream.test_upstream_record import made

CHECKOUT = Checkout(Path("/home/me/sglang"), "", "unknown", None, "unknown")
START = FileResult("copy", "copies", "csrc/copy.cu", ["copy"], verdict="pass")


def case(name: str, **what: Any) -> Case:
    return Case(name, "copy", lambda generator: Call(()), **what)


def target(*cases: Case) -> Target:
    return Target("copy", "copies", "copy.cu", ("copy",), cases, "8 ints", case("profiled"))


def end(name: str, outcome: str = "right", phase: str = "plain", **facts: Any) -> dict[str, Any]:
    told = {"event": "end", "phase": phase, "case": name, "seconds": 0.5}
    if phase == "checked":
        return {**told, "findings": [], "writers": [], **facts}
    return {**told, "outcome": outcome, "text": "" if outcome == "right" else "so", **facts}


def finding(kind: str = "race", severity: str = "error", line: int = 7) -> dict[str, Any]:
    return {
        **{"kind": kind, "code": f"{kind}-x", "severity": severity, "kernel": "k<int>"},
        **{"file": "/home/me/sglang/csrc/copy.cu", "line": line},
        **{"other_file": None, "other_line": None, "count": 2},
        **{"message": "at /home/me/sglang/csrc/copy.cu:7", "excerpts": "x"},
    }


def result(which: Target, *events: dict[str, Any], **outcome: Any) -> FileResult:
    return summed(START, which, Outcome(list(events), **outcome), Names(CHECKOUT))


def test_the_gravest_outcome_of_a_case_is_the_files():
    both = target(case("a"), case("b"))
    told = result(both, end("a", "wrong-answer"), end("b", "hang"))
    assert (told.verdict, told.text) == ("hang", "b: so")
    assert result(both, end("a"), end("b")).verdict == "pass"


def test_a_known_defect_is_reported_and_fails_nothing():
    which = target(case("a"), case("b", known="a defect"))
    told = result(which, end("a"), end("b", "wrong-answer"))
    assert told.verdict == "pass"
    assert [each.shown for each in told.cases] == [None, True]
    assert [each.shown for each in result(which, end("a"), end("b")).cases] == [None, False]


@pytest.mark.parametrize(
    ("outcome", "kind", "shown"),
    [
        ("right", "race", True),
        ("right", "misaligned", False),
        ("hang", "misaligned", False),
        ("wrong-answer", "misaligned", True),
    ],
)
def test_a_defect_shows_by_its_own_evidence_alone(outcome: str, kind: str, shown: bool):
    which = target(case("a", known="a defect", evidence=("race", "wrong-answer")))
    checked = end("a", phase="checked", findings=[finding(kind)])
    (told,) = result(which, end("a", outcome), checked).cases
    assert told.shown is shown


def test_a_finding_that_is_only_info_shows_no_defect():
    which = target(case("a", known="a defect"))
    checked = end("a", phase="checked", findings=[finding(severity="info")])
    (told,) = result(which, end("a"), checked).cases
    assert (told.shown, told.findings) == (False, 0)


def test_findings_at_one_place_are_one_with_all_their_cases_and_names_without_my_home():
    which = target(case("a"), case("b"), case("c", known="a defect"))
    told = result(
        which,
        *(end(name) for name in "abc"),
        end("a", phase="checked", findings=[finding()]),
        end("b", phase="checked", findings=[finding()]),
        end("c", phase="checked", findings=[finding(), finding(line=9)]),
    )
    first, second = told.findings
    assert (first.cases, first.count, first.only_known) == (["a", "b", "c"], 6, False)
    assert (second.cases, second.line, second.only_known) == (["c"], 9, True)
    assert (first.file, first.message) == ("csrc/copy.cu", "at csrc/copy.cu:7")


def test_a_wrong_answer_with_a_race_is_a_race():
    checked = end("a", phase="checked", findings=[finding()])
    told = result(target(case("a")), end("a", "wrong-answer"), checked)
    assert told.verdict == told.cases[0].outcome == "race"
    assert "depends on the order of threads" in told.text


def test_a_right_answer_with_a_race_passes_and_the_finding_stands_beside_it():
    checked = end("a", phase="checked", findings=[finding()])
    told = result(target(case("a")), end("a"), checked)
    assert (told.verdict, [each.kind for each in told.findings]) == ("pass", ["race"])


@pytest.mark.parametrize(("findings", "verdict"), [([], "wrong-answer"), ([finding()], "race")])
def test_an_answer_that_is_wrong_in_another_order_does_not_pass(findings, verdict):
    checked = end("a", phase="checked", findings=findings)
    other = end("a", "wrong-answer", phase="reordered")
    told = result(target(case("a")), end("a"), other, checked)
    assert told.verdict == verdict
    assert "another order" in told.text


def test_a_call_that_ended_its_process_is_a_crash_or_a_hang():
    which = target(case("a"), case("b"))
    told = result(which, end("b"), deaths={("plain", "a"): ("crash", "signal SIGSEGV")})
    assert (told.verdict, told.text) == ("crash", "a: signal SIGSEGV")
    assert [each.outcome for each in told.cases] == ["crash", "right"]


def test_a_call_that_ended_its_process_only_while_it_was_watched_is_told_and_passes():
    which = target(case("a"))
    told = result(which, end("a"), deaths={("checked", "a"): ("hang", "it did not end")})
    assert told.verdict == "pass"
    assert told.cases[0].text == "kbk.sanitize: it did not end"


def test_a_call_that_was_never_begun_is_no_pass():
    told = result(target(case("a"), case("b")), end("a"))
    assert told.verdict == "crash"
    assert "b was not run" in told.text


def test_a_build_that_stopped_has_the_verdict_of_what_stopped_it():
    stop = {"event": "stopped", "verdict": "unsupported", "text": "no", "file": None, "line": 3}
    told = result(target(case("a")), stop)
    assert (told.verdict, told.line, told.cases) == ("unsupported", 3, [])
    assert result(target(case("a")), died=("hang", "too long")).verdict == "hang"


def test_a_report_tells_verdict_findings_counters_and_known_defects():
    record = made()
    record = replace(record, versions={"kbk": "0", "torch": "2", "python": "3", "arch": "sm_90"})
    text = as_text(replace(record, files=[replace(record.files[0], launches=[])]))
    for words in (
        "copy: copies",
        "csrc/copy.cu, 9 lines: copy",
        "built in 1.0 s and 2.0 s to be watched",
        "pass: 1 of 1 calls right, also in another order of threads",
        "kbk.sanitize: 1 error",
        "ERROR race in kernel (in the call one)",
        "out[0] = 1;",
        "shown     a defect",
    ):
        assert words in text
    assert summary_rows(record) == [("copy", "pass", "1/1", "1 error", "1 of 1 shown", "0")]
