"""Where in the learner's source an address of a compiled library stands, and what the line says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from kbk.sim import addresses

_MOST_CHAIN = 4  # "inlined into" lines
_MOST_COLUMNS = 160


@dataclass(frozen=True)
class Spot:
    """One function at a place.

    Attributes:
        function: with its parameters, without its return type: "scale(float*, int)"; "" if unknown.
        file: as it was given to the compiler; of a file that was included, its last part.
        line: 1-based.
        text: of the line, without indentation; "" if it cannot be read.
    """

    function: str
    file: str
    line: int
    text: str

    @property
    def name(self) -> str:
        """The function without its parameters."""
        return self.function[: _parameters(self.function)]


@dataclass(frozen=True)
class Place:
    """A place in the code: the innermost function of the learner, and what it was inlined into.

    Attributes:
        spots: innermost first; empty if nothing is known.
    """

    spots: tuple[Spot, ...] = ()

    @property
    def file(self) -> str | None:
        """Of the innermost function, or None."""
        return self.spots[0].file if self.spots else None

    @property
    def line(self) -> int | None:
        """Of the innermost function, or None."""
        return self.spots[0].line if self.spots else None

    @property
    def text(self) -> str:
        """Of the line, or ""."""
        return self.spots[0].text if self.spots else ""


def prefetch(library: str, returns: Iterable[int]) -> None:
    """Look up many return addresses at once: one call of addr2line."""
    addresses.frames(library, [max(offset - 1, 0) for offset in returns])


def place(library: str, offset: int, sources: Mapping[str, str], kernel: str = "") -> Place:
    """The place of the call that returns to `offset` (bytes from the library's base).

    Args:
        library: path of the library.
        sources: texts by name, of the files that the library was made from.
        kernel: its name: what called it is left out.
    """
    before = max(offset - 1, 0)  # in the call, not after it
    frames = addresses.frames(library, [before])[before] if library else ()
    if len(frames) > 1 and _is_symbol_of(frames[0].function, frames[-1].function):
        frames = (replace(frames[0], function="??"), *frames[1:])
    named = [(frame, _source_name(frame.path, sources)) for frame in frames]
    own: list[Spot] = []
    kernel_name = _bare(kernel)
    seen_kernel = False
    for frame, source in _without_launch(named):
        function = _without_return_type(frame.function)
        ours = source is None and addresses.is_ours(frame.path)
        named_so = _bare(function[: _parameters(function)]) == kernel_name
        is_kernel = bool(kernel_name) and named_so and not ours
        if seen_kernel and not is_kernel:
            break  # the lambda of the launch
        seen_kernel = seen_kernel or is_kernel
        if ours:
            continue
        if own and own[-1].function == function:
            continue  # the compiler split the function in two
        file = source if source is not None else frame.path.rpartition("/")[2]
        text = line_text(file, frame.line, sources, frame.path)
        own.append(Spot("" if "??" in function else function, file, frame.line, text))
    return Place(tuple(own[: _MOST_CHAIN + 1]))


def host_place(path: str, line: int, sources: Mapping[str, str]) -> Place:
    """The place of a line that somebody else knows: the launch, or the compiler's word."""
    source = _source_name(path, sources)
    file = source if source is not None else path.rpartition("/")[2]
    return Place((Spot("", file, line, line_text(file, line, sources, path)),))


def line_text(file: str, line: int, sources: Mapping[str, str], path: str = "") -> str:
    """The text of a line without its indentation; "" where there is none."""
    text = sources.get(file)
    rows = _rows(text) if text is not None else _rows_on_disk(path, _changed(path))
    if not 1 <= line <= len(rows):
        return ""
    shown = " ".join(rows[line - 1].split())
    return shown if len(shown) <= _MOST_COLUMNS else shown[: _MOST_COLUMNS - 3] + "..."


def _is_symbol_of(inner: str, outer: str) -> bool:
    """Whether GNU addr2line gave the innermost function the name of the outermost one.

    It does so where the debug information has no linkage names (clang's): the outermost function
    is then told without parameters.
    """
    if "(" in outer or not inner.endswith(")"):
        return False
    depth = 0
    for index in range(len(inner) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(inner[index], 0)
        if depth == 0:
            return bool(re.search(rf"(^|\W){re.escape(outer)}(<.*>)?$", inner[:index]))
    return False


def _without_launch(
    named: list[tuple[addresses.Frame, str | None]],
) -> list[tuple[addresses.Frame, str | None]]:
    """Cut off the lambda that calls the kernel, and all that calls the lambda."""
    for index, (frame, _) in enumerate(named):
        if frame.path.endswith("/kbk_launch.h"):
            end = index
            while end and (named[end - 1][0].path.startswith("/usr/")):
                end -= 1
            if end and named[end - 1][0].function.startswith("operator()"):
                end -= 1
            return named[:end]
    return named


def _source_name(path: str, sources: Mapping[str, str]) -> str | None:
    """The name of the source that a path of the debug information means, if it is one."""
    fits = [name for name in sources if path == name or path.endswith("/" + name)]
    return max(fits, key=len) if fits else None


@lru_cache(maxsize=32)
def _rows(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _changed(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns if os.path.isabs(path) else 0
    except (OSError, ValueError):
        return 0


@lru_cache(maxsize=32)
def _rows_on_disk(path: str, changed: int) -> list[str]:
    if not changed:
        return []
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return _rows(file.read())
    except OSError:
        return []


def _bare(name: str) -> str:
    """A function's name without namespaces and template arguments."""
    return re.sub(r"<.*", "", name.replace("(anonymous namespace)::", "")).rpartition("::")[2]


def _parameters(function: str) -> int:
    """Where the list of parameters begins; the length of the text if there is none."""
    depth = 0
    for index, char in enumerate(function):
        if char in "<[{":
            depth += 1
        elif char in ">]}" and function[index - 1] != "-":
            depth -= 1
        elif char == "(" and depth == 0:
            rest = function[index:]
            if rest.startswith("(anonymous namespace)") or function[:index].endswith("operator"):
                continue
            return index
    return len(function)


def _without_return_type(function: str) -> str:
    """Cut "void " off "void run<float>(float*)": templates are demangled with it."""
    head, depth = function[: _parameters(function)], 0
    if "operator" in head:
        return function
    for index in range(len(head) - 1, -1, -1):
        if head[index] in ">])}":
            depth += 1
        elif head[index] in "<[({":
            depth -= 1
        elif head[index] == " " and depth == 0:
            return function[index + 1 :]
    return function
