"""Reads commits of a repository: trees, texts, history. Writes nothing."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Commit:
    """A commit of the first-parent line, and what it did to files.

    Attributes:
        id: 40 hexadecimal digits.
        date: YYYY-MM-DD, of the commit.
        pull: number of the pull request that its subject names, or 0.
        changes: (status letter, path before, path after); the paths are equal unless renamed.
    """

    id: str
    date: str
    pull: int
    changes: tuple[tuple[str, str, str], ...] = field(default=(), compare=False)


class Repository:
    """A clone, with or without a work tree.

    Raises:
        ValueError: the folder is none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._git("rev-parse", "--git-dir")
        except (subprocess.CalledProcessError, OSError):
            raise ValueError(f"{folder} must be a git repository; git finds none") from None

    def _git(self, *arguments: str, given: bytes | None = None) -> bytes:
        # Not quoted: paths come as they are. A clone may belong to somebody else.
        options = [
            "-c",
            "core.quotePath=false",
            "-c",
            "safe.directory=*",
            "-c",
            "diff.renames=true",
        ]
        command = ["git", "-C", str(self.folder), *options, *arguments]
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout

    def commit(self, name: str) -> Commit:
        """The commit of that name.

        Raises:
            ValueError: there is none in this repository.
        """
        try:
            told = self._git("log", "-1", "--format=%H%x00%cs%x00%s", name).decode()
        except subprocess.CalledProcessError:
            raise ValueError(f"{self.folder} has no commit {name!r}") from None
        return _commit(told.rstrip("\n"))

    def tree(self, commit: str, folders: Iterable[str]) -> list[str]:
        """The paths of all files below the folders, sorted."""
        told = self._git("ls-tree", "-r", "-z", "--name-only", commit, "--", *folders).decode()
        return sorted(filter(None, told.split("\0")))

    def texts(self, commit: str, paths: Iterable[str]) -> dict[str, str]:
        """Path -> text, with a mark for what is no UTF-8. Paths that are not there are left out."""
        asked = list(paths)
        given = "".join(f"{commit}:{path}\n" for path in asked).encode()
        told = self._git("cat-file", "--batch", given=given)
        found: dict[str, str] = {}
        at = 0
        for path in asked:
            end = told.index(b"\n", at)
            head = told[at:end].split()
            at = end + 1
            if head[-1] == b"missing":
                continue
            size = int(head[-1])
            found[path] = told[at : at + size].decode("utf-8", "replace")
            at += size + 1
        return found

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether ``new`` comes after ``old``."""
        try:
            self._git("merge-base", "--is-ancestor", old, new)
        except subprocess.CalledProcessError:
            return False
        return True

    def log(self, old: str, new: str, paths: Iterable[str]) -> Iterator[Commit]:
        """The commits behind ``old`` up to ``new`` that touched the paths, the first one first.

        Follows first parents: a merged pull request is one step.
        """
        form = "--format=%x01%H%x00%cs%x00%s%x00"
        told = self._git(
            *("log", "--first-parent", "-m", "--reverse", "-M50%", "--name-status", "-z", form),
            *(f"{old}..{new}", "--", *paths),
        ).decode()
        for part in told.split("\x01")[1:]:
            id, date, subject, *rest = part.split("\0")
            fields = iter(each.lstrip("\n") for each in rest)
            changes = []
            for status in filter(None, fields):
                before = next(fields)
                changes.append((status[0], before, next(fields) if status[0] in "RC" else before))
            yield _commit(f"{id}\0{date}\0{subject}", tuple(changes))


def _commit(told: str, changes: tuple[tuple[str, str, str], ...] = ()) -> Commit:
    id, date, subject = told.split("\0")
    pull = re.findall(r"\(#(\d+)\)", subject)
    return Commit(id, date, int(pull[-1]) if pull else 0, changes)
