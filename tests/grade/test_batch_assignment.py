"""An assignment file says what is graded and what hidden; each wrong entry is one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbk.errors import ArgumentError, KbkError
from kbk.grade import assignment as assignments
from kbk.grade import catalogue
from kbk.grade.assignment import extend, load

EXTRA = """
import torch
from kbk.grade import Case, Read, Write, extend

EXERCISE = extend("00/02")

@EXERCISE.check("one more size", points=2)
def one_more(rng):
    x = torch.arange(7.0)
    yield Case(
        "scale", Write(torch.empty(7), "out"), Read(x, "x"), 2.0,
        expect=lambda: 2 * x.double(), label="7 elements",
    )
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "week1.toml"
    file.write_text(text)
    return file


def test_without_a_file_every_exercise_is_asked_and_nothing_hidden() -> None:
    asked = load()
    assert asked.exercises == catalogue.all() and not asked.hidden and asked.seed is None


def test_a_file_names_exercises_and_chapters_hidden_checks_a_seed_and_a_title(
    tmp_path: Path,
) -> None:
    text = """
    title = "Week 1"
    exercises = ["01/03", "guard", "00/01"]
    hidden = ["00/02 written once", "fast_copy every tail"]
    seed = 7
    """
    asked = load(written(tmp_path, text))
    assert [each.id for each in asked.exercises] == ["00/01", "00/02", "01/03"]
    assert (asked.title, asked.seed) == ("Week 1", 7)
    assert asked.is_hidden("00/02", "written once") and asked.is_hidden("01/03", "every tail")
    assert not asked.is_hidden("00/02", "every size") and not asked.is_hidden("00/01", "linear")
    names = ["00"]
    assert [each.id for each in load(written(tmp_path, text), names).exercises] == [
        "00/01",
        "00/02",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('titel = "x"', "there is no entry 'titel'; did you mean 'title'?"),
        ('exercises = "00"', "exercises must be a list .* it was '00'"),
        ("exercises = [1]", "exercises must be a list .* it was \\[1\\]"),
        ("exercises = []", "exercises must name at least one"),
        ('exercises = ["gard"]', "exercises: there is no exercise 'gard'; did you mean 00/02"),
        ('exercises = ["99"]', "exercises: there is no exercise '99'"),
        ("seed = -1", "seed must be a whole number from 0 to 4294967295; it was -1"),
        ("seed = true", "seed must be a whole number"),
        ("seed = 4294967296", "seed must be a whole number"),
        ("title = 3", "title must be a string; it was 3"),
        ('hidden = ["00/02 written onse"]', "has no check 'written onse'; did you mean 'written o"),
        ('hidden = ["00/02"]', "00/02 has no check ''; there are 'every size'"),
        ('hidden = ["gard x"]', "hidden: there is no exercise 'gard'; did you mean"),
        (
            'exercises = ["00/01"]\nhidden = ["00/02 written once"]',
            "hidden: '00/02 written once' must be of an exercise of the assignment",
        ),
        ('extra = "nowhere"', "extra must be a folder beside the file"),
        ('extra = "."', "extra must hold files like 00_setup/test_02_guard.py"),
        ("extra_hidden = false", "extra_hidden is about the checks in extra"),
        ("= 3", "must be TOML in UTF-8"),
    ],
)
def test_each_wrong_entry_is_one_error_that_names_it(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(KbkError, match=words) as told:
        load(written(tmp_path, text))
    assert "\n" not in str(told.value) and "week1.toml" in str(told.value)


def test_names_must_be_of_the_assignment(tmp_path: Path) -> None:
    file = written(tmp_path, 'exercises = ["00"]')
    with pytest.raises(ArgumentError, match="'01/03' is not in it"):
        load(file, ["01/03"])
    with pytest.raises(ArgumentError, match="did you mean 00/02"):
        load(file, ["gard"])


def test_a_file_that_is_not_there_or_no_text_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(KbkError, match="must be an assignment file"):
        load(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(KbkError, match="must be TOML in UTF-8"):
        load(tmp_path / "bytes.toml")


def test_python_without_toml_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(assignments, "import_module", none)
    with pytest.raises(KbkError, match="or `pip install tomli`"):
        load(written(tmp_path, ""))


def with_extra(folder: Path, text: str, name: str = "00_setup/test_02_guard.py") -> Path:
    file = folder / "hidden" / name
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return written(folder, 'extra = "hidden"')


def test_further_checks_add_to_an_exercise_and_its_points_and_are_hidden(tmp_path: Path) -> None:
    asked = load(with_extra(tmp_path, EXTRA))
    before = catalogue.find("00/02")
    now = next(each for each in asked.exercises if each.id == "00/02")
    assert [each.name for each in now.checks] == [
        *(each.name for each in before.checks if not each.gate),
        "one more size",
        *(each.name for each in before.checks if each.gate),  # about cost: last
    ]
    assert (now.points, before.points) == (7, 5) and now.path == before.path
    assert asked.is_hidden("00/02", "one more size")
    assert not asked.is_hidden("00/02", "every size")
    assert "one more size" not in [each.name for each in before.checks]


def test_further_checks_may_be_shown(tmp_path: Path) -> None:
    file = with_extra(tmp_path, EXTRA)
    asked = load(written(tmp_path, file.read_text() + "\nextra_hidden = false"))
    assert not asked.is_hidden("00/02", "one more size")


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("EXERCISE = 3", "00_setup/test_02_guard.py", "must define EXERCISE"),
        ("1 / 0", "00_setup/test_02_guard.py", "cannot be loaded: ZeroDivisionError"),
        (EXTRA, "00_setup/test_03_tail.py", 'must add checks to EXERCISE = .*extend\\("00/03"\\)'),
        (EXTRA.split("@")[0], "00_setup/test_02_guard.py", "must add checks to EXERCISE"),
        (EXTRA.replace("one more size", "every size"), "00_setup/test_02_guard.py", "two checks"),
        (EXTRA, "07_none/test_02_guard.py", "must be of an exercise of the assignment"),
        (
            EXTRA.replace("00/02", "gard"),
            "00_setup/test_02_guard.py",
            "there is no exercise 'gard'",
        ),
    ],
)
def test_a_wrong_file_of_further_checks_is_one_error_that_names_it(
    tmp_path: Path, text: str, name: str, words: str
) -> None:
    with pytest.raises(ArgumentError, match=words) as told:
        load(with_extra(tmp_path, text, name))
    assert "\n" not in str(told.value)


def test_extend_takes_a_copy_and_leaves_the_book_as_it_is() -> None:
    before = len(catalogue.find("00/02").checks)
    mine = extend("guard")
    mine.check("mine", points=1)(lambda rng: [])
    assert len(mine.checks) == before + 1 and len(catalogue.find("00/02").checks) == before
