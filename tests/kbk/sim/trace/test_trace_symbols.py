"""The compilers call the functions that the runtime has, and no others."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kbk import sim
from kbk.errors import BuildError
from kbk.sim import trace

PROBE = Path(__file__).with_name("probe.cpp")
SIZES = (1, 2, 4, 8, 16)

COMMON = {
    "__sanitizer_cov_trace_pc",
    "__tsan_init",
    "__tsan_atomic_thread_fence",
    "__tsan_atomic_signal_fence",
    *(f"__tsan_{way}{size}" for way in ("read", "write") for size in SIZES),
    *(f"__tsan_volatile_{way}{size}" for way in ("read", "write") for size in SIZES),
    *(
        f"__tsan_atomic{bits}_{name}"
        for bits in (8, 16, 32, 64)
        for name in (
            "load",
            "store",
            "exchange",
            "fetch_add",
            "fetch_sub",
            "fetch_and",
            "fetch_or",
            "fetch_xor",
            "fetch_nand",
        )
    ),
}
GCC = COMMON | {
    "__tsan_vptr_update",
    "__tsan_read_range",
    "__tsan_write_range",
    *(
        f"__tsan_atomic{bits}_compare_exchange_{name}"
        for bits in (8, 16, 32, 64)
        for name in ("strong", "weak")
    ),
}
CLANG = COMMON | {
    "__tsan_vptr_read",
    *(f"__tsan_unaligned_{way}{size}" for way in ("read", "write") for size in (2, 4, 8)),
    *(f"__tsan_atomic{bits}_compare_exchange_val" for bits in (8, 16, 32, 64)),
}


def compilers() -> list[str]:
    names = ["g++", "clang++"]
    names += [f"g++-{version}" for version in range(11, 16)]
    names += [f"clang++-{version}" for version in range(14, 23)]
    found = {Path(path).resolve(): name for name in names if (path := shutil.which(name))}
    return sorted(found.values())


def symbols(arguments: list[str]) -> set[str]:
    done = subprocess.run(["nm", *arguments], capture_output=True, text=True, check=True)
    return set(re.findall(r"\b(__(?:tsan|sanitizer)_\w+)", done.stdout))


@pytest.fixture(scope="module")
def exported() -> set[str]:
    from kbk.build.flags import parse_flags
    from kbk.build.support import support

    runtime = support(parse_flags([], [], []), sim.arch(), "traced").runtime
    return symbols(["-D", "--defined-only", str(runtime)])


@pytest.mark.parametrize("compiler", compilers())
@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_the_runtime_has_every_function_that_a_compiler_calls(
    compiler: str, level: str, exported: set[str], tmp_path: Path
) -> None:
    out = tmp_path / "probe.o"
    flags = [*sim.kernel_flags(compiler, "traced"), level]
    subprocess.run([compiler, *flags, "-std=c++17", "-c", str(PROBE), "-o", str(out)], check=True)
    called = symbols(["-u", str(out)])
    assert called <= exported
    if level == "-O2":
        newer = {name for name in called if re.search(r"mem(cpy|move|set)$", name)}
        assert called - newer == (CLANG if "clang" in compiler else GCC)


def test_a_function_that_the_runtime_lacks_fails_the_build() -> None:
    source = """
    extern "C" void __tsan_some_new_access(void*);
    void f(Tensor out) { __tsan_some_new_access(out.data_ptr()); }
    """
    with pytest.raises(BuildError, match="__tsan_some_new_access"):
        trace.load("lacks", source, ["f"])


def test_nothing_of_the_compilers_own_sanitizer_is_linked() -> None:
    module = trace.load("bare", "void f(Tensor out) {}", ["f"])
    import torch

    module.f(torch.zeros(1))
    assert "libtsan" not in Path("/proc/self/maps").read_text()
