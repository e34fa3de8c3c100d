"""Notices that a file was saved, by looking at it: that works on every disk, also over a network.

A look is one `stat`, some microseconds. A save counts once the file has been the same for a
moment, so that a file that is half written, or away while an editor renames, is not read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICK = 0.03
"""Seconds between two looks."""
STEADY = 0.05
"""Seconds for which a file must not change before it is read."""
GONE = 0.5
"""Seconds for which it must be away to count as deleted: editors that save by renaming are done."""

_Signature = tuple[int, int, int] | None


@dataclass(frozen=True)
class Saved:
    """What became of the file.

    Attributes:
        data: its bytes; None if it is gone, or is no file that can be read.
    """

    data: bytes | None


class Saves:
    """Looks at one file.

    Args:
        file: may be missing.
        most: bytes of a file; of a larger one only so many and one are read.
    """

    def __init__(self, file: Path, most: int = 1 << 20) -> None:
        self.file = file
        self._most = most
        self._seen = self._signature()
        self._since = 0.0
        self._pending = False
        self._data = self._read()

    def poll(self, now: float) -> Saved | None:
        """Look; return what is new since the last time something was new, or None.

        Args:
            now: seconds of a clock that never goes back.
        """
        signature = self._signature()
        if signature != self._seen:
            self._seen, self._since, self._pending = signature, now, True
            return None
        if not self._pending or now - self._since < (GONE if signature is None else STEADY):
            return None
        self._pending = False
        data = self._read()
        if data == self._data:
            return None
        self._data = data
        return Saved(data)

    def until(self, now: float) -> float:
        """Seconds until it is worth to look again."""
        if not self._pending:
            return TICK
        steady = (GONE if self._seen is None else STEADY) - (now - self._since)
        return min(max(steady, 0.001), TICK)

    def _signature(self) -> _Signature:
        try:
            told = os.stat(self.file)
        except OSError:
            return None
        return told.st_mtime_ns, told.st_size, told.st_ino

    def _read(self) -> bytes | None:
        try:
            if not self.file.is_file():
                return None
            with self.file.open("rb") as file:
                return file.read(self._most + 1)
        except OSError:
            return None
