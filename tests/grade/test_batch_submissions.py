"""What a student hands in is found by its path or name, read whole, and never trusted."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from kbk.errors import KbkError
from kbk.grade import Exercise, catalogue
from kbk.grade.batch import submissions, trees
from kbk.grade.batch.matching import match
from tests.grade.conftest import make_prediction, make_scale

CU = "90_tests/01_scale.cu"
PY = "90_tests/02_twice.py"


@pytest.fixture
def exercises(monkeypatch: pytest.MonkeyPatch) -> tuple[Exercise, ...]:
    both = (make_scale(), make_prediction())
    monkeypatch.setattr(catalogue, "_all", lambda folder: both)
    return both


@pytest.fixture
def ada(tmp_path: Path, exercises: tuple[Exercise, ...]) -> Path:
    """The folder of a student."""
    return tmp_path / "ada"


def read(entry: Path) -> submissions.Submission:
    return submissions.read("ada", [entry], catalogue.all())


def put(folder: Path, files: dict[str, bytes | str]) -> Path:
    for name, data in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
    return folder


def zipped(file: Path, members: dict[str | zipfile.ZipInfo, bytes | str], **kind: int) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w", kind.get("compression", zipfile.ZIP_DEFLATED)) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return file


def paths_of(found: submissions.Submission) -> dict[str, str]:
    return {name: each.path for name, each in found.files.items()}


@pytest.mark.parametrize("place", ["", "exercises/", "handin/", "handin/exercises/"])
def test_a_file_is_found_by_its_path_also_below_one_more_folder(ada: Path, place: str) -> None:
    found = read(put(ada, {f"{place}{CU}": "text"}))
    assert paths_of(found) == {"90/01": f"{place}{CU}"} and found.problems == []


@pytest.mark.parametrize("place", ["", "exercises/", "handin/"])
def test_a_file_is_found_by_its_name_alone_if_no_other_exercise_has_it(
    ada: Path, place: str
) -> None:
    assert paths_of(read(put(ada, {f"{place}02_twice.py": "t"}))) == {
        "90/02": f"{place}02_twice.py"
    }


def test_a_name_that_two_chapters_have_must_stand_in_its_folder(ada: Path) -> None:
    other = make_scale().bind(Path("/nowhere/91_other/test_01_scale.py"))
    found = match(["01_scale.cu", f"x/{CU}"], (make_scale(), other))
    assert found.files == {"90/01": [[f"x/{CU}"]]}
    assert found.problems == [
        "01_scale.cu could be of 90_tests or 91_other: put it into its folder."
    ]


def test_the_solutions_in_a_whole_clone_are_nobodys_submission(ada: Path) -> None:
    folders = ("solutions", "tests/stubs", "stubs", "tests/mutants/90_tests/01_scale")
    files = {f"{folder}/{CU}": "not mine" for folder in folders}
    found = read(put(ada, files))
    assert found.files == {} and found.problems == ["there is no file of any exercise in it."]
    found = read(put(ada, {**files, f"exercises/{CU}": "mine"}))
    assert paths_of(found) == {"90/01": f"exercises/{CU}"} and found.problems == []


def test_of_two_files_the_nearer_one_is_graded_and_that_is_said(ada: Path) -> None:
    found = read(put(ada, {CU: "one", f"old/{CU}": "two", f"same/{CU}": "one"}))
    assert paths_of(found) == {"90/01": CU}
    assert found.problems == [f"old/{CU} differs from {CU}, which was graded."]


def test_of_two_files_that_nothing_tells_apart_none_is_graded(ada: Path) -> None:
    found = read(put(ada, {f"a/{CU}": "one", f"b/{CU}": "two"}))
    assert found.files == {}
    assert found.problems == [f"a/{CU} and b/{CU} differ: none of them was graded."]
    assert paths_of(read(put(ada, {f"b/{CU}": "one"}))) == {"90/01": f"a/{CU}"}


def test_a_source_without_an_exercises_name_is_told_with_the_nearest_one(ada: Path) -> None:
    found = read(put(ada, {"1_scale.cu": "x", "readme.txt": "x", ".git/config.py": "x"}))
    assert found.problems == [
        f"1_scale.cu is no exercise's file; did you mean {CU}?",
        "there is no file of any exercise in it.",
    ]


@pytest.mark.parametrize(
    ("data", "text", "word"),
    [
        (b"a\r\nb\rc\n", "a\nb\nc\n", ""),
        (b"\xef\xbb\xbfa", "a", ""),
        ("ä".encode("cp1252"), "ä", "Windows-1252"),
        ("ä".encode("utf-16"), "ä", "UTF-16"),
        (b"", "", ""),
    ],
)
def test_line_ends_and_encodings_do_not_matter(
    ada: Path, data: bytes, text: str, word: str
) -> None:
    found = read(put(ada, {CU: data}))
    assert found.files["90/01"].text == text
    assert all(word in each for each in found.problems) and bool(found.problems) == bool(word)


@pytest.mark.parametrize(
    ("data", "word"), [(b"a\0b", "NUL"), (b" " * (trees.MOST_BYTES + 1), "larger than 1,048,576")]
)
def test_what_is_no_text_or_too_large_is_a_problem_and_the_rest_goes_on(
    ada: Path, data: bytes, word: str
) -> None:
    for entry in (
        put(ada, {CU: data, PY: "t"}),
        zipped(ada.with_suffix(".zip"), {CU: data, PY: "t"}),
    ):
        found = read(entry)
        assert [*found.files] == ["90/02"] and found.readable
        assert len(found.problems) == 1 and found.problems[0].startswith(CU)
        assert word in found.problems[0]


def test_links_and_pipes_in_a_folder_are_not_followed(ada: Path, tmp_path: Path) -> None:
    secret = put(tmp_path / "elsewhere", {CU: "secret", "02_twice.py": "secret"})
    ada.mkdir()
    (ada / "90_tests").symlink_to(secret / "90_tests")
    (ada / "02_twice.py").symlink_to(secret / "02_twice.py")
    found = read(ada)
    assert found.files == {} and "2 symbolic links left out." in found.problems
    (ada / "02_twice.py").unlink()
    os.mkfifo(ada / "02_twice.py")
    assert "02_twice.py is no regular file." in read(ada).problems


def test_a_zip_is_read_as_a_folder_is_and_what_macos_adds_is_skipped(ada: Path) -> None:
    members = {f"hand in/{CU}": "text", f"__MACOSX/hand in/{CU}": "junk", "hand in/.DS_Store": "x"}
    found = read(zipped(ada.with_suffix(".zip"), members))
    assert paths_of(found) == {"90/01": f"hand in/{CU}"} and found.problems == []


def test_a_zip_with_backslashes_is_read(ada: Path) -> None:
    file = zipped(ada.with_suffix(".zip"), {"90_tests\\01_scale.cu": "text"})
    assert paths_of(read(file)) == {"90/01": CU}


@pytest.mark.parametrize("name", [f"../{CU}", f"/{CU}", f"x/../../{CU}", f"C:/{CU}"])
def test_a_path_that_leads_out_of_a_zip_is_left_out_and_told(
    ada: Path, tmp_path: Path, name: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    file = zipped(ada.with_suffix(".zip"), {name: "escaped", PY: "t"})
    found = read(file)
    assert [*found.files] == ["90/02"]
    assert found.problems == [f"{name} leads out of the zip; left out."]
    assert sorted(tmp_path.rglob("*")) == sorted([*before, file])  # nothing is ever unpacked


def test_links_and_names_that_are_twice_in_a_zip_are_left_out(ada: Path) -> None:
    link = zipfile.ZipInfo(CU)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    found = read(zipped(ada.with_suffix(".zip"), {link: "/etc/passwd", PY: "t"}))
    assert [*found.files] == ["90/02"] and found.problems == ["1 symbolic link left out."]
    with pytest.warns(UserWarning, match="Duplicate name"):
        file = zipped(ada.with_suffix(".zip"), {zipfile.ZipInfo(CU): "a", zipfile.ZipInfo(CU): "b"})
    assert f"{CU} is in the zip twice; left out." in read(file).problems


def test_a_bomb_costs_no_more_than_the_limit_of_a_file(ada: Path) -> None:
    bomb = io.BytesIO(b"\0" * (200 << 20))
    file = zipped(ada.with_suffix(".zip"), {CU: bomb.getvalue(), "junk": bomb.getvalue()})
    assert file.stat().st_size < 1 << 20
    found = read(file)
    assert found.problems == [f"{CU} is larger than {trees.MOST_BYTES:,} bytes."]


def test_ways_to_compress_that_cannot_be_read_in_part_are_refused(ada: Path) -> None:
    for compression in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        file = zipped(ada.with_suffix(".zip"), {CU: "text"}, compression=compression)
        (problem,) = read(file).problems
        assert problem.startswith(CU) and "plain zip" in problem


def test_too_many_files_are_refused_before_their_list_is_read(
    ada: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "MOST_FILES", 5)
    files: dict[str, bytes | str] = {f"{n}.txt": "" for n in range(6)}
    file = zipped(ada.with_suffix(".zip"), {**files})
    told = "there are more than 5 files in it."
    assert read(put(ada, files)).problems == [f"ada: {told}"]
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert read(file).problems == [f"ada.zip: {told}"]
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, 1 << 30, 0, 0)
    file.write_bytes(end)  # one file, it says, and a list of a gigabyte
    assert read(file).problems == [f"ada.zip: {told}"]


@pytest.mark.parametrize(
    ("data", "words"), [(b"", "it is empty"), (b"PK no", "it is no zip"), (b"x" * 99, "is no zip")]
)
def test_what_is_no_zip_is_a_problem_of_that_student(ada: Path, data: bytes, words: str) -> None:
    file = ada.with_suffix(".zip")
    file.write_bytes(data)
    found = read(file)
    assert words in found.problems[0] and found.readable


def test_a_zip_that_was_cut_or_changed_or_locked_is_a_problem(ada: Path) -> None:
    file = zipped(ada.with_suffix(".zip"), {CU: "text " * 999}, compression=zipfile.ZIP_STORED)
    whole = file.read_bytes()
    file.write_bytes(whole[:200] + b"!" + whole[201:])
    assert f"{CU} is damaged" in read(file).problems[0]
    file.write_bytes(whole[500:])
    assert read(file).problems and read(file).files == {}
    locked = bytearray(whole)
    locked[whole.rindex(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(bytes(locked))
    assert read(file).problems == [f"{CU} is encrypted."]


def test_every_byte_of_a_zip_may_be_wrong_without_an_exception(ada: Path) -> None:
    file = zipped(ada.with_suffix(".zip"), {CU: "text", PY: "text"})
    whole = file.read_bytes()
    for at in range(len(whole)):
        for value in (0, 255):
            file.write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
            read(file)


def test_what_cannot_be_read_here_is_no_fault_of_the_student(
    ada: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(5, "Input/output error")

    put(ada, {CU: "text"})
    monkeypatch.setattr(os, "open", refuse)
    found = read(ada)
    assert not found.readable and found.problems[0] == f"{CU} cannot be read: Input/output error."


def test_students_are_the_folders_and_archives_and_two_of_one_name_are_told(
    tmp_path: Path, exercises: tuple[Exercise, ...]
) -> None:
    for name in ("ada", "bob.old"):
        (tmp_path / name).mkdir()
    for name in ("ada.zip", "cy.ZIP", "dan.tar.gz", ".hidden.zip", "marks.txt"):
        (tmp_path / name).write_bytes(b"")
    found, strange = submissions.students(tmp_path)
    assert sorted(found) == ["ada", "bob.old", "cy", "dan"] and strange == ["marks.txt"]
    ada = submissions.read("ada", found["ada"], exercises)
    assert not ada.readable and "there are ada and ada.zip for one student" in ada.problems[0]
    dan = submissions.read("dan", found["dan"], exercises)
    assert dan.readable and dan.problems == ["dan.tar.gz must be a folder or a zip."]


def test_a_folder_without_submissions_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(KbkError, match="--submissions must hold a folder or a zip"):
        submissions.students(tmp_path)
    with pytest.raises(KbkError, match="--submissions must be a folder"):
        submissions.students(tmp_path / "nothing")


def test_a_name_that_is_no_unicode_becomes_one_that_is(tmp_path: Path) -> None:
    try:
        os.mkdir(os.fsencode(tmp_path) + b"/\xff\xfe")
    except OSError:
        pytest.skip("this disk has Unicode names only")
    found, _ = submissions.students(tmp_path)
    assert [*found] == ["\\xff\\xfe"]


def test_a_link_in_place_of_a_submission_is_told_and_never_followed(
    tmp_path: Path, exercises: tuple[Exercise, ...]
) -> None:
    secret = put(tmp_path / "secret", {CU: "theirs"})
    put(tmp_path / "class" / "ada", {CU: "hers"})
    (tmp_path / "class" / "mallory").symlink_to(secret)
    (tmp_path / "class" / "nobody").symlink_to(tmp_path / "gone")
    (tmp_path / "class" / "zoe.zip").symlink_to(zipped(tmp_path / "other.zip", {CU: "theirs"}))
    found, strange = submissions.students(tmp_path / "class")
    assert [*found] == ["ada", "mallory", "nobody", "zoe"] and strange == []
    for student in ("mallory", "nobody", "zoe"):
        told = submissions.read(student, found[student], exercises)
        assert told.files == {} and not told.readable
        (problem,) = told.problems
        assert problem.endswith(" is a symbolic link; it was not followed.")
    assert submissions.read("ada", found["ada"], exercises).files["90/01"].text == "hers"


def test_names_of_students_move_no_text_and_stay_distinct(tmp_path: Path) -> None:
    names = {
        b"ada\x1b[2J": "ada\\x1b[2J",
        b"ada\\x1b[2J": "ada\\\\x1b[2J",
        b"ada\nbob": "ada\\x0abob",
        b"ada\xff": "ada\\xff",
        "ada\u202etxt".encode(): "ada\\u202etxt",
        "Ad\u00e8le \u5f20".encode(): "Ad\u00e8le \u5f20",
    }
    for name in names:
        os.mkdir(os.path.join(os.fsencode(tmp_path), name))
    found, _ = submissions.students(tmp_path)
    assert {*found} == {*names.values()}
    assert all(len(entries) == 1 for entries in found.values())
