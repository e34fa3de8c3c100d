"""The Python side of a call of an extension's function: torch's rules, this project's errors."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from ... import sim
from ...errors import ArgumentError, KbkError
from ..calls import TensorArgument, converted
from ..watchers import unwatched, watchers
from .space import ExtensionOp, ExtensionSpace

_CALLED = re.compile(r"^kbk_\w+?__\w+::(\w+)\(\) ?")  # how torch begins a word on arguments


class ExtensionCall:
    """A function of an extension as a Python callable.

    Attributes:
        name: of the function.
        schema: torch schema, "silu_and_mul(Tensor(a!) out, Tensor x) -> ()".
    """

    def __init__(
        self,
        op: ExtensionOp,
        space: ExtensionSpace,
        default: str,
        ensure_ready: Callable[[str], None],
        watched: Callable[[str, tuple[Any, ...]], Any],
        traced: bool,
        doc: str,
    ) -> None:
        self.name = self.__name__ = op.name
        self.schema = op.text
        self.overload = op.overload
        self.__doc__ = f"{op.text}\n\n{doc}".rstrip()
        self.__signature__ = _signature(op.overload._schema)
        self._space = space
        self._default = default
        self._ensure_ready = ensure_ready
        self._watched = watched
        self._traced = traced

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it on the machine of its tensors: CUDA if one is there, else the CPU."""
        machine = self._machine(args, kwargs)
        self._ensure_ready(machine)
        op = self._space.ops[machine].get(self.name)
        if op is None:
            raise KbkError(
                f"{self.name}: the source does not register it for {machine}; an #ifdef may."
            )
        if watchers and machine == "cpu" and unwatched():
            return self._watched(self.name, self._bound(op, args, kwargs))
        library = self._space.libraries[machine]
        if self._traced:
            library.kbk_watch(1)
        try:
            result = op.overload(*args, **kwargs)
        except (RuntimeError, TypeError) as error:
            library.kbk_failed_launch(b"")  # what it left behind is told already
            raise self._converted(error, op) from None
        finally:
            if self._traced:
                library.kbk_watch(0)
        problem = library.kbk_failed_launch(self.name.encode())
        if problem is not None:
            raise self._converted(RuntimeError(problem.decode(errors="replace")), op)
        return result

    def _machine(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        kinds = {tensor.device.type for _, tensor in _tensors([*args, *kwargs.values()])}
        for kind in kinds - {"cpu", "cuda", "meta"}:
            raise ArgumentError(f"{self.name}: runs on CPU and CUDA tensors, not on {kind}.")
        if "cuda" in kinds:
            return "cuda"
        return "cpu" if kinds else self._default

    def _bound(self, op: ExtensionOp, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The arguments in the order of the schema, defaults filled in."""
        try:
            given = self.__signature__.bind(*args, **kwargs)
        except TypeError as error:
            raise ArgumentError(f"{self.name}: {error}.") from None
        given.apply_defaults()
        return tuple(given.arguments.values())

    def tensors(self, values: tuple[Any, ...]) -> Iterator[TensorArgument]:
        """Those of a call; of a list each has a number behind those of the arguments."""
        declared = self.overload._schema.arguments
        extra = len(declared)
        for number, (each, value) in enumerate(zip(declared, values, strict=False)):
            written = each.alias_info is not None and each.alias_info.is_write
            for suffix, tensor in _tensors([value]):
                if suffix:
                    number, extra = extra, extra + 1
                yield TensorArgument(number, each.name + suffix, tensor, False, written)

    def _converted(self, error: Exception, op: ExtensionOp) -> BaseException:
        text = str(error).replace("\nException raised from ", "\n").partition("\n")[0]
        if isinstance(error, TypeError) or _CALLED.match(text):
            what = _CALLED.sub("", text).partition(" for operator ")[0].rstrip(".")
            return ArgumentError(f"{self.name}: {what}; it is {op.text}.")
        names = [argument.name for argument in op.overload._schema.arguments]
        assert isinstance(error, RuntimeError)
        found = converted(error, self.name, names)
        if found is error:
            found = sim.convert_exception(error)
        if found is not error or isinstance(error, KbkError):
            return found
        return ArgumentError(f"{self.name}: {_without_stack(str(error))}")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise ArgumentError(
            f"{self.name}: an op of a kbk module cannot be pickled or copied; load it again, "
            "which finds what is built already."
        )

    def __repr__(self) -> str:
        return f"<kbk op {self.schema}>"


def _without_stack(text: str) -> str:
    """torch's message without the C++ stack that some builds append."""
    return text.partition("\nException raised from ")[0].strip()


def _tensors(values: Any) -> Iterator[tuple[str, Any]]:
    """The tensors among values and in lists of them, with the index in the list."""
    import torch

    for value in values:
        if isinstance(value, torch.Tensor):
            yield "", value
        elif isinstance(value, (list, tuple)):
            for index, (suffix, tensor) in enumerate(_tensors(value)):
                yield f"[{index}]{suffix}", tensor


def _signature(schema: Any) -> inspect.Signature:
    """As Python shows it; torch's schema allows what Python's signature does, and no more."""
    parameters = [
        inspect.Parameter(
            argument.name,
            inspect.Parameter.KEYWORD_ONLY
            if argument.kwarg_only
            else inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=argument.default_value
            if argument.has_default_value()
            else inspect.Parameter.empty,
        )
        for argument in schema.arguments
    ]
    return inspect.Signature(parameters)
