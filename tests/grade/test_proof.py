"""`kbk author check` refuses what nobody has run: closed forms, and numbers that no trace gives."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from kbk.cli import app
from kbk.grade import Ask, Case, Exercise, Gate, Probe, Read, Write, catalogue, proof, values
from kbk.grade.probe import Traced
from tests.grade.conftest import SCALE, make_prediction

PROBE = Probe(
    "written",
    r"""
    __global__ void write_k(int* out, int n) {
      const int i = blockIdx.x * blockDim.x + threadIdx.x;
      if (i < n) out[i] = i;
    }
    void write_first(Tensor out, const HostTensor& counts) {
      for (int64_t i = 0; i < counts.numel(); ++i) {
        const int n = int(static_cast<const int64_t*>(counts.data_ptr())[i]);
        write_k<<<n / 64 + 1, 64>>>(out.mutable_data_ptr<int>(), n);
      }
    }
    """,
    ["write_first"],
)


def call(settings: Sequence[tuple[Any, ...]]) -> tuple[torch.Tensor, ...]:
    return torch.zeros(1024, dtype=torch.int32), torch.tensor([n for (n,) in settings])


def requests(launch: Traced) -> int:
    return len(launch.stores("out"))


def prediction(cases: Callable[[random.Random], Iterator[Ask]]) -> Exercise:
    exercise = Exercise(
        title="Requests", kind="predict", stars=1, minutes=5, points=1, functions=("requests",),
        task="Count.", hints=("one two three four five",) * 3, stub=("counts", "wrong-answer"),
        mutants={},
    )  # fmt: skip
    exercise.check("counts", points=1)(cases)
    return exercise.bind(Path("/nowhere/90_tests/test_03_requests.py"))


def counts(rng: random.Random) -> list[tuple[int]]:
    return [(rng.randint(1, 1000),) for _ in range(20)]


def traced(rng: random.Random) -> Iterator[Ask]:
    yield from PROBE.asks("requests", counts(rng), runs="write_first", call=call, answer=requests)


def test_answers_that_a_trace_gives_are_accepted() -> None:
    assert list(proof.problems(prediction(traced))) == []
    asks = list(traced(random.Random(7)))
    assert [ask.expect() for ask in asks] == [-(-ask.args[0] // 32) for ask in asks]


def test_a_grader_with_a_closed_form_is_refused() -> None:
    def closed(rng: random.Random) -> Iterator[Ask]:
        for (n,) in counts(rng):
            yield Ask("requests", n, expect=-(-n // 32))

    (text,) = proof.problems(prediction(closed))
    assert "'counts' must expect what a kbk.grade.Probe has traced" in text
    assert "20 of its 20 answers come from somewhere else" in text and "closed form" in text


def test_a_closed_form_that_is_computed_later_or_in_part_is_refused() -> None:
    def lazy(rng: random.Random) -> Iterator[Ask]:
        yield Ask("requests", 33, expect=lambda: 2)
        yield from traced(rng)

    (text,) = proof.problems(prediction(lazy))
    assert "1 of its 21 answers" in text


def test_a_probe_whose_trace_nobody_reads_is_refused() -> None:
    def deaf(rng: random.Random) -> Iterator[Ask]:
        for n in counts(rng):
            yield from PROBE.asks(
                "requests", [n], runs="write_first", call=call, answer=lambda _, n=n: -(-n[0] // 32)
            )

    problems = list(proof.problems(prediction(deaf)))
    assert len(problems) == 20
    assert "must read its answers from what write_first did to memory; 1 of 1" in problems[0]


def test_a_probe_that_does_not_run_is_refused() -> None:
    wrong = Probe("wrong", "void f(Tensor out) { nothing; }", ["f"])

    def broken(rng: random.Random) -> Iterator[Ask]:
        yield from wrong.asks("requests", [(1,)], runs="f", call=call, answer=requests)

    (text,) = proof.problems(prediction(broken))
    assert "the probe of the check 'counts' must run" in text and "wrong.cu:1" in text


def test_a_check_cannot_say_that_it_is_a_closed_form() -> None:
    with pytest.raises(TypeError, match="closed_form"):
        make_prediction().check("x", points=1, closed_form=True)  # type: ignore[call-arg]


def test_author_check_refuses_a_closed_form_with_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "_all", lambda folder: (make_prediction(),))
    done = CliRunner().invoke(app, ["author", "check"])
    assert done.exit_code == 1 and "A closed form may be right" in done.output


# Gates: the numbers of a grader are those of traced kernels.

HALF = SCALE.replace("+ threadIdx.x;", "+ threadIdx.x;\n  i = i % 8 * (n / 8) + i / 8;")
"""A warp works at eight places, on half a sector at each: twice the sectors."""


@pytest.fixture
def gated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Proves an exercise with these gates; its stub and its mutant `half` take twice as many."""
    for folder in ("stubs", "solutions", "mutants"):
        monkeypatch.setattr(f"kbk.paths.{folder.upper()}", tmp_path / folder)

    def prove(*bounds: Gate, solution: str = SCALE) -> list[str]:
        exercise = Exercise(
            title="Scale", kind="optimise", stars=1, minutes=5, points=1, functions=("scale",),
            task="Scale.", hints=("one two three four five",) * 3, mutants={"half": "cost"},
            stub=("cost", "too-much-traffic"),
        ).bind(Path("/nowhere/90_tests/test_04_scale.py"))  # fmt: skip

        @exercise.check("cost", points=1, gate=True)
        def cost(rng: random.Random) -> Iterator[Case]:
            x = values.uniform(rng, 4096)
            yield Case(
                "scale", Write(torch.empty_like(x), "out"), Read(x, "x"), 2.0, label="n = 4,096",
                expect=lambda: 2 * x.double(), tol=values.tolerance(torch.float32), gates=bounds,
            )  # fmt: skip

        for name, text in (
            (f"stubs/{exercise.path}", HALF),
            (f"solutions/{exercise.path}", solution),
            ("mutants/90_tests/04_scale/half.cu", HALF),
        ):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return list(proof.problems(exercise))

    return prove


def test_gates_with_the_counts_of_the_kernels_they_name_are_accepted(gated) -> None:
    for of in ("stub", "half"):
        assert gated(Gate("sectors_ld:x", target=512, baseline=1024, of=of)) == []
    assert gated(Gate("sectors_ld:x", target=514, baseline=1024, leeway=2)) == []


def test_a_baseline_that_its_kernel_does_not_count_is_refused(gated) -> None:
    (text,) = gated(Gate("requests_ld", target=128, baseline=1000, of="half"))
    assert text == (
        "the check 'cost', n = 4,096: requests_ld of the half is 128, not 1,000 "
        "(l1tex__t_requests_pipe_lsu_mem_global_op_ld.sum)"
    )


def test_a_target_that_the_solution_misses_or_passes_easily_is_refused(gated) -> None:
    (missed,) = gated(Gate("requests_ld", target=127, baseline=128))
    assert "requests_ld of the solution is 128; the target is 127" in missed
    (lax,) = gated(Gate("kbk__writes_per_element.max", target=3, baseline=1 + 3, of="nobody"))[:1]
    assert "of the solution is 1: a target of 3 is easier by more than the leeway, 0" in lax


def test_a_baseline_of_a_kernel_that_does_not_exist_or_run_is_refused(gated) -> None:
    problems = gated(Gate("requests_ld", target=128, baseline=256, of="nobody"))
    assert problems == ["a baseline must be that of the stub or a mutant; 'nobody' is none"]
    problems = gated(Gate("requests_ld", target=128, baseline=129), solution="nothing")
    assert "n = 4,096: the solution must run to be counted" in problems[0]
