"""Where files and ops went between two commits, out of the first-parent history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tools.sglang_map import layout, ops
from tools.sglang_map.git import Commit, Repository


@dataclass(frozen=True)
class Trace:
    """What became of a file.

    Attributes:
        path: at the later commit; "" if it is gone.
        gone: the commit that removed it, if it is.
    """

    path: str
    gone: Commit | None = None


def follow(repository: Repository, old: str, new: str, paths: Iterable[str]) -> dict[str, Trace]:
    """Walk each path from one commit to the other: through renames, removals and returns.

    A file that comes back under the name that it had last is the same file. A copy is not.
    """
    now = {path: path for path in paths}
    gone: dict[str, tuple[Commit, str]] = {}
    for commit in repository.log(old, new, layout.FOLDERS):
        renamed = {before: after for status, before, after in commit.changes if status == "R"}
        removed = {before for status, before, _ in commit.changes if status == "D"}
        added = {after for status, _, after in commit.changes if status == "A"}
        for first, at in now.items():
            if at in renamed:
                now[first] = renamed[at]
            elif at in removed:
                now[first] = ""
                gone[first] = (commit, at)
            elif not at and gone[first][1] in added:
                now[first] = gone.pop(first)[1]
    return {path: Trace(at, gone[path][0] if not at else None) for path, at in now.items()}


def unregistered(repository: Repository, old: str, new: str) -> dict[str, Commit]:
    """Op -> the commit that took it out of the extensions for good."""
    before = ops.names(repository, old)
    found: dict[str, Commit] = {}
    for commit in repository.log(old, new, layout.AOT):
        touched = {path for _, a, b in commit.changes for path in (a, b)}
        if not ops.extensions(touched):
            continue
        after = ops.names(repository, commit.id)
        found |= dict.fromkeys(sorted(before - after), commit)
        before = after
    return {op: commit for op, commit in sorted(found.items()) if op not in before}
