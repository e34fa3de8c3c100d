"""The tensors of a call, and the index of the element that an address belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_MOST_STEPS = 5_000  # of the search for an index


@dataclass(frozen=True)
class Argument:
    """A tensor that an op was called with.

    Attributes:
        name: of the parameter.
        storage, nbytes: address of the first byte of its memory, and how many there are.
        data: address of element 0.
        shape, strides: in elements.
        itemsize: bytes of an element.
        dtype: as torch names it, "float32".
        is_host: a `HostTensor`, which kernels must not touch.
        writable: the op may write it: it is no `const Tensor&`.
        number: of the parameter, as the runtime tells it in "beyond"; None: its place in the list.
        memory: torch's weak reference to the storage: another tensor may lie there once it is gone.
    """

    name: str
    storage: int
    nbytes: int
    data: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    itemsize: int
    dtype: str
    is_host: bool = False
    writable: bool = True
    number: int | None = None
    memory: Any = field(default=None, compare=False, repr=False)

    @property
    def is_gone(self) -> bool:
        """Whether nobody holds its memory any more."""
        return self.memory is not None and bool(self.memory.expired())

    @property
    def numel(self) -> int:
        """How many elements it has."""
        count = 1
        for size in self.shape:
            count *= size
        return count

    @property
    def end(self) -> int:
        """Address after its last element; `data` if it has none."""
        if self.numel == 0:
            return self.data
        last = sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=False))
        return self.data + (last + 1) * self.itemsize

    def __str__(self) -> str:
        """Its type and shape: "float32[4, 8]"."""
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True)
class Allocation:
    """Memory that the host function allocated.

    Attributes:
        label: what to call it in a sentence: "allocation 1 of the host function".
        address, nbytes: where it lies.
        dtype, shape: of a tensor, else None.
    """

    label: str
    address: int
    nbytes: int
    dtype: str | None = None
    shape: tuple[int, ...] | None = None


def element(argument: Argument, address: int) -> tuple[int, ...] | None:
    """The index of the element that holds a byte; None outside of every element.

    Of dimensions with stride 0, where every index is the same element, it is 0.
    """
    if argument.numel == 0:
        return None
    offset = (address - argument.data) // argument.itemsize
    if offset < 0:
        return None
    # From the widest stride to the narrowest; dimensions of one element add nothing.
    order = sorted(
        (d for d, size in enumerate(argument.shape) if size > 1 and argument.strides[d] > 0),
        key=lambda d: (-argument.strides[d], -argument.shape[d]),
    )
    sizes = [argument.shape[d] for d in order]
    steps = [argument.strides[d] for d in order]
    reach = [0] * (len(order) + 1)  # the largest offset that the dimensions from here on give
    for at in range(len(order) - 1, -1, -1):
        reach[at] = reach[at + 1] + (sizes[at] - 1) * steps[at]
    found = _search(offset, sizes, steps, reach)
    if found is None:
        return None
    index = [0] * len(argument.shape)
    for d, value in zip(order, found, strict=True):
        index[d] = value
    return tuple(index)


def _search(offset: int, sizes: list[int], steps: list[int], reach: list[int]) -> list[int] | None:
    """Indices whose strides add up to `offset`. The first try fits unless elements overlap."""
    left = _MOST_STEPS

    def tries(at: int, rest: int) -> Iterator[list[int]]:
        nonlocal left
        left -= 1
        if rest > reach[at] or left < 0:
            return
        if at == len(sizes):
            yield []
            return
        high = min(rest // steps[at], sizes[at] - 1)
        low = max(-((reach[at + 1] - rest) // steps[at]), 0)
        for value in range(high, low - 1, -1):
            for others in tries(at + 1, rest - value * steps[at]):
                yield [value, *others]
            if left < 0:
                return

    return next(tries(0, offset), None)


def element_below(argument: Argument, address: int) -> tuple[tuple[int, ...], int] | None:
    """The last element before an address in a gap, and how many elements before it."""
    steps, sizes = argument.strides, argument.shape
    rest = (address - argument.data) // argument.itemsize
    index = [0] * len(sizes)
    for d in sorted(range(len(sizes)), key=lambda d: -steps[d]):
        if steps[d] > 0:
            index[d] = min(rest // steps[d], sizes[d] - 1)
            rest -= index[d] * steps[d]
    return (tuple(index), rest) if rest > 0 else None


def past(argument: Argument, address: int) -> tuple[int, ...] | None:
    """The index before or past the ends: the first dimension with several elements goes on."""
    shape, strides = argument.shape, argument.strides
    outer = next((d for d, size in enumerate(shape) if size > 1), len(shape) - 1)
    if 0 in shape:
        outer = shape.index(0)
    if outer < 0 or strides[outer] <= 0 or 0 in shape[outer + 1 :]:
        return None
    offset = (address - argument.data) // argument.itemsize
    row, rest = divmod(offset, strides[outer])
    if any(size > 1 and step > strides[outer] for size, step in zip(shape, strides, strict=True)):
        return None  # transposed: no dimension goes on alone
    inner = Argument(
        argument.name, 0, 0, 0, shape[outer + 1 :], strides[outer + 1 :], 1, argument.dtype
    )
    found = element(inner, rest)
    return None if found is None else (*([0] * outer), row, *found)
