"""`kbk doctor` speaks whatever is missing or broken."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kbk import doctor, sim

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-c", "from kbk.cli import main; main()", "doctor"]


def run_doctor(**environment: str) -> tuple[int, dict[str, Any]]:
    """Run `kbk doctor --json` with changes to the environment; return its status and report."""
    settings = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    run = subprocess.run(
        [*COMMAND, "--json"], cwd="/", env=settings, capture_output=True, text=True
    )
    return run.returncode, json.loads(run.stdout)


def line(report: dict[str, Any], name: str) -> dict[str, str]:
    return next(check for check in report["checks"] if check["name"] == name)


def fake_torch(folder: Path, source: str) -> str:
    """Put a package torch in front of the real one; return the PYTHONPATH that does so."""
    (folder / "torch").mkdir()
    (folder / "torch/__init__.py").write_text(source)
    return f"{folder}{os.pathsep}{ROOT}"


@pytest.fixture(scope="module")
def healthy() -> tuple[int, dict[str, Any]]:
    return run_doctor()


def test_this_machine_is_usable_and_the_status_says_so(healthy: tuple[int, dict[str, Any]]) -> None:
    status, report = healthy
    assert status == 0
    assert report["machines"]["simulator"] is True
    assert line(report, "torch")["status"] == "ok"


def test_it_names_the_cache_and_the_free_disk(healthy: tuple[int, dict[str, Any]]) -> None:
    assert "free on the disk" in line(healthy[1], "build cache")["value"]


@pytest.mark.parametrize(
    "source, said",
    [
        ("raise ImportError('libcudart.so.13: cannot open')", "libcudart.so.13"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "signal 11"),
        ("__version__ = '2.4.1'", "AttributeError"),
    ],
)
def test_a_broken_torch_is_a_line_and_nothing_is_usable(
    tmp_path: Path, source: str, said: str
) -> None:
    status, report = run_doctor(PYTHONPATH=fake_torch(tmp_path, source))
    assert status == 1
    assert line(report, "torch")["status"] == "missing"
    assert said in line(report, "torch")["value"]
    assert "torch 2.10" in line(report, "torch")["advice"]


def test_no_compiler_is_a_line_that_says_how_to_get_one() -> None:
    status, report = run_doctor(PATH=str(Path(sys.executable).parent), CXX="")
    assert status == 1
    assert line(report, "C++ compiler")["status"] == "missing"
    assert "g++" in line(report, "C++ compiler")["advice"]


def test_a_named_cache_that_cannot_be_written_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, report = run_doctor(KBK_CACHE=str(tmp_path / "file/cache"))
    assert status == 1
    assert line(report, "build cache")["status"] == "missing"
    assert "KBK_CACHE" in line(report, "build cache")["advice"]


def test_a_default_cache_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, report = run_doctor(XDG_CACHE_HOME=str(tmp_path / "file"), KBK_CACHE="")
    assert status == 0
    assert line(report, "build cache")["status"] == "warning"


def test_the_text_says_which_machines_are_usable() -> None:
    run = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0
    assert "Simulator on the CPU: usable." in run.stdout


def test_text_in_a_pipe_keeps_each_path_and_each_advice_on_one_line(tmp_path: Path) -> None:
    cache = tmp_path / ("a long name " * 8)
    environment = {**os.environ, "KBK_CACHE": str(cache), "COLUMNS": "80"}
    run = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True, env=environment)
    (found,) = [line for line in run.stdout.splitlines() if "build cache" in line]
    assert f" {cache}, 0 B used" in found
    assert found.endswith("free on the disk")


def test_without_a_gpu_it_says_where_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    check = doctor.check_gpus({"version": "2.13.0+cpu", "cuda": None, "gpus": []})
    assert check.status == "none"
    assert "Colab" in check.advice and "cloud" in check.advice


def test_an_unknown_profile_is_a_line_that_names_the_known_ones() -> None:
    status, report = run_doctor(KBK_SIM_ARCH="sm_60")
    assert status == 1
    assert "sm_75, sm_80, sm_90" in line(report, "simulator")["advice"]


def test_the_limits_are_those_of_the_profile_in_force() -> None:
    runtime = (ROOT / "kbk/sim/runtime/device.cpp").read_text()
    for arch, kilobytes in doctor.SHARED_KB.items():
        (profile,) = re.findall(rf"\{{\s*{arch},\s*\"[^\"]*\",([^}}]*)\}}", runtime)
        assert " ".join(profile.split(",")[5].split()) == f"{kilobytes} * kKiB"
        with sim.settings(arch=arch):
            assert doctor.limits()["shared_memory_per_block"] == f"{kilobytes} KB"


GPU = {"name": "T4", "sm": "75", "bytes": 15 << 30}


def test_a_gpu_without_nvcc_is_told_to_install_the_toolkit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    seen = {"version": "2.13.0+cu130", "cuda": "13.0", "gpus": [GPU], "cuda_home": None}
    assert doctor.check_gpus(seen).status == "ok"
    nvcc = doctor.check_nvcc(seen, gpu_there=True)
    assert nvcc.status == "missing"
    assert "CUDA toolkit 13.0" in nvcc.advice
    assert doctor.check_nvcc(seen, gpu_there=False).status == "none"


def test_an_nvcc_of_another_major_version_than_torch_is_missing_the_right_one(
    tmp_path: Path,
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/nvcc").write_text("#!/bin/sh\necho 'Cuda tools, release 12.4, V12.4.1'\n")
    (tmp_path / "bin/nvcc").chmod(0o755)
    seen = {"version": "2.13.0+cu130", "cuda": "13.0", "gpus": [GPU], "cuda_home": str(tmp_path)}
    nvcc = doctor.check_nvcc(seen, gpu_there=True)
    assert nvcc.status == "missing"
    assert nvcc.value.startswith("12.4, ")
    assert doctor.check_nvcc({**seen, "cuda": "12.8"}, gpu_there=True).status == "ok"


def test_a_gpu_beside_a_cpu_torch_is_told_to_change_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'NVIDIA T4, 7.5, 580.1'\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    check = doctor.check_gpus({"version": "2.13.0+cpu", "cuda": None, "gpus": []})
    assert check.status == "missing"
    assert "CPU build" in check.advice
