"""Where torch comes from, decided by kbk.install.choose, with the machine's probes faked."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from kbk.install.choose import CPU_INDEX, CPU_TORCH, Machine, Torch, make_plan
from tools import install

ROOT = Path(__file__).resolve().parents[1]


def machine(
    torch: str | None = None, gpu: bool = False, system: str = "Linux", override: str = ""
) -> Machine:
    there = None if torch is None else Torch(torch, "/site-packages")
    return Machine(system, there, gpu, override)


@pytest.mark.parametrize(
    "version", ["2.10.0", "2.13.0+cpu", "2.13.0+cu130", "3.0", "2.11.0a0+git1"]
)
@pytest.mark.parametrize("gpu", [True, False])
def test_a_torch_from_2_10_on_stays_and_nothing_is_installed_over_it(
    version: str, gpu: bool
) -> None:
    plan = make_plan(machine(version, gpu))
    assert plan.base_packages
    assert plan.attempts == ()


@pytest.mark.parametrize(
    "version", ["2.9.1+cu128", "1.13.1", "2.10.0a0+nv25.11", "2.10.0rc1", "odd"]
)
def test_an_older_torch_is_left_alone_and_venv_gets_its_own(version: str) -> None:
    plan = make_plan(machine(version, gpu=True))
    assert not plan.base_packages
    assert plan.attempts == (("torch>=2.10",),)


def test_without_a_gpu_the_local_cpu_wheel_is_tried_before_the_public_cpu_index() -> None:
    first, second = make_plan(machine()).attempts
    assert first == (CPU_TORCH,)
    assert second == ("--extra-index-url", CPU_INDEX, CPU_TORCH)


def test_without_a_gpu_every_attempt_names_the_cpu_build_so_the_cuda_one_cannot_come() -> None:
    assert all(attempt[-1].endswith("+cpu") for attempt in make_plan(machine()).attempts)


def test_a_gpu_without_torch_gets_the_cuda_build() -> None:
    assert make_plan(machine(gpu=True)).attempts == (("torch>=2.10",),)


def test_macos_takes_the_only_build_that_there_is() -> None:
    assert make_plan(machine(system="Darwin")).attempts == (("torch>=2.10",),)


@pytest.mark.parametrize("torch", [None, "2.13.0"])
def test_an_override_wins_over_everything(torch: str | None) -> None:
    plan = make_plan(machine(torch, gpu=True, override="--pre 'torch==2.14.0.dev1'"))
    assert plan.attempts == (("--pre", "torch==2.14.0.dev1"),)
    assert not plan.base_packages


def fake_python(folder: Path, script: str) -> Path:
    path = folder / "python"
    path.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    path.chmod(0o755)
    return path


def test_a_torch_that_crashes_on_import_counts_as_absent(tmp_path: Path) -> None:
    assert install.probe_torch(str(fake_python(tmp_path, "kill -SEGV $$"))) is None


def test_a_driver_that_does_not_answer_counts_as_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smi = fake_python(tmp_path, "echo NVIDIA-SMI has failed; exit 9").rename(
        tmp_path / "nvidia-smi"
    )
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert not install.probe_gpu()
    smi.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA T4 (UUID: GPU-1)'\n")
    assert install.probe_gpu()


def test_the_next_attempt_follows_a_failed_one_and_the_last_failure_is_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "calls"
    only_public = fake_python(
        tmp_path, f'echo "$@" >> {record}; case "$*" in *extra-index*) exit 0;; esac; exit 1'
    )
    install.install_torch(only_public, make_plan(machine()))
    assert [CPU_INDEX in line for line in record.read_text().splitlines()] == [False, True]
    none_at_all = fake_python(tmp_path, "echo No matching distribution >&2; exit 1")
    with pytest.raises(install.SetupError, match="make TORCH="):
        install.install_torch(none_at_all, make_plan(machine()))
    assert "No matching distribution" in capfd.readouterr().err


def test_a_torch_that_is_there_calls_pip_for_nothing(tmp_path: Path) -> None:
    python = fake_python(tmp_path, f"touch {tmp_path}/called; exit 1")
    install.install_torch(python, make_plan(machine("2.13.0")))
    assert not (tmp_path / "called").exists()


def test_a_venv_of_a_venv_sees_the_torch_of_the_outer_one(tmp_path: Path) -> None:
    outer, inner = tmp_path / "outer", tmp_path / "inner"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", outer], check=True)
    site = next((outer / "lib").glob("python3*/site-packages"))
    (site / "torch").mkdir()
    (site / "torch/__init__.py").write_text("__version__ = '2.99.0'\n")
    base = str(outer / "bin/python")
    found = install.probe_torch(base)
    assert found == Torch("2.99.0", str(site))
    subprocess.run(
        [base, "-m", "venv", "--system-site-packages", "--without-pip", inner], check=True
    )
    install.show_base_packages(inner / "bin/python", inner, found)
    assert install.probe_torch(str(inner / "bin/python")) == found


def test_the_plan_can_be_printed_without_installing(tmp_path: Path) -> None:
    command = [sys.executable, "tools/install.py", "--venv", tmp_path / "v", "--print-plan"]
    run = subprocess.run(
        [*command, "--torch", "torch==9"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0
    assert "pip install torch==9" in run.stdout
    assert not (tmp_path / "v").exists()
