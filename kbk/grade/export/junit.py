"""JUnit XML of a graded class, for systems that show test results: a suite a student and exercise.

The form is that of Ant's JUnit task, which ``schemas/junit.xsd`` describes. It is for instructors:
hidden checks are in it by name.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import Any

from kbk.grade.export import marks
from kbk.grade.export.clean import clean, line
from kbk.grade.export.records import Student


def document(students: Iterable[Student]) -> str:
    """The whole class as one document. A check that could not be graded is an ``error``."""
    root = ET.Element("testsuites")
    number = 0
    for student in students:
        for exercise in student.facts["exercises"]:
            root.append(_suite(student.facts, exercise, number))
            number += 1
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(student: dict[str, Any], exercise: dict[str, Any], number: int) -> ET.Element:
    name = clean(f"{student['student']} {exercise['exercise']} {exercise['title']}")
    cases = [_case(each, student, exercise) for each in _checks(exercise)]
    seconds = f"{float(exercise['seconds']):.3f}"
    suite = ET.Element(
        "testsuite",
        {
            "id": str(number),
            "package": line(student["student"]),
            "name": " ".join(name.split()),
            "timestamp": student["graded"][:19],
            "hostname": "localhost",
            "tests": str(len(cases)),
            "failures": str(sum(case.find("failure") is not None for case in cases)),
            "errors": str(sum(case.find("error") is not None for case in cases)),
            "skipped": str(sum(case.find("skipped") is not None for case in cases)),
            "time": seconds,
        },
    )
    facts = ET.SubElement(suite, "properties")
    for key in ("exercise", "path", "verdict", "earned", "points"):
        ET.SubElement(facts, "property", {"name": key, "value": clean(str(exercise[key]))})
    if cases:
        cases[0].set("time", seconds)  # checks share one process: only the whole has a time
    suite.extend(cases)
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")
    return suite


def _checks(exercise: dict[str, Any]) -> list[dict[str, Any]]:
    """The checks; one that fails in their place where nothing was handed in."""
    absent = marks.ABSENT.get(exercise["verdict"])
    if absent is None:
        return list(exercise["checks"])
    says = absent.format(path=exercise["path"])
    return [
        {
            "name": "handed in",
            "verdict": exercise["verdict"],
            "message": says,
            "diagnosis": "",
            "line": None,
        }
    ]


def _case(check: dict[str, Any], student: dict[str, Any], exercise: dict[str, Any]) -> ET.Element:
    place = exercise["path"].rsplit(".", 1)[0].replace("/", ".")
    owner = " ".join(line(student["student"]).replace(".", "_").split())
    name = " ".join(line(check["name"]).split())
    case = ET.Element("testcase", {"classname": f"{owner}.{place}", "name": name, "time": "0.000"})
    verdict = check["verdict"]
    if marks.of(verdict).kind == "good":
        return case
    if verdict == "not-run":
        ET.SubElement(case, "skipped")
        return case
    kind = "error" if verdict == "cannot-grade" else "failure"
    told = ET.SubElement(
        case, kind, {"type": verdict, "message": line(check["message"] or verdict)}
    )
    where = f"{exercise['path']}:{check['line']}" if check["line"] is not None else ""
    told.text = "\n".join(
        clean(part) for part in (where, check["message"], check["diagnosis"]) if part
    )
    return case
