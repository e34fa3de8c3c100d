"""Looks at this machine and says what kernels can run on, what is missing, and how to get it.

Nothing here assumes that torch works: it is imported in a process of its own, so a torch that is
absent, broken or crashing is a line of the report.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

OLDEST_TORCH = (2, 10)
SHARED_KB = {75: 64, 80: 163, 90: 227}
"""Shared memory that a block may ask for, by device profile (KB; kbk/sim/runtime/device.cpp)."""

LOW_DISK = 2 << 30
"""Bytes free below which a full disk is worth a warning."""

NO_GPU = (
    "None is needed: kernels run on the simulator. To run them on a GPU, open a notebook that "
    "'make notebooks' writes at a cloud provider or on Google Colab (Runtime > Change runtime "
    "type): it brings kbk."
)
"""How to get a GPU."""

Status = Literal["ok", "missing", "warning", "none"]
"""ok; missing: something needs it; warning: works, but; none: absent and not needed."""

TORCH_PROBE = """
import json, torch
seen = {"version": torch.__version__, "cuda": torch.version.cuda, "gpus": [], "cuda_home": None}
try:
    for i in range(torch.cuda.device_count()):
        p = torch.cuda.get_device_properties(i)
        seen["gpus"].append({"name": p.name, "sm": f"{p.major}{p.minor}", "bytes": p.total_memory})
except Exception as error:
    seen["gpu_error"] = str(error).splitlines()[0]
from torch.utils.cpp_extension import CUDA_HOME
seen["cuda_home"] = CUDA_HOME
print("\\n" + json.dumps(seen))
"""


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    name: str
    status: Status
    value: str
    advice: str = ""


@dataclass
class Report:
    """All lines, the limits in force, and which machines can run kernels."""

    checks: list[Check] = field(default_factory=list)
    limits: dict[str, Any] = field(default_factory=dict)
    simulator: bool = False
    gpu: bool = False

    @property
    def usable(self) -> bool:
        """True if kernels run on at least one machine."""
        return self.simulator or self.gpu

    def as_json(self) -> str:
        """Return the report as one JSON object."""
        machines = {"simulator": self.simulator, "gpu": self.gpu}
        checks = [asdict(check) for check in self.checks]
        return json.dumps({"machines": machines, "checks": checks, "limits": self.limits}, indent=2)


def _output(*command: str, seconds: float = 60) -> str | None:
    """Return what a command prints, or None if it is not there, fails or does not end."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return run.stdout if run.returncode == 0 else None


def _bytes(number: float) -> str:
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if number < 1000 or unit == "TB":
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError


def check_python() -> Check:
    """The interpreter that runs this."""
    return Check("Python", "ok", f"{platform.python_version()}, {sys.executable}")


def check_compiler() -> Check:
    """The C++ compiler that builds for the simulator, as ``kbk.build`` chooses it."""
    try:
        compiler = importlib.import_module("kbk.build.toolchain").host_compiler()
    except Exception as error:
        return Check("C++ compiler", "missing", "none found", str(error))
    source = "#include <optional>\n#include <string>\nint main() {}\n"
    command = [*compiler.command.split(), "-std=c++17", "-fsyntax-only", "-x", "c++", "-"]
    run = subprocess.run(command, input=source, capture_output=True, text=True)
    if run.returncode != 0:
        advice = "It does not find the C++17 standard library: install g++ (apt-get install g++)."
        return Check("C++ compiler", "missing", f"{compiler.version}, {compiler.path}", advice)
    return Check("C++ compiler", "ok", f"{compiler.version}, {compiler.path}")


def check_ninja() -> Check:
    """The build tool that torch calls: on PATH, beside the interpreter, or in its package."""
    folders = [None, str(Path(sys.executable).parent)]
    with contextlib.suppress(ImportError):
        folders.append(importlib.import_module("ninja").BIN_DIR)
    for folder in folders:
        path = shutil.which("ninja", path=folder)
        version = _output(path, "--version") if path else None
        if version is not None:
            return Check("ninja", "ok", f"{version.strip()}, {path}")
    return Check("ninja", "missing", "none that runs was found", "Install it: pip install ninja.")


def check_python_headers() -> Check:
    """Python.h, which sources that include torch/extension.h need."""
    header = Path(sysconfig.get_paths()["include"], "Python.h")
    if header.is_file():
        return Check("Python headers", "ok", str(header.parent))
    version = ".".join(platform.python_version_tuple()[:2])
    advice = (
        "Only sources that include <torch/extension.h> need them: "
        f"apt-get install python{version}-dev."
    )
    return Check("Python headers", "none", "none found", advice)


def probe_torch() -> dict[str, Any]:
    """Import torch in another process. Returns what it says of itself, or {"error": why}."""
    try:
        run = subprocess.run(
            [sys.executable, "-c", TORCH_PROBE], capture_output=True, text=True, timeout=300
        )
    except subprocess.TimeoutExpired:
        return {"error": "importing torch did not end within 300 s"}
    if run.returncode == 0:
        with contextlib.suppress(ValueError, IndexError):
            return dict(json.loads(run.stdout.splitlines()[-1]))
    if run.returncode < 0:
        return {"error": f"importing torch was ended by signal {-run.returncode}"}
    lines = [line for line in run.stderr.splitlines() if line.strip()]
    return {"error": lines[-1].strip() if lines else f"exit status {run.returncode}"}


def check_torch(torch: dict[str, Any]) -> Check:
    """Whether torch imports and is new enough."""
    if "error" in torch:
        advice = "Install torch 2.10 or newer; 'make setup' in the repository does it."
        return Check("torch", "missing", torch["error"], advice)
    value = f"{torch['version']}, CUDA {torch['cuda'] or 'no'}"
    numbers = torch["version"].split("+")[0].split(".")
    release = tuple(int(digits) for digits in numbers[:2] if digits.isdigit())
    if release < OLDEST_TORCH:
        return Check("torch", "missing", value, "It is too old: install torch 2.10 or newer.")
    return Check("torch", "ok", value)


def check_gpus(torch: dict[str, Any]) -> Check:
    """The GPUs that torch can use, with the driver's version."""
    query = "--query-gpu=name,compute_cap,driver_version"
    listed = (_output("nvidia-smi", query, "--format=csv,noheader") or "").strip().splitlines()
    driver = listed[0].split(", ")[-1] if listed else "unknown"
    gpus = torch.get("gpus") or []
    if gpus:
        each = [f"{g['name']} (sm_{g['sm']}, {_bytes(g['bytes'])})" for g in gpus]
        return Check("GPU", "ok", f"{'; '.join(each)}, driver {driver}")
    if not listed:
        return Check("GPU", "none", "no NVIDIA GPU found", NO_GPU)
    names = ", ".join(line.split(", ")[0] for line in listed)
    if "error" not in torch and torch["cuda"] is None:
        advice = "This torch is a CPU build: install one with CUDA ('make setup TORCH=torch')."
    else:
        reason = torch.get("gpu_error") or torch.get("error") or "torch finds no device"
        advice = f"torch cannot use it ({reason}): the driver may be older than torch's CUDA."
    return Check("GPU", "missing", f"{names}, driver {driver}", advice)


def check_nvcc(torch: dict[str, Any], gpu_there: bool) -> Check:
    """The CUDA compiler, where torch looks for it; only a GPU needs one."""
    home = torch.get("cuda_home")
    path = str(Path(home, "bin/nvcc")) if home else shutil.which("nvcc")
    text = _output(path, "--version") if path else None
    if path is None or text is None:
        if not gpu_there:
            return Check("nvcc", "none", "none found; only a GPU needs it")
        wanted = torch.get("cuda") or ""
        advice = f"Install the CUDA toolkit {wanted}, and put nvcc on PATH or set CUDA_HOME."
        return Check("nvcc", "missing", "none found", advice)
    release = text.partition("release ")[2].partition(",")[0] or "unknown"
    value = f"{release}, {path}"
    cuda = torch.get("cuda")
    if gpu_there and cuda and cuda.split(".")[0] != release.split(".")[0]:
        advice = f"torch was built with CUDA {cuda}: install a toolkit of the same major version."
        return Check("nvcc", "missing", value, advice)
    return Check("nvcc", "ok", value)


def check_cache() -> Check:
    """Where compiled kernels are kept: size, free disk, and whether it can be written."""
    said = io.StringIO()
    try:
        cache = importlib.import_module("kbk.build.cache")
        with contextlib.redirect_stderr(said):
            folder: Path = cache.cache_dir()
    except Exception as error:
        return Check("build cache", "missing", "no folder", str(error))
    size = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            size += file.stat().st_size if file.is_file() else 0
    free = shutil.disk_usage(folder).free
    value = f"{folder}, {_bytes(size)} used, {_bytes(free)} free on the disk"
    if said.getvalue():
        return Check("build cache", "warning", value, said.getvalue().strip().removeprefix("kbk: "))
    if free < LOW_DISK:
        advice = "The disk is nearly full: free some space, or set KBK_CACHE to another folder."
        return Check("build cache", "warning", value, advice)
    return Check("build cache", "ok", value)


def limits() -> dict[str, Any]:
    """The limits in force: cores, memory, and the settings and profile of the simulator.

    Raises:
        ArgumentError: the environment names a device profile that does not exist.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    simulator = importlib.import_module("kbk.sim.runtime_library")
    arch = simulator.arch()
    return {
        "cpu_cores": cores,
        "memory": _bytes(memory),
        "simulated_gpu": f"sm_{arch}",
        "shared_memory_per_block": f"{SHARED_KB[arch]} KB",
        "threads_per_block": 1024,
        "seconds_per_simulated_launch": simulator.current_settings().time_limit,
    }


def _safely(check: Callable[..., Check], name: str, *arguments: Any) -> Check:
    """Run a check; one that fails itself becomes a line instead of ending the report."""
    try:
        return check(*arguments)
    except Exception as error:
        advice = "This is a fault of kbk doctor: please report it."
        return Check(name, "warning", f"{type(error).__name__}: {error}", advice)


def examine() -> Report:
    """Look at everything and decide which machines can run kernels."""
    torch = probe_torch()
    compiler = _safely(check_compiler, "C++ compiler")
    ninja = _safely(check_ninja, "ninja")
    torch_check = _safely(check_torch, "torch", torch)
    gpus = _safely(check_gpus, "GPU", torch)
    nvcc = _safely(check_nvcc, "nvcc", torch, gpus.status != "none")
    cache = _safely(check_cache, "build cache")
    report = Report([check_python(), compiler, ninja, torch_check, gpus, nvcc, cache])
    report.checks.insert(5, _safely(check_python_headers, "Python headers"))
    common = all(check.status == "ok" for check in (compiler, ninja, torch_check))
    common = common and cache.status != "missing"
    try:
        report.limits = limits()
    except Exception as error:
        report.checks.append(Check("simulator", "missing", type(error).__name__, str(error)))
    report.simulator = common and bool(report.limits)
    report.gpu = common and gpus.status == "ok" and nvcc.status == "ok"
    return report
