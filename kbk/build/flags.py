"""Sort a learner's compiler flags: for both machines, for nvcc alone, or for neither.

`-D -U -I -isystem -std -O` apply on both machines, in either list. `-g -W* -w -f* -m*` go to the
host compiler of both machines. Flags that only nvcc knows are left out on the CPU. Everything else
is an error.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ArgumentError

_OLD_STANDARDS = frozenset(
    f"{dialect}++{year}"
    for dialect in ("c", "gnu")
    for year in ("98", "03", "0x", "11", "1y", "14")
)

# nvcc's options as `nvcc --help` lists them (CUDA 13), without dashes.
_NVCC_WITH_VALUE = {
    *("arch", "gpu-architecture", "code", "gpu-code", "gencode", "generate-code", "maxrregcount"),
    *("Xptxas", "ptxas-options", "Xcudafe", "Xfatbin", "fatbin-options", "Xnvlink"),
    *("nvlink-options", "Xlinker", "linker-options", "Xarchive", "archive-options", "ftz"),
    *("prec-div", "prec-sqrt", "fmad", "default-stream", "rdc", "relocatable-device-code"),
    *("threads", "t", "split-compile", "split-compile-extended", "diag-suppress", "diag-error"),
    *("diag-warn", "diag_suppress", "ccbin", "compiler-bindir", "cudart", "cudadevrt", "keep-dir"),
    *("minimal-sass", "optimization-info", "jump-table-density", "Ofast-compile", "Ofc"),
}
_NVCC_ALONE = {
    *("use_fast_math", "lineinfo", "generate-line-info", "G", "device-debug", "restrict", "ewp"),
    *("extended-lambda", "expt-extended-lambda", "expt-relaxed-constexpr", "dlto", "gen-opt-lto"),
    *("extra-device-vectorization", "extensible-whole-program", "resource-usage", "res-usage"),
    *("keep", "k", "save-temps", "source-in-ptx", "src-in-ptx", "v", "verbose", "time", "dopt"),
    *("no-host-device-initializer-list", "no-host-device-move-forward", "no-align-double"),
    *("display-error-number", "no-display-error-number", "forward-unknown-to-host-compiler"),
    *("disable-warnings", "allow-unsupported-compiler", "no-compress", "brief-diagnostics"),
}
_NVCC_FLAGS = _NVCC_WITH_VALUE | _NVCC_ALONE
_DEBUG_FLAGS = {"-g", "-g0", "-g1", "-g2", "-g3", "-ggdb", "-pthread"}
_HOST_VALUES = ("-I", "-isystem", "-D", "-U", "-idirafter", "-iquote")
_LONG_NAMES = {
    "--std": "-std",
    "--include-path": "-I",
    "--system-include": "-isystem",
    "--define-macro": "-D",
    "--undefine-macro": "-U",
    "--optimize": "-O",
    "--debug": "-g",
}


@dataclass
class Flags:
    """Flags in the order given.

    Attributes:
        common: macros, for the compiler of either machine.
        host: for the host compiler only; nvcc gets them behind -Xcompiler.
        nvcc: for nvcc only.
        includes: include folders, absolute.
        standard: the language standard, "c++17" or later.
        optimize: "-O..." or "" for the machine's default.
    """

    common: list[str] = field(default_factory=list)
    host: list[str] = field(default_factory=list)
    nvcc: list[str] = field(default_factory=list)
    includes: list[Path] = field(default_factory=list)
    standard: str = "c++17"
    optimize: str = ""

    @property
    def names_architecture(self) -> bool:
        """Whether the learner chose the GPU architectures."""
        return any("arch" in flag or "code" in flag.partition("=")[0] for flag in self.nvcc)

    def key(self) -> str:
        """Everything that changes what is built."""
        parts = [self.common, self.host, self.nvcc, [str(path) for path in self.includes]]
        return repr((parts, self.standard, self.optimize))


def parse_flags(
    extra_cflags: Sequence[str], extra_cuda_cflags: Sequence[str], include_paths: Sequence[Path]
) -> Flags:
    """Sort the flags of `load_inline`.

    Raises:
        ArgumentError: a flag is unknown, lacks its value, or asks for a standard before C++17.
    """
    flags = Flags(includes=[path.absolute() for path in include_paths])
    _parse(_words(extra_cflags, "extra_cflags"), "extra_cflags", flags)
    _parse(_words(extra_cuda_cflags, "extra_cuda_cflags"), "extra_cuda_cflags", flags)
    return flags


def _words(given: Sequence[str], where: str) -> list[str]:
    """Shell words, as torch's own build would split them."""
    try:
        return [word for flag in given for word in shlex.split(flag)]
    except ValueError as error:
        raise ArgumentError(
            f"{where} must be compiler flags, but {list(given)!r} has {error}."
        ) from None


def _parse(words: Sequence[str], where: str, flags: Flags) -> None:
    stream = iter(words)
    for word in stream:
        name, equals, value = word.partition("=")
        if name in _LONG_NAMES:
            word = _LONG_NAMES[name] + (("=" if name == "--std" else "") + value if equals else "")
            name = word.partition("=")[0]
        if _parse_host(word, stream, where, flags):
            continue
        bare = name.lstrip("-")
        if bare in ("Xcompiler", "compiler-options"):
            inner = value if equals else _value(word, stream, where)
            _parse([part for part in inner.split(",") if part], where, flags)
        elif where == "extra_cuda_cflags" and word.startswith("-") and bare in _NVCC_WITH_VALUE:
            flags.nvcc.append(word if equals else f"{word}={_value(word, stream, where)}")
        elif where == "extra_cuda_cflags" and word.startswith("-") and bare in _NVCC_ALONE:
            flags.nvcc.append(word)
        elif _is_host_flag(word) and bare not in _NVCC_FLAGS:
            flags.host.append(word)
        else:
            advice = "; nvcc's flags go into extra_cuda_cflags" if bare in _NVCC_FLAGS else ""
            raise ArgumentError(
                f"{where}: the flag {word!r} is not known{advice}. -D, -U, -I, -isystem, -std, -O "
                "apply on both machines, -g, -W, -f, -m to the host compiler, nvcc's own on a GPU."
            )


def _is_host_flag(word: str) -> bool:
    # The simulator has sanitizers of its own; the compiler's would fight its fibers.
    return word.startswith(("-f", "-m")) and len(word) > 2 and not word.startswith("-fsanitize")


def _parse_host(word: str, stream: Iterator[str], where: str, flags: Flags) -> bool:
    """Take a flag that both machines know; False if it is none."""
    for name in _HOST_VALUES:
        if word == name or (word.startswith(name) and not word.startswith("--")):
            value = (
                word[len(name) :].removeprefix("=") if word != name else _value(word, stream, where)
            )
            _add_host_value(name, value, flags)
            return True
    if word.startswith("-std"):
        standard = word[len("-std") :].removeprefix("=") or _value(word, stream, where)
        if standard in _OLD_STANDARDS or "++" not in standard:
            raise ArgumentError(
                f"{where}: {word!r} is not possible; torch's headers need C++17 or later."
            )
        flags.standard = standard
    elif (
        word.startswith("-O")
        and word.lstrip("-") not in _NVCC_WITH_VALUE
        and not word.startswith("-Ofast-")
    ):
        flags.optimize = word
    elif word in _DEBUG_FLAGS or _is_warning_flag(word):
        flags.host.append(word)
    else:
        return False
    return True


def _is_warning_flag(word: str) -> bool:
    return word.startswith(("-W", "-w")) and not word.startswith(("-Wl,", "-Wa,", "-Wp,"))


def _add_host_value(name: str, value: str, flags: Flags) -> None:
    if name in ("-D", "-U"):
        flags.common.append(name + value)
    else:
        flags.includes.append(Path(value).expanduser().absolute())


def _value(flag: str, stream: Iterator[str], where: str) -> str:
    value = next(stream, None)
    if value is None:
        raise ArgumentError(f"{where}: the flag {flag!r} needs a value after it.")
    return value
