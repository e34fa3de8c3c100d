"""The recording run: one failed part costs no other part its result."""

from __future__ import annotations

from pathlib import Path

from kbk.bench import record


def test_a_failed_part_is_reported_and_the_next_one_runs(tmp_path: Path, monkeypatch, capsys):
    def broken(run: record.Run) -> None:
        raise RuntimeError("no such kernel")

    def good(run: record.Run) -> None:
        run.say("  it ran")

    monkeypatch.setattr(record, "PARTS", {"broken": broken, "good": good})
    assert record.record(tmp_path) == 1
    summary = (tmp_path / "summary.txt").read_text()
    assert "broken: FAILED: RuntimeError: no such kernel" in summary
    assert summary.index("good: ok") < summary.index("it ran")
    assert summary.strip() in capsys.readouterr().out
