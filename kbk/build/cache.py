"""The build cache: entries appear whole or not at all, whatever kills a build.

An entry is a folder. It is made under tmp/ and renamed into place while a lock is held that the
operating system drops when its process dies, so nobody ever waits on a dead build and no half-made
folder is ever taken for an entry. An entry lists the sizes of its files: one that lost some of its
bytes later, as a full disk or a crash does to files, counts as absent and is built again.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from ..errors import BuildError, DiskFullError

try:
    import fcntl
except ImportError:  # Windows, where only WSL2 is supported
    fcntl = None  # type: ignore[assignment]

_LAYOUT = "v1"  # a new layout of the entries gets a new folder
_SIZES = "sizes.json"
_DAY = 86400.0
_KEEP_DAYS = 30  # a precompiled header takes 80 MB, and every set of flags has its own
_GRACE = 2.0  # seconds between making a mark and locking it, at most
_NO_LOCKS_HERE = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


def cache_dir() -> Path:
    """The folder of the build cache: $KBK_CACHE, else $XDG_CACHE_HOME/kbk, else ~/.cache/kbk.

    Where the default place cannot be written, a temporary folder serves this process, and a line on
    stderr says so.

    Raises:
        BuildError: $KBK_CACHE is set and cannot be written.
    """
    named = os.environ.get("KBK_CACHE", "")
    if named:
        return _named_dir(named)
    base = os.environ.get("XDG_CACHE_HOME", "")
    return _default_dir(Path(base) if base else Path.home() / ".cache")


@lru_cache(maxsize=8)
def _named_dir(name: str) -> Path:
    folder = Path(name).expanduser().absolute()
    problem = _why_not_writable(folder)
    if problem:
        raise BuildError(
            f"The build cache KBK_CACHE={name} cannot be written ({problem}); "
            "set it to another folder."
        )
    return folder


@lru_cache(maxsize=8)
def _default_dir(base: Path) -> Path:
    folder = (base / "kbk").absolute()
    problem = _why_not_writable(folder)
    if not problem:
        return folder
    fallback = Path(tempfile.mkdtemp(prefix="kbk-"))
    print(
        f"kbk: {folder} cannot be written ({problem}); this process builds in {fallback}. "
        "Set KBK_CACHE to a folder that stays.",
        file=sys.stderr,
        flush=True,
    )
    return fallback


def _why_not_writable(folder: Path) -> str:
    try:
        (folder / _LAYOUT / "tmp").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder / _LAYOUT / "tmp"):
            pass
    except OSError as error:
        return error.strerror or str(error)
    return ""


def entry_path(kind: str, key: str) -> Path:
    """Where the entry `key` of `kind` ("library", "headers", "runtime") is or will be."""
    return cache_dir() / _LAYOUT / kind / key


def has_entry(kind: str, key: str) -> bool:
    """Whether the entry exists and is whole; asking counts as use."""
    entry = entry_path(kind, key)
    try:
        if time.time() - entry.stat().st_mtime > _DAY:
            with contextlib.suppress(OSError):  # a cache that others own is still good to read
                os.utime(entry)
    except OSError:
        return False
    return _whole(entry)


def _whole(entry: Path) -> bool:
    """Whether the files of an entry are as long as when it was made."""
    try:
        sizes = json.loads((entry / _SIZES).read_bytes())
        return all((entry / name).stat().st_size == size for name, size in sizes.items())
    except FileNotFoundError as error:
        # An entry without a list was made by an older version.
        return error.filename == str(entry / _SIZES)
    except (OSError, ValueError, AttributeError):
        return False


def _note_sizes(folder: Path) -> None:
    sizes = {file.name: file.stat().st_size for file in folder.iterdir() if file.is_file()}
    (folder / _SIZES).write_text(json.dumps(sizes))


def build_entry(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """Return the entry, building it if nobody has.

    Args:
        build: fills the empty folder that it is given; an exception discards that folder.

    Of several processes or threads that ask at once, one builds and the others wait for it.

    Raises:
        DiskFullError: the disk of the cache has no room left.
    """
    entry = entry_path(kind, key)
    if has_entry(kind, key):
        return entry
    try:
        with _locked(cache_dir() / _LAYOUT / "locks" / f"{kind}-{key}"):
            if entry.is_dir():
                if _whole(entry):
                    return entry
                discard_entry(entry)
            sweep()
            with _scratch() as folder:
                build(folder)
                _note_sizes(folder)
                entry.parent.mkdir(parents=True, exist_ok=True)
                with contextlib.suppress(FileExistsError):
                    _rename(folder, entry)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full() from error
        raise BuildError(f"The build cache {cache_dir()} cannot be written: {error}.") from error
    return entry


def _rename(folder: Path, entry: Path) -> None:
    try:
        folder.rename(entry)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        # Without locks (some network disks) another build may have been first: use its result.


def discard_entry(entry: Path) -> None:
    """Remove an entry that turned out to be damaged."""
    with contextlib.suppress(OSError):
        grave = cache_dir() / _LAYOUT / "tmp" / f"discarded-{uuid.uuid4().hex}"
        entry.rename(grave)
        shutil.rmtree(grave, ignore_errors=True)


def disk_full() -> DiskFullError:
    """The error for a full disk, naming the cache."""
    return DiskFullError(
        f"The disk that holds the build cache {cache_dir()} has no room left; free some space or "
        "set KBK_CACHE to a folder on another disk."
    )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`, for other processes and other threads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as file:
        _flock(file.fileno(), wait=True)
        yield


def _flock(descriptor: int, wait: bool) -> bool:
    """Lock; False if somebody holds it and `wait` is false. Without lock support, as if locked."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS_HERE:
            raise
    return True


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """A fresh folder under tmp/, marked as in use by the lock on the file beside it."""
    folder = cache_dir() / _LAYOUT / "tmp" / f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
    mark = folder.with_suffix(".lock")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(mark, "a") as file:
        _flock(file.fileno(), wait=False)
        try:
            folder.mkdir()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                mark.unlink()


def sweep() -> None:
    """Remove what dead builds left under tmp/, and entries that nobody used for a month."""
    for entry in (cache_dir() / _LAYOUT).glob("*/*"):
        with contextlib.suppress(OSError):
            old = time.time() - entry.stat().st_mtime > _KEEP_DAYS * _DAY
            if old and entry.parent.name not in ("tmp", "locks"):
                discard_entry(entry)
    for mark in (cache_dir() / _LAYOUT / "tmp").glob("*.lock"):
        with contextlib.suppress(OSError), open(mark, "r+") as file:
            # A mark is locked by its builder from birth to death, but for the moment between the
            # two calls.
            fresh = mark.stat().st_mtime > time.time() - _GRACE
            if not fresh and _flock(file.fileno(), wait=False):
                shutil.rmtree(mark.with_suffix(""), ignore_errors=True)
                if not mark.with_suffix("").exists():
                    mark.unlink()
