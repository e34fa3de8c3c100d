"""Executes the notebooks of _build/notebooks as somebody who has nothing: `make notebooks-check`.

A fresh virtual environment holds a Jupyter kernel, and neither kbk nor torch; an empty directory is
all that the notebooks find; the cache of compiled kernels is new. The first cell of each must do
the rest.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONT_END = ("nbclient>=0.10", "ipykernel>=6.29")


def empty_environment(home: Path) -> dict[str, str]:
    """This environment without anything that leads a kernel to the repository or to its caches.

    What steers pip stays, and so does KBK_TORCH, which names the torch for a machine whose indexes
    lack the one that the notebooks would choose.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KBK_", "PYTHON", "JUPYTER", "IPYTHON", "VIRTUAL_ENV"))
    }
    if "KBK_TORCH" in os.environ:
        kept["KBK_TORCH"] = os.environ["KBK_TORCH"]
    own = {"KBK_CACHE": "cache", "IPYTHONDIR": "ipython", "JUPYTER_DATA_DIR": "jupyter"}
    return kept | {name: str(home / folder) for name, folder in own.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "_build/notebooks-executed")
    parser.add_argument("paths", nargs="*", type=Path, default=[ROOT / "_build/notebooks"])
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        environment = empty_environment(home)
        python = str(home / "venv/bin/python")
        base = getattr(sys, "_base_executable", sys.executable)
        began = time.monotonic()
        subprocess.run([base, "-m", "venv", str(home / "venv")], env=environment, check=True)
        install = [python, "-m", "pip", "install", "--quiet", *FRONT_END]
        subprocess.run(install, env=environment, check=True)
        print(f"kbk: an empty environment, made in {time.monotonic() - began:.0f} s", flush=True)
        module = ROOT / "kbk/bench/run_notebooks.py"
        paths = [str(path.absolute()) for path in options.paths]
        command = [python, "-I", str(module), "--out", str(options.out.absolute()), *paths]
        return subprocess.run(command, env=environment, cwd=home).returncode


if __name__ == "__main__":
    sys.exit(main())
