"""The corpus is as large, as even and as varied as it should be, and nvcc takes all of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from corpus import (
    FOLDER,
    KINDS,
    SHAPES,
    CorpusError,
    Program,
    batches,
    compose,
    parse_call,
    programs,
    read,
    right_programs,
    wrong_programs,
)

from kbk.build.compile_only import compile_only, nvcc_path

RIGHT, WRONG = right_programs(), wrong_programs()
ALL = [*RIGHT, *WRONG]


def test_there_are_at_least_eighty_programs_and_half_of_them_are_wrong() -> None:
    assert len(ALL) >= 80
    assert len(RIGHT) >= 40
    assert len(WRONG) >= 40
    assert 0.4 <= len(WRONG) / len(ALL) <= 0.6


def test_every_file_below_the_corpus_is_a_program() -> None:
    assert {each.path for each in ALL} == set(FOLDER.rglob("*.cu"))


def test_each_kind_of_bug_comes_in_each_shape() -> None:
    found = Counter((each.kind, each.shape) for each in WRONG)
    assert {(kind, shape) for kind in KINDS for shape in SHAPES} - set(found) == set()


def test_a_wrong_program_expects_the_kind_of_its_folder_and_a_right_one_nothing() -> None:
    for each in WRONG:
        assert each.expected is not None and each.expected.kind == each.kind, each.id
    assert all(each.expected is None for each in RIGHT)


def test_names_are_unique() -> None:
    assert len({each.name for each in ALL}) == len(ALL)


@pytest.mark.parametrize("program", ALL, ids=lambda each: each.id)
def test_the_marks_that_are_expected_are_those_of_the_source(program: Program) -> None:
    lines = program.source.split("\n")
    marked = {number for number, line in enumerate(lines, 1) if "// @" in line}
    expected = program.expected
    wanted = set(expected.lines) | set(expected.other_lines or ()) if expected else set()
    assert marked == wanted


@pytest.mark.parametrize("program", ALL, ids=lambda each: each.id)
def test_the_call_names_the_parameters_of_run(program: Program) -> None:
    assert program.parameters == [each.name for each in program.inputs]


def test_a_header_that_says_nonsense_is_refused(tmp_path: Path) -> None:
    good = RIGHT[0].source
    for old, new in (
        ("// shape: ", "// shape: round "),
        ("// calls: run(", "// calls: walk("),
        ("// expect: none", "// expect: kind=bug severity=error line=@bug"),
        ("// expect: none", "// gpu: memcheck=perhaps\n// expect: none"),
        ("// result: ", "// other: "),
    ):
        assert old in good
        path = tmp_path / "right" / "group" / "slug.cu"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(good.replace(old, new))
        with pytest.raises(CorpusError, match=r"slug\.cu"):
            read(path)


def test_a_call_is_read_in_all_its_parts() -> None:
    tensor, transposed, whole, real, flag = parse_call(
        "run(x: float32[4, 8][:, 2:4] = values(1, -2), y: int8[3, 2].t() = empty, n = -3, a = 0.5,"
        " b = true)"
    )
    assert (tensor.name, tensor.dtype, tensor.shape) == ("x", "float32", (4, 8))
    assert (tensor.view, tensor.fill) == ("[:, 2:4]", "values(1, -2)")
    assert (transposed.view, transposed.fill) == (".t()", "empty")
    assert (whole.value, real.value, flag.value) == (-3, 0.5, True)


@pytest.mark.slow
@pytest.mark.skipif(nvcc_path() is None, reason="no nvcc")
@pytest.mark.parametrize("number", range(len(batches(ALL, 24))))
def test_nvcc_compiles_every_program(number: int) -> None:
    batch = batches(programs(), 24)[number]
    source, _ = compose(batch)
    compile_only(f"corpus_{number}", source, [each.name for each in batch], ["90"])
