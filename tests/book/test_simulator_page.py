"""The page about the simulator says what its code does: its numbers stand in the files named."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from book._ext.kbk_page.reading import measure
from kbk import sim
from kbk.bench import equality
from kbk.build.extension.detect import is_extension
from kbk.sanitizer.history import MOST_RECORDS
from kbk.sim.runtime_library import Settings
from kbk.sim.translate import unsupported
from kbk.sim.translate.ptx_forms import FORMS
from tests.book.test_chapters import prose

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "book/simulator.md").read_text()
PAGE = " ".join(TEXT.split())
RUNTIME, TOOLS = "kbk/sim/runtime", "kbk/sim/runtime/tools"

# What the page says, a file, and what must then stand in it.
SAYINGS = [
    ("at least 64 bytes of poison on both sides", f"{RUNTIME}/shared.cpp", "kRedZone = 64;"),
    ("every byte is `0xff`", f"{RUNTIME}/shared.cpp", "kPoison = 0xff;"),
    ("rounded up to 128 bytes", f"{RUNTIME}/shared.cpp", "kDynamicAlignment = 128;"),
    ("up to 15 bytes behind it", f"{RUNTIME}/guarded.cpp", "kAlignment = 16;"),
    ("last 4 bits (8 bits while traced)", f"{RUNTIME}/guarded.cpp", "kTracedAlignment = 256;"),
    (
        "tensors of more than 64 MiB",
        "kbk/include/kbk/guarded.h",
        "kMostGuarded = int64_t{64} << 20",
    ),
    ("sees the same value 32 times", f"{RUNTIME}/collectives.cpp", "kPatience = 32;"),
    ("for a few milliseconds", f"{RUNTIME}/signals.cpp", "kTickMicroseconds = 2000;"),
    ("up to 1,024 blocks may wait", f"{RUNTIME}/scheduler.cpp", "all < 1024 ? all : 1024"),
    ("at most 8 MiB of it", f"{RUNTIME}/output.cpp", "kLimit = 8u << 20"),
    ("1,023 bytes a call", f"{RUNTIME}/output.cpp", "char line[1024]"),
    ("a gigabyte of global memory", f"{TOOLS}/shadow.h", "kMost = 1u << 18;  // 1 GiB"),
    ("64, 163 or 227 KiB", f"{RUNTIME}/device.cpp", "48 * kKiB, 64 * kKiB, 32764"),
    ("64, 163 or 227 KiB", f"{RUNTIME}/device.cpp", "48 * kKiB, 163 * kKiB, 32764"),
    ("64, 163 or 227 KiB", f"{RUNTIME}/device.cpp", "48 * kKiB, 227 * kKiB, 32764"),
    ("`a * b + c` is rounded twice", "kbk/sim/compile_flags.py", '"-ffp-contract=off"'),
    ("NaN in every float of 16 bits or more", f"{TOOLS}/regions.cpp", "? 0xfd : 0x7f"),
    ("`atomicAdd_block` counts as `atomicAdd`", "kbk/sim/include/kbk_atomic.h", "define(_block)"),
    ("kernels that launch kernels", f"{RUNTIME}/launch.cpp", "dynamic parallelism is not"),
    ("the error codes of CUDA 13", f"{RUNTIME}/launch.cpp", "CUDA 13 on an H200"),
    ("the living lanes of the mask meet", f"{RUNTIME}/collectives.cpp", "mask & warp.alive"),
    ("32 bytes at a multiple of 32", f"{TOOLS}/cost.h", "kSectorBytes = 32;"),
    ("8 bytes each are served by half warps", f"{TOOLS}/cost.h", "bytes <= 8 ? 16 : 8;"),
    ("ask for the same two by two", f"{TOOLS}/cost.h", "pairs_agree(addresses, lane, lanes, 1)"),
    ("the constant 1", "kbk/sim/include/kbk_atomic.h", "v == 1, kIncrement"),
    ("A compare-and-swap counts twice", f"{TOOLS}/requests.cpp", "cost.cost *= 2;"),
    ("at the lowest place goes first", f"{TOOLS}/requests.cpp", "a.pc < b.pc"),
    ("a test demands 95%", "tests/kbk/profile/compare.py", "BAR = 0.95"),
    ("The test binds g++ 12", "kbk/bench/equality.py", 'BINDING = "g++ 12"'),
]


@pytest.mark.parametrize("said, file, code", SAYINGS)
def test_what_the_page_says_stands_in_the_code(said: str, file: str, code: str) -> None:
    assert said in PAGE
    assert code in (ROOT / file).read_text()


def test_the_settings_that_the_page_names_are_the_defaults() -> None:
    assert "64 KiB for each thread" in PAGE and Settings().stack_kb == 64
    assert "still runs after 60 s" in PAGE and Settings().time_limit == 60
    assert "the default is sm_90" in PAGE and Settings().arch == 90
    assert "eight million records" in PAGE and MOST_RECORDS == 8_000_000


@pytest.mark.parametrize(
    "word",
    [
        *("tensor cores", "asynchronous copies", "clusters", "textures", "CUDA graphs", "cuRAND"),
        *("cuBLAS", "Thrust", "CUTLASS", "`cuda::atomic`", "`cuda::barrier`"),
    ],
)
def test_what_the_page_calls_refused_is_refused(word: str) -> None:
    assert word in PAGE
    tables = (unsupported._NAMES, unsupported._HEADERS, unsupported._FOLDERS)
    known = [what for table in tables for what, _ in table.values()]
    plain = word.strip("`").removesuffix("s").lower()
    assert any(plain in what.lower() for what in known)


def test_what_the_page_says_of_extensions_is_so() -> None:
    section = TEXT.split("\n## What sources it takes\n")[1].split("\n## ")[0]
    source = "auto f(at::Tensor x) { return x.is_cuda() && x.device() == at::kCUDA; }"
    told = sim.translate(source, "f.cu", is_extension=True).text
    assert "x.is_cpu()" in told and "at::kCPU" in told and "CUDA" not in told
    for name in re.findall(r"`(at::Tensor|torch::Tensor|TORCH_LIBRARY|PYBIND11_MODULE)`", section):
        assert is_extension([f"void f({name} x);"])
    for name in re.findall(r"`(?:cub::)?((?:Block|Warp)\w+)`", section):
        assert name in unsupported._CUB
    for name in ("thread_block", "thread_block_tile", "coalesced_group", "grid_group"):
        header = (ROOT / "kbk/sim/include/cooperative_groups.h").read_text()
        assert re.search(rf"^class {name}\b", header, re.MULTILINE)
    assert "cp.async" in section and any("cp" in name and "async" in name for name, _ in FORMS)


def test_the_table_of_differences_has_at_least_fourteen_full_rows() -> None:
    section = TEXT.split("\n## Where it differs\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.*) \|$", section, re.MULTILINE)
    cells = [[cell.strip() for cell in row.split(" | ")] for row in rows]
    assert len(cells) >= 15 and all(len(row) == 3 and all(row) for row in cells)


def test_every_kind_of_finding_is_in_the_table_and_has_a_kernel_in_the_gallery() -> None:
    from kbk.sanitizer.findings import Finding

    assert Finding.__doc__ is not None
    for kind in re.findall(r'"([a-z-]+)"', Finding.__doc__.split("kind:")[1].split("\n")[0]):
        assert f"| `{kind}` |" in TEXT
    functions = re.search(r'functions=\["no_guard".*?\]', TEXT, re.DOTALL)
    assert functions is not None and len(re.findall(r'"\w+"', functions[0])) == 7


def test_the_tables_of_counters_on_the_built_page_are_those_of_the_records(site: Path) -> None:
    text = (site / "book/simulator.html").read_text().replace("<wbr>", "")
    shown = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())
    outcomes = equality.outcomes()
    rows = [
        *equality.summary_rows(outcomes[0]),
        *equality.difference_rows(outcomes[0], equality.reasons()),
        *equality.compiler_rows(outcomes),
    ]
    missing = [row for row in rows if " ".join(" ".join(map(str, row)).split()) not in shown]
    assert missing == []
    share = re.escape(outcomes[0].whole.share)
    assert re.search(rf"{share} ?; a test demands", shown)


def test_the_page_can_be_read_in_less_than_half_an_hour() -> None:
    assert measure(TEXT).full.minutes < 30


def test_the_page_praises_nothing() -> None:
    praise = r"\b(powerful|amazing|simply|easily|unique|best|fully|seamless\w*|robust)\b"
    assert re.findall(praise, prose(TEXT), re.IGNORECASE) == []
