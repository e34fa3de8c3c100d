"""What instructors read of a class: JUnit, the pages, and that nothing hidden is for students."""

from __future__ import annotations

import itertools
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kbk.errors import KbkError
from kbk.grade import export
from kbk.grade.batch.redact import redacted
from kbk.grade.export import clean, feedback, junit, records, schema
from tests.book.test_pages import Page, is_external
from tests.grade import export_class
from tests.grade.xsd import Schema

XSD = Schema(schema.FOLDER / "junit.xsd")
SECRETS = ("SECRET", "secret_mistake", "4097")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = export_class.write(tmp_path / "out")
    export.write_all(folder)
    return folder


def pages(out: Path) -> list[Path]:
    return sorted((out / "feedback").glob("*.html"))


# --- what is written


def test_a_class_becomes_junit_an_overview_and_a_page_a_student(out: Path) -> None:
    names = [file.stem for file in pages(out)]
    assert names == sorted(each["student"] for each in export_class.everybody())
    assert (out / "junit.xml").is_file() and (out / "overview.html").is_file()


def test_the_page_of_a_student_who_is_gone_is_removed(out: Path) -> None:
    (out / "students/ada.json").unlink()
    export.write_all(out)
    assert "ada.html" not in [file.name for file in pages(out)]


def test_nothing_of_a_hidden_check_is_in_what_students_get(out: Path) -> None:
    for file in pages(out):
        text = file.read_text()
        assert [word for word in SECRETS if word in text] == [], file.name
    lin = (out / "feedback/=lin.html").read_text()
    assert "hidden check 1" in lin and "3 of 5 points" in lin
    assert "SECRET-NAME" in (out / "overview.html").read_text()  # and that the words are found


def test_a_hint_does_not_tell_that_a_hidden_check_failed(out: Path) -> None:
    assert "Hint:" in (out / "feedback/grace.html").read_text()
    assert "Hint:" not in (out / "feedback/=lin.html").read_text()


# --- what a learner wrote


def test_what_a_learner_wrote_is_shown_as_text_and_not_run(out: Path) -> None:
    for file in (out / "feedback/grace.html", out / "overview.html"):
        page = file.read_text()
        assert "<script" not in page
        assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; red" in (out / "feedback/grace.html").read_text()


def test_a_page_asks_nothing_of_anybody(out: Path) -> None:
    for file in (*pages(out), out / "overview.html"):
        page = Page(file)
        assert page.loads == [] and not any(map(is_external, page.links)), file
        assert "default-src 'none'" in file.read_text()


@pytest.mark.parametrize(
    "text, shown",
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("a\x00b\x9fc", "a\ufffdb\ufffdc"),
        ("\ud800", "\ufffd"),
        ("a\tb\r\nc", "a\tb\nc"),
        ("x" * 20_001, "x" * 20_000 + "\n... (1 characters more)"),
    ],
)
def test_unfit_characters_are_taken_out(text: str, shown: str) -> None:
    assert clean.clean(text) == shown


# --- readable by everybody


def test_pages_have_a_language_a_title_headings_and_names_for_pictures(out: Path) -> None:
    for file in (*pages(out), out / "overview.html"):
        text = file.read_text()
        assert '<html lang="en">' in text and re.search(r"<title>[^<]+</title>", text)
        levels = [int(n) for n in re.findall(r"<h(\d)", text)]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
        assert len(re.findall("<svg", text)) == len(
            re.findall(r"<svg role=\"img\"[^>]*><title>", text)
        )
        assert text.count("<table") == text.count("<caption")
        assert Page(file).images_without_alt == []
        assert [link for link in Page(file).links if link.startswith("#")] == [
            link for link in Page(file).links if link.removeprefix("#") in Page(file).ids
        ]  # a link that begins with # leads somewhere


def test_a_verdict_is_a_word_and_not_a_colour_alone(out: Path) -> None:
    page = (out / "feedback/grace.html").read_text()
    for sign, word in re.findall(r'aria-hidden="true">(.)</span> ([a-z ]+)<', page):
        assert sign in "✓✗–?" and word in ("passed", "failed", "not run")
    assert '<span aria-hidden="true">✗</span> failed</span>: out-of-bounds' in page


def test_the_line_at_fault_is_marked_in_the_source(out: Path) -> None:
    page = (out / "feedback/grace.html").read_text()
    (marked,) = re.findall("<mark>(.*?)</mark>", page)
    assert marked.startswith("→ 12 |   out[i]")
    assert "\n  11 |   int i = 0;" in page or ">  11 |   int i = 0;" in page


def test_who_could_not_be_graded_is_told_that_it_is_no_grade(out: Path) -> None:
    assert "no grade yet" in (out / "feedback/zoe.html").read_text()
    assert "no grade yet" not in (out / "feedback/ada.html").read_text()
    assert "could not be graded for zoe" in (out / "overview.html").read_text()


@pytest.mark.parametrize("width", [360, 1200])
def test_no_page_is_wider_than_a_screen(out: Path, browser: Any, width: int) -> None:
    for scheme in ("light", "dark"):
        context = browser.new_context(
            viewport={"width": width, "height": 700}, color_scheme=scheme, java_script_enabled=True
        )
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        for file in (out / "feedback/grace.html", out / "overview.html"):
            asked.clear()
            page.goto(file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width, file
            assert asked == [file.as_uri()]
        context.close()


# --- the overview


def test_the_overview_says_who_made_which_mistake_and_who_handed_in_the_same(out: Path) -> None:
    text = (out / "overview.html").read_text()
    assert "no guard. <code>no_guard</code>" in text and "<title>1 of 3</title>" in text
    assert "The same text" in text and "ada, =lin" in text
    assert "3 of 5 attempted it, 1 passed; mean points 2.7 of 5" in text


# --- JUnit


def test_junit_is_valid_by_the_schema(out: Path) -> None:
    assert XSD.problems((out / "junit.xml").read_text()) == []


@pytest.mark.parametrize(
    "old, new",
    [
        ('failures="', 'failurs="'),
        ('tests="2"', 'tests="two"'),
        ("<system-out />", ""),
        ("T05:00:00", "T05:00:00Z"),
        ('type="out-of-bounds" ', ""),
        ("<properties>", "<properties><testcase/>"),
    ],
)
def test_the_schema_of_junit_rejects_what_is_none(out: Path, old: str, new: str) -> None:
    text = (out / "junit.xml").read_text()
    assert old in text
    assert XSD.problems(text.replace(old, new)) != []


def test_junit_counts_what_failed_what_did_not_run_and_what_was_not_graded(out: Path) -> None:
    root = ET.parse(out / "junit.xml").getroot()
    counts = {
        suite.get("package"): [suite.get(k) for k in ("tests", "failures", "errors", "skipped")]
        for suite in root
    }
    assert counts == {
        "=lin": ["2", "1", "0", "0"],
        "ada": ["2", "0", "0", "0"],
        "bob & co": ["1", "1", "0", "0"],
        "grace": ["2", "1", "0", "1"],
        "zoe": ["1", "0", "1", "0"],
    }
    (failure,) = root.findall("testsuite[@package='grace']/testcase/failure")
    assert failure.text is not None and failure.text.startswith("00_setup/02_guard.cu:12\n<script>")


# --- records


def test_the_schemas_are_schemas_and_take_the_class() -> None:
    for name in ("student", "items", "gradescope", "classroom"):
        Draft202012Validator.check_schema(schema.load(name))
    validator = Draft202012Validator(schema.load("student"))
    for each in export_class.everybody():
        assert list(validator.iter_errors(each)) == [] and schema.problems(each, "student") == []
    assert schema.problems(export_class.items(), "items") == []


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "kbk.grade.student/2"},
        {"points": "5"},
        {"points": -1},
        {"complete": 1},
        {"graded": "yesterday"},
        {"more": 1},
        {"exercises": [{}]},
        {"kbk": {"version": "1"}},
        {"machine": "tpu"},
        {"seed": True},
        {"student": ""},
        {"exercises": [export_class.exercise("pass", export_class.check(line="12"))]},
    ],
)
def test_our_validator_and_that_of_a_package_reject_the_same(change: dict[str, Any]) -> None:
    record = {**export_class.right(), **change}
    assert list(Draft202012Validator(schema.load("student")).iter_errors(record)) != []
    assert schema.problems(record, "student") != []


def test_a_word_that_the_validator_does_not_know_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schema, "load", lambda name: {"maximum": 3})
    with pytest.raises(KbkError, match="maximum"):
        schema.problems(2, "any")


@pytest.mark.parametrize("text", ["{}", "[]", "no JSON", '{"schema": "kbk.grade.student/1"}'])
def test_a_damaged_record_is_named_and_nothing_is_made_of_it(tmp_path: Path, text: str) -> None:
    out = export_class.write(tmp_path / "out")
    (out / "students/eve.json").write_text(text)
    with pytest.raises(KbkError, match=r"eve\.json"):
        export.write_all(out)
    assert not (out / "feedback").exists()


def test_a_folder_that_is_no_grading_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(KbkError, match=r"students/\*\.json"):
        records.read(tmp_path)


def test_a_disk_that_refuses_leaves_the_old_file(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = (out / "junit.xml").read_text()

    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(KbkError, match="No space left"):
        export.write_all(out)
    assert (out / "junit.xml").read_text() == old
    assert [each.name for each in out.iterdir() if each.name.startswith(".")] == []


def test_an_empty_class_gives_empty_outputs(tmp_path: Path) -> None:
    (tmp_path / "students").mkdir()
    export.write_all(tmp_path)
    assert XSD.problems((tmp_path / "junit.xml").read_text()) == []
    assert junit.document([]).endswith("<testsuites />\n")
    assert "0 students" in (tmp_path / "overview.html").read_text()


def test_a_page_redacts_also_what_it_is_given_whole() -> None:
    page = feedback.document(export_class.hidden_wrong())
    assert [word for word in SECRETS if word in page] == []
    assert json.dumps(export_class.hidden_wrong()).count("SECRET") == 4


def test_why_something_could_not_be_graded_is_for_instructors() -> None:
    assert "SECRET-REASON" in json.dumps(export_class.ungraded())
    assert "SECRET-REASON" not in json.dumps(redacted(export_class.ungraded()))
