"""The page for instructors says what the grader does: its files, commands and examples are real."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from kbk.cli import app
from kbk.grade import assignment
from kbk.grade.export import schema
from tests.book.test_chapters import prose

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "book/teaching.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)


def test_the_page_is_in_the_contents_and_both_lists_of_pages_name_it() -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    assert "book/teaching" in files
    assert "](teaching.md)" in (ROOT / "book/index.md").read_text()
    assert "](book/teaching.md)" in (ROOT / "README.md").read_text()


def test_the_assignment_and_the_further_check_of_the_page_load(tmp_path: Path) -> None:
    (toml,) = blocks("toml")
    further = next(each for each in blocks("python") if "kbk.grade.extend" in each)
    (tmp_path / "week1.toml").write_text(toml)
    (tmp_path / "ours/00_setup").mkdir(parents=True)
    (tmp_path / "ours/00_setup/test_02_guard.py").write_text(further)
    asked = assignment.load(tmp_path / "week1.toml")
    assert asked.hidden["00/02"] == {"written once", "a length of ours"}
    assert asked.seed == 7 and asked.title == "Week 1"


def test_every_option_of_kbk_grade_that_the_page_names_is_there() -> None:
    (verb,) = [each for name, each in get_command(app).commands.items() if name == "grade"]
    helped = {option for parameter in verb.params for option in parameter.opts}
    commands = re.findall(r"kbk grade([^`\n]*)", TEXT)
    named = {option for each in commands for option in re.findall(r"--[a-z]+", each)}
    assert named >= {"--submissions", "--out", "--assignment", "--gradescope", "--classroom"}
    assert [option for option in named if option not in helped] == []


def test_the_schemas_that_the_page_names_are_there() -> None:
    named = re.findall(r"`(?:kbk/grade/export/schemas/)?([a-z]+\.(?:schema\.json|xsd))`", TEXT)
    assert sorted(named) == ["items.schema.json", "junit.xsd", "student.schema.json"]
    assert all((schema.FOLDER / name).is_file() for name in named)
    assert schema.load("student")["properties"]["schema"]["const"] == "kbk.grade.student/1"


def test_the_sentences_are_short() -> None:
    sentences = re.split(r"(?<=[.:?])\s+", " ".join(prose(TEXT).split()))
    assert max(len(each.split()) for each in sentences if "|" not in each) <= 45


@pytest.mark.parametrize("name", ["feedback", "junit.xml", "grades.csv", "overview.html"])
def test_the_table_of_the_results_names_each_file(name: str) -> None:
    assert f"`{name}" in TEXT


def test_the_class_of_the_page_is_graded_as_the_page_says(site: Path) -> None:
    text = re.sub(r"<[^>]+>", "", (site / "book/teaching.html").read_text())
    assert "5 of 7 attempted it" in text or "6 of 7 attempted it" in text
    assert "hidden check 1" in text and "the same text: ben, cho" in text
