"""How a picture names bytes of memory: by the elements of the tensor that lie there."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from kbk.sanitizer import names
from kbk.sanitizer.element import where
from kbk.sanitizer.tensors import Argument, element

if TYPE_CHECKING:
    from kbk.sanitizer.history import SharedVariable


def name_of(argument: Argument | None, address: int, base: int) -> str:
    """The element at an address: "x[3]"; where there is none, how many bytes behind `base`."""
    index = None if argument is None else element(argument, address)
    if argument is None or index is None:
        return f"byte {address - base}"
    return where(argument.name, index)


def names_of(argument: Argument | None, first: int, end: int, base: int) -> str:
    """The elements from one address up to another: "x[0..7]"; "" if there is none."""
    if argument is None:
        return f"bytes {first - base}..{end - 1 - base}"
    size = argument.itemsize
    low = max(first, argument.data)
    low -= (low - argument.data) % size
    inside = range(low, min(end, argument.end), size)
    found = (element(argument, address) for address in inside)
    back = (element(argument, address) for address in reversed(inside))
    one = next((index for index in found if index is not None), None)
    two = next((index for index in back if index is not None), None)
    if one is None or two is None:
        return ""
    if one == two:
        return where(argument.name, one)
    if one[:-1] == two[:-1]:
        rows = "".join(f"{i}, " for i in one[:-1])
        return f"{argument.name}[{rows}{one[-1]}..{two[-1]}]"
    return f"{where(argument.name, one)}..{where(argument.name, two)}"


def name_in(variable: SharedVariable | None, offset: int) -> str:
    """The element of a shared variable at an offset in the block's arena: "tile[3][17]"."""
    if variable is None:
        return f"byte {offset}"
    inside = {**asdict(variable), "offset": offset - variable.offset}
    memory = {"space": "shared", "address": offset, "bytes": 1, "shared": inside}
    return names.name_of(memory, ()).address
