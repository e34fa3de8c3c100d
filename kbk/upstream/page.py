"""Lets cells of a page run where a checkout of SGLang is configured, else show what was recorded.

Such a cell begins with ``# checkout: name``. Its code is what a reader types. In a notebook without
a checkout it is not run: what `kbk.upstream.session` has of it is shown, with its date.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kbk.bench.page import in_notebook
from kbk.errors import ArgumentError
from kbk.upstream import checkout as checkouts
from kbk.upstream import session
from kbk.upstream.checkout import Checkout
from kbk.upstream.places import Places
from kbk.upstream.shown import Glued, glue, small
from kbk.upstream.tables import counters, defects, findings, on_gpu, verdicts

__all__ = [
    "begin",
    "configured",
    "counters",
    "defects",
    "findings",
    "glue",
    "instead",
    "on_gpu",
    "replay",
    "verdicts",
]

ADVICE = "It needs a checkout: set KBK_SGLANG to its path, and run the page from its start."


def configured() -> Checkout | None:
    """The checkout that KBK_SGLANG names, or None.

    Raises:
        ArgumentError: there is none at that path.
    """
    path = os.environ.get(session.SGLANG)
    if not path:
        return None
    try:
        return checkouts.find(Path(path))
    except ArgumentError as error:
        raise ArgumentError(f"{session.SGLANG}: {error}") from None


def begin() -> None:
    """Say what cells that begin with ``# checkout:`` do from here on, and let them."""
    found = configured()
    _transform(found is None)
    if found is not None:
        print(f"Cells that begin with # checkout run with SGLang {found.commit[:12]}.")
        return
    recorded = session.newest()
    print(
        "There is no checkout and no record here: cells that begin with # checkout are not run."
        if recorded is None
        else f"{session.SGLANG} is not set: cells that begin with # checkout show a record.\n"
        f"{recorded.sentence}"
    )


def replay(name: str, code: str) -> None:
    """Show what a cell showed when it was recorded.

    Args:
        name: of the cell.
        code: digest of its text; if it is another than then, that is said.
    """
    recorded = session.newest()
    cell = recorded.cells.get(name) if recorded else None
    if recorded is None or cell is None:
        print(ADVICE)
        return
    if not all(isinstance(each, Glued) for each in cell.items):
        other = "" if cell.code == code else " That was another text of this cell."
        small(f"{recorded.sentence}{other}")
    places = Places(recorded.sglang, recorded.layout)
    for item in cell.items:
        item.show(places)


def instead(code: str) -> str:
    """The code to run instead of a cell's where there is no checkout."""
    name = session.name_of(code)
    if name is None:
        return code
    return f"__import__('{__name__}', fromlist=['']).replay({name!r}, {session.code_of(code)!r})\n"


def _instead(lines: list[str]) -> list[str]:
    return instead("".join(lines)).splitlines(keepends=True)


def _transform(on: bool) -> None:
    """Tell IPython, if this is a notebook."""
    if not in_notebook():
        return
    from IPython import get_ipython

    shell: Any = get_ipython()  # type: ignore[no-untyped-call]
    steps = shell.input_transformers_cleanup
    steps[:] = [each for each in steps if each is not _instead]
    if on:
        steps.append(_instead)
