"""What every exercise promises: the stub fails for its reason, the solution passes, what solves
nothing fails, and every wrong kernel fails by the check that is meant to catch it."""

from __future__ import annotations

import pytest

from kbk import paths
from kbk.grade import Exercise, authoring, catalogue, grade, learner, mistakes
from kbk.grade.authoring import runs
from kbk.grade.stand_ins import STAND_INS, passed

EXERCISES = catalogue.all()

every = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id.replace("/", "-"))
wrong = pytest.mark.parametrize(
    ("exercise", "mutant"),
    [(each, name) for each in EXERCISES for name in each.mutants],
    ids=lambda v: v.id.replace("/", "-") if isinstance(v, Exercise) else v,
)


TESTED_HERE = ("stub-verdict", "stub-right", "solution", "seconds")
"""Rules that run what the tests of this file run."""


@every
def test_no_rule_for_exercises_is_broken(exercise: Exercise) -> None:
    assert authoring.problems(exercise, skip=TESTED_HERE) == []


@every
def test_the_solution_passes_with_all_points(exercise: Exercise) -> None:
    report = grade(exercise, catalogue.solution_text(exercise))
    assert report.ok, report
    assert report.earned == report.points == exercise.points


@every
def test_the_stub_fails_for_the_reason_that_it_teaches(
    exercise: Exercise, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("KBK_EXERCISES", str(tmp_path / "exercises"))  # empty: stubs stand in
    report = learner.check(exercise)
    assert report.failed is not None, "the stub passes"
    assert (report.failed.name, report.failed.verdict) == exercise.stub, report
    assert (report.verdict, report.earned, report.first) == ("not-attempted", 0, exercise.stub[1])


@every
@pytest.mark.parametrize("stand_in", STAND_INS)
def test_what_solves_nothing_fails_by_its_answers(exercise: Exercise, stand_in: str) -> None:
    results = passed(exercise, stand_in)
    assert not all(results.values())
    rejecting = mistakes.trivial(exercise.id).get(stand_in, "")
    assert results.get(rejecting) is False, f"run `python -m kbk.grade.mistakes {exercise.id}`"


@wrong
def test_a_wrong_kernel_fails_by_the_check_that_is_meant_to_catch_it(
    exercise: Exercise, mutant: str
) -> None:
    text = authoring.mutant_files(exercise)[mutant].read_text()
    report = grade(exercise, text)
    assert report.failed is not None, "the mutant survives"
    assert report.failed.name == exercise.mutants[mutant], report
    assert report.failed.verdict not in ("compile-error", "compile-timeout", "cannot-grade"), report
    assert report.earned < report.points
    recorded = mistakes.kills(exercise.id).get(mutant, {})
    if report.failed.verdict != recorded.get("verdict"):  # by other inputs, or is the record old?
        report = grade(exercise, text, seed=mistakes.SEED)
    assert {"check": report.failed.name, "verdict": report.failed.verdict} == recorded, (
        f"run `python -m kbk.grade.mistakes --again {exercise.id}`"
    )


@every
def test_a_fix_stub_passes_the_weak_test_and_an_optimise_stub_is_right(exercise: Exercise) -> None:
    assert list(runs.stub_is_right(exercise)) == []


@every
def test_the_files_to_edit_are_the_stubs_in_a_fresh_clone(exercise: Exercise) -> None:
    # A learner's own clone has edited files: only what is committed upstream is held to this.
    import os

    if os.environ.get("CI"):
        edited = (paths.EXERCISES / exercise.path).read_bytes()
        assert edited == (paths.STUBS / exercise.path).read_bytes()


def test_every_file_of_the_trees_belongs_to_an_exercise() -> None:
    known = {each.path for each in EXERCISES}
    for tree in (paths.STUBS, paths.SOLUTIONS):
        found = {
            f.relative_to(tree).as_posix() for f in tree.glob("*/*") if f.suffix in (".cu", ".py")
        }
        assert found == known


def test_no_rule_for_chapters_is_broken() -> None:
    assert authoring.of_chapters() == []
