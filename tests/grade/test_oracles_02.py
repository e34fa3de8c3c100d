"""Chapter 02's graders are right: probes against counting one by one, formulas against torch, gates
against another good solution, constants against the text that a learner reads."""

from __future__ import annotations

import random
import sys
from types import ModuleType

import pytest
import torch
import torch.nn.functional as F

from kbk.grade import catalogue, grade


def grader(name: str) -> ModuleType:
    """The module of a grader file."""
    exercise = catalogue.find(name)
    return next(m for m in list(sys.modules.values()) if getattr(m, "EXERCISE", None) is exercise)


# What the answers would be by walking through the two loops, thread by thread.
def columns(d: int, vec: int, block: int) -> list[tuple[int, int, int]]:
    """(column, thread of the first loop, thread of the second)."""
    threads = min(d // vec, block)
    first, second = [-1] * d, [-1] * d
    left = d % (threads * vec)
    for thread in range(threads):
        for v in range(thread, d // vec, threads):
            first[v * vec : (v + 1) * vec] = [thread] * vec
        for i in range(thread, left, threads):
            second[d - left + i] = thread
    return list(zip(range(d), first, second, strict=True))


def redone(d: int, vec: int, block: int) -> int:
    """What the last turn of the block leaves, less what no vector covers."""
    return d % (min(d // vec, block) * vec) - d % vec


def min_bytes(tokens: int, d: int, dtype: str) -> int:
    """Two halves of a row in, one out."""
    return 3 * tokens * d * getattr(torch, dtype).itemsize


def active_blocks(tokens: int, d: int, scheme: str) -> int:
    """The blocks that an element falls into."""
    at = {
        "token": set(range(tokens)),
        "element": {i // 256 for i in range(tokens * d)},
        "vector": {i // 2048 for i in range(0, tokens * d, 8)},
        "stride": {i // 2048 % 132 for i in range(0, tokens * d, 8)},
    }
    return len(at[scheme])


CLOSED = {
    "columns": columns,
    "redone": redone,
    "min_bytes": min_bytes,
    "active_blocks": active_blocks,
}


@pytest.mark.parametrize("name", CLOSED)
def test_what_traced_kernels_show_is_what_counting_gives(name: str) -> None:
    check = next(each for each in catalogue.find("02/01").checks if each.name == name)
    asks = list(check.cases(random.Random(4)))
    assert len(asks) == 100
    for ask in asks:
        assert ask.expect() == CLOSED[name](*ask.args), ask.args


def test_the_widths_of_models_are_redone_as_the_book_says() -> None:
    assert [redone(d, 8, 1024) for d in (14336, 11008, 13824)] == [6144, 2816, 5632]


def test_the_formulas_of_the_graders_are_those_of_torch() -> None:
    x = 5 * torch.randn(40, 64, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    gate, up = x.chunk(2, dim=1)
    assert torch.allclose(grader("02/02").expected(x), F.gelu(gate, approximate="tanh") * up)
    for name in ("02/03", "02/05"):
        assert torch.allclose(grader(name).expected(x), F.silu(gate) * up)
    assert torch.allclose(grader("02/04").expected(gate, up), F.silu(gate) * up)
    g, u = x[:, ::2].clamp(max=3.0), x[:, 1::2].clamp(-3.0, 3.0)
    found = grader("02/06").expected(x, 1.5, 3.0)
    assert torch.allclose(found, g * torch.sigmoid(1.5 * g) * (u + 1))


def test_blocks_that_each_stay_in_one_row_pass_as_well() -> None:
    exercise = catalogue.find("02/05")
    solution = catalogue.solution_text(exercise)
    flat = solution[
        solution.index("  const int64_t per_row") : solution.index(
            "template <typename T, int kVec>\nvoid"
        )
    ]
    rows = """  const int64_t parts = (d / kVec + blockDim.x - 1) / blockDim.x;
  const int64_t t = blockIdx.x / parts;
  const int64_t v = blockIdx.x % parts * blockDim.x + threadIdx.x;
  if (v < d / kVec) silu_and_mul_vector<T, kVec>(out + t * d, x + t * stride, d, v);
}

"""
    text = solution.replace(flat, rows)
    text = text.replace(
        "ceil_div(tokens * (d / kVec), kThreads)", "tokens * ceil_div(d / kVec, kThreads)"
    )
    assert text != solution
    report = grade(exercise, text)
    assert report.ok, report
