"""The HTML of a failed check has the learner's own picture beside the target's."""

from __future__ import annotations

import base64
import re
import sys
import types
from typing import Any

import pytest

from kbk.grade import Report, catalogue, grade, learner, pictures
from kbk.grade.pictures import makes_sense
from tests.grade.test_verdicts_each import FOLDER, neighbours

RIGHT = (FOLDER / "pass.cu").read_text()
SECRET = "// a line of the solution that nobody may see\n"


@pytest.fixture(autouse=True)
def solved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "solution_text", lambda exercise: SECRET + RIGHT)
    monkeypatch.setattr(catalogue, "stub_text", lambda exercise: "")
    monkeypatch.setattr(learner, "_remember", lambda exercise, report: None)


def checked(name: str) -> Report:
    text = (FOLDER / f"{name}.cu").read_text()
    return learner.check(neighbours(), text, seed=1, patience=0)


def drawn(html: str) -> tuple[list[str], str]:
    """The alternative texts of the images, and what the SVGs say."""
    alts = re.findall(r'<img [^>]*alt="([^"]*)"', html)
    found = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", html)
    return alts, "".join(base64.b64decode(each).decode() for each in found)


def test_too_much_traffic_shows_the_dearest_request_beside_that_of_the_reference() -> None:
    report = checked("too_much_traffic")
    html = report._repr_html_()
    alts, svg = drawn(html)
    assert len(alts) == 2 and alts[0] == alts[1]  # for light and for dark pages
    assert "yours: Store to out: lane 0 writes 4 bytes" in alts[0]
    assert "8 sectors, ideal 4, excess 4" in alts[0]
    assert "the reference: Store to out" in alts[0] and "4 sectors, ideal 4, excess 0" in alts[0]
    assert "nobody may see" not in html + svg and "tile[t]" not in html.split("<figure>")[1]
    assert "kbk-dark" in html and "The same as a table" in html


def test_a_wrong_answer_shows_which_elements_are_wrong_beside_the_target() -> None:
    report = checked("wrong_answer")
    alts, svg = drawn(report._repr_html_())
    assert len(alts) == 2
    assert "Left, yours: right 1: out, element 0; wrong 63: out, element 1 to 63" in alts[0]
    assert "Right, the target: all 64 elements right" in alts[0]
    assert "hatch" in svg or "<pattern" in svg  # not by colour alone


def test_what_nobody_wrote_is_hollow_and_named() -> None:
    alts, _ = drawn(checked("uninitialized")._repr_html_())
    assert "written by nobody 1: out, element 5" in alts[0]


def test_other_verdicts_and_a_pass_have_no_picture() -> None:
    for name in ("pass", "compile_error", "launch_error"):
        report = checked(name)
        assert report.pictures is None and "<figure>" not in report._repr_html_(), name


def test_the_picture_is_drawn_after_the_verdict_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(
        pictures, "as_html", lambda *_: calls.append("drawn") or "<figure></figure>"
    )
    report = checked("wrong_answer")
    assert not calls and str(report) and report.as_dict() and not calls
    shown: list[dict[str, Any]] = []
    told = types.ModuleType("IPython.display")
    told.display = lambda data, raw: shown.append({**data, "calls": len(calls)})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython.display", told)
    report._ipython_display_()
    assert [each["calls"] for each in shown] == [0, 1]
    assert "wrong-answer" in shown[0]["text/html"] and "wrong-answer" in shown[0]["text/plain"]
    assert report._repr_html_().endswith("<figure></figure>") and calls == ["drawn"]


def test_a_picture_that_cannot_be_drawn_leaves_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    exercise = neighbours()
    text = (FOLDER / "wrong_answer.cu").read_text()
    report = grade(exercise, text, seed=1)
    monkeypatch.setenv("KBK_CACHE", "/dev/null/nowhere")
    assert pictures.as_html(exercise, report).startswith("<p>There is no picture: ")


GOOD = {
    "kind": "ld", "argument": "x", "block": 0, "warp": 1, "lanes": [0, 2], "addresses": [0, 128],
    "bytes": 4, "cost": 2, "ideal": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"lanes": [2, 0]}, {"lanes": [0, 32]}, {"addresses": [0]}, {"bytes": 3}, {"kind": "x"},
        {"addresses": [-1, 4]}, {"ideal": 0}, {"cost": 10**9}, {"argument": 7}, {"lanes": []},
    ],
)  # fmt: skip
def test_a_request_that_makes_no_sense_is_not_drawn(change: dict[str, Any]) -> None:
    assert makes_sense(GOOD) and not makes_sense({**GOOD, **change}) and not makes_sense(None)
