"""Compose the translation unit: the learner's files, then the block that registers functions."""

from __future__ import annotations

from collections.abc import Sequence

from .functions import Function

REGISTRATION_FILE = "kbk:functions"
"""What the compiler calls the generated block; an error there is about a function as a whole."""

END_FILE = "kbk:end"
"""What it calls the line after the learner's text; an error there: the text stops early."""


def compose(files: Sequence[tuple[str, str]], exports: Sequence[tuple[str, Function]]) -> str:
    """The unit's text.

    Args:
        files: (name, text) of each file, in order; a compiler's message uses the name.
        exports: for each exported function the file it stands in and what the text says of it.
    """
    parts = [f'#line 1 "{name}"\n{text}\n' for name, text in files]
    parts.append(f'#line 1 "{END_FILE}"\nnamespace kbk {{}}\n')
    for file, function in exports:
        if function.line:
            parts.append(f'#line {function.line} "{file}"\n{_assertions(function)}\n')
    parts.append(f'#line 1 "{REGISTRATION_FILE}"\n')
    parts += [_export(function) + "\n" for _, function in exports]
    registered = " ".join(f"KBK_REGISTER({function.name})" for _, function in exports)
    parts.append(f"KBK_REGISTER_ALL({registered})\n")
    return "".join(parts)


def exported_at(line: int, exports: Sequence[tuple[str, Function]]) -> tuple[str, Function] | None:
    """The function that line `line` of the registration block is about."""
    return exports[line - 1] if 1 <= line <= len(exports) else None


def _assertions(function: Function) -> str:
    """On the one line that the compiler will name: the line of the function."""
    name = function.name
    checks = [
        f'KBK_PARAMETER({name}, {index}, "{name}(): parameter {_label(index, parameter.name)}")'
        for index, parameter in enumerate(function.parameters)
    ]
    return " ".join([*checks, f'KBK_SIGNATURE({name}, "{name}()")'])


def _label(index: int, name: str) -> str:
    return f"'{name}'" if name else str(index + 1)


def _export(function: Function) -> str:
    # A function that the text does not show (a macro made it) has no line of its own to assert on.
    assertions = "" if function.line else _assertions(function) + " "
    return f"{assertions}KBK_EXPORT({function.name})"
