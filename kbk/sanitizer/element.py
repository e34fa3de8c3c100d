"""The element that somebody asks about: its tensor, its index, its address."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import numpy as np

from kbk.errors import ArgumentError
from kbk.sanitizer.history import Launch
from kbk.sanitizer.past import Array
from kbk.sanitizer.tensors import Argument


def quoted(value: object) -> str:
    """A wrong argument, in few words."""
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"


def target(launch: Launch, out: Any, asker: str = "explain") -> tuple[Any, Argument]:
    """The tensor, if it was given, and its name and geometry; `asker` begins the errors."""
    names = ", ".join(argument.name for argument in launch.arguments) or "none"
    if isinstance(out, str):
        for argument in launch.arguments:
            if argument.name == out:
                return None, argument
        raise ArgumentError(f"{asker}: the call had no tensor {out!r}; its tensors: {names}.")
    if not hasattr(out, "untyped_storage"):
        raise ArgumentError(f"{asker}: out must be a tensor or a name; it was {quoted(out)}.")
    from kbk.sanitizer.memory import argument_of

    given = argument_of("", out) if out.device.type == "cpu" else None
    fits = [
        argument
        for argument in launch.arguments
        if given is not None and argument.storage == given.storage and not argument.is_gone
    ]
    if given is None or not fits:
        raise ArgumentError(
            f"{asker}: this tensor was no argument of the launch of {launch.kernel}; "
            f"its tensors: {names}."
        )
    exact = [
        argument
        for argument in fits
        if (argument.data, argument.shape, argument.strides, argument.dtype)
        == (given.data, given.shape, given.strides, given.dtype)
    ]
    name = exact[0].name if exact else f"(view of {fits[0].name})"
    return out, replace(given, name=name)


def position(element: Argument, index: Any, asker: str = "explain") -> tuple[int, ...]:
    """The index as a tuple, none of it negative; `asker` begins the errors."""
    shape = element.shape
    if hasattr(index, "tolist"):  # a row of tensor.nonzero()
        index = index.tolist()
    given = tuple(index) if isinstance(index, (tuple, list)) else (index,)
    try:
        if any(isinstance(each, bool) for each in given):
            raise TypeError
        numbers = tuple(operator.index(each) for each in given)
    except TypeError:
        raise ArgumentError(
            f"{asker}: index must be an integer or a tuple of integers; it was {quoted(index)}."
        ) from None
    if len(numbers) != len(shape):
        raise ArgumentError(
            f"{asker}: {element.name} has {len(shape)} dimension{'s' * (len(shape) != 1)}; "
            f"the index {index!r} has {len(numbers)}."
        )
    if any(not -size <= number < size for number, size in zip(numbers, shape, strict=True)):
        raise ArgumentError(
            f"{asker}: {element.name} has shape {list(shape)}; there is no element {index!r}."
        )
    return tuple(
        number + size if number < 0 else number for number, size in zip(numbers, shape, strict=True)
    )


def where(name: str, index: tuple[int, ...]) -> str:
    """x[3, 5]; of a tensor without dimensions, x."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def address_of(element: Argument, index: tuple[int, ...]) -> int:
    """Of the first byte of an element."""
    steps = zip(index, element.strides, strict=True)
    return element.data + element.itemsize * sum(number * step for number, step in steps)


def addresses_of(element: Argument) -> Array:
    """Of all elements, in the order of their indices."""
    address = np.full(element.shape, element.data, np.int64)
    for axis, (size, step) in enumerate(zip(element.shape, element.strides, strict=True)):
        along = [1] * len(element.shape)
        along[axis] = size
        address = address + (np.arange(size) * step * element.itemsize).reshape(along)
    return address.reshape(-1)


def where_flat(element: Argument, flat: int) -> str:
    """The name of an element from its number in the order of the indices."""
    index = np.unravel_index(flat, element.shape) if element.shape else ()
    return where(element.name, tuple(int(each) for each in index))
