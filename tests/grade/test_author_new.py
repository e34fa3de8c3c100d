"""`kbk author new` makes exercises that work, says what is left to do, and overwrites nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kbk import paths
from kbk.cli import app
from kbk.errors import ArgumentError, KbkError
from kbk.grade import Exercise, authoring, catalogue, grade
from kbk.grade.authoring import record
from kbk.grade.authoring.new import make
from kbk.grade.exercise import KINDS
from tests.grade.authored import Tree

run = CliRunner()
GRADERS = paths.GRADERS
LEFT = {"unfinished", "mutants", "recorded"}
"""Rules that a fresh exercise breaks: what only its author can do."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_exercise_breaks_only_the_rules_about_what_is_left(
    author_tree: Tree, kind: str
) -> None:
    exercise = author_tree.make("02_activation/03_twice", kind)
    broken = authoring.of_exercise(exercise, skip=["seconds"])
    assert {each.rule.id for each in broken} == LEFT
    todo = "\n".join(each.text for each in broken)
    assert "there must be 5 mutants; there are 1" in todo
    for place in ("stubs/02_activation/03_twice", "solutions/", "test_03_twice.py", "hints"):
        assert place in todo
    mutant = next(iter(authoring.mutant_files(exercise).values()))
    report = grade(exercise, mutant.read_text(), seed=1)
    assert report.failed is not None and report.failed.name == exercise.mutants[mutant.stem]
    assert "compile" not in report.verdict


@pytest.mark.parametrize("kind", ["predict", "optimise"])
def test_what_is_filled_in_and_recorded_keeps_every_rule(author_tree: Tree, kind: str) -> None:
    exercise = author_tree.finished("03_rope/01_twice", kind)
    author_tree.record.unlink()
    assert [each.rule.id for each in authoring.of_exercise(exercise)] == ["recorded"]
    record.update([exercise], author_tree.record)
    assert authoring.problems(exercise) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_made_is_formatted_and_has_no_old_mistake_in_the_first_chapters(
    author_tree: Tree, kind: str
) -> None:
    title = "A title that is about as long as a title may be, or longer"
    assert make("01_copy/09_twice_as_many_as_before", kind, title).id == "01/09"
    exercise = catalogue.find("01/09")
    assert exercise.title == title and exercise.reuses == ()
    assert "Old:" not in next(iter(authoring.mutant_files(exercise).values())).read_text()
    files = [str(each) for each in author_tree.root.rglob("*.py")]
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--config", _config(), *files]
        done = subprocess.run(ruff, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def _config() -> str:
    return str((paths.REPOSITORY or Path()) / "pyproject.toml")


def test_the_command_makes_the_files_of_all_trees_and_says_what_is_next(
    author_tree: Tree,
) -> None:
    done = run.invoke(
        app, ["author", "new", "00_setup/07_twice", "--kind", "fix", "--title", "Two at once"]
    )
    assert done.exit_code == 0, done.output
    assert "next: kbk author check 00/07" in done.output
    made = {str(each.relative_to(author_tree.root)) for each in author_tree.root.rglob("*.*")}
    assert made == {
        "stubs/00_setup/07_twice.cu",
        "exercises/00_setup/07_twice.cu",
        "solutions/00_setup/07_twice.cu",
        "graders/00_setup/test_07_twice.py",
        "mutants/00_setup/07_twice/no_guard.cu",
    }
    stub = (author_tree.root / "stubs/00_setup/07_twice.cu").read_text()
    assert stub.startswith("// 00/07 Two at once.")
    assert stub == (author_tree.root / "exercises/00_setup/07_twice.cu").read_text()


@pytest.mark.parametrize(
    "place, kind, title, said",
    [
        ("rope/07_x", "fill", "", "like '00_setup/02_my_idea'; it was 'rope/07_x'"),
        ("03_rope/partners", "fill", "", "a numbered name in small letters"),
        ("03_Rope/07_x", "fill", "", "in small letters"),
        ("../03_rope/07_x", "fill", "", "like '00_setup/02_my_idea'"),
        ("77_more/01_x", "fill", "", "chapters are 00 to 13; it was '77'"),
        ("03_rope/00_x", "fill", "", "numbered from 01"),
        ("03_rope/07_return", "fill", "", "'return' is a word of the language"),
        ("03_rope/07_a_name_that_is_far_too_long", "fill", "", "at most 24 letters"),
        ("03_rope/07_x", "guess", "", "kind must be one of predict, fill, fix, optimise, build"),
        ("03_rope/07_x", "fill", 'A "b"', "title must be at most 60 letters without quotes"),
        ("00_setup/01_other", "fill", "", "00/01 is taken: it is 01_twice"),
        ("01_copy/02_twice", "fill", "", "the name 'twice' is taken: it is that of 00/01"),
        ("00_first/02_x", "fill", "", "chapter 00 lies in 00_setup/; it was '00_first'"),
    ],
)
def test_a_wrong_name_is_one_clear_error_and_makes_nothing(
    author_tree: Tree, place: str, kind: str, title: str, said: str
) -> None:
    author_tree.make("00_setup/01_twice")
    before = sorted(author_tree.root.rglob("*"))
    with pytest.raises(ArgumentError) as error:
        make(place, kind, title)
    assert said in str(error.value)
    done = run.invoke(app, ["author", "new", place, "--kind", kind, "--title", title])
    assert done.exit_code == 2 and len(done.output.strip().splitlines()) == 1
    assert sorted(author_tree.root.rglob("*")) == before


def test_the_example_for_contributors_and_what_an_error_suggests_can_be_made(
    author_tree: Tree,
) -> None:
    shutil.copytree(GRADERS, author_tree.root / "graders", dirs_exist_ok=True)
    text = ((paths.REPOSITORY or Path()) / "CONTRIBUTING.md").read_text()
    example = re.search(r"kbk author new (\S+) --kind (\w+)`", text)
    told = re.search(r"kbk author check (\d\d/\d\d)` lists that", text)
    assert example and told
    done = run.invoke(app, ["author", "new", example[1], "--kind", example[2]])
    assert f"next: kbk author check {told[1]}" in done.output, done.output
    suggested = re.search(r"like '(\S+)'", run.invoke(app, ["author", "new", "foo"]).output)
    assert suggested and suggested[1] != example[1]
    done = run.invoke(app, ["author", "new", suggested[1]])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("tree", ["stubs", "solutions", "exercises"])
def test_a_file_that_is_there_stays_and_nothing_is_made(author_tree: Tree, tree: str) -> None:
    mine = author_tree.root / tree / "00_setup/01_twice.cu"
    mine.parent.mkdir(parents=True)
    mine.write_text("// mine\n")
    with pytest.raises(KbkError, match=r"01_twice\.cu is there already; nothing was made"):
        make("00_setup/01_twice", "fill")
    assert mine.read_text() == "// mine\n"
    assert [each for each in author_tree.root.rglob("*.*") if each != mine] == []


def test_in_an_installed_package_it_says_that_a_clone_is_needed(
    author_tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "MUTANTS", None)
    with pytest.raises(KbkError, match="in a clone of the repository"):
        make("00_setup/01_twice", "fill")


def test_two_records_at_the_same_time_keep_each_other(
    author_tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = author_tree.make("00_setup/01_twice")
    second = author_tree.make("00_setup/02_thrice")

    def entry(exercise: Exercise, old: object = None) -> dict[str, str]:
        if exercise is first:  # while it runs, another process records the second one
            record.update([second], author_tree.record)
        return {"stamp": exercise.id}

    monkeypatch.setattr(record, "entry", entry)
    record.update([first], author_tree.record)
    assert set(record._read(author_tree.record)) == {"00/01", "00/02"}


def test_an_exercise_that_cannot_be_graded_is_not_recorded(
    author_tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercise = author_tree.finished("00_setup/01_twice")
    before = author_tree.record.read_text()
    monkeypatch.setenv("CXX", "/nowhere/no-compiler")
    with pytest.raises(KbkError):
        record.update([exercise], author_tree.record, again=True)
    assert author_tree.record.read_text() == before


@pytest.mark.parametrize("words", [["check"], ["check", "--rules"], ["new", "00_setup/07_x"]])
def test_without_the_modules_for_authors_each_verb_says_what_it_needs(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in sys.modules if each.startswith("kbk.grade.authoring")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("kbk.grade.authoring", raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Absent(), *sys.meta_path])
    done = run.invoke(app, ["author", *words])
    assert done.exit_code == 2 and "works in a clone of the repository" in done.output


class _Absent:
    """An importer for which kbk.grade.authoring is not installed, as in a wheel."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "kbk.grade.authoring":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
