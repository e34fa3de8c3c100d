"""Each rule of `kbk author check` is seen to catch what it is for, and to say how to mend it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kbk import paths
from kbk.cli import app
from kbk.grade import Exercise, authoring, catalogue, mistakes
from kbk.grade.authoring import chapters, ledger, pages, runs, texts
from kbk.grade.authoring.chapters import Chapter
from tests.grade.authored import Change, Tree

HERE = "02_activation/01_twice"
CUT = "<this line was cut>\n"


def edit(tree: str, old: str, new: str) -> Change:
    return lambda t, e: t.edit(e, tree, old, new)


def grader(old: str, new: str) -> Change:
    """An edit of the grader; the record stays fresh, so that one rule alone is broken."""
    return lambda t, e: t.recorded(t.edit(e, "graders", old, new))


def mutant(text: Callable[[str], str], name: str = "wrong_0") -> Change:
    def change(tree: Tree, exercise: Exercise) -> Exercise:
        file = authoring.mutant_files(exercise)[name]
        file.write_text(text(file.read_text()))
        return tree.recorded(exercise)

    return change


def record(key: str, name: str, value: Any) -> Change:
    def change(tree: Tree, exercise: Exercise) -> Exercise:
        known = json.loads(tree.record.read_text())
        known["exercises"][exercise.id][key][name] = value
        tree.record.write_text(json.dumps(known))
        mistakes.forget()
        return exercise

    return change


def without(tree: str) -> Change:
    def change(t: Tree, exercise: Exercise) -> Exercise:
        t.file(tree, exercise).unlink()
        return exercise

    return change


def extra_mutant(tree: Tree, exercise: Exercise) -> Exercise:
    file = authoring.mutant_files(exercise)["wrong_0"]
    file.with_stem("stray").write_text("// Mistake: another one.\n\n" + file.read_text()[::-1])
    return tree.recorded(exercise)


OWN_RNG = "rng = random.Random()\n    x = values.uniform(rng, n)"
UNFAIR = 'expect=lambda: 2 * x.double(), tol=__import__("kbk.grade").grade.Tol(1e-6),'
CONSTANTS = """
@EXERCISE.check("numbers", points=0)
def numbers(rng: random.Random) -> Iterator[Ask]:
    for name in "abcd":
        yield Ask(name, expect=3)
"""

PLANTED: dict[str, tuple[str, Change, str]] = {
    "stars": ("fill", grader("stars=1", "stars=7"), "stars must be 1 to 5; it is 7"),
    "minutes": ("fill", grader("minutes=15", "minutes=400"), "Cut a longer one in two"),
    "points": ("fill", grader("points=8", "points=7"), "the sum over the checks, 9; it is 10"),
    "hints": ("fill", grader('"Look at the line', '"", "Look at the line'), "three sentences"),
    "task": ("fill", grader("body of the kernel.", "body"), "with a full stop"),
    "functions": ("fill", grader('functions=("twice",)', "functions=()"), "functions=(...)"),
    "reuses": ("fill", grader('reuses=("00/02",),', ""), 'reuses=("01/03",)'),
    "cited": ("fix", grader("sglang/issues/1", "sglang/blob/main/a.cu"), "addresses that stay"),
    "share": ("optimise", grader("points=3", "points=4"), "40% of the points"),
    "files": ("fill", without("solutions"), "there must be a solution at solutions/02_act"),
    "files to edit": ("fill", without("exercises"), "to edit, at exercises/02_activation/01_twice"),
    "stub-lines": ("fill", edit("stubs", "// TODO", "//\n" * 120 + "// TODO"), "at most 120"),
    "todo": ("fill", edit("stubs", "TODO", "todo"), "one TODO, where the work is; it has 0"),
    "says-check": ("fill", edit("stubs", "kbk check", "check"), "`kbk check 02/01`"),
    "budget": (
        "fill",
        edit("solutions", "  if (i < n)", "  int k = 0;\n" + "  ++k;\n" * 15 + "  if (i < n)"),
        "at most 15 lines must be left to write in chapter 02; the solution has 17",
    ),
    "unfinished": (
        "fill",
        edit("solutions", "constexpr", "// AUTHOR: do it.\nconstexpr"),
        "solutions/02_activation/01_twice.cu:9: do it.",
    ),
    "mutants": ("fill", grader('        "wrong_0": "every size",\n', ""), "there are 4"),
    "named-checks": ("fill", grader('_0": "every size"', '_0": "no"'), "wrong_0 must fail a check"),
    "mutant-files": ("fill", extra_mutant, "stray.cu must be named in mutants, with its check"),
    "mistakes": ("fill", mutant(lambda t: t.split("\n", 2)[2]), "must say in its first line"),
    "old": ("fill", mutant(lambda t: t.replace("// Old: 00/02\n", ""), "no_guard"), "Old: 01/03"),
    "recorded": ("fill", edit("graders", "31, 32", "32, 31"), "kbk.grade.mistakes 02/01"),
    "cases": ("fill", grader("1, 31, 32, 33, 1000, 4099", ""), "'every size' must have cases"),
    "seeded": ("fill", grader("x = values.uniform(rng, n)", OWN_RNG), "draw only from the rng"),
    "known-functions": ("fill", grader('        "twice",\n', '        "triple",\n'), "triple"),
    "labels": ("fill", grader('f"n = {n:,}"', '""'), "must have a label"),
    "why": ("fill", grader("expect=lambda: 2 * x.double(),", UNFAIR), "which errors it allows"),
    "draws": ("predict", grader("range(115)", "range(20)"), "asked 51 times"),
    "warm-up": ("predict", grader('@EXERCISE.check("req', CONSTANTS + '\n\n@EXERCISE.check("req'),
                "at most 3 plain numbers"),
    "drawing": ("predict", grader("answer=drawing", "answer=made"), "a list of tuples"),
    "their-test": ("fix", grader('"their test"', '"a test"'), "as the check 'their test'"),
    "gates": ("optimise", grader("gates=(excess,)", "trace=True"), "Gate(counter, target="),
    "traced-answers": ("predict", grader('return len(launch.stores("out"))', "return 7"),
                       "stay as they are when the trace is told wrongly"),
    "traced-gates": ("optimise", grader("2 * 256 * 28", "2 * 256 * 27"), "is 14,336, not 13,824"),
    "stub-verdict": ("fill", edit("stubs", "// TODO:", "out[i] = 1;  // TODO:"), "it fails with ("),
    "stub-right": ("optimise", edit("stubs", "2 * x[i]", "3 * x[i]"), "must pass 'every size'"),
    "solution": ("fill", edit("solutions", "2 * x[i]", "3 * x[i]"), "the solution must pass"),
    "stopped": ("fill", record("kills", "wrong_0", {"check": "", "verdict": ""}),
                "wrong_0 must be stopped by 'every size'; it passes everything"),
    "trivial": ("fill", record("trivial", "zeros", ""), "an output of zeros must fail a check"),
    "seconds": ("fill", lambda t, e: e, "Make its inputs smaller"),
}  # fmt: skip
"""Id of a rule -> the kind of an exercise that keeps it, how to break it, and what is then said."""


@pytest.mark.parametrize("name", PLANTED)
def test_a_rule_for_exercises_catches_what_is_planted(
    name: str,
    author_tree: Tree,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind, change, said = PLANTED[name]
    rule = next(each for each in authoring.EXERCISE_RULES if each.id == name.split()[0])
    exercise = author_tree.finished(HERE, kind)
    if name == "seconds":
        list(rule.check(exercise))  # builds
        assert list(rule.check(exercise)) == []
        monkeypatch.setattr(runs, "MOST_SECONDS", 0.0)
    else:
        assert list(rule.check(exercise)) == []
    told = list(rule.check(change(author_tree, exercise)))
    assert told and said in "\n".join(told)


def test_every_rule_has_something_planted() -> None:
    assert {each.split()[0] for each in PLANTED} == {rule.id for rule in authoring.EXERCISE_RULES}
    assert set(IN_PAGES) == {rule.id for rule in pages.RULES}
    assert set(IN_CHAPTERS) == {rule.id for rule in chapters.RULES}
    names = [rule.id for rule in authoring.RULES]
    assert len(set(names)) == len(names)


def test_paths_are_told_from_the_repositorys_root(author_tree: Tree) -> None:
    root = paths.REPOSITORY or Path()
    assert texts.shown(root / "tests/exercises/a/b.py") == "tests/exercises/a/b.py"
    assert texts.shown(root / "tests/mutants/a/b/c.cu") == "tests/mutants/a/b/c.cu"
    assert texts.shown(author_tree.root / "stubs/a/b.cu") == "stubs/a/b.cu"


def test_a_check_of_one_exercise_tells_of_a_gap_in_the_numbers_of_its_chapter(
    author_tree: Tree,
) -> None:
    author_tree.make("02_activation/01_twice")
    author_tree.make("03_rope/01_turn")
    author_tree.make("02_activation/09_late")
    done = CliRunner().invoke(app, ["author", "check", "02/09"])
    assert "numbered from 01 without gaps; they are 01, 09" in done.output
    assert "chapter 03" not in done.output


def test_the_lines_to_write_are_those_of_code() -> None:
    stub = "a();\n// TODO\n  b();\n"
    assert texts.written(stub, "a();\n// a comment\n\n{\n    b();\n}\n") == 0
    assert texts.written(stub, "a();\nc();\n// d\nd();\nb();\n") == 2


# Chapters.

SETUP = catalogue.all("00")
IN_CHAPTERS = {
    "chapter": (Chapter("77", SETUP), "there is no chapter 77"),
    "numbered": (Chapter("00", SETUP[1:]), "numbered from 01 without gaps; they are 02, 03"),
    "predicts": (Chapter("00", SETUP[1:]), "must be a prediction"),
    "another-op": (Chapter("00", SETUP[:5]), "must be an op that is not in the chapter"),
}


@pytest.mark.parametrize("name", IN_CHAPTERS)
def test_a_rule_for_chapters_catches_what_is_planted(name: str) -> None:
    rule = next(each for each in chapters.RULES if each.id == name)
    chapter, said = IN_CHAPTERS[name]
    assert list(rule.check(Chapter("00", SETUP))) == []
    assert said in "\n".join(rule.check(chapter))
    assert name == "chapter" or not list(rule.check(dataclasses.replace(chapter, finished=False)))


# Pages.

FIGURE = (
    '<figure><svg aria-label="Thirty-two lanes on four sectors."></svg><figcaption>Each request of '
    "the kernel touches four sectors.</figcaption><details><table></table></details>"
    '<a download="x.svg"></a></figure>'
)
IN_PAGES = {
    "parts": ("## All rungs", "## Rungs", "`## All rungs` must stand"),
    "card": (":chapter: 01", ":chapter: 02", "must have `:chapter: 01`"),
    "core": ("## Try first\n", "## Try first\n" + "word " * 9000, "at most 50 minutes"),
    "do": ("```{do} 01/03", "```{do} 01/02", "pointed to once"),
    "listed": ('kbk.exercises("01")', "", "must list them"),
    "key-points": ("\n- ", "\n* ", "there are 0"),
    "questions": ("\n4. ", "\n6. ", "five questions"),
    "early-terms": ("## Try first\n", "## Try first\nThe roofline.\n", "a term of chapter 02"),
    "new-terms": (
        "## Try first\n",
        "## Try first\n" + " ".join(f"*term {c}*" for c in "abcdefghijkl"),
        "at most 12 terms may be new",
    ),
    "glossary": ("## Try first\n", "## Try first\nA *blurb*.\n", "'blurb' must be in book/gloss"),
    "practised": ("* blockDim", "* size", "'index, guard, nothing to do' of chapter 00 must be"),
    "asks": ("**Predict.**", "**Think.**", "Rung 1 must ask before it shows"),
    "loses": ("an idea that loses", "an idea", "a rung must lose"),
    "wrong-kernel": ("load_inline", "load", "must compile a wrong kernel"),
    "glued": ("## Try first\n", "## Try first\nIt reaches 4,123 GB/s.\n", "'4,123 GB/s' must come"),
    "links": ("## Try first\n", "## Try first\n[x](https://github.com/a/b/blob/main/c)\n", "stay"),
    "figures": ("", "", "must have alternative text"),
}


@pytest.mark.parametrize("name", IN_PAGES)
def test_a_rule_for_pages_catches_what_is_planted(name: str) -> None:
    rule = next(each for each in pages.RULES if each.id == name)
    page = next(each for each in pages.all_pages() if each.number == "01")
    page = dataclasses.replace(page, html=FIGURE)
    assert list(rule.check(page)) == []
    old, new, said = IN_PAGES[name]
    assert old in page.text
    text = page.text.replace(old, new) if old else page.text
    if name == "wrong-kernel":
        text = text.replace("__global__", "")
    html = FIGURE.replace("aria-label", "class")
    assert said in "\n".join(rule.check(dataclasses.replace(page, text=text, html=html)))


def test_the_ledger_promises_each_concept_to_two_later_chapters() -> None:
    for concept in ledger.CONCEPTS:
        assert len(concept.again) >= 2, concept.name
        assert all(concept.introduced < each for each in concept.again), concept.name
        assert {concept.introduced, *concept.again} <= set(ledger.CHAPTERS)


def test_the_command_lists_the_rules() -> None:
    done = CliRunner().invoke(app, ["author", "check", "--rules"])
    assert done.exit_code == 0 and "budget" in done.output and "(a warning)" in done.output
