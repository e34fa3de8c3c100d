"""The command ``kbk``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

import kbk
from kbk import doctor as doctor_module

app = typer.Typer(
    help="Kernel by Kernel: learn CUDA from the kernels that serve LLMs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_STYLES = {"ok": "green", "missing": "bold red", "warning": "yellow", "none": "dim"}


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
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column()
    table.add_column(overflow="fold")
    for check in report.checks:
        status = Text(check.status, style=_STYLES[check.status])
        value = Text(check.value)
        if check.advice:
            value.append(f"\n{check.advice}", style="italic")
        table.add_row(status, check.name, value)
    for name, limit in report.limits.items():
        table.add_row(Text("limit", style="dim"), name.replace("_", " "), Text(str(limit)))
    console.print(table)
    console.print()
    simulator = "usable" if report.simulator else "not usable: see the lines marked missing"
    gpu = "usable" if report.gpu else "not usable here"
    console.print(f"Simulator on the CPU: {simulator}.\nGPU: {gpu}.")


def main() -> None:
    """Entry point of the console script."""
    app()
