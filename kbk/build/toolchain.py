"""Find the compilers, and describe them so that no build of another one is taken for theirs."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..errors import MissingCompilerError

_HOST_ADVICE = (
    "install g++ (Debian, Ubuntu: `apt install g++`; Fedora: `dnf install gcc-c++`; "
    "macOS: `xcode-select --install`) or point CXX at a C++17 compiler"
)


@dataclass(frozen=True)
class Compiler:
    """A compiler.

    Attributes:
        command: as it is called.
        path: of the program, links followed.
        kind: "gcc", "clang" or "nvcc".
        version: the line in which it says which one it is.
    """

    command: str
    path: Path
    kind: str
    version: str

    @property
    def words(self) -> list[str]:
        """The command as a list: CXX may be "ccache g++"."""
        return shlex.split(self.command)

    @property
    def family(self) -> str:
        """ "g++" or "clang++", whatever the command is called."""
        return "clang++" if self.kind == "clang" else "g++"

    @property
    def identity(self) -> str:
        """Changes when the compiler does, also when a package upgrade replaces it in place."""
        status = self.path.stat()
        return f"{self.command}|{self.path}|{self.version}|{status.st_size}|{status.st_mtime_ns}"


def host_compiler() -> Compiler:
    """The C++ compiler for the host: $CXX, else g++, clang++ or c++.

    Raises:
        MissingCompilerError: there is none, or $CXX names none.
    """
    wanted = os.environ.get("CXX", "").strip()
    return _host_compiler(wanted, os.environ.get("PATH", ""))


@lru_cache(maxsize=8)
def _host_compiler(wanted: str, path: str) -> Compiler:
    if wanted:
        if shutil.which(shlex.split(wanted)[0], path=path) is None:
            raise MissingCompilerError(
                f"CXX is {wanted!r}, but there is no such program; {_HOST_ADVICE}."
            )
        return _describe(wanted, path)
    for name in ("g++", "clang++", "c++"):
        if shutil.which(name, path=path):
            return _describe(name, path)
    raise MissingCompilerError(f"No C++ compiler was found; {_HOST_ADVICE}.")


def _describe(command: str, path: str) -> Compiler:
    words = shlex.split(command)
    program = shutil.which(words[0], path=path)
    assert program is not None
    try:
        answer = subprocess.run(
            [*words, "--version"],
            capture_output=True,
            text=True,
            env={**os.environ, "LC_ALL": "C"},
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingCompilerError(
            f"The C++ compiler {command!r} does not run ({error}); {_HOST_ADVICE}."
        ) from None
    if answer.returncode != 0:
        raise MissingCompilerError(
            f"The C++ compiler {command!r} does not run (exit status {answer.returncode}); "
            f"{_HOST_ADVICE}."
        )
    kind = "clang" if "clang" in answer.stdout.lower() else "gcc"
    first_line = (answer.stdout.splitlines() or [""])[0]
    return Compiler(command, Path(program).resolve(), kind, first_line)


def cuda_compiler() -> Compiler:
    """nvcc, from the CUDA toolkit that torch found.

    Raises:
        MissingCompilerError: this torch was built without CUDA, or there is no toolkit.
    """
    import torch

    if torch.version.cuda is None:
        raise MissingCompilerError(
            f"This torch ({torch.__version__}) was built without CUDA; "
            "install a CUDA build of torch to run on a GPU."
        )
    nvcc = find_nvcc()
    if nvcc is None:
        raise MissingCompilerError(
            "nvcc was not found; install the CUDA toolkit "
            f"{torch.version.cuda} and put nvcc on PATH or set CUDA_HOME."
        )
    return _describe_nvcc(nvcc)


def find_nvcc() -> Path | None:
    """The path of nvcc where torch looks for it, or None."""
    from torch.utils.cpp_extension import CUDA_HOME

    if CUDA_HOME is None:
        return None
    nvcc = Path(CUDA_HOME) / "bin" / "nvcc"
    return nvcc if nvcc.is_file() else None


@lru_cache(maxsize=2)
def _describe_nvcc(nvcc: Path) -> Compiler:
    answer = subprocess.run([str(nvcc), "--version"], capture_output=True, text=True)
    release = [line for line in answer.stdout.splitlines() if "release" in line]
    return Compiler(str(nvcc), nvcc.resolve(), "nvcc", release[0] if release else "")


def cuda_available() -> bool:
    """Whether kernels can be compiled and run on a GPU here."""
    import torch

    return torch.cuda.is_available() and torch.version.cuda is not None and find_nvcc() is not None


def ensure_ninja() -> None:
    """Make the `ninja` that torch calls reachable through PATH.

    A notebook's kernel is often started by path, without its environment's bin folder on PATH,
    where pip puts ninja.

    Raises:
        MissingCompilerError: there is no ninja.
    """
    if shutil.which("ninja"):
        return
    folders = [Path(sys.executable).parent]
    try:
        import ninja  # type: ignore[import-not-found, import-untyped, unused-ignore]

        folders.append(Path(ninja.BIN_DIR))
    except ImportError:
        pass
    for folder in folders:
        if shutil.which("ninja", path=str(folder)):
            os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
            return
    raise MissingCompilerError("ninja was not found; install it with `pip install ninja`.")
