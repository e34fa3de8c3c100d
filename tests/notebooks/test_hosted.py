"""The first cell installs kbk only where it is missing, and is honest about the machine."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kbk.doctor import Check
from kbk.install import hosted
from tools.notebooks import first_cell

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def installed(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the wheel's content, as pip leaves it, that `import kbk` would find."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    found = SimpleNamespace(origin=str(tmp_path / "site/kbk/__init__.py"))
    monkeypatch.setattr(hosted, "find_spec", lambda name: found)
    return tmp_path / "site"


@pytest.fixture
def installs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What prepare installs, instead of installing it; nothing of kbk counts as loaded."""
    calls: list[list[str]] = []
    monkeypatch.setattr(hosted, "_install", lambda wheel, packages: calls.append(packages))
    monkeypatch.setattr(hosted, "report", dict)
    monkeypatch.setattr(hosted, "sys", SimpleNamespace(modules={}))
    monkeypatch.delenv(hosted.INSTALLED_FROM, raising=False)
    return calls


def test_a_kbk_of_the_same_content_stays(
    wheel: Path, installed: Path, installs: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    hosted.prepare(wheel, {})
    assert installs == []
    assert "already there" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["cli.py", "_kernels/copy.cu"])
def test_a_kbk_of_another_content_is_replaced_by_the_wheel(
    wheel: Path, installed: Path, installs: list[Any], name: str
) -> None:
    with (installed / "kbk" / name).open("a") as file:
        file.write("// another\n")
    hosted.prepare(wheel, {})
    assert installs == [[str(wheel)]]


def test_a_clone_stays_whatever_it_holds(wheel: Path, installed: Path, installs: list[Any]) -> None:
    (installed / "kbk/cli.py").unlink()
    (installed / "pyproject.toml").touch()
    (installed / "kernels").mkdir()
    hosted.prepare(wheel, {})
    assert installs == []


def test_kbk_source_wins_over_what_is_there_and_is_installed_once(
    wheel: Path, installed: Path, installs: list[Any]
) -> None:
    for _ in range(2):
        hosted.prepare(wheel, {**os.environ, "KBK_SOURCE": "'/a b/kbk' --no-deps"})
    assert installs == [["/a b/kbk", "--no-deps"]]


def test_a_package_that_kbk_needs_and_that_is_missing_is_installed(
    wheel: Path, installed: Path, installs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = hosted.find_spec("kbk")
    monkeypatch.setattr(hosted, "find_spec", lambda name: None if name == "rich" else there)
    assert hosted._missing(wheel) == ["rich>=13.7"]
    hosted.prepare(wheel, {})
    assert installs == [[]]


def test_a_torch_that_is_too_old_counts_as_missing(
    wheel: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosted, "_version", lambda name: "2.9.1+cu128")
    assert hosted._missing(wheel) == ["torch>=2.10"]


def test_a_kbk_that_changes_under_a_running_kernel_asks_for_a_restart(
    wheel: Path, installed: Path, installs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (installed / "kbk/cli.py").unlink()
    monkeypatch.setattr(hosted, "sys", SimpleNamespace(modules={"kbk": None}))
    with pytest.raises(hosted.Stop, match="restart the kernel"):
        hosted.prepare(wheel, {})


def pip_calls(
    monkeypatch: pytest.MonkeyPatch, wheel: Path, torch: str | None, kbk: str
) -> tuple[list[list[str]], list[tuple[str, ...]]]:
    """What _install asks of pip, after torch, and which torch it asks for."""
    asked: list[tuple[str, ...]] = []
    calls: list[list[str]] = []
    probes = iter([hosted.Torch(torch, "") if torch else None, hosted.Torch("2.13.0+cpu", "")])

    def try_torch(python: str, plan: Any, environment: dict[str, str], quiet: bool) -> str:
        asked.extend(plan.attempts)
        return ""

    monkeypatch.setattr(hosted, "probe_torch", lambda python: next(probes))
    monkeypatch.setattr(hosted, "probe_gpu", lambda: False)
    monkeypatch.setattr(hosted, "try_torch", try_torch)
    monkeypatch.setattr(hosted, "_version", lambda name: kbk)
    monkeypatch.setattr(hosted, "_pip", lambda *words: calls.append(list(words)))
    hosted._install(wheel, [str(wheel)])
    return calls, asked


def test_without_a_gpu_the_cpu_build_of_torch_is_asked_for_and_then_pinned(
    monkeypatch: pytest.MonkeyPatch, wheel: Path
) -> None:
    calls, asked = pip_calls(monkeypatch, wheel, None, "")
    assert asked and all(words[-1].endswith("+cpu") for words in asked)
    assert [call[0] for call in calls] == ["-c"] and calls[0][-1] == str(wheel)


def test_a_torch_that_is_there_stays(monkeypatch: pytest.MonkeyPatch, wheel: Path) -> None:
    _, asked = pip_calls(monkeypatch, wheel, "2.11.0+cu128", "")
    assert asked == []


def test_an_older_kbk_of_the_same_version_is_replaced_by_force_and_nothing_else_is(
    monkeypatch: pytest.MonkeyPatch, wheel: Path
) -> None:
    calls, _ = pip_calls(monkeypatch, wheel, "2.13.0", "0.1.0.dev0")
    assert calls[0] == ["--force-reinstall", "--no-deps", str(wheel)]
    assert "--force-reinstall" not in calls[1]


def test_a_failed_pip_is_one_sentence_below_its_last_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(hosted.Stop, match="this command failed") as failure:
        hosted._pip("--no-index", "kbk-no-such-package")
    assert "kbk-no-such-package" in capsys.readouterr().out
    assert failure.value._render_traceback_() == [f"kbk: {failure.value}"]


GPU = Check("GPU", "ok", "NVIDIA H200 (sm_90, 150.1 GB), driver 570.1")
NVCC = Check("nvcc", "ok", "12.8, /usr/local/cuda/bin/nvcc")
NONE = Check("nvcc", "missing", "none found", "Install the CUDA toolkit 12.8.")


@pytest.mark.parametrize(
    "gpu, nvcc, said",
    [
        (Check("GPU", "none", "no NVIDIA GPU found", "..."), NONE, "the simulator on the CPU"),
        (GPU, NVCC, "NVIDIA H200 .* nvcc 12.8"),
        (GPU, NONE, "NVIDIA H200 .* no nvcc that fits it .*Install the CUDA toolkit"),
        (Check("GPU", "missing", "T4", "This torch is a CPU build."), NVCC, "T4, but: .*simulator"),
    ],
)
def test_the_gpu_line_says_what_cuda_runs_on(gpu: Check, nvcc: Check, said: str) -> None:
    import re

    assert re.search(said, hosted.describe_gpu(gpu, nvcc))


def test_without_gpu_and_compiler_the_report_says_so_and_how_to_get_one(tmp_path: Path) -> None:
    code = "from kbk.install import hosted; print(hosted.report())"
    environment = {"PATH": str(tmp_path), "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    environment["HOME"] = str(tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    said = ast.literal_eval(run.stdout)
    assert said["GPU"] == "no GPU: the simulator on the CPU"
    assert "g++" in said["compiler"] and "install" in said["compiler"]
    assert said["machine"].startswith("this machine, ")


@pytest.mark.parametrize(
    "environment, name",
    [
        ({"COLAB_RELEASE_TAG": "release-1"}, "Google Colab"),
        ({"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}, "Kaggle"),
        ({"JUPYTERHUB_USER": "ada"}, "a JupyterHub"),
        ({}, "this machine"),
    ],
)
def test_a_host_is_told_by_its_environment(environment: dict[str, str], name: str) -> None:
    assert hosted.host(environment) == name


def test_the_cell_runs_out_of_the_wheel_that_it_carries_and_leaves_nothing_behind(
    built: tuple[str, bytes], wheel: Path, tmp_path: Path
) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    cell = first_cell.first_cell(*built)
    code = f"{cell}\nimport sys\nprint([p for p in sys.path if '.whl' in p])\n"
    code += "print([m for m in sys.modules if m.startswith('install')], kbk.__file__)\n"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    run = subprocess.run(
        [sys.executable, "-"],
        input=code,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert "already there" in lines[0] and [line.split(":")[0] for line in lines[1:4]] == [
        "machine",
        "GPU",
        "compiler",
    ]
    assert lines[4] == "[]" and lines[5] == f"[] {tmp_path / 'site/kbk/__init__.py'}"


def test_the_packed_wheel_stays_small_and_is_always_the_same(built: tuple[str, bytes]) -> None:
    assert first_cell.build_wheel() == built
    assert len(first_cell.pack(built[1])) < first_cell.MOST_BYTES


def test_what_the_cell_runs_before_it_installs_imports_only_python_itself() -> None:
    for file in (ROOT / "kbk/install").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            tops = {name.split(".")[0] for name in names}
            assert tops <= set(sys.stdlib_module_names) | {"__future__"}, file
