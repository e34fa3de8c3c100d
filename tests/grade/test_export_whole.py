"""A class from files to every output: right, wrong, hanging, missing, a hidden check failed."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kbk.grade.batch import grade_all
from kbk.grade.export import classroom_run, records, schema
from kbk.grade.export.results import results
from tests.book.test_pages import Page, external_loads
from tests.grade import export_texts
from tests.grade.xsd import Schema

STUDENTS = {
    "ada": export_texts.RIGHT,
    "ben": export_texts.WRONG,
    "cho": export_texts.HANGS,
    "dee": None,
    "eli": export_texts.ONLY_HIDDEN_FAILS,
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("class")
    for name, text in STUDENTS.items():
        file = place / "handed in" / name / export_texts.PATH
        file.parent.mkdir(parents=True)
        if text is not None:
            file.write_text(text)
    folder = place / "out"
    asked = export_texts.assignment(place)
    assert grade_all(place / "handed in", folder, assignment=asked, quiet=True) == 0
    return folder


def students(out: Path) -> dict[str, dict[str, Any]]:
    return {each.name: each.facts for each in records.read(out)}


def test_every_student_has_the_verdict_that_the_text_deserves(out: Path) -> None:
    found = {name: each["exercises"][0] for name, each in students(out).items()}
    assert {name: (each["verdict"], each["earned"]) for name, each in found.items()} == {
        "ada": ("pass", 7),
        "ben": ("out-of-bounds", found["ben"]["earned"]),
        "cho": ("hang", 0),
        "dee": ("missing", 0),
        "eli": ("uninitialized", 4),
    }
    assert found["ben"]["earned"] < 5


def test_every_output_is_valid_by_its_schema(out: Path) -> None:
    for name, each in students(out).items():
        documents = {
            "student": each,
            "gradescope": results(each),
            "classroom": classroom_run.result(each),
        }
        for kind, document in documents.items():
            errors = list(Draft202012Validator(schema.load(kind)).iter_errors(document))
            assert errors == [], (name, kind)
    items = json.loads((out / "items.json").read_text())
    assert list(Draft202012Validator(schema.load("items")).iter_errors(items)) == []
    assert Schema(schema.FOLDER / "junit.xsd").problems((out / "junit.xml").read_text()) == []


def test_the_table_of_grades_has_the_points_of_the_records(out: Path) -> None:
    rows = list(csv.DictReader((out / "grades.csv").read_text().splitlines()))
    earned = {name: str(each["earned"]) for name, each in students(out).items()}
    assert {row["student"]: row["total"] for row in rows} == earned


def test_nothing_hidden_is_in_what_students_get(out: Path) -> None:
    for name, each in students(out).items():
        page = (out / f"feedback/{name}.html").read_text()
        document = results(each)
        document["tests"] = [one for one in document["tests"] if one["visibility"] != "hidden"]
        for word in export_texts.SECRETS:
            assert word not in page and word not in json.dumps(document), (name, word)
    record = (out / "students/eli.json").read_text()
    assert all(word in record for word in export_texts.SECRETS)  # there was something to hide


def test_a_page_shows_the_line_at_fault_and_loads_nothing(out: Path) -> None:
    page = (out / "feedback/ben.html").read_text()
    assert "<mark>→" in page and "no &lt;b&gt;guard&lt;/b&gt;" in page
    assert external_loads(out) == []
    assert all(Page(file).loads == [] for file in out.rglob("*.html"))


def test_the_overview_names_the_mistake_that_was_made(out: Path) -> None:
    items = json.loads((out / "items.json").read_text())["exercises"][0]
    assert [each["students"] for each in items["mistakes"]] == [["ben"]]
    assert items["mistakes"][0]["mistake"] in (out / "overview.html").read_text()


def test_a_second_run_writes_the_same_pages(out: Path) -> None:
    before = {file: file.read_bytes() for file in out.rglob("*.html")}
    place = out.parent
    asked = place / "week1.toml"
    assert grade_all(place / "handed in", out, assignment=asked, quiet=True) == 0
    assert {file: file.read_bytes() for file in out.rglob("*.html")} == before
