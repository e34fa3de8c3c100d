"""What learners begin with, and what they may end with, compiles for the oldest GPU in use."""

from __future__ import annotations

import pytest

from kbk.build.compile_only import compile_only, nvcc_path
from kbk.errors import CompileError
from kbk.grade import Exercise, catalogue

pytestmark = pytest.mark.skipif(nvcc_path() is None, reason="no nvcc")

COMPILED = [each for each in catalogue.all() if each.suffix == ".cu"]


@pytest.mark.slow
@pytest.mark.parametrize("text", ["stub", "solution"])
@pytest.mark.parametrize("exercise", COMPILED, ids=lambda each: each.id.replace("/", "-"))
def test_an_exercise_compiles_for_sm_75(exercise: Exercise, text: str) -> None:
    source = getattr(catalogue, f"{text}_text")(exercise)
    compile_only(exercise.slug, source, exercise.functions, ["75"])


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ("void f(Tensor out) { nothing; }", 2),
        ("__global__ void k(int* a) { *a = nothing; }\nvoid f(Tensor out) {}", 2),
        ("void f(float a) {}", 2),
        (
            "__global__ void k(int* a) { *a = __reduce_add_sync(~0u, *a); }\nvoid f(Tensor a) {}",
            2,
        ),
    ],
)
def test_an_error_is_told_at_its_line(wrong: str, line: int) -> None:
    with pytest.raises(CompileError) as caught:
        compile_only("wrong", f"\n{wrong}\n", ["f"], ["75"])
    assert (caught.value.file, caught.value.line) == ("wrong.cu", line)
