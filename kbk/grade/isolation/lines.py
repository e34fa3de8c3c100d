"""Looks up lines for a worker that may start no program any more: a helper made before that.

The helper runs no submission. It is asked by a process that does, so it takes a library of the
build cache and numbers, and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterable

from kbk.grade.isolation import linux
from kbk.sim import addresses
from kbk.sim.addresses import Frame

_MOST = 1 << 20  # bytes of a question or an answer


def start(cache: str, shed: Callable[[], None]) -> None:
    """Start the helper, and have `kbk.sim.addresses` ask it.

    Args:
        cache: only libraries below it are read.
        shed: makes the helper nobody.
    """
    their_questions, questions = os.pipe()
    answers, their_answers = os.pipe()
    if os.fork() == 0:
        with contextlib.suppress(BaseException):
            os.close(questions)
            os.close(answers)
            linux.prctl(linux.DEATH_SIGNAL, signal.SIGKILL)
            shed()
            _serve(their_questions, their_answers, os.path.realpath(cache))
        os._exit(0)
    os.close(their_questions)
    os.close(their_answers)
    asker = _Asker(questions, answers)
    addresses._ask = asker.ask  # type: ignore[assignment]


class _Asker:
    """The worker's end."""

    def __init__(self, questions: int, answers: int) -> None:
        self._questions = questions
        self._answers = os.fdopen(answers, "rb")

    def ask(self, library: str, offsets: Iterable[int]) -> dict[int, tuple[Frame, ...]]:
        """As `kbk.sim.addresses` asks a symbolizer; nothing if the helper is gone."""
        question = json.dumps([library, list(offsets)]).encode() + b"\n"
        try:
            os.write(self._questions, question)
            told = json.loads(self._answers.readline(_MOST))
        except (OSError, ValueError):
            return {}
        return {int(at): tuple(Frame(*each) for each in frames) for at, frames in told.items()}


def _serve(questions: int, answers: int, cache: str) -> None:
    with os.fdopen(questions, "rb") as lines:
        while line := lines.readline(_MOST):
            library, offsets = json.loads(line)
            found: dict[int, tuple[Frame, ...]] = {}
            if os.path.realpath(library).startswith(cache + os.sep):
                found = addresses._ask(library, [int(each) for each in offsets])
            told = {
                at: [(f.function, f.path, f.line) for f in frames] for at, frames in found.items()
            }
            data = json.dumps(told).encode() + b"\n"
            while data:
                data = data[os.write(answers, data) :]
