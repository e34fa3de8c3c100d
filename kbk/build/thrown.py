"""What the project's C++ throws, as the exceptions that Python raises.

C++ begins each message with a word that says which exception is meant (kbk/check.h, require.h).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import ArgumentError, KbkError, LaunchError

_ARGUMENT = "kbk.ArgumentError: "  # as in kbk/check.h
_LAUNCH = "kbk.LaunchError: "
_UNSUPPORTED = "kbk.Unsupported: "  # as in kbk/require.h
_LAUNCHED_AT = re.compile(r"launch of (.+) at ([^\s:]+):(\d+): ")  # the simulator's words


def converted(error: RuntimeError, name: str, parameters: Sequence[str]) -> BaseException:
    """The exception for an error that this project's C++ threw in `name`; else the error."""
    found = ours(str(error), name)
    return error if found is None else with_names(found, parameters)


def with_names(found: KbkError, parameters: Sequence[str]) -> KbkError:
    """C++ counts the arguments from 0; Python names them."""
    text = re.sub(r"\bargument (\d+)\b", lambda m: parameters[int(m[1])], str(found.args[0]))
    found.args = (text, *found.args[1:])
    return found


def ours(text: str, name: str) -> KbkError | None:
    """What the words mean that the project's C++ begins its messages with."""
    if text.startswith(_ARGUMENT):
        message = text.removeprefix(_ARGUMENT)
        return ArgumentError(message if message.startswith(name) else f"{name}: {message}")
    if text.startswith(_UNSUPPORTED):
        return LaunchError(text.removeprefix(_UNSUPPORTED), kind="unsupported")
    if text.startswith(_LAUNCH):
        message = text.removeprefix(_LAUNCH)
        place = _LAUNCHED_AT.match(message)
        if place is None:
            outside = "wrote out of bounds" in message
            return LaunchError(message, kind="out-of-bounds" if outside else "launch")
        kernel, file, line = place.groups()
        return LaunchError(message, kernel=kernel, file=file, line=int(line))
    return None
