"""The torch schema of a host function: types from the compiler, names from the text."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .functions import Function, Parameter

_TORCH_TYPES = {"tensor": "Tensor", "host": "Tensor", "optional": "Tensor"}


@dataclass(frozen=True)
class OpSchema:
    """An op as torch gets it.

    Attributes:
        name: of the host function.
        text: torch schema, "scale(Tensor(a!) out, Tensor x, float a) -> ()".
        parameters: (name, kind) pairs; kind is "tensor", "host", "optional", "int", "float" or
            "bool".
        defaults: by parameter name, for those that have one.
    """

    name: str
    text: str
    parameters: tuple[tuple[str, str], ...]
    defaults: dict[str, Any]

    @property
    def returns_nothing(self) -> bool:
        """Whether the function's only effect is on its tensors."""
        return self.text.endswith("-> ()")


def make_schema(function: Function, codes: Sequence[str]) -> OpSchema:
    """The schema of `function`.

    Args:
        function: what the text says; where a macro made the function, parameters go by position.
        codes: what the compiler says, as in kbk/schema.h: "tensor!", "tensor", "float", "->".
    """
    arrow = codes.index("->")
    types, results = codes[:arrow], codes[arrow + 1 :]
    known = function.parameters if len(function.parameters) == arrow else (Parameter(""),) * arrow
    names = [each.name or f"arg{index}" for index, each in enumerate(known)]
    kinds = [code.rstrip("!") for code in types]
    defaults = _defaults(kinds, known)
    letters = iter(string.ascii_lowercase)
    parts = []
    for name, code, kind, default in zip(names, types, kinds, defaults, strict=True):
        alias = f"({next(letters)}!)" if code.endswith("!") else ""
        optional = "?" if kind == "optional" else ""
        value = "" if default is None else f"={default}"
        parts.append(f"{_TORCH_TYPES.get(kind, kind)}{alias}{optional} {name}{value}")
    result = "Tensor" if len(results) == 1 else f"({', '.join(['Tensor'] * len(results))})"
    return OpSchema(
        function.name,
        f"{function.name}({', '.join(parts)}) -> {result}",
        tuple(zip(names, kinds, strict=True)),
        {
            name: _VALUES[kind](default)
            for name, kind, default in zip(names, kinds, defaults, strict=True)
            if default is not None
        },
    )


_VALUES: dict[str, Any] = {
    "int": int,
    "float": float,
    "bool": lambda text: text == "True",
    "optional": lambda _: None,
}


def _defaults(kinds: Sequence[str], parameters: Sequence[Parameter]) -> list[str | None]:
    """The defaults that torch takes: literals of the right type, none missing after."""
    found: list[str | None] = [None] * len(kinds)
    for index in range(len(kinds) - 1, -1, -1):
        text = parameters[index].default
        if not text or not _fits(kinds[index], text):
            break
        found[index] = text
    return found


def _fits(kind: str, text: str) -> bool:
    if kind == "optional":
        return text == "None"
    if kind == "bool":
        return text in ("True", "False")
    if kind in ("int", "float"):
        number = text not in ("None", "True", "False")
        return number and (kind == "float" or text.lstrip("-").isdigit())
    return False
