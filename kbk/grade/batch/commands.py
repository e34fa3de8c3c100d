"""The verb ``kbk grade``. What it needs is imported when it runs."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from kbk.errors import KbkError


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("grade")(grade)


def grade(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Exercises or chapters of the assignment; all by default."),
    ] = None,
    submissions: Annotated[
        Path | None, typer.Option(help="Folder with a folder or a zip for each student.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; a rerun grades what is new.")
    ] = None,
    assignment: Annotated[
        Path | None, typer.Option(help="TOML: exercises, hidden checks, seed, title.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Gradings at a time; by default one for each core.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the random inputs, the same for everybody.")
    ] = None,
    gradescope: Annotated[
        Path | None, typer.Option(help="Grade nothing: write an autograder for Gradescope, a .zip.")
    ] = None,
    classroom: Annotated[
        Path | None,
        typer.Option(help="Grade nothing: make this folder a template for GitHub Classroom."),
    ] = None,
) -> None:
    """Grade a class: every submission in a folder, for an instructor.

    Exit status: 0 if all of it was graded, 2 if something could not be, 130 after Ctrl-C.
    """
    with clear_errors():
        if gradescope is not None or classroom is not None:
            _hand_over(
                gradescope, classroom, assignment, submissions or out or jobs or seed or names
            )
            raise typer.Exit(0)
        if submissions is None or out is None:
            raise KbkError("kbk grade needs --submissions DIR and --out DIR.")
        from kbk.grade.batch.run import grade_all

        with _ended_like_ctrl_c():
            status = grade_all(
                submissions, out, assignment=assignment, jobs=jobs, seed=seed, names=names or ()
            )
    raise typer.Exit(status)


def _hand_over(
    gradescope: Path | None, classroom: Path | None, assignment: Path | None, more: object
) -> None:
    """Write what other systems grade with."""
    if more:
        raise KbkError("--gradescope and --classroom go with --assignment alone: it has the seed.")
    from kbk.grade.export import classroom as classrooms
    from kbk.grade.export import gradescope as gradescopes

    if gradescope is not None:
        gradescopes.write_zip(gradescope, assignment)
        print(f"{gradescope}: upload it as the autograder of a programming assignment.")
    if classroom is not None:
        written = classrooms.write_folder(classroom, assignment)
        print(f"{classroom}: {len(written)} files written; commit them, make it a template.")


@contextlib.contextmanager
def clear_errors() -> Iterator[None]:
    """Turn an error of ours into one sentence, and status 2."""
    try:
        yield
    except KbkError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        raise typer.Exit(130) from None


@contextlib.contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """What ends a job on a cluster or in CI writes what is done, too."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
