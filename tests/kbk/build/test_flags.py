"""Every flag is for both machines, for nvcc alone, or an error that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbk.build.flags import parse_flags
from kbk.errors import ArgumentError


def parse(*cuda: str):
    return parse_flags([], list(cuda), [])


def test_macros_standards_and_optimisation_count_in_either_list() -> None:
    flags = parse_flags(["-D", "C=2", "-O3", "-UB"], ["-DA=1", "--std=c++20", "-O1"], [])
    assert flags.common == ["-DC=2", "-UB", "-DA=1"]
    assert (flags.standard, flags.optimize) == ("c++20", "-O1")


def test_include_folders_become_absolute() -> None:
    flags = parse_flags(["-Iinclude", "-isystem", "/opt/x"], ["--include-path=y"], [Path("z")])
    assert flags.includes == [
        Path.cwd() / "z",
        Path.cwd() / "include",
        Path("/opt/x"),
        Path.cwd() / "y",
    ]


@pytest.mark.parametrize(
    "flag",
    [
        "-arch=sm_90",
        "-gencode=arch=compute_90,code=sm_90",
        "--use_fast_math",
        "-use_fast_math",
        "-lineinfo",
        "-Xptxas=-v",
        "--ptxas-options=-v",
        "-maxrregcount=32",
        "--expt-relaxed-constexpr",
        "--extended-lambda",
        "-ftz=true",
        "--fmad=false",
        "-G",
    ],
)
def test_nvcc_flags_reach_nvcc_and_not_the_cpu(flag: str) -> None:
    flags = parse(flag)
    assert flags.nvcc == [flag]
    assert not flags.common and not flags.host


@pytest.mark.parametrize(
    ("words", "joined"),
    [
        (["-arch", "sm_90"], "-arch=sm_90"),
        (["-gencode", "arch=compute_90,code=sm_90"], "-gencode=arch=compute_90,code=sm_90"),
        (["-gencode arch=compute_90,code=sm_90"], "-gencode=arch=compute_90,code=sm_90"),
        (["-Xptxas", "-v"], "-Xptxas=-v"),
    ],
)
def test_values_may_stand_apart(words: list[str], joined: str) -> None:
    assert parse(*words).nvcc == [joined]


def test_xcompiler_passes_its_flags_to_the_host_compiler() -> None:
    flags = parse("-Xcompiler", "-Wall,-fno-inline", "-Xcompiler=-O3")
    assert (flags.host, flags.optimize) == (["-Wall", "-fno-inline"], "-O3")


def test_the_learners_architecture_is_noticed() -> None:
    assert parse("-arch=sm_90a").names_architecture
    assert not parse("-lineinfo").names_architecture


@pytest.mark.parametrize(
    ("cuda", "host", "word"),
    [
        (["--no-such-flag"], [], "--no-such-flag"),
        (["main.cu"], [], "main.cu"),
        (["-shared"], [], "-shared"),
        ([], ["-lineinfo"], "extra_cuda_cflags"),
        ([], ["-lfoo"], "-lfoo"),
        ([], ["-Wl,-rpath,x"], "-Wl,-rpath,x"),
        ([], ["-fsanitize=address"], "-fsanitize=address"),
        (["-Xcompiler", "--nonsense"], [], "--nonsense"),
        (["-arch"], [], "-arch"),
        (["-std=c++14"], [], "-std=c++14"),
        ([], ["-std=gnu++11"], "-std=gnu++11"),
        ([], ['-DA="x'], "No closing quotation"),
    ],
)
def test_other_flags_are_errors_that_name_them(cuda: list[str], host: list[str], word: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse_flags(host, cuda, [])
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)
