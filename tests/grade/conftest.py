"""A small exercise of the tests' own, and a folder for a learner's files."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from kbk.grade import Ask, Case, Exercise, Read, Write, catalogue, values
from tests.grade.authored import author_tree as author_tree

SCALE = """
__global__ void scale_kernel(float* out, const float* x, float a, int64_t n) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a * x[i];
}

void scale(Tensor out, const Tensor& x, double a) {
  int64_t n = x.numel();
  if (n == 0) return;
  scale_kernel<<<(n + 255) / 256, 256, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), float(a), n);
}
"""


def make_scale() -> Exercise:
    """An exercise with three checks: sizes, no launch, refusals."""
    exercise = Exercise(
        title="Scale",
        kind="fill",
        stars=1,
        minutes=5,
        points=6,
        functions=("scale",),
        task="Scale.",
        hints=("one two three four five",) * 3,
        stub=("sizes", "uninitialized"),
        mutants={},
    )

    @exercise.check("sizes", points=3)
    def sizes(rng: random.Random) -> Iterator[Case]:
        for n in (1, 32, 1000):
            x = values.uniform(rng, n)
            yield Case(
                "scale",
                Write(torch.empty_like(x), "out"),
                Read(x, "x"),
                2.5,
                expect=lambda x=x: 2.5 * x.double(),
                tol=values.tolerance(torch.float32),
                label=f"{n} elements",
                launches=1,
            )

    @exercise.check("nothing to do", points=3)
    def empty(rng: random.Random) -> Iterator[Case]:
        x = torch.empty(0)
        yield Case(
            "scale",
            Write(torch.empty_like(x), "out"),
            Read(x, "x"),
            2.5,
            expect=lambda: x,
            label="0 elements",
            launches=0,
        )

    return exercise.bind(Path("/nowhere/90_tests/test_01_scale.py"))


def make_prediction() -> Exercise:
    """An exercise in Python: twice(x) and pairs(n)."""
    exercise = Exercise(
        title="Twice",
        kind="predict",
        stars=1,
        minutes=5,
        points=2,
        functions=("twice", "pairs"),
        task="Double.",
        hints=("one two three four five",) * 3,
        stub=("numbers", "wrong-answer"),
        mutants={},
    )

    @exercise.check("numbers", points=1)
    def numbers(rng: random.Random) -> Iterator[Ask]:
        for _ in range(200):
            x = rng.randrange(1000)
            yield Ask("twice", x, expect=2 * x)

    @exercise.check("a drawing", points=1)
    def drawing(rng: random.Random) -> Iterator[Ask]:
        yield Ask("pairs", 3, expect=lambda: [(0, 0), (1, 2), (2, 4)])

    return exercise.bind(Path("/nowhere/90_tests/test_02_twice.py"))


@pytest.fixture
def scale() -> Exercise:
    return make_scale()


@pytest.fixture
def prediction() -> Exercise:
    return make_prediction()


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder with one exercise, whose stub lies beside it."""
    exercise = make_scale()
    stub = SCALE.replace("if (i < n) ", "if (false) ")
    for name, text in (("stubs", stub), ("solutions", SCALE)):
        file = tmp_path / name / exercise.path
        file.parent.mkdir(parents=True)
        file.write_text(text)
        monkeypatch.setattr(f"kbk.paths.{name.upper()}", tmp_path / name)
    monkeypatch.setenv("KBK_EXERCISES", str(tmp_path / "exercises"))
    monkeypatch.setattr(catalogue, "_all", lambda folder: (exercise,))
    return tmp_path / "exercises"


@pytest.fixture
def loose(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits and the watchdog alone: without words, symbols and walls in front of them."""
    monkeypatch.setattr("kbk.grade.grader.STRICT", False)
    monkeypatch.setenv("KBK_SANDBOX", "limits")
