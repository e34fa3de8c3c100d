"""Make the record that the book shows: the simulator's word on each program beside the GPU's.

    python tests/kbk/sanitize/publish.py --gpu DIR/records.json

reads what on_gpu.py wrote, runs the corpus under kbk.sanitize here, and writes
measurements/sanitizer/agreement.<gpu>.json.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from corpus import TOOLS, Program, programs
from on_gpu import OPS
from verdicts import verdicts

import kbk
from kbk.bench import agreement, records

METHOD = (
    "Each program of tests/kbk/sanitize/corpus ran under kbk.sanitize, in order and with a seed, "
    "and as an executable of its own under each tool of compute-sanitizer."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gpu", type=Path, required=True, help="records.json of on_gpu.py")
    parser.add_argument("--out", type=Path, default=agreement.FOLDER)
    options = parser.parse_args()
    told = json.loads(options.gpu.read_text())
    some = programs()
    record = made(told, some, simulated(some))
    options.out.mkdir(parents=True, exist_ok=True)
    path = records.save(record, options.out)
    print(path)
    found = agreement.verdicts(record.data)
    for row in agreement.difference_rows(found, agreement.reasons(options.out)):
        print(" | ".join(row))


def simulated(some: list[Program]) -> dict[str, str]:
    """The worst severity for each program, over the seeds; an info is "clean"."""
    order = ("clean", "warning", "error")
    worst = dict.fromkeys((each.id for each in some), "clean")
    for program, _, findings in verdicts(some):
        for finding in findings:
            if finding["severity"] in order:
                worst[program.id] = max(worst[program.id], finding["severity"], key=order.index)
    return worst


def made(
    told: dict[str, Any], some: Iterable[Program], simulator: dict[str, str]
) -> records.Record:
    """The record, from what on_gpu.py wrote and what the simulator says."""
    tools: dict[str, dict[str, Any]] = {}
    for each in told["records"]:
        if each["tool"] in TOOLS:
            first = each["messages"][0] if each["messages"] else ""
            tools.setdefault(each["program"], {})[each["tool"]] = {
                "verdict": each["verdict"],
                "first": first.split("\n")[0],
            }
    rows = [
        {
            "id": each.id,
            "kind": "" if each.right else each.kind,
            "simulator": simulator[each.id],
            "tools": tools[each.id],
        }
        for each in some
        if each.id in tools
    ]
    if "ops/copy" in tools:
        rows.append(
            {
                "id": "right/kernels/copy",
                "kind": "",
                "simulator": of_the_kernels(),
                "tools": tools["ops/copy"],
            }
        )
    return records.Record(agreement.NAME, _provenance(told), {}, METHOD, {"programs": rows})


def of_the_kernels() -> str:
    """The worst severity for the functions of kernels/copy.cu, called as on the GPU."""
    with kbk.sanitize(raise_on_error=False) as s:
        exec(OPS.replace(', device="cuda"', ""), {})
    worst = [each.severity for each in s.findings if each.severity != "info"]
    return worst[0] if worst else "clean"


def _provenance(told: dict[str, Any]) -> dict[str, str]:
    where = told["where"]
    gpu, _, driver = where["gpu"].partition(", ")
    release = re.search(r"cuda_(\d+\.\d+)|release (\d+\.\d+)", where["cuda"])
    version = re.search(r"\d+\.\d+[.\d]*", where["sanitizer"])
    return {
        "gpu": gpu,
        "driver": driver,
        "cuda": next(filter(None, release.groups())) if release else where["cuda"],
        "torch": torch.__version__,
        "python": platform.python_version(),
        "commit": where["commit"] or records.commit(),
        "date": told["date"],
        "sanitizer": f"compute-sanitizer {version[0]}" if version else "compute-sanitizer",
    }


if __name__ == "__main__":
    main()
