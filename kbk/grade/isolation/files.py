"""Which files a submission may open, where it has no view of its own: by Landlock, from Linux 5.13.

It needs no privilege. What is not named here cannot be opened; the system can be read, the folder
of the job written.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from kbk import paths
from kbk.grade.isolation import linux, view

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every processor
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1}  # by version; from 3 on truncation is one
_LATEST = (1 << 15) - 1
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc",
    "/opt",
    "/nix",
    "/sys/devices",
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


def restrict(folder: str, cache: str, *, package: bool) -> bool:
    """Close all other files to this process, for good; False if the system cannot.

    Args:
        folder: of the job, which may be written.
        cache: the build cache, which may be read, or "".
        package: whether our own package may be read.
    """
    if linux._libc is None:
        return False
    call = linux._libc.syscall
    version = int(call(ctypes.c_long(_CREATE), None, ctypes.c_size_t(0), ctypes.c_uint(1)))
    if version < 1:
        return False
    rights = _RIGHTS.get(version, _LATEST)
    rules = int(
        call(
            ctypes.c_long(_CREATE), struct.pack("=Q", rights), ctypes.c_size_t(8), ctypes.c_uint(0)
        )
    )
    if rules < 0:
        return False
    reads = _READ_FILE | _READ_DIR
    for each in _readable(cache, package):
        _allow(rules, each, reads & rights)
    for each in (folder, *_DEVICES):
        _allow(rules, each, rights)
    linux.prctl(linux.NO_NEW_PRIVILEGES, 1)
    done = call(ctypes.c_long(_RESTRICT), ctypes.c_int(rules), ctypes.c_uint(0))
    os.close(rules)
    return int(done) == 0


def _readable(cache: str, package: bool) -> Iterable[str]:
    """The system, Python, torch, our package without what is hidden, our own entry in /proc."""
    ours = os.path.realpath(paths.PACKAGE)
    yield from (*_SYSTEM, "/proc/self")
    yield from (each for each in view.essential(cache) if os.path.realpath(each) != ours)
    if package:
        hidden = {os.path.realpath(each) for each in (paths.SOLUTIONS, paths.GRADERS, paths.STUBS)}
        yield from (
            str(each) for each in Path(ours).iterdir() if os.path.realpath(each) not in hidden
        )


def _allow(rules: int, path: str, rights: int) -> None:
    with contextlib.suppress(OSError):
        here = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(here).st_mode):
                rights &= _OF_FILES
            beneath = struct.pack("=Qi", rights, here)
            assert linux._libc is not None
            linux._libc.syscall(
                ctypes.c_long(_ADD), ctypes.c_int(rules), ctypes.c_int(1), beneath, ctypes.c_uint(0)
            )
        finally:
            os.close(here)
