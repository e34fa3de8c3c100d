"""From addresses of memory to the names that the learner gave it: `x[3, 5]`, `tile[3][17]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kbk.sanitizer.symbols import variable_at
from kbk.sanitizer.tensors import Allocation, Argument, element, element_below, past
from kbk.sanitizer.values import c_name, shared_dtype

_COPIED = 64 << 20  # bytes: larger storages are used where they are (kbk/guarded.h)
_FENCE = 1 << 20  # bytes around a copy that the runtime maps back
_FAR = 1 << 20  # bytes: further off than that (and four times its size), a tensor is only near
_NULL = 1 << 16  # addresses below are a null pointer and an index


@dataclass(frozen=True)
class Name:
    """What an address is called.

    Attributes:
        variable: "x", or None if no variable is near.
        index: of the element, also past the ends; None if there is none.
        where: "x[3, 5]", "tile[3][17]", or a few words.
        relation: how it lies to the variable: "0 bytes after the end of x, float32[1000]"; or "".
        dtype: of an element, or None.
        extent: where the elements end: "x has 1000 elements"; or "".
        expanded: other indices mean the same element.
        byte: which byte of the element the address is.
    """

    variable: str | None
    index: tuple[int, ...] | None
    where: str
    relation: str = ""
    dtype: str | None = None
    extent: str = ""
    expanded: bool = False
    byte: int = 0

    @property
    def address(self) -> str:
        """What the address is, in a sentence: "x[3, 5]", "byte 2 of x[3]"."""
        return f"byte {self.byte} of {self.where}" if self.byte else self.where


def name_of(
    memory: dict[str, Any],
    arguments: Sequence[Argument],
    allocations: Sequence[Allocation] = (),
    *,
    library: str = "",
    outside: bool = False,
    writes: bool = False,
) -> Name:
    """Name the memory of a raw finding.

    Args:
        memory: its member "memory".
        arguments, allocations: of the call.
        library: of the kernel: for its __device__ and __constant__ variables.
        outside: it is known to lie outside every argument and allocation. (A call works on copies:
            the address past one tensor may be that of another.)
        writes: whether it was a write: of two arguments at an address, one is read only.
    """
    address, nbytes = int(memory["address"]), max(int(memory.get("bytes") or 1), 1)
    if memory.get("shared"):
        return _shared(memory["shared"])
    if memory["space"] == "shared":
        return Name(None, None, "shared memory outside of every __shared__ variable")
    if memory["space"] == "module":
        return _module(library, address, nbytes)
    near = _beyond(memory.get("beyond"), arguments)
    if near is not None:
        return _in_argument(near, address, nbytes)
    if not outside:
        inside = _containing(address, arguments, writes)
        if inside is not None:
            return _in_argument(inside, address, nbytes)
        for allocation in allocations:
            if allocation.address <= address < allocation.address + allocation.nbytes:
                return _in_allocation(allocation, address, nbytes)
    if memory["space"] == "host":
        return Name(None, None, f"{address:#x}, memory of the CPU")
    return _nearest(address, nbytes, arguments, allocations)


def _beyond(number: int | None, arguments: Sequence[Argument]) -> Argument | None:
    """The argument with the number that the runtime gave."""
    if number is None or number < 0:
        return None
    for argument in arguments:
        if argument.number == number:
            return argument
    plain = number < len(arguments) and arguments[number].number is None
    return arguments[number] if plain else None


def _containing(address: int, arguments: Sequence[Argument], writes: bool) -> Argument | None:
    """The argument that has an element there; else the one whose storage it is."""
    best: tuple[tuple[bool, bool], Argument] | None = None
    for argument in arguments:
        if not argument.storage <= address < argument.storage + argument.nbytes:
            continue
        rank = (element(argument, address) is not None, argument.writable or not writes)
        if best is None or rank > best[0]:
            best = rank, argument
    return best[1] if best else None


def _nearest(
    address: int, nbytes: int, arguments: Sequence[Argument], allocations: Sequence[Allocation]
) -> Name:
    """Name an address that lies in nothing, by what is nearest."""
    candidates: list[tuple[int, Argument | Allocation]] = []
    for argument in arguments:
        low, high = argument.storage, argument.storage + argument.nbytes
        if 0 < argument.nbytes <= _COPIED and _distance(address, low, high) > _FENCE:
            continue  # the call works on a copy elsewhere, so this distance means nothing
        # Wholly inside: not this one, whatever the address says. (See name_of, `outside`.)
        if not (low <= address and address + nbytes <= high and high > low):
            candidates.append((_distance(address, low, high), argument))
    for allocation in allocations:
        low, high = allocation.address, allocation.address + allocation.nbytes
        if not (low <= address and address + nbytes <= high):
            candidates.append((_distance(address, low, high), allocation))
    far, nearest = min(candidates, key=lambda each: each[0], default=(0, None))
    null = address < _NULL or address >= (1 << 64) - _NULL
    if null and not (isinstance(nearest, Argument) and nearest.numel == 0 and far < _NULL):
        return Name(None, None, f"{address:#x}: the null pointer, or close to it")
    if nearest is None:
        return Name(None, None, f"{address:#x}, in no tensor of the call")
    if far > max(_FAR, 4 * nearest.nbytes):
        low = nearest.storage if isinstance(nearest, Argument) else nearest.address
        side = "before the start" if address < low else "after the end"
        label = nearest.name if isinstance(nearest, Argument) else nearest.label
        return Name(
            None, None, f"{address:#x}", f"{_bytes(far)} {side} of {label}, the nearest memory"
        )
    if isinstance(nearest, Argument):
        return _in_argument(nearest, address, nbytes)
    return _in_allocation(nearest, address, nbytes)


def _distance(address: int, low: int, high: int) -> int:
    return low - address if address < low else max(address - high, 0)


def _in_argument(argument: Argument, address: int, nbytes: int) -> Name:
    """Name an address in, before or after a tensor's elements."""
    name, shown = argument.name, f"{argument.name}, {argument}"
    byte = (address - argument.data) % argument.itemsize
    extent = _tensor_extent(argument)
    expanded = any(
        step == 0 and size > 1 for step, size in zip(argument.strides, argument.shape, strict=False)
    )
    over = address + nbytes - argument.end
    index = element(argument, address)
    if index is not None:
        relation = f"in {shown}" if name.isidentifier() else str(argument)
        if over > 0:
            relation = f"and of its {nbytes} bytes the last {over} are after the end of {shown}"
        where = _where(name, index)
        return Name(name, index, where, relation, argument.dtype, extent, expanded, byte)
    index = None
    where = f"{address:#x}"
    if argument.data <= address < argument.end:
        relation = f"in a gap between the elements of {shown} with strides {argument.strides}"
        below = element_below(argument, address)
        if below is not None:
            many = "1 element" if below[1] == 1 else f"{below[1]:,} elements"
            where = f"{many} after {_where(name, below[0])}"
    else:
        after = address >= argument.end
        far = address - argument.end if after else argument.data - address
        side = "after the end" if after else "before the start"
        relation = f"{_bytes(far)} {side} of {shown}"
        index = past(argument, address)
        where = _where(name, index) if index is not None else where
    if argument.storage <= address and address + nbytes <= argument.storage + argument.nbytes:
        relation += f", still in its storage of {_bytes(argument.nbytes)}"
    byte = byte if where[:2] != "0x" else 0
    return Name(name, index, where, relation, argument.dtype, extent, expanded, byte)


def _where(name: str, index: tuple[int, ...]) -> str:
    if not index:
        return name
    numbers = ", ".join(map(str, index))
    return f"{name}[{numbers}]" if name.isidentifier() else f"element [{numbers}] of {name}"


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count:,} bytes"


def _tensor_extent(argument: Argument) -> str:
    if argument.numel == 0:
        return f"{argument.name} has no elements."
    if len(argument.shape) == 0:
        return f"{argument.name} is one element."
    last = tuple(size - 1 for size in argument.shape)
    many = "1 element" if argument.numel == 1 else f"{argument.numel:,} elements"
    return f"{argument.name} has {many}; the last is {_where(argument.name, last)}."


def _in_allocation(allocation: Allocation, address: int, nbytes: int) -> Name:
    """Name an address in, before or after memory that the host function allocated."""
    shape, dtype = allocation.shape, allocation.dtype
    if shape is not None and dtype is not None:
        count, strides = 1, []
        for each in reversed(shape):
            strides.append(count)
            count *= max(each, 1)
        tensor = Argument(
            allocation.label,
            allocation.address,
            allocation.nbytes,
            allocation.address,
            shape,
            tuple(reversed(strides)),
            max(allocation.nbytes // max(count, 1), 1),
            dtype,
        )
        return _in_argument(tensor, address, nbytes)
    label, size = allocation.label, _bytes(allocation.nbytes)
    offset = address - allocation.address
    if offset < 0:
        where, relation = f"{address:#x}", f"{_bytes(-offset)} before the start of {label}, {size}"
    elif offset >= allocation.nbytes:
        over = offset - allocation.nbytes
        where, relation = f"{address:#x}", f"{_bytes(over)} after the end of {label}, {size}"
    else:
        after = offset + nbytes - allocation.nbytes
        where = f"byte {offset} of {label}"
        relation = f"of {size}" if after <= 0 else f"of {size}: the last {after} are past its end"
    return Name(label, None, where, relation, None, f"It has {size}.")


def _shared(shared: dict[str, Any]) -> Name:
    """Name a place in, before or after a __shared__ variable."""
    name, offset, size = shared["name"], int(shared["offset"]), int(shared["size"])
    each = max(int(shared.get("element") or 1), 1)
    extents = [int(n) for n in shared.get("extents") or () if int(n) > 0]
    dtype = shared_dtype(shared.get("type", "?"), each)
    kind = c_name(dtype)
    bounds = "".join(f"[{n}]" for n in extents)
    flat, byte = divmod(offset, each)
    plain = name.isidentifier()
    index: tuple[int, ...] | None = None
    if shared.get("dynamic"):
        shown = f"{name}, {_bytes(size)} of dynamic shared memory"
        extent = f"The launch gives the block {_bytes(size)} of dynamic shared memory."
        if plain:
            index, where = (flat,), f"{name}[{flat}]"
        else:  # no source has a name for it
            shown, where, byte = f"the {_bytes(size)} of {name}", f"byte {offset} of {name}", 0
    elif extents:
        shown = f"{kind} {name}{bounds}" if kind else f"{name}{bounds}, elements of {_bytes(each)}"
        extent = f"The last element is {name}{''.join(f'[{n - 1}]' for n in extents)}."
        index = _unflatten(flat, extents)
        where = name + "".join(f"[{n}]" for n in index)
    else:
        shown = f"{kind} {name}" if kind else f"{name}, {_bytes(size)}"
        extent = f"{name} is one variable, no array."
        where, byte = (name, byte) if 0 <= offset < size else ("shared memory beside it", 0)
    if offset < 0:
        relation = f"{_bytes(-offset)} before the start of {shown}"
    elif offset >= size:
        relation = f"{_bytes(offset - size)} after the end of {shown}"
    else:
        relation = f"in {shown}"
    return Name(name, index, where, relation, dtype, extent, byte=byte)


def _unflatten(flat: int, extents: list[int]) -> tuple[int, ...]:
    """The index of an element; past the ends the first extent above 1 goes on."""
    outer = next((d for d, size in enumerate(extents) if size > 1), len(extents) - 1)
    index = []
    for size in reversed(extents[outer + 1 :]):
        flat, rest = divmod(flat, size)
        index.append(rest)
    return (*([0] * outer), flat, *reversed(index))


def _module(library: str, address: int, nbytes: int) -> Name:
    """Name a __device__ or __constant__ variable."""
    found = variable_at(library, address)
    if found is None:
        return Name(None, None, f"{address:#x}, a variable of the source file")
    name, offset, size = found
    shown = f"{name}, a variable of {_bytes(size)}"
    extent = f"{name} has {_bytes(size)}."
    if offset >= 0 and offset + nbytes <= size:
        relation = f"in {shown}"
    elif offset < 0:
        relation = f"{_bytes(-offset)} before the start of {shown}"
    elif offset < size:
        relation = f"and of its {nbytes} bytes the last {offset + nbytes - size} are past {shown}"
    else:
        relation = f"{_bytes(offset - size)} after the end of {shown}"
    if size == nbytes and offset == 0:
        return Name(name, (), name, relation, None, extent)
    if offset % nbytes or size % nbytes:
        return Name(name, None, f"byte {offset} of {name}", relation, None, extent)
    index = offset // nbytes
    return Name(name, (index,), f"{name}[{index}]", relation, None, extent)
