"""Run the corpus on a GPU: natively, and under each tool of compute-sanitizer.

    python tests/kbk/sanitize/on_gpu.py --out DIR              everything, about five minutes
    python tests/kbk/sanitize/on_gpu.py --compile-only         nvcc alone, no GPU, no torch

Each program is one executable (``standalone/main.h``), each argument an allocation of its own. The
steps can be run apart (``--steps``): ``compile`` needs nvcc, ``inputs`` and ``check`` need torch
(on the CPU), ``run`` needs a GPU, compute-sanitizer and only Python's own library; all meet in
``--work``. ``ops`` runs the functions of ``kernels/copy.cu`` through kbk and needs torch with CUDA.

DIR gets ``records.json`` (where it ran, and a record for each program and tool) and ``logs/``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from corpus import TOOLS, Program, programs
from sanitizer_tool import Machine, finish, read_log, start_of

HERE = Path(__file__).parent
STEPS = ("compile", "inputs", "run", "check", "ops")
NATIVE = "native"
SECONDS = {NATIVE: 20, "memcheck": 60, "racecheck": 60, "initcheck": 60, "synccheck": 60}
ENDLESS_SECONDS = {NATIVE: 5, "memcheck": 8, "racecheck": 8, "initcheck": 8, "synccheck": 8}

OPS = """
import torch
from kbk.ops._family import FUNCTIONS, family
module = family("copy")
for name in FUNCTIONS["copy"]:
    for n in (1, 5, 1000, 70001):
        if name == "copy_to_gpu_no_ce":
            x = torch.arange(n, dtype=torch.int32)
            out = torch.empty(n, dtype=torch.int32, device="cuda")
        else:
            x = torch.randn(n + 1, device="cuda")[1:] if n > 5 else torch.randn(n, device="cuda")
            x = x if name in ("copy", "copy_any_element") else x.clone()
            out = torch.empty_like(x)
        arguments = (x, out) if name == "copy_to_gpu_no_ce" else (out, x)
        arguments += {"copy_in_flight": (4, 128, 8, True)}.get(name, ())
        getattr(module, name)(*arguments)
        assert torch.equal(out.cpu(), x.cpu()), (name, n)
print("ops done")
"""


def main() -> int:
    options = parsed()
    some = [each for each in programs() if options.only in each.id]
    steps = ["compile"] if options.compile_only else options.steps.split(",")
    options.work.mkdir(parents=True, exist_ok=True)
    machine = Machine(options.nvcc, options.sanitizer)
    failed = 0
    if "compile" in steps:
        failed += len(
            in_parallel(lambda each: compiled(each, options, machine), some, options.jobs)
        )
        print(f"compiled {len(some) - failed} of {len(some)} programs")
    if "inputs" in steps:
        for each in some:
            write_inputs(each, options.work)
    if "run" not in steps and "ops" not in steps:
        return failed > 0
    records = Records(options.out, machine)
    try:
        if "run" in steps:
            run_all(some, options, machine, records)
        if "check" in steps:
            check_all(some, options.work, records)
        if "ops" in steps:
            run_ops(options, machine, records)
    finally:
        records.save()
    return records.report(some) > 0 or failed > 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("sanitizer-out"))
    parser.add_argument("--work", type=Path, default=Path("/tmp/kbk-corpus"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 4)
    parser.add_argument("--only", default="", help="part of the ids of the programs wanted")
    parser.add_argument("--arch", default="90")
    parser.add_argument("--steps", default="compile,inputs,run,check,ops")
    parser.add_argument("--compile-only", action="store_true")
    parser.add_argument("--nvcc", help="path; else $CUDA_HOME, PATH, /usr/local/cuda*")
    parser.add_argument("--sanitizer", help="path; else as for nvcc")
    return parser.parse_args()


def in_parallel(work: Callable[[Any], str | None], items: Iterable[Any], jobs: int) -> list[str]:
    """The complaints of ``work`` over all items; each is printed when it comes."""
    complaints = []
    with ThreadPoolExecutor(jobs) as pool:
        for complaint in pool.map(work, items):
            if complaint:
                print(complaint, flush=True)
                complaints.append(complaint)
    return complaints


def folder_of(program: Program, work: Path) -> Path:
    folder = work / program.name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def compiled(program: Program, options: argparse.Namespace, machine: Machine) -> str | None:
    folder = folder_of(program, options.work)
    unit = folder / "unit.cu"
    unit.write_text(
        f'#include "main.h"\n#include "{program.path.resolve()}"\nKBK_STANDALONE_MAIN\n'
    )
    done = subprocess.run(
        [
            machine.nvcc(),
            *("-std=c++17", "-O2", "-lineinfo", "-diag-suppress=177,550"),
            f"-gencode=arch=compute_{options.arch},code=sm_{options.arch}",
            *("-I", str(HERE / "standalone")),
            *(str(unit), "-o", str(folder / "program")),
        ],
        capture_output=True,
        text=True,
        errors="replace",
    )
    log = done.stdout + done.stderr
    return f"{program.id}: nvcc\n{log}" if done.returncode or "warning" in log else None


def write_inputs(program: Program, work: Path) -> None:
    """The storages as files, and the words of the command line, as main.h reads them."""
    folder = folder_of(program, work)
    arguments = program.arguments(seed=17)
    values = arguments.named()
    words = []
    for each in program.inputs:
        value = values[each.name]
        if not each.dtype:
            kind = "b" if isinstance(value, bool) else "f" if isinstance(value, float) else "i"
            words.append(f"{kind}:{int(value) if kind == 'b' else value}")
            continue
        data = bytes(arguments.storages[each.name].untyped_storage())
        if each.fill != "empty":
            (folder / f"{each.name}.bin").write_bytes(data)
        file = "-" if each.fill == "empty" else f"{each.name}.bin"
        sizes, strides = ("x".join(map(str, some)) for some in (value.shape, value.stride()))
        offset = value.storage_offset()
        words.append(f"t:{each.name}:{each.dtype}:{len(data)}:{offset}:{sizes}:{strides}:{file}")
    (folder / "words.json").write_text(json.dumps(words))


class Records:
    """What was found out, in the order of the programs and tools."""

    def __init__(self, out: Path, machine: Machine) -> None:
        self.out = out
        self.all: dict[tuple[str, str], dict[str, Any]] = {}
        self.where = machine.provenance()
        (out / "logs").mkdir(parents=True, exist_ok=True)

    def add(self, program: str, tool: str, record: dict[str, Any], log: str) -> None:
        name = program.replace("/", ".")
        (self.out / "logs" / f"{name}.{tool}.txt").write_text(log)
        self.all[program, tool] = {"program": program, "tool": tool, **record}

    def save(self) -> None:
        document = {
            "where": self.where,
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "records": [self.all[key] for key in sorted(self.all)],
        }
        (self.out / "records.json").write_text(json.dumps(document, indent=1) + "\n")

    def report(self, some: list[Program]) -> int:
        """Prints what is not as the headers say; returns how much that is."""
        wrong = [each for each in self.all.values() if each.get("agrees") is False]
        for each in sorted(wrong, key=lambda record: (record["program"], record["tool"])):
            first = " | ".join(each.get("messages", [])[:1])
            print(f"{each['program']} {each['tool']}: {each['verdict']} {each['expected']} {first}")
        print(f"{len(self.all)} runs of {len(some)} programs, {len(wrong)} not as expected")
        return len(wrong)


def run_all(
    some: list[Program], options: argparse.Namespace, machine: Machine, records: Records
) -> None:
    """The endless ones come last: they hold the GPU until their time is over."""
    for endless in (False, True):
        jobs = [
            (each, tool) for each in some if bool(each.skip) == endless for tool in (NATIVE, *TOOLS)
        ]
        in_parallel(lambda job: run_one(*job, options, machine, records), jobs, options.jobs)
        records.save()


def run_one(
    program: Program, tool: str, options: argparse.Namespace, machine: Machine, records: Records
) -> str | None:
    folder = folder_of(program, options.work)
    executable = folder / "program"
    if not executable.exists():
        return f"{program.id}: not compiled"
    words = json.loads((folder / "words.json").read_text())
    command = [str(executable), str(folder), *words]
    environment = dict(os.environ)
    if tool != NATIVE:
        command = [*machine.sanitize(tool), *command]
        environment["KBK_NO_OUTPUT"] = "1"
    seconds = (ENDLESS_SECONDS if program.skip else SECONDS)[tool]
    code, log = finish(start_of(command, environment), seconds)
    record = read_log(tool, code, log)
    expected = "any" if program.skip else program.gpu.get(tool, "any")
    record["expected"] = expected
    if tool == NATIVE:
        record["agrees"] = code == 0 if program.right else None
    else:
        record["agrees"] = expected == "any" or record["verdict"] == expected
    records.add(program.id, tool, record, log)
    return None


def check_all(some: list[Program], work: Path, records: Records) -> None:
    """Whether the native runs of right programs computed what they say."""
    import torch
    from arguments import holds, view_of

    for program in some:
        record = records.all.get((program.id, NATIVE))
        if not program.right or record is None or record["exit"] != 0:
            continue
        folder = folder_of(program, work)
        arguments = program.arguments(seed=17)
        after = dict(arguments.named())
        for each in program.inputs:
            if each.dtype:
                data = bytearray((folder / f"out.{each.name}").read_bytes())
                dtype = getattr(torch, each.dtype)
                storage = torch.frombuffer(data, dtype=dtype)
                if storage.numel() != torch.Size(each.shape).numel():
                    print(f"{program.id}: {each.name} came back with {len(data)} bytes")
                    record["agrees"] = record["result"] = False
                    break
                after[each.name] = view_of(each, storage.reshape(each.shape))
        if record.get("result") is False:
            continue
        if (folder / "out.result").exists():
            first = after[program.inputs[0].name]
            data = bytearray((folder / "out.result").read_bytes())
            after["result"] = torch.frombuffer(data, dtype=first.dtype).reshape(first.shape)
        record["result"] = holds(program, after, arguments.before)
        record["agrees"] = record["result"]
    records.save()


def run_ops(options: argparse.Namespace, machine: Machine, records: Records) -> None:
    """The functions of kernels/copy.cu on CUDA tensors; the first, plain run builds them."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{HERE.parents[2]}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        "PYTORCH_NO_CUDA_MEMORY_CACHING": "1",
    }
    for tool in (NATIVE, *TOOLS):
        command = [sys.executable, "-c", OPS]
        if tool != NATIVE:
            command = [*machine.sanitize(tool), *command]
        code, log = finish(start_of(command, environment), 180)
        record = read_log(tool, code, log)
        record["expected"] = "clean"
        record["agrees"] = code == 0 and record["verdict"] == "clean"
        records.add("ops/copy", tool, record, log)
        if tool == NATIVE and code != 0:
            print(f"ops/copy failed:\n{log[-2000:]}")
            return
    records.save()


if __name__ == "__main__":
    sys.exit(main())
