"""Recorded measurements: one JSON file for each name and GPU, with where and when it was taken.

A record holds ``schema``, ``name``, ``provenance`` (gpu, driver, cuda, torch, python, commit,
date), ``kernels`` (file in ``kernels/`` -> digest of the text that was measured), ``method`` (a
sentence) and ``data``.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

from kbk.paths import KERNELS, MEASUREMENTS

SCHEMA = 1
PROVENANCE = ("gpu", "driver", "cuda", "torch", "python", "commit", "date")


def _output(*command: str) -> str:
    """First line that a command prints, or "" if it cannot run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=KERNELS, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().partition("\n")[0] if done.returncode == 0 else ""


def commit() -> str:
    """The commit measured: ``KBK_COMMIT``, else git's HEAD ("+" if edited), else "unknown"."""
    named = os.environ.get("KBK_COMMIT", "")
    if named:
        return named
    head = _output("git", "rev-parse", "HEAD")
    if not head:
        return "unknown"
    return head + ("+" if _output("git", "status", "--porcelain", "--untracked-files=no") else "")


def provenance() -> dict[str, str]:
    """Where and when: gpu, driver, cuda, torch, python, commit, date (UTC)."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    driver = _output("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    return {
        "gpu": gpu,
        "driver": driver,
        "cuda": torch.version.cuda or "",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "commit": commit(),
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def digest(path: Path) -> str:
    """First 16 hex digits of the SHA-256 of a file, "" if it is not there."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else ""


@dataclass(frozen=True)
class Record:
    """One recorded measurement."""

    name: str
    provenance: dict[str, str]
    kernels: dict[str, str]
    method: str
    data: dict[str, Any]
    path: Path | None = None

    def stale(self, kernels: Path = KERNELS) -> list[str]:
        """Kernel files whose text is no longer the one that was measured."""
        return [f for f, then in self.kernels.items() if digest(kernels / f) != then]

    def to_json(self) -> str:
        """The record as the text of its file."""
        fields = {
            "schema": SCHEMA,
            "name": self.name,
            "provenance": self.provenance,
            "kernels": self.kernels,
            "method": self.method,
            "data": self.data,
        }
        text = json.dumps(fields, indent=1)
        rows = re.compile(r"\[([^][{}]*)\]")  # a list of numbers on one line, not on one each
        return rows.sub(lambda row: "[" + " ".join(row[1].split()) + "]", text) + "\n"


def take(name: str, data: dict[str, Any], method: str, kernels: Iterable[str]) -> Record:
    """A record of ``data``, measured here and now with the named files of ``kernels/``."""
    return Record(name, provenance(), {k: digest(KERNELS / k) for k in kernels}, method, data)


def save(record: Record, folder: Path = MEASUREMENTS) -> Path:
    """Writes ``<name>.<gpu>.json``, over an older record of the same name and GPU."""
    gpu = re.sub(r"[^a-z0-9]+", "_", record.provenance["gpu"].lower()).strip("_") or "no_gpu"
    path = folder / f"{record.name}.{gpu}.json"
    path.write_text(record.to_json())
    return path


def load(path: Path) -> Record:
    """Reads a record.

    Raises:
        ValueError: the file is not a record of this schema, or misses part of its provenance.
    """
    fields = json.loads(path.read_text())
    if not isinstance(fields, dict) or fields.get("schema") != SCHEMA:
        raise ValueError(f"{path} must be a record of schema {SCHEMA}")
    missing = [key for key in PROVENANCE if key not in fields.get("provenance", {})]
    if missing:
        raise ValueError(f"the provenance of {path} must name {', '.join(missing)}")
    keys = ("name", "provenance", "kernels", "method", "data")
    return Record(**{key: fields[key] for key in keys}, path=path)


def newest(name: str, gpu: str | None = None, folder: Path = MEASUREMENTS) -> Record | None:
    """The newest record of a name, of any GPU or of the one named; None if there is none."""
    found = [load(path) for path in sorted(folder.glob(f"{name}.*.json"))]
    found = [r for r in found if gpu is None or r.provenance["gpu"] == gpu]
    return max(found, key=lambda r: r.provenance["date"], default=None)


@dataclass(frozen=True)
class Reading:
    """Numbers for a page, and where they come from: ``live``, ``record`` or ``none``."""

    source: str
    record: Record | None
    stale: tuple[str, ...] = ()

    @property
    def data(self) -> Mapping[str, Any]:
        """The numbers; empty if there are none."""
        return self.record.data if self.record else {}

    def __str__(self) -> str:
        if self.record is None:
            return (
                "No record yet, and no GPU here: "
                "`kbk record --out measurements` on a GPU writes one."
            )
        at = self.record.provenance
        # A wheel knows no commit.
        commit = "" if at["commit"] == "unknown" else f"commit {at['commit'][:10]}, "
        where = (
            f"{at['gpu']}, driver {at['driver']}, CUDA {at['cuda']}, torch {at['torch']}, "
            f"{commit}{at['date'][:10]}"
        )
        if self.source == "live":
            return f"Measured live: {where}."
        changed = f" Since then {', '.join(self.stale)} changed." if self.stale else ""
        return f"From the record: {where}.{changed}"


def live_or_record(
    name: str,
    measure: Callable[[], Record],
    *,
    gpu: bool | None = None,
    folder: Path = MEASUREMENTS,
) -> Reading:
    """Measures on a GPU; without one reads the newest record of ``name``.

    Args:
        name: the record's name.
        measure: takes the record on a GPU.
        gpu: whether there is one; by default torch says.
        folder: where the records are.
    """
    if torch.cuda.is_available() if gpu is None else gpu:
        return Reading("live", measure())
    record = newest(name, folder=folder)
    if record is None:
        return Reading("none", None)
    return Reading("record", record, tuple(record.stale()))
