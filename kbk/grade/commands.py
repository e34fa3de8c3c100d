"""The verbs of ``kbk`` that are about exercises. Torch is imported only when one of them runs."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from kbk.errors import KbkError
from kbk.grade import author
from kbk.grade.author import clear_errors, fail

if TYPE_CHECKING:
    from kbk.grade.exercise import Exercise
    from kbk.grade.report import Report

Name = Annotated[str, typer.Argument(help="An exercise: 00/02, guard, or the path of its file.")]

_TABLE = 80
"""Columns that the table of the exercises takes; a narrower terminal gets a line for each."""


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    for verb, function in (
        ("list", list_exercises),
        ("check", check),
        ("watch", watch),
        ("hint", hint),
        ("solution", solution),
        ("reset", reset),
    ):
        app.command(verb)(function)
    app.add_typer(author.app, name="author")


def list_exercises(
    chapter: Annotated[str, typer.Argument(help="A chapter, like 00; all by default.")] = "",
) -> None:
    """List the exercises: what they are worth, and how yours stand."""
    with clear_errors():
        from kbk.grade import learner

        exercises = learner.offered(chapter)
        rows = [
            (
                each.id,
                each.title,
                each.kind,
                "★" * each.stars,
                f"{each.minutes} min",
                f"{stands.earned}/{each.points}",
                stands.state,
            )
            for each in exercises
            for stands in [learner.standing(each)]
        ]
    console = Console(highlight=False)
    if console.is_terminal and console.width < _TABLE:
        from kbk.grade.watching import screen

        shown = screen.listing(console.width, only=exercises)
        sys.stdout.write(screen.painted(shown, True, console.width))
    elif console.is_terminal:
        table = Table(box=None, pad_edge=False)
        for title in ("", "exercise", "kind", "", "time", "points", "state"):
            table.add_column(title, justify="right" if title in ("time", "points") else "left")
        for row in rows:
            style = {"pass": "green", "not attempted": "dim"}.get(row[-1], "yellow")
            table.add_row(*row[:-1], f"[{style}]{row[-1]}[/]")
        console.print(table)
    else:
        for row in rows:
            print(
                f"{row[0]}  {row[1]:<32} {row[2]:<8} {row[3]:<5} {row[4]:>6} {row[5]:>6}  {row[6]}"
            )
    total = sum(each.points for each in exercises)
    earned = sum(int(row[5].split("/")[0]) for row in rows)
    print(f"{earned} of {total} points. Next: kbk check")


def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Exercises or chapters (00); by default the next one to solve."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every exercise.")] = False,
    seed: Annotated[
        int | None, typer.Option(help="Of the random inputs of an earlier check.")
    ] = None,
    gpu: Annotated[bool, typer.Option("--gpu", help="Run on the GPU; counts no accesses.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list of reports.")] = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Say what is asked, and by what it is judged."),
    ] = False,
) -> None:
    """Grade your files and say what is wrong.

    Exit status: 0 if everything passed, 1 if not, 2 if a name means nothing.
    """
    with clear_errors():
        from kbk.grade import process

        if not explain:
            process.prestart("cu", 2)  # torch is imported there and here at the same time
        exercises = _chosen(names or [], everything)
        if gpu:
            from kbk.build.toolchain import cuda_available

            if not cuda_available():
                raise KbkError(
                    "--gpu needs an NVIDIA GPU and nvcc; `kbk doctor` says what is missing."
                )
    if not exercises:
        print("Every exercise has passed.")
        raise typer.Exit(0)
    if explain:
        from kbk.grade import declared

        for number, exercise in enumerate(exercises):
            sys.stdout.write("\n" if number else "")
            declared.show(exercise, secrets.randbelow(1 << 32) if seed is None else seed)
        raise typer.Exit(0)
    reports = []
    for report in _graded(exercises, seed, "cuda" if gpu else "cpu"):
        reports.append(report)
        if not as_json:
            _print(report)
    if as_json:
        print(json.dumps([report.as_dict() for report in reports], indent=1))
    elif len(reports) > 1:
        passed = sum(report.ok for report in reports)
        points = sum(report.earned for report in reports)
        total = sum(report.points for report in reports)
        print(f"\n{passed} of {len(reports)} exercises passed, {points} of {total} points.")
    raise typer.Exit(0 if all(report.ok for report in reports) else 1)


def watch(
    name: Annotated[
        str, typer.Argument(help="An exercise; by default the next one to solve.")
    ] = "",
    seed: Annotated[
        int | None, typer.Option(help="Of the random inputs; by default new ones each time.")
    ] = None,
) -> None:
    """Grade an exercise whenever its file is saved, until you quit.

    Keys: n next, h hint, l list, r reset, s solution, c check again, q quit. Where the output is no
    terminal, each verdict is printed below the last one, and Ctrl-C ends.
    """
    with clear_errors():
        from kbk.grade import process

        process.prestart("cu", 2)
        from kbk.grade import catalogue, learner
        from kbk.grade.watching import loop

        exercise = catalogue.find(name) if name else learner.next_open() or catalogue.all()[0]
        status = loop.watch(exercise, seed)
    raise typer.Exit(status)


def _chosen(names: list[str], everything: bool) -> list[Exercise]:
    from kbk.grade import catalogue, learner

    if everything:
        return list(catalogue.all())
    if not names:
        following = learner.next_open()
        return [following] if following else []
    chosen: list[Exercise] = []
    topics = {key for each in catalogue.all() for key in (each.topic, each.topic[:2])}
    for name in names:
        found = catalogue.all(name) if name in topics else (catalogue.find(name),)
        chosen += [each for each in found if each not in chosen]
    return chosen


def _graded(exercises: list[Exercise], seed: int | None, machine: str) -> Iterator[Report]:
    """Reports in order; several exercises are graded at the same time."""
    from kbk.grade import learner
    from kbk.grade.cancel import cancellable

    console = Console(stderr=True, highlight=False)
    at_once = min(len(exercises), os.cpu_count() or 1) if machine == "cpu" else 1
    ended = threading.Event()

    def one(exercise: Exercise) -> Report:
        with cancellable(ended):
            return learner.check(exercise, seed=seed, machine=machine)

    with _signals_as_exits(), ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(one, each) for each in exercises]
        for exercise, future in zip(exercises, futures, strict=True):
            try:
                if console.is_terminal:
                    with console.status(f"checking {exercise.id} {exercise.title}"):
                        yield future.result()
                else:
                    yield future.result()
            except BaseException as error:
                ended.set()  # what still runs ends now; nobody waits for a kernel that hangs
                pool.shutdown(cancel_futures=True)
                if isinstance(error, KbkError):
                    fail(str(error), 2)
                raise


@contextmanager
def _signals_as_exits() -> Iterator[None]:
    """Let a signal that ends the program do it as an exception: the cursor comes back."""
    names = ("SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {}
    with suppress(ValueError):  # not the main thread
        before = {number: signal.signal(number, _leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _print(report: Report) -> None:
    from kbk.grade.show import as_rich, as_text

    console = Console(highlight=False, soft_wrap=True)
    if console.is_terminal:
        console.print(as_rich(report, console.width))
    else:
        print(as_text(report, _asked_width()))
    if report.ok:
        from kbk.grade import learner

        following = learner.next_open()
        if following is not None:
            print(f"  next: {following.id} {following.title}, exercises/{following.path}")


def _asked_width() -> int | None:
    """Columns for a file or a pipe: those that COLUMNS asks for, at least 20; else any."""
    given = os.environ.get("COLUMNS", "")
    return max(int(given), 20) if given.isdecimal() and len(given) < 6 else None


def hint(
    name: Name,
    level: Annotated[int | None, typer.Option(help="1: concept, 2: place, 3: shape.")] = None,
) -> None:
    """Give the next hint: the concept, then the place, then the shape of the fix."""
    with clear_errors():
        from kbk.grade import catalogue, learner

        exercise = catalogue.find(name)
        number, text = learner.hint(exercise, level)
    last = ", the last" if number == len(exercise.hints) else ""
    from kbk.grade.show import wrapped

    console = Console(highlight=False)
    line = f"{exercise.id} {exercise.title}, hint {number} of {len(exercise.hints)}{last}: {text}"
    print("\n".join(wrapped(line, console.width if console.is_terminal else _asked_width())))


def solution(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Print the solution; asks first if your own does not pass yet."""
    with clear_errors():
        from kbk.grade import catalogue, learner

        exercise = catalogue.find(name)
        if not yes and not learner.may_see_solution(exercise):
            if not sys.stdin.isatty():
                raise KbkError(
                    f"{exercise.id} has not passed yet; --yes shows the solution anyway."
                )
            typer.confirm(f"{exercise.id} has not passed yet. Show the solution?", abort=True)
        text = catalogue.solution_text(exercise)
    sys.stdout.write(text)


def reset(name: Name) -> None:
    """Put the stub back; what you wrote is kept as a copy."""
    with clear_errors():
        from kbk.grade import catalogue, learner

        exercise = catalogue.find(name)
        kept = learner.reset(exercise)
    print(f"{learner.file_of(exercise)} is as it came.")
    if kept is not None:
        print(f"What was there is in {kept}")
