"""Runs every part of `make test`, also after one has failed, and ends with a table of times.

Usage: python tools/run_parts.py [-- further arguments for pytest]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Result:
    """How a part ended: its exit status, its seconds and the last line that it printed."""

    name: str
    status: int
    seconds: float
    last_line: str


def parts(pytest_arguments: list[str]) -> dict[str, list[str]]:
    """Return the command of each part, in order. Pytest is last: it reads the built book."""
    python = sys.executable
    return {
        "ruff": [python, "-m", "ruff", "check", "."],
        "mypy": [python, "-m", "mypy"],
        "book": [python, "tools/build_book.py"],
        "pytest": [python, "-m", "pytest", "-n", "auto", *pytest_arguments],
    }


def run(name: str, command: list[str]) -> Result:
    """Run one part with its output shown."""
    print(f"\n--- {name}: {' '.join(command[1:])}", flush=True)
    # The book has just been built: a test that needs it must not skip.
    environment = {**os.environ, "KBK_BOOK_IS_BUILT": "1", "PYTHONUNBUFFERED": "1"}
    start = time.monotonic()
    last_line = ""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            last_line = line.strip().strip("=").strip() or last_line
    return Result(name, process.returncode, time.monotonic() - start, last_line)


def table(results: list[Result]) -> str:
    """Return one row a part: name, verdict, seconds, last line."""
    rows = [
        f"{r.name:<8} {'ok' if r.status == 0 else 'FAILED':<8} {r.seconds:>7.1f} s   {r.last_line}"
        for r in results
    ]
    total = sum(r.seconds for r in results)
    return "\n".join([*rows, f"{'total':<8} {'':<8} {total:>7.1f} s"])


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--"]:
        arguments = arguments[1:]
    results = [run(name, command) for name, command in parts(arguments).items()]
    print("\n--- time per part\n" + table(results))
    failed = [r.name for r in results if r.status != 0]
    print("kbk: everything holds" if not failed else f"kbk: FAILED: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
