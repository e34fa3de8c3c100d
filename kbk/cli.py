"""The command ``kbk``."""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

import kbk
from kbk import doctor as doctor_module
from kbk.grade import commands
from kbk.grade.batch import commands as batch_commands
from kbk.upstream import command as upstream_command

app = typer.Typer(
    help="Kernel by Kernel: learn CUDA from the kernels that serve LLMs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_STYLES = {"ok": "green", "missing": "bold red", "warning": "yellow", "none": "dim", "limit": "dim"}


def _version(wanted: bool) -> None:
    if wanted:
        print(f"kbk {kbk.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that stand before every verb."""


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what kernels can run on here, what is missing, and how to get it.

    Exit status: 0 if the simulator or a GPU is usable, 1 if neither is.
    """
    report = doctor_module.examine()
    if as_json:
        print(report.as_json())
    else:
        _print_report(report)
    raise typer.Exit(0 if report.usable else 1)


def _print_report(report: doctor_module.Report) -> None:
    console = Console(highlight=False, soft_wrap=True)
    rows: list[tuple[str, str, str, str]] = [
        (check.status, check.name, check.value, check.advice) for check in report.checks
    ]
    rows += [("limit", name.replace("_", " "), str(v), "") for name, v in report.limits.items()]
    if not console.is_terminal:  # a file or a pipe has no width: a line stays a line
        for status, name, text, advice in rows:
            print(f"{status:8} {name:30} {text}")
            if advice:
                print(f"{'':39} {advice}")
    else:
        _print_table(console, rows)
    console.print()
    simulator = "usable" if report.simulator else "not usable: see the lines marked missing"
    gpu = "usable" if report.gpu else "not usable here"
    console.print(f"Simulator on the CPU: {simulator}.\nGPU: {gpu}.")


def _print_table(console: Console, rows: Sequence[tuple[str, str, str, str]]) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column()
    table.add_column(overflow="fold")
    for status, name, text, advice in rows:
        value = Text(text)
        if advice:
            value.append(f"\n{advice}", style="italic")
        table.add_row(Text(status, style=_STYLES[status]), name, value)
    console.print(table)


@app.command()
def record(
    out: Annotated[Path, typer.Option(help="Folder for the records; it is made if need be.")],
    parts: Annotated[
        str, typer.Option(help="Parts, with commas between: tune,compare,...; all by default.")
    ] = "",
) -> None:
    """Measure on this machine's GPU and write one JSON record for each part.

    Exit status: 0 if every part succeeded; 1 if one failed, if a part does not exist, or without
    a GPU.
    """
    from kbk.bench import record as recorder
    from kbk.build.toolchain import cuda_available

    wanted = [part.strip() for part in parts.split(",") if part.strip()]
    unknown = [part for part in wanted if part not in recorder.PARTS]
    if unknown:
        _fail(f"--parts must name parts of {', '.join(recorder.PARTS)}; it named {unknown[0]!r}.")
    if not cuda_available():
        _fail(
            "kbk record measures on an NVIDIA GPU with nvcc, and torch finds none here; "
            "`kbk doctor` says what is missing."
        )
    raise typer.Exit(1 if recorder.record(out, wanted or None) else 0)


@app.command()
def bench(
    names: Annotated[
        list[str] | None, typer.Argument(help="Op families, as activation; all by default.")
    ] = None,
) -> None:
    """Show ops beside their peers: measured now on a GPU; without one, the newest record.

    A peer that cannot run is named with the reason. Nothing is written; `kbk record` does that.

    Exit status: 0 if every table could be shown, 1 if one could not or there is no such family.
    """
    from kbk.bench import sidebyside
    from kbk.build.toolchain import cuda_available

    wanted = names or list(sidebyside.SUITES)
    unknown = [name for name in wanted if name not in sidebyside.SUITES]
    if unknown:
        _fail(f"NAMES must be of {', '.join(sidebyside.SUITES)}; it was {unknown[0]!r}.")
    live = cuda_available()
    if not live:
        print(
            "An NVIDIA GPU with nvcc is missing here, so nothing is measured: these numbers are "
            "recorded ones. `kbk doctor` says what is missing.\n"
        )
    shown = [sidebyside.show(name, live=live) for name in wanted]
    raise typer.Exit(0 if all(shown) else 1)


def _fail(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    raise typer.Exit(1)


commands.register(app)
batch_commands.register(app)
upstream_command.register(app)


def main() -> None:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):  # a star must not end a program on an old terminal
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except SystemExit as error:
        _leave(error.code)
        raise


_LEAVING = 5.0
"""Seconds for threads that clean up after what was cancelled."""


def _leave(code: object) -> None:
    """Return once no other thread runs; end the process here if one goes on.

    The interpreter, at its own end, stops a thread of Python that comes out of a library of C++ by
    unwinding it, and the library answers with SIGABRT.
    """
    deadline = time.monotonic() + _LEAVING
    others = [each for each in threading.enumerate() if each is not threading.current_thread()]
    for each in others:
        each.join(max(deadline - time.monotonic(), 0))
    if not any(each.is_alive() for each in others):
        return
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
    with contextlib.suppress(Exception):
        atexit._run_exitfuncs()  # servers, and the terminal's own settings
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)
