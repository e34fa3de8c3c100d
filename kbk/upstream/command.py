"""The verb `kbk upstream`. Torch is imported only when it runs."""

from __future__ import annotations

import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console

from kbk.errors import ArgumentError, KbkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbk.upstream.case import Target
    from kbk.upstream.checkout import Checkout
    from kbk.upstream.record import Record


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("upstream")(upstream)


def upstream(
    path: Annotated[
        Path | None, typer.Argument(help="A checkout of SGLang, or its folder of kernels.")
    ] = None,
    flashinfer: Annotated[
        Path | None,
        typer.Option(help="A checkout of FlashInfer; else $FLASHINFER, else ../flashinfer."),
    ] = None,
    only: Annotated[
        str | None, typer.Option(help="Files, with commas between: copy,topk; all by default.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the outcome there too; - is the output.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the inputs.")] = 0,
    list_files: Annotated[
        bool, typer.Option("--list", help="Say which files there are, and run nothing.")
    ] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Write a record for the book below measurements/.")
    ] = False,
) -> None:
    """Run kernels of SGLang, from your checkout, unedited, on the CPU.

    Each file is built, called on inputs of ours, compared with oracles in float64, watched by
    kbk.sanitize and counted by kbk.profile. Findings and known defects do not change a verdict.

    Exit status: 0 if every file passed, 1 if not, 2 if an argument means nothing.
    """
    try:
        from kbk.upstream import checkout as checkouts
        from kbk.upstream.targets import choose

        keys = None if only is None else [each.strip() for each in only.split(",") if each.strip()]
        targets = choose(keys)
        if path is None and not list_files:
            raise ArgumentError("PATH must be a checkout of SGLang; it was not given.")
        found = None if path is None else checkouts.find(path, flashinfer)
        if found is None or list_files:
            _list(targets, found)
            raise typer.Exit(0)
        if record and found.commit == checkouts.UNKNOWN:
            raise ArgumentError("--record must know the commit; PATH must be a checkout of git.")
        if record and found.commit.endswith(checkouts.CHANGED):
            raise ArgumentError("--record must have the files of a commit; PATH has changes.")
        if json_file not in (None, Path("-")) and not json_file.absolute().parent.is_dir():
            raise ArgumentError(f"--json must be in a folder that is there; it was {json_file}.")
        outcome = _run(found, targets, seed)
        _write(outcome, json_file, record)
        if record:
            _renew_session(found, outcome)
    except KbkError as error:
        _fail(str(error))
    raise typer.Exit(0 if outcome.ok else 1)


def _list(targets: Sequence[Target], checkout: Checkout | None) -> None:
    for each in targets:
        there = ""
        if checkout is not None:
            there = "" if checkout.file(each.path).is_file() else "  (missing)"
        needs = "  (needs FlashInfer)" if each.flashinfer else ""
        print(f"{each.key:<10}  csrc/{each.path}: {', '.join(each.functions)}{needs}{there}")


def _run(checkout: Checkout, targets: Sequence[Target], seed: int) -> Record:
    """Run them; tell on standard error how it goes."""
    from kbk.upstream.run import run

    console = Console(stderr=True, highlight=False)
    status: Any = console.status("") if console.is_terminal else nullcontext()
    last: list[str] = []

    def told(target: Target, what: str) -> None:
        if console.is_terminal:
            status.update(f"{target.key}: {what}")
        elif [target.key] != last:  # a log wants a line a file
            last[:] = [target.key]
            console.print(f"{target.key}: {checkout.file(target.path)}", soft_wrap=True)

    # Who ends this program ends the worker and its compilers too.
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        with status:
            return run(checkout, targets, seed, told=told)
    finally:
        signal.signal(signal.SIGTERM, before)


def _write(outcome: Record, json_file: Path | None, record: bool) -> None:
    from kbk.upstream import report
    from kbk.upstream.record import save

    if json_file == Path("-"):
        print(outcome.to_json(), end="")
    else:
        console = Console(highlight=False, soft_wrap=True)
        if console.is_terminal:
            for part in report.as_rich(outcome):
                console.print(part)
        else:
            print(report.as_text(outcome))
    try:
        if json_file is not None and json_file != Path("-"):
            json_file.write_text(outcome.to_json())
        if record:
            from kbk.paths import MEASUREMENTS

            print(save(outcome, MEASUREMENTS / "upstream"), file=sys.stderr)
    except OSError as error:
        raise ArgumentError(f"the outcome must be written, and cannot be: {error}.") from error


def _renew_session(checkout: Checkout, outcome: Record) -> None:
    """Record what the page "Read SGLang with the simulator" shows of its one file."""
    from kbk.paths import MEASUREMENTS
    from kbk.upstream import session

    if any(each.ok and each.path == session.FILE for each in outcome.files):
        print(session.renew(checkout, MEASUREMENTS / "upstream"), file=sys.stderr)


def _fail(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    raise typer.Exit(2)
