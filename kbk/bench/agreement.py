"""What the simulator says of right and wrong programs, beside the word of compute-sanitizer.

The record ``agreement`` of ``measurements/sanitizer`` has a list ``programs``; of each: ``id``,
``kind`` (of the planted bug, "" for a right program), ``simulator`` ("error", "warning" or "clean")
and ``tools``: name -> {``verdict``: "clean", "warning", "error", "timeout" or "failed", ``first``:
its first report}. ``reasons.json`` beside it maps ids, with wildcards, to a sentence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from kbk.bench.page import show_table
from kbk.bench.records import Reading, newest
from kbk.paths import MEASUREMENTS

FOLDER = MEASUREMENTS / "sanitizer"
NAME = "agreement"
TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")
SUMMARY = ("programs", "how many", "simulator reports", *TOOLS, "agree")
DIFFERENCES = ("program", "simulator", "compute-sanitizer", "reason")
NO_REASON = "not explained yet"

_REPORTS = ("warning", "error")


@dataclass(frozen=True)
class Verdict:
    """One program of the corpus.

    Attributes:
        id: such as "wrong/race/two_blocks".
        kind: of the planted bug; "" for a right program.
        simulator: the worst severity among its findings that are no infos, or "clean".
        tools: the verdict of each tool, for those that ran.
    """

    id: str
    kind: str
    simulator: str
    tools: Mapping[str, str]

    @property
    def speaking(self) -> list[str]:
        """The tools that report something."""
        return [tool for tool in TOOLS if self.tools.get(tool) in _REPORTS]

    @property
    def stood_still(self) -> bool:
        """Whether the program did not end on the GPU under some tool."""
        return "timeout" in self.tools.values()

    @property
    def agrees(self) -> bool:
        """Whether both say that something is wrong, or neither does.

        A program that does not end under the tools counts as reported by them.
        """
        return (self.simulator in _REPORTS) == bool(self.speaking or self.stood_still)

    @property
    def gpu(self) -> str:
        """What the tools say, in words."""
        if self.speaking:
            return ", ".join(f"{tool}: {self.tools[tool]}" for tool in self.speaking)
        return "does not end" if self.stood_still else "clean"


def verdicts(data: Mapping[str, Any]) -> list[Verdict]:
    """The programs of a record's data."""
    return [
        Verdict(
            each["id"],
            each["kind"],
            each["simulator"],
            {tool: told["verdict"] for tool, told in each["tools"].items()},
        )
        for each in data.get("programs", [])
    ]


def reasons(folder: Path = FOLDER) -> dict[str, str]:
    """Program, with wildcards -> why the two differ; empty if nobody wrote any."""
    path = folder / "reasons.json"
    return dict(json.loads(path.read_text())) if path.is_file() else {}


def reason_for(program: str, known: Mapping[str, str]) -> str:
    """The reason of the first entry that fits, or ``NO_REASON``."""
    return next((text for key, text in known.items() if fnmatchcase(program, key)), NO_REASON)


def summary_rows(found: list[Verdict]) -> list[list[object]]:
    """A row for the right programs, one for each kind of bug, one for all."""
    groups: dict[str, list[Verdict]] = {}
    for each in found:
        groups.setdefault(each.kind or "right", []).append(each)
    names = sorted(groups, key=lambda name: (name != "right", name))
    rows = [_row(name if name == "right" else f"wrong: {name}", groups[name]) for name in names]
    return [*rows, _row("all", found)]


def _row(name: str, some: list[Verdict]) -> list[object]:
    count = [sum(tool in each.speaking for each in some) for tool in TOOLS]
    reported = sum(each.simulator in _REPORTS for each in some)
    return [name, len(some), reported, *count, sum(each.agrees for each in some)]


def difference_rows(found: list[Verdict], known: Mapping[str, str]) -> list[list[str]]:
    """A row for each program of which the two say different things."""
    return [
        [each.id, each.simulator, each.gpu, reason_for(each.id, known)]
        for each in found
        if not each.agrees
    ]


def read(folder: Path = FOLDER) -> Reading:
    """The newest record; without one, a reading with no numbers."""
    record = newest(NAME, folder=folder)
    return Reading("record" if record else "none", record)


def show(folder: Path = FOLDER) -> None:
    """Show where the record comes from, its summary, and each difference with its reason."""
    reading = read(folder)
    if reading.record is None:
        print("No record of the corpus under compute-sanitizer yet.")
        return
    found = verdicts(reading.data)
    told = f"From the record: {_where(reading.record.provenance)}"
    print(told)
    if reading.record.path is not None:
        print(f"Every program: measurements/sanitizer/{reading.record.path.name}")
    show_table(SUMMARY, summary_rows(found))
    different = difference_rows(found, reasons(folder))
    print(f"{len(different)} of {len(found)} programs are told differently.")
    if different:
        show_table(DIFFERENCES, different)


def _where(at: Mapping[str, str]) -> str:
    parts = [
        at["gpu"],
        f"driver {at['driver']}" if at["driver"] else "",
        f"CUDA {at['cuda']}",
        at.get("sanitizer", ""),
        f"commit {at['commit'][:10]}" if at["commit"] not in ("", "unknown") else "",
        at["date"][:10],
    ]
    return ", ".join(part for part in parts if part)
