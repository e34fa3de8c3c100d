"""Match the names in `functions` with the host functions of a source."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from ..errors import ArgumentError
from .functions import Function, Parameter, find_functions
from .tokens import Directive, scan

_WHY_NOT = {
    "global": "is a __global__ kernel; name the host function that launches it",
    "device": "is a __device__ function; name a host function",
    "template": "is a template; name a host function that calls one instance of it",
    "namespace": "is in a namespace; move it to file scope",
}


def host_functions(sources: Sequence[str]) -> list[str]:
    """Names of the functions that `functions` may hold, in the order of the text."""
    names: dict[str, None] = {}
    for source in sources:
        for function in find_functions(source):
            if function.kind == "host" and function.has_body:
                names[function.name] = None
    return list(names)


def match_exports(
    wanted: Sequence[str], sources: Sequence[tuple[str, str]]
) -> list[tuple[str, Function]]:
    """For each wanted name its file and function, with what the text says of its parameters.

    Args:
        sources: (file name, text) pairs, the learner's headers included.

    Raises:
        ArgumentError: a name is no host function; the message says what it is, or which one was
            meant.
    """
    found = [(file, function) for file, text in sources for function in find_functions(text)]
    return [_match(name, found, sources) for name in wanted]


def _match(
    name: str, found: list[tuple[str, Function]], sources: Sequence[tuple[str, str]]
) -> tuple[str, Function]:
    same = [(file, function) for file, function in found if function.name == name]
    host = [(file, function) for file, function in same if function.kind == "host"]
    if host:
        bodies = [entry for entry in host if entry[1].has_body]
        if len({_shape(function) for _, function in bodies}) > 1:
            lines = " and ".join(str(function.line) for _, function in bodies)
            raise ArgumentError(
                f"functions: {name!r} has overloads (lines {lines}); give each its own name."
            )
        file, function = (bodies or host)[0]
        return file, _with_defaults(function, [other for _, other in host])
    if same:
        file, function = same[0]
        raise ArgumentError(
            f"functions: {name!r} ({file}:{function.line}) {_WHY_NOT[function.kind]}."
        )
    if _may_come_from_a_macro(name, sources):
        return sources[-1][0], Function(name, 0, "host", True)
    candidates = list(
        dict.fromkeys(function.name for _, function in found if function.kind == "host")
    )
    close = difflib.get_close_matches(name, candidates, n=1)
    if close:
        hint = f"; did you mean {close[0]!r}?"
    elif candidates:
        hint = f"; it has {', '.join(repr(each) for each in candidates)}."
    else:
        hint = "; it has no host function at all."
    raise ArgumentError(f"functions: the source has no host function {name!r}{hint}")


def _shape(function: Function) -> int:
    return function.line


def _with_defaults(function: Function, declarations: list[Function]) -> Function:
    """C++ lets either the declaration or the definition carry a default."""
    parameters = list(function.parameters)
    for other in declarations:
        if len(other.parameters) == len(parameters):
            parameters = [
                Parameter(own.name or theirs.name, own.default or theirs.default)
                for own, theirs in zip(parameters, other.parameters, strict=True)
            ]
    return Function(
        function.name, function.line, function.kind, function.has_body, tuple(parameters)
    )


def _may_come_from_a_macro(name: str, sources: Sequence[tuple[str, str]]) -> bool:
    """Whether the text mentions the name outside comments, or pastes names together."""
    for _, text in sources:
        for item in scan(text):
            if isinstance(item, Directive):
                if item.name == "define" and "##" in item.rest:
                    return True
            elif item.kind == "name" and item.text == name:
                return True
    return False
