"""The tensors of a corpus program, made from its ``calls:`` line, and whether its result holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from corpus import Argument, Program

_VIEW = re.compile(r"(\[[\d:, ]+\]|\.t\(\))*")
_VALUES = re.compile(r"values\(([-\d., ]+)\)")


class Arguments:
    """What one call of ``run`` gets. Equal seeds give equal bytes.

    Attributes:
        storages: the whole storage of each tensor that is filled, by name.
        before: copies of the filled tensors as they were before the call.
    """

    def __init__(self, inputs: Sequence[Argument], device: str = "cpu", seed: int = 0) -> None:
        self._inputs = inputs
        self._device = device
        generator = torch.Generator().manual_seed(seed)
        self.storages = {
            each.name: filled(each, generator).to(device)
            for each in inputs
            if each.dtype and each.fill != "empty"
        }
        tensors = {each.name: self._view(each) for each in inputs if each.name in self.storages}
        self.before = {name: tensor.clone() for name, tensor in tensors.items()}
        self._values: dict[str, Any] | None = None

    def _view(self, argument: Argument) -> torch.Tensor:
        return view_of(argument, self.storages[argument.name])

    def values(self) -> list[Any]:
        """The arguments in order. The first call makes the tensors marked ``empty``: make it inside
        ``kbk.sanitize()``, which then knows that nobody has written them."""
        return list(self.named().values())

    def named(self) -> dict[str, Any]:
        """The same by name."""
        if self._values is None:
            for each in self._inputs:
                if each.fill == "empty":
                    self.storages[each.name] = torch.empty(
                        each.shape, dtype=getattr(torch, each.dtype), device=self._device
                    )
            self._values = {
                each.name: self._view(each) if each.dtype else each.value for each in self._inputs
            }
        return self._values


def filled(argument: Argument, generator: torch.Generator) -> torch.Tensor:
    """A storage of ``argument``, contiguous, on the CPU."""
    dtype = getattr(torch, argument.dtype)
    shape, fill = argument.shape, argument.fill
    if fill == "zeros":
        return torch.zeros(shape, dtype=dtype)
    if fill == "ones":
        return torch.ones(shape, dtype=dtype)
    if fill == "nan":
        return torch.full(shape, float("nan"), dtype=dtype)
    if fill == "poison":
        bytes_of = torch.zeros(shape, dtype=dtype).element_size()
        return torch.full((*shape, bytes_of), 0xAB, dtype=torch.uint8).view(dtype).reshape(shape)
    count = torch.Size(shape).numel()
    if fill == "arange":
        return torch.arange(count).to(dtype).reshape(shape)
    if fill == "random" and dtype.is_floating_point:
        # Multiples of 1/8: sums of some hundreds are exact in any order, also in float32.
        numbers = torch.randint(-64, 65, shape, generator=generator).to(torch.float64) / 8
        return numbers.to(dtype)
    if fill == "random":
        return torch.randint(0, 100, shape, generator=generator).to(dtype)
    match = _VALUES.fullmatch(fill)
    if match:
        values = torch.tensor([float(word) for word in match.group(1).split(",")])
        return values.repeat(count // len(values) + 1)[:count].to(dtype).reshape(shape).clone()
    raise ValueError(f"no such fill: {fill}")


def view_of(argument: Argument, storage: torch.Tensor) -> torch.Tensor:
    """The tensor that ``run`` gets, a view of ``storage``."""
    if not _VIEW.fullmatch(argument.view):
        raise ValueError(f"no such view: {argument.view}")
    return eval("storage" + argument.view, {"storage": storage})


def holds(program: Program, after: dict[str, Any], before: dict[str, torch.Tensor]) -> bool:
    """Whether ``program.result`` is true of the arguments after the call.

    The expression sees the arguments by name, ``result`` (what ``run`` returned), ``before.name``,
    ``torch`` and ``close(a, b)``.
    """
    if program.result == "any":
        return True
    names = {
        "torch": torch,
        "close": lambda a, b: torch.allclose(a.double(), b.double(), rtol=1e-3, atol=1e-3),
        "before": SimpleNamespace(**before),
        **after,
    }
    return bool(torch.as_tensor(eval(program.result, names)).all())
