"""The Gradescope autograder, run as Gradescope runs it but for the place and the installation."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from kbk import paths
from kbk.build import cache
from kbk.cli import app
from kbk.errors import KbkError
from kbk.grade import catalogue
from kbk.grade.export import autograder, gradescope, schema
from kbk.grade.export.results import failed, results
from kbk.grade.export.wheel import wheel as pack
from tests.grade import export_class, export_texts

VALIDATOR = Draft202012Validator(schema.load("gradescope"))
Run = Callable[..., "tuple[dict[str, Any], int, str]"]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An autograder with a hidden check, as a zip."""
    folder = tmp_path_factory.mktemp("gradescope")
    gradescope.write_zip(folder / "out.zip", export_texts.assignment(folder))
    return folder / "out.zip"


@pytest.fixture
def run(packed: Path, tmp_path: Path) -> Run:
    """A root like /autograder; call it with files to grade them there."""
    root = tmp_path / "autograder"
    with zipfile.ZipFile(packed) as files:
        files.extractall(root / "source")

    def grade(files: dict[str, bytes | str], **environment: str) -> tuple[dict[str, Any], int, str]:
        shutil.rmtree(root / "submission", ignore_errors=True)
        (root / "submission").mkdir()
        for name, content in files.items():
            file = root / "submission" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        given = {
            "KBK_AUTOGRADER_ROOT": str(root),
            "KBK_AUTOGRADER_PYTHON": sys.executable,
            "KBK_CACHE": str(cache.cache_dir()),
            **environment,
        }
        done = subprocess.run(
            ["bash", str(root / "source/run_autograder")],
            env={**os.environ, **given},
            capture_output=True,
            text=True,
        )
        document = json.loads((root / "results/results.json").read_text())
        assert list(VALIDATOR.iter_errors(document)) == []
        return document, done.returncode, done.stdout + done.stderr

    return grade


def visible(document: dict[str, Any]) -> str:
    """What a student reads of it."""
    shown = [each for each in document["tests"] if each["visibility"] != "hidden"]
    return json.dumps({**document, "tests": shown})


def zipped(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        for name, text in files.items():
            out.writestr(name, text)
    return packed.getvalue()


# --- the zip


def test_the_zip_has_both_scripts_at_its_root_and_they_are_bash(packed: Path) -> None:
    with zipfile.ZipFile(packed) as files:
        for name in ("setup.sh", "run_autograder"):
            assert files.getinfo(name).external_attr >> 16 & 0o111 == 0o111
            text = files.read(name)
            assert text.startswith(b"#!/usr/bin/env bash\n") and b"@" not in text.replace(
                b'"$@"', b""
            )
            subprocess.run(["bash", "-n"], input=text, check=True)


def test_the_zip_is_the_owners_alone_because_it_holds_hidden_checks(packed: Path) -> None:
    assert packed.stat().st_mode & 0o077 == 0


def test_no_solution_is_in_the_zip(packed: Path) -> None:
    with zipfile.ZipFile(packed) as files:
        (name,) = [each for each in files.namelist() if each.endswith(".whl")]
        wheel = zipfile.ZipFile(io.BytesIO(files.read(name)))
        content = b"\0".join(files.read(each) for each in files.namelist())
    contents = [content, *(wheel.read(each) for each in wheel.namelist())]
    solutions = [file.read_bytes() for file in paths.SOLUTIONS.rglob("*.*") if file.is_file()]
    assert len(solutions) >= 12
    assert [text for text in solutions if any(text in each for each in contents)] == []
    assert not any("solution" in each for each in wheel.namelist())


def test_the_wheel_has_every_file_of_the_package_and_installs(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as files:
        (name,) = [each for each in files.namelist() if each.endswith(".whl")]
        files.extract(name, tmp_path)
    arguments = ["--no-index", "--no-deps", "--quiet", "--target", str(tmp_path / "site")]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *arguments, str(tmp_path / name)], check=True
    )
    ours = [
        file.relative_to(paths.PACKAGE)
        for file in paths.PACKAGE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    ]
    assert [each for each in ours if not (tmp_path / "site/kbk" / each).is_file()] == []
    assert (tmp_path / "site/bin/kbk").is_file()


def test_a_wheel_that_is_packed_from_an_installed_one_leaves_its_solutions_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = catalogue.find("00/02")
    for name in ("_solutions/a.cu", "_stubs/a.cu", "_graders/test_a.py", "_kernels/a.cu", "b.py"):
        file = tmp_path / "kbk" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "kbk")
    for name in ("KERNELS", "GRADERS", "STUBS", "SOLUTIONS"):
        monkeypatch.setattr(paths, name, tmp_path / f"kbk/_{name.lower()}")
    _, content = pack()
    names = [each for each in zipfile.ZipFile(io.BytesIO(content)).namelist() if "info" not in each]
    assert sorted(names) == [
        "kbk/_graders/test_a.py",
        "kbk/_kernels/a.cu",
        "kbk/_stubs/a.cu",
        "kbk/b.py",
    ]
    with pytest.raises(KbkError, match="the solution of 00/02 is not in this kbk"):
        catalogue.solution_text(guard)


# --- what it says of submissions


def test_a_right_file_that_was_dropped_has_every_point(run: Run) -> None:
    document, status, log = run({export_texts.NAME: export_texts.RIGHT})
    assert (document["score"], status) == (7, 0), log
    assert {each["status"] for each in document["tests"]} == {"passed"}
    (hidden,) = [each for each in document["tests"] if each["visibility"] == "hidden"]
    assert hidden["name"].endswith(export_texts.EXTRA_NAME) and hidden["max_score"] == 2


def test_a_zip_that_fails_a_hidden_check_tells_the_student_nothing_of_it(run: Run) -> None:
    files = {f"work/exercises/{export_texts.PATH}": export_texts.ONLY_HIDDEN_FAILS}
    document, status, log = run({"homework.zip": zipped(files)})
    assert (document["score"], status) == (4, 0), log  # and a gate, which did not run
    assert [word for word in export_texts.SECRETS if word in visible(document)] == []
    (hidden,) = [each for each in document["tests"] if each["visibility"] == "hidden"]
    assert hidden["status"] == "failed" and "SECRET-LABEL" in hidden["output"]


def test_a_repository_whose_kernel_hangs_has_no_points_and_hears_why(run: Run) -> None:
    files = {
        f"exercises/{export_texts.PATH}": export_texts.HANGS,
        "kbk/__init__.py": "raise SystemExit(0)",
        "tests/exercises/00_setup/test_02_guard.py": "raise SystemExit(0)",
        "sitecustomize.py": "raise SystemExit(0)",
    }
    document, status, log = run(files)
    assert (document["score"], status) == (0, 0), log
    assert "hang, 00_setup/02_guard.cu:" in document["tests"][0]["output"]


def test_nothing_handed_in_has_no_points_and_is_told_so(run: Run) -> None:
    document, status, _ = run({"notes.txt": "later"})
    assert (document["score"], status) == (0, 0)
    assert {each["status"] for each in document["tests"]} == {"failed"}
    assert "No file 00_setup/02_guard.cu was handed in" in document["tests"][0]["output"]
    assert "no file of any exercise" in document["output"]


def test_the_image_is_built_only_if_it_fails_a_stub_as_the_stub_must_fail(
    packed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with zipfile.ZipFile(packed) as files:
        files.extractall(tmp_path / "source")
    assert autograder.main([str(tmp_path), "--warm"]) == 0
    assert "the stub of 00/02: uninitialized; walls: " in capsys.readouterr().out
    monkeypatch.setenv("CXX", "/nowhere/g++")
    assert autograder.main([str(tmp_path), "--warm"]) == 1
    assert "this image cannot grade" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


# --- what goes wrong in the container


@pytest.mark.parametrize("python", ["/bin/false", "/bin/true", "/nowhere/python"])
def test_a_grader_that_does_not_run_scores_nothing_and_says_that_it_is_no_score(
    run: Run, python: str
) -> None:
    files = {export_texts.NAME: export_texts.RIGHT}
    document, status, _ = run(files, KBK_AUTOGRADER_PYTHON=python)
    assert document["score"] == 0 and "This is no score" in document["output"] and status != 0


def test_a_broken_compiler_scores_nothing_and_only_instructors_read_the_reason(run: Run) -> None:
    files = {export_texts.NAME: export_texts.RIGHT}
    document, status, _ = run(files, CXX="/nowhere/g++")
    assert document["score"] == 0 and "This is no score" in document["output"] and status == 1
    assert "/nowhere" not in visible(document) and "/nowhere" in json.dumps(document)


def test_a_reason_why_nothing_was_graded_is_hidden() -> None:
    document = failed("KbkError: SECRET")
    assert list(VALIDATOR.iter_errors(document)) == []
    assert "SECRET" not in visible(document) and "SECRET" in json.dumps(document)


# --- the document


@pytest.mark.parametrize("each", export_class.everybody(), ids=lambda each: str(each["student"]))
def test_results_are_valid_and_their_sum_is_the_score(each: dict[str, Any]) -> None:
    document = results(each)
    assert list(VALIDATOR.iter_errors(document)) == [] == schema.problems(document, "gradescope")
    assert document["score"] == sum(test["score"] for test in document["tests"])
    assert "SECRET" not in visible(document)


def test_a_score_is_not_given_where_something_could_not_be_graded() -> None:
    both = export_class.student(
        "zoe", *export_class.right()["exercises"], *export_class.ungraded()["exercises"]
    )
    document = results({**both, "complete": False})
    assert document["score"] == 0 and "This is no score" in document["output"]


@pytest.mark.parametrize(
    "change",
    [
        {"visibility": "after_lunch"},
        {"score": "5"},
        {"tests": [{"name": "a"}]},
        {"stdout_visibility": None},
    ],
)
def test_the_schema_rejects_what_gradescope_does_not_know(change: dict[str, Any]) -> None:
    document = {**results(export_class.right()), **change}
    assert list(VALIDATOR.iter_errors(document)) != []


def test_a_path_that_is_no_zip_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(KbkError, match=r"--gradescope must be the path of a \.zip; it was"):
        gradescope.write_zip(tmp_path / "out")


def test_the_verb_writes_both_and_takes_only_the_assignment_with_them(tmp_path: Path) -> None:
    runner = CliRunner()
    both = ["--gradescope", str(tmp_path / "a.zip"), "--classroom", str(tmp_path / "b")]
    done = runner.invoke(app, ["grade", *both])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "a.zip").is_file() and (tmp_path / "b/.github/workflows").is_dir()
    for more in (["--seed", "3"], ["--out", str(tmp_path)], ["00/02"]):
        done = runner.invoke(app, ["grade", *both, *more])
        assert done.exit_code == 2 and "go with --assignment alone" in done.output
