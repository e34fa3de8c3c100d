"""The memory in which inputs and outputs cross between the grader and a submission's process.

One anonymous file, mapped by both. It holds the storages of every case, each between guards. What a
submission should have written is not in it.
"""

from __future__ import annotations

import math
import mmap
import os
import sys
import tempfile
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from kbk.errors import ArgumentError
from kbk.grade.cases import Argument, Case, Sparse

GUARD = 256
"""Bytes in front of and behind each storage that nobody may change."""
_GUARD_BYTE = 0xC3
_LARGE = 1 << 20
_MARGIN = 1 << 16  # bytes around a window that hold a pattern

_PATTERNS = {1: [0xA5], 2: [0xA5, 0x7F], 4: [0xA5, 0xA5, 0xE5, 0x7F], 8: [0xA5] * 6 + [0xF5, 0x7F]}
"""By element size: bytes that make a NaN of a floating-point element, with a payload of ours."""
_HALF = [0xA5, 0x7E]  # a NaN of float16: its exponent has five bits


def poison(dtype: torch.dtype) -> list[int]:
    """Bytes of an element of ``dtype`` that nobody wrote."""
    if dtype == torch.bool:
        return [1]
    return _HALF if dtype == torch.float16 else _PATTERNS[dtype.itemsize]


@dataclass
class Storage:
    """A storage of one case in the arena.

    Attributes:
        start, nbytes: where it lies.
        before: its bytes before the call; of a sparse one, those of [low, high).
        low, high: the part of a sparse storage that has values; None for an ordinary one.
    """

    start: int
    nbytes: int
    before: Tensor
    low: int | None = None
    high: int | None = None


@dataclass
class View:
    """A tensor argument: a view of a storage of the same case."""

    storage: int
    dtype: torch.dtype
    shape: list[int]
    strides: list[int]
    offset: int


class Arena:
    """Places the cases of one run and reads back what became of them.

    Attributes:
        file: descriptor of the shared file, to be inherited.
        size: its bytes.
    """

    def __init__(self, cases: list[Case]) -> None:
        self._end = mmap.PAGESIZE
        self.storages: list[list[Storage]] = []
        self.views: list[dict[int, View]] = []
        for case in cases:
            self._place(case)
        self.size = self._round(self._end + GUARD, mmap.PAGESIZE)
        self.file = _anonymous_file(self.size)
        self._map = mmap.mmap(self.file, self.size)
        for storages in self.storages:
            for storage in storages:
                self._fill(storage)

    @staticmethod
    def _round(value: int, multiple: int) -> int:
        return -(-value // multiple) * multiple

    def _take(self, nbytes: int) -> int:
        # Pages of a large storage are its own: a worker takes them away from host code.
        large = nbytes > _LARGE
        start = self._round(self._end + GUARD, mmap.PAGESIZE if large else 256)
        self._end = self._round(start + nbytes, mmap.PAGESIZE) if large else start + nbytes
        return start

    def _place(self, case: Case) -> None:
        storages: list[Storage] = []
        views: dict[int, View] = {}
        known: dict[int, int] = {}
        for index, argument in enumerate(case.args):
            if isinstance(argument, Sparse):
                views[index] = self._place_sparse(argument, storages)
            elif isinstance(argument, Argument):
                tensor = argument.tensor
                raw = tensor.untyped_storage()
                key = raw.data_ptr() or id(tensor)
                if key not in known:
                    before = torch.empty(0, dtype=torch.uint8).set_(raw).clone()
                    known[key] = len(storages)
                    storages.append(Storage(self._take(raw.nbytes()), raw.nbytes(), before))
                view = View(
                    known[key],
                    tensor.dtype,
                    list(tensor.shape),
                    list(tensor.stride()),
                    int(tensor.storage_offset()),
                )
                views[index] = view
                if argument.poisoned:
                    storage = storages[view.storage]
                    elements(storage.before, view)[...] = _pattern(view)
        self.storages.append(storages)
        self.views.append(views)

    def _place_sparse(self, argument: Sparse, storages: list[Storage]) -> View:
        size = argument.dtype.itemsize
        nbytes = argument.numel * size
        low = max(argument.first * size - _MARGIN, 0)
        high = min((argument.first + argument.window.numel()) * size + _MARGIN, nbytes)
        before = torch.tensor(poison(argument.dtype), dtype=torch.uint8)
        before = before.repeat(-(-(high - low) // size))[: high - low].clone()
        at = argument.first * size - low
        if not argument.written or argument.updated:
            window = argument.window.contiguous().view(torch.uint8)
            before[at : at + window.numel()] = window
        storages.append(Storage(self._take(nbytes), nbytes, before, low, high))
        shape = list(argument.shape) or [argument.numel]
        strides = [math.prod(shape[at + 1 :]) for at in range(len(shape))]
        if argument.strides:
            strides = list(argument.strides)
            last = sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
            if last >= argument.numel:
                raise ArgumentError(
                    f"{argument.name}: strides {strides} must stay within {argument.numel} "
                    f"elements; the last of shape {shape} is {last}."
                )
        elif math.prod(shape) != argument.numel:
            raise ArgumentError(
                f"{argument.name}: shape {shape} has not {argument.numel} elements."
            )
        return View(len(storages) - 1, argument.dtype, shape, strides, 0)

    def _fill(self, storage: Storage) -> None:
        self._bytes(storage.start - GUARD, GUARD).fill_(_GUARD_BYTE)
        self._bytes(storage.start + storage.nbytes, GUARD).fill_(_GUARD_BYTE)
        self.now(storage).copy_(storage.before)

    def _bytes(self, start: int, count: int) -> Tensor:
        if count == 0:
            return torch.empty(0, dtype=torch.uint8)
        return torch.frombuffer(self._map, dtype=torch.uint8, count=count, offset=start)

    def now(self, storage: Storage) -> Tensor:
        """The bytes of a storage as they are; of a sparse one, those of [low, high)."""
        low = storage.low or 0
        high = storage.nbytes if storage.high is None else storage.high
        return self._bytes(storage.start + low, high - low)

    def guards_hold(self, storage: Storage) -> bool:
        """Whether the bytes beside a storage are unchanged."""
        front = self._bytes(storage.start - GUARD, GUARD)
        back = self._bytes(storage.start + storage.nbytes, GUARD)
        return bool((front == _GUARD_BYTE).all() and (back == _GUARD_BYTE).all())

    def strays(self, storage: Storage) -> int | None:
        """The first byte outside a sparse storage's window that is not zero any more, or None."""
        if storage.low is None or storage.high is None or not hasattr(os, "SEEK_DATA"):
            return None
        at, end = storage.start, storage.start + storage.nbytes
        while at < end:
            try:
                first = os.lseek(self.file, at, os.SEEK_DATA)
                last = min(os.lseek(self.file, first, os.SEEK_HOLE), end)
            except OSError:
                return None
            if first >= end:
                return None
            for low, high in (
                (first, min(last, storage.start + storage.low)),
                (max(first, storage.start + storage.high), last),
            ):
                if high > low:
                    touched = self._bytes(low, high - low).nonzero()
                    if touched.numel():
                        return low + int(touched[0]) - storage.start
            at = last
        return None

    def description(self, case: int) -> dict[str, Any]:
        """What the other process must know of a case's tensors, as plain data."""
        return {
            "storages": [
                {"start": s.start, "nbytes": s.nbytes, "low": s.low, "high": s.high}
                for s in self.storages[case]
            ],
            "views": {
                str(index): {
                    "storage": v.storage,
                    "dtype": str(v.dtype).removeprefix("torch."),
                    "shape": v.shape,
                    "strides": v.strides,
                    "offset": v.offset,
                }
                for index, v in self.views[case].items()
            },
        }

    def close(self) -> None:
        """Gives the memory back; tensors made from it must be gone."""
        os.close(self.file)


def elements(raw: Tensor, view: View) -> Tensor:
    """The elements of ``view`` in the bytes of its storage, as uint8 [..., itemsize]."""
    size = view.dtype.itemsize
    return raw.as_strided(
        [*view.shape, size], [*(size * s for s in view.strides), 1], size * view.offset
    )


def _pattern(view: View) -> Tensor:
    return torch.tensor(poison(view.dtype), dtype=torch.uint8)


def _anonymous_file(size: int) -> int:
    if sys.platform == "linux":
        file = os.memfd_create("kbk-arena")
    else:
        with tempfile.TemporaryFile() as temporary:
            file = os.dup(temporary.fileno())
    try:
        os.ftruncate(file, size)
    except OSError as error:
        os.close(file)
        raise ArgumentError(f"the cases need {size:,} bytes, which are not there.") from error
    return file
