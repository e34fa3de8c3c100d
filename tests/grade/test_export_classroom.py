"""The template for GitHub Classroom: its workflow is one, and its shell steps do what they say."""

from __future__ import annotations

import base64
import copy
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from kbk import paths
from kbk.errors import KbkError
from kbk.grade import assignment, catalogue
from kbk.grade.export import classroom, classroom_run, schema
from tests.grade import export_class, export_texts

WORKFLOW = Draft202012Validator(
    json.loads(Path(__file__).with_name("workflow.schema.json").read_text())
)
RESULT = Draft202012Validator(schema.load("classroom"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    file = folder.parent / "week1.toml"
    file.write_text('title = "Week 1"\nexercises = ["00/02"]\nseed = 5\n')
    classroom.write_folder(folder, file)
    return folder


def workflow(template: Path) -> dict[str, Any]:
    text = (template / ".github/workflows/classroom.yml").read_text()
    # YAML 1.1, which this package reads, takes the key `on` for a truth.
    found: dict[Any, Any] = yaml.safe_load(text)
    return {"on" if key is True else key: value for key, value in found.items()}


def steps(template: Path) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in workflow(template)["jobs"]["grade"]["steps"]}


def run_step(
    template: Path, name: str, folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a shell step as a runner does: its text in a file, by `bash -e`."""
    step = steps(template)[name]
    temporary = folder / "temp"
    temporary.mkdir(exist_ok=True)
    place = step["working-directory"].replace("${{ runner.temp }}", str(temporary))
    place = place.replace("${{ github.workspace }}", str(template))
    assert "${{" not in place + step["run"]
    variables = {"GITHUB_WORKSPACE": str(template), "PYTHONSAFEPATH": "1", **environment}
    bin_ = folder / "bin"
    bin_.mkdir(exist_ok=True)
    if not (bin_ / "python").exists():
        (bin_ / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (bin_ / "python").chmod(0o755)
    variables["PATH"] = f"{bin_}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=place,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )


def grade(
    template: Path, folder: Path, source: str
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any], str]:
    """Hand in a text and run the grading step: how it ended, the result, the summary."""
    repository = folder / "repository"
    shutil.copytree(template, repository)
    (repository / "exercises" / export_texts.PATH).write_text(source)
    for name in (
        "kbk/__init__.py",
        "sitecustomize.py",
        "tests/exercises/00_setup/test_02_guard.py",
    ):
        file = repository / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("raise SystemExit(0)  # a student's own grader")
    output, summary = folder / "output", folder / "summary"
    output.touch()
    summary.touch()
    files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
    done = run_step(repository, "Grade", folder, **files)
    found = re.fullmatch(r"result=([A-Za-z0-9+/=]+)\n", output.read_text())
    result = json.loads(base64.b64decode(found[1])) if found else {}
    return done, result, summary.read_text()


# --- the workflow


def test_the_workflow_is_valid(template: Path) -> None:
    assert list(WORKFLOW.iter_errors(workflow(template))) == []


@pytest.mark.parametrize(
    "path, value",
    [
        (("on",), "push"),
        (("permissions", "contents"), "write"),
        (("jobs", "grade", "runs-on"), "gpu"),
        (("jobs", "grade", "steps", 0, "uses"), "actions/checkout"),
        (("jobs", "grade", "steps", 0, "uses"), "actions/checkout@main"),
        (("jobs", "grade", "steps", 0, "run"), "echo"),
        (("jobs", "grade", "timeout-minutes"), 1000),
    ],
)
def test_a_broken_workflow_is_not_valid(template: Path, path: tuple[Any, ...], value: Any) -> None:
    broken = copy.deepcopy(workflow(template))
    at = broken
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    assert list(WORKFLOW.iter_errors(broken)) != []


def test_nothing_runs_in_the_folder_of_the_student(template: Path) -> None:
    for step in steps(template).values():
        if "run" in step:
            place = step["working-directory"]
            assert place in ("${{ runner.temp }}", "${{ github.workspace }}/.github/kbk")


def test_the_reporter_gets_the_result_of_the_grading_step(template: Path) -> None:
    step = steps(template)["Report the points"]
    assert step["uses"] == "classroom-resources/autograding-grading-reporter@v1"
    assert step["with"]["runners"] == steps(template)["Grade"]["id"] == "kbk"
    assert step["env"] == {"KBK_RESULTS": "${{ steps.kbk.outputs.result }}"}


# --- its shell steps


def test_a_grader_that_was_changed_is_refused(template: Path, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(template, repository)
    assert run_step(repository, "Check the grader", tmp_path).returncode == 0
    (wheel,) = (repository / ".github/kbk").glob("*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"x")
    done = run_step(repository, "Check the grader", tmp_path)
    assert done.returncode != 0 and "FAILED" in done.stdout


def test_a_wrong_file_has_its_points_reported_and_cannot_talk_to_github(
    template: Path, tmp_path: Path
) -> None:
    says = '::notice title=Autograding report::{\\"totalPoints\\":99,\\"maxPoints\\":5}'
    source = export_texts.WRONG.replace(
        'KBK_CHECK(t.is_contiguous(), "', f'KBK_CHECK(false, "\\n{says}\\n<b>'
    )
    assert source != export_texts.WRONG
    done, result, summary = grade(template, tmp_path, source)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(RESULT.iter_errors(result)) == []
    assert (result["status"], result["max_score"]) == ("fail", 5)
    assert sum(each["score"] for each in result["tests"]) < 5
    lines = done.stdout.splitlines()
    stopped = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", lines[0])
    assert stopped is not None and lines[-1] == f"::{stopped[1]}::"
    assert any("title=Autograding report" in line for line in lines[1:-1])  # it was tried
    assert stopped[1] not in "\n".join(lines[1:-1])
    assert "Autograding report" not in json.dumps(result)
    assert "<b>" not in summary and "&lt;b&gt;" in summary


def test_a_right_file_has_every_point_whatever_else_lies_in_the_repository(
    template: Path, tmp_path: Path
) -> None:
    done, result, summary = grade(template, tmp_path, export_texts.RIGHT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (result["status"], sum(each["score"] for each in result["tests"])) == ("pass", 5)
    assert summary.startswith("## 5 of 5 points\n")


def test_what_could_not_be_graded_reports_no_points(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    for answer in (lambda *_, **__: export_class.ungraded(), _raise):
        monkeypatch.setattr("kbk.grade.export.single.grade", answer)
        assert classroom_run.main([str(tmp_path), "--seed", "1"]) == 2
    assert not (tmp_path / "output").exists()
    assert "Nothing was graded: no disk" in capsys.readouterr().out


def _raise(*_: Any, **__: Any) -> dict[str, Any]:
    raise KbkError("no disk.")


@pytest.mark.parametrize("each", export_class.everybody(), ids=lambda each: str(each["student"]))
def test_results_are_valid_and_hold_no_text_of_a_student(each: dict[str, Any]) -> None:
    result = classroom_run.result(each)
    assert list(RESULT.iter_errors(result)) == [] == schema.problems(result, "classroom")
    assert sum(test["score"] for test in result["tests"]) == each["earned"]
    assert "script" not in json.dumps(result)


# --- the folder


def test_the_template_has_stubs_and_no_solution(template: Path) -> None:
    exercise = catalogue.find("00/02")
    assert (template / "exercises" / exercise.path).read_text() == catalogue.stub_text(exercise)
    texts = [file.read_bytes() for file in template.rglob("*") if file.is_file()]
    assert (paths.SOLUTIONS / exercise.path).read_bytes() not in texts
    assert (
        "| 00/02 | The guard | `exercises/00_setup/02_guard.cu` | 5 |"
        in (template / "README.md").read_text()
    )
    assert not re.search(r"@[A-Z]+@", (template / "README.md").read_text())
    # The workflow lies in the student's repository: it can be changed, and that matters.
    assert "do not matter" not in (template / "README.md").read_text()
    assert "can be told of\nevery change there" in (template / "README.md").read_text()


def test_what_an_instructor_wrote_stays(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("ours")
    (tmp_path / "exercises/00_setup").mkdir(parents=True)
    (tmp_path / "exercises" / export_texts.PATH).write_text("ours")
    classroom.write_folder(tmp_path)
    assert (tmp_path / "README.md").read_text() == "ours"
    assert (tmp_path / "exercises" / export_texts.PATH).read_text() == "ours"
    first = sorted(tmp_path.rglob("*"))
    classroom.write_folder(tmp_path)
    assert sorted(tmp_path.rglob("*")) == first
    assert len(assignment.load().exercises) == len(list((tmp_path / "exercises").rglob("*.*")))


def test_a_hidden_check_is_refused_because_a_repository_hides_nothing(tmp_path: Path) -> None:
    file = export_texts.assignment(tmp_path)
    with pytest.raises(KbkError, match="--classroom cannot hide a check"):
        classroom.write_folder(tmp_path / "out", file)
    assert not (tmp_path / "out").exists()
