"""The verbs of `kbk author`, and how a verb ends with one sentence where something is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from kbk.errors import KbkError

if TYPE_CHECKING:
    from kbk.grade.authoring.rules import Broken

app = typer.Typer(help="For authors of exercises.", no_args_is_help=True)


@app.command("check")
def check(
    name: Annotated[
        str, typer.Argument(help="An exercise, with its chapter; by default all, and the pages.")
    ] = "",
    rules: Annotated[bool, typer.Option("--rules", help="List the rules and stop.")] = False,
) -> None:
    """Check the rules for exercises, chapters and pages; say how to mend what is broken.

    Kernels are compiled and run: numbers of gates, answers of predictions, stub and solution.
    Exit status: 0 if every rule holds; warnings do not count.
    """
    with clear_errors():
        import kbk.grade.authoring as authoring
        from kbk.grade import catalogue

        if rules:
            for rule in authoring.RULES:
                print(f"{rule.id:<15} {rule.says}{' (a warning)' if rule.warns else ''}")
            raise typer.Exit(0)
        exercises = [catalogue.find(name)] if name else list(catalogue.all())
        count, found = len(exercises), []
        for exercise in exercises:
            found += _shown(authoring.of_exercise(exercise))
        found += _shown(authoring.of_chapters(exercises[0].topic[:2] if name else ""))
        if not name:
            found += _shown(authoring.of_pages())
            unbuilt = [page.file.name for page in authoring.pages.all_pages() if not page.html]
            if unbuilt:
                print(f"figures were not looked at: make book builds {', '.join(unbuilt)}")
    broken = sum(not each.rule.warns for each in found)
    print(f"{count} exercise{'s' if count != 1 else ''}, {broken} rules broken")
    raise typer.Exit(1 if broken else 0)


def _shown(found: list[Broken]) -> list[Broken]:
    for each in found:
        print(each, flush=True)
    return found


@app.command("new")
def new(
    place: Annotated[str, typer.Argument(help="Folder and file, like 03_rope/07_my_idea.")],
    kind: Annotated[str, typer.Option(help="predict, fill, fix, optimise or build.")] = "fill",
    title: Annotated[str, typer.Option(help="A few words; by default from the name.")] = "",
) -> None:
    """Make the files of an exercise: stub, solution, grader and a first mutant, which work.

    What is left to do is marked AUTHOR: in them; `kbk author check` lists it.
    """
    with clear_errors():
        from kbk.grade.authoring.new import make

        made = make(place, kind, title)
    for file in made.files:
        print(f"made {file}")
    print(f"next: kbk author check {made.id}")


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn an error of ours into one sentence."""
    try:
        yield
    except KbkError as error:
        fail(str(error), 2)
    except ModuleNotFoundError as error:
        if error.name != "kbk.grade.authoring":
            raise
        fail("kbk author works in a clone of the repository; this is an installed kbk", 2)


def fail(sentence: str, status: int) -> NoReturn:
    """End with a sentence and a status."""
    print(sentence, file=sys.stderr)
    raise typer.Exit(status)
