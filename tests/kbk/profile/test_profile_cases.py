"""The corpus for the counters is what it claims: every case computes what it says, on the CPU."""

from __future__ import annotations

import json
from typing import Any

import cases as corpus
import ncu_metrics
import ncu_tool
import patterns
import pytest
from record_on_gpu import matched

from kbk.build.compile_only import compile_only, nvcc_path

RAW = """==PROF== Connected
"ID","Kernel Name","Context","Block Size","Grid Size","CC","a__b.sum","memory_l1_wavefronts_shared"
"","","","","","","","sector"
"0","void first<float, 4>(T1 *)","1","(128, 1, 1)","(2, 3, 1)","9.0","1,234","12 (4; 8)"
"1","second","1","(32, 1, 1)","(1, 1, 1)","9.0","0","n/a"
"""


def test_there_are_at_least_60_cases_of_at_least_40_kernels_inside_the_bar() -> None:
    inside = [each for each in corpus.cases() if not each.outside]
    assert len({each.id for each in corpus.cases()}) == len(corpus.cases())
    assert len(inside) >= 60
    assert len({(each.source, kernel) for each in inside for kernel in each.kernels}) >= 40


@pytest.mark.slow
@pytest.mark.parametrize("source", [each for each in corpus.sources() if each != "patterns.cu"])
def test_every_case_of_a_source_computes_what_it_says(source: str) -> None:
    some = [each for each in corpus.cases() if each.source == source]
    assert [each.id for each in some if not corpus.right(each, "cpu")] == []


def test_every_host_function_of_the_corpus_is_called_by_a_case() -> None:
    from kbk.build.functions import find_functions

    for source in corpus.sources():
        if source.startswith(corpus.KERNELS):
            continue
        text = corpus.text_of(source)
        found = {
            each.name
            for each in find_functions(text)
            if each.kind == "host" and f"void {each.name}(" in text
        }
        assert found == set(corpus.of_source(source)), source


@pytest.mark.slow
@pytest.mark.skipif(nvcc_path() is None, reason="no nvcc")
@pytest.mark.parametrize(
    "source", [each for each in corpus.sources() if not each.startswith(corpus.KERNELS)]
)
def test_nvcc_compiles_a_source(source: str) -> None:
    text = corpus.text_of(source)
    compile_only(f"profile_{source[:-3]}", text, corpus.of_source(source), ("90",), host=False)


def test_patterns_are_aligned_differ_and_have_every_kind_and_width() -> None:
    some = patterns.patterns()
    assert len(some) >= 250
    assert len({each.id for each in some}) == len(some)
    for each in some:
        limit = patterns.GLOBAL_BYTES if each.space == "global" else patterns.SHARED_BYTES
        assert len(each.places) == 32 and each.mask
        assert all(p % each.width == 0 and 0 <= p <= limit - each.width for p in each.places)
    kinds = {(each.space, each.kind, each.width) for each in some[: len(some) // 2]}
    assert kinds == {
        (space, kind, width)
        for space in ("global", "shared")
        for kind, width, _ in patterns.kinds(space)
    }


def test_ncus_table_is_read_without_units_messages_and_separators() -> None:
    first, second = ncu_tool.read_raw(RAW)
    assert (first["kernel"], first["grid"], first["block"]) == ("first", [2, 3, 1], [128, 1, 1])
    assert first["metrics"] == {"a__b.sum": 1234, "memory_l1_wavefronts_shared": 12}
    assert second["kernel"] == "second"
    assert second["metrics"]["memory_l1_wavefronts_shared"] == "n/a"
    assert ncu_tool.read_raw("==ERROR== nothing") == []


def test_launches_go_to_the_calls_that_made_them_and_a_strange_one_ends_that() -> None:
    rows = ncu_tool.read_raw(RAW)
    log: list[str] = []
    told: list[Any] = json.loads('[["x", ["first"]], ["y", ["second"]]]')
    assert [each["case"] for each in matched(told, rows, {"a__b.sum"}, log)] == ["x", "y"]
    assert log == []
    assert matched([["y", ["second"]]], rows, {"a__b.sum"}, log) == []
    assert "MISMATCH y" in log[0]


def test_only_metrics_that_the_gpu_has_are_asked_for_surely() -> None:
    known = ncu_metrics.queried(
        lambda options: "l1tex__t_sectors_pipe_lsu_mem_global_op_ld  Counter  sector  # of sectors"
    )
    sure, maybe = ncu_metrics.wanted(known, patterns=True)
    assert sure == ["l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum"]
    assert "memory_l1_wavefronts_shared" in maybe
