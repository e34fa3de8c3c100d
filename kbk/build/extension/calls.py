"""The Python side of a call of an extension's function: torch's rules, this project's errors."""

from __future__ import annotations

import builtins
import inspect
import keyword
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from ... import sim
from ...errors import ArgumentError, KbkError
from ..calls import TensorArgument
from ..thrown import converted
from ..watchers import unwatched, watchers
from .space import ExtensionOp, ExtensionSpace, plain_text

_CALLED = re.compile(r"^kbk_\w+?__\w+::([\w.]+)\(\) ?")  # how torch begins a word on arguments
_INTERNAL = re.compile(r"\bkbk_\w+?_(?:cpu|cuda)_\d+__(?:functions::)?")  # of this build's names
_CHATTER = (  # words of torch that help nobody here
    "  (Could this error message be improved?",
    "\nIf you're using torch.compile/export/fx",
)


class ExtensionCall:
    """A function of an extension as a Python callable.

    Attributes:
        name: of the function.
        schema: torch schema, "silu_and_mul(Tensor(a!) out, Tensor x) -> ()".
    """

    def __init__(
        self,
        key: str,
        op: ExtensionOp,
        space: ExtensionSpace,
        default: str,
        ensure_ready: Callable[[str], None],
        watched: Callable[[str, tuple[Any, ...]], Any],
        traced: bool,
        doc: str,
    ) -> None:
        self.name = self.__name__ = key
        self.schema = op.text
        self.overload = op.overload
        self.__doc__ = f"{op.text}\n\n{doc}".rstrip()
        self.__signature__ = _signature(op.overload._schema)
        self._space = space
        self._default = default
        self._ensure_ready = ensure_ready
        self._watched = watched
        self._traced = traced

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call it on the machine of its tensors: CUDA if one is there, else the CPU."""
        if any(map(keyword.iskeyword, kwargs)):  # torch's f(from=...) cannot be written in Python
            kwargs = {python_name(name): value for name, value in kwargs.items()}
        machine = self._machine(args, kwargs)
        self._ensure_ready(machine)
        op = self._space.ops[machine].get(self.name)
        if op is None:
            raise KbkError(
                f"{self.name}: the source does not register it for {machine}; an #ifdef may."
            )
        if watchers and machine == "cpu" and unwatched():
            return self._watched(self.name, self._bound(args, kwargs))
        library = self._space.libraries[machine]
        if self._traced:
            library.kbk_watch(1)
        try:
            result = op.overload(*args, **kwargs)
            thrown = library.kbk_thrown()
            if thrown is not None:
                raise _thrown(thrown.decode(errors="replace"))
        except (RuntimeError, TypeError, ValueError, IndexError, ArithmeticError) as error:
            library.kbk_failed_launch(b"")  # what it left behind is told already
            raise self._converted(error, op, args, kwargs) from None
        finally:
            if self._traced:
                library.kbk_watch(0)
        problem = library.kbk_failed_launch(self.name.encode())
        if problem is not None:
            raise self._converted(RuntimeError(problem.decode(errors="replace")), op, args, kwargs)
        return result

    # torch.compile leaves the call to Python: kernels of the simulator are no graph.
    __call__._torchdynamo_disable = True  # type: ignore[attr-defined]

    def _machine(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        kinds = {tensor.device.type for _, tensor in _tensors([*args, *kwargs.values()])}
        for kind in kinds - {"cpu", "cuda", "meta"}:
            raise ArgumentError(f"{self.name}: runs on CPU and CUDA tensors, not on {kind}.")
        if "cuda" in kinds:
            return "cuda"
        return "cpu" if kinds else self._default

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The arguments in the order of the schema, defaults filled in."""
        try:
            given = self.__signature__.bind(*args, **kwargs)
        except TypeError as error:
            raise ArgumentError(f"{self.name}: {error}; it is {self.schema}.") from None
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

    def _converted(
        self, error: Exception, op: ExtensionOp, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> BaseException:
        """The exception that the call raises instead of torch's."""
        text = plain_text(_INTERNAL.sub("", str(error)))
        if _CALLED.match(str(error)) or text.startswith("Unknown keyword argument"):
            self._bound(args, kwargs)  # says it better where there are too many or too few
            what = _CALLED.sub("", str(error)).partition("\n")[0].partition(" for operator ")[0]
            return ArgumentError(f"{self.name}: {what.rstrip('.')}; it is {op.text}.")
        lacking = re.match(r"Could not run '(aten::\w+)", text)
        if isinstance(error, NotImplementedError) and lacking:
            return ArgumentError(
                f"{self.name}: the host function calls {lacking[1]}, which torch does not have for "
                "CPU tensors; leave the call out, or guard it."
            )
        if isinstance(error, NotImplementedError) and text.startswith("Could not run "):
            return ArgumentError(
                f"{self.name}: the source has no implementation of it for these tensors; "
                "m.impl in TORCH_LIBRARY_IMPL gives it one."
            )
        if type(error) is RuntimeError:
            names = [argument.name for argument in op.overload._schema.arguments]
            found = converted(error, self.name, names)
            if found is error:
                found = sim.convert_exception(error)
            if found is not error:
                return found
        for words in _CHATTER:
            text = text.partition(words)[0].rstrip()
        if isinstance(error, KbkError):
            return error
        return _also(type(error))(f"{self.name}: {text}")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise ArgumentError(
            f"{self.name}: an op of a kbk module cannot be pickled or copied; load it again, "
            "which finds what is built already."
        )

    def __repr__(self) -> str:
        return f"<kbk op {self.schema}>"


def _thrown(text: str) -> Exception:
    """What a host function threw, which came as "IndexError: text" (kbk/extension/thrown.h)."""
    kind, _, what = text.partition(": ")
    return getattr(builtins, kind)(what)  # type: ignore[no-any-return]


def _also(kind: type[Exception]) -> type[ArgumentError]:
    """An ArgumentError that can also be caught as what the source throws, such as IndexError."""
    if issubclass(ArgumentError, kind):
        return ArgumentError
    return type("ArgumentError", (ArgumentError, kind), {"__module__": ArgumentError.__module__})


class Overloads:
    """Functions of one name: the first that takes the arguments is called."""

    def __init__(self, calls: list[ExtensionCall]) -> None:
        self.__name__ = calls[0].name.partition(".")[0]
        self._schemas = [each.schema for each in calls]
        self.__doc__ = "\n".join(self._schemas)
        self._calls = calls

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the first whose parameters fit."""
        import torch

        packet = self._calls[0].overload.overloadpacket._qualified_op_name
        try:
            variant = torch._C._jit_resolve_packet(packet, *args, **kwargs)
        except RuntimeError:
            raise ArgumentError(
                f"{self.__name__}: takes no such arguments; there are {', '.join(self._schemas)}."
            ) from None
        wanted = variant or "default"
        call = next(each for each in self._calls if each.overload._overloadname == wanted)
        return call(*args, **kwargs)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._calls))


def python_name(name: str) -> str:
    """A parameter's name as Python can write it: "from_" for "from"."""
    return f"{name}_" if keyword.iskeyword(name) else name


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
            python_name(argument.name),
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
