"""Grades the files of one student, for systems that have them one by one."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kbk.errors import KbkError
from kbk.grade.export import records

STUDENT = "submission"


def grade(
    submission: Path,
    assignment: Path | None = None,
    *,
    seed: int | None = None,
    names: Sequence[str] = (),
) -> dict[str, Any]:
    """The record of a submission, with hidden checks.

    Args:
        submission: the student's folder, as ``kbk grade --submissions`` takes one; a folder that
            holds nothing but one zip stands for that zip.
        assignment: its file; None for every exercise.
        seed: of the random inputs; None takes the assignment's, or draws one.
        names: exercises or chapters; none for all of the assignment.

    Returns:
        as ``schemas/student.schema.json`` describes it. ``complete`` is false if something could
        not be graded.

    Raises:
        KbkError: nothing could be graded.
    """
    from kbk.grade.batch import grade_all, submissions

    with _place() as place:
        entry = place / "in" / STUDENT
        entry.parent.mkdir()
        zipped = _only_zip(submission)
        # A link of ours, so that nothing is copied; links inside of a submission are not followed.
        if zipped is not None:
            entry = entry.with_suffix(".zip")
        entry.symlink_to((zipped or submission).resolve(), target_is_directory=zipped is None)
        submissions.LINKS_OF_OURS.add(entry)
        try:
            grade_all(
                entry.parent,
                place / "out",
                assignment=assignment,
                seed=seed,
                names=names,
                quiet=True,
            )
        finally:
            submissions.LINKS_OF_OURS.discard(entry)
        (record,) = records.read(place / "out")
    return record.facts


@contextlib.contextmanager
def _place() -> Iterator[Path]:
    """A folder that no other user can look into."""
    try:
        with tempfile.TemporaryDirectory(prefix="kbk-single-") as folder:
            yield Path(folder)
    except OSError as error:
        raise KbkError(f"a temporary folder is needed: {error}.") from error


def _only_zip(folder: Path) -> Path | None:
    if not folder.is_dir():
        raise KbkError(f"{folder} must be the folder of a submission.")
    entries = [each for each in folder.iterdir() if not each.name.startswith((".", "__MACOSX"))]
    if len(entries) != 1 or entries[0].suffix.lower() != ".zip" or entries[0].is_symlink():
        return None
    return entries[0] if entries[0].is_file() else None
