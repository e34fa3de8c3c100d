"""The arrays that a block worked on, and which element of which array an address is."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kbk.draw.carving import arena_of
from kbk.draw.replays import numbers
from kbk.draw.replays.events import Access
from kbk.sanitizer.history import MODULE, SHARED, Launch
from kbk.sanitizer.symbols import variable_at
from kbk.sanitizer.tensors import Argument, element

SECTOR = 32  # bytes
ROW = 128
WORD = 4
_GAP = 4096  # bytes: accesses to memory of no name that lie closer are one array


@dataclass(frozen=True)
class Array:
    """Elements of one size, side by side in memory.

    Attributes:
        name: as the source has it.
        space: SHARED, GLOBAL or MODULE.
        address: of the first byte, as in a record.
        nbytes: of all elements.
        itemsize, dtype: of an element; dtype is None if nobody knows.
        shape: extents of the dimensions; () of a single value.
        strides: in elements, of a tensor that is not contiguous; else ().
        step: of the number in brackets from one element to the next. It is more than 1 where the
            source declares smaller elements than it accesses (`char smem[]`).
        first: the number in brackets of the first element, where the source counts on.
        per: elements of a number in brackets, where the source declares larger ones (`float4`).
        lead: bytes from the start of a row of 128 bytes to the first element, where the array is
            drawn. In shared memory the row begins at bank 0, in global memory where a sector does.
    """

    name: str
    space: int
    address: int
    nbytes: int
    itemsize: int
    dtype: str | None
    shape: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    step: int = 1
    first: int = 0
    per: int = 1
    lead: int = 0


class Arrays:
    """Finds the element that an address is. An array that is not accessed is not among them.

    Args:
        launch: whose.
        block: linear number.
        accesses: all accesses of the block.
    """

    def __init__(self, launch: Launch, block: int, accesses: Sequence[Access]) -> None:
        self._launch = launch
        self._types = [argument.dtype for argument in launch.arguments]
        self.all: list[Array] = []
        self._add(_shared(launch, block), [each for each in accesses if each.space == SHARED])
        others = [each for each in accesses if each.space != SHARED]
        self._arguments = [each for each in launch.arguments if each.numel and not each.is_host]
        named, rest = _split(others, lambda each: self._argument(each.address) is not None)
        used = {argument for each in named if (argument := self._argument(each.address))}
        self._add((_tensor(each) for each in self._arguments if each in used), [])
        self._add(_unnamed(launch, rest), rest)
        self._by_argument = {
            argument: number
            for argument in used
            for number, array in enumerate(self.all)
            if (array.name, array.address) == (argument.name, argument.data)
        }
        self._ranges = {
            space: sorted(
                (array.address, n) for n, array in enumerate(self.all) if array.space == space
            )
            for space in {array.space for array in self.all}
        }

    def find(self, space: int, address: int) -> tuple[int, int, int] | None:
        """Number of the array, index of the element in it, and which byte of the element it is.

        None of an address in no array: past the end of what the source declared.
        """
        argument = self._argument(address) if space != SHARED else None
        if argument is not None:
            number = self._by_argument[argument]
        else:
            ranges = self._ranges.get(space, [])
            at = bisect.bisect_right(ranges, (address, len(self.all))) - 1
            if at < 0:
                return None
            number = ranges[at][1]
        array = self.all[number]
        if address >= array.address + array.nbytes:
            return None
        return number, *divmod(address - array.address, array.itemsize)

    def _argument(self, address: int) -> Argument | None:
        """The first argument with an element at an address: of several views always the same."""
        inside = [each for each in self._arguments if each.data <= address < each.end]
        if len(inside) > 1:
            exact = [each for each in inside if element(each, address) is not None]
            inside = exact or inside
        return inside[0] if inside else None

    def _add(self, arrays: Iterable[Array], accesses: Sequence[Access]) -> None:
        """Add arrays, those whose elements nobody declared in pieces of one size."""
        ordered = sorted(accesses, key=lambda each: each.address)
        starts = [each.address for each in ordered]
        for array in arrays:
            low = bisect.bisect_left(starts, array.address)
            high = bisect.bisect_left(starts, array.address + array.nbytes)
            mine = [each for each in ordered[low:high] if each.space == array.space]
            if array.dtype is not None and all(_fits(each, array) for each in mine):
                if mine or array.space != SHARED:
                    self.all.append(array)
                continue
            self.all += _pieces(array, mine, self._types)


def _split(accesses: Iterable[Access], test: object) -> tuple[list[Access], list[Access]]:
    yes: list[Access] = []
    no: list[Access] = []
    for access in accesses:
        (yes if test(access) else no).append(access)  # type: ignore[operator]
    return yes, no


def _fits(access: Access, array: Array) -> bool:
    offset = access.address - array.address
    return offset % array.itemsize == 0 and access.size % array.itemsize == 0


def _shared(launch: Launch, block: int) -> Iterator[Array]:
    """The shared variables; dynamic memory in the parts that the kernel keeps apart."""
    for part in arena_of(launch, block).parts:
        rows = (part.shape[0], part.pitch) if part.shape[0] > 1 else (part.count,)
        shape = rows if part.dynamic else part.extents
        lead = part.offset % ROW
        yield Array(
            part.name, SHARED, part.base, part.size, part.element, part.dtype, shape, lead=lead
        )


def _tensor(argument: Argument) -> Array:
    contiguous, count = [], 1
    for size in reversed(argument.shape):
        contiguous.append(count)
        count *= size
    strides = () if argument.strides == tuple(reversed(contiguous)) else argument.strides
    return Array(
        argument.name,
        0,
        argument.data,
        argument.end - argument.data,
        argument.itemsize,
        argument.dtype,
        argument.shape,
        strides,
        lead=argument.data % SECTOR,
    )


def _unnamed(launch: Launch, accesses: Sequence[Access]) -> Iterator[Array]:
    """Arrays of what is no tensor of the call: allocations, variables of the source, addresses."""
    done = -1
    for access in sorted(accesses, key=lambda each: (each.space, each.address)):
        if access.address < done:
            continue
        array = _around(launch, access, accesses)
        done = array.address + array.nbytes
        yield array


def _around(launch: Launch, access: Access, accesses: Sequence[Access]) -> Array:
    if access.space == MODULE:
        found = variable_at(launch.library, access.address)
        if found is not None and 0 <= found[1] < found[2]:
            name, offset, size = found
            start = access.address - offset
            return Array(name, MODULE, start, size, 1, None, lead=start % SECTOR)
    for each in launch.allocations:
        if each.address <= access.address < each.address + each.nbytes:
            shape = each.shape or ()
            size = max(each.nbytes // max(math.prod(shape), 1), 1) if each.dtype else 1
            lead = each.address % SECTOR
            return Array(
                each.label, 0, each.address, each.nbytes, size, each.dtype, shape, lead=lead
            )
    end = access.address
    for other in sorted(accesses, key=lambda each: each.address):
        if other.space == access.space and access.address <= other.address < end + _GAP:
            end = max(end, other.address + other.size)
    lead = access.address % SECTOR
    return Array("memory", access.space, access.address, end - access.address, 1, None, lead=lead)


def _pieces(array: Array, accesses: Sequence[Access], types: Sequence[str]) -> Iterator[Array]:
    """Cut an array where the size of what is accessed changes, and guess what the pieces hold."""
    sizes: dict[int, int] = {}
    for access in accesses:
        size = min(access.size, 8) if access.size <= 8 else WORD
        for word in range(access.address // WORD, -(-(access.address + access.size) // WORD)):
            sizes[word] = min(size, sizes.get(word, size))
    words = sorted(sizes)
    cuts = [n for n in range(1, len(words)) if sizes[words[n]] != sizes[words[n - 1]]]
    starts = [0, *cuts]
    for first, end in zip(starts, [*cuts, len(words)], strict=True):
        if first == end:
            continue
        low = max(words[first] * WORD, array.address)
        high = words[end] * WORD if end < len(words) else array.address + array.nbytes
        low = array.address if first == 0 else low
        size = sizes[words[first]]
        inside = [each for each in accesses if low <= each.address < high]
        dtype = numbers.guess(_words(inside, size), size, types)
        count = max((high - low) // size, 1)
        alone = first == 0 and end == len(words)  # the declared shape still says what is where
        shape = array.shape if alone or array.nbytes == size else (count,)
        yield Array(
            array.name,
            array.space,
            low,
            count * size,
            size,
            dtype,
            shape or ((count,) if count > 1 else ()),
            step=max(size // array.itemsize, 1),
            first=(low - array.address) // array.itemsize,
            per=max(array.itemsize // size, 1),
            lead=(array.lead + low - array.address) % ROW,
        )


def _words(accesses: Iterable[Access], size: int) -> Iterator[int]:
    """What was accessed, in pieces of `size` bytes."""
    for access in accesses:
        for bits in (access.data, access.after):
            for at in range(0, access.size, size):
                if bits is not None:
                    yield bits >> 8 * at & ((1 << 8 * size) - 1)
