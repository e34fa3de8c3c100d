"""What `kbk.sanitize` says of each program of the corpus. As a script: JSON, for another compiler.

CXX=clang++ python verdicts.py [part of a program's id]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from corpus import Program, batches, compose, programs

from kbk import sim
from kbk.sanitizer import sanitize
from kbk.sim import trace

SEEDS = (None, 1)
PER_UNIT = 8
_SECONDS = 1.0  # for an endless loop


def verdicts(some: list[Program]) -> Iterator[tuple[Program, int | None, list[dict[str, Any]]]]:
    """The program, the seed, and the findings as dicts with lines of the program's own file."""
    for number, batch in enumerate(batches(some, PER_UNIT)):
        source, before = compose(batch)
        names = [each.name for each in batch]
        module = trace.load(f"corpus_{number}", source, names)
        for program in batch:
            for seed in SEEDS:
                with sim.settings(seed=seed, time_limit=_SECONDS):
                    found = _findings(program, getattr(module, program.name))
                yield program, seed, [_plain(each, before[program.name]) for each in found]


def _findings(program: Program, op: Any) -> list[Any]:
    arguments = program.arguments(seed=17)
    with sanitize(raise_on_error=False) as s:
        op(*arguments.values())
    return s.findings


def _plain(finding: Any, before: int) -> dict[str, Any]:
    def own(line: int | None) -> int | None:
        return line - before if line is not None else None

    return {
        "kind": finding.kind,
        "code": finding.code,
        "severity": finding.severity,
        "line": own(finding.line),
        "other_line": own(finding.other_line),
        "variable": finding.variable,
        "index": finding.index,
        "thread": finding.thread,
        "block": finding.block,
        "message": finding.message,
    }


def main() -> None:
    """Print the verdicts of the programs whose id holds the argument."""
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    some = [each for each in programs() if part in each.id]
    for program, seed, found in verdicts(some):
        print(json.dumps({"program": program.id, "seed": seed, "findings": found}), flush=True)


if __name__ == "__main__":
    main()
