"""System calls of Linux that Python has no name for."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

NEWNS, NEWUTS, NEWIPC = 0x00020000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000

MS_NOSUID, MS_NODEV, MS_REC, MS_BIND, MS_PRIVATE = 0x2, 0x4, 0x4000, 0x1000, 0x40000
_ATTR_READ_ONLY, _AT_RECURSIVE, _AT_HERE = 0x1, 0x8000, -100
_MOUNT_SETATTR = 442  # the same number on every processor

DEATH_SIGNAL, DUMPABLE_GET, DUMPABLE_SET, SUBREAPER, NO_NEW_PRIVILEGES = 1, 3, 4, 36, 38
_BOUNDING_DROP, _AMBIENT, _AMBIENT_CLEAR = 24, 47, 4
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITIES_3 = 0x20080522

IS_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True) if IS_LINUX else None


def _done(result: int, what: str) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Enter new namespaces.

    Raises:
        OSError: not here, or not by this user.
    """
    if _libc is None:
        raise OSError(38, "namespaces: only on Linux")
    _done(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """Mount.

    Raises:
        OSError: refused.
    """
    if _libc is None:
        raise OSError(38, "mount: only on Linux")
    given = (source.encode(), target.encode(), kind.encode() if kind else None)
    data = options.encode() if options else None
    _done(_libc.mount(*given, ctypes.c_ulong(flags), data), f"mount {target}")


def set_read_only(target: str, read_only: bool, *, recursive: bool) -> None:
    """Make what is mounted at ``target`` read only, or writable again.

    Raises:
        OSError: refused, or a kernel before 5.12.
    """
    if _libc is None:
        raise OSError(38, "mount_setattr: only on Linux")
    on, off = (_ATTR_READ_ONLY, 0) if read_only else (0, _ATTR_READ_ONLY)
    attributes = struct.pack("=QQQQ", on, off, 0, 0)
    result = _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR),
        ctypes.c_int(_AT_HERE),
        target.encode(),
        ctypes.c_uint(_AT_RECURSIVE if recursive else 0),
        attributes,
        ctypes.c_size_t(len(attributes)),
    )
    _done(result, f"mount_setattr {target}")


def prctl(option: int, *values: int) -> int:
    """prctl(2); -1 where there is none."""
    if _libc is None:
        return -1
    words = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    return int(_libc.prctl(ctypes.c_int(option), *words))


def drop_capabilities() -> None:
    """Give up every capability, for good."""
    if _libc is None:
        return
    prctl(_AMBIENT, _AMBIENT_CLEAR)
    for capability in range(64):
        if prctl(_BOUNDING_DROP, capability) != 0:
            break
    number = _CAPSET.get(platform.machine())
    if number is not None:
        head = struct.pack("=II", _CAPABILITIES_3, 0)
        _libc.syscall(ctypes.c_long(number), head, struct.pack("=6I", *[0] * 6))


def install_filter(program: bytes) -> bool:
    """Have a BPF program judge every system call of this process from now on."""
    if _libc is None or prctl(NO_NEW_PRIVILEGES, 1) != 0:
        return False

    class Program(ctypes.Structure):
        _fields_ = [("count", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    buffer = ctypes.create_string_buffer(program)
    fprog = Program(len(program) // 8, ctypes.addressof(buffer))
    return int(_libc.prctl(22, 2, ctypes.byref(fprog), 0, 0)) == 0  # PR_SET_SECCOMP, filter
