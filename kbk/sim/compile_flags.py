"""How the runtime library and translated sources are compiled and linked."""

from __future__ import annotations

import sys
from pathlib import Path

_RUNTIME = Path(__file__).parent / "runtime"
_COMMON = [
    "-O2",
    "-gdwarf-4",  # of version 5, addr2line 2.40 names the wrong file for what comes first
    "-g1",  # after it: it would raise the level
    "-fPIC",
    "-U_FORTIFY_SOURCE",  # a copy is memcpy, which is counted, and not its checked kin
    "-fno-strict-aliasing",
    "-fwrapv",
    "-fno-omit-frame-pointer",
    "-ffp-contract=off",
    "-fno-optimize-sibling-calls",  # a return address must lie in the kernel
    "-fno-delete-null-pointer-checks",  # a null pointer is to be met, not reasoned about
    "-fno-finite-loops",  # a learner's endless loop must stay one
    "-fstack-clash-protection",  # large local arrays must meet the guard page
]


def runtime_sources() -> list[Path]:
    """What to compile for the runtime library: one file that includes the others."""
    return [_RUNTIME / "kbksim.cpp"]


def runtime_files() -> list[Path]:
    """Every file that the runtime library is made of, for a digest."""
    return [p for p in sorted(_RUNTIME.rglob("*")) if p.is_file()] + [
        p for p in sorted((_RUNTIME.parent / "include").rglob("*")) if p.is_file()
    ]


def runtime_flags(compiler: str) -> list[str]:
    """Flags that compile and link the runtime library with ``compiler``."""
    del compiler
    return [
        "-std=c++17",
        "-O2",
        "-g1",
        "-fPIC",
        "-shared",
        "-fvisibility=hidden",
        "-fno-omit-frame-pointer",
        *(["-ftls-model=initial-exec"] if sys.platform == "linux" else []),  # no call for `current`
        "-pthread",
    ]


def kernel_flags(compiler: str, variant: str = "plain") -> list[str]:
    """Flags with which ``compiler`` compiles a translated source.

    Args:
        variant: "plain", or "traced" for code that tells the runtime of each access. Only the
            compiler is told of -fsanitize=thread, never the linker: the runtime takes the calls.
    """
    gcc = "clang" not in Path(compiler).name
    return [
        *_COMMON,
        *(_traced_flags(gcc) if variant == "traced" else []),
        "-Wno-unknown-pragmas",
        *(
            # Two launches of a kernel are the same code; folded, they would lose their lines.
            ["-fno-aggressive-loop-optimizations", "-fno-ipa-icf", "-Wno-attributes"]
            if gcc
            else ["-Wno-unused-value"]
        ),
    ]


def _traced_flags(gcc: bool) -> list[str]:
    """An access of the source must stay one: not split, not merged, not at two places."""
    if gcc:
        return [
            "-DKBK_TRACED=1",
            "-fsanitize=thread",
            "-U__SANITIZE_THREAD__",  # a source must not know in which build it is
            "-fsanitize=alignment",
            "-fsanitize-coverage=trace-pc",  # a jump backwards is told
            "-fno-plt",  # a tick must not meet a thread between the kernel and the runtime
            "-fno-reorder-blocks",  # where lanes meet again lies behind what they do apart
            "-fno-reorder-blocks-and-partition",
            "--param=tsan-instrument-func-entry-exit=0",
            "--param=tsan-distinguish-volatile=1",
            "-fno-tree-sra",  # a copied struct is one access
            "-fno-thread-jumps",  # nor is code between two equal conditions there twice
            "-fno-crossjumping",  # nor do two lines share one
            "-fno-tree-tail-merge",
            "-fno-tree-vectorize",
            "-fno-tree-loop-distribute-patterns",  # a loop is no memcpy
            "-Wno-tsan",
        ]
    mllvm = [
        "-tsan-instrument-read-before-write=1",
        "-tsan-distinguish-volatile=1",
        "-disable-loop-idiom-all",
        "-disable-block-placement",
        "-sink-common-insts=false",
        "-enable-tail-merge=false",
        "-hoist-common-insts=false",
    ]
    return [
        "-DKBK_TRACED=1",
        "-fsanitize=thread",
        "-fsanitize-coverage=bb,no-prune,trace-pc",
        "-fno-plt",
        "-fno-sanitize-thread-func-entry-exit",
        "-fno-vectorize",
        "-fno-slp-vectorize",
        *(word for option in mllvm for word in ("-mllvm", option)),
    ]


def link_flags(compiler: str, variant: str) -> list[str]:
    """Flags with which ``compiler`` links a translated source."""
    if variant != "traced" or sys.platform != "linux":
        return []
    copies = ("memcpy", "memmove", "memset") if "clang" in Path(compiler).name else ()
    return [f"-Wl,--wrap={name}" for name in (*copies, *_WATCHED, *_SPECIAL)]


_WATCHED = (
    "aoti_torch_get_data_ptr",
    "aoti_torch_call_dispatcher",
    "torch_call_dispatcher",
    "torch_get_mutable_data_ptr",
    "torch_get_const_data_ptr",
)
"""Functions of torch that a traced unit calls through kbk/include/kbk/watched.h."""

_SPECIAL = tuple(
    f"{name}{suffix}"
    for name in (
        *("exp", "exp2", "exp10", "expm1", "log", "log2", "log10", "log1p"),
        *("sin", "cos", "tan", "sincos", "tanh", "sinh", "cosh", "asin", "acos", "atan"),
        *("erf", "erfc", "cbrt", "pow"),
    )
    for suffix in ("", "f")
)
"""Functions of mathematics that kbk/sim/runtime/special.cpp counts."""
