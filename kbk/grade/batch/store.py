"""The folder that a class is graded into: results stay, whole or not at all, whatever kills a run.

A result is a file ``store/<key>.json``, whose name says all that it depends on
(kbk.grade.batch.keys). It appears by a rename, so a run that is killed loses what it was at, and a
rerun finds the rest. A lock, which the system drops when its holder dies, keeps a second run out.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kbk.errors import KbkError

_PREFIX = ".writing-"


class Out:
    """The folder that a class is graded into.

    Args:
        folder: it is made if need be.

    Raises:
        KbkError: it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store = folder / "store"
        try:
            self._store.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            text = f"--out must be a folder that can be written; {folder}: {error.strerror}."
            raise KbkError(text) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other run out.

        Raises:
            KbkError: another one is at it.
        """
        try:
            file = (self.folder / "lock").open("a+")
        except OSError as error:
            raise KbkError(f"--out must be a folder that can be written: {error}.") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                who = file.read().strip() or "unknown"
                raise KbkError(
                    f"another `kbk grade` (process {who}) writes to {self.folder}: wait until it "
                    "has ended, or give another --out."
                ) from None
            except OSError:  # a disk without locks: results are whole all the same
                pass
            with contextlib.suppress(OSError):
                file.truncate(0)
                file.write(f"{os.getpid()}\n")
                file.flush()
            self._sweep()
            yield

    def _sweep(self) -> None:
        """Remove what a killed run was writing."""
        for folder in (self.folder, self._store, self.folder / "students"):
            for each in folder.glob(f"{_PREFIX}*"):
                with contextlib.suppress(OSError):
                    each.unlink()

    def result(self, key: str) -> dict[str, Any] | None:
        """A kept result; None if there is none, or if its file is damaged."""
        return _valid(self._store / f"{key}.json", "kbk.grade.result/1", key)

    def keep(self, key: str, result: dict[str, Any]) -> None:
        """Keep a result.

        Raises:
            OSError: the disk refuses.
        """
        facts = {"schema": "kbk.grade.result/1", "key": key, **result}
        write(self._store / f"{key}.json", _sealed(facts))

    def run(self) -> dict[str, Any]:
        """What is remembered of the last run; {} if nothing is."""
        return _valid(self.folder / "run.json", "kbk.grade.run/1") or {}

    def remember(self, facts: dict[str, Any]) -> None:
        """Remember facts for the next run.

        Raises:
            OSError: the disk refuses.
        """
        write(self.folder / "run.json", _sealed({"schema": "kbk.grade.run/1", **facts}))


def _sealed(facts: dict[str, Any]) -> str:
    return dumped({**facts, "seal": _seal(facts)})


def _seal(facts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _valid(file: Path, schema: str, key: str | None = None) -> dict[str, Any] | None:
    """The facts of a file that is as it was written."""
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        seal = facts.pop("seal")
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
    whole = facts.get("schema") == schema and facts.get("key") == key and seal == _seal(facts)
    return facts if whole else None


def dumped(facts: Any) -> str:
    """JSON as it is written here: one line an entry, so that it can be compared."""
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"


def write(file: Path, text: str) -> None:
    """Replace a file as a whole, or leave it as it is.

    Raises:
        OSError: the disk refuses.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    name = file.parent / f"{_PREFIX}{os.getpid()}-{uuid.uuid4().hex[:12]}"
    try:
        # What no UTF-8 can hold (half a pair) becomes an escape, which is JSON again.
        with name.open("x", encoding="utf-8", errors="backslashreplace", newline="") as out:
            out.write(text)
        os.replace(name, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
