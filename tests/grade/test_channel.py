"""A line on the grader's pipe counts only if a worker of ours wrote it, at that point."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from kbk.grade import channel, grade
from kbk.grade.facts import is_event
from tests.grade.conftest import SCALE, make_scale

KEY = b"k" * 32
WALLS = [("isolation", {"text": "a"}), ("isolation", {"text": "b"})]
BEGIN = [*WALLS, ("built", {}), ("begin", {"index": 0})]
Said = list[tuple[str, dict[str, Any]]]


def sealed(said: Said, key: bytes = KEY) -> bytes:
    """What a worker writes."""
    reading, writing = os.pipe()
    emit = channel.writer(writing, key)
    for event, facts in said:
        emit(event, **facts)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read()


def broken_by(data: bytes, language: str = "cu") -> bool:
    reader = channel.Reader(KEY, language)
    reader.take(data)
    return reader.broken


def test_what_a_worker_says_arrives_whatever_pieces_it_comes_in() -> None:
    said = [*BEGIN, ("end", {"index": 0, "value": {"tuple": [1, "\n", None]}}), ("done", {})]
    reader = channel.Reader(KEY, "cu")
    data = sealed(said)
    found = [event for at in range(0, len(data), 7) for event in reader.take(data[at : at + 7])]
    assert not reader.broken
    assert found == [{"event": event, **facts} for event, facts in said]


def test_a_line_without_the_seal_of_the_job_ends_all_that_is_reported() -> None:
    good = sealed(BEGIN)
    assert not broken_by(good)
    text = json.dumps({"event": "end", "index": 0}).encode()
    for lie in (b"", text, b"4 " + b"0" * 32 + b" " + text, b"junk", b"\xff" * 40):
        assert broken_by(good + lie + b"\n"), lie
    assert broken_by(sealed(BEGIN, b"another"))
    assert broken_by(good.replace(b'"a"', b'"c"'))


def test_a_line_that_comes_twice_or_out_of_order_ends_all_that_is_reported() -> None:
    lines = sealed(BEGIN).splitlines(keepends=True)
    assert broken_by(b"".join([*lines, lines[-1]]))
    assert broken_by(b"".join([*lines[:2], lines[3], lines[2]]))
    assert broken_by(b"".join(lines[1:]))


def test_nothing_counts_any_more_once_a_line_was_false() -> None:
    reader = channel.Reader(KEY, "cu")
    first, *rest = sealed(BEGIN).splitlines(keepends=True)
    assert reader.take(first) and reader.take(b"junk\n" + b"".join(rest)) == []
    assert reader.take(b"".join(rest)) == [] and reader.broken


@pytest.mark.parametrize(
    "late",
    [
        ("cannot", {"text": "the disk is full"}),
        ("forbidden", {"symbols": ["x"]}),
        ("build-failed", {"text": "no", "line": None}),
        ("isolation", {"text": "c"}),
        ("end", {"index": 1}),
        ("begin", {"index": 0}),
        ("built", {}),
    ],
)
def test_a_worker_says_nothing_out_of_its_turn(late: tuple[str, dict[str, Any]]) -> None:
    assert broken_by(sealed([*BEGIN, late]))


def test_no_case_ends_twice() -> None:
    assert broken_by(sealed([*BEGIN, ("end", {"index": 0}), ("end", {"index": 0})]))


def test_once_the_walls_stand_nobody_says_that_it_cannot_be_graded() -> None:
    for event, facts in (("cannot", {"text": "full"}), ("forbidden", {"symbols": ["x"]})):
        assert not broken_by(sealed([WALLS[0], (event, facts)]))
        for language in ("cu", "py"):
            assert broken_by(sealed([*WALLS, (event, facts)]), language)
    raised: Said = [*WALLS, ("build-failed", {"text": "ValueError", "line": 3})]
    assert broken_by(sealed(raised)) and not broken_by(sealed(raised), "py")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"list": [value]}
    return value


@pytest.mark.parametrize(
    "event",
    [
        5,
        [],
        {},
        {"event": ["end"]},
        {"event": "other"},
        {"event": "isolation"},
        {"event": "cannot", "text": 5},
        {"event": "build-failed", "text": ["x"], "line": "q"},
        {"event": "build-failed", "text": "x", "line": "q"},
        {"event": "forbidden", "symbols": 5},
        {"event": "forbidden", "symbols": []},
        {"event": "begin", "index": float("inf")},
        {"event": "end", "index": True},
        {"event": "end", "index": 0, "error": []},
        {"event": "end", "index": 0, "value": {"list": 5}},
        {"event": "end", "index": 0, "value": {"tuple": [[1]]}},
        {"event": "end", "index": 0, "value": nested(40)},
        {"event": "end", "index": 0, "places": [[nested(70)]]},
        {"event": "timed", "index": 0, "mine": [], "theirs": []},
        {"event": "lines", "lines": [1]},
    ],
)
def test_what_has_no_shape_of_an_event_is_none(event: Any) -> None:
    assert not is_event(event)
    if isinstance(event, dict) and event.get("event") == "end" and event["index"] is not True:
        facts = {key: value for key, value in event.items() if key != "event"}
        assert broken_by(sealed([*BEGIN, ("end", facts)]))


def test_an_answer_as_deep_as_may_be_is_an_event() -> None:
    assert is_event({"event": "end", "index": 0, "value": nested(20)})


def test_what_cannot_be_parsed_breaks_it_and_raises_nothing() -> None:
    for text in (b"[" * 100_000 + b"]" * 100_000, b"9" * 6000, b"{", b"\xff"):
        line = b"0 " + channel._seal(KEY, 0, text) + b" " + text + b"\n"
        assert broken_by(line)


FORGER = SCALE.replace(
    "  int64_t n = x.numel();\n",
    "  int64_t n = x.numel();\n"
    "  if (n == 1000) for (int fd = 3; fd < 4096; ++fd)\n"
    '    if (write(fd, "{}\\n", 3) < 0) continue;\n',
    1,
)


def test_one_false_line_takes_back_what_the_same_process_had_right(scale: Any, loose: Any) -> None:
    report = grade(scale, "#include <unistd.h>\n" + FORGER)
    assert report.verdict == "crash" and report.earned == 0, report
    assert "did not write" in report.checks[0].message


def test_a_fault_of_the_grader_itself_counts_as_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> Any:
        raise RecursionError("too deep")

    monkeypatch.setattr("kbk.grade.grader.graded", fails)
    report = grade(make_scale(), SCALE)
    assert report.verdict == "cannot-grade" and report.earned == 0
    assert "RecursionError: too deep" in report.checks[0].message
