"""What every CPU build shares: the precompiled prelude and the simulator's runtime."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .. import sim
from ..errors import BuildError
from .cache import build_entry, discard_entry, entry_path, has_entry
from .flags import Flags
from .includes import digest_of
from .jobs import Jobs
from .progress import say, step
from .request import INCLUDE_DIR, digest, files_under
from .toolchain import Compiler, host_compiler

TARGET_VERSION = "-DTORCH_TARGET_VERSION=0x020a000000000000"
"""The oldest torch whose stable ABI the kernels use, 2.10."""

PRELUDE, EXTENSION = "prelude.h", "extension.h"
"""What stands in front of a unit: the course's small API, or torch's own."""

_EXTENSION_DIRS = [INCLUDE_DIR / "extension", sim.INCLUDE_DIR.parent / "torch_include"]


@dataclass(frozen=True)
class Support:
    """Shared parts of CPU builds for one compiler and one set of flags.

    Attributes:
        flags: what the precompiled header was made with, and a unit must be compiled with.
        prelude: flags that put the prelude in front of a unit.
        runtime: the simulator's runtime library.
    """

    compiler: Compiler
    flags: tuple[str, ...]
    prelude: tuple[str, ...]
    runtime: Path


def cpu_flags(
    compiler: Compiler, flags: Flags, arch: int, variant: str = "plain", front: str = PRELUDE
) -> tuple[str, ...]:
    """Flags of a CPU unit on which its precompiled header depends."""
    import torch

    abi = int(torch._C._GLIBCXX_USE_CXX11_ABI)
    return (
        "-fPIC",
        # A template's static, shared by all libraries that have it, would join two versions of a
        # kernel.
        *(["-fno-gnu-unique"] if compiler.kind == "gcc" else []),
        "-fvisibility=hidden",
        *sim.kernel_flags(compiler.family, variant),
        # A local variable without a value is to be seen in the result.
        *(["-ftrivial-auto-var-init=pattern"] if variant == "traced" and _fills(compiler) else []),
        *([TARGET_VERSION] if front == PRELUDE else []),
        f"-D_GLIBCXX_USE_CXX11_ABI={abi}",
        "-DKBK_SIM=1",
        f"-DKBK_SIM_ARCH={arch * 10}",
        f"-std={flags.standard}",
        *([flags.optimize] if flags.optimize else []),
        *(flag for flag in flags.host if not flag.startswith(("-W", "-w"))),
        # Clang refuses a precompiled header that was made without a macro it has seen; g++ builds
        # without it.
        *(flags.common if compiler.kind == "clang" else []),
        *(f"-I{path}" for path in _EXTENSION_DIRS if front == EXTENSION),
        f"-I{sim.INCLUDE_DIR}",
        f"-I{INCLUDE_DIR}",
    )


def _fills(compiler: Compiler) -> bool:
    """Whether it can give locals a pattern: clang, and g++ from 12 on."""
    if compiler.kind == "clang":
        return True
    major = re.search(r"(\d+)\.\d+(?:\.\d+)?\s*$", compiler.version)
    return major is not None and int(major[1]) >= 12


@dataclass(frozen=True)
class _Runtime:
    """How the process's one runtime is compiled; `key` names its cache entry."""

    compiler: Compiler
    options: tuple[str, ...]
    sources: tuple[Path, ...]
    key: str

    @property
    def library(self) -> str:
        return f"libkbksim-{self.key[:16]}.so"


# A process has one simulator: the first that was built, whatever CXX says later.
_chosen: list[_Runtime] = []


def _runtime() -> _Runtime:
    if _chosen:
        return _chosen[0]
    compiler = host_compiler()
    options = (*sim.runtime_flags(compiler.family), f"-I{sim.INCLUDE_DIR}")
    sources = tuple(sim.runtime_sources())
    folders = sorted({path.parent for path in sources} | {Path(sim.INCLUDE_DIR)})
    content = digest_of(files_under(*folders))
    return _Runtime(compiler, options, sources, digest(compiler.identity, repr(options), content))


def support(flags: Flags, arch: int, variant: str = "plain", front: str = PRELUDE) -> Support:
    """The shared parts, built side by side if the cache lacks them."""
    compiler = host_compiler()
    options = cpu_flags(compiler, flags, arch, variant, front)
    key = digest(_torch_identity(), compiler.identity, repr(options), front, _headers_digest())
    headers = entry_path("headers", key)
    runtime = _runtime()
    missing = [not has_entry("headers", key), not has_entry("runtime", runtime.key)]
    if all(missing):
        say("first build with this compiler: preparing headers and simulator")
    if any(missing):
        jobs = Jobs()
        jobs.together(
            [
                lambda: _ensure_headers(jobs, compiler, options, key, front),
                lambda: _ensure_runtime(jobs, runtime),
            ]
        )
    _chosen[:] = [runtime]
    if compiler.kind == "clang":
        prelude = ("-include-pch", str(headers / f"{front}.pch"))
    else:
        prelude = ("-include", str(headers / front))
    return Support(compiler, options, prelude, entry_path("runtime", runtime.key) / runtime.library)


def loaded_support(
    flags: Flags, arch: int, variant: str = "plain", front: str = PRELUDE
) -> Support:
    """The shared parts, with the simulator loaded; a damaged one is built again, once.

    Raises:
        BuildError: the simulator does not load.
    """
    parts = support(flags, arch, variant, front)
    try:
        sim.load_runtime(parts.runtime)
    except OSError:
        discard_entry(parts.runtime.parent)
        parts = support(flags, arch, variant, front)
        try:
            sim.load_runtime(parts.runtime)
        except OSError as error:
            discard_entry(parts.runtime.parent)
            raise BuildError(
                f"The simulator was built but does not load ({error}); set KBK_CACHE to a folder "
                "on another disk, or CXX to another compiler."
            ) from None
    return parts


def _expect(compiler: Compiler, *files: Path) -> None:
    """Refuse a compiler that ends well and writes nothing."""
    if not all(file.is_file() for file in files):
        raise BuildError(
            f"The C++ compiler {compiler.command!r} ended without an error but wrote nothing; "
            "point CXX at a C++17 compiler."
        )


def _torch_identity() -> str:
    import torch

    return f"{torch.__version__} {Path(torch.__file__).parent}"


def _headers_digest() -> str:
    return digest_of(files_under(*_EXTENSION_DIRS, INCLUDE_DIR, Path(sim.INCLUDE_DIR)))


def torch_includes() -> list[str]:
    """Flags that let a unit include torch's headers, without their warnings."""
    from torch.utils.cpp_extension import include_paths

    return [word for folder in include_paths("cpu") for word in ("-isystem", folder)]


def _ensure_headers(
    jobs: Jobs, compiler: Compiler, options: tuple[str, ...], key: str, front: str
) -> None:
    def build(folder: Path) -> None:
        what = "headers of torch" if front == EXTENSION else "headers"
        with step(f"precompiled {what}", slow=True):
            (folder / front).write_text(f"#include <kbk/{front}>\n")
            # Clang looks again for the file that it precompiled, so it gets the one that stays.
            clang = compiler.kind == "clang"
            source = INCLUDE_DIR / "kbk" / front if clang else folder / front
            output = folder / f"{front}.{'pch' if clang else 'gch'}"
            # The key covers what the files say; clang would also insist on when they were written.
            only_clang = ["-Wno-pragma-once-outside-header", "-Xclang", "-fno-pch-timestamp"]
            extra = only_clang if clang else []
            language = ["-x", "c++-header", *extra, str(source), "-o", str(output)]
            jobs.run([*compiler.words, *options, *torch_includes(), *language], folder)
            _expect(compiler, output)

    build_entry("headers", key, build)


def _ensure_runtime(jobs: Jobs, runtime: _Runtime) -> None:
    command = [*runtime.compiler.words, *runtime.options]

    def build(folder: Path) -> None:
        with step("simulator", slow=True):
            objects = [folder / f"{path.stem}.o" for path in runtime.sources]
            jobs.together(
                [
                    partial(jobs.run, [*command, "-c", str(path), "-o", str(out)], folder)
                    for path, out in zip(runtime.sources, objects, strict=True)
                ]
            )
            _expect(runtime.compiler, *objects)
            link = [
                *sim.OWN_CXX_LIBRARY,
                "-shared",
                f"-Wl,-soname,{runtime.library}",
                "-o",
                runtime.library,
            ]
            jobs.run([*command, *map(str, objects), *link], folder)
            _expect(runtime.compiler, folder / runtime.library)
            for path in objects:
                path.unlink()

    build_entry("runtime", runtime.key, build)
