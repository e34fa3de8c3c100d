"""``threadIdx`` and its relatives become calls.

A member or a variable of the source's own that has such a name stays as it is.
"""

from __future__ import annotations

from kbk.sim.translate.tokens import Edits, Source, Token, match_forward

_CALLS = {
    "threadIdx": "::kbk::thread_idx()",
    "blockIdx": "::kbk::block_idx()",
    "blockDim": "::kbk::block_dimensions()",
    "gridDim": "::kbk::grid_dimensions()",
}
_TRIPLES = ("dim3", "uint3", "int3", "auto", "const")
_TYPES = {*_TRIPLES, "unsigned", "int", "size_t", "uint32_t", "int64_t"}
_NO_TYPE = {
    *("return", "case", "else", "do", "co_return", "throw", "goto", "using"),
    *("and", "or", "not", "sizeof", "alignof", "new", "delete"),
}
_AFTER_DECLARED = ("(", "=", ";", "{", ",", ")", "[", ":")


def index_variable_positions(source: Source) -> list[tuple[int, str]]:
    """(token index, call) of every use of a built-in index variable."""
    tokens = source.tokens
    own: dict[str, int] = {}  # name -> token up to which it is a variable of the source
    found = []
    for index, token in enumerate(tokens):
        if token.kind != "name" or token.text not in _CALLS:
            continue
        before = tokens[index - 1] if index else None
        if before is not None and before.text in (".", "->", "::"):
            continue
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if _declares(source, index, after):
            own[token.text] = max(own.get(token.text, -1), _scope_end(tokens, index))
        elif index > own.get(token.text, -1) and after not in ("(", "{"):
            found.append((index, _CALLS[token.text]))
    return found


def rewrite_index_variables(source: Source, edits: Edits) -> None:
    """Rewrites every use of a built-in index variable that no other edit covers."""
    for index, call in index_variable_positions(source):
        token = source.tokens[index]
        after_colon = source.text[token.start - 1 : token.start] == ":"
        edits.replace(token.start, token.end, f" {call}" if after_colon else call)


def _declares(source: Source, index: int, after: str) -> bool:
    tokens = source.tokens
    before = tokens[index - 1] if index else None
    if before is None:
        return False
    if before.kind == "name":
        if source.is_directive(index):
            return before.text in _TYPES
        return before.text not in _NO_TYPE and after in _AFTER_DECLARED
    if before.text in ("&", "&&", "*") and index >= 2:
        return tokens[index - 2].text in _TRIPLES
    if after not in _AFTER_DECLARED:
        return False
    if before.text == ",":  # dim3 grid(1), block(2);
        depth = 0
        for at in range(index - 1, -1, -1):
            text = tokens[at].text if tokens[at].kind == "punct" else ""
            if text in (")", "]", "}"):
                depth += 1
            elif text in ("(", "[", "{"):
                if depth == 0:
                    return False
                depth -= 1
            elif text == ";":
                return False
            elif depth == 0 and tokens[at].text in ("dim3", "uint3"):
                return True
    return False


def _scope_end(tokens: list[Token], index: int) -> int:
    """The token at which a name declared at ``index`` goes out of scope."""
    depth = 0
    at = index
    while at < len(tokens):
        text = tokens[at].text if tokens[at].kind == "punct" else ""
        if text in ("(", "[", "{"):
            depth += 1
        elif text in (")", "]", "}"):
            depth -= 1
            if depth < 0:
                return _body_end(tokens, at) if text == ")" else at
        at += 1
    return len(tokens)


def _body_end(tokens: list[Token], close: int) -> int:
    """The end of the function body behind the ``)`` of a parameter list."""
    at = close + 1
    while at < len(tokens) and tokens[at].text not in (";", "{", "=", ",", ")", "}"):
        at += 1
    if at < len(tokens) and tokens[at].text == "{":
        return match_forward(tokens, at) or len(tokens)
    return close
