"""What `pip install .` carries, and that CI and hosting name no repository of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

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
    wanted = [name for name in TRACKED if name.startswith("kbk/")]
    assert [name for name in wanted if not (installed / name).is_file()] == []


def test_an_installed_package_finds_the_kernels_and_records_that_it_carries(
    installed: Path,
) -> None:
    code = "from kbk import paths; print(paths.REPOSITORY, paths.KERNELS, paths.MEASUREMENTS)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    repository, kernels, measurements = run.stdout.split()
    assert repository == "None"
    assert Path(kernels) == installed / "kbk/_kernels"
    assert Path(measurements) == installed / "kbk/_measurements"
    names = [Path(name).name for name in TRACKED if name.startswith("kernels/")]
    assert names and all((installed / "kbk/_kernels" / name).is_file() for name in names)


def test_a_clone_reads_its_own_kernels() -> None:
    from kbk import paths

    assert paths.KERNELS == ROOT / "kernels"
    assert paths.MEASUREMENTS == ROOT / "measurements"


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
