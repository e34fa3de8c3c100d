"""The verbs list, check, hint, solution, reset and author check, in a shell and in a notebook."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import kbk
from kbk import paths
from kbk.cli import app
from kbk.grade import Exercise, catalogue, declared, learner
from tests.grade.conftest import SCALE, make_scale

run = CliRunner()
STUB = SCALE.replace("if (i < n) ", "if (false) ")


@pytest.fixture(autouse=True)
def _tree(tree: Path) -> Path:
    return tree


@pytest.fixture
def solved(tree: Path) -> Path:
    file = tree / make_scale().path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SCALE)
    return file


def test_list_shows_each_exercise_and_its_state(solved: Path) -> None:
    done = run.invoke(app, ["list"])
    assert done.exit_code == 0
    assert "90/01  Scale" in done.output and "edited" in done.output and "0 of 6" in done.output
    assert run.invoke(app, ["list", "90"]).output == done.output
    assert run.invoke(app, ["list", "77"]).exit_code == 2


def test_check_says_pass_with_status_0_and_the_rest_with_status_1(solved: Path) -> None:
    done = run.invoke(app, ["check", "scale"])
    assert done.exit_code == 0 and "pass, 6 of 6 points" in done.output
    solved.write_text(SCALE.replace("a * x[i]", "x[i]"))
    done = run.invoke(app, ["check", str(solved)])
    assert done.exit_code == 1 and "wrong-answer" in done.output and "--seed" in done.output


def test_check_without_a_name_takes_the_next_open_exercise(solved: Path) -> None:
    assert "90/01" in run.invoke(app, ["check"]).output
    done = run.invoke(app, ["check"])
    assert done.exit_code == 0 and "Every exercise has passed" in done.output


def test_check_of_an_unedited_stub_is_not_attempted(tree: Path) -> None:
    done = run.invoke(app, ["check", "90"])
    assert done.exit_code == 1 and "not-attempted, 0 of 6" in done.output


def test_check_of_an_unknown_name_is_one_sentence_and_status_2() -> None:
    done = run.invoke(app, ["check", "scael"])
    assert done.exit_code == 2 and "did you mean" in done.output and "Traceback" not in done.output


def test_check_as_json_holds_the_whole_report(solved: Path) -> None:
    solved.write_text(SCALE.replace("a * x[i]", "x[i]"))
    done = run.invoke(app, ["check", "--all", "--json", "--seed", "7"])
    (report,) = json.loads(done.stdout)
    assert (report["exercise"], report["verdict"], report["seed"]) == ("90/01", "wrong-answer", 7)
    assert [check["name"] for check in report["checks"]] == ["sizes", "nothing to do"]


def test_check_explain_says_what_is_asked_and_runs_nothing(
    solved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("process.prestart", "grader.run_worker"):
        monkeypatch.setattr(f"kbk.grade.{name}", None)
    done = run.invoke(app, ["check", "scale", "--explain", "--seed", "7"])
    assert done.exit_code == 0 and "--seed 7" in done.output
    assert "sizes: 3 points, 3 cases" in done.output
    assert "scale(out float32[32] (written), x float32[32], 2.5)" in done.output
    assert "* |expected| + " in done.output and "0.5 units in the last place" in done.output
    assert "launches: exactly 1" in done.output and "conftest.py:" in done.output


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("01/03", ["requests_ld: at most 34 for all points", "the very bits", "about cost"]),
        ("00/04", ["must be refused; the message has out, float32", "strides [48, 1]"]),
        ("01/02", ["out float32[2147483655] (written from 2,147,483,148 to"]),
        ("00/06", ["one rounding to bfloat16, after 3 in float32", "(offset 1)"]),
        ("01/01", ["a traced launch of load_lanes", "and 276 more like these"]),
    ],
)
def test_explain_tells_of_gates_refusals_windows_tolerances_and_probes(
    name: str, words: list[str]
) -> None:
    exercise = next(each for each in load_all() if each.id == name)
    text = "\n".join(declared.lines(exercise, 7))
    assert [each for each in words if each not in text] == []


def load_all() -> list[Exercise]:
    """The exercises of the book: here the catalogue has those of the tests."""
    return [catalogue.load(file) for file in sorted(paths.GRADERS.glob("*/test_*.py"))]


def test_the_solution_is_shown_after_passing_or_on_request(solved: Path) -> None:
    done = run.invoke(app, ["solution", "scale"])
    assert done.exit_code == 2 and "--yes" in done.output and "__global__" not in done.output
    assert run.invoke(app, ["solution", "scale", "--yes"]).output == SCALE
    run.invoke(app, ["check", "scale"])
    assert run.invoke(app, ["solution", "scale"]).output == SCALE


def test_reset_says_where_the_copy_is(solved: Path) -> None:
    done = run.invoke(app, ["reset", "scale"])
    copy = Path(done.output.split("What was there is in ")[1].strip().replace("\n", ""))
    assert done.exit_code == 0 and copy.read_text() == SCALE and solved.read_text() == STUB


def test_hint_counts_its_level() -> None:
    assert "hint 1 of 3" in run.invoke(app, ["hint", "scale"]).output
    assert "hint 2 of 3" in run.invoke(app, ["hint", "scale"]).output
    assert run.invoke(app, ["hint", "scale", "--level", "9"]).exit_code == 2


def test_author_check_lists_broken_rules_with_status_1() -> None:
    done = run.invoke(app, ["author", "check"])
    assert done.exit_code == 1 and "there must be 5 mutants" in done.output


def test_a_notebook_grades_the_text_of_a_cell_and_shows_a_table(tree: Path) -> None:
    report = kbk.check("90/01", SCALE.replace("i < n", "i <= n"))
    assert report.verdict == "out-of-bounds"
    page = report._repr_html_().replace("&quot;", '"')
    assert "<table>" in page and "out-of-bounds" in page and "i &lt;= n" in page
    assert 'kbk.hint("90/01")' in page and "kbk hint" not in page
    assert kbk.check("90/01", source=SCALE).ok
    untouched = kbk.check("90/01", source=STUB)
    assert "text of this cell is as it came" in str(untouched)
    assert learner.standing(make_scale()).state == "not attempted"  # the file was not touched


def test_a_notebook_has_the_other_verbs(solved: Path) -> None:
    assert "Hint 1 of 3" in repr(kbk.hint("scale"))
    assert "has not passed yet" in repr(kbk.solution("scale"))
    assert repr(kbk.solution("scale", yes=True)) == SCALE
    assert kbk.check("scale").ok and repr(kbk.solution("scale")) == SCALE
    assert "is as it came" in repr(kbk.reset("scale")) and solved.read_text() == STUB
    assert "Scale" in repr(kbk.exercises("90")) and "<th scope" in kbk.exercises()._repr_html_()
    for bad in ({"machine": "tpu"}, {"source": 7}):
        with pytest.raises(kbk.ArgumentError):
            kbk.check("scale", **bad)


def test_listing_a_passed_exercise_shows_its_points(solved: Path) -> None:
    run.invoke(app, ["check", "scale"])
    assert "6/6" in run.invoke(app, ["list"]).output


def test_what_is_piped_keeps_to_the_columns_that_are_asked_for(
    solved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = "80"
    solved.write_text(SCALE.replace("a * x[i]", "x[i]"))
    monkeypatch.setenv("COLUMNS", columns)
    lines = run.invoke(app, ["check", "scale"]).stdout.splitlines()
    assert len(lines) > 5 and max(map(len, lines)) <= int(columns)
    for wrong in ("", "many", "9" * 7):
        monkeypatch.setenv("COLUMNS", wrong)
        assert any(
            len(each) > int(columns)
            for each in run.invoke(app, ["check", "scale"]).stdout.split("\n")
        )


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_no_verb_writes_lines_that_a_narrow_terminal_breaks(
    tree: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("FORCE_COLOR", "1")  # as a terminal
    for words in (["list"], ["hint", "scale"], ["check", "scale"]):
        output = CliRunner().invoke(app, words).stdout
        lines = re.sub(r"\x1b\[[0-9;]*m", "", output).splitlines()
        long = [line for line in lines if len(line) > columns and " " in line.strip()]
        assert lines and not long, (words, long)
