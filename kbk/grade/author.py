"""The rules for exercises, each as a check whose message says how to mend it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from kbk import paths
from kbk.grade import catalogue, mistakes, proof
from kbk.grade.cases import Ask, Case
from kbk.grade.exercise import Exercise
from kbk.grade.report import VERDICTS

STUB_LINES = 120
"""Most lines of a stub."""
LEAST_MUTANTS = 5
LEAST_DRAWS = 200
"""Random settings of a prediction."""


def problems(exercise: Exercise) -> list[str]:
    """Sentences about the rules that an exercise breaks; its kernels are compiled and run."""
    return [f"{exercise.id} {exercise.slug}: {text}" for text in _problems(exercise)]


def _problems(exercise: Exercise) -> Iterator[str]:
    yield from _card(exercise)
    yield from _files(exercise)
    yield from _mutants(exercise)
    yield from _checks(exercise)
    yield from proof.problems(exercise)


def _card(exercise: Exercise) -> Iterator[str]:
    if not 1 <= exercise.stars <= 5:
        yield f"stars must be 1 to 5; it is {exercise.stars}"
    if not 5 <= exercise.minutes <= 90:
        yield f"minutes must be 5 to 90; it is {exercise.minutes}"
    total = sum(check.points for check in exercise.checks)
    if total != exercise.points:
        yield f"points must be the sum over the checks, {total}; it is {exercise.points}"
    if len(exercise.hints) != 3 or any(len(hint.split()) < 5 for hint in exercise.hints):
        yield "hints must be three sentences: concept, place, shape of the fix"
    if not exercise.task.strip().endswith((".", "?")):
        yield "task must be one or two sentences"
    if not exercise.functions:
        yield "functions must name what is called"
    if exercise.topic[:2] >= "02" and not exercise.reuses:
        yield "reuses must name what it takes from earlier chapters"


def _files(exercise: Exercise) -> Iterator[str]:
    for kind, folder in (("stub", paths.STUBS), ("solution", paths.SOLUTIONS)):
        if not (folder / exercise.path).is_file():
            yield f"there must be a {kind} at {folder.name}/{exercise.path}"
            return
    stub = catalogue.stub_text(exercise)
    lines = stub.count("\n")
    if lines > STUB_LINES:
        yield f"the stub must have at most {STUB_LINES} lines; it has {lines}"
    if stub.count("TODO") != 1:
        yield f"the stub must have one TODO; it has {stub.count('TODO')}"
    if f"kbk check {exercise.id}" not in stub:
        yield f"the stub must say how to check it: `kbk check {exercise.id}`"
    if "TODO" in catalogue.solution_text(exercise):
        yield "the solution must have no TODO left"


def _mutants(exercise: Exercise) -> Iterator[str]:
    if len(exercise.mutants) < LEAST_MUTANTS:
        yield f"there must be {LEAST_MUTANTS} mutants; there are {len(exercise.mutants)}"
    names = {check.name for check in exercise.checks}
    for mutant, check in {**exercise.mutants, "(the stub)": exercise.stub[0]}.items():
        if check not in names:
            yield f"{mutant} must fail a check that exists; {check!r} does not"
    if exercise.stub[1] not in VERDICTS or exercise.stub[1] == "pass":
        yield f"the stub's verdict must be one of those that fail; it is {exercise.stub[1]!r}"
    if paths.MUTANTS is None:
        return
    folder = paths.MUTANTS / exercise.topic / exercise.stem
    there = {file.stem for file in folder.glob(f"*{exercise.suffix}")}
    texts: dict[str, str] = {}
    for file in sorted(folder.glob(f"*{exercise.suffix}")):
        twin = texts.setdefault(file.read_text(), file.stem)
        if twin != file.stem:
            yield f"the mutants {twin} and {file.stem} must differ"
        if not mistakes.mistake_of(file.read_text()):
            yield f"{file.name} must say in its first line what is wrong: `// Mistake: ...`"
    if there and not mistakes.is_fresh(exercise):
        yield "it has changed: `python -m kbk.grade.mistakes` learns how its mutants fail now"
    for missing in sorted(set(exercise.mutants) - there):
        yield f"the mutant {missing} must be a file in {folder.name}/"
    for extra in sorted(there - set(exercise.mutants)):
        yield f"{folder.name}/{extra}{exercise.suffix} must be named in mutants, with its check"


def _checks(exercise: Exercise) -> Iterator[str]:
    asked = 0
    for check in exercise.checks:
        cases = list(check.cases(random.Random("rules")))
        if not cases:
            yield f"the check {check.name!r} must have cases"
        again = list(check.cases(random.Random("rules")))
        if len(again) != len(cases):
            yield f"the check {check.name!r} must draw only from the rng that it is given"
        asked += sum(isinstance(case, Ask) for case in cases)
        for case in cases:
            if case.function not in exercise.functions:
                yield f"the check {check.name!r} calls {case.function}, which functions lacks"
                break
            if isinstance(case, Case) and not case.label:
                yield f"each case of the check {check.name!r} must have a label"
                break
    if exercise.kind == "predict" and asked < LEAST_DRAWS:
        yield f"a prediction must be drawn {LEAST_DRAWS} times; it is asked {asked} times"
    if exercise.kind == "fix" and not any(check.name == "their test" for check in exercise.checks):
        yield "a fix must have the weak test that its stub passes, as the check 'their test'"
    if exercise.kind == "optimise" and not any(check.gate for check in exercise.checks):
        yield "an optimise exercise must have a gate"


def mutant_files(exercise: Exercise) -> dict[str, Path]:
    """File of each declared mutant, by name; in a clone only."""
    assert paths.MUTANTS is not None
    folder = paths.MUTANTS / exercise.topic / exercise.stem
    return {name: folder / f"{name}{exercise.suffix}" for name in exercise.mutants}
