"""Make the goldens of `measurements/ncu/` from what `record_on_gpu.py` wrote.

    python tests/kbk/profile/publish_goldens.py --gpu DIR/ncu.json

writes goldens.<gpu>.json (the counters of every case) and patterns.<gpu>.json (of every probe, with
its places and mask), each with its provenance and the commands.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cases as corpus
import patterns

from kbk.bench import records
from kbk.paths import KERNELS, MEASUREMENTS

FOLDER = MEASUREMENTS / "ncu"
METHOD = (
    "Nsight Compute, each call profiled alone, kernel replay, clocks and caches left alone. "
    "Command: {command}. ncu was run as: {ncu}"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gpu", type=Path, required=True, help="ncu.json of record_on_gpu.py")
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    told = json.loads(options.gpu.read_text())
    missing = [each.id for each in corpus.cases() if each.id not in launches_by_case(told)]
    if missing or told.get("wrong"):
        sys.exit(f"not published: without a launch {missing}; wrong {told.get('wrong')}")
    options.out.mkdir(parents=True, exist_ok=True)
    for record in (goldens(told), probes(told)):
        print(records.save(record, options.out))


def launches_by_case(told: dict[str, Any]) -> set[str]:
    return {each["case"] for each in told["launches"]}


def goldens(told: dict[str, Any]) -> records.Record:
    """The counters of every case: for each launch a list of values, in the order of the names."""
    names, rows = table(told["launches"])
    return _record("goldens", told, "cases", {"metrics": names, "launches": rows})


def probes(told: dict[str, Any]) -> records.Record:
    """The counters of every probe, with where its lanes went."""
    names, rows = table(told["patterns"])
    by_id = {each.id: each for each in patterns.patterns()}
    for row in rows:
        pattern = by_id[row["case"]]
        row |= {
            "space": pattern.space,
            "kind": pattern.kind,
            "width": pattern.width,
            "mask": pattern.mask,
            "places": list(pattern.places),
        }
    return _record("patterns", told, "patterns", {"metrics": names, "launches": rows})


def table(launches: Sequence[dict[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    """Names of the metrics that every launch has as a number, and the rows without those names."""
    numbers = [
        {k for k, v in each["metrics"].items() if isinstance(v, (int, float))} for each in launches
    ]
    names = sorted(set.intersection(*numbers)) if numbers else []
    rows = [
        {
            **{key: each[key] for key in ("case", "index", "kernel", "grid", "block")},
            "values": [each["metrics"][name] for name in names],
        }
        for each in launches
    ]
    return names, rows


def _record(name: str, told: dict[str, Any], what: str, data: dict[str, Any]) -> records.Record:
    where = dict(told["provenance"])
    commands = where.pop("commands")
    ncu = " ".join(re.sub(r"^.*/tests/kbk", "tests/kbk", word) for word in commands[what])
    texts = {each: records.digest(corpus.CORPUS / each) for each in _own_sources()}
    books = {each.removeprefix(corpus.KERNELS) for each in corpus.sources()} - set(texts)
    kernels = {each: records.digest(KERNELS / each) for each in sorted(books)}
    method = METHOD.format(command=where["command"], ncu=ncu)
    return records.Record(name, where, kernels, method, {"sources": texts, **data})


def _own_sources() -> list[str]:
    return [each for each in corpus.sources() if not each.startswith(corpus.KERNELS)]


if __name__ == "__main__":
    main()
