"""The page about how strict the grader is: its numbers are those of the graders and of the runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from book._ext.kbk_page.reading import measure
from kbk.grade import Exercise, catalogue, declared, grade, mistakes
from kbk.grade.authoring import strictness
from kbk.grade.stand_ins import STAND_INS
from tests.grade.conftest import make_prediction

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = catalogue.all()

every = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id.replace("/", "-"))


def test_the_pages_are_in_the_contents_and_linked_where_a_learner_looks() -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    for page in ("strictness", "ai_assistants"):
        assert f"book/{page}" in files
        assert f"]({page}.md)" in (ROOT / "book/index.md").read_text()
        assert f"](book/{page}.md)" in (ROOT / "README.md").read_text()
        assert f"]({page}.md)" in (ROOT / "book/how_to_study.md").read_text()
    for chapter in (ROOT / "book").glob("[0-9][0-9]_*.md"):
        assert "](strictness.md)" in chapter.read_text().split("## Exercises")[1], chapter.name


@every
def test_what_is_shown_of_an_exercise_is_all_that_its_grader_has(exercise: Exercise) -> None:
    facts = strictness.facts(exercise)
    tables = {table.name: table for table in facts.tables}
    assert [row[0] for row in tables["Checks"].rows] == [c.name for c in exercise.checks]
    assert len(tables["Wrong submissions"].rows) == facts.mutants == len(exercise.mutants)
    assert len(tables["Empty outputs"].rows) == facts.trivial == len(STAND_INS)
    assert facts.stopped == facts.mutants and facts.rejected == facts.trivial, facts.summary
    gated = any(getattr(c, "gates", ()) for c in _cases(exercise))
    assert ("Gates" in tables) == gated


def _cases(exercise: Exercise) -> list[object]:
    import random

    return [case for c in exercise.checks for case in c.cases(random.Random("any"))]


def test_a_mutant_that_nothing_stopped_is_shown_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    exercise = catalogue.find("00/02")
    kills = {**mistakes.kills("00/02"), "no_guard": {"check": "", "verdict": ""}}
    monkeypatch.setattr(mistakes, "kills", lambda name: kills)
    facts = strictness.facts.__wrapped__(exercise)
    assert facts.stopped == facts.mutants - 1
    rows = {row[0]: row[1:] for table in facts.tables for row in table.rows}
    assert ("nothing", "pass") in rows.values()


def test_what_an_exercise_says_is_escaped_and_folded() -> None:
    exercise = make_prediction()
    exercise.title = "<script>"
    exercise.mutants = {}
    page = strictness.Chapter([strictness.facts(exercise)])._repr_html_()
    assert page.startswith("<details><summary>") and "<script>" not in page


def test_every_trick_is_listed_but_for_the_controls() -> None:
    files = [p for p in (ROOT / "tests/exploits").glob("*/*.*") if p.suffix in (".cu", ".py")]
    files = [p for p in files if not p.stem.startswith("control") and "Trick:" in p.read_text()]
    rows = strictness.exploits()
    assert len(rows) == len(files) and all(verdict for _, verdict in rows)
    assert not any("pass" in verdict.split(", ") for _, verdict in rows)


def test_the_page_types_no_number_and_takes_a_few_minutes() -> None:
    text = (ROOT / "book/strictness.md").read_text()
    assert measure(text).full.minutes <= 10
    prose = re.sub(r"```.*?```|`[^`]*`|\A---.*?---\n", "", text, flags=re.S)
    assert re.findall(r"\b\d+\b", prose.replace("16-bit", "").replace("float64", "")) == []


def test_the_built_page_has_every_exercise_folded(site: Path) -> None:
    page = (site / "book/strictness.html").read_text()
    assert page.count("<details><summary>") >= len(EXERCISES)
    for exercise in EXERCISES:
        assert f"{exercise.id} " in page


def test_explain_names_the_walls_that_a_report_then_names() -> None:
    exercise = make_prediction()
    report = grade(exercise, "def twice(x): return 2 * x\ndef pairs(n): return []\n", seed=1)
    assert report.isolation and report.isolation == declared.isolation()
    assert f"behind these walls here: {report.isolation}" in "\n".join(declared.lines(exercise, 1))


def test_assistants_are_told_to_be_tutors_and_where_contributors_read_on() -> None:
    text = (ROOT / "AGENTS.md").read_text()
    for needed in (
        "Be a tutor", "kbk hint", "kbk check", "One question at a time", "`solutions/`",
        "`tests/mutants/`", "CONTRIBUTING.md", "kbk author new",
    ):  # fmt: skip
        assert needed in text
    prompt = re.findall(r"```text\n(.*?)```", (ROOT / "book/ai_assistants.md").read_text(), re.S)
    assert len(prompt) == 1 and "solutions/" in prompt[0] and "One question" in prompt[0]
