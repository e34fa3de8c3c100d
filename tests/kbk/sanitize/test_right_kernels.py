"""No right kernel of this project gets an error; wrong ones that are about memory do."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from right_kernels import EXERCISES, bits, mutant, of_exercise, of_page, solution

import kbk
from kbk import sim
from kbk.grade import Exercise, catalogue
from kbk.ops._family import family

ORDERS = [None, 1]
DTYPES = [torch.uint8, torch.bool, torch.bfloat16, torch.float32, torch.int64]


def nothing_but_infos(s: Any) -> bool:
    assert [str(each) for each in s.findings if each.severity != "info"] == []
    return len(s.launches) > 0


@pytest.mark.parametrize("seed", ORDERS)
def test_every_rung_of_copy_is_clean(seed: int | None) -> None:
    ops = family("copy")
    with sim.settings(seed=seed), kbk.sanitize() as s:
        for n, offset in itertools.product((0, 1, 31, 33, 1000), (0, 1)):
            for rung in (ops.copy_one_per_thread, ops.copy_own_chunk, ops.copy_grid_stride):
                rung(torch.empty(n + 3)[3:], bits(n, torch.float32, offset))
        for n, dtype in itertools.product((0, 1, 15, 33, 257, 1000), DTYPES):
            for first, second in ((0, 0), (1, 0), (3, 1)):
                for rung in (ops.copy_any_element, ops.copy_vectors, ops.copy):
                    out = torch.empty(n + second, dtype=dtype)[second:]
                    rung(out, bits(n, dtype, first))
        for n in (0, 1, 128, 129, 8188, 8189, 20_000):
            values = torch.arange(n, dtype=torch.int32)
            ops.copy_to_gpu_no_ce(values, torch.empty_like(values))
    assert nothing_but_infos(s) and s.findings == []


@pytest.mark.parametrize("seed", ORDERS)
def test_every_shape_of_copy_in_flight_is_clean(seed: int | None) -> None:
    ops = family("copy")
    with sim.settings(seed=seed), kbk.sanitize() as s:
        for shape in itertools.product((1, 2, 4, 8), (32, 128), (0, 1), (True, False)):
            ops.copy_in_flight(torch.empty(5000), bits(5000, torch.float32), *shape)
            odd = bits(5000, torch.uint8, 1)
            ops.copy_in_flight(torch.empty_like(odd), odd, *shape)
    assert nothing_but_infos(s) and s.findings == []


@pytest.mark.parametrize("grid", [(1, 32, 0), (4, 256, 2)], ids=str)
def test_the_kernels_behind_the_ceilings_are_clean(grid: tuple[int, int, int]) -> None:
    ops, big = family("ceilings"), torch.zeros(2**20, dtype=torch.int32)
    with kbk.sanitize() as s:
        for n in (4, 64, 1028, 9000):
            x, y, out = (torch.arange(n, dtype=torch.int32) for _ in range(3))
            ops.read_only(big, x, *grid)
            ops.two_to_one(out, x, y, *grid)
            ops.one_to_one(out, x, *grid)
            ops.write_only(out, 0x5EED, *grid)
    assert nothing_but_infos(s)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id.replace("/", "-"))
def test_every_solution_is_clean_with_the_inputs_of_its_grader(exercise: Exercise) -> None:
    assert [str(each) for each in of_exercise(exercise, solution(exercise))] == []


PAGES: dict[str, set[tuple[str, str, str]]] = {
    "00_setup": {
        ("no_guard.cu", "bounds-global", "error"),
        ("scale_door.cu", "launch", "error"),  # a block of 2,048 threads: what the door refuses,
        ("scale_door.cu", "launch", "warning"),  # and what a host function hides that asks alone
    },
    "01_copy": {("copy_wrong_tail.cu", "misaligned", "error")},
    "02_activation": {
        ("activation_at_2d.cu", "misaligned", "error"),
        ("activation_at_2d.cu", "launch", "error"),  # a block of no threads, where d is 4
        ("activation_rung_5.cu", "race-waw", "info"),  # finished work again: the same values twice
    },
    "cpp": set(),
    "how_to_study": {("study_bug.cu", "bounds-global", "error")},
}
"""By page what is found: all of it in kernels that the page presents as wrong."""


@pytest.mark.slow
@pytest.mark.parametrize("page", list(PAGES))
def test_on_a_page_only_the_wrong_kernels_are_found(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    found = of_page(page, monkeypatch)
    assert {(each.file, each.code, each.severity) for each in found} == PAGES[page]


MUTANTS: dict[tuple[str, str], str] = {
    ("00/02", "no_guard"): "out-of-bounds",
    ("00/02", "less_or_equal"): "out-of-bounds",
    ("00/02", "four_at_a_time"): "misaligned",
    ("00/02", "empty_grid"): "launch",
    ("00/03", "no_guard"): "out-of-bounds",
    ("00/03", "block_of_zero"): "launch",
    ("00/04", "without_length"): "out-of-bounds",
    ("00/04", "without_no_token"): "out-of-bounds",
    ("00/05", "bias_by_row"): "out-of-bounds",
    ("00/06", "vectors_if_8_bytes_are_aligned"): "misaligned",
    ("01/02", "one_element_too_many"): "out-of-bounds",
    ("01/03", "alignment_to_8_bytes"): "misaligned",
    ("01/03", "reads_past_the_end"): "out-of-bounds",
    ("01/04", "alignment_of_the_table_alone"): "misaligned",
    ("01/04", "no_range_check"): "out-of-bounds",
    ("01/05", "grid_of_0_for_no_values"): "launch",
    ("01/05", "kernel_reads_the_cpu"): "out-of-bounds",
}
"""Wrong submissions with a mistake in memory, order or launch, and the kind of what is found."""


@pytest.mark.slow
@pytest.mark.parametrize(("number", "name"), list(MUTANTS), ids="-".join)
def test_a_mutant_with_such_a_mistake_gets_an_error_of_its_kind(number: str, name: str) -> None:
    exercise = catalogue.find(number)
    found = of_exercise(exercise, mutant(exercise, name), until_error=True)
    assert {each.kind for each in found if each.severity == "error"} == {MUTANTS[number, name]}
