"""Decides where torch comes from, so that no machine without a GPU gets gigabytes of CUDA.

A torch that is there and new enough is never replaced. Torch comes first, because any other package
would pull the CUDA build; everything after it is installed under a constraint that pins the torch
found or chosen.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass

CPU_TORCH = "torch==2.13.0+cpu"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
ANY_TORCH = "torch>=2.10"
OLDEST_TORCH = (2, 10, 0)

# The metadata's version is the one that pip compares; a torch built from source may have none.
TORCH_PROBE = """
import os, torch
from importlib import metadata
try:
    print(metadata.version("torch"))
except metadata.PackageNotFoundError:
    print(torch.__version__)
print(os.path.dirname(torch.__path__[0]))
"""


class SetupError(Exception):
    """Set-up cannot go on; the text is one sentence that says what to do."""


@dataclass(frozen=True)
class Torch:
    """A torch that a Python imports: its version and the folder that holds the package."""

    version: str
    folder: str

    @property
    def new_enough(self) -> bool:
        """True from 2.10.0 on; a pre-release of 2.10.0 itself counts as older."""
        match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?(a|b|rc|\.dev)?", self.version)
        if match is None:
            return False
        release = (int(match[1]), int(match[2]), int(match[3] or 0))
        return release > OLDEST_TORCH or (release == OLDEST_TORCH and match[4] is None)


@dataclass(frozen=True)
class Machine:
    """What the plan depends on."""

    system: str
    torch: Torch | None
    gpu: bool
    override: str = ""


@dataclass(frozen=True)
class Plan:
    """How torch gets in.

    Attributes:
        base_packages: the packages of the Python in use serve (a venv is made to see them).
        attempts: arguments of ``pip install``, tried in this order until one succeeds; empty if
            torch is there already.
        why: one line for the person who watches.
    """

    base_packages: bool
    attempts: tuple[tuple[str, ...], ...]
    why: str


def make_plan(machine: Machine) -> Plan:
    """Decide where torch comes from."""
    if machine.override:
        words = tuple(shlex.split(machine.override))
        return Plan(False, (words,), f"torch as asked for: {machine.override}")
    if machine.torch is not None and machine.torch.new_enough:
        why = f"the torch {machine.torch.version} that is already there"
        return Plan(True, (), why)
    if machine.gpu:
        return Plan(False, ((ANY_TORCH,),), "torch with CUDA, for the NVIDIA GPU of this machine")
    if machine.system == "Darwin":
        return Plan(False, ((ANY_TORCH,),), "torch for macOS")
    attempts = ((CPU_TORCH,), ("--extra-index-url", CPU_INDEX, CPU_TORCH))
    return Plan(False, attempts, "the CPU build of torch: no NVIDIA GPU was found")


def probe_torch(python: str) -> Torch | None:
    """Return the torch that ``python`` can import, or None. A broken one counts as absent."""
    try:
        run = subprocess.run(
            [python, "-c", TORCH_PROBE], capture_output=True, text=True, timeout=180, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = run.stdout.split("\n")
    return Torch(lines[0], lines[1]) if run.returncode == 0 and len(lines) >= 2 else None


def probe_gpu() -> bool:
    """Return True if the NVIDIA driver lists at least one GPU."""
    smi = shutil.which("nvidia-smi")
    if smi is None:
        return False
    try:
        run = subprocess.run([smi, "-L"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0 and "GPU " in run.stdout


def try_torch(python: str, plan: Plan, environment: dict[str, str], quiet: bool = False) -> str:
    """Try the plan's attempts in turn with pip.

    Returns:
        "" once one has succeeded (or if there is nothing to do), else pip's words on the last one.
    """
    words = ""
    for attempt in plan.attempts:
        command = [python, "-m", "pip", "install", *(["--quiet"] if quiet else []), *attempt]
        done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True)
        if done.returncode == 0:
            return ""
        words = done.stderr.strip() or f"pip ended with {done.returncode}"
    return words
