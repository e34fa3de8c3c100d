"""Torch's own operations inside a `with` block: what they allocate without contents, and write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from kbk.sanitizer.memory import Fresh

_EMPTY = (
    "empty",
    "new_empty",
    "empty_like",
    "empty_strided",
    "new_empty_strided",
    "empty_permuted",
)


class Watch(TorchDispatchMode):
    """Keeps `fresh` true for tensors that Python code makes and fills."""

    def __init__(self, fresh: Fresh) -> None:
        super().__init__()
        self._fresh = fresh

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func.namespace != "aten":
            return result
        if func._schema.name.removeprefix("aten::") in _EMPTY:
            if isinstance(result, torch.Tensor):
                self._fresh.add(result)
            return result
        changed = [
            value
            for value, is_written in _given(func, args, kwargs)
            if is_written and isinstance(value, torch.Tensor)
        ]
        results = func._schema.returns
        values = result if isinstance(result, (tuple, list)) else (result,)
        for declared, value in zip(results, values, strict=False):
            if declared.alias_info is None and isinstance(value, torch.Tensor):
                changed.append(value)  # a new tensor, with contents
        self._fresh.forget(changed)
        return result


def _given(
    func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> list[tuple[Any, bool]]:
    """Each argument, and whether the operation writes it."""
    pairs = []
    for index, declared in enumerate(func._schema.arguments):  # type: ignore[attr-defined]
        value = args[index] if index < len(args) else kwargs.get(declared.name)
        written = declared.alias_info is not None and declared.alias_info.is_write
        for each in value if isinstance(value, (tuple, list)) else (value,):
            pairs.append((each, written))
    return pairs
