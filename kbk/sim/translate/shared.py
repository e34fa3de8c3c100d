"""``__shared__`` variables: each declaration becomes a struct of the same text.

The runtime places the structs in the block's arena.
"""

from __future__ import annotations

from kbk.errors import UnsupportedError
from kbk.sim.translate.captures import Captures
from kbk.sim.translate.tokens import Edits, Source, Token, match_forward

_DROP = {"__shared__", "static", "extern"}
_ALIGN = {"alignas", "__align__", "__attribute__"}


def function_depths(source: Source) -> list[bool]:
    """For each token whether it stands inside a function body."""
    inside: list[bool] = []
    stack: list[bool] = []
    statement: list[str] = []
    for index, token in enumerate(source.tokens):
        inside.append(bool(stack) and stack[-1])
        if source.is_directive(index):
            continue
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
    """Tokens [first, end) of the declaration that holds the ``__shared__`` at ``index``.

    The end is its semicolon or, in a macro that leaves that to its users, the macro's end.
    """
    tokens = source.tokens
    directive = source.directive[index]
    begin = 0 if directive is None else macro_body(source, directive)
    first = index
    while first > begin and source.directive[first - 1] == directive:
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
        if directive is not None and source.directive[at] != directive:
            return first, at
        if tokens[at].kind == "punct" and text in "([{":
            close = match_forward(tokens, at)
            if close is None:
                return None
            at = close + 1
            continue
        if text == ";":
            return first, at
        at += 1
    return None if directive is None else (first, at)


def macro_body(source: Source, sharp: int) -> int:
    """The first token of what the #define at token ``sharp`` stands for."""
    tokens = source.tokens
    at = sharp + 3
    if at < len(tokens) and tokens[at].text == "(" and tokens[at].start == tokens[at - 1].end:
        return (match_forward(tokens, at) or at) + 1
    return at


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
    captures = Captures(source)
    for index, token in enumerate(tokens):
        if token.text != "__shared__" or index < done:
            continue
        line = source.line(token.start)
        if inside is None:
            inside = function_depths(source)
        bounds = _statement_bounds(source, index)
        if bounds is None:
            raise UnsupportedError(source.file, line, "this __shared__ declaration")
        first, end = bounds
        done = end
        if source.is_directive(index) and {t.text for t in tokens[first:end]} <= _DROP:
            continue  # a macro for the word alone: its uses have been replaced
        if not inside[index] and not source.is_directive(index):
            raise UnsupportedError(
                source.file,
                line,
                "a __shared__ variable outside a function",
                "declare it inside the kernel",
            )
        specifiers, declarators = _declarators(source, first, end)
        words = {tokens[at].text for at in range(first, specifiers)}
        if "extern" in words:
            new = _dynamic(source, first, specifiers, declarators, line)
        else:
            new = _static(source, first, specifiers, declarators, index)
        if not source.is_directive(index):
            names = [tokens[name].text for _, name, _ in declarators]
            captures.add(names, end, _scope_end(tokens, end), pointer="extern" in words)
        if end < len(tokens) and tokens[end].text == ";":
            edits.replace(tokens[first].start, tokens[end].end, new)
        else:
            edits.replace(tokens[first].start, tokens[end - 1].end, new.rstrip("; "))
    captures.apply(edits)


def rewrite_file_scope(source: Source, edits: Edits) -> None:
    """Replaces each use of an ``extern __shared__`` array that is declared outside functions."""
    tokens = source.tokens
    inside = function_depths(source)
    for index, token in enumerate(tokens):
        if token.text != "__shared__" or inside[index] or source.is_directive(index):
            continue
        bounds = _statement_bounds(source, index)
        if bounds is None or bounds[1] == len(tokens):
            continue
        first, end = bounds
        specifiers, declarators = _declarators(source, first, end)
        if "extern" not in {tokens[at].text for at in range(first, specifiers)}:
            continue
        new = _dynamic(source, first, specifiers, declarators, source.line(token.start))
        edits.replace(tokens[first].start, tokens[end].end, "")
        for part, (_, name, _) in zip(new.split("; "), declarators, strict=True):
            pointer = "(" + part.split(" = ", 1)[1].rstrip(";") + ")"
            _replace_uses(source, edits, tokens[name].text, end, pointer, inside)


def _replace_uses(
    source: Source, edits: Edits, name: str, after: int, new: str, inside: list[bool]
) -> None:
    tokens = source.tokens
    own = -1
    for at in range(after, len(tokens)):
        if tokens[at].text != name or at <= own or tokens[at].kind != "name":
            continue
        before = tokens[at - 1]
        if before.text in (".", "->"):
            continue
        if before.kind == "name" and before.text not in ("return", "else", "case", "sizeof"):
            own = _scope_end(tokens, at)  # another variable of that name
        elif inside[at] or source.is_directive(at):
            edits.replace(tokens[at].start, tokens[at].end, new)


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
        element = f"{kind} {stars}".strip()
        out.append(
            f"{pointer} = reinterpret_cast<{cast}>(::kbk::dynamic_shared("
            f'"{tokens[name].text}", sizeof({element}), ::kbk::type_code<{element}>()));'
        )
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
    directive = source.directive[unique]
    parameters: set[str] = set()
    if directive is not None:
        body = macro_body(source, directive)
        parameters = {t.text for t in tokens[directive + 3 : body] if t.kind == "name"}
    out = []
    for number, (start, name, end) in enumerate(declarators):
        variable = tokens[name].text
        declaration = f"{kind} {source.slice(start, end)};"
        tag = f"kbk_shared_{unique}_{number}"
        slot = f"{tag}_slot"
        shown = f'"{variable}"'
        if variable in parameters:  # one struct for each use of the macro
            tag, slot, shown = f"{tag}_##{variable}", f"{slot}_##{variable}", f"#{variable}"
        out.append(
            f"struct {tag} {{ {declaration} }}; "
            f"static ::kbk::SharedSlot {slot} = KBK_SLOT({tag}, {shown}, {variable}); "
            f"auto& {variable} = ::kbk::shared<{tag}>(&{slot}).{variable};"
        )
    return " ".join(out)
