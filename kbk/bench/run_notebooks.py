"""Executes notebooks as they are, each in a kernel process, and records what passed and where.

    python -m kbk.bench.run_notebooks _build/notebooks --out executed

Needs nbclient and ipykernel, and nothing of kbk: called by its path, it runs where kbk is not
installed yet.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Result:
    """How a notebook ran.

    Attributes:
        name: of its file.
        passed: no cell raised an error.
        seconds: from the start of the kernel to the last cell.
        first_cell_seconds: of these, the first code cell, which may install.
        cells: code cells executed.
        machine: what the first code cell printed: which kbk, which machine.
        error: the cell that failed and how, or "".
    """

    name: str
    passed: bool
    seconds: float
    first_cell_seconds: float
    cells: int
    machine: str
    error: str


def run(path: Path, out: Path, directory: Path, timeout: int = 900) -> Result:
    """Execute a notebook without edits and write it with its outputs.

    Args:
        path: an ``.ipynb`` file.
        out: folder for the executed notebook; it is made if need be.
        directory: the kernel's working directory.
        timeout: seconds for one cell.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.read(str(path), as_version=4)  # type: ignore[no-untyped-call]
    error = ""
    first = 0.0
    began = time.perf_counter()

    def executed(cell: Any, cell_index: int, execute_reply: Any) -> None:
        nonlocal first
        if not first and cell.cell_type == "code":
            first = time.perf_counter() - began

    resources = {"metadata": {"path": str(directory)}}
    client = NotebookClient(
        notebook, timeout=timeout, resources=resources, on_cell_executed=executed
    )
    try:
        client.execute(env=dict(os.environ))
    except CellExecutionError as failure:
        error = f"{failure.ename}: {failure.evalue}"
    except (CellTimeoutError, DeadKernelError) as failure:
        error = f"{type(failure).__name__}: {str(failure).strip().splitlines()[0]}"
    seconds = time.perf_counter() - began
    out.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, str(out / path.name))  # type: ignore[no-untyped-call]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    done = sum(cell.execution_count is not None for cell in code)
    if error:
        error = f"code cell {done} of {len(code)}: {error}"
    return Result(
        path.name, not error, round(seconds, 1), round(first, 1), done, printed(code[:1]), error
    )


def printed(cells: Sequence[Any]) -> str:
    """What cells wrote to their standard output."""
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join(o["text"] for o in outputs if o.get("name") == "stdout").strip()


def run_all(paths: Sequence[Path], out: Path, timeout: int = 900) -> list[Result]:
    """Execute notebooks one after another, in one working directory that is empty at first.

    Writes each with its outputs to ``out``, and ``notebooks.json`` with the results.
    """
    results = []
    with tempfile.TemporaryDirectory() as directory:
        for path in paths:
            result = run(path, out, Path(directory), timeout)
            print(line(result), flush=True)
            results.append(result)
    text = json.dumps([asdict(result) for result in results], indent=1, ensure_ascii=False)
    (out / "notebooks.json").write_text(text + "\n", encoding="utf-8")
    return results


def line(result: Result) -> str:
    """A result for people: verdict, seconds, and the machine or the error indented below."""
    state = "passed" if result.passed else "FAILED"
    first = f"{result.first_cell_seconds:.1f} s of them the first cell"
    head = f"{state} {result.name}: {result.cells} cells, {result.seconds:.1f} s, {first}"
    below = [*result.machine.splitlines(), *result.error.splitlines()]
    return "\n".join([head, *(f"    {each}" for each in below)])


def find(paths: Sequence[Path]) -> list[Path]:
    """The notebooks that are named, and those of the folders that are named, in order."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob("*.ipynb")) if path.is_dir() else [path]
    return found


def main() -> int:
    """Exit status: 0 if every notebook passed, else 1."""
    parser = argparse.ArgumentParser(prog="kbk.bench.run_notebooks", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, help="notebooks, or folders of them")
    parser.add_argument("--out", type=Path, required=True, help="folder for what was executed")
    parser.add_argument("--timeout", type=int, default=900, help="seconds for one cell")
    options = parser.parse_args()
    found = find(options.paths)
    if not found:
        print("there is no notebook there", file=sys.stderr)
        return 1
    results = run_all(found, options.out.absolute(), options.timeout)
    failed = sum(not result.passed for result in results)
    print(f"{len(results) - failed} of {len(results)} notebooks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
