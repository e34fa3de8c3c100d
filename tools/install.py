"""Creates .venv and installs the course into it without ever replacing a torch that is there.

Run by make, with the base Python and the standard library alone. kbk.install.choose decides which
torch, for the notebooks too.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # kbk is not installed yet

from kbk.install.choose import (
    Machine,
    Plan,
    SetupError,
    Torch,
    make_plan,
    probe_gpu,
    probe_torch,
    try_torch,
)


def base_python(venv: Path) -> str:
    """Return the Python to build ``venv`` from: this one, or its base if this one is ``venv``'s."""
    if Path(sys.prefix).resolve() == venv.resolve():
        return str(getattr(sys, "_base_executable", None) or Path(sys.base_prefix, "bin/python3"))
    return sys.executable


def run(*command: str | Path) -> None:
    """Run a command with its output shown; raise SetupError if it fails."""
    words = [str(word) for word in command]
    if subprocess.run(words, env=pip_environment()).returncode != 0:
        raise SetupError(f"This command failed (its output is above): {shlex.join(words)}")


def pip_environment() -> dict[str, str]:
    """Return the environment for pip: a personal ``--user`` default must not break a venv."""
    return {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def interpreter_kind(python: str | Path) -> str:
    """Return version and base folder of an interpreter that has pip, or "" if it does not run."""
    code = "import pip, sys; print(sys.version_info[:2], sys.base_prefix)"
    try:
        probe = subprocess.run([python, "-c", code], capture_output=True, text=True)
    except OSError:
        return ""
    return probe.stdout if probe.returncode == 0 else ""


def create_venv(base: str, venv: Path, base_packages: bool) -> Path:
    """Create ``venv``, or keep it if it is of the same kind already. Return its Python."""
    python = venv / "bin/python"
    code = "import sys; print(sys.version_info[:2], sys.base_prefix)"
    wanted = subprocess.run([base, "-c", code], capture_output=True, text=True).stdout
    config = venv / "pyvenv.cfg"
    sees_base = config.is_file() and "system-site-packages = true" in config.read_text()
    if interpreter_kind(python) != wanted or sees_base != base_packages:
        extra = ["--system-site-packages"] if base_packages else []
        run(base, "-m", "venv", "--clear", *extra, venv)
    return python


def show_base_packages(python: Path, venv: Path, torch: Torch) -> None:
    """Let ``venv`` see the base's torch if the base is itself a venv, whose folder it skips."""
    if probe_torch(str(python)) is None:
        site = next((venv / "lib").glob("python3*/site-packages"))
        (site / "kbk_base.pth").write_text(torch.folder + "\n")


def install_torch(python: Path, plan: Plan) -> None:
    """Try the plan's attempts in turn; raise SetupError with the last one's words if all fail."""
    said = try_torch(str(python), plan, pip_environment())
    if not said:
        return
    print(said, file=sys.stderr)
    raise SetupError(
        f"No torch could be installed ({shlex.join(plan.attempts[-1])}): pip's words are above; "
        "'make TORCH=...' takes a requirement or the path of a wheel instead."
    )


def install(venv: Path, extras: str, stamp: Path, machine: Machine, base: str) -> None:
    """Do everything: .venv, torch, the package with ``extras``, the Jupyter kernel, the stamp."""
    plan = make_plan(machine)
    print(f"kbk: setting up {venv} with {plan.why}", flush=True)
    python = create_venv(base, venv, plan.base_packages)
    if plan.base_packages and machine.torch is not None:
        show_base_packages(python, venv, machine.torch)
    run(python, "-m", "pip", "install", "--quiet", "pip>=23")
    install_torch(python, plan)
    found = probe_torch(str(python))
    if found is None:
        raise SetupError(
            f"The torch in {venv} cannot be imported: '{python} -c \"import torch\"' says why."
        )
    if not found.new_enough:
        raise SetupError(f"torch {found.version} is too old: 2.10 or newer is needed.")
    constraints = venv / "constraints.txt"
    constraints.write_text(f"torch=={found.version}\n")
    run(python, "-m", "pip", "install", "-c", constraints, "-e", f".[{extras}]")
    run(python, "-m", "ipykernel", "install", "--sys-prefix", "--name", "python3")
    stamp.write_text(f"{found.version}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv", type=Path, default=Path(".venv"))
    parser.add_argument("--extras", default="dev")
    parser.add_argument("--torch", default="", help="requirement or wheel, instead of the plan's")
    parser.add_argument("--stamp", type=Path, help="written when all is installed")
    parser.add_argument("--print-plan", action="store_true", help="say what would be done")
    options = parser.parse_args()
    options.venv = options.venv.absolute()
    base = base_python(options.venv)
    machine = Machine(platform.system(), probe_torch(base), probe_gpu(), options.torch)
    if options.print_plan:
        plan = make_plan(machine)
        print(f"machine:       {machine}\nbase packages: {plan.base_packages}\nwhy: {plan.why}")
        for attempt in plan.attempts:
            print("attempt:       pip install " + shlex.join(attempt))
        return 0
    stamp = options.stamp or options.venv / "installed.stamp"
    stamp.unlink(missing_ok=True)
    try:
        install(options.venv, options.extras, stamp, machine, base)
    except SetupError as error:
        print(f"kbk: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
