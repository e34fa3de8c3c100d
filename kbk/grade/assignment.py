"""What an instructor asks of a class: an assignment file (TOML), and hidden checks of their own.

All of it is optional::

    title = "Week 1"
    exercises = ["00", "01/02"]           # chapters and exercises; all by default
    hidden = ["00/02 written once"]       # checks of which students learn nothing but the result
    seed = 7                              # of the random inputs, the same for everybody
    extra = "hidden"                      # folder of further checks, beside this file
    extra_hidden = true                   # whether these are hidden; they are, by default

A file of further checks lies where the grader file does that it adds to, as
``hidden/00_setup/test_02_guard.py``, and declares them as that one does, on ``EXERCISE =
kbk.grade.extend("00/02")``.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from kbk.errors import ArgumentError, KbkError
from kbk.grade import catalogue
from kbk.grade.exercise import Exercise

TITLE = "Kernel by Kernel"
MOST_SEED = (1 << 32) - 1
_TYPES = {
    "title": (str, "a string"),
    "exercises": (list, "a list of exercises and chapters, as strings"),
    "hidden": (list, 'a list of checks, as strings like "00/02 written once"'),
    "seed": (int, f"a whole number from 0 to {MOST_SEED}"),
    "extra": (str, "the path of a folder"),
    "extra_hidden": (bool, "true or false"),
}


@dataclass(frozen=True)
class Assignment:
    """What is graded.

    Attributes:
        title: a few words.
        exercises: in the order of the book, with the further checks.
        hidden: names of the checks of which students learn only the result, by exercise.
        seed: of the random inputs; None leaves it to the run.
        extra: file of the further checks, by exercise.
    """

    title: str = TITLE
    exercises: tuple[Exercise, ...] = ()
    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict)
    seed: int | None = None
    extra: Mapping[str, Path] = field(default_factory=dict)

    def is_hidden(self, exercise: str, check: str) -> bool:
        """Whether students learn only the result of a check."""
        return check in self.hidden.get(exercise, frozenset())

    def apart(self, exercise: Exercise) -> frozenset[str]:
        """Checks of which the others may tell nothing: hidden ones, and all that are extra."""
        base = {check.name for check in catalogue.find(exercise.id).checks}
        more = {check.name for check in exercise.checks} - base
        return self.hidden.get(exercise.id, frozenset()) | more


def extend(name: str) -> Exercise:
    """A copy of an exercise, to declare further checks on.

    Args:
        name: "00/02" or "guard".

    Raises:
        ArgumentError: there is no such exercise.
    """
    extended = copy.copy(catalogue.find(name))
    extended.checks = list(extended.checks)
    return extended


def load(file: Path | None = None, names: Sequence[str] = ()) -> Assignment:
    """The assignment of a file; without one, every exercise and nothing hidden.

    Args:
        file: TOML, as the head of this module says.
        names: exercises or chapters; only these, of those in the file.

    Raises:
        KbkError: the file cannot be read, or an entry of it means nothing; names the entry.
    """
    data = {} if file is None else _read(file)
    where = "" if file is None else f"{file}: "
    for key, value in data.items():
        _known(key, value, where)
    try:
        exercises = _exercises(data.get("exercises"), "exercises")
        extra = _extra(data, file, exercises)
        exercises = tuple(extra.get(each.id, (each, None))[0] for each in exercises)
        hidden = _hidden(data.get("hidden", []), exercises)
    except ArgumentError as error:
        raise ArgumentError(f"{where}{error}") from None
    if data.get("extra_hidden", True):
        for name, (extended, _) in extra.items():
            base = {check.name for check in catalogue.find(name).checks}
            new = {check.name for check in extended.checks} - base
            hidden[name] = hidden.get(name, frozenset()) | new
    if names:
        chosen = _chosen(names, exercises)
        exercises = tuple(each for each in exercises if each.id in chosen)
    return Assignment(
        data.get("title", "").strip() or TITLE,
        exercises,
        hidden,
        data.get("seed"),
        {name: path for name, (_, path) in extra.items()},
    )


def valid_seed(seed: Any) -> bool:
    """Whether it can be the seed of the random inputs."""
    return isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed <= MOST_SEED


def _read(file: Path) -> dict[str, Any]:
    toml = _toml()
    try:
        data: dict[str, Any] = toml.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise KbkError(f"{file} must be an assignment file: {error}.") from error
    except ValueError as error:  # also of what is no UTF-8
        raise KbkError(f"{file} must be TOML in UTF-8: {error}.") from error
    return data


def _toml() -> Any:
    for name in ("tomllib", "tomli"):  # the first is in Python from 3.11 on
        try:
            return import_module(name)
        except ModuleNotFoundError:
            continue
    raise KbkError("an assignment file needs Python 3.11 or newer, or `pip install tomli`.")


def _known(key: str, value: Any, where: str) -> None:
    """Raise for a key that means nothing, or a value that is of another kind."""
    if key not in _TYPES:
        raise ArgumentError(f"{where}there is no entry {key!r}{_near(key, _TYPES)}.")
    kind, meant = _TYPES[key]
    good = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if good and kind is list:
        good = all(isinstance(each, str) for each in value)
    if good and key == "seed":
        good = valid_seed(value)
    if not good:
        raise ArgumentError(f"{where}{key} must be {meant}; it was {value!r}.")


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(map(repr, names))}"


def _exercises(names: list[str] | None, entry: str) -> tuple[Exercise, ...]:
    everything = catalogue.all()
    if names is None:
        return everything
    topics = {key for each in everything for key in (each.topic, each.topic[:2])}
    chosen = set()
    for name in names:
        try:
            found = catalogue.all(name) if name in topics else (catalogue.find(name),)
        except ArgumentError as error:
            raise ArgumentError(f"{entry}: {error}") from None
        chosen |= {each.id for each in found}
    if not chosen:
        raise ArgumentError(f"{entry} must name at least one exercise; it was [].")
    return tuple(each for each in everything if each.id in chosen)


def _chosen(names: Sequence[str], exercises: Sequence[Exercise]) -> set[str]:
    """Ids that names mean; a chapter means those of it that are asked."""
    asked = {each.id for each in exercises}
    chosen = set()
    for name in names:
        mine = asked & {each.id for each in _exercises([name], "names")}
        if not mine:
            raise ArgumentError(f"names must be of the assignment; {name!r} is not in it.")
        chosen |= mine
    return chosen


def _hidden(entries: list[str], exercises: Sequence[Exercise]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for entry in entries:
        name, _, check = entry.strip().partition(" ")
        try:
            wanted = catalogue.find(name).id
        except ArgumentError as error:
            raise ArgumentError(f"hidden: {error}") from None
        exercise = next((each for each in exercises if each.id == wanted), None)
        if exercise is None:
            raise ArgumentError(f"hidden: {entry!r} must be of an exercise of the assignment.")
        checks = [each.name for each in exercise.checks]
        if check.strip() not in checks:
            near = _near(check.strip(), checks)
            raise ArgumentError(f"hidden: {wanted} has no check {check.strip()!r}{near}.")
        found[wanted] = found.get(wanted, frozenset()) | {check.strip()}
    return found


def _extra(
    data: dict[str, Any], file: Path | None, exercises: Sequence[Exercise]
) -> dict[str, tuple[Exercise, Path]]:
    """Exercises that have further checks, each with the file that declares these."""
    if file is None or "extra" not in data:
        if "extra_hidden" in data:
            raise ArgumentError("extra_hidden is about the checks in extra, which is not given.")
        return {}
    folder = file.parent / data["extra"]
    if not folder.is_dir():
        raise ArgumentError(f"extra must be a folder beside the file; {folder} is none.")
    files = sorted(folder.glob("[0-9]*_*/test_*.py"))
    if not files:
        raise ArgumentError(f"extra must hold files like 00_setup/test_02_guard.py; {folder} none.")
    found = {}
    for each in files:
        place = f"{each.parent.name}/{each.stem.removeprefix('test_')}"
        base = next((e for e in exercises if f"{e.topic}/{e.stem}" == place), None)
        if base is None:
            raise ArgumentError(f"extra: {each} must be of an exercise of the assignment.")
        found[base.id] = (_extended(each, base), each)
    return found


def _extended(file: Path, base: Exercise) -> Exercise:
    try:
        extended = catalogue.load(file)
    except KbkError as error:
        raise ArgumentError(f"extra: {error}") from None
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ArgumentError(f"extra: {file} cannot be loaded: {reason}") from error
    count = len(base.checks)
    same = extended.title == base.title and extended.checks[:count] == base.checks
    if not same or len(extended.checks) == count:
        raise ArgumentError(
            f'extra: {file} must add checks to EXERCISE = kbk.grade.extend("{base.id}").'
        )
    extended.points = sum(check.points for check in extended.checks)
    # Those about cost run last and stand last: the first that fails gives the verdict.
    extended.checks.sort(key=lambda check: check.gate)
    return extended.bind(base.grader)
