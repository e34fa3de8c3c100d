"""The runtime library as Python sees it: how to compile it, how to load it, and its settings."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kbk.errors import ArgumentError

_ARCHS = (75, 80, 90)


def _default_arch() -> int:
    name = os.environ.get("KBK_SIM_ARCH", "90").removeprefix("sm_")
    if name not in {str(a) for a in _ARCHS}:
        raise ArgumentError(f"KBK_SIM_ARCH must be one of sm_75, sm_80, sm_90; it was {name!r}")
    return int(name)


@dataclass(frozen=True)
class Settings:
    """What the simulator does with a launch.

    Attributes:
        seed: None runs threads, warps and blocks in order; a number shuffles them, the same way
            each time.
        threads: OS threads of a launch; None uses the cores when the source allows it and the grid
            is large.
        time_limit: seconds after which a launch is ended; None for no limit.
        arch: the device profile: 75, 80 or 90.
        stack_kb: stack of one thread, for its local variables, in KiB.
    """

    seed: int | None = None
    threads: int | None = None
    time_limit: float | None = 60.0
    arch: int = 90
    stack_kb: int = 64


_settings = Settings(arch=_default_arch())
_library: ctypes.CDLL | None = None
_writer: object = None  # keeps the callback alive


def arch() -> int:
    """The device profile in force: 75, 80 or 90."""
    return _settings.arch


def load_runtime(path: str | Path) -> None:
    """Loads the compiled runtime once; kernel libraries that name it find it loaded."""
    global _library
    if _library is not None:
        return
    # Not for everybody: the C++ library inside it must not take the place of another extension's.
    library = ctypes.CDLL(str(path), mode=ctypes.RTLD_LOCAL)
    library.kbk_sim_configure.argtypes = [
        ctypes.c_uint64,
        ctypes.c_int,
        ctypes.c_double,
        ctypes.c_int,
        ctypes.c_uint64,
    ]
    library.kbk_sim_take_fault.restype = ctypes.c_char_p
    library.kbk_sim_last_seconds.restype = ctypes.c_double
    library.kbk_sim_launches.restype = ctypes.c_ulong
    library.kbk_sim_copies.restype = ctypes.c_ulong
    library.kbk_sim_fence_range.argtypes = [ctypes.c_uint64, ctypes.c_uint64]
    library.kbk_sim_launch_log.restype = ctypes.c_char_p
    integers = ctypes.POINTER(ctypes.c_int64)
    library.kbk_sim_findings.restype = ctypes.c_char_p
    library.kbk_sim_watch_regions.restype = ctypes.c_char_p
    library.kbk_sim_watch_fresh.argtypes = [ctypes.c_uint64, ctypes.c_uint64]
    library.kbk_sim_watch_forget.argtypes = [ctypes.c_uint64]
    library.kbk_sim_watch_argument.argtypes = [
        ctypes.c_int,
        ctypes.c_int,
        *[ctypes.c_uint64] * 4,
        ctypes.c_int,
        integers,
        integers,
    ]
    library.kbk_sim_watch_unwritten.argtypes = [
        *[ctypes.c_uint64] * 3,
        ctypes.c_int,
        integers,
        integers,
        ctypes.POINTER(ctypes.c_uint64),
    ]
    library.kbk_sim_watch_unwritten.restype = ctypes.c_uint64
    _library = library
    _install_writer(library)
    _apply(_settings)


def library() -> ctypes.CDLL | None:
    """The loaded runtime, or None before the first build."""
    return _library


def _install_writer(library: ctypes.CDLL) -> None:
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)

    def write(address: int, size: int) -> None:
        sys.stdout.write(ctypes.string_at(address, size).decode(errors="replace"))
        sys.stdout.flush()

    global _writer
    _writer = kind(write)
    library.kbk_sim_set_writer(_writer)


def take_fault() -> str:
    """The fault of the launch that was ended last, as JSON, and forgets it; "" if there is none."""
    if _library is None:
        return ""
    return (_library.kbk_sim_take_fault() or b"").decode(errors="replace")


def fence(ranges: Iterable[tuple[int, int]] = ()) -> None:
    """From now on end the process when host code touches a tensor of a call, as a GPU's would.

    Args:
        ranges: address and bytes, whole pages, of tensors of the next call that are larger than
            64 MiB, which it uses where they are; those of the last call are free again.
    """
    if _library is not None:
        _library.kbk_sim_fence(1)
        _library.kbk_sim_fence_range(0, 0)
        for address, size in ranges:
            _library.kbk_sim_fence_range(address, size)


def launches() -> int:
    """How many kernels the simulator has run in this process."""
    return int(_library.kbk_sim_launches()) if _library is not None else 0


def copies() -> int:
    """How often this process has asked the simulator's cudaMemcpy, cudaMemset and their kin."""
    return int(_library.kbk_sim_copies()) if _library is not None else 0


@dataclass(frozen=True)
class LaunchShape:
    """One simulated launch.

    The kernel's name, grid and block (x, y, z), and the bytes of dynamic shared memory.
    """

    kernel: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    dynamic_bytes: int


@contextmanager
def launch_log() -> Iterator[list[LaunchShape]]:
    """Lists the simulated launches made inside the ``with`` block; it is filled at the end."""
    log: list[LaunchShape] = []
    if _library is not None:
        _library.kbk_sim_log_launches(1)
    try:
        yield log
    finally:
        if _library is not None:
            for entry in json.loads(_library.kbk_sim_launch_log()):
                grid, block = entry["grid"], entry["block"]
                log.append(
                    LaunchShape(
                        entry["kernel"],
                        (grid[0], grid[1], grid[2]),
                        (block[0], block[1], block[2]),
                        entry["dynamic_bytes"],
                    )
                )
            _library.kbk_sim_log_launches(0)


def last_launch_seconds() -> float:
    """Seconds that the last simulated launch took on this CPU: says nothing of a GPU."""
    return float(_library.kbk_sim_last_seconds()) if _library is not None else 0.0


def _apply(new: Settings) -> None:
    global _settings
    _settings = new
    if _library is not None:
        # 0 means "in order" to the runtime, so seeds start at 1 there.
        _library.kbk_sim_configure(
            0 if new.seed is None else (new.seed % (1 << 63)) * 2 + 1,
            new.threads or 0,
            new.time_limit or 0.0,
            new.arch,
            new.stack_kb * 1024,
        )


def _checked(new: Settings) -> Settings:
    def refuse(name: str, must: str, was: object) -> ArgumentError:
        return ArgumentError(f"settings: {name} must be {must}; it was {was!r}")

    def is_int(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    if new.seed is not None and (not is_int(new.seed) or new.seed < 0):
        raise refuse("seed", "an integer >= 0 or None", new.seed)
    if new.threads is not None and (not is_int(new.threads) or not 1 <= new.threads <= 256):
        raise refuse("threads", "an integer from 1 to 256 or None", new.threads)
    limit = new.time_limit
    if limit is not None and (
        isinstance(limit, bool) or not isinstance(limit, (int, float)) or not limit > 0
    ):
        raise refuse("time_limit", "a number of seconds > 0 or None", limit)
    if new.arch not in _ARCHS:
        raise refuse("arch", "75, 80 or 90", new.arch)
    if not is_int(new.stack_kb) or not 16 <= new.stack_kb <= 65536:
        raise refuse("stack_kb", "an integer from 16 to 65536", new.stack_kb)
    return new


class _Keep:
    """Marks an argument that was not given."""


_KEEP = _Keep()


def settings(
    *,
    seed: int | _Keep | None = _KEEP,
    threads: int | _Keep | None = _KEEP,
    time_limit: float | _Keep | None = _KEEP,
    arch: int | _Keep = _KEEP,
    stack_kb: int | _Keep = _KEEP,
) -> AbstractContextManager[Settings]:
    """Changes the simulator's settings at once.

    In a ``with`` statement, the old ones come back at its end.

    Args:
        seed, threads, time_limit, arch, stack_kb: see ``Settings``; what is not given stays.

    Raises:
        ArgumentError: a value that cannot be.
    """
    given = {
        name: value
        for name, value in (
            ("seed", seed),
            ("threads", threads),
            ("time_limit", time_limit),
            ("arch", arch),
            ("stack_kb", stack_kb),
        )
        if not isinstance(value, _Keep)
    }
    before = _settings
    _apply(_checked(replace(before, **given)))  # type: ignore[arg-type]

    @contextmanager
    def scope() -> Iterator[Settings]:
        try:
            yield _settings
        finally:
            _apply(before)

    return scope()


def current_settings() -> Settings:
    """The settings in force."""
    return _settings
