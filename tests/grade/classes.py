"""Classes to grade: two small exercises, and folders of students with what they hand in."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kbk.grade import Exercise
from tests.grade.conftest import SCALE, make_prediction, make_scale

CU = "90_tests/01_scale.cu"
PY = "90_tests/02_twice.py"

RIGHT = """
def twice(x):
    return 2 * x

def pairs(n):
    return [(i, 2 * i) for i in range(n)]
"""
HALF = RIGHT.replace("(i, 2 * i)", "(i, i)")
WRONG = RIGHT.replace("return 2 * x", "return x")
HANGS = RIGHT.replace("return 2 * x", "while True: pass")
STUB = RIGHT.replace("return 2 * x", "return None")


def exercises() -> tuple[Exercise, Exercise]:
    return make_scale(), make_prediction()


def stubs(folder: Path) -> Path:
    """A folder with the stubs of the two exercises."""
    for path, text in ((CU, SCALE.replace("if (i < n) ", "if (false) ")), (PY, STUB)):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def hand_in(folder: Path, students: Mapping[str, Mapping[str, str]]) -> Path:
    """Folders with the files of each student."""
    for student, files in students.items():
        (folder / student).mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            file = folder / student / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return folder


def record(out: Path, student: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "students" / f"{student}.json").read_text())
    return found


def verdicts(out: Path, student: str) -> dict[str, str]:
    return {each["exercise"]: each["verdict"] for each in record(out, student)["exercises"]}


def grades(out: Path) -> list[list[str]]:
    with (out / "grades.csv").open(newline="") as file:
        return list(csv.reader(file))


def facts(out: Path) -> dict[str, Any]:
    """All that a grading found out, but for how long it took and when."""
    found = {}
    for file in sorted((out / "students").glob("*.json")):
        mine = json.loads(file.read_text())
        mine.pop("graded")
        for each in mine["exercises"]:
            each.pop("seconds")
        found[file.stem] = mine
    for name in ("items.json", "grades.csv", "items.csv"):
        found[name] = (out / name).read_text()
    return found
