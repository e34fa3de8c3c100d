"""Nsight Compute: where it is, which of the wanted counters it has here, what its tables say."""

from __future__ import annotations

import csv
import glob
import io
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ncu_metrics

sys.path.append(str(Path(__file__).parents[1] / "sanitize"))
from sanitizer_tool import Machine, finish, start_of

PLACES = ("/opt/nvidia/nsight-compute/*/ncu", "/usr/local/cuda*/nsight-compute*/ncu")
OPTIONS = ["--clock-control", "none", "--cache-control", "none", "--replay-mode", "kernel"]
PRINT = ["--csv", "--page", "raw", "--print-units", "base", "--print-kernel-base", "function"]

TINY = """
#include <cstdio>
__global__ void tiny(float* out, const float* x) {
  __shared__ float held[64];
  held[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  out[threadIdx.x] = held[threadIdx.x ^ 1];
}
int main() {
  float* memory;
  cudaMalloc(&memory, 1024);
  tiny<<<1, 64>>>(memory, memory + 64);
  printf("%s\\n", cudaGetErrorString(cudaDeviceSynchronize()));
}
"""


def find_ncu(given: str | None) -> str:
    """The path of ncu."""
    if given:
        return given
    try:
        return Machine(None, None).find("ncu")
    except SystemExit:
        for place in PLACES:
            found = sorted(glob.glob(place))
            if found:
                return found[-1]
        raise


class Ncu:
    """ncu on this machine.

    Attributes:
        path: of the program.
        work: a folder for what is made on the way.
        log: lines that say what was tried and dropped.
    """

    def __init__(self, path: str, nvcc: str, work: Path) -> None:
        self.path = path
        self.nvcc = nvcc
        self.work = work
        self.log: list[str] = []
        self.known: dict[str, str] = {}

    def version(self) -> str:
        match = re.search(r"Version (\S+)", self.output(["--version"]))
        return match.group(1) if match else ""

    def output(self, options: Sequence[str], seconds: float = 90) -> str:
        code, text = finish(start_of([self.path, *options], _environment()), seconds)
        if code != 0:
            self.log.append(f"exit {code} of ncu {' '.join(options)[:200]}: {text[-300:]!r}")
        return text

    def query(self) -> None:
        """Ask which metrics there are."""
        self.known = ncu_metrics.queried(lambda options: self.output(options))
        self.log.append(f"ncu knows {len(self.known)} names")

    def names(self) -> str:
        """What of the known metrics may matter here, one a line."""
        lines = (f"{name}  {text}" for name, text in sorted(self.known.items()))
        return "\n".join(line for line in lines if ncu_metrics.INTERESTING.search(line)) + "\n"

    def choose(self, patterns: bool) -> list[str]:
        """The metrics that a run on a tiny program really gives."""
        tiny = self._tiny()
        sure, maybe = ncu_metrics.wanted(self.known, patterns)
        asked = [*sure, *maybe]
        for _ in range(8):
            text = self.output([*OPTIONS, *PRINT, "--metrics", ",".join(asked), str(tiny)])
            rows = read_raw(text)
            if rows:
                break
            complaints = [line for line in text.splitlines() if line.startswith("==ERROR==")]
            words = set(re.findall(r"[\w.]+", " ".join(complaints)))
            blamed = [name for name in asked if {name, name.partition(".")[0]} & words]
            blamed = blamed or [name for name in maybe if name in asked]
            if not blamed:
                self.log.append(f"no table from the tiny program: {text[-500:]!r}")
                return sure
            self.log.append(f"dropped {blamed}: {complaints[:2]}")
            asked = [name for name in asked if name not in blamed]
        else:
            return sure
        given = [name for name in asked if isinstance(rows[0]["metrics"].get(name), (int, float))]
        missing = [name for name in asked if name not in given]
        self.log.append(f"{len(given)} metrics; no value for {missing}")
        return given

    def _tiny(self) -> Path:
        source, program = self.work / "tiny.cu", self.work / "tiny"
        if not program.exists():
            source.write_text(TINY)
            # Not through kbk: without torch a run takes a second.
            subprocess.run([self.nvcc, "-arch=native", str(source), "-o", str(program)], check=True)
        return program


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}


def read_raw(text: str) -> list[dict[str, Any]]:
    """The rows of `--csv --page raw`: kernel, grid, block and metrics (numbers; else the text)."""
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith('"ID"')), None)
    if start is None:
        return []
    table = list(csv.reader(io.StringIO("\n".join(lines[start:]))))
    head = table[0]
    found = []
    for row in table[1:]:
        if len(row) != len(head) or not row[0].strip().isdigit():
            continue  # the units, or a message of ncu
        fields = dict(zip(head, row, strict=True))
        found.append(
            {
                "kernel": base_name(fields["Kernel Name"]),
                "grid": _three(fields.get("Grid Size", "")),
                "block": _three(fields.get("Block Size", "")),
                "metrics": {
                    name: number(value)
                    for name, value in fields.items()
                    if "__" in name or name.startswith(("memory_", "inst_", "thread_inst"))
                },
            }
        )
    return found


def base_name(name: str) -> str:
    """The name of a kernel without its namespace, template arguments and parameters."""
    name = name.replace("(anonymous namespace)::", "").removeprefix("void ")
    return re.sub(r"[<(].*", "", name).split("::")[-1].strip()


def _three(text: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", text)]


def number(text: str) -> int | float | str:
    """A number as it is; instanced values are written "total (a; b; c)": the total."""
    plain = re.sub(r"\s*\(.*\)\s*$", "", text.strip()).replace(",", "")
    try:
        value = float(plain)
    except ValueError:
        return text
    return int(value) if value.is_integer() else value
