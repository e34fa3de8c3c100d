"""Build a request for one machine: the CPU through the simulator, or a GPU through nvcc."""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .. import sim
from .cache import build_entry
from .extension.unit import compose_extension
from .progress import step
from .request import INCLUDE_DIR, Request, digest
from .support import EXTENSION, PRELUDE, TARGET_VERSION, Support, loaded_support
from .toolchain import cuda_compiler, host_compiler
from .torch_build import NinjaFailure, build_library
from .unit import compose

LIBRARY = "kernels.so"
"""The library's name in its cache entry."""

# torch turns these off; CUDA C++ as NVIDIA documents it has them, and so has the simulator.
_HALF_OPERATORS = [
    f"-U__CUDA_NO_{what}__"
    for what in ("HALF_OPERATORS", "HALF_CONVERSIONS", "HALF2_OPERATORS", "BFLOAT16_CONVERSIONS")
]


Build = Callable[[Path], None]
_run_build: list[Callable[[Build, Path], None]] = []


def build_apart(by: Callable[[Build, Path], None]) -> None:
    """From now on `by` runs what fills an entry for the CPU: a grader's worker does it apart."""
    _run_build[:] = [by]


def build_cpu(request: Request, arch: int, variant: str) -> Path:
    """The library for CPU tensors, from the cache or new.

    Args:
        arch: the device profile of the simulator (75, 80 or 90).
        variant: "plain" or "traced"; each has entries and precompiled headers of its own.

    Raises:
        CompileError: the compiler rejected the source.
        UnsupportedError: the simulator lacks something that it uses.
        MissingCompilerError: there is no C++ compiler.
    """
    parts = loaded_support(request.flags, arch, variant, front(request))
    key = digest(
        "cpu",
        variant,
        request.digest,
        parts.compiler.identity,
        repr(parts.flags),
        repr(parts.prelude),
        parts.runtime.name,
    )

    def build(folder: Path) -> None:
        with step(f"{request.name}: compiling for the CPU", slow=False):
            _build_cpu(request, parts, folder, variant)

    run = partial(_run_build[0], build) if _run_build else build
    return build_entry("library", key, run) / LIBRARY


@dataclass(frozen=True)
class CpuUnit:
    """What the host compiler gets for a request.

    Attributes:
        text: of the translation unit.
        files: (name, text) of the translated files in it.
        headers: translated copies of the learner's headers, by name.
        cflags: but for the folders of this compilation.
    """

    text: str
    files: list[tuple[str, str]]
    headers: dict[str, str]
    cflags: list[str]


def cpu_unit(request: Request, parts: Support, variant: str = "plain") -> CpuUnit:
    """Translate a request for the simulator.

    Raises:
        UnsupportedError: the simulator lacks something that it uses.
    """
    translated = [(name, _translate(request, name, text)) for name, text in request.files]
    if any(translation.may_spin for _, translation in translated):
        # A kernel of one file may be launched from the other.
        translated = [
            (name, _translate(request, name, text, may_spin=True)) for name, text in request.files
        ]
    headers: dict[str, str] = {}
    for _, translation in translated:
        headers |= translation.headers
    files = [(name, translation.text) for name, translation in translated]
    host = request.flags.host
    cflags = [
        *parts.prelude,
        *parts.flags,
        *(request.flags.common if parts.compiler.kind == "gcc" else []),
        *(flag for flag in host if flag.startswith(("-W", "-w"))),
        *_own_folders(request),
        *(["-DKBK_WHOLE_TORCH"] if request.whole_torch else []),
    ]
    return CpuUnit(unit_text(request, files, variant), files, headers, cflags)


def front(request: Request) -> str:
    """The header that stands in front of the unit."""
    return EXTENSION if request.is_extension else PRELUDE


def unit_text(request: Request, files: list[tuple[str, str]], variant: str = "plain") -> str:
    """The unit: the files, and what binds their functions."""
    if request.is_extension:
        return compose_extension(files, request.exports, variant)
    return compose(files, request.exports)


def _translate(request: Request, name: str, text: str, may_spin: bool = False) -> sim.Translation:
    return sim.translate(
        text,
        name,
        [path for path in request.flags.includes if path.is_dir()],
        may_spin,
        folder=request.folders.get(name),
        is_extension=request.is_extension,
    )


def _own_folders(request: Request) -> list[str]:
    """Flags for the learner's include folders, those of the files themselves first."""
    near = dict.fromkeys(request.folders.values())
    return [
        *(word for path in near for word in ("-iquote", str(path))),
        *(f"-I{path}" for path in request.flags.includes),
    ]


def _build_cpu(request: Request, parts: Support, folder: Path, variant: str) -> None:
    unit = cpu_unit(request, parts, variant)
    headers = folder / "headers"
    write_headers(headers, unit.headers)
    cflags = [
        *unit.cflags,
        # The scratch folder is gone when a debugger looks; no path of it, no space of one, stays.
        f"-fdebug-prefix-map={folder / 'build'}=.",
        f"-I{headers}",
    ]

    def compile_(scratch: Path, linker: list[str]) -> Path:
        return build_library(
            scratch,
            text=unit.text,
            cuda=False,
            compiler=parts.compiler.command,
            cflags=cflags,
            ldflags=[
                str(parts.runtime),
                *sim.link_flags(parts.compiler.family, variant),
                *sim.OWN_CXX_LIBRARY,
                *linker,
            ],
            verbose=request.verbose,
        )

    _build(request, folder, lambda scratch: _link(compile_, scratch), dict(unit.files))


# Half the time of GNU ld, which reads all of torch. Strings stay out of the executable segment, so
# that no pointer to one is taken for a place in the code.
_GOLD = ["-fuse-ld=gold", "-Wl,--rosegment"]
_gold_links_torch = True


def _link(compile_: Callable[[Path, list[str]], Path], scratch: Path) -> Path:
    """Compile with the faster linker where it works: with some builds of torch it does not."""
    global _gold_links_torch
    if sys.platform != "linux":
        return compile_(scratch, [])
    strict = ["-Wl,-z,defs"]  # what is defined nowhere fails here, not at the first call
    if not (_gold_links_torch and shutil.which("ld.gold")):
        return compile_(scratch, strict)
    first, second = scratch / "gold", scratch / "ld"
    first.mkdir()
    second.mkdir()
    try:
        library = compile_(first, [*strict, *_GOLD])
    except NinjaFailure as failure:
        if re.search(r"^FAILED: .*main\.o", failure.log, re.MULTILINE):
            raise  # the compiler's word, not the linker's
        library = compile_(second, strict)
        _gold_links_torch = False
    return library


def write_headers(folder: Path, headers: dict[str, str]) -> None:
    """Translated copies of the learner's headers, each under a name of its own."""
    folder.mkdir(exist_ok=True)
    for name, text in headers.items():
        (folder / name).write_text(text)


def build_cuda(request: Request) -> Path:
    """The library for CUDA tensors, from the cache or new.

    Raises:
        CompileError: nvcc rejected the source.
        MissingCompilerError: there is no nvcc, or torch has no CUDA.
    """
    import torch

    compiler = cuda_compiler()
    flags = cuda_flags(request)
    key = digest(
        "cuda",
        request.digest,
        torch.__version__,
        torch.version.cuda or "",
        compiler.identity,
        repr(flags),
    )

    def build(folder: Path) -> None:
        with step(f"{request.name}: compiling with nvcc", slow=False):
            _build(
                request,
                folder,
                lambda scratch: build_library(
                    scratch,
                    text=unit_text(request, list(request.files)),
                    cuda=True,
                    compiler=host_compiler().command,
                    cflags=["-w"],
                    cuda_cflags=flags,
                    ldflags=sim.OWN_CXX_LIBRARY,
                    verbose=request.verbose,
                ),
                {},
            )

    return build_entry("library", key, build) / LIBRARY


def cuda_flags(request: Request) -> list[str]:
    """nvcc's flags for a unit, but for torch's own."""
    flags = request.flags
    architectures = [] if flags.names_architecture else _architectures()
    host = ["-fvisibility=hidden", "-fno-gnu-unique", *flags.host]
    return [
        *_HALF_OPERATORS,
        *architectures,
        f"-std={flags.standard}",
        flags.optimize or "-O2",
        "-DUSE_CUDA",
        *([] if request.is_extension else [TARGET_VERSION]),
        *flags.common,
        *(word for flag in _own_folders(request) for word in _for_nvcc(flag)),
        *([f"-I{INCLUDE_DIR / 'extension'}"] if request.is_extension else []),
        f"-I{INCLUDE_DIR}",
        *(word for flag in host for word in ("-Xcompiler", flag)),
        *flags.nvcc,
        *(["-DKBK_WHOLE_TORCH"] if request.whole_torch else []),
        "-include",
        f"kbk/{front(request)}",
    ]


def _for_nvcc(flag: str) -> list[str]:
    # nvcc knows no -iquote; the preprocessor behind it does.
    return ["-Xcompiler", flag] if not flag.startswith("-I") else [flag]


def _architectures() -> list[str]:
    """Code for each GPU of this machine."""
    import torch

    found = {torch.cuda.get_device_capability(index) for index in range(torch.cuda.device_count())}
    names = sorted(f"{major}{minor}" for major, minor in found)
    return [f"-gencode=arch=compute_{name},code=sm_{name}" for name in names]


def _build(
    request: Request, folder: Path, compile_: Callable[[Path], Path], compiled: dict[str, str]
) -> None:
    """Compile in a folder of its own, and keep the library and what it was made from."""
    scratch = folder / "build"
    scratch.mkdir()
    begin = time.perf_counter()
    try:
        library = compile_(scratch)
    except NinjaFailure as failure:
        from .diagnostics import compile_error  # reads much text apart, and is rarely needed

        raise compile_error(
            failure.log, request.files, request.exports, request.headers, compiled
        ) from None
    library.rename(folder / LIBRARY)
    for source in (*library.parent.glob("main.cpp"), *library.parent.glob("cuda.cu")):
        source.rename(folder / source.name)
    shutil.rmtree(scratch)
    facts = {"name": request.name, "seconds": round(time.perf_counter() - begin, 3)}
    (folder / "facts.json").write_text(json.dumps(facts))
