"""The record of a reader's session with one file: what the cells of a page showed with a checkout.

A cell of the page that begins with ``# checkout: name`` needs one. The record holds for each of
them a digest of its code and what it showed, as facts (`kbk.upstream.shown`). It is made by running
the page's own cells, so that what a reader sees is what the code beside it gives.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import io
import json
import os
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from kbk.errors import ArgumentError
from kbk.paths import MEASUREMENTS, REPOSITORY
from kbk.upstream import shown
from kbk.upstream.checkout import LAYOUTS, UNKNOWN, Checkout, digest
from kbk.upstream.shown import Item

SCHEMA = 1
FOLDER = MEASUREMENTS / "upstream"
PAGE = None if REPOSITORY is None else REPOSITORY / "book/read_sglang.md"
FILE = "csrc/attention/lightning_attention_decode_kernel.cu"
"""What the session is with; of the folder that `kbk.upstream.checkout` finds."""

SGLANG = "KBK_SGLANG"
"""The environment variable that names a checkout."""

_MARK = re.compile(r"\A# checkout: ([a-z]+)[ \t]*$", re.MULTILINE)
_VERSIONS = ("kbk", "commit", "python", "torch", "arch")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Cell:
    """A cell that needs a checkout.

    Attributes:
        code: digest of its text.
        items: what it showed, in order.
    """

    code: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Session:
    """A session.

    Attributes:
        date: UTC, "2026-01-31T12:00:00Z".
        versions: of kbk, its commit, python, torch, and the arch that is simulated.
        sglang: commit.
        layout: folder of SGLang that has csrc/.
        file: the source, below it.
        sha256, lines: of the source.
        cells: by name.
    """

    date: str
    versions: dict[str, str]
    sglang: str
    layout: str
    file: str
    sha256: str
    lines: int
    cells: Mapping[str, Cell]

    @property
    def sentence(self) -> str:
        """Where what is shown comes from."""
        commit = self.versions["commit"]
        at = "" if commit == UNKNOWN else f" (commit {commit[:12]})"
        return (
            f"Recorded {self.date[:10]} with kbk {self.versions['kbk']}{at}, "
            f"SGLang {self.sglang[:12]}."
        )

    def to_json(self) -> str:
        """The session as the text of its file."""
        cells = {
            name: {"code": cell.code, "items": [shown.to_json(each) for each in cell.items]}
            for name, cell in self.cells.items()
        }
        data = {"schema": SCHEMA, **{name: getattr(self, name) for name in _FACTS}, "cells": cells}
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


_FACTS = {
    **dict.fromkeys(("date", "sglang", "layout", "file", "sha256"), str),
    **{"versions": dict, "lines": int},
}


def name_of(code: str) -> str | None:
    """The name that a cell's first line gives, if it needs a checkout."""
    found = _MARK.match(code)
    return found[1] if found else None


def code_of(code: str) -> str:
    """16 hex digits that change with a cell's text."""
    return hashlib.sha256(code.strip("\n").encode()).hexdigest()[:16]


def marked(page: Path) -> dict[str, str]:
    """The cells of a page that need a checkout: name -> code, in order."""
    from kbk.bench.notebook import cells

    return {name: code for code in cells(page.read_text()) if (name := name_of(code))}


def save(session: Session, folder: Path = FOLDER) -> Path:
    """Write a session, over an older one of the same commit."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"session_{session.sglang[:12]}.json"
    path.write_text(session.to_json())
    return path


def newest(folder: Path | None = None) -> Session | None:
    """The newest session in a folder, by default that of the records; None if it has none."""
    found = [load(path) for path in sorted((folder or FOLDER).glob("session_*.json"))]
    return max(found, key=lambda each: each.date, default=None)


def load(path: Path) -> Session:
    """Read a session.

    Raises:
        ArgumentError: the file is none of this schema; says what is wrong with it.
    """
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ArgumentError(f"{path} must be a session of kbk upstream: {error}.") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ArgumentError(f"{path} must be a session of schema {SCHEMA}.")
    wrong = {*data} ^ {"schema", "cells", *_FACTS}
    wrong |= {name for name, kind in _FACTS.items() if not isinstance(data.get(name), kind)}
    if not wrong:
        wrong |= set(_VERSIONS) ^ set(data["versions"])
        wrong |= {"sglang"} if not _COMMIT.fullmatch(data["sglang"]) else set()
        wrong |= {"layout"} if data["layout"] not in LAYOUTS else set()
        wrong |= {"cells"} if not isinstance(data["cells"], dict) else set()
    if wrong:
        raise ArgumentError(f"{path}: wrong in a session: {', '.join(sorted(wrong))}.")
    cells = {name: _cell(each, f"{path}: {name}") for name, each in data["cells"].items()}
    return Session(**{name: data[name] for name in _FACTS}, cells=cells)


def _cell(data: Any, name: str) -> Cell:
    if not isinstance(data, dict) or set(data) != {"code", "items"}:
        raise ArgumentError(f"{name}: a cell must have its code's digest and items.")
    return Cell(data["code"], tuple(shown.from_json(each, name) for each in data["items"]))


# --- making one


def renew(checkout: Checkout, folder: Path = FOLDER) -> Path:
    """Run the page's cells with a checkout, and write what they showed.

    Raises:
        ArgumentError: there is no page, or the checkout is none of git; a record would hold a line
            of the source.
    """
    if PAGE is None or not PAGE.is_file():
        raise ArgumentError("--record must run in a clone of kbk: it runs the page of the book.")
    return save(make(checkout, PAGE), folder)


def make(checkout: Checkout, page: Path) -> Session:
    """Run the cells of a page up to the last one that needs a checkout; see `renew`."""
    import torch

    import kbk
    from kbk import sim
    from kbk.bench.records import commit

    source = checkout.root / FILE
    if not checkout.layout or not source.is_file():
        raise ArgumentError(f"PATH must be a checkout of SGLang with {FILE}; there is no {source}.")
    if checkout.commit == UNKNOWN:
        raise ArgumentError("--record must know the commit; PATH must be a checkout of git.")
    made = Session(
        date=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        versions={
            "kbk": kbk.__version__,
            "commit": commit(),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "arch": f"sm_{sim.arch()}",
        },
        sglang=checkout.commit,
        layout=checkout.layout,
        file=FILE,
        sha256=digest(source),
        lines=len(source.read_text().splitlines()),
        cells={},
    )
    made = replace(made, cells=dict(run(page, checkout)))
    leaked = source_in(made.to_json(), source.read_text())
    if leaked:
        raise ArgumentError(f"a record must hold no line of {FILE}; it holds {leaked[0]!r}.")
    return made


def run(page: Path, checkout: Checkout) -> Iterator[tuple[str, Cell]]:
    """Run the cells of a page as Python; give those that need a checkout, with what they showed."""
    from kbk.bench.notebook import cells

    root = checkout.root.as_posix().removesuffix(f"/{checkout.layout}")
    scope: dict[str, Any] = {"__name__": "__main__"}
    left = len(marked(page))
    with _environment(SGLANG, root):
        for code in cells(page.read_text()):
            name = name_of(code)
            if left == 0:
                return
            items = _shown(code, scope, lambda text: text.replace(f"{checkout.root}/", ""))
            if name is not None:
                left -= 1
                yield name, Cell(code_of(code), tuple(items))


def _shown(code: str, scope: dict[str, Any], short: Any) -> list[Item]:
    """Run a cell as a notebook does; what it printed, what its last line gave, what it glued."""
    body = ast.parse(code).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    printed = io.StringIO()
    shown.glued = []
    value = None
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(ast.Module(body, []), "<cell>", "exec"), scope)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), scope)
        items: list[Item] = list(shown.glued)
    finally:
        shown.glued = None
    if name_of(code) is None:
        return []
    told = [each for each in (printed.getvalue(), value) if each not in ("", None)]
    return [*(shown.facts(each, short) for each in told), *items]


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def source_in(record: str, source: str) -> list[str]:
    """Lines of a source that a record holds: those of three words and more."""
    strings = [" ".join(each.split()) for each in _strings(json.loads(record))]
    lines = {" ".join(line.split()).rstrip("\\ ") for line in source.splitlines()}
    telling = sorted(line for line in lines if len(re.findall(r"\w+", line)) >= 3)
    return [line for line in telling if any(line in each for each in strings)]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)
