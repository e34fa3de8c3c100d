"""How `kbk watch` notices a save, with a clock of the test's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kbk.grade.watching.saves import GONE, STEADY, Saves


class Looks:
    """A file that is looked at, at times that the test sets."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.saves = Saves(file)
        self.now = 100.0

    def after(self, seconds: float) -> bytes | str | None:
        """What is new after so many seconds: its bytes, None if it is gone, "" if nothing is."""
        self.now += seconds
        found = self.saves.poll(self.now)
        return "" if found is None else found.data


@pytest.fixture
def looks(tmp_path: Path) -> Looks:
    file = tmp_path / "01_scale.cu"
    file.write_bytes(b"one")
    return Looks(file)


def _save(file: Path, data: bytes) -> None:
    """Write, at a time that differs even on a disk with a coarse clock."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_bytes(data)
    os.utime(file, ns=(before + 10_000_000, before + 10_000_000))


def test_a_save_counts_once_it_is_steady(looks: Looks) -> None:
    assert looks.after(1) == ""
    _save(looks.file, b"two")
    assert looks.after(0.05) == "" and looks.after(STEADY * 1.1) == b"two"
    assert looks.after(1) == "" and looks.after(1) == ""


def test_a_file_that_is_being_written_is_not_read(looks: Looks) -> None:
    for part in (b"t", b"tw", b"two"):
        _save(looks.file, part)
        assert looks.after(STEADY * 0.8) == ""
    assert looks.after(STEADY * 1.1) == b"two"


def test_a_save_by_renaming_counts_as_one(looks: Looks) -> None:
    looks.file.rename(looks.file.with_suffix(".cu~"))  # as vim does with its backup
    assert looks.after(0.05) == "" and looks.after(STEADY * 1.1) == ""
    _save(looks.file, b"two")
    assert looks.after(0.05) == "" and looks.after(STEADY * 1.1) == b"two"
    new = looks.file.with_suffix(".new")
    new.write_bytes(b"new")
    os.replace(new, looks.file)
    assert looks.after(0.05) == "" and looks.after(STEADY * 1.1) == b"new"


def test_the_same_text_again_is_nothing_new(looks: Looks) -> None:
    _save(looks.file, b"one")
    assert looks.after(0.05) == "" and looks.after(STEADY * 1.1) == "" and looks.after(1) == ""


def test_a_deleted_file_is_told_of_once_and_its_return_too(looks: Looks) -> None:
    looks.file.unlink()
    assert looks.after(0.05) == "" and looks.after(GONE * 1.1) is None and looks.after(1) == ""
    _save(looks.file, b"one")
    assert looks.after(0.05) == "" and looks.after(STEADY * 1.1) == b"one"


def test_a_file_that_comes_later_and_one_that_is_no_file(tmp_path: Path) -> None:
    looks = Looks(tmp_path / "chapter" / "01_scale.cu")
    assert looks.after(1) == ""
    looks.file.parent.mkdir()
    _save(looks.file, b"one")
    assert looks.after(0.05) == "" and looks.after(STEADY * 1.1) == b"one"
    looks.file.unlink()
    looks.file.mkdir()
    assert looks.after(0.05) == "" and looks.after(STEADY * 1.1) is None
