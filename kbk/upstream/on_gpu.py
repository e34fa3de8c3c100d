"""The same files on a GPU, judged by the same oracles, also under racecheck: for maintainers.

    python -m kbk.upstream.on_gpu CHECKOUT FLASHINFER OUT [COMMIT]

writes OUT, a record for measurements/upstream: of each file the calls that were right, and of
those with a race in the simulator what compute-sanitizer's racecheck says. Its timing is another,
so a kernel that races may come out wrong under it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

import kbk
from kbk.bench.records import provenance
from kbk.upstream import checkout as checkouts
from kbk.upstream.case import Case, Target
from kbk.upstream.targets import FLAGS, TARGETS

_SUMMARY = re.compile(r"RACECHECK SUMMARY: .*\((\d+) errors?, (\d+) warnings?\)")
_RACING = ("align", "quant")  # in the simulator
_ON_THE_HOST = {"copy": {0}}  # arguments that stay there


def on_gpu(module: Any, target: Target, case: Case) -> bool:
    """Whether a regular call is right on CUDA tensors that lie as those of the case do."""
    call = case.make(torch.Generator().manual_seed(0))
    moved, arguments = [], []
    for index, value in enumerate(call.arguments):
        if isinstance(value, torch.Tensor) and index not in _ON_THE_HOST.get(target.key, ()):
            device = _like(value)
            moved.append((value, device))
            value = device
        arguments.append(value)
    getattr(module, case.function)(*arguments)
    torch.cuda.synchronize()
    for host, device in moved:
        _bytes(host).copy_(_bytes(device))
    return all(each.check(each.tensor) is None for each in call.outputs)


def _bytes(tensor: torch.Tensor) -> torch.Tensor:
    """All of a tensor's storage."""
    whole = torch.empty(0, dtype=torch.uint8, device=tensor.device)
    return whole.set_(tensor.untyped_storage())


def _like(tensor: torch.Tensor) -> torch.Tensor:
    """A copy on the GPU with the same storage, offset and strides."""
    storage = _bytes(tensor).to("cuda").untyped_storage()
    view = torch.empty(0, dtype=tensor.dtype, device="cuda")
    return view.set_(storage, tensor.storage_offset(), tensor.shape, tensor.stride())


def run(checkout: checkouts.Checkout, target: Target) -> dict[str, int]:
    """Calls of a target on the GPU, and how many were right."""
    module = kbk.load(
        target.name,
        checkout.file(target.path),
        functions=list(target.functions),
        extra_cflags=list(FLAGS),
        extra_include_paths=list(checkout.folders),
    )
    cases = [case for case in target.cases if not case.known and not case.refuses]
    return {"calls": len(cases), "right": sum(on_gpu(module, target, case) for case in cases)}


def under_racecheck(arguments: list[str], key: str) -> dict[str, int]:
    """The same under racecheck, with its errors and warnings."""
    command = [sys.executable, "-m", "kbk.upstream.on_gpu", *arguments[:2], "-", key]
    done = subprocess.run(
        ["compute-sanitizer", "--tool", "racecheck", "--racecheck-report", "all", *command],
        capture_output=True,
        text=True,
    )
    summary = _SUMMARY.search(done.stdout)
    told = re.search(r"^\{.*\}$", done.stdout, re.MULTILINE)
    assert summary is not None and told is not None, done.stdout[-2000:]
    counts: dict[str, int] = json.loads(told[0])
    return {**counts, "errors": int(summary[1]), "warnings": int(summary[2])}


def main(arguments: list[str]) -> None:
    """See the module's docstring; OUT "-" and a key print the counts of one file."""
    checkout = checkouts.find(Path(arguments[0]), Path(arguments[1]))
    if arguments[2] == "-":
        (target,) = (each for each in TARGETS if each.key == arguments[3])
        print(json.dumps(run(checkout, target)))
        return
    data: dict[str, Any] = {}
    for each in TARGETS:
        data[each.key] = run(checkout, each)
        if each.key in _RACING:
            data[each.key]["under_racecheck"] = under_racecheck(arguments, each.key)
        print(each.key, data[each.key], flush=True)
    commit = arguments[3] if len(arguments) > 3 else checkout.commit
    record = {
        "schema": 1,
        "name": "upstream/on_gpu",
        "provenance": {**provenance(), "sglang": commit},
        "kernels": {},
        "method": "regular calls of kbk upstream on CUDA tensors, each once, seed 0",
        "data": data,
    }
    Path(arguments[2]).write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
