"""The variables of a compiled source, __device__ and __constant__, from its symbol table."""

from __future__ import annotations

import bisect
import os
import re
import subprocess
from functools import lru_cache

_TOOLS = (["nm"], ["llvm-nm"])
_OURS = ("kbk::", "std::", "c10::", "torch::", "guard variable", "typeinfo", "vtable", "VTT")
_REACH = 1 << 16  # bytes after a variable that are still told as beside it


def variable_at(library: str, address: int) -> tuple[str, int, int] | None:
    """The variable at an address of this process: its name, the offset in it, its size.

    The offset is not in 0 .. size - 1 beside a variable. None if there is none, or if the library
    is not loaded.
    """
    base = _base(library)
    if base is None:
        return None
    return variable_at_offset(library, address - base)


def variable_at_offset(library: str, offset: int) -> tuple[str, int, int] | None:
    """As `variable_at`, for an offset from the library's base."""
    try:
        stamp = os.stat(library).st_mtime_ns
    except OSError:
        return None
    variables = _variables(library, stamp)
    at = bisect.bisect_right([start for start, _, _ in variables], offset) - 1
    best: tuple[int, str, int, int] | None = None
    for start, size, name in variables[max(at, 0) : at + 2]:
        inside = start <= offset < start + size
        far = 0 if inside else start - offset if offset < start else offset - start - size + 1
        if far < _REACH and (best is None or far < best[0]):
            best = far, name, offset - start, size
    return best[1:] if best else None


@lru_cache(maxsize=32)
def _variables(library: str, stamp: int) -> list[tuple[int, int, str]]:
    """Start, size and name of each variable of the learner, by start."""
    del stamp
    for command in _TOOLS:
        try:
            done = subprocess.run(
                [*command, "-C", "-S", "--defined-only", library],
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=20,
            )
        except (OSError, subprocess.SubprocessError):
            continue
        found = []
        for line in done.stdout.splitlines():
            row = re.fullmatch(r"([0-9a-f]+) ([0-9a-f]+) ([bBdDrRuVgGsS]) (.+)", line)
            if row and int(row[2], 16) > 0 and not _is_ours(row[4]):
                found.append((int(row[1], 16), int(row[2], 16), _short(row[4])))
        if done.returncode == 0:
            return sorted(found)
    return []


def _is_ours(name: str) -> bool:
    last = _short(name)
    return name.startswith(_OURS) or last.startswith(("kbk_", "__", "_")) or "DW.ref." in name


def _short(name: str) -> str:
    """ "seen" of "run<float>(float*)::seen" and of "(anonymous namespace)::seen"."""
    return re.sub(r"\[abi:\w+\]", "", name).rpartition("::")[2]


def _base(library: str) -> int | None:
    """Where a library is loaded in this process."""
    path = os.path.realpath(library)
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            for line in maps:
                fields = line.rstrip("\n").split(maxsplit=5)
                if len(fields) == 6 and fields[5] in (library, path) and int(fields[2], 16) == 0:
                    return int(fields[0].partition("-")[0], 16)
    except OSError:
        return None
    return None
