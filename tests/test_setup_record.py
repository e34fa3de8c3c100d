"""`kbk record` measures on a GPU, and says in one sentence why it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kbk.bench import record
from kbk.build import toolchain
from kbk.cli import app


def test_without_a_gpu_it_ends_with_1_and_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "cuda_available", lambda: False)
    run = CliRunner().invoke(app, ["record", "--out", str(tmp_path / "new")])
    assert run.exit_code == 1
    assert len(run.output.splitlines()) == 1
    assert "NVIDIA GPU" in run.output and "kbk doctor" in run.output
    assert not (tmp_path / "new").exists()


def test_a_part_that_does_not_exist_is_named_beside_those_that_do(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["record", "--out", str(tmp_path), "--parts", "tune,speed"])
    assert run.exit_code == 1
    assert "'speed'" in run.output and "compare" in run.output


@pytest.mark.parametrize("failed, status", [(0, 0), (2, 1)])
def test_on_a_gpu_it_runs_the_parts_and_its_status_says_whether_one_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failed: int, status: int
) -> None:
    calls: list[tuple[Path, list[str] | None]] = []

    def run_parts(out: Path, parts: list[str] | None) -> int:
        calls.append((out, parts))
        return failed

    monkeypatch.setattr(toolchain, "cuda_available", lambda: True)
    monkeypatch.setattr(record, "record", run_parts)
    asked = ["record", "--out", str(tmp_path), "--parts", "tune, compare"]
    assert CliRunner().invoke(app, asked).exit_code == status
    assert CliRunner().invoke(app, asked[:3]).exit_code == status
    assert calls == [(tmp_path, ["tune", "compare"]), (tmp_path, None)]
