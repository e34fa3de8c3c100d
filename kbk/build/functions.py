"""Find the host functions of a source: their parameters' names and defaults, and where they stand.

The compiler knows the types (kbk/signature.h); only names and defaults are read from the text.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field

from .tokens import Token, tokens

_CLOSING = {"(": ")", "[": "]", "{": "}", "[[": "]]"}
_QUALIFIERS = {"const", "volatile", "struct", "class", "enum", "union", "typename", "constexpr"}
_TYPE_WORDS = _QUALIFIERS | {
    *("unsigned", "signed", "void", "bool", "char", "short", "int", "long", "float", "double"),
    *("auto", "static", "inline", "extern", "wchar_t", "char8_t", "char16_t", "char32_t"),
}
_NOT_NAMES = _TYPE_WORDS | {
    *("if", "for", "while", "switch", "return", "sizeof", "alignas", "alignof", "decltype"),
    *("noexcept", "operator", "static_assert", "template", "using", "typedef", "namespace"),
    *("new", "delete", "throw", "catch", "requires", "concept", "explicit", "__align__"),
    *("__launch_bounds__", "__attribute__", "__declspec", "__cluster_dims__"),
}


@dataclass(frozen=True)
class Parameter:
    """A parameter as the text has it: `default` is in torch's spelling ("" means none)."""

    name: str
    default: str = ""


@dataclass(frozen=True)
class Function:
    """A function at file scope or in a namespace.

    `kind` is "host", "global" (a kernel), "device", "template" or "namespace" (in a named
    namespace).
    """

    name: str
    line: int
    kind: str
    has_body: bool
    parameters: tuple[Parameter, ...] = field(default=())


def find_functions(source: str) -> list[Function]:
    """Every function declared or defined in `source`, in order."""
    found: list[Function] = []
    _scan_scope(tokens(source), 0, False, found)
    return found


def _scan_scope(items: list[Token], position: int, named: bool, found: list[Function]) -> int:
    """Read declarations until the scope's closing brace; return the position after it."""
    start = position
    while position < len(items):
        text = items[position].text
        if text == "}":
            return position + 1
        if text == ";":
            _add_function(items[start:position], named, False, found)
            position += 1
            start = position
        elif text == "{":
            head = items[start:position]
            words = [token.text for token in head]
            if "namespace" in words:
                position = _scan_scope(
                    items, position + 1, named or words[-1] != "namespace", found
                )
            elif words[-2:-1] == ["extern"]:
                position = _scan_scope(items, position + 1, named, found)
            elif _add_function(head, named, True, found):
                position = _skip_group(items, position)
            else:  # a class, or the braces of an initialiser: its declaration ends with ";"
                position = _skip_group(items, position)
                continue
            start = position
        elif text in _CLOSING:
            position = _skip_group(items, position)
        else:
            position += 1
    _add_function(items[start:position], named, False, found)
    return position


def _skip_group(items: list[Token], position: int) -> int:
    """The position after the bracket that closes the one at `position`."""
    open_brackets: list[str] = []
    while position < len(items):
        text = items[position].text
        if text in _CLOSING:
            open_brackets.append(_CLOSING[text])
        elif text == "]]" and open_brackets[-1:] != ["]]"]:
            for _ in range(2):
                if open_brackets and open_brackets[-1] == "]":
                    open_brackets.pop()
        elif open_brackets and text == open_brackets[-1]:
            open_brackets.pop()
        position += 1
        if not open_brackets:
            break
    return position


def _add_function(head: list[Token], named: bool, has_body: bool, found: list[Function]) -> bool:
    """Add the function that the declaration `head` declares, if it declares one."""
    template = bool(head) and head[0].text == "template"
    if template:
        head = head[_skip_angles(head, 1) :]
    if not head or head[0].text in ("using", "typedef", "template", "static_assert", "friend"):
        return False
    at = _declarator(head)
    if at is None:
        return False
    words = {token.text for token in head[:at]}
    if "__global__" in words:
        kind = "global"
    elif "__device__" in words and "__host__" not in words:
        kind = "device"
    else:
        kind = "template" if template else "namespace" if named else "host"
    end = _skip_group(head, at + 1)
    parameters = tuple(_parameters(head[at + 2 : end - 1]))
    found.append(Function(head[at].text, head[at].line, kind, has_body, parameters))
    return True


def _declarator(head: list[Token]) -> int | None:
    """Where the function's name stands: before the last parentheses that can hold parameters."""
    at: int | None = None
    position = 0
    while position < len(head):
        text = head[position].text
        if text in ("=", "->") or (text == ":" and at is not None):
            break
        follows = position + 1 < len(head) and head[position + 1].text == "("
        if head[position].kind == "name" and follows:
            if text not in _NOT_NAMES and position > 0:
                at = position
            position = _skip_group(head, position + 1)
        elif text in _CLOSING:
            position = _skip_group(head, position)
        else:
            position += 1
    if at is not None and head[at - 1].text in ("::", "~", ".", "->"):
        return None  # a member, defined out of its class
    return at


def _skip_angles(items: list[Token], position: int) -> int:
    depth = 0
    while position < len(items):
        text = items[position].text
        depth += text.count("<") if text in ("<", "<<<") else 0
        depth -= text.count(">") if text in (">", ">>>") else 0
        position += 1
        if depth <= 0:
            break
    return position


def _parameters(items: list[Token]) -> list[Parameter]:
    if not items or [token.text for token in items] == ["void"]:
        return []
    return [_parameter(part) for part in _split_at_commas(items)]


def _split_at_commas(items: list[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    depth = 0
    in_default = False
    for token in items:
        if token.text in ("(", "[", "{", "[["):
            depth += 1
        elif token.text in (")", "]", "}", "]]"):
            depth -= 1
        elif token.text in ("<", ">", ">>>") and not in_default:
            depth += 1 if token.text == "<" else -len(token.text)
        elif token.text == "=" and depth == 0:
            in_default = True
        if token.text == "," and depth == 0:
            parts.append([])
            in_default = False
        else:
            parts[-1].append(token)
    return parts


def _parameter(part: list[Token]) -> Parameter:
    texts = [token.text for token in part]
    default = ""
    if "=" in texts:
        cut = texts.index("=")
        default = _default("".join(texts[cut + 1 :]))
        part = part[:cut]
    part = _without_attributes(part)
    return Parameter(_python_name(_name(part)), default)


def _without_attributes(part: list[Token]) -> list[Token]:
    kept: list[Token] = []
    position = 0
    while position < len(part):
        if part[position].text == "[[":
            position = _skip_group(part, position)
        else:
            if part[position].text not in ("__restrict__", "__restrict"):
                kept.append(part[position])
            position += 1
    return kept


def _name(part: list[Token]) -> str:
    """The parameter's name, or "" where the text gives only a type."""
    if part and part[-1].text == "]":  # an array: the name stands before its bracket
        part = part[: [token.text for token in part].index("[")]
    if len(part) < 2 or part[-1].kind != "name" or part[-1].text in _TYPE_WORDS:
        return ""
    before = [token for token in part[:-1] if token.text not in _QUALIFIERS]
    if not before or before[-1].text == "::":
        return ""
    return part[-1].text


def _python_name(name: str) -> str:
    return name + "_" if keyword.iskeyword(name) else name


def _default(text: str) -> str:
    """A C++ literal in torch's spelling; "" for anything else: the argument is then required."""
    if text in ("std::nullopt", "nullopt", "{}"):
        return "None"
    if text in ("true", "false"):
        return text.capitalize()
    number = re.fullmatch(r"(-?)([0-9][0-9']*)[uUlL]*", text)
    if number and (number[2] == "0" or number[2][0] != "0"):
        return number[1] + number[2].replace("'", "")
    number = re.fullmatch(
        r"(-?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?)[fF]?", text
    )
    return repr(float(number[1])) if number else ""
