"""The record of a student, ``students/<student>.json``; export/schemas has its schema."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import kbk
from kbk.grade.assignment import Assignment
from kbk.grade.batch import keys
from kbk.grade.batch.submissions import Submission

Result = Mapping[str, Any]
_LONGEST = 200  # bytes of a file's name, of 255 that systems have


def record(
    submission: Submission,
    results: Mapping[str, Result],
    assignment: Assignment,
    seed: int,
    begun: str,
) -> dict[str, Any]:
    """What was found out about one student.

    Args:
        submission: what was handed in.
        results: of kbk.grade.batch.job, by exercise; there is one for each of the assignment.
        assignment: what was asked.
        seed: of the random inputs.
        begun: when the first run began, which is when nothing was graded of who handed in nothing.
    """
    exercises = [
        {
            "exercise": each.id,
            "title": each.title,
            "path": each.path,
            "points": results[each.id]["points"],
            "earned": results[each.id]["earned"],
            "verdict": results[each.id]["verdict"],
            "sha256": handed.sha256 if (handed := submission.files.get(each.id)) else None,
            "seconds": results[each.id]["seconds"],
            "checks": [
                {**check, "hidden": assignment.is_hidden(each.id, check["name"])}
                for check in results[each.id]["checks"]
            ],
        }
        for each in assignment.exercises
    ]
    ran = [result for result in results.values() if result["isolation"]]
    graded = [results[name]["when"] for name in submission.files]
    return {
        "schema": "kbk.grade.student/1",
        "student": submission.student,
        "title": assignment.title,
        "graded": max(graded, default=begun),
        "kbk": {"version": kbk.__version__, "digest": keys.engine()},
        "machine": "cpu",
        "seed": seed,
        "isolation": "; ".join(sorted({each["isolation"] for each in ran})),
        "points": sum(each["points"] for each in exercises),
        "earned": sum(each["earned"] for each in exercises),
        "complete": submission.readable
        and all(each["verdict"] != "cannot-grade" for each in exercises),
        "submission": {
            "source": submission.source,
            "problems": list(submission.problems),
            "files": [
                {"path": each.path, "exercise": name, "sha256": each.sha256}
                for name, each in submission.files.items()
            ],
        },
        "exercises": exercises,
    }


def file_names(students: Sequence[str]) -> dict[str, str]:
    """The name of each student's file, without ``.json``: the student's own, if not too long."""
    return {student: _file_name(student) for student in students}


def _file_name(student: str) -> str:
    name = student.encode()
    if len(name) <= _LONGEST:
        return student
    digest = hashlib.sha256(name).hexdigest()[:16]
    return f"{name[: _LONGEST - 17].decode(errors='ignore')}-{digest}"
