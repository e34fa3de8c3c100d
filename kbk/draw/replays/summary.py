"""A replay in words and as a table: without JavaScript, on paper, and for screen readers."""

from __future__ import annotations

from dataclasses import dataclass, field

from kbk.draw.replays.events import CHANGES, READS, WRITES
from kbk.draw.replays.reading import Told, steps_of
from kbk.draw.replays.steps import BARRIER
from kbk.draw.seen import many

HEAD = (
    "barriers passed",
    "line",
    "source",
    "what",
    "memory",
    "requests",
    "threads",
    "cost",
    "least",
)
_DOES = {READS: "read", WRITES: "write", CHANGES: "atomic", "X": "collective"}
_UNITS = {"shared": "wavefront", "": ""}


@dataclass
class _Sum:
    requests: int = 0
    threads: int = 0
    cost: int = 0
    least: int = 0
    arrays: list[str] = field(default_factory=list)


def table(told: Told) -> list[list[object]]:
    """What each line did between two barriers, with what it cost; rows for `HEAD`."""
    sums: dict[tuple[int, int, str, str], _Sum] = {}
    for step in steps_of(told):
        if not step.is_access and step.kind != "X":
            continue
        array = told["arrays"][step.touched[0][0]] if step.touched else None
        space = array["space"] if array else ""
        each = sums.setdefault((step.interval, step.place, step.kind, space), _Sum())
        each.requests += 1
        each.threads += len(step.lanes)
        each.cost += step.cost
        each.least += step.least
        if array and array["name"] not in each.arrays:
            each.arrays.append(array["name"])
    rows: list[list[object]] = []
    for (interval, place, kind, space), each in sums.items():
        line, text = line_of(told, place)
        unit = _UNITS.get(space, "sector")
        what = f"{_DOES[kind]} {', '.join(each.arrays)}".strip()
        cost = many(each.cost, unit) if unit else ""
        least = f"{each.least:,}" if unit else ""
        counts = [f"{each.requests:,}", f"{each.threads:,}", cost, least]
        rows.append([interval, line, text, what, space, *counts])
    return rows


def line_of(told: Told, place: int) -> tuple[str, str]:
    """Number and text of a place's innermost line; with the file where there are several."""
    if place < 0:
        return "?", ""
    file, line = told["places"][place][0]
    source = told["sources"][file]
    name = f"{source['name']}:{line}" if len(told["sources"]) > 1 else str(line)
    rows = source["lines"]
    at = line - source["first"]
    return name, rows[at].strip() if 0 <= at < len(rows) else ""


def block_of(told: Told) -> str:
    """The block's name: "block 3", "block (1, 0)"."""
    _, y, z = told["grid"]
    index = told["block"]
    if y == z == 1:
        return f"block {index[0]}"
    return f"block ({', '.join(map(str, index if z > 1 else index[:2]))})"


def caption(told: Told) -> str:
    """Sentences that state how much the block did, with the numbers."""
    steps = list(steps_of(told))
    requests = [step for step in steps if step.is_access]
    barriers = sum(step.count for step in steps if step.kind == BARRIER)
    spaces = {step.number: _space(told, step.touched) for step in requests}
    wavefronts = sum(step.cost for step in requests if spaces[step.number] == "shared")
    sectors = sum(step.cost for step in requests) - wavefronts
    least = sum(step.least for step in requests if spaces[step.number] != "shared")
    least_shared = sum(step.least for step in requests) - least
    meetings = sum(step.kind == "X" for step in steps)
    warps = many(len(told["warps"]), "warp")
    parts = [f"{many(sectors, 'sector')} of global memory ({least:,} would hold the bytes)"]
    if wavefronts:
        parts.append(
            f"{many(wavefronts, 'wavefront')} of shared memory ({least_shared:,} without conflicts)"
        )
    also = f", {many(meetings, 'collective')}" if meetings else ""
    return (
        f"{told['kernel']}, {block_of(told)}: {warps} in {many(len(requests), 'request')}{also} "
        f"and {many(barriers, 'barrier')}; {' and '.join(parts)}."
    )


def _space(told: Told, touched: list[tuple[int, int]]) -> str:
    return str(told["arrays"][touched[0][0]]["space"]) if touched else ""


def alt(told: Told) -> str:
    """What the picture shows, in order of time."""
    sentences = []
    last = None
    for row in table(told):
        if row[0] != last:
            last = row[0]
            sentences.append(f"After {many(int(str(last)), 'barrier')}:" if last else "First:")
        cost = f", {row[7]}" if row[7] else ""
        does = f"line {row[1]}, {row[3]}, in {row[5]} requests{cost};"
        sentences.append(does)
    text = " ".join(sentences).rstrip(";")
    return f"Steps of each warp from left to right, barriers as rules. {text}."
