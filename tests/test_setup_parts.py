"""`make test` runs every part, says which failed, and times each (tools/run_parts.py)."""

from __future__ import annotations

import sys

import pytest

from tools import run_parts


def fake_parts(monkeypatch: pytest.MonkeyPatch, **programs: str) -> None:
    commands = {name: [sys.executable, "-c", text] for name, text in programs.items()}
    monkeypatch.setattr(run_parts, "parts", lambda arguments: commands)


def test_a_failed_part_fails_the_whole_but_the_others_still_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_parts(monkeypatch, lint="print('1 error'); exit(3)", tests="print('== 2 passed in 1s ==')")
    assert run_parts.main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "kbk: FAILED: lint"
    table = lines[-4:-1]
    assert [row.split()[0] for row in table] == ["lint", "tests", "total"]
    assert "FAILED" in table[0] and "1 error" in table[0]
    assert "ok" in table[1] and table[1].endswith("2 passed in 1s")


def test_all_parts_passing_is_said_and_succeeds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_parts(monkeypatch, one="", two="")
    assert run_parts.main([]) == 0
    assert capsys.readouterr().out.endswith("kbk: everything holds\n")


def test_the_book_is_built_before_pytest_reads_it_and_pytest_gets_the_arguments() -> None:
    parts = run_parts.parts(["-k", "copy"])
    assert list(parts)[-2:] == ["book", "pytest"]
    assert {"ruff", "mypy"} < set(parts)
    assert parts["pytest"][-2:] == ["-k", "copy"]
