"""compute-sanitizer and nvcc: where they are, how a tool is called, what its log says."""

from __future__ import annotations

import glob
import os
import re
import shutil
import signal
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

_OPTIONS = {
    "memcheck": ["--padding", "256", "--leak-check", "no"],
    "racecheck": ["--racecheck-report", "all"],
    "initcheck": [],
    "synccheck": [],
}
_SUMMARY = re.compile(r"ERROR SUMMARY: (\d+) errors?")
_RACES = re.compile(r"RACECHECK SUMMARY: .*?(\d+) errors?, (\d+) warnings?")
_ADDRESS = re.compile(r"0x[0-9a-f]{4,}")
_FOLDER = re.compile(r"[^\s(]*/corpus/")


class Machine:
    """The tools of this machine, found when they are first needed."""

    def __init__(self, nvcc: str | None, sanitizer: str | None) -> None:
        self._given = {"nvcc": nvcc, "compute-sanitizer": sanitizer}
        self.find = cache(self._find)

    def _find(self, name: str) -> str:
        home = os.environ.get("CUDA_HOME", "/usr/local/cuda")
        places = [
            self._given.get(name),
            f"{home}/bin/{name}",
            f"{home}/{name}/{name}",
            shutil.which(name),
            *sorted(glob.glob(f"/usr/local/cuda*/bin/{name}"), reverse=True),
            *sorted(glob.glob(f"/usr/local/cuda*/{name}/{name}"), reverse=True),
        ]
        for place in places:
            if place and Path(place).exists():
                return place
        raise SystemExit(f"{name} was not found; give its path with an option")

    def nvcc(self) -> str:
        return self.find("nvcc")

    def sanitize(self, tool: str) -> list[str]:
        """The words in front of a command that run it under ``tool``."""
        program = self.find("compute-sanitizer")
        known = _help_of(program)
        options = list(_OPTIONS[tool])
        if tool == "initcheck" and "--initcheck-address-space" in known:
            options += ["--initcheck-address-space", "all"]
        if "--padding" not in known and "--padding" in options:
            del options[:2]
        return [program, "--tool", tool, *options, "--print-limit", "20", "--error-exitcode", "99"]

    def provenance(self) -> dict[str, str]:
        """GPU, driver, versions of the tools, the commit that $KBK_COMMIT names."""
        gpu = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        return {
            "gpu": _first_line(gpu, 0),
            "cuda": _first_line([self.nvcc(), "--version"], -1),
            "sanitizer": _first_line([self.find("compute-sanitizer"), "--version"], -1),
            "commit": os.environ.get("KBK_COMMIT", ""),
        }


@cache
def _help_of(program: str) -> str:
    done = subprocess.run([program, "--help"], capture_output=True, text=True)
    return done.stdout + done.stderr


def _first_line(command: list[str], which: int) -> str:
    try:
        lines = subprocess.run(command, capture_output=True, text=True).stdout.strip().split("\n")
    except OSError:
        return ""
    return lines[which].strip()


def start_of(command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    """Starts a command in a process group of its own, so that it can be ended whole."""
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], seconds: float) -> tuple[int | None, str]:
    """Exit code and output; None for a process that had to be ended."""
    try:
        output, _ = process.communicate(timeout=seconds)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        try:
            output, _ = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            output = ""
        return None, output


def read_log(tool: str, code: int | None, log: str) -> dict[str, Any]:
    """Exit code, counts, verdict (clean, warning, error, timeout, failed) and first messages."""
    record: dict[str, Any] = {"exit": code, "messages": _messages(log)}
    summary, races = _SUMMARY.search(log), _RACES.search(log)
    if races:
        record["errors"], record["warnings"] = int(races.group(1)), int(races.group(2))
    elif summary:
        record["errors"] = int(summary.group(1))
    if code is None:
        record["verdict"] = "timeout"
    elif tool == "native":
        record["verdict"] = "clean" if code == 0 else "failed"
    elif "errors" not in record:
        record["verdict"] = "failed"
    elif record["errors"]:
        record["verdict"] = "error"
    else:
        record["verdict"] = "warning" if record.get("warnings") else "clean"
    return record


def _messages(log: str, most: int = 4) -> list[str]:
    """The first reports, one text each, without addresses, folders and frames of the host."""
    reports: list[list[str]] = []
    fresh = True
    for line in log.split("\n"):
        if not line.startswith("========="):
            continue
        text = line[9:].rstrip()
        if not text.strip():
            fresh = True
        elif "SUMMARY" not in text and "COMPUTE-SANITIZER" not in text:
            if "Host Frame" in text or "backtrace" in text:
                continue
            text = _FOLDER.sub("", _ADDRESS.sub("0x…", text)).strip()
            if fresh:
                reports.append([])
                fresh = False
            reports[-1].append(text)
    return ["\n".join(lines[:8]) for lines in reports[:most]]
