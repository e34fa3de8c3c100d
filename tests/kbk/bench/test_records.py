"""Records: what they must say, which one is the newest, and when one is stale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kbk.bench import records
from kbk.bench.records import Reading, Record, digest, live_or_record, load, newest, save, take


def record(
    date: str = "2026-11-30T00:00:00Z",
    gpu: str = "NVIDIA H200",
    kernels: dict[str, str] | None = None,
    **data: float,
) -> Record:
    where = dict.fromkeys(records.PROVENANCE, "1")
    where |= {"gpu": gpu, "date": date, "commit": "abcdef0123456"}
    return Record("copy", where, kernels or {}, "by hand", data or {"us": 1.0})


def test_a_record_comes_back_as_it_was_saved(tmp_path: Path):
    path = save(record(us=2.0), tmp_path)
    back = load(path)
    assert path.name == "copy.nvidia_h200.json"
    assert (back.data, back.provenance, back.path) == ({"us": 2.0}, record().provenance, path)


def test_a_record_names_gpu_driver_cuda_torch_commit_and_date(monkeypatch):
    monkeypatch.setenv("KBK_COMMIT", "c0ffee")
    taken = take("copy", {}, "", [])
    assert set(records.PROVENANCE) <= set(taken.provenance)
    assert taken.provenance["commit"] == "c0ffee"
    assert taken.provenance["date"].endswith("Z")


@pytest.mark.parametrize("missing", records.PROVENANCE)
def test_a_record_without_part_of_its_provenance_is_refused(tmp_path: Path, missing: str):
    path = save(record(), tmp_path)
    fields = json.loads(path.read_text())
    del fields["provenance"][missing]
    path.write_text(json.dumps(fields))
    with pytest.raises(ValueError, match=f"must name {missing}"):
        load(path)


def test_a_file_of_another_schema_is_refused(tmp_path: Path):
    path = tmp_path / "copy.x.json"
    path.write_text('{"schema": 0}')
    with pytest.raises(ValueError, match="schema 1"):
        load(path)


def test_the_newest_record_wins_over_gpus(tmp_path: Path):
    save(record("2026-11-01T00:00:00Z", "NVIDIA H200", us=1.0), tmp_path)
    save(record("2026-12-01T00:00:00Z", "NVIDIA T4", us=9.0), tmp_path)
    assert newest("copy", folder=tmp_path).data == {"us": 9.0}
    assert newest("copy", gpu="NVIDIA H200", folder=tmp_path).data == {"us": 1.0}
    assert newest("rope", folder=tmp_path) is None


def test_a_second_record_of_a_gpu_replaces_the_first(tmp_path: Path):
    save(record(us=1.0), tmp_path)
    save(record(us=2.0), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["copy.nvidia_h200.json"]


def test_a_record_is_stale_once_its_kernel_changes(tmp_path: Path):
    kernel = tmp_path / "copy.cu"
    kernel.write_text("one")
    taken = record(kernels={"copy.cu": digest(kernel)})
    assert taken.stale(tmp_path) == []
    kernel.write_text("two")
    assert taken.stale(tmp_path) == ["copy.cu"]
    kernel.unlink()
    assert taken.stale(tmp_path) == ["copy.cu"]


def test_with_a_gpu_numbers_are_live_and_say_so(tmp_path: Path):
    reading = live_or_record("copy", record, gpu=True, folder=tmp_path)
    assert reading.source == "live"
    assert str(reading).startswith("Measured live: NVIDIA H200")


def test_without_a_gpu_numbers_are_the_newest_record_and_say_so(tmp_path: Path):
    save(record("2026-12-24T00:00:00Z", kernels={"gone.cu": "0"}), tmp_path)
    reading = live_or_record("copy", lambda: pytest.fail("measured"), gpu=False, folder=tmp_path)
    assert (reading.source, reading.data) == ("record", {"us": 1.0})
    assert "From the record: NVIDIA H200" in str(reading)
    assert "2026-12-24" in str(reading)
    assert "Since then gone.cu changed" in str(reading)


def test_without_gpu_and_record_there_are_no_numbers(tmp_path: Path):
    reading = live_or_record("copy", record, gpu=False, folder=tmp_path)
    assert (reading.source, dict(reading.data)) == ("none", {})
    assert str(reading).startswith("No record yet")


def test_the_records_in_the_repository_can_be_read():
    for path in records.MEASUREMENTS.glob("*.json"):
        assert isinstance(str(Reading("record", load(path))), str)
