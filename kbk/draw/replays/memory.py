"""What the arrays hold, element by element, while the requests of a block go by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kbk.draw.replays.arrays import Array, Arrays
from kbk.draw.replays.events import CHANGES, READS, WRITES, Access
from kbk.sanitizer.history import SHARED

POISON = 0xFF  # every byte of shared memory before somebody writes it

Element = tuple[int, int]
"""Number of the array, index in it."""


@dataclass(frozen=True)
class Piece:
    """What an access does to one element.

    Attributes:
        array, index: of the element.
        bits: read or written; of an atomic access, those before it. None if nobody saw them.
        after: of an atomic access, the bits after it.
        shift, mask: which bits of the element are meant: all, unless the access is smaller.
    """

    array: int
    index: int
    bits: int | None
    after: int | None
    shift: int
    mask: int

    @property
    def element(self) -> Element:
        """Where it is."""
        return self.array, self.index

    def into(self, old: int | None, bits: int | None) -> int | None:
        """The element's bits when this access has put some of them there."""
        if bits is None:
            return None
        if self.shift == 0 and old is None:
            return bits & self.mask
        if old is None:
            return None
        return (old & ~(self.mask << self.shift)) | (bits & self.mask) << self.shift


def pieces_of(access: Access, arrays: Arrays) -> list[Piece]:
    """The elements that an access touches, in order of address; [] outside of every array."""
    found = arrays.find(access.space, access.address)
    if found is None:
        return []
    number, index, byte = found
    size = arrays.all[number].itemsize
    pieces = []
    done = 0
    while done < access.size:
        here = min(size - byte, access.size - done)
        mask = (1 << 8 * here) - 1
        bits = None if access.data is None else access.data >> 8 * done & mask
        after = None if access.after is None else access.after >> 8 * done & mask
        pieces.append(Piece(number, index, bits, after, 8 * byte, mask))
        index, byte, done = index + 1, 0, done + here
    return pieces


class Memory:
    """Bits of every element that is known, and the thread that wrote it last."""

    def __init__(self, arrays: Iterable[Array]) -> None:
        self._arrays = list(arrays)
        self.bits: dict[Element, int | None] = {}
        self.writer: dict[Element, int] = {}

    def poison(self, array: int) -> int:
        """The bits of an element that nobody has written."""
        return int.from_bytes(bytes([POISON] * self._arrays[array].itemsize), "little")

    def now(self, element: Element) -> int | None:
        """Bits of an element; of shared memory poison before they are written."""
        if element in self.bits or self._arrays[element[0]].space != SHARED:
            return self.bits.get(element)
        return self.poison(element[0])

    def knows(self, piece: Piece) -> bool:
        """Whether a read finds what is there."""
        old = self.now(piece.element)
        if old is None or piece.bits is None:
            return old is None and piece.bits is None
        return old >> piece.shift & piece.mask == piece.bits

    def learn(self, piece: Piece) -> None:
        """Take over what a read found: nobody had told before, or somebody else has been there."""
        self.bits[piece.element] = piece.into(self.now(piece.element), piece.bits)

    def write(self, piece: Piece, bits: int | None, thread: int) -> None:
        """Put bits into an element."""
        self.bits[piece.element] = piece.into(self.now(piece.element), bits)
        self.writer[piece.element] = thread


def final(accesses: Iterable[Access], arrays: Arrays) -> Memory:
    """What is in memory when the accesses have happened as the simulator ran them."""
    memory = Memory(arrays.all)
    for access in sorted(accesses, key=lambda each: each.at):
        for piece in pieces_of(access, arrays):
            if access.kind == READS:
                memory.learn(piece)
            else:
                bits = piece.bits if access.kind == WRITES else piece.after
                memory.write(piece, bits, access.thread)
    return memory


class Chains:
    """Which values the atomic accesses to an element leave there, one after the other.

    The simulator ran them in the order of the threads; a replay shows the lanes of a warp side by
    side. The k-th atomic access to an element that is shown leaves what the k-th one left there.

    Attributes:
        first: by element whose first access is an atomic one, what was there before it.
        whole: by element, whether nobody else wrote between them.
    """

    def __init__(self, accesses: Iterable[Access], arrays: Arrays) -> None:
        self.first: dict[Element, int | None] = {}
        self.whole: dict[Element, bool] = {}
        left: dict[Element, list[int | None]] = {}
        last: dict[Element, int | None] = {}
        for access in sorted(accesses, key=lambda each: each.at):
            for piece in pieces_of(access, arrays):
                element = piece.element
                if access.kind == CHANGES:
                    if element not in last:
                        self.first[element] = piece.bits
                    fits = last.get(element, piece.bits) == piece.bits
                    self.whole[element] = self.whole.get(element, True) and fits
                    left.setdefault(element, []).append(piece.after)
                last[element] = piece.after if access.kind == CHANGES else piece.bits
        self._left = {element: iter(values) for element, values in left.items()}

    def next(self, element: Element) -> int | None:
        """What the next atomic access to the element leaves there."""
        return next(self._left[element])
