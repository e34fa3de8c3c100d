"""What instructors and students read of a graded class: written from ``OUT/students/*.json`` alone.

records: reads and validates those files.
junit, feedback, overview: JUnit XML, a page for each student, a page for the instructor.
gradescope, classroom: the same grader inside other people's systems; wheel packs it for them.
schema: the few words of JSON Schema that our own schemas use, without a package for it.
page, marks, clean, told: what the pages share.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_all"]


def write_all(out: Path) -> None:
    """Write ``junit.xml``, ``feedback/*.html`` and ``overview.html`` into the folder of a grading.

    Everything under ``feedback/`` is redacted, for students; the other two are for instructors and
    name hidden checks. Each file is replaced as a whole, and pages of students who are gone are
    removed.

    Args:
        out: what ``kbk grade --out`` wrote: ``students/*.json``, and perhaps ``items.json``.

    Raises:
        KbkError: a record is not what its schema says, or a file cannot be written.
    """
    from kbk.grade.export import feedback, files, junit, overview, records

    students = records.read(out)
    files.write(out / "junit.xml", junit.document(students))
    files.write(out / "overview.html", overview.document(students, records.items(out)))
    files.replace_pages(
        out / "feedback", {f"{each.name}.html": feedback.document(each.facts) for each in students}
    )
