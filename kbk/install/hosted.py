"""What the first cell of a notebook runs: installs kbk if need be, and says which machine it found.

The cell puts the wheel that it carries on ``sys.path`` and calls ``prepare`` out of it, so nothing
here may import kbk, or anything else that is not in Python, before it is installed.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import platform
import re
import shlex
import site
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from email.parser import Parser
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .choose import Machine, SetupError, Torch, make_plan, probe_gpu, probe_torch, try_torch

INSTALLED_FROM = "KBK_INSTALLED_FROM"
"""Set in the kernel's environment after an installation from KBK_SOURCE: it is done once."""

HOSTS = {
    "COLAB_RELEASE_TAG": "Google Colab",
    "KAGGLE_KERNEL_RUN_TYPE": "Kaggle",
    "BINDER_SERVICE_HOST": "Binder",
    "JUPYTERHUB_USER": "a JupyterHub",
    "CODESPACES": "a Codespace",
}
"""Environment variables by which a hosted notebook is told."""

GET_COMPILER = (
    "none was found: run `!apt-get update && apt-get install -y g++` in a cell, then this cell "
    "again."
)
"""For root on a machine with apt-get, as on Colab and Kaggle."""


class Stop(SetupError):
    """Ends the cell; IPython shows the sentence without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"kbk: {self}"]


def prepare(wheel: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Make ``import kbk`` work in this process, and print what is here.

    A kbk of the same content stays, and so does one that is a clone; KBK_SOURCE names another one
    (what ``pip install`` takes). A torch that is there and new enough stays; KBK_TORCH names one.

    Args:
        wheel: kbk, as the notebook carries it.

    Raises:
        Stop: something could not be installed, or the kernel has to be restarted.
    """
    began = time.monotonic()
    source = environment.get("KBK_SOURCE", "").strip()
    wanted = bool(source) and environment.get(INSTALLED_FROM) != source
    wanted = wanted or (not source and not _is_there(wheel))
    before = _versions()
    loaded = {name for name in ("kbk", "torch") if name in sys.modules}
    if wanted or _missing(wheel):
        _install(wheel, shlex.split(source) if wanted and source else [str(wheel)] * wanted)
        if source:
            os.environ[INSTALLED_FROM] = source
        changed = {name for name, version in _versions().items() if version != before[name]}
        if (changed | ({"kbk"} if wanted else set())) & loaded:
            raise Stop(
                "another version was installed than this kernel has loaded: restart the kernel, "
                "then run this cell again."
            )
    done = f"installed in {time.monotonic() - began:.0f} s" if wanted else "already there"
    kbk = importlib.import_module("kbk")
    print(f"kbk {kbk.__version__}: {done}, {Path(kbk.__file__ or '').parent}")
    for name, value in report().items():
        print(f"{name + ':':<10}{value}")


def _is_there(wheel: Path) -> bool:
    """Whether ``import kbk`` finds a clone, or the very files of the wheel."""
    spec = find_spec("kbk")
    if spec is None or spec.origin is None:
        return False
    package = Path(spec.origin).parent
    root = package.parent
    if (root / "pyproject.toml").is_file() and (root / "kernels").is_dir():
        return True  # somebody works on it; a wheel must not take its place
    with zipfile.ZipFile(wheel) as files:
        names = [name for name in files.namelist() if name.startswith("kbk/")]
        return all(_same(root / name, files.read(name)) for name in names)


def _same(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _versions() -> dict[str, str]:
    return {name: _version(name) for name in ("kbk", "torch")}


def _requirements(wheel: Path) -> Iterator[str]:
    """The requirements of the wheel, without those of extras."""
    with zipfile.ZipFile(wheel) as files:
        name = next(n for n in files.namelist() if n.endswith(".dist-info/METADATA"))
        head = Parser().parsestr(files.read(name).decode(), headersonly=True)
    for requirement in head.get_all("Requires-Dist", []):
        if "extra ==" not in requirement:
            yield requirement


def _missing(wheel: Path) -> list[str]:
    """The requirements of which no version is here (a torch that is too old counts as none)."""
    names = {each: re.split(r"[^\w.-]", each, maxsplit=1)[0] for each in _requirements(wheel)}
    missing = [each for each, name in names.items() if find_spec(name) is None]
    torch = Torch(_version("torch"), "")
    if torch.version and not torch.new_enough:
        missing += [each for each, name in names.items() if name == "torch"]
    return missing


def _install(wheel: Path, packages: list[str]) -> None:
    """Install torch if need be, then the packages and whatever the wheel requires.

    Args:
        packages: arguments of ``pip install`` that bring kbk; empty if it is there.
    """
    override = os.environ.get("KBK_TORCH", "").strip()
    torch = probe_torch(sys.executable)
    plan = make_plan(Machine(platform.system(), torch, probe_gpu(), override))
    print(f"kbk: installing, with {plan.why}. This is done once.", flush=True)
    failed = try_torch(sys.executable, plan, _pip_environment(), quiet=True)
    if failed:
        print(failed)
        raise Stop(
            "no torch could be installed (pip's words are above); the environment variable "
            "KBK_TORCH takes a requirement or the path of a wheel instead."
        )
    _see_new_packages()
    found = probe_torch(sys.executable) if plan.attempts else torch
    if found is None or not found.new_enough:
        version = "cannot be imported" if found is None else f"{found.version} is too old"
        raise Stop(f"torch {version}: kbk needs 2.10 or newer.")
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder, "constraints.txt")
        pinned.write_text(f"torch=={found.version}\n")
        if packages and _version("kbk"):
            # pip takes a wheel of the version that is there for the same: it need not be.
            _pip("--force-reinstall", "--no-deps", *packages)
        _pip("-c", str(pinned), *(packages or _missing(wheel)))
    _see_new_packages()


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", *words]
    run = subprocess.run(command, env=_pip_environment(), capture_output=True, text=True)
    if run.returncode != 0:
        print("\n".join((run.stdout + run.stderr).strip().splitlines()[-15:]))
        raise Stop(f"this command failed, its words are above: {shlex.join(command)}")


def _pip_environment() -> dict[str, str]:
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    return {**os.environ, **quiet}


def _see_new_packages() -> None:
    """Let this process find what pip has just installed, in the user's folder too."""
    if site.ENABLE_USER_SITE:
        user = site.getusersitepackages()
        if os.path.isdir(user) and user not in sys.path:
            site.addsitedir(user)
    importlib.invalidate_caches()


def host(environment: Mapping[str, str] = os.environ) -> str:
    """Where this runs: the name of a hosted notebook, or "this machine"."""
    return next((name for key, name in HOSTS.items() if environment.get(key)), "this machine")


def _torch_facts(probe: str) -> dict[str, Any]:
    """What torch says of itself, asked in this process: the page imports it anyway."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            exec(probe, {})
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return dict(json.loads(printed.getvalue().splitlines()[-1]))


def report() -> dict[str, str]:
    """The machine in three lines: where and what it is, its GPU, its C++ compiler."""
    doctor = importlib.import_module("kbk.doctor")
    facts = _torch_facts(doctor.TORCH_PROBE)
    torch = doctor.check_torch(facts)
    gpu = doctor.check_gpus(facts)
    words = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    machine = f"{host()}, {words}, Python {platform.python_version()}, torch {torch.value}"
    if torch.status != "ok":
        machine += f". {torch.advice}"
    nvcc = doctor.check_nvcc(facts, True)
    return {
        "machine": machine,
        "GPU": describe_gpu(gpu, nvcc),
        "compiler": describe_compiler(doctor.check_compiler()),
    }


def describe_gpu(gpu: Any, nvcc: Any) -> str:
    """Which machine CUDA runs on, from two checks of kbk.doctor."""
    if gpu.status == "none":
        return "no GPU: the simulator on the CPU"
    if gpu.status != "ok":
        return f"{gpu.value}, but: {gpu.advice} Until then: the simulator on the CPU"
    if nvcc.status != "ok":
        return f"{gpu.value}, but no nvcc that fits it ({nvcc.value}). {nvcc.advice}"
    return f"{gpu.value}, nvcc {nvcc.value}"


def describe_compiler(check: Any) -> str:
    """The C++ compiler, or one sentence on how to get it, from a check of kbk.doctor."""
    if check.status == "ok":
        return str(check.value)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and any(Path(folder, "apt-get").exists() for folder in ("/usr/bin", "/bin")):
        return GET_COMPILER
    return f"{check.value}. {check.advice}"
