"""The Python side of a call: check, build for the machine of the tensors, call, translate errors.

torch checks types too, but names no argument; and a CPU tensor beside a CUDA one would be an
illegal access that costs the process its CUDA context. The checks that every call passes are
generated as straight-line code for each op, because a loop over parameters costs more than the call
itself.
"""

from __future__ import annotations

import inspect
import numbers
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, NoReturn

from .. import sim
from ..errors import ArgumentError, KbkError
from .library import Namespace
from .schema import OpSchema
from .thrown import ours, with_names
from .watchers import unwatched, watchers

# What STD_TORCH_CHECK throws, also inside mutable_data_ptr<T>(): "function, file:line, message".
_TORCH_CHECK = re.compile(r"(?P<where>[\w<>: ]+), [^\s,]+:\d+, (?P<message>.*)", re.DOTALL)
_INT64 = range(-(2**63), 2**63)
_PYTHON_TYPES = {"int": "int", "float": "float", "bool": "bool"}


class _Missing:
    def __repr__(self) -> str:
        return "<not given>"


MISSING = _Missing()

# Makes a machine's library ready: ("cpu" or "cuda") -> None.
EnsureReady = Callable[[str], None]
# Takes a call in the place of the op: (function, arguments) -> what it returns.
Watched = Callable[[str, tuple[Any, ...]], Any]


class TensorArgument(NamedTuple):
    """A tensor of a call: its number, its name, whether the host or the op may write it."""

    number: int
    name: str
    tensor: Any
    is_host: bool
    is_written: bool


class Op:
    """A host function as a Python callable; `schema` is what torch knows of it.

    Attributes:
        name: of the host function.
        schema: torch schema, "scale(Tensor(a!) out, Tensor x, float a) -> ()".
        overload: the torch op itself, which neither checks nor builds.
    """

    def __init__(self, op: OpSchema, overload: Any, doc: str) -> None:
        self.name = self.__name__ = op.name
        self.schema = op.text
        self.overload = overload
        self.__doc__ = f"{op.text}\n\n{doc}".rstrip()
        self.__signature__ = _signature(op)
        self._kinds = dict(op.parameters)

    def tensors(self, values: tuple[Any, ...]) -> Iterator[TensorArgument]:
        """Those of a call."""
        declared = self.overload._schema.arguments
        for number, (each, value) in enumerate(zip(declared, values, strict=True)):
            if hasattr(value, "untyped_storage"):
                written = each.alias_info is not None and each.alias_info.is_write
                is_host = self._kinds[each.name] == "host"
                yield TensorArgument(number, each.name, value, is_host, written)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError  # each op has a class with its own

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise ArgumentError(
            f"{self.name}: an op of a kbk module cannot be pickled or copied; call load_inline "
            "again, which finds what is built already."
        )

    def __repr__(self) -> str:
        return f"<kbk op {self.schema}>"


def make_op(
    op: OpSchema, space: Namespace, ensure_ready: EnsureReady, watched: Watched, doc: str
) -> Op:
    """The callable for one op of `space`."""
    import torch

    overload = space.overload(op.name)
    checks = Checks(op, space, ensure_ready)
    scope: dict[str, Any] = {
        "overload": overload,
        "missing": MISSING,
        "ready": space.ready,
        "check": checks.check,
        "bind": checks.bind,
        "convert": checks.convert,
        "integer": checks.integer,
        "number": checks.number,
        "truth": checks.truth,
        "ensure_traced": _constant_when_traced(checks.ensure_traced),
        "is_compiling": torch.compiler.is_compiling,
        "watchers": watchers,
        "unwatched": unwatched,
        "watched": watched,
    }
    exec(compile(_source(op, scope), f"<kbk op {op.name}>", "exec"), scope)
    made = type(op.name, (Op,), {"__call__": scope["make"](scope)})
    return made(op, overload, doc)


def _constant_when_traced(function: Callable[[str], None]) -> Callable[[str], None]:
    """Like torch.compiler.assume_constant_result, which would import dynamo now (a second)."""

    def run(device: str) -> None:
        function(device)

    run._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return run


def _source(op: OpSchema, scope: dict[str, Any]) -> str:
    """Python text of `make`, which closes the op's __call__ over the names of `scope`."""
    names = [name for name, _ in op.parameters]
    # Parameters keep their names for keywords, so nothing else in the function may have one of
    # them.
    local = {each: f"kbk_{each}" for each in (*scope, "self", "extra", "unknown", "error")}
    for index, default in enumerate(op.defaults.values()):
        scope[f"default_{index}"] = default
    defaults = {name: f"kbk_default_{index}" for index, name in enumerate(op.defaults)}
    local |= {f"default_{index}": f"kbk_default_{index}" for index in range(len(op.defaults))}
    parameters = ", ".join(f"{name}={defaults.get(name, 'kbk_missing')}" for name in names)
    passed = ", ".join(names)
    absent = " or ".join(
        [f"{local['extra']}", f"{local['unknown']}"]
        + [f"{name} is kbk_missing" for name in names if name not in op.defaults]
    )
    lines = [
        "def make(scope):",
        *[f"    {alias} = scope[{each!r}]" for each, alias in local.items() if each in scope],
        f"    def call(kbk_self, /, {parameters}, *kbk_extra, **kbk_unknown):",
        f"        if {absent}:",
        f"            {passed}, = kbk_bind(({passed},), kbk_extra, kbk_unknown)",
        "        if kbk_is_compiling():",
        f"            kbk_ensure_traced({_first_tensor(op)}.device.type)",
        f"            return kbk_overload({passed})",
        "        if kbk_watchers and kbk_unwatched():",
        f"            return kbk_watched({op.name!r}, ({passed},))",
        *[f"        {line}" for line in _scalar_checks(op)],
        *[f"        {line}" for line in _tensor_checks(op, passed)],
        "        try:",
        f"            return kbk_overload({passed})",
        "        except RuntimeError as kbk_error:",
        "            raise kbk_convert(kbk_error, " + f"({passed},)) from None",
        "    return call",
    ]
    return "\n".join(lines) + "\n"


def _first_tensor(op: OpSchema) -> str:
    """An expression for the tensor that decides the machine."""
    first = [name for name, kind in op.parameters if kind == "tensor"]
    if first:
        return first[0]
    names = [name for name, kind in op.parameters if kind in ("optional", "host")]
    return "(" + " or ".join(f"({name} if {name} is not None else None)" for name in names) + ")"


def _scalar_checks(op: OpSchema) -> list[str]:
    checks = {
        # Not type({0}): a parameter may have that name.
        "int": "if {0}.__class__ is not int or not "
        "-0x8000000000000000 <= {0} <= 0x7fffffffffffffff: {0} = kbk_integer({0!r}, {0})",
        "float": "if {0}.__class__ is not float: {0} = kbk_number({0!r}, {0})",
        "bool": "if {0} is not True and {0} is not False: {0} = kbk_truth({0!r}, {0})",
    }
    return [
        checks[kind].replace("{0!r}", repr(name)).replace("{0}", name)
        for name, kind in op.parameters
        if kind in checks
    ]


def _tensor_checks(op: OpSchema, passed: str) -> list[str]:
    """Accept the usual cases, all on the CPU or all on one GPU, and leave the rest to `check`."""
    device = [(name, kind) for name, kind in op.parameters if kind in ("tensor", "optional")]
    host = [name for name, kind in op.parameters if kind == "host"]
    anchor = next((name for name, kind in device if kind == "tensor"), None)
    if anchor is None:
        return [f"kbk_check(({passed},))"]

    def each(test: str) -> list[str]:
        return [
            test.replace("{}", name)
            if kind == "tensor"
            else f"({name} is None or {test.replace('{}', name)})"
            for name, kind in device
            if name != anchor
        ]

    on_host = [f"{name}.is_cpu" for name in host]
    cpu = " and ".join(["'cpu' in kbk_ready", *each("{}.is_cpu"), *on_host])
    same = each("({}.is_cuda and {}.get_device() == " + f"{anchor}.get_device())")
    cuda = " and ".join([f"{anchor}.is_cuda", "'cuda' in kbk_ready", *same, *on_host])
    return [
        "try:",
        f"    usual = ({cpu}) if {anchor}.is_cpu else ({cuda})".replace("usual", "kbk_usual"),
        "except AttributeError:",
        "    kbk_usual = False",
        "if not kbk_usual:",
        f"    kbk_check(({passed},))",
    ]


class Checks:
    """The checks of one op that a usual call never reaches."""

    def __init__(self, op: OpSchema, space: Namespace, ensure_ready: EnsureReady) -> None:
        self._op = op
        self._space = space
        self._ensure_ready = ensure_ready

    def _refuse(self, text: str) -> ArgumentError:
        return ArgumentError(f"{self._op.name}: {text}.")

    def bind(
        self, given: tuple[Any, ...], extra: tuple[Any, ...], unknown: dict[str, Any]
    ) -> tuple[Any, ...]:
        """Name what is wrong with the number or names of the arguments."""
        names = [name for name, _ in self._op.parameters]
        if extra:
            count = len(given) + len(extra)
            raise self._refuse(f"takes {len(names)} arguments ({', '.join(names)}), got {count}")
        if unknown:
            raise self._refuse(
                f"has no argument {next(iter(unknown))!r}; it takes {', '.join(names)}"
            )
        absent = [name for name, value in zip(names, given, strict=True) if value is MISSING]
        raise self._refuse(
            f"misses the argument{'s' if len(absent) > 1 else ''} {', '.join(absent)}"
        )

    def integer(self, name: str, value: Any) -> Any:
        """An int64 from what counts as an integer; bool does not."""
        import torch

        if isinstance(value, torch.SymInt):
            return value
        if not isinstance(value, (bool, torch.Tensor)) and hasattr(value, "__index__"):
            value = operator.index(value)
            if value not in _INT64:
                raise self._refuse(f"{name} must fit in 64 bits, but is {value}")
            return value
        raise self._refuse(f"{name} must be an int, but is {_describe(value)}")

    def number(self, name: str, value: Any) -> Any:
        """A float from any real number; bool does not count."""
        import torch

        if isinstance(value, (torch.SymFloat, torch.SymInt)):
            return value
        if isinstance(value, numbers.Real) and not isinstance(value, bool):
            try:
                return float(value)
            except OverflowError:
                raise self._refuse(f"{name} must fit in a double, but is {value}") from None
        raise self._refuse(f"{name} must be a float, but is {_describe(value)}")

    def truth(self, name: str, value: Any) -> Any:
        """A bool, also numpy's; a number is none."""
        import torch

        if isinstance(value, torch.SymBool) or (
            type(value).__module__ == "numpy"
            and type(value).__name__
            in (
                "bool",
                "bool_",
            )
        ):
            return value if isinstance(value, torch.SymBool) else bool(value)
        raise self._refuse(f"{name} must be True or False, but is {_describe(value)}")

    def check(self, values: tuple[Any, ...]) -> None:
        """Refuse what cannot run; build for the machine of the tensors if nobody has."""
        import torch

        first: tuple[str, Any] | None = None
        host: Any = None
        for (name, kind), value in zip(self._op.parameters, values, strict=True):
            if kind in _PYTHON_TYPES or (kind == "optional" and value is None):
                continue
            if not isinstance(value, torch.Tensor):
                wanted = "a tensor or None" if kind == "optional" else "a tensor"
                raise self._refuse(f"{name} must be {wanted}, but is {_describe(value)}")
            if value.layout is not torch.strided:
                raise self._refuse(
                    f"{name} must be a dense tensor, but its layout is {value.layout}"
                )
            if kind == "host":
                if value.device.type not in ("cpu", "meta"):
                    raise self._refuse(f"{name} must be on the CPU, but is on {value.device}")
                host = value.device
            elif first is None:
                first = (name, value.device)
            elif value.device != first[1]:
                raise self._refuse(
                    f"{name} must be on the device of {first[0]}, {first[1]}, "
                    f"but is on {value.device}"
                )
        device = first[1] if first else host
        if device is None:
            raise self._refuse("needs at least one tensor to know where it runs")
        if device.type in ("cpu", "cuda"):
            self._ensure_ready(device.type)
        elif device.type != "meta":
            raise self._refuse(
                f"runs on CPU and CUDA tensors, but {first[0] if first else ''} is on {device}"
            )

    def ensure_traced(self, device: str) -> None:
        """Under torch.compile, which traces no compilers: build while the graph is made."""
        if device in ("cpu", "cuda"):
            self._ensure_ready(device)

    def convert(self, error: RuntimeError, values: tuple[Any, ...]) -> BaseException:
        """The exception that a failed call raises; C++ counts the arguments from 0."""
        found = self._converted(error, values)
        if isinstance(found, KbkError) and found.args and isinstance(found.args[0], str):
            return with_names(found, [name for name, _ in self._op.parameters])
        return found

    def _converted(self, error: RuntimeError, values: tuple[Any, ...]) -> BaseException:
        text = str(error)
        name = self._op.name
        found = ours(text, name)
        if found is not None:
            return found
        if isinstance(error, NotImplementedError):
            self.check(values)
            return KbkError(
                f"{name}: returns tensors, whose shapes torch must know where there is no data; "
                "see register_fake."
            )
        torch_check = _TORCH_CHECK.match(text)
        if torch_check:
            return ArgumentError(f"{name}: {torch_check['message']} ({torch_check['where']})")
        if any(getattr(value, "is_cuda", False) for value in values):
            return error
        changed = sim.convert_exception(error)
        if changed is error and " API call failed at " in text:
            call = text.partition("(")[0]
            return KbkError(
                f"{name}: torch refused {call}() in the host function; is an index or a size wrong?"
            )
        return changed


def _describe(value: Any) -> str:
    import torch

    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {list(value.shape)}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"


def _signature(op: OpSchema) -> inspect.Signature:
    kinds = {
        "tensor": "torch.Tensor",
        "host": "torch.Tensor",
        "optional": "torch.Tensor | None",
        **_PYTHON_TYPES,
    }
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=op.defaults.get(name, inspect.Parameter.empty),
            annotation=kinds[kind],
        )
        for name, kind in op.parameters
    ]
    result = op.text.rpartition(" -> ")[2]
    annotation = {"()": "None", "Tensor": "torch.Tensor"}.get(result, "tuple[torch.Tensor, ...]")
    return inspect.Signature(parameters, return_annotation=annotation)
