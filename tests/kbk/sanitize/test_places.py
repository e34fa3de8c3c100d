"""Addresses of a compiled library become functions, files, lines and the text of the line."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from by_hand import FILE, SOURCE, Library, build

from kbk.sanitizer.places import _is_symbol_of, line_text, place, prefetch
from kbk.sanitizer.symbols import variable_at, variable_at_offset
from kbk.sim import addresses, faults

CLANG = next((name for name in ("clang++", "clang++-14") if shutil.which(name)), None)
SOURCES = {FILE: SOURCE, "other.cu": "int a;\n"}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("places"))


@pytest.fixture
def forget() -> Any:
    addresses._known.cache_clear()
    yield
    addresses._known.cache_clear()


def test_a_call_has_its_function_file_line_and_text(library: Library) -> None:
    found = place(library.path, library.spot("scale"), SOURCES)
    assert found.file == FILE
    assert found.line == 12
    assert found.text == 'return here(x) + n; // 100% "right" <b>'
    assert found.spots[0].function == "scale(float const*, float*, int)"
    assert found.spots[0].name == "scale"


def test_inlined_functions_stand_before_the_one_they_are_inlined_into(library: Library) -> None:
    found = place(library.path, library.spot("run"), SOURCES)
    assert [(spot.name, spot.line) for spot in found.spots[:3]] == [
        ("helper<float>", 3),
        ("middle<float>", 6),
        ("run<float, 3>", 9),
    ]
    assert found.text == "return here(p);"


def test_the_chain_ends_at_the_kernel(library: Library) -> None:
    found = place(library.path, library.spot("run"), SOURCES, kernel="middle<T = float>")
    assert [spot.name for spot in found.spots] == ["helper<float>", "middle<float>"]


def test_a_function_of_an_anonymous_namespace_keeps_its_name(library: Library) -> None:
    found = place(library.path, library.spot("hidden"), SOURCES)
    assert found.spots[0].name == "space::(anonymous namespace)::hidden"
    assert found.line == 15


def test_a_frame_of_the_shim_is_nobodys_line(library: Library) -> None:
    frames = addresses.frames(library.path, [library.spot("shim") - 1])
    assert [frame.path for frame in frames[library.spot("shim") - 1]]
    found = place(library.path, library.spot("shim"), SOURCES)
    assert all("shim" not in spot.file for spot in found.spots)


def test_a_line_past_the_end_of_the_text_has_no_text(library: Library) -> None:
    found = place(library.path, library.spot("late"), {"late.cu": "one line\n"})
    assert (found.file, found.line, found.text) == ("late.cu", 5000, "")


def test_without_sources_the_file_is_the_last_part_of_its_path(library: Library) -> None:
    found = place(library.path, library.spot("scale"), {})
    assert (found.file, found.line, found.text) == (FILE, 12, "")


def test_text_comes_from_disk_if_no_source_has_it(tmp_path: Path) -> None:
    header = tmp_path / "own.cuh"
    header.write_bytes(b"// caf\xe9\n\tint  x;\r\n")
    assert line_text("own.cuh", 1, {}, str(header)) == "// caf\N{REPLACEMENT CHARACTER}"
    assert line_text("own.cuh", 2, {}, str(header)) == "int x;"
    assert line_text("own.cuh", 99, {}, str(header)) == ""
    assert line_text("own.cuh", 0, {}, str(header)) == ""
    assert line_text("own.cuh", 1, {}, str(tmp_path / "none.cuh")) == ""
    assert line_text("own.cuh", 1, {}, "own.cuh") == ""


def test_a_source_in_memory_goes_before_the_file_on_disk(tmp_path: Path) -> None:
    (tmp_path / "a.cu").write_text("old\n")
    assert line_text("a.cu", 1, {"a.cu": "new\n"}, str(tmp_path / "a.cu")) == "new"


def test_a_form_feed_is_no_end_of_a_line() -> None:
    assert line_text("a.cu", 2, {"a.cu": "one\x0cstill one\u2028\ntwo\n"}) == "two"


def test_a_long_line_is_cut() -> None:
    assert len(line_text("a.cu", 1, {"a.cu": "x" * 5000})) == 160


@pytest.mark.parametrize("offset", [0, 1, 1 << 40, (1 << 63) - 1])
def test_addresses_outside_the_code_have_no_place(library: Library, offset: int) -> None:
    assert place(library.path, offset, SOURCES).line is None


def test_an_unknown_library_has_no_places(tmp_path: Path) -> None:
    for path in ("", str(tmp_path / "gone.so"), str(tmp_path)):
        found = place(path, 4660, SOURCES)
        assert (found.spots, found.file, found.line, found.text) == ((), None, None, "")


def test_a_library_without_debug_information_has_no_lines(tmp_path: Path) -> None:
    bare = build(tmp_path, "-g0", "-s")
    assert place(bare.path, bare.spot("scale"), SOURCES).line is None


def test_many_addresses_cost_one_call(
    library: Library, monkeypatch: pytest.MonkeyPatch, forget: None
) -> None:
    calls: list[Any] = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: calls.append(a) or run(*a, **k))
    spots = [library.spot(name) for name in ("scale", "run", "hidden", "late")]
    prefetch(library.path, spots * 50)
    assert len(calls) == 1
    for spot in spots * 50:
        place(library.path, spot, SOURCES)
    assert len(calls) == 1


def test_places_of_known_addresses_are_fast(library: Library) -> None:
    spots = [library.spot(name) for name in ("scale", "run", "hidden")] * 20
    prefetch(library.path, spots)
    start = time.perf_counter()
    for spot in spots:
        place(library.path, spot, SOURCES)
    assert time.perf_counter() - start < 0.06


def test_a_library_that_was_built_again_is_read_again(tmp_path: Path, forget: None) -> None:
    first = build(tmp_path)
    spot = first.spot("scale")
    assert place(first.path, spot, SOURCES).line == 12
    (tmp_path / "kernels.so").unlink()
    assert place(first.path, spot, SOURCES).line is None


def _without(monkeypatch: pytest.MonkeyPatch, *tools: str) -> None:
    run = subprocess.run

    def limited(command: list[str], **options: Any) -> Any:
        if command[0] in tools:
            raise FileNotFoundError(command[0])
        return run(command, **options)

    monkeypatch.setattr(subprocess, "run", limited)


@pytest.mark.skipif(not shutil.which("llvm-symbolizer"), reason="needs llvm-symbolizer")
def test_llvm_symbolizer_takes_the_place_of_addr2line(
    library: Library, monkeypatch: pytest.MonkeyPatch, forget: None
) -> None:
    _without(monkeypatch, "addr2line")
    found = place(library.path, library.spot("run"), SOURCES)
    assert [spot.name for spot in found.spots[:2]] == ["helper<float>", "middle<float>"]
    assert found.line == 3


def test_without_any_symbolizer_there_is_no_line(
    library: Library, monkeypatch: pytest.MonkeyPatch, forget: None
) -> None:
    _without(monkeypatch, "addr2line", "llvm-symbolizer")
    assert place(library.path, library.spot("run"), SOURCES).line is None
    assert faults.locate(library.path, library.spot("run")) == (None, None)


def test_locate_of_faults_agrees(library: Library) -> None:
    assert faults.locate(library.path, library.spot("run") - 1) == (FILE, 3)
    assert faults.locate("", 4660) == (None, None)


@pytest.mark.skipif(CLANG is None, reason="needs clang++")
def test_clang_gives_the_same_places(tmp_path: Path) -> None:
    assert CLANG is not None
    library = build(tmp_path, compiler=CLANG)
    assert place(library.path, library.spot("scale"), SOURCES).line == 12
    found = place(library.path, library.spot("run"), SOURCES)
    assert [(spot.name, spot.line) for spot in found.spots[:3]] == [
        ("helper<float>", 3),
        ("middle<float>", 6),
        ("run<float, 3>", 9),
    ]


@pytest.mark.parametrize(
    ("inner", "outer", "same"),
    [
        ("space::reduce(float*, float const*)", "reduce", True),
        ("kbk::launch<run(int)::$_2&>(int)::{lambda(void*)#1}::__invoke(void*)", "__invoke", True),
        ("reduce<float>(float (*)(int))", "reduce", True),
        ("space::reduce(float*)", "space::reduce(float*)", False),
        ("my_reduce(float*)", "reduce", False),
        ("helper", "reduce", False),
        ("helper(int)", "reduce", False),
        (")", "reduce", False),
    ],
)
def test_the_symbol_of_the_outermost_function_names_no_inlined_one(
    inner: str, outer: str, same: bool
) -> None:
    assert _is_symbol_of(inner, outer) == same


def test_variables_of_the_library_are_found_by_symbol(library: Library) -> None:
    table, counter = library.address_of("table"), library.address_of("counter")
    assert variable_at(library.path, table + 20) == ("table", 20, 64)
    assert variable_at(library.path, counter) == ("counter", 0, 4)
    assert variable_at(library.path, 12) is None
    assert variable_at("/gone.so", table) is None
    assert variable_at_offset("/gone.so", 16) is None
