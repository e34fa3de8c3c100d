"""What `pip install .` carries, and that CI and hosting name no repository of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from tools.hatch_build import LEFT_OUT

ROOT = Path(__file__).resolve().parents[1]
TRACKED = subprocess.run(
    ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True
).stdout.splitlines()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content, far from the repository."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_a_wheel_carries_every_tracked_file_of_the_package(installed: Path) -> None:
    authors = "kbk/grade/authoring/"  # needs the clone that an exercise is written in
    wanted = [n for n in TRACKED if n.startswith("kbk/") and not n.startswith(authors)]
    assert not (installed / authors).exists()
    assert [name for name in wanted if not (installed / name).is_file()] == []


def paths_of(site: Path, folder: Path, *names: str) -> dict[str, str]:
    """What kbk.paths says when it is imported from ``site`` in the directory ``folder``."""
    code = f"from kbk import paths; print(*(getattr(paths, n) for n in {names}), sep='\\n')"
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-c", code]
    run = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return dict(zip(names, run.stdout.split("\n"), strict=False))


IN_A_WHEEL = {
    "KERNELS": ("kernels", "_kernels"),
    "MEASUREMENTS": ("measurements", "_measurements"),
    "STUBS": ("tests/stubs", "_stubs"),
    "SOLUTIONS": ("solutions", "_solutions"),
    "GRADERS": ("tests/exercises", "_graders"),
}
"""For each name of kbk.paths its folder in a clone, and in the package of a wheel."""


def test_an_installed_package_finds_every_folder_that_it_carries(
    installed: Path, tmp_path: Path
) -> None:
    found = paths_of(installed, tmp_path, "REPOSITORY", "MUTANTS", *IN_A_WHEEL)
    assert found.pop("REPOSITORY") == found.pop("MUTANTS") == "None"
    for name, (source, inside) in IN_A_WHEEL.items():
        folder = installed / "kbk" / inside
        assert found[name] == str(folder)
        tracked = [n for n in TRACKED if n.startswith(source + "/")]
        missing = [n for n in tracked if not Path(f"{folder}{n.removeprefix(source)}").is_file()]
        # The wheel travels inside every notebook: what only tests here read stays out of it.
        assert missing == [n for n in tracked if any(fnmatch(n, each) for each in LEFT_OUT)], name
    assert [n for n in TRACKED if n.startswith("kernels/")]


def test_what_a_learner_edits_lies_in_the_current_directory_with_a_wheel(
    installed: Path, tmp_path: Path
) -> None:
    assert paths_of(installed, tmp_path, "EXERCISES")["EXERCISES"] == str(tmp_path / "exercises")
    assert list(installed.glob("kbk/_exercises")) == []


def test_the_graders_of_a_wheel_load_where_there_is_no_pytest(
    installed: Path, tmp_path: Path
) -> None:
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "from kbk.grade import catalogue\n"
        "print(*(each.id for each in catalogue.all() if catalogue.stub_text(each)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    wanted = [re.findall(r"/(\d\d)_\w+/test_(\d\d)_", name) for name in TRACKED]
    assert {"/".join(found[0]) for found in wanted if found} <= set(run.stdout.split())


def test_a_clone_reads_its_own_folders() -> None:
    from kbk import paths

    for name, (source, _) in IN_A_WHEEL.items():
        assert getattr(paths, name) == ROOT / source
    assert paths.EXERCISES == ROOT / "exercises"
    assert paths.MUTANTS == ROOT / "tests/mutants"


def workflow() -> dict[str, object]:
    text = (ROOT / ".github/workflows/book.yml").read_text()
    return dict(yaml.safe_load(text))


def test_the_workflow_tests_both_processors_and_publishes_only_main() -> None:
    jobs = workflow()["jobs"]
    assert isinstance(jobs, dict)
    assert jobs["test"]["strategy"]["matrix"]["runner"] == ["ubuntu-24.04", "ubuntu-24.04-arm"]
    assert any(step.get("run") == ".ci/run" for step in jobs["test"]["steps"])
    assert jobs["publish"]["needs"] == "test"
    assert "refs/heads/main" in jobs["publish"]["if"]


@pytest.mark.parametrize("name", [".github/workflows/book.yml", "_config.yml", "pyproject.toml"])
def test_no_repository_or_site_is_named(name: str) -> None:
    text = (ROOT / name).read_text()
    assert re.findall(r"github\.com/[\w-]+/[\w-]+|[\w-]+\.github\.io", text) == []


def test_ci_runs_make_test_without_input() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert "make test </dev/null" in script.read_text()


def test_the_dev_container_is_readable() -> None:
    text = (ROOT / ".devcontainer/devcontainer.json").read_text()
    found = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.M))
    assert found["postCreateCommand"] == "make setup"


def test_no_file_of_ours_is_over_400_lines() -> None:
    code = [n for n in TRACKED if n.endswith((".py", ".cpp", ".h", ".cu", ".sh", ".css", ".js"))]
    lengths = {name: len((ROOT / name).read_text().splitlines()) for name in code}
    assert {name: n for name, n in lengths.items() if n > 400} == {}
