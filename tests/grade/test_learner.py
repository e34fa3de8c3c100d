"""A learner's files: what is remembered of them, and that nothing of theirs is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kbk import paths
from kbk.errors import ArgumentError, KbkError
from kbk.grade import catalogue, learner
from tests.grade.conftest import SCALE, make_prediction, make_scale


@pytest.fixture
def file(tree: Path) -> Path:
    path = tree / "90_tests/01_scale.cu"
    learner.reset(make_scale())
    return path


def state() -> str:
    return learner.standing(make_scale()).state


def test_reset_keeps_a_copy_of_every_text_that_was_there(file: Path, tree: Path) -> None:
    exercise = make_scale()
    kept = []
    for text in ("mine", "mine too", "\xff"):
        file.write_text(text)
        kept.append(learner.reset(exercise))
        assert file.read_text() == catalogue.stub_text(exercise)
    assert [each.read_text() for each in kept] == ["mine", "mine too", "\xff"]
    assert learner.reset(exercise) is None  # nothing to keep


def test_reset_touches_nothing_if_no_copy_can_be_kept(file: Path, tree: Path) -> None:
    file.write_text("mine")
    (tree.parent / ".kbk").write_text("a file where the folder must be")
    with pytest.raises(KbkError, match="nothing was reset"):
        learner.reset(make_scale())
    assert file.read_text() == "mine"


def test_the_standing_follows_the_file_and_the_last_check(file: Path) -> None:
    assert state() == "not attempted"
    file.write_text(SCALE)
    assert state() == "edited"
    assert learner.check(make_scale()).ok
    assert state() == "pass"
    file.write_text(SCALE + "// changed")
    assert state() == "edited"
    file.write_text(SCALE)
    assert state() == "pass"
    assert learner.next_open() is None


def test_an_unedited_stub_is_not_attempted_and_shows_how_it_fails(file: Path) -> None:
    file.write_text(file.read_text().replace("\n", "  \n"))  # blanks are no edit
    report = learner.check(make_scale())
    assert (report.verdict, report.first, report.earned) == ("not-attempted", "uninitialized", 0)
    assert "never written" in str(report) and "as it came" in str(report)


def test_a_missing_file_counts_as_the_stub(tree: Path) -> None:
    assert state() == "not attempted"
    report = learner.check(make_scale())
    assert report.verdict == "not-attempted" and "kbk reset 90/01" in report.unedited


def test_an_empty_file_is_told_how_to_come_back(file: Path) -> None:
    file.write_text(" \n")
    report = learner.check(make_scale())
    assert report.verdict == "compile-error" and "the text is empty" in str(report)


def test_who_has_passed_once_may_see_the_solution_after_the_next_edit(file: Path) -> None:
    file.write_text(SCALE)
    assert not learner.may_see_solution(make_scale())
    learner.check(make_scale())
    file.write_text(SCALE.replace("i < n", "i <= n"))
    learner.check(make_scale())
    assert learner.may_see_solution(make_scale())


def test_beside_an_installed_kbk_an_assignment_is_what_lies_in_the_folder(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "_all", lambda _: (make_scale(), make_prediction()))
    file.unlink()
    (file.parent / "02_twice.py").write_text("# mine\n")
    (paths.STUBS / "90_tests/02_twice.py").write_text("# the stub\n")
    assert [each.id for each in learner.offered()] == ["90/01", "90/02"]  # a clone has all
    monkeypatch.setattr(paths, "REPOSITORY", None)
    assert [each.id for each in learner.offered()] == ["90/02"]
    following = learner.next_open()
    assert following is not None and following.id == "90/02"
    (file.parent / "02_twice.py").unlink()  # nothing is here yet: everything is offered
    assert [each.id for each in learner.offered()] == ["90/01", "90/02"]


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "too large"])
def test_a_file_that_cannot_be_graded_is_one_clear_sentence(file: Path, kind: str) -> None:
    file.unlink()
    if kind == "a folder":
        file.mkdir()
    elif kind == "a pipe":
        os.mkfifo(file)
    else:
        file.write_text("//" * (1 << 20))
    report = learner.check(make_scale())
    assert report.verdict == "cannot-grade" and str(file) in str(report)
    assert state() == "unreadable"
    if kind != "too large":
        with pytest.raises(KbkError, match="nothing was reset"):
            learner.reset(make_scale())


@pytest.mark.parametrize(
    "data, line, byte, row",
    [
        (b"// one\n// Fl\xfcgel \xfc\nint x;\n", 2, "0xfc", "// Fl\ufffdgel"),
        (b"\xff\xfe/\0/\0", 1, "0xff", "\ufffd"),
        (b"\xef\xbb\xbf// one\n\n// caf\xe9", 3, "0xe9", "// caf\ufffd"),
    ],
)
def test_a_file_that_is_not_utf_8_does_not_compile_and_the_line_is_told(
    file: Path, data: bytes, line: int, byte: str, row: str
) -> None:
    file.write_bytes(data)
    report = learner.check(make_scale())
    assert (report.verdict, report.points, report.earned) == ("compile-error", 6, 0)
    assert [each.verdict for each in report.checks] == ["compile-error", "not-run"]
    assert sum(each.points for each in report.checks) == report.points
    said = report.checks[0].message
    assert f"{file}:{line} must be text in UTF-8; it has the byte {byte}" in said
    assert f"\n  {row}" in said and said.endswith("save the file with the encoding UTF-8.")
    assert report.checks[0].line == line and said.splitlines()[0] in str(report)
    assert state() == "unreadable" and file.read_bytes() == data


def test_the_mark_that_some_editors_put_in_front_is_no_error(file: Path) -> None:
    file.write_text("\ufeff" + SCALE.replace("\n", "\r\n"))
    assert learner.check(make_scale()).ok


def test_reset_of_a_link_mends_what_it_points_to(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine.cu"
    target.write_text("mine")
    file.unlink()
    file.symlink_to(target)
    kept = learner.reset(make_scale())
    assert kept is not None and kept.read_text() == "mine" and file.is_symlink()
    assert target.read_text() == catalogue.stub_text(make_scale())


def test_the_text_of_a_cell_changes_nothing_that_is_remembered_of_the_file(file: Path) -> None:
    file.write_text(SCALE)
    assert learner.check(make_scale()).ok
    assert not learner.check(make_scale(), SCALE.replace("i < n", "i <= n")).ok
    assert state() == "pass"


def test_many_processes_remember_together(tree: Path, tmp_path: Path) -> None:
    program = (
        "import sys, time, pathlib\n"
        "from kbk.grade import learner\nfrom tests.grade.conftest import make_scale\n"
        "name, folder = sys.argv[1], pathlib.Path(sys.argv[2])\n"
        "(folder / f'ready-{name}').touch()\n"
        "while not (folder / 'go').exists(): time.sleep(0.001)\n"
        "for n in range(200): learner._update(make_scale(), **{name + str(n): n})\n"
    )
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", program]
    running = [subprocess.Popen([*command, name, str(tmp_path)], env=environment) for name in "ab"]
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("ready-*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    (tmp_path / "go").touch()  # so that they write at the same time
    assert [each.wait() for each in running] == [0, 0]
    text = (tree.parent / ".kbk/progress.json").read_text()
    assert len(json.loads(text)["exercises"]["90/01"]) == 400


def test_hints_come_one_after_another_and_the_last_one_stays(tree: Path) -> None:
    exercise = make_scale()
    assert [learner.hint(exercise)[0] for _ in range(4)] == [1, 2, 3, 3]
    assert learner.hint(exercise, 1)[0] == 1
    assert learner.standing(exercise).hints == 3
    with pytest.raises(ArgumentError, match="level must be 1 to 3"):
        learner.hint(exercise, 4)


@pytest.mark.parametrize(
    "damage", ["", "[]", "{", '{"exercises": 3}', '{"exercises": {"90/01": 7}}']
)
def test_a_damaged_memory_is_no_memory(tree: Path, damage: str) -> None:
    folder = tree.parent / ".kbk"
    folder.mkdir()
    (folder / "progress.json").write_text(damage)
    assert state() == "not attempted"
    learner.hint(make_scale())
    assert json.loads((folder / "progress.json").read_text())["exercises"]["90/01"]["hints"] == 1
    kept = list(folder.glob("progress.damaged-*"))
    assert [each.read_text() for each in kept] == ([] if "90/01" in damage else [damage])


@pytest.mark.parametrize(
    "kept", [{"hints": "x"}, {"hints": None}, {"digest": 1}, {"earned": "five"}, {"verdict": []}]
)
def test_nonsense_that_is_remembered_is_read_as_nothing(tree: Path, kept: dict) -> None:
    (tree.parent / ".kbk").mkdir()
    text = json.dumps({"exercises": {"90/01": kept}})
    (tree.parent / ".kbk/progress.json").write_text(text)
    stands = learner.standing(make_scale())
    assert (stands.state, stands.earned, stands.hints) == ("not attempted", 0, 0)


@pytest.mark.parametrize("folder", ["~nosuchuser/x", "a" * 5000])
def test_a_folder_that_cannot_be_is_one_clear_error(monkeypatch, folder: str) -> None:
    monkeypatch.setenv("KBK_EXERCISES", folder)
    with pytest.raises(KbkError, match="KBK_EXERCISES must be a folder"):
        learner.tree()


def test_a_disk_that_refuses_loses_only_the_memory(tree: Path) -> None:
    (tree.parent / ".kbk").write_text("in the way")
    assert learner.hint(make_scale())[0] == 1


@pytest.mark.parametrize(
    "name", ["90/01", "90/1", "scale", "01_scale", "90_tests/01_scale", "Scale", " scale ",
             "exercises/90_tests/01_scale.cu", "/a/b/exercises/90_tests/01_scale.cu", "sca"],
)  # fmt: skip
def test_an_exercise_is_found_by_any_of_its_names(tree: Path, name: str) -> None:
    assert catalogue.find(name).id == "90/01"


def test_a_name_that_means_nothing_is_told_what_is_near(tree: Path) -> None:
    with pytest.raises(ArgumentError, match=r"did you mean 90/01 \(scale\)"):
        catalogue.find("scael")
    with pytest.raises(ArgumentError, match="kbk list"):
        catalogue.find("zzzz")
    with pytest.raises(ArgumentError, match="no chapter '77'"):
        catalogue.all("77")


def test_what_a_later_version_remembers_survives(tree: Path) -> None:
    state = tree.parent / ".kbk" / "progress.json"
    state.parent.mkdir(parents=True, exist_ok=True)
    later = {
        "version": 7,
        "streak": [1, 2],
        "exercises": {"99/01": {"new": True}, "90/01": {"hints": 1, "mood": "good"}, "odd": 3},
    }
    state.write_text(json.dumps(later))
    exercise = catalogue.all()[0]
    learner.hint(exercise)
    found = json.loads(state.read_text())
    assert (found["version"], found["streak"]) == (7, [1, 2])
    assert found["exercises"]["99/01"] == {"new": True} and found["exercises"]["odd"] == 3
    assert found["exercises"]["90/01"] == {"hints": 2, "mood": "good"}


def test_two_damaged_files_of_one_second_are_both_kept(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.strftime", lambda *_: "20300101-000000")
    state = tree.parent / ".kbk" / "progress.json"
    state.parent.mkdir(parents=True, exist_ok=True)
    exercise = catalogue.all()[0]
    for damage in ("{one", "{two"):
        state.write_text(damage)
        learner.hint(exercise)
    kept = sorted(each.read_text() for each in state.parent.glob("progress.damaged-*"))
    assert kept == ["{one", "{two"]
    assert json.loads(state.read_text())["exercises"]
