"""Ask nvcc whether a source compiles: needs no GPU and no torch with CUDA, and keeps nothing."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..errors import MissingCompilerError
from .machines import cuda_flags
from .request import make_request
from .support import torch_includes
from .toolchain import find_nvcc
from .unit import compose


def nvcc_path() -> str | None:
    """The nvcc of torch's toolkit, else the one on PATH, else None."""
    return str(find_nvcc() or shutil.which("nvcc") or "") or None


def compile_only(
    name: str,
    source: str,
    functions: Sequence[str],
    architectures: Sequence[str],
    *,
    host: bool = False,
    folders: Sequence[Path] = (),
) -> None:
    """Compile CUDA C++ as `kbk.load_inline` would for a GPU, and throw the result away.

    Args:
        name, source, functions: as for `kbk.load_inline` (name, cuda_sources, functions).
        architectures: "75", "90a" and so on; ptxas runs for each.
        host: also give the host half to the host's compiler. nvcc has checked it by then, so this
            finds little, and takes three times as long.
        folders: of the headers that the source includes.

    Raises:
        CompileError: nvcc rejects the source; says the first error, at its line.
        ArgumentError: as for `kbk.load_inline`.
        MissingCompilerError: there is no nvcc.
    """
    nvcc = nvcc_path()
    if nvcc is None:
        raise MissingCompilerError("nvcc was not found; install the CUDA toolkit.")
    codes = [f"-gencode=arch=compute_{each},code=sm_{each}" for each in architectures]
    request = make_request(name, "", source, functions, None, codes, folders, False)
    with tempfile.TemporaryDirectory(prefix="kbk-nvcc-") as folder:
        unit = Path(folder) / "cuda.cu"
        unit.write_text(compose(request.files, request.exports))
        what = ["-c", "-Xcompiler", "-fPIC"] if host else ["-fatbin"]
        done = subprocess.run(
            [nvcc, *torch_includes(), *cuda_flags(request), *what, str(unit), "-o", "out"],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
        )
    if done.returncode != 0:
        from .diagnostics import compile_error

        log = done.stdout + done.stderr
        raise compile_error(log, request.files, request.exports, request.headers)
