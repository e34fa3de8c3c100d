"""Rules for the files of an exercise: stub, solution and wrong kernels, as texts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from kbk import paths
from kbk.grade import catalogue, learner, mistakes
from kbk.grade.authoring.rules import Rule
from kbk.grade.exercise import Exercise
from kbk.grade.report import VERDICTS

STUB_LINES = 120
"""Most lines of a stub."""
LEAST_MUTANTS = 5
UNFINISHED = "AUTHOR:"
"""Marks what `kbk author new` leaves to the author; the rest of the line says what to do."""
_NO_CODE = re.compile(r"\s*((//|#|/\*|\*).*|[(){}\[\];,]*)$")  # comments, brackets alone, nothing


def budget(exercise: Exercise) -> int:
    """Most lines that a learner of this chapter is asked to write."""
    chapter = exercise.topic[:2]
    return 15 if chapter <= "02" else 40 if chapter <= "07" else 60


def written(stub: str, solution: str) -> int:
    """Lines of code that the solution has and the stub has not."""
    before, after = ([line.strip() for line in text.splitlines()] for text in (stub, solution))
    return sum(
        line.startswith("+ ") and not _NO_CODE.match(line[2:])
        for line in difflib.ndiff(before, after)
    )


def _trees(exercise: Exercise) -> Iterator[tuple[str, Path]]:
    yield "stub", paths.STUBS / exercise.path
    yield "solution", paths.SOLUTIONS / exercise.path


def shown(file: Path) -> str:
    """A path from the repository's root, as an editor takes it; of another tree, its end."""
    root = paths.REPOSITORY
    if root is not None and file.is_relative_to(root):
        return file.relative_to(root).as_posix()
    return "/".join(file.parts[-3:])


def files(exercise: Exercise) -> Iterator[str]:
    for kind, file in _trees(exercise):
        if not file.is_file():
            yield f"there must be a {kind} at {shown(file)}"
    mine = learner.tree() / exercise.path
    if not mine.is_file():
        yield f"there must be the stub's text, for the learner to edit, at {shown(mine)}"


def has_files(exercise: Exercise) -> bool:
    """Whether stub and solution can be read."""
    return all(file.is_file() for _, file in _trees(exercise))


def stub_lines(exercise: Exercise) -> Iterator[str]:
    if has_files(exercise) and (lines := catalogue.stub_text(exercise).count("\n")) > STUB_LINES:
        yield f"the stub must have at most {STUB_LINES} lines; it has {lines}"


def one_todo(exercise: Exercise) -> Iterator[str]:
    if not has_files(exercise):
        return
    count = catalogue.stub_text(exercise).count("TODO")
    if count != 1:
        yield f"the stub must have one TODO, where the work is; it has {count}"
    if "TODO" in catalogue.solution_text(exercise):
        yield "the solution must have no TODO left"


def says_check(exercise: Exercise) -> Iterator[str]:
    command = f"kbk check {exercise.id}"
    if has_files(exercise) and command not in catalogue.stub_text(exercise):
        yield f"the stub must say how to check it: `{command}`"


def lines_to_write(exercise: Exercise) -> Iterator[str]:
    if not has_files(exercise):
        return
    count = written(catalogue.stub_text(exercise), catalogue.solution_text(exercise))
    most = budget(exercise)
    if count > most:
        yield (
            f"at most {most} lines must be left to write in chapter {exercise.topic[:2]}; the "
            f"solution has {count} that the stub lacks. Give more of it in the stub"
        )


def unfinished(exercise: Exercise) -> Iterator[str]:
    texts = [exercise.grader, *(file for _, file in _trees(exercise))]
    for file in [*texts, *mutants_there(exercise).values()]:
        if not file.is_file():
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if UNFINISHED in line:
                yield f"{shown(file)}:{number}: {line.partition(UNFINISHED)[2].strip()}"


def mutant_files(exercise: Exercise) -> dict[str, Path]:
    """File of each declared mutant, by name; in a clone only."""
    assert paths.MUTANTS is not None
    folder = paths.MUTANTS / exercise.topic / exercise.stem
    return {name: folder / f"{name}{exercise.suffix}" for name in exercise.mutants}


def mutants_there(exercise: Exercise) -> dict[str, Path]:
    """The files of wrong kernels that there are, by name; none in an installed package."""
    if paths.MUTANTS is None:
        return {}
    folder = paths.MUTANTS / exercise.topic / exercise.stem
    return {file.stem: file for file in sorted(folder.glob(f"*{exercise.suffix}"))}


def five_mutants(exercise: Exercise) -> Iterator[str]:
    count = len(exercise.mutants)
    if count < LEAST_MUTANTS:
        yield (
            f"there must be {LEAST_MUTANTS} mutants; there are {count}. Each is the solution with "
            "one mistake that somebody might make"
        )


def named_checks(exercise: Exercise) -> Iterator[str]:
    names = {check.name for check in exercise.checks}
    for mutant, check in {**exercise.mutants, "(the stub)": exercise.stub[0]}.items():
        if check not in names:
            yield f"{mutant} must fail a check that exists; {check!r} does not"
    if exercise.stub[1] not in VERDICTS or exercise.stub[1] == "pass":
        yield f"the stub's verdict must be one of those that fail; it is {exercise.stub[1]!r}"


def mutant_per_name(exercise: Exercise) -> Iterator[str]:
    if paths.MUTANTS is None:
        return
    there, folder = mutants_there(exercise), exercise.stem
    for missing in sorted(set(exercise.mutants) - set(there)):
        yield f"the mutant {missing} must be a file in {folder}/"
    for extra in sorted(set(there) - set(exercise.mutants)):
        yield f"{folder}/{extra}{exercise.suffix} must be named in mutants, with its check"


def mistakes_differ(exercise: Exercise) -> Iterator[str]:
    texts: dict[str, str] = {}
    for name, file in mutants_there(exercise).items():
        lines = file.read_text().splitlines()
        twin = texts.setdefault("\n".join(line for line in lines if not _header(line)), name)
        if twin != name:
            yield f"the mutants {twin} and {name} must differ"
        if not mistakes.mistake_of(file.read_text()):
            yield f"{file.name} must say in its first line what is wrong: `// Mistake: ...`"


def _header(line: str) -> bool:
    return bool(re.match(r"(//|#|\"\"\") ?(Mistake|Old): ", line)) or not line.strip()


def old_of(text: str) -> str:
    """The earlier exercise whose mistake a mutant repeats, "01/03"; "" if it says none."""
    found = re.search(r"^(?://|#)? ?Old: (\d\d/\d\d)\b", "\n".join(text.splitlines()[:3]), re.M)
    return found[1] if found else ""


def old_mistake(exercise: Exercise) -> Iterator[str]:
    if exercise.topic[:2] < "02" or paths.MUTANTS is None:
        return
    named = {name: old_of(file.read_text()) for name, file in mutants_there(exercise).items()}
    if not any(named.values()):
        yield (
            "a mutant must repeat a mistake of an earlier exercise, and say so below its first "
            "line: `// Old: 01/03`"
        )
    known = {each[:5] for each in exercise.reuses} | {each[:2] for each in exercise.reuses}
    for name, old in named.items():
        if old and (old >= exercise.id or not {old, old[:2]} & known):
            yield f"{name} repeats a mistake of {old}, which must be earlier and be in reuses"


def recorded(exercise: Exercise) -> Iterator[str]:
    if mutants_there(exercise) and not mistakes.is_fresh(exercise):
        yield (
            f"it has changed: `python -m kbk.grade.mistakes {exercise.id}` learns how its mutants "
            "fail now"
        )


RULES: tuple[Rule[Exercise], ...] = (
    Rule("files", "There is a stub, its text to edit, and a solution.", files),
    Rule("stub-lines", f"A stub has at most {STUB_LINES} lines.", stub_lines),
    Rule("todo", "A stub has one TODO, a solution none.", one_todo),
    Rule("says-check", "A stub says how to check it.", says_check),
    Rule("budget", "At most 15, 40 or 60 lines are left to write.", lines_to_write),
    Rule("unfinished", f"Nothing is marked {UNFINISHED}", unfinished),
    Rule("mutants", f"There are at least {LEAST_MUTANTS} mutants.", five_mutants),
    Rule("named-checks", "Stub and mutants name a check that stops them.", named_checks),
    Rule("mutant-files", "Each mutant is a file, and each file a mutant.", mutant_per_name),
    Rule("mistakes", "Mutants differ, and each says its mistake.", mistakes_differ),
    Rule("old", "From chapter 02 on a mutant repeats an old mistake.", old_mistake),
    Rule("recorded", "How its mutants fail has been recorded.", recorded),
)
