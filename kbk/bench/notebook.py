"""Executes a page of the book: as a notebook with jupytext and nbclient, else as plain Python."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kbk.paths import PACKAGE

_CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
_OPTION = re.compile(r"\A(?::[\w-]+:[^\n]*\n|---\n.*?^---\n)+", re.MULTILINE | re.DOTALL)


def cells(text: str) -> list[str]:
    """The code of each ``{code-cell}`` of a MyST page, in order, without its options."""
    return [_OPTION.sub("", match.group(1)).strip("\n") for match in _CELL.finditer(text)]


def execute_plain(page: Path) -> list[tuple[str, str]]:
    """Runs a page's cells in one namespace; returns each cell's code and what it printed.

    Raises:
        Exception: whatever a cell raises, with the cell's number as its file name.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    done = []
    for number, code in enumerate(cells(page.read_text()), 1):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"{page.name} cell {number}", "exec"), namespace)
        done.append((code, printed.getvalue()))
    return done


def _as_notebook(done: list[tuple[str, str]]) -> str:
    """Executed cells as the text of an ``.ipynb`` file."""
    listed = [
        {
            "cell_type": "code",
            "execution_count": number,
            "id": f"cell-{number}",
            "metadata": {},
            "source": code,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": out}] if out else [],
        }
        for number, (code, out) in enumerate(done, 1)
    ]
    fields = {"cells": listed, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(fields, indent=1)


def execute(page: Path, to: Path, timeout: int = 300) -> str:
    """Executes a page and writes the notebook with its outputs to ``to``.

    Returns:
        A sentence that says how it was executed.

    Raises:
        nbclient.exceptions.CellExecutionError, Exception: a cell failed.
    """
    if all(find_spec(name) for name in ("jupytext", "nbclient", "ipykernel")):
        import jupytext  # type: ignore[import-untyped]
        from nbclient import NotebookClient

        notebook = jupytext.read(page)
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook.metadata["kernelspec"] = kernel
        client = NotebookClient(
            notebook, timeout=timeout, resources={"metadata": {"path": str(page.parent)}}
        )
        here = [str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        client.execute(env={**os.environ, "PYTHONPATH": os.pathsep.join(here)})
        to.write_text(jupytext.writes(notebook, fmt="ipynb"))
        return f"{page.name} executed as a notebook, {len(notebook.cells)} cells"
    done = execute_plain(page)
    to.write_text(_as_notebook(done))
    missing = "no jupytext, nbclient, ipykernel"
    return f"{page.name} executed as plain Python, {len(done)} cells ({missing})"
