"""What a recorded session holds: its schema, links to lines, facts without lines of a source."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kbk.errors import ArgumentError
from kbk.sanitizer.explanation import Explanation, Read, Reads, Write
from kbk.sanitizer.findings import Finding
from kbk.upstream import session, shown
from kbk.upstream.places import Places

LINE = "out[i] = before[i] + 1;"


@pytest.mark.parametrize(
    "change, told",
    [
        ({"schema": 2}, "schema 1"),
        ({"sglang": "aeac"}, "wrong in a session: sglang"),
        ({"layout": "elsewhere"}, "layout"),
        ({"lines": "many"}, "lines"),
        ({"more": 1}, "more"),
        ({"versions": {}}, "arch, commit, kbk, python, torch"),
        ({"cells": {"a": {"code": ""}}}, "digest and items"),
        ({"cells": {"a": {"code": "", "items": [{"is": "song"}]}}}, "an item must be of"),
        ({"cells": {"a": {"code": "", "items": [{"is": "text", "text": 1}]}}}, "Text.text"),
    ],
)
def test_what_is_wrong_in_a_session_is_told(
    change: dict[str, Any], told: str, tmp_path: Path
) -> None:
    recorded = session.newest()
    assert recorded is not None
    path = tmp_path / "session_x.json"
    path.write_text(json.dumps({**json.loads(recorded.to_json()), **change}))
    with pytest.raises(ArgumentError, match=re.escape(told)):
        session.load(path)


def test_a_place_is_a_link_and_other_text_is_escaped() -> None:
    places = Places("c" * 40, "sgl-kernel")
    text = places.linked("a<b at csrc/moe/x_y.cu:12, /root/csrc/z.cu:3")
    address = f"https://github.com/sgl-project/sglang/blob/{'c' * 40}/sgl-kernel/csrc/moe/x_y.cu"
    assert text == (f'a&lt;b at <a href="{address}#L12">csrc/moe/x_y.cu:12</a>, /root/csrc/z.cu:3')


def test_only_what_can_be_told_as_facts_is_recorded() -> None:
    with pytest.raises(ArgumentError, match="it ended in a set"):
        shown.facts({1}, str)


def test_a_finding_is_recorded_without_the_line_of_the_source() -> None:
    message = f"Race reported\n    at f in /there/csrc/a.cu:3\n        {LINE}\nIt means that."
    told = shown.facts(
        Finding("race", "", "error", message, "f"), lambda text: text.replace("/there/", "")
    )
    assert isinstance(told, shown.Findings)
    assert told.findings[0]["message"] == "Race reported\n    at f in csrc/a.cu:3\nIt means that."


def test_an_explanation_is_recorded_without_lines_of_the_source() -> None:
    origin = Write((1, 0, 0), (0, 0, 0), "csrc/a.cu", 4, LINE, "2.0")
    reads = Reads("csrc/a.cu", 5, LINE, 1, (Read("tile[1]", "2.0", origin),))
    write = Write((0, 0, 0), (0, 0, 0), "csrc/a.cu", 6, LINE, "3.0", inputs=(reads,))
    told = shown.facts(Explanation("f", 1, "out[0]", (0,), 1, 1, (write,)), str)
    assert isinstance(told, shown.Told)
    text = "\n".join(told.rows)
    assert LINE not in text and "out[i]" not in text
    assert all(f"csrc/a.cu:{line}" in text for line in (4, 5, 6)) and "tile[1] = 2.0" in text


def test_every_kind_of_item_is_read_as_it_was_written() -> None:
    for item in (
        shown.Text("a"),
        shown.Table("t", ["line"], [["csrc/a.cu:1"]]),
        shown.Findings([]),
        shown.Told("h", ["r"]),
        shown.Drawn({"line": 1}, {"name": "x"}),
        shown.Glued("n", "v"),
    ):
        assert shown.from_json(json.loads(json.dumps(shown.to_json(item))), "here") == item
