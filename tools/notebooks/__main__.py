"""Writes a notebook for each chapter into _build/notebooks, and says how large they are."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import nbformat

from tools.notebooks import pages
from tools.notebooks.first_cell import MOST_BYTES, build_wheel, first_cell
from tools.notebooks.inline import NotPlain


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.notebooks", description=__doc__)
    parser.add_argument("--out", type=Path, default=pages.ROOT / "_build/notebooks")
    parser.add_argument("pages", nargs="*", type=Path, help="pages, instead of those of _toc.yml")
    options = parser.parse_args()
    chosen = options.pages or pages.pages()
    cell = first_cell(*build_wheel())
    if len(cell) > MOST_BYTES:
        print(f"kbk: the first cell has {len(cell)} bytes, more than {MOST_BYTES}", file=sys.stderr)
        return 1
    link = pages.links(chosen, os.environ.get("KBK_BASE_URL", ""))
    options.out.mkdir(parents=True, exist_ok=True)
    for old in options.out.glob("*.ipynb"):
        old.unlink()
    for page in chosen:
        try:
            made = pages.notebook(page, cell, link)
        except NotPlain as error:
            print(f"kbk: {error}", file=sys.stderr)
            return 1
        path = options.out / f"{page.stem}.ipynb"
        nbformat.write(made, path)
        print(f"kbk: {path}: {len(made.cells)} cells, {path.stat().st_size >> 10} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
