"""Writes a file as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from kbk.errors import KbkError


def write(file: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Replace ``file``; whoever reads it sees the old content or the new.

    Raises:
        KbkError: it cannot be written; the old file is untouched.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name[:60]}.")
    except OSError as error:
        raise KbkError(f"{file} cannot be written: {error}.") from error
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
        os.chmod(name, mode)
        os.replace(name, file)
    except OSError as error:
        raise KbkError(f"{file} cannot be written: {error}.") from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)


def replace_pages(folder: Path, pages: Mapping[str, str]) -> None:
    """Write the pages, then remove the ``.html`` of the folder that are not among them.

    Raises:
        KbkError: one cannot be written or removed.
    """
    for name, text in pages.items():
        write(folder / name, text)
    try:
        old = [each for each in folder.glob("*.html") if each.name not in pages]
        for each in old:
            each.unlink()
    except OSError as error:
        raise KbkError(f"{folder} cannot be tidied: {error}.") from error
