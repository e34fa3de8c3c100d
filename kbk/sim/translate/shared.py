"""``__shared__`` variables: each declaration becomes a struct of the same text.

The runtime places the structs in the block's arena.
"""

from __future__ import annotations

from kbk.errors import UnsupportedError
from kbk.sim.translate.tokens import Edits, Source, Token, match_forward

_DROP = {"__shared__", "static", "extern"}
_ALIGN = {"alignas", "__align__", "__attribute__"}


def function_depths(source: Source) -> list[bool]:
    """For each token whether it stands inside a function body."""
    inside: list[bool] = []
    stack: list[bool] = []
    statement: list[str] = []
    for token in source.tokens:
        inside.append(bool(stack) and stack[-1])
        text = token.text
        if token.kind != "punct":
            statement.append(text)
            continue
        if text == "{":
            scope = {"namespace", "extern", "class", "struct", "union", "enum"} & set(statement)
            opens_scope = bool(scope) and not ({")", "="} & set(statement[-1:]))
            if "(" in statement and "namespace" not in statement and "enum" not in statement:
                opens_scope = opens_scope and statement[-1] != ")" and "struct" in statement
            stack.append((bool(stack) and stack[-1]) or not opens_scope)
            statement = []
        elif text == "}":
            if stack:
                stack.pop()
            statement = []
        elif text == ";":
            statement = []
        else:
            statement.append(text)
    return inside


def _statement_bounds(source: Source, index: int) -> tuple[int, int] | None:
    """Tokens [first, semicolon) of the declaration that holds the ``__shared__`` at ``index``."""
    tokens = source.tokens
    first = index
    while first > 0:
        before = tokens[first - 1]
        if before.text in (";", "{", "}") or (before.text == ":" and before.kind == "punct"):
            break
        if before.text == ")":
            if first - 1 >= 1 and _is_attribute_close(tokens, first - 1):
                first -= 1
                continue
            break
        if (
            before.kind == "name"
            or before.text in ("(", "::", "<", ">", ",", "*")
            or before.kind == "number"
        ):
            first -= 1
            continue
        break
    at = index
    while at < len(tokens):
        text = tokens[at].text
        if tokens[at].kind == "punct" and text in "([{":
            close = match_forward(tokens, at)
            if close is None:
                return None
            at = close + 1
            continue
        if text == ";":
            return first, at
        at += 1
    return None


def _is_attribute_close(tokens: list, close: int) -> bool:  # type: ignore[type-arg]
    depth = 0
    for at in range(close, -1, -1):
        if tokens[at].text == ")":
            depth += 1
        elif tokens[at].text == "(":
            depth -= 1
            if depth == 0:
                return at > 0 and tokens[at - 1].text in _ALIGN
    return False


def _strip(source: Source, first: int, last: int, also: set[str]) -> str:
    """The tokens without storage words, newlines and, where asked, alignment."""
    tokens = source.tokens
    words = []
    at = first
    while at < last:
        text = tokens[at].text
        if text in also and text in _ALIGN and tokens[at + 1].text == "(":
            at = (match_forward(tokens, at + 1) or at) + 1
            continue
        if text not in _DROP:
            words.append(text)
        at += 1
    return " ".join(words)


def _declarators(source: Source, first: int, last: int) -> tuple[int, list[tuple[int, int, int]]]:
    """Splits a declaration: (end of the specifiers, [(start, name, end) of each declarator])."""
    tokens = source.tokens
    parts: list[tuple[int, int]] = []
    begin = first
    angle = 0
    at = first
    while at < last:
        text = tokens[at].text
        if tokens[at].kind == "punct":
            if text in "([{":
                at = (match_forward(tokens, at) or at) + 1
                continue
            if text == "<":
                angle += 1
            elif text == ">":
                angle -= 1
            elif text == "," and angle == 0:
                parts.append((begin, at))
                begin = at + 1
        at += 1
    parts.append((begin, last))
    result = []
    specifiers = first
    for number, (a, b) in enumerate(parts):
        name = b - 1
        at = a
        # the declared name: the last identifier before the first [ or = outside brackets, or the
        # last one of all
        while at < b:
            text = tokens[at].text
            if tokens[at].kind == "punct" and text in "({":
                at = (match_forward(tokens, at) or at) + 1
                continue
            if text == "[":
                break
            if tokens[at].kind == "name":
                name = at
            at += 1
        start = name
        while start > a and tokens[start - 1].text in ("*", "&"):
            start -= 1
        if number == 0:
            specifiers = start
        result.append((start, name, b))
    return specifiers, result


def rewrite_shared(source: Source, edits: Edits) -> None:
    """Rewrites every ``__shared__`` declaration of ``source``.

    Raises:
        UnsupportedError: a ``__shared__`` variable outside a function, or a declaration that is
            not understood.
    """
    tokens = source.tokens
    inside = None
    done = -1
    for index, token in enumerate(tokens):
        if token.text != "__shared__" or index < done:
            continue
        line = source.line(token.start)
        if inside is None:
            inside = function_depths(source)
        bounds = _statement_bounds(source, index)
        if bounds is None:
            raise UnsupportedError(source.file, line, "this __shared__ declaration")
        first, semicolon = bounds
        done = semicolon
        if not inside[index] and not source.is_directive(index):
            raise UnsupportedError(
                source.file,
                line,
                "a __shared__ variable outside a function",
                "declare it inside the kernel",
            )
        specifiers, declarators = _declarators(source, first, semicolon)
        words = {tokens[at].text for at in range(first, specifiers)}
        if "extern" in words:
            new = _dynamic(source, first, specifiers, declarators, line)
        else:
            new = _static(source, first, specifiers, declarators, index)
            _capture_by_reference(
                source, edits, [tokens[name].text for _, name, _ in declarators], semicolon
            )
        edits.replace(tokens[first].start, tokens[semicolon].end, new)


def _capture_by_reference(source: Source, edits: Edits, names: list[str], index: int) -> None:
    """Makes [=] name shared memory by reference.

    A lambda that captures by copy must not copy it: CUDA gives it static storage.
    """
    tokens = source.tokens
    for at in range(index, _scope_end(tokens, index) - 2):
        if [tokens[at].text, tokens[at + 1].text] == ["[", "="] and tokens[at + 2].text in (
            "]",
            ",",
        ):
            edits.insert(tokens[at + 1].end, "".join(f", &{name}" for name in names))


def _scope_end(tokens: list[Token], index: int) -> int:
    """The token that closes the block which holds ``index``."""
    depth = 0
    for at in range(index, len(tokens)):
        if tokens[at].kind == "punct":
            depth += (tokens[at].text == "{") - (tokens[at].text == "}")
            if depth < 0:
                return at
    return len(tokens)


def _dynamic(
    source: Source, first: int, specifiers: int, declarators: list[tuple[int, int, int]], line: int
) -> str:
    tokens = source.tokens
    kind = _strip(source, first, specifiers, _ALIGN)
    out = []
    for start, name, end in declarators:
        after = tokens[name + 1 : end]
        if len(after) < 2 or after[0].text != "[" or after[1].text != "]":
            raise UnsupportedError(
                source.file,
                line,
                "an extern __shared__ variable that is no array",
                "write extern __shared__ T name[];",
            )
        stars = source.slice(start, name)
        rest = source.slice(name + 3, end)
        pointer = (
            f"{kind} {stars} (*{tokens[name].text}){rest}"
            if rest
            else f"{kind} {stars}* {tokens[name].text}"
        )
        cast = f"{kind} {stars} (*){rest}" if rest else f"{kind} {stars}*"
        out.append(f"{pointer} = reinterpret_cast<{cast}>(::kbk::dynamic_shared());")
    return " ".join(out)


def _static(
    source: Source,
    first: int,
    specifiers: int,
    declarators: list[tuple[int, int, int]],
    unique: int,
) -> str:
    tokens = source.tokens
    kind = _strip(source, first, specifiers, set())
    out = []
    for number, (start, name, end) in enumerate(declarators):
        variable = tokens[name].text
        declaration = f"{kind} {source.slice(start, end)};"
        tag = f"kbk_shared_{unique}_{number}"
        out.append(
            f"struct {tag} {{ {declaration} }}; "
            f'static ::kbk::SharedSlot {tag}_slot = KBK_SLOT({tag}, "{variable}"); '
            f"auto& {variable} = ::kbk::shared<{tag}>(&{tag}_slot).{variable};"
        )
    return " ".join(out)
