"""Goldens are published and compared as they were recorded, and reasons belong to differences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import compare
import patterns
import publish_goldens
import pytest
from cases import cases
from compare import Pair

from kbk.bench import records

WHOLE, IDEAL = "memory_l1_wavefronts_shared", "memory_l1_wavefronts_shared_ideal"
LOADS = "l1tex__t_requests_pipe_lsu_mem_global_op_ld.sum"


def pair(case: str, here: float, there: float, index: int = 0, outside: str = "") -> Pair:
    return Pair(case, index, "kernel", LOADS, here, there, outside)


def told(case: str, metrics: dict[str, Any], index: int = 0) -> dict[str, Any]:
    shape = {"kernel": "k", "grid": [1, 1, 1], "block": [32, 1, 1]}
    return {"case": case, "index": index, **shape, "metrics": metrics}


@pytest.fixture
def document() -> dict[str, Any]:
    where = dict.fromkeys(records.PROVENANCE, "x") | {"gpu": "NVIDIA H200", "command": "python3 r"}
    commands = {"cases": ["ncu", "/a/b/tests/kbk/profile/r.py"], "patterns": ["ncu"]}
    metrics = {LOADS: 4, WHOLE: 9, IDEAL: 2, "text": "n/a"}
    return {
        "provenance": where | {"commands": commands},
        "launches": [told(each.id, metrics) for each in cases()],
        "patterns": [told(patterns.patterns()[0].id, {LOADS: 1})],
    }


def test_a_record_gives_back_what_was_counted_with_the_excess_and_the_command(
    tmp_path: Path, document: dict[str, Any]
) -> None:
    path = records.save(publish_goldens.goldens(document), tmp_path)
    record = compare.goldens(tmp_path)

    assert path.name == "goldens.nvidia_h200.json" and record is not None
    assert "ncu tests/kbk/profile/r.py" in record.method and "commands" not in record.provenance
    launches = compare.recorded(record)
    assert set(launches) == {each.id for each in cases()}
    assert launches[cases()[0].id][0]["metrics"] == {
        LOADS: 4,
        WHOLE: 9,
        IDEAL: 2,
        "derived__memory_l1_wavefronts_shared_excessive": 7,
    }
    assert compare.stale(record) == []


def test_a_record_of_probes_says_where_the_lanes_went(document: dict[str, Any]) -> None:
    row = publish_goldens.probes(document).data["launches"][0]
    pattern = patterns.patterns()[0]
    assert (row["width"], row["places"], row["values"]) == (
        pattern.width,
        list(pattern.places),
        [1],
    )


def test_the_share_leaves_out_zeros_and_what_is_outside_of_the_bar() -> None:
    some = [pair("a", 1, 1), pair("b", 1, 2), pair("c", 0, 0), pair("d", 1, 9, outside="why")]
    assert compare.share(some) == 0.5


def test_a_difference_needs_a_reason_and_a_reason_a_difference() -> None:
    some = [pair("a", 1, 1), pair("b", 1, 2), pair("b", 1, 2, index=1), pair("c", 3, 4)]
    why = {"b": {LOADS: "x"}, "c": {"*": "x"}, "a": {"*": "x"}, "gone": {LOADS: "x"}}
    assert [each.key for each in compare.unexplained(some, why)] == ["b#1"]
    assert compare.stale_reasons(some, why) == [("a", "*"), ("gone", LOADS)]
