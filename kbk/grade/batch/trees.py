"""Files of a submission, in a folder or a zip: nothing is unpacked, no link followed.

A zip is read in memory, file by file, up to a limit. So no path of it can lead anywhere, and a bomb
costs what the files that are asked for cost.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_BYTES = 1 << 20
"""Of one file that is read."""
MOST_FILES = 10_000
"""In one submission."""
_MOST_DEPTH = 12
_MOST_DIRECTORY = 4 << 20  # bytes of a zip's list of files: 10,000 with long names
_END = b"PK\x05\x06"
_SKIPPED = ("__MACOSX", "__pycache__")


class Unreadable(Exception):
    """A file, or the whole of a submission, cannot be read: one sentence, without the name.

    Attributes:
        ours: whether it may be the fault of this machine (a disk, a permission).
    """

    def __init__(self, sentence: str, ours: bool = False) -> None:
        super().__init__(sentence)
        self.ours = ours


class Tree:
    """The files of a submission.

    Attributes:
        names: of the regular files, with ``/`` between folders.
        problems: sentences about what was left out.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.problems: list[str] = []

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            Unreadable: it cannot be read, or is larger than MOST_BYTES.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Give back what is open."""


@contextmanager
def opened(path: Path) -> Iterator[Tree]:
    """The tree of a folder or a zip.

    Raises:
        Unreadable: it is neither, or damaged.
    """
    tree: Tree = _Folder(path) if path.is_dir() else _Zip(path)
    try:
        yield tree
    finally:
        tree.close()


class _Folder(Tree):
    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root
        links = 0

        def refuse(error: OSError) -> None:
            raise Unreadable(f"a folder cannot be read: {error.strerror}", ours=True)

        for folder, folders, files in os.walk(root, onerror=refuse):
            here = Path(folder).relative_to(root)
            links += sum(os.path.islink(os.path.join(folder, name)) for name in folders)
            folders[:] = sorted(
                name for name in folders if not _is_skipped(name) and len(here.parts) < _MOST_DEPTH
            )
            for name in sorted(files):
                if _is_skipped(name):
                    continue
                if os.path.islink(os.path.join(folder, name)):
                    links += 1
                    continue
                self.names.append((here / name).as_posix())
                if len(self.names) > MOST_FILES:
                    raise Unreadable(f"there are more than {MOST_FILES:,} files in it")
        if links:
            self.problems.append(f"{links} symbolic link{'s' * (links > 1)} left out.")

    def read(self, name: str) -> bytes:
        # Not a pipe, which would never end, nor what became a link meanwhile.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(self._root / name, flags)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise Unreadable("is no regular file")
                return _bounded(file.read)
        except OSError as error:
            raise Unreadable(f"cannot be read: {error.strerror}", ours=True) from error


class _Zip(Tree):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._members: dict[str, zipfile.ZipInfo] = {}
        try:
            _check_directory(path)
            self._file = zipfile.ZipFile(path)
        except OSError as error:
            raise Unreadable(f"it cannot be read: {error.strerror}", ours=True) from error
        except Unreadable:
            raise
        except Exception as error:  # zipfile raises many kinds for what is damaged
            raise Unreadable(f"it is no whole zip: {_told(error)}") from error
        try:
            self._list()
        except BaseException:
            self._file.close()
            raise

    def _list(self) -> None:
        members = self._file.infolist()
        if len(members) > MOST_FILES:
            raise Unreadable(f"there are more than {MOST_FILES:,} files in it")
        links, twice = 0, set()
        for member in members:
            name = member.filename.replace("\\", "/")  # of some programs on Windows
            parts = name.split("/")
            if not parts[-1] or any(map(_is_skipped, parts)):  # a folder, or nothing
                if ".." in parts:
                    self.problems.append(f"{_shown(name)} leads out of the zip; left out.")
                continue
            if stat.S_ISLNK(member.external_attr >> 16):
                links += 1
            elif name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in parts:
                self.problems.append(f"{_shown(name)} leads out of the zip; left out.")
            elif name in self._members:
                twice.add(name)
            else:
                self._members[name] = member
        for name in sorted(twice):
            self.problems.append(f"{_shown(name)} is in the zip twice; left out.")
            del self._members[name]
        if links:
            self.problems.append(f"{links} symbolic link{'s' * (links > 1)} left out.")
        self.names = sorted(self._members)

    def read(self, name: str) -> bytes:
        member = self._members[name]
        if member.flag_bits & 1:
            raise Unreadable("is encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unreadable("is compressed in a way that is not read here: make a plain zip")
        try:
            with self._file.open(member) as file:
                return _bounded(file.read)
        except Unreadable:
            raise
        except Exception as error:
            raise Unreadable(f"is damaged: {_told(error)}") from error

    def close(self) -> None:
        self._file.close()


def _bounded(read: Callable[[int], bytes]) -> bytes:
    data = read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Unreadable(f"is larger than {MOST_BYTES:,} bytes")
    return data


def _check_directory(path: Path) -> None:
    """Refuse a zip whose list of files is too long, before anybody reads that list."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - (1 << 16) - 22, 0))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise Unreadable("it is no zip" if size else "it is empty")
    entries, length = struct.unpack_from("<10xHI", tail, at)
    if entries > MOST_FILES or length > _MOST_DIRECTORY:  # also of a zip64, which says 0xFFFF
        raise Unreadable(f"there are more than {MOST_FILES:,} files in it")


def _is_skipped(name: str) -> bool:
    """What systems and programs leave behind, and whatever is hidden."""
    return name in _SKIPPED or (name.startswith(".") and name not in (".", ".."))


def _shown(name: str) -> str:
    text = name.encode("unicode_escape").decode()
    return text if len(text) <= 120 else f"{text[:117]}..."


def _told(error: Exception) -> str:
    return f"{error}".rstrip(".") or type(error).__name__
