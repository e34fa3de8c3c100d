"""What every exercise promises: the stub fails for its reason, the solution passes, what solves
nothing fails, and every wrong kernel fails by the check that is meant to catch it."""

from __future__ import annotations

import pytest

from kbk import paths
from kbk.grade import Exercise, author, catalogue, grade, learner
from kbk.grade.stand_ins import STAND_INS, passed

EXERCISES = catalogue.all()

every = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id.replace("/", "-"))
wrong = pytest.mark.parametrize(
    ("exercise", "mutant"),
    [(each, name) for each in EXERCISES for name in each.mutants],
    ids=lambda v: v.id.replace("/", "-") if isinstance(v, Exercise) else v,
)


@every
def test_no_rule_for_exercises_is_broken(exercise: Exercise) -> None:
    assert author.problems(exercise) == []


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
    assert not all(passed(exercise, stand_in).values())


@wrong
def test_a_wrong_kernel_fails_by_the_check_that_is_meant_to_catch_it(
    exercise: Exercise, mutant: str
) -> None:
    report = grade(exercise, author.mutant_files(exercise)[mutant].read_text())
    assert report.failed is not None, "the mutant survives"
    assert report.failed.name == exercise.mutants[mutant], report
    assert report.failed.verdict not in ("compile-error", "compile-timeout", "cannot-grade"), report
    assert report.earned < report.points


@every
def test_a_fix_stub_passes_the_weak_test_that_came_with_it(exercise: Exercise) -> None:
    if exercise.kind != "fix":
        return
    report = grade(exercise, catalogue.stub_text(exercise), only=["their test"])
    assert report.ok, report


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
