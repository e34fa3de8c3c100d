"""A temporary tree in which tests make, finish and break exercises of an author."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kbk.grade import Exercise, catalogue, mistakes
from kbk.grade.authoring import mutant_files
from kbk.grade.authoring.new import make
from kbk.grade.authoring.texts import UNFINISHED
from kbk.grade.stand_ins import STAND_INS

WRONG = {
    ".cu": [
        ("i < n", "i < n - 1", "the last element is left out"),
        ("i < n", "i < n && i < 4096", "elements behind 4,096 are left out"),
        ("2 * x[i]", "3 * x[i]", "the factor is wrong"),
        ("2 * x[i]", "x[i]", "the factor is forgotten"),
        ("i < n", "0 < i && i < n", "the first element is left out"),
    ],
    ".py": [
        ("-(-n // 32)", f"{wrong}", f"warps are counted as {wrong}")
        for wrong in ("n // 32 + 1", "n", "-(-n // 64)", "-(-n // 16)")
    ],
}
"""Lines of the solution, what becomes of them in a mutant, and the mistake."""


class Tree:
    """The folders of a clone, empty but for what a test makes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.record = root / "mistakes.json"

    def make(self, place: str, kind: str = "fill") -> Exercise:
        """Make an exercise, as `kbk author new` does."""
        return catalogue.find(make(place, kind).id)

    def finished(self, place: str, kind: str = "fill") -> Exercise:
        """An exercise with nothing left to do; a record says that every mutant is stopped."""
        exercise = self.make(place, kind)
        solution = self.file("solutions", exercise)
        more = []
        for number, (old, new, mistake) in enumerate(WRONG[exercise.suffix][-4:]):
            comment = "#" if exercise.suffix == ".py" else "//"
            text = solution.read_text().replace(old, new, 1)
            file = next(iter(mutant_files(exercise).values())).with_stem(f"wrong_{number}")
            file.write_text(f"{comment} Mistake: {mistake}.\n\n{text}")
            more.append(f'        "wrong_{number}": "{next(iter(exercise.mutants.values()))}",')
        self.edit(
            exercise, "graders", "    mutants={\n", "    mutants={\n" + "\n".join(more) + "\n"
        )
        for file in [p for p in self.root.rglob("*") if p.suffix in (".cu", ".py")]:
            lines = file.read_text().splitlines(keepends=True)
            file.write_text("".join(line for line in lines if UNFINISHED not in line))
        return self.recorded(self.again(exercise))

    def recorded(self, exercise: Exercise) -> Exercise:
        """Write a record by which all is well."""
        kills = {n: {"check": c, "verdict": "wrong-answer"} for n, c in exercise.mutants.items()}
        made = {
            "stamp": mistakes.stamp_of(exercise),
            "mistakes": {},
            "kills": kills,
            "trivial": dict.fromkeys(STAND_INS, exercise.stub[0]),
        }
        self.record.write_text(json.dumps({"exercises": {exercise.id: made}}))
        mistakes.forget()
        return exercise

    def file(self, tree: str, exercise: Exercise) -> Path:
        """Its file in one of the trees."""
        if tree == "graders":
            return self.root / tree / exercise.topic / f"test_{exercise.stem}.py"
        return self.root / tree / exercise.path

    def edit(self, exercise: Exercise, tree: str, old: str, new: str) -> Exercise:
        """Change a file; returns the exercise as it is then."""
        file = self.file(tree, exercise)
        text = file.read_text()
        assert old in text, f"{old!r} is not in {file}"
        file.write_text(text.replace(old, new))
        return self.again(exercise)

    def again(self, exercise: Exercise) -> Exercise:
        """The exercise as its files say now."""
        catalogue._all.cache_clear()
        return catalogue.find(exercise.id)


Change = Callable[[Tree, Exercise], Exercise]


@pytest.fixture
def author_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Empty folders in place of the repository's."""
    for name in ("stubs", "solutions", "graders", "mutants"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(f"kbk.paths.{name.upper()}", tmp_path / name)
    monkeypatch.setenv("KBK_EXERCISES", str(tmp_path / "exercises"))
    monkeypatch.setattr(mistakes, "FILE", tmp_path / "mistakes.json")
    monkeypatch.setattr(catalogue, "_all", _fresh())
    mistakes.forget()
    yield Tree(tmp_path)  # type: ignore[misc]
    mistakes.forget()


def _fresh() -> Callable[[Path], tuple[Exercise, ...]]:
    """Like catalogue._all, with a memory of its own."""
    from functools import lru_cache

    return lru_cache(maxsize=1)(catalogue._all.__wrapped__)
