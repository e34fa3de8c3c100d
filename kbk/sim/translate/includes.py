"""The user's headers: each gets a name of its own, which the #include lines are changed to."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include(?:_next)?[ \t]*("[^"\n]+"|<[^>\n]+>)', re.MULTILINE)


def flat_name(path: Path) -> str:
    """The name of the translated copy of a header, the same in every unit that includes it."""
    return f"kbk_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}_{path.name}"


def redirect_includes(
    text: str, folder: Path | None, folders: Sequence[Path]
) -> tuple[str, list[Path]]:
    """Changes the #include of each user header to its flat name.

    Args:
        text: of the file that includes.
        folder: the file's own, searched first for "name"; None for a source without one.
        folders: searched next, in order. A header in none of them is not the user's.

    Returns:
        The text, with its lines as they were, and the headers' paths.
    """
    paths = []

    def redirect(match: re.Match[str]) -> str:
        spelled = match.group(1)
        near = [folder] if folder is not None and spelled[0] == '"' else []
        for each in [*near, *folders]:
            path = each / spelled[1:-1].strip()
            if path.is_file():
                paths.append(path.resolve())
                line = match.group(0).replace("include_next", "include")
                return line[: -len(spelled)] + f'"{flat_name(paths[-1])}"'
        return match.group(0)

    return _INCLUDE.sub(redirect, text), paths


def with_origin(text: str, path: Path) -> str:
    """The text, such that messages name the original."""
    return f"#line 1 {json.dumps(str(path))}\n{text}"
