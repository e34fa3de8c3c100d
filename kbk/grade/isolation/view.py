"""What of the disk a submission sees: the system, Python and torch, read only; no files of people.

Places where people keep files are covered by empty memory disks; what a worker needs from below
them is put back. The rest of the system stays where it is, read only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from kbk import paths
from kbk.grade.isolation import linux

JOB = "/tmp/job"
"""The folder of a job."""
DISK_BYTES = 512 << 20
DISK_FILES = 20_000
_PERSONAL = ("/home", "/root", "/mnt", "/media", "/srv", "/var/tmp", "/dev/shm", "/run/user")
_NEVER = ("/", "/usr", "/bin", "/lib", "/lib64", "/etc", "/proc", "/dev", "/sys", "/opt", "/nix")


def essential(cache: str) -> list[str]:
    """Folders without which no worker works: Python's, torch's, ours, the cache."""
    found = [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, cache]
    clone = None if paths.REPOSITORY is None else str(paths.REPOSITORY)
    found += [str(paths.PACKAGE), *(each for each in sys.path if each != clone)]
    return _folders(found)


def needed(cache: str) -> list[str]:
    """Folders that a worker reads, some of them by two names."""
    found = [*essential(cache), *os.environ.get("PATH", "").split(os.pathsep)]
    for name in (*os.environ.get("CXX", "").split()[:1], "g++", "clang++", "ld", "ninja"):
        where = shutil.which(name)
        if where is not None:  # a tool chain lies around its bin
            found += [os.path.dirname(os.path.dirname(each)) for each in _names(where)]
    return _folders([*found, *os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)])


def _folders(found: Iterable[str]) -> list[str]:
    both = [name for each in found if each for name in _names(each)]
    here = [each for each in dict.fromkeys(both) if each not in _NEVER and os.path.isdir(each)]
    covers = {"/tmp", *personal()}
    return [each for each in here if each not in covers]


def _names(path: str) -> tuple[str, str]:
    return os.path.abspath(path), os.path.realpath(path)


def personal(hidden: Iterable[str] = ()) -> list[str]:
    """Folders to cover, outer ones first."""
    ours = (paths.REPOSITORY, paths.SOLUTIONS, paths.GRADERS, paths.STUBS, paths.MUTANTS)
    found = [*_PERSONAL, os.path.expanduser("~"), *(str(each) for each in ours if each), *hidden]
    real = dict.fromkeys(os.path.realpath(each) for each in found)
    return sorted((each for each in real if each not in _NEVER and os.path.isdir(each)), key=len)


def _below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")


def narrow(cache: str, hidden: Iterable[str]) -> None:
    """Give this process, which has a mount namespace of its own, the narrow view.

    Args:
        cache: the build cache, which stays writable until `freeze`.
        hidden: more folders to cover.

    Raises:
        OSError: refused; the process is of no use then.
    """
    cache = os.path.realpath(cache) if cache else ""
    kept = {each: os.open(each, os.O_PATH | os.O_CLOEXEC) for each in needed(cache)}
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.set_read_only("/", True, recursive=True)
    for cover in ["/tmp", *personal(hidden)]:
        if not os.path.isdir(cover):  # gone with an outer one
            continue
        _cover(cover)
        for each in sorted(kept, key=len):
            if _below(each, cover) and not os.path.exists(each):
                os.makedirs(each, exist_ok=True)
                _bind(f"/proc/self/fd/{kept[each]}", each)
        if cover not in ("/tmp", "/dev/shm"):
            linux.set_read_only(cover, True, recursive=False)
    if cache:
        _bind(cache, cache)
        linux.set_read_only(cache, False, recursive=False)
    for descriptor in kept.values():
        os.close(descriptor)
    os.mkdir(JOB, 0o700)
    _no_processes()


def lacks() -> str:
    """What a worker needs and cannot see, or ""."""
    files = [os.__file__, str(paths.PACKAGE / "__init__.py"), sys.executable]
    found = [each for each in files if not os.path.exists(each)]
    return found[0] if found else ""


def _bind(source: str, target: str) -> None:
    linux.mount(source, target, None, linux.MS_BIND | linux.MS_REC)


def _cover(folder: str) -> None:
    large = folder == "/tmp"
    size, files = (DISK_BYTES, DISK_FILES) if large else (1 << 20, 2000)
    mode = "1777" if folder in ("/tmp", "/dev/shm") else "0755"
    linux.mount(
        "kbk",
        folder,
        "tmpfs",
        linux.MS_NOSUID | linux.MS_NODEV,
        f"size={size},nr_inodes={files},mode={mode}",
    )


def _no_processes() -> None:
    """Nothing of /proc, which is the way to other processes, but where our own stack lies.

    The C library looks there for the stack of a process's first thread, and the simulator asks it.
    """
    rows = Path("/proc/self/maps").read_text().splitlines(keepends=True)
    stack = [row for row in rows if row.rstrip().endswith("[stack]")]
    linux.mount("kbk", "/proc", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=64k,mode=0755")
    os.mkdir("/proc/self")
    Path("/proc/self/maps").write_text("".join(stack))
    linux.set_read_only("/proc", True, recursive=False)


def freeze(cache: str, covered: Iterable[str] = ()) -> None:
    """Before a submission runs: the build cache becomes read only, and more is covered."""
    if cache:
        linux.set_read_only(os.path.realpath(cache), True, recursive=False)
    for each in covered:
        with contextlib.suppress(OSError):
            _cover(each)
