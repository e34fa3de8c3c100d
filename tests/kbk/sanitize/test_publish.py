"""The record for the book is made of what both sides told, and can be read by the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from corpus import TOOLS, programs
from publish import made

from kbk.bench import agreement, records

WHERE = {
    "gpu": "NVIDIA H200, 570.1",
    "cuda": "Build cuda_12.8.r12.8/compiler.1_0",
    "sanitizer": "NVIDIA (R) Compute Sanitizer version 2025.1.0.0",
    "commit": "abc",
}


def told(program: str, tool: str, verdict: str = "clean") -> dict[str, Any]:
    messages = ["Error: Race\nand more"] if verdict == "error" else []
    return {"program": program, "tool": tool, "verdict": verdict, "messages": messages}


def test_the_record_has_each_program_that_ran_with_its_kind_and_the_word_of_each_side(
    tmp_path: Path,
) -> None:
    some = [
        next(each for each in programs("right")),
        next(each for each in programs("wrong") if each.kind == "race"),
    ]
    lines = [told(each.id, tool) for each in some for tool in ("native", *TOOLS)]
    lines = [each for each in lines if (each["program"], each["tool"]) != (some[1].id, "racecheck")]
    lines.append(told(some[1].id, "racecheck", "error"))
    lines.append(told("ops/copy", "memcheck"))
    document = {"where": WHERE, "date": "2026-12-24T00:00:00+00:00", "records": lines}

    record = made(document, some, {some[0].id: "clean", some[1].id: "error"})
    path = records.save(record, tmp_path)
    found = agreement.verdicts(agreement.read(tmp_path).data)

    assert path.name == "agreement.nvidia_h200.json"
    assert [(each.id, each.kind, each.simulator) for each in found] == [
        (some[0].id, "", "clean"),
        (some[1].id, "race", "error"),
        ("right/kernels/copy", "", "clean"),
    ]
    assert found[1].speaking == ["racecheck"] and all(each.agrees for each in found)
    assert record.data["programs"][1]["tools"]["racecheck"]["first"] == "Error: Race"
    at = record.provenance
    assert (at["driver"], at["cuda"]) == ("570.1", "12.8")
    assert at["sanitizer"] == "compute-sanitizer 2025.1.0.0"


def test_a_record_covers_every_program_and_the_kernels_of_the_book() -> None:
    """A program that was never run under compute-sanitizer says nothing of the simulator."""
    files = sorted(agreement.FOLDER.glob("agreement.*.json"))
    assert files
    for file in files:
        recorded = {each["id"] for each in json.loads(file.read_text())["data"]["programs"]}
        assert recorded == {each.id for each in programs()} | {"right/kernels/copy"}
