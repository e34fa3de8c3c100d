"""Findings in words: NVIDIA's opening, the place, the name, the values, and one plain sentence."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from by_hand import FILE, SOURCE, Library, build, memory, raw, shared, side, tensor

from kbk.sanitizer.findings import CallContext, describe, describe_all, merge
from kbk.sanitizer.sentences import _SENTENCES, lanes

ONE = 0x3F800000  # 1.0f
TWO = 0x40000000


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("findings"))


@pytest.fixture
def context() -> CallContext:
    x, y = tensor("x", (1000,), writable=False), tensor("y", (32, 32), storage=0x200000)
    return CallContext({FILE: SOURCE}, [x, y], [])


def test_an_access_out_of_bounds_in_full(library: Library, context: CallContext) -> None:
    found = describe(
        raw(
            "out-of-bounds",
            "bounds-global",
            library=library.path,
            actor=side(library.spot("scale"), (232, 0, 0), "write", block=(3, 0, 0)),
            memory=memory(0x100000 + 4000),
            count=24,
        ),
        context,
    )
    assert str(found) == (
        "Invalid __global__ write of size 4 bytes\n"
        "    at scale(float const*, float*, int) in scale's 100%.cu:12\n"
        '        return here(x) + n; // 100% "right" <b>\n'
        "    by thread (232,0,0) in block (3,0,0)\n"
        "    Address is x[1000], 0 bytes after the end of x, float32[1000]\n"
        "    [24 accesses]\n"
        "x has 1,000 elements; the last is x[999]. Usually a guard like `if (i < n)` is missing "
        "or too wide, or the index is wrong."
    )
    assert (found.kind, found.severity, found.code) == ("out-of-bounds", "error", "bounds-global")
    assert (found.file, found.line, found.other_line) == (FILE, 12, None)
    assert (found.thread, found.block) == ((232, 0, 0), (3, 0, 0))
    assert (found.variable, found.index, found.where) == ("x", (1000,), "x[1000]")
    assert (found.count, found.kernel, found.access) == (24, "scale", "write")


def test_a_race_in_full_names_both_sides(library: Library, context: CallContext) -> None:
    found = describe(
        raw(
            "race",
            "race-raw",
            kernel="run<T = float; int N = 3>",
            library=library.path,
            actor=side(library.spot("scale"), (5, 0, 0), "read", TWO),
            other=side(library.spot("run"), (3, 0, 0), "write", ONE),
            memory=shared(12, (32,)),
        ),
        context,
    )
    assert str(found) == (
        "Error: Race reported between Write access at helper<float>(float const*) in "
        "scale's 100%.cu:3\n"
        "        return here(p);\n"
        "    inlined into middle<float> at line 6\n"
        "    inlined into run<float, 3> at line 9\n"
        "    by thread (3,0,0) in block (0,0,0)\n"
        "and Read access at scale(float const*, float*, int) in scale's 100%.cu:12\n"
        '        return here(x) + n; // 100% "right" <b>\n'
        "    by thread (5,0,0) in block (0,0,0)\n"
        "    Address is tile[3], in float tile[32]: a RAW hazard\n"
        "    values: stored 1.0, reads 2.0\n"
        "Thread 5 may read tile[3] before thread 3 has written it: put __syncthreads() between "
        "the two lines."
    )
    assert (found.line, found.other_line, found.other_file) == (12, 3, FILE)
    assert (found.thread, found.other_thread) == ((5, 0, 0), (3, 0, 0))


def _of(code: str, **members: Any) -> dict[str, Any]:
    kinds = {"bounds": "out-of-bounds", "unwritten": "uninitialized"}
    word = code.partition("-")[0]
    return raw(kinds.get(word, word), code, **members)


def _race(code: str, actor: str = "read", other: str = "write", **members: Any) -> dict[str, Any]:
    return _of(
        code,
        actor=side(0, (5, 0, 0), actor),
        other=side(0, (3, 0, 0), other),
        memory=members.pop("memory", None) or shared(12, (32,)),
        **members,
    )


@pytest.mark.parametrize(
    ("finding", "opening"),
    [
        (_of("bounds-global", actor=side(), memory=memory(1 << 30)), "Invalid __global__ read of "
                                                                     "size 4 bytes"),
        (_of("bounds-global", actor=side(access="atomic"), memory=memory(1 << 30, 8)),
         "Invalid __global__ atomic of size 8 bytes"),
        (_of("bounds-shared", actor=side(access="write"), memory=shared(-4)),
         "Invalid __shared__ write of size 4 bytes"),
        (_of("bounds-shared", actor=side(access="volatile-read"), memory=shared(-4)),
         "Invalid __shared__ read of size 4 bytes"),
        (_of("bounds-host", actor=side(), memory=memory(1 << 40, 8, "host")),
         "Invalid __global__ read of size 8 bytes"),
        (_of("misaligned", actor=side(), memory=shared(4, nbytes=16)),
         "Invalid __shared__ read of size 16 bytes"),
        (_of("uninitialized-shared", actor=side(), memory=shared(0)),
         "Uninitialized __shared__ memory read of size 4 bytes"),
        (_of("uninitialized-global", actor=side(), memory=memory(0x100000)),
         "Uninitialized __global__ memory read of size 4 bytes"),
        (_of("unwritten-output", memory=memory(0x200000), number=3),
         "Unused __global__ memory in allocation"),
        (_race("race-raw"), "Error: Race reported between Write access at "),
        (_race("race-war", "write", "read", severity="warning"),
         "Warning: Race reported between Read access at "),
        (_race("race-waw", "write", severity="info"),
         "Info: Race reported between Write access at "),
        (_of("barrier-divergent", actor=side(), other=side()),
         "Barrier error detected. Divergent thread(s) in block"),
        (_of("barrier-exited", actor=side(), number=3),
         "Barrier error detected. Divergent thread(s) in block"),
        (_of("barrier-missing", actor=side(), number=1 << 31),
         "Barrier error detected. Divergent thread(s) in warp"),
        (_of("barrier-mask", actor=side(), number=1),
         "Barrier error detected. Invalid arguments"),
    ],
)  # fmt: skip
def test_a_finding_opens_with_the_words_of_compute_sanitizer(
    finding: dict[str, Any], opening: str, context: CallContext
) -> None:
    first = str(describe(finding, context)).splitlines()[0]
    assert first == opening or (opening.endswith(" at ") and first.startswith(opening))


def _said(finding: dict[str, Any], context: CallContext | None = None) -> str:
    return str(describe(finding, context or CallContext())).splitlines()[-1]


def test_a_race_says_what_orders_its_sides() -> None:
    assert "put __syncthreads() between" in _said(_race("race-raw"))
    warp = _said(_race("race-raw", severity="warning"))
    assert "put __syncwarp() between" in warp
    assert "Both are in one warp" in warp
    blocks = _race("race-raw", number=2, memory=memory(0x100000))
    blocks["actor"]["block"] = [2, 0, 0]
    said = _said(blocks)
    assert "Thread 5 of block 2" in said
    assert "Blocks run in any order" in said
    assert "__syncthreads" not in said
    mixed = _said(_race("race-raw", other="atomic", number=1))
    assert "make both atomic" in mixed
    assert "Only one of the two is atomic" in mixed


def test_each_hazard_has_its_own_sentence() -> None:
    assert "Thread 5 may write tile[3] before thread 3 has read it, or after" in _said(
        _race("race-war", "write", "read")
    )
    assert "Thread 3 and thread 5 both write tile[3]" in _said(_race("race-waw", "write"))
    assert "the same value" in _said(_race("race-waw", "write", severity="info"))


def test_values_of_both_writes_are_told() -> None:
    race = _race("race-waw", "write")
    race["actor"]["value"], race["other"]["value"] = TWO, ONE
    assert "    values: had 1.0, stores 2.0" in str(describe(race, CallContext())).splitlines()


def test_missing_lanes_are_named_and_where_the_others_wait(
    library: Library, context: CallContext
) -> None:
    waiter = {
        "where": "__syncwarp",
        "offset": library.spot("scale"),
        "block": [0, 0, 0],
        "first": 0,
        "last": 15,
        "count": 16,
        "missing": 0xFFFF0000,
    }
    found = describe(
        raw(
            "barrier",
            "barrier-missing",
            library=library.path,
            number=0xFFFF0000,
            actor=side(library.spot("scale")),
            waiters=[waiter],
        ),
        context,
    )
    text = str(found)
    assert "threads 0 to 15 of block (0,0,0) wait in __syncwarp at scale's 100%.cu:12" in text
    assert "for lanes 16-31" in text
    assert "__syncwarp waits for lanes 16-31, which never come" in text


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        (0, "lanes "),
        (1, "lane 0"),
        (0x80000000, "lane 31"),
        (0xFFFF0000, "lanes 16-31"),
        (0b10001111, "lanes 0-3, 7"),
        (0xFFFFFFFF, "lanes 0-31"),
        (0x55, "lanes 0, 2, 4, 6"),
    ],
)
def test_lanes_are_written_compactly(mask: int, text: str) -> None:
    assert lanes(mask) == text


def test_many_waiters_are_cut() -> None:
    one = {
        "where": "__syncthreads",
        "offset": 0,
        "block": [0, 0, 0],
        "first": 1,
        "last": 1,
        "count": 1,
        "missing": 0,
    }
    text = str(describe(_of("hang", text="no thread goes on", waiters=[one] * 40), CallContext()))
    assert text.count("thread 1 of block (0,0,0) waits") == 8
    assert "and 32 more groups of threads" in text
    assert "no thread goes on" in text


def test_a_launch_finding_has_the_line_of_the_host() -> None:
    finding = _of("launch", text="2048 threads a block; the limit is 1024", file="a.cu", line=2)
    found = describe(finding, CallContext({"a.cu": "\n  k<<<1, 2048>>>(x);\n"}))
    assert (found.file, found.line) == ("a.cu", 2)
    assert str(found).startswith(
        "Program hit an error on CUDA API call\n"
        "    2048 threads a block; the limit is 1024\n"
        "    at a.cu:2\n"
        "        k<<<1, 2048>>>(x);\n"
    )
    assert describe(finding, CallContext()).line == 2


def test_the_runtime_may_say_more_of_any_finding() -> None:
    found = describe(_of("bounds-damage", text="a kernel wrote past out"), CallContext())
    assert str(found).startswith("Invalid __global__ write\n    a kernel wrote past out\n")
    width = describe(_of("barrier-mask", actor=side(), text="width 3"), CallContext())
    assert "    width 3\n" in str(width)
    assert "The width of a shuffle must be" in str(width)


def test_an_output_that_is_none_of_the_arguments_can_be_given() -> None:
    own = tensor("result", (4,), storage=0x900000)
    found = describe(
        _of("unwritten-output", memory=memory(0x900008), number=2, argument=own), CallContext()
    )
    assert (found.variable, found.index) == ("result", (2,))
    assert str(found).startswith("Unused __global__ memory in allocation of size 16 bytes")
    assert "2 elements were never written; the first is result[2]" in str(found)


def test_every_code_says_something_also_when_nothing_is_known() -> None:
    for code in _SENTENCES:
        for finding in (
            _of(code),
            _of(code, kernel="", library="/gone.so", actor=side(4660, None, block=None)),
            _of(code, actor=side(4660), other=side(), memory=memory(0), library="/gone.so"),
            _of(code, actor=side(), memory=shared(0, ()), number=(1 << 32) - 1),
        ):
            found = describe(json.loads(json.dumps(finding)), CallContext())
            assert len(str(found).splitlines()[-1]) > 30, code
            assert "None" not in str(found), (code, str(found))
            assert "  \n" not in str(found)


def test_an_unknown_code_still_reads() -> None:
    assert str(describe(raw("race", "race-new", actor=side()), CallContext()))
    assert str(describe(raw("new", "new-thing"), CallContext())) == "Error: new\n    at scale"


def test_sentences_are_short() -> None:
    for code in _SENTENCES:
        found = describe(_of(code, actor=side(), other=side(), memory=shared(0)), CallContext())
        assert len(str(found).splitlines()[-1]) < 300, code


def test_findings_of_the_same_lines_are_one(library: Library, context: CallContext) -> None:
    same = [
        _of(
            "bounds-global",
            library=library.path,
            kernel=f"run<{kind}>",
            actor=side(library.spot("scale"), (index, 0, 0), "write"),
            memory=memory(0x100000 + 4000 + 4 * index),
            count=3,
        )
        for index, kind in enumerate(("float", "half"))
    ]
    merged = describe_all(same, context)
    assert len(merged) == 1
    assert merged[0].count == 6
    assert merged[0].thread == (0, 0, 0)
    assert "[6 accesses]" in str(merged[0])
    assert str(merged[0]).count("accesses]") == 1
    assert merge(merged) == merged
    assert merge([*merged, *merged])[0].count == 12


def test_two_variables_of_one_line_are_two_findings(library: Library, context: CallContext) -> None:
    at = library.spot("scale")
    reads = _of("bounds-global", library=library.path, actor=side(at), memory=memory(0x100000 - 4))
    writes = _of(
        "bounds-global",
        library=library.path,
        actor=side(at, access="write"),
        memory=memory(0x200000 + 4096),
    )
    assert [found.variable for found in describe_all([reads, writes], context)] == ["x", "y"]


def test_findings_without_a_line_are_not_thrown_together() -> None:
    some = [_of("launch", text=text) for text in ("one", "two", "two")]
    assert [found.count for found in describe_all(some, CallContext())] == [1, 2]


def test_errors_come_first_and_the_list_is_capped() -> None:
    severities = ["info", "warning", "error", "info", "error"]
    some = [
        describe(_of("launch", text=str(index), severity=severity), CallContext())
        for index, severity in enumerate(severities)
    ]
    assert [f.severity for f in merge(some)] == ["error", "error", "warning", "info", "info"]
    assert [f.severity for f in merge(some, most=3)] == ["error", "error", "warning"]
    assert merge([]) == []


def test_twenty_findings_of_a_known_library_are_fast(
    library: Library, context: CallContext
) -> None:
    some = [
        _race("race-raw", library=library.path, count=index, memory=memory(0x200000 + 4 * index))
        for index in range(20)
    ]
    for index, each in enumerate(some):
        each["actor"]["offset"] = library.spot("scale") - index
        each["other"]["offset"] = library.spot("run") - index
    describe_all(some, context)
    start = time.perf_counter()
    describe_all(some, context)
    assert time.perf_counter() - start < 0.06


def test_importing_starts_no_program_and_needs_no_torch() -> None:
    import ast
    from pathlib import Path

    import kbk.sanitizer.findings as module

    folder = Path(module.__file__).parent
    for name in ("findings", "names", "places", "sentences", "show", "symbols", "tensors"):
        for node in ast.parse((folder / f"{name}.py").read_text(encoding="utf-8")).body:
            imported = ast.unparse(node) if isinstance(node, (ast.Import, ast.ImportFrom)) else ""
            assert "torch" not in imported
            assert "rich" not in imported
