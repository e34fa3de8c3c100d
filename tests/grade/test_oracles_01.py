"""Chapter 01's graders are right: what is read from traces against counting one by one, gates
against another good solution, constants against the text that a learner reads."""

from __future__ import annotations

import random
import re
import sys
from types import ModuleType

import pytest

from kbk.grade import catalogue, grade


# What the answers would be by counting bytes and loads one by one.
def bytes_of(stride: int, size: int, offset: int) -> list[list[int]]:
    """The sector of each byte of each lane."""
    return [[(offset + lane * stride + byte) // 32 for byte in range(size)] for lane in range(32)]


def strip(*setting: int) -> list[tuple[int, int, int]]:
    """(lane, first sector, last sector)."""
    return [(lane, touched[0], touched[-1]) for lane, touched in enumerate(bytes_of(*setting))]


def sectors(*setting: int) -> int:
    """Different sectors of the warp."""
    return len({sector for touched in bytes_of(*setting) for sector in touched})


def requests(n: int, elem_bytes: int, vec: int) -> int:
    """The requests, from a list of the loads of each thread: (warp, number of the load)."""
    made: set[tuple[object, int]] = set()
    for thread in range(n // vec):
        for byte in range(0, vec * elem_bytes, 16):
            made.add((thread // 32, byte // 16))
    if n % vec:
        made.add(("tail", 0))
    return len(made)


CLOSED = {"strip": strip, "sectors": sectors, "requests": requests}


def grader(name: str) -> ModuleType:
    """The module of a grader file."""
    exercise = catalogue.find(name)
    return next(m for m in list(sys.modules.values()) if getattr(m, "EXERCISE", None) is exercise)


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("seed", range(3))
def test_what_traced_kernels_show_is_what_counting_gives(name, seed):
    check = next(each for each in catalogue.find("01/01").checks if each.name == name)
    asks = list(check.cases(random.Random(seed)))
    assert len(asks) == 300
    for ask in asks:
        assert ask.expect() == CLOSED[name](*ask.args), ask.args


def test_a_load_of_a_gpu_is_one_request_that_costs_the_sectors_of_its_answer():
    grading = grader("01/01")
    drawn = [each for each in grading.settings(random.Random(1)) if whole(*each)]
    assert len(drawn) > 100
    for setting, launch in zip(
        drawn, grading.PROBE.run("load_lanes", *grading.call(drawn)), strict=True
    ):
        (request,) = launch.loads("x")
        assert request["cost"] == sectors(*setting), setting


def whole(stride: int, size: int, offset: int) -> bool:
    """Whether a lane's bytes are one access."""
    return size in (1, 2, 4, 8, 16) and stride % size == offset % size == 0


def test_settings_overlap_leave_gaps_and_straddle():
    grading = grader("01/01")
    drawn = list(grading.settings(random.Random(3)))
    assert len(drawn) == 300
    assert all(0 <= s <= 256 and 1 <= a <= 16 and o >= 0 for s, a, o in drawn)
    assert any(stride < size for stride, size, _ in drawn)
    assert any(stride > size for stride, size, _ in drawn)
    straddling = sum(any(len(set(lane)) > 1 for lane in bytes_of(*each)) for each in drawn)
    assert straddling > 50


def constant(exercise: str, name: str) -> int:
    """The value that a stub gives to a constant."""
    found = re.search(rf"\b{name} = (\d+);", catalogue.stub_text(catalogue.find(exercise)))
    assert found is not None
    return int(found[1])


def test_the_graders_know_the_constants_that_the_stubs_promise():
    stride, arguments = grader("01/02"), grader("01/05")
    assert constant("01/02", "kMaxBlocks") == stride.BLOCKS
    assert constant("01/02", "kThreads") * stride.BLOCKS == stride.GRID
    assert constant("01/05", "kCapacity") == arguments.CAPACITY


def test_slicing_rows_by_a_loop_from_the_sector_below_passes_as_well():
    exercise = catalogue.find("01/06")
    solution = catalogue.solution_text(exercise)
    head = solution[solution.index("  const int64_t head = ") : solution.index("// width: bytes")]
    loop = """  const int64_t before = reinterpret_cast<uintptr_t>(start) % 32 / sizeof(Word);
  for (int64_t i = int64_t(threadIdx.x % 32) - before; i < width; i += 32)
    if (i >= 0) out[row * width + i] = start[i];
}

"""
    report = grade(exercise, solution.replace(head, loop))
    assert report.ok, report
