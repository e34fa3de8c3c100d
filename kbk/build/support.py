"""What every CPU build shares: the precompiled prelude and the simulator's runtime."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from .. import sim
from .cache import build_entry, entry_path
from .flags import Flags
from .includes import digest_of
from .jobs import Jobs
from .progress import say, step
from .request import INCLUDE_DIR, digest, files_under
from .toolchain import Compiler, host_compiler

TARGET_VERSION = "-DTORCH_TARGET_VERSION=0x020a000000000000"
"""The oldest torch whose stable ABI the kernels use, 2.10."""

_STUB = "#include <kbk/prelude.h>\n"


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


def cpu_flags(compiler: Compiler, flags: Flags, arch: int) -> tuple[str, ...]:
    """Flags of a CPU unit on which its precompiled header depends."""
    import torch

    abi = int(torch._C._GLIBCXX_USE_CXX11_ABI)
    return (
        "-fPIC",
        # A template's static, shared by all libraries that have it, would join two versions of a
        # kernel.
        *(["-fno-gnu-unique"] if compiler.kind == "gcc" else []),
        "-fvisibility=hidden",
        *sim.kernel_flags(compiler.family),
        TARGET_VERSION,
        f"-D_GLIBCXX_USE_CXX11_ABI={abi}",
        "-DKBK_SIM=1",
        f"-DKBK_SIM_ARCH={arch * 10}",
        f"-std={flags.standard}",
        *([flags.optimize] if flags.optimize else []),
        *(flag for flag in flags.host if not flag.startswith(("-W", "-w"))),
        # Clang refuses a precompiled header that was made without a macro it has seen; g++ builds
        # without it.
        *(flags.common if compiler.kind == "clang" else []),
        f"-I{sim.INCLUDE_DIR}",
        f"-I{INCLUDE_DIR}",
    )


def support(flags: Flags, arch: int) -> Support:
    """The shared parts, built side by side if the cache lacks them."""
    compiler = host_compiler()
    options = cpu_flags(compiler, flags, arch)
    headers_key = digest(_torch_identity(), compiler.identity, repr(options), _headers_digest())
    sources = sim.runtime_sources()
    runtime_options = (*sim.runtime_flags(compiler.family), f"-I{sim.INCLUDE_DIR}")
    folders = sorted({path.parent for path in sources} | {Path(sim.INCLUDE_DIR)})
    runtime_digest = digest_of(files_under(*folders))
    runtime_key = digest(compiler.identity, repr(runtime_options), runtime_digest)
    library = f"libkbksim-{runtime_key[:16]}.so"

    missing = [
        kind
        for kind, key in (("headers", headers_key), ("runtime", runtime_key))
        if not entry_path(kind, key).is_dir()
    ]
    if missing:
        if len(missing) == 2:
            say("first build with this compiler: preparing headers and simulator")
        jobs = Jobs()
        jobs.together(
            [
                lambda: _ensure_headers(jobs, compiler, options, headers_key),
                lambda: _ensure_runtime(
                    jobs, compiler, runtime_options, sources, runtime_key, library
                ),
            ]
        )
    headers = entry_path("headers", headers_key)
    if compiler.kind == "clang":
        prelude = ("-include-pch", str(headers / "prelude.h.pch"))
    else:
        prelude = ("-include", str(headers / "prelude.h"))
    return Support(compiler, options, prelude, entry_path("runtime", runtime_key) / library)


def _torch_identity() -> str:
    import torch

    return f"{torch.__version__} {Path(torch.__file__).parent}"


def _headers_digest() -> str:
    return digest_of(files_under(INCLUDE_DIR, Path(sim.INCLUDE_DIR)))


def torch_includes() -> list[str]:
    """Flags that let a unit include torch's headers, without their warnings."""
    from torch.utils.cpp_extension import include_paths

    return [word for folder in include_paths("cpu") for word in ("-isystem", folder)]


def _ensure_headers(jobs: Jobs, compiler: Compiler, options: tuple[str, ...], key: str) -> None:
    def build(folder: Path) -> None:
        with step("precompiled headers", slow=True):
            (folder / "prelude.h").write_text(_STUB)
            # Clang looks again for the file that it precompiled, so it gets the one that stays.
            clang = compiler.kind == "clang"
            source = INCLUDE_DIR / "kbk" / "prelude.h" if clang else folder / "prelude.h"
            output = folder / ("prelude.h.pch" if clang else "prelude.h.gch")
            quiet = ["-Wno-pragma-once-outside-header"] if clang else []
            language = ["-x", "c++-header", *quiet, str(source), "-o", str(output)]
            jobs.run([*compiler.words, *options, *torch_includes(), *language], folder)

    build_entry("headers", key, build)


def _ensure_runtime(
    jobs: Jobs,
    compiler: Compiler,
    options: tuple[str, ...],
    sources: list[Path],
    key: str,
    library: str,
) -> None:
    def build(folder: Path) -> None:
        with step("simulator", slow=True):
            objects = [folder / f"{path.stem}.o" for path in sources]
            jobs.together(
                [
                    lambda path=path, out=out: jobs.run(  # type: ignore[misc]
                        [*compiler.words, *options, "-c", str(path), "-o", str(out)], folder
                    )
                    for path, out in zip(sources, objects, strict=True)
                ]
            )
            link = ["-shared", f"-Wl,-soname,{library}", "-o", str(folder / library)]
            jobs.run([*compiler.words, *options, *map(str, objects), *link], folder)
            for path in objects:
                with contextlib.suppress(OSError):
                    path.unlink()

    build_entry("runtime", key, build)
