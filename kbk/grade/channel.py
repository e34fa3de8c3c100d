"""The pipe on which a worker reports: every line is numbered, and sealed with the job's own key.

A submission runs in the process that reports, so what comes out of the pipe may be its work. A line
counts only if its number is the next one, its seal is made with the key (kbk.grade.process draws
one for each job), and it says what a worker of ours says at that point. After one that does not,
nothing that this worker reported counts.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from typing import Any

from kbk.grade.facts import is_event

_SEAL_BYTES = 16
_BEFORE = frozenset({"isolation", "cannot", "build-failed", "forbidden"})
"""What may be said until the walls stand: nothing of a submission has run by then."""
_AFTER = frozenset({"built", "begin", "round", "end", "timed", "lines", "done"})
_WALLS = 2
"""How often a worker tells of its walls: for the compiler, and for the submission."""


def _seal(key: bytes, number: int, text: bytes) -> bytes:
    sealed = hashlib.blake2b(b"%d " % number + text, key=key, digest_size=_SEAL_BYTES)
    return sealed.hexdigest().encode()


def writer(descriptor: int, key: bytes) -> Callable[..., None]:
    """The function with which a worker reports: ``emit(event, **facts)``.

    Number and key are in it and nowhere else; it writes past Python's and C's buffers.
    """
    number = 0
    write, dumps, seal = os.write, json.dumps, _seal

    def emit(event: str, **facts: Any) -> None:
        nonlocal number
        text = dumps({"event": event, **facts}).encode()
        left = memoryview(b"%d %s %s\n" % (number, seal(key, number, text), text))
        number += 1
        while left:
            left = left[write(descriptor, left) :]

    return emit


class Reader:
    """The other end.

    Attributes:
        broken: whether something came that no worker of ours has written; nothing counts then.
    """

    def __init__(self, key: bytes, language: str) -> None:
        self.broken = False
        self._key = key
        self._number = 0
        self._partial = b""
        self._walls = 0
        self._built = False
        # A prediction's own statements run when it is loaded, and may raise.
        self._late = frozenset({"build-failed"} if language == "py" else ())
        self._begun: set[int] = set()
        self._ended: set[int] = set()

    def take(self, data: bytes) -> list[dict[str, Any]]:
        """The events that are whole now; none once it is broken."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        found = []
        for line in lines:
            event = None if self.broken else self._event(line)
            if event is None:
                self.broken = True
                return []
            found.append(event)
        return found

    def _event(self, line: bytes) -> dict[str, Any] | None:
        number, _, rest = line.partition(b" ")
        seal, _, text = rest.partition(b" ")
        if number != b"%d" % self._number or seal != _seal(self._key, self._number, text):
            return None
        self._number += 1
        try:
            event = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return event if is_event(event) and self._in_turn(event) else None

    def _in_turn(self, event: dict[str, Any]) -> bool:
        """Whether a worker may say this now."""
        name, index = event["event"], event.get("index", -1)
        if self._walls < _WALLS:
            self._walls += name == "isolation"
            return name in _BEFORE
        if not self._built:
            self._built = name == "built"
            return self._built or name in self._late
        if name == "begin":
            fresh = index not in self._begun
            self._begun.add(index)
            return fresh
        if name == "end":
            good = index in self._begun - self._ended
            self._ended.add(index)
            return good
        return name in _AFTER - {"built"}
