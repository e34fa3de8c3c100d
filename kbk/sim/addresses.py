"""From addresses in a compiled library to functions, files and lines, by its debug information."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# Some instructions have no line of their own (clang gives them line 0): their neighbours have.
_NEIGHBOURS = (-1, 1, -4, 4, -8, 8, -16, 16, 24, -24, 32)

_SYMBOLIZERS = (
    ["addr2line", "-a", "-f", "-i", "-C"],
    ["llvm-symbolizer", "--output-style=GNU", "-a", "-f", "-i", "-C"],
)


@dataclass(frozen=True)
class Frame:
    """One function that an address belongs to.

    Attributes:
        function: demangled, as the debug information has it ("??" if unknown).
        path: of the source file, as the debug information has it.
        line: 1-based.
    """

    function: str
    path: str
    line: int


def frames(library: str, offsets: Iterable[int]) -> dict[int, tuple[Frame, ...]]:
    """The functions at each offset in a library, innermost first.

    A function that was inlined stands before the one that it was inlined into. The tuple is empty
    if nothing is known: no such library, no debug information, no program that reads it. Answers
    are kept: only new offsets cost a call of addr2line, all of them one.
    """
    known = _known(library, _stamp(library))
    wanted = list(dict.fromkeys(offsets))
    new = [offset for offset in wanted if offset not in known]
    if new:
        found = _ask(library, new)
        lost = [offset for offset in new if not _tells(found.get(offset, ()))]
        near = {
            offset: [offset + step for step in _NEIGHBOURS if offset + step >= 0] for offset in lost
        }
        around = _ask(library, {other for others in near.values() for other in others})
        for offset in lost:
            for other in near[offset]:
                if _tells(around.get(other, ())):
                    found[offset] = around[other]
                    break
        for offset in new:
            known[offset] = tuple(frame for frame in found.get(offset, ()) if frame.line > 0)
    return {offset: known[offset] for offset in wanted}


def _tells(frames: tuple[Frame, ...]) -> bool:
    """Whether the innermost function of the learner has a line (clang gives some 0)."""
    own = [frame for frame in frames if not is_ours(frame.path)]
    return bool(own) and own[0].line > 0


def is_ours(path: str) -> bool:
    """Whether a file is not the learner's: the shim, torch, the C++ library, the generated unit."""
    return (
        "??" in path
        or "/sim/include/" in path
        or "/kbk/include/kbk/" in path
        or "/torch/include/" in path
        or path.startswith("/usr/")
        or path.endswith("main.cpp")
        or path.rpartition("/")[2].startswith(("kbk:", "<"))
    )


def _stamp(library: str) -> tuple[int, int]:
    try:
        status = os.stat(library)
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=64)
def _known(library: str, stamp: tuple[int, int]) -> dict[int, tuple[Frame, ...]]:
    """What was found out about this library as it is on disk."""
    del library, stamp
    return {}


@lru_cache(maxsize=64)
def _by_clang(library: str) -> bool:
    """Whether the compiler has left the name of clang in the file."""
    try:
        return b"clang version" in Path(library).read_bytes()
    except OSError:
        return False


def _ask(library: str, offsets: Iterable[int]) -> dict[int, tuple[Frame, ...]]:
    text = "".join(f"{offset:#x}\n" for offset in offsets if offset >= 0)
    if not library or not text or not os.path.exists(library):
        return {}
    # GNU's loses functions that clang inlined.
    for command in sorted(_SYMBOLIZERS, key=lambda each: _by_clang(library) and "addr" in each[0]):
        try:
            done = subprocess.run(
                [*command, "-e", library],
                input=text,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=20,
            )
        except (OSError, subprocess.SubprocessError):
            continue
        answer = _parse(done.stdout)
        if any(answer.values()):
            return answer
    return {}


def _parse(text: str) -> dict[int, tuple[Frame, ...]]:
    """Read what the symbolizer prints: an address, then function and file:line of each frame."""
    found: dict[int, tuple[Frame, ...]] = {}
    address: int | None = None
    function: str | None = None
    for line in text.split("\n"):
        if function is None:
            if re.fullmatch(r"0x[0-9a-fA-F]+", line):
                address = int(line, 16)
                found[address] = ()
            elif line:
                function = line
            continue
        place = re.fullmatch(r"(.+):(\d+)(?: \(.*\))?", line)
        if place and address is not None and "??" not in place[1]:
            found[address] += (Frame(function, place[1], int(place[2])),)
        function = None
    return found
