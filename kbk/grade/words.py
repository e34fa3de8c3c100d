"""What a submission may not say: words that reach for the machine, not for the problem.

A first look at the text, which names the line. What hides from it meets kbk.grade.symbols and
kbk.grade.sandbox.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from kbk.grade import reserved
from kbk.sim.translate.tokens import Source, match_forward


@dataclass(frozen=True)
class Refusal:
    """What was found.

    Attributes:
        text: a sentence that names it.
        line: 1-based.
    """

    text: str
    line: int


_SIMULATOR = re.compile(
    r"kbk_\w*|__kbk\w*|KBK_(?!CHECK)\w*|__(?:tsan|ubsan|sanitizer|wrap)_\w*|aoti_torch_\w*"
    r"|torch_call_dispatcher"
)
_LINKER_TEXT = """
_GLOBAL_OFFSET_TABLE_ _DYNAMIC __ehdr_start __executable_start __dso_handle _r_debug _init _fini
__init_array_start environ __environ
"""
_LINKER = frozenset(_LINKER_TEXT.split())
_ATTRIBUTES_TEXT = """
aligned packed noinline always_inline unused used maybe_unused const pure noreturn flatten cold
hot may_alias deprecated fallthrough nodiscard likely unlikely vector_size
"""
_ATTRIBUTES = frozenset(_ATTRIBUTES_TEXT.split())
_PRAGMAS_TEXT = """
unroll nounroll once nv_diag_suppress nv_diag_default
"""
_PRAGMAS = frozenset(_PRAGMAS_TEXT.split())
_DIRECTIVES_TEXT = """
define undef if ifdef ifndef elif elifdef elifndef else endif include pragma error warning
"""
_DIRECTIVES = frozenset(_DIRECTIVES_TEXT.split())
_OF_STREAMS_TEXT = """
FILE stdin _fileno _flags _flags2 _markers _chain _old_offset _cur_column _vtable_offset _shortbuf
_wide_data _freeres_list _freeres_buf _unused2
"""
_OF_STREAMS = frozenset(_OF_STREAMS_TEXT.split())
"""Names of the inside of a stream, which leads to every descriptor."""
_PRINTS_TEXT = """
fflush fprintf fputc fputs fwrite putc vfprintf
"""
_PRINTS = frozenset(_PRINTS_TEXT.split())
_HEADER = re.compile(r"(?!/)(?!.*\.\.)[\w./+-]+")


def refused(source: str, suffix: str) -> Refusal | None:
    """The first word of a submission that is forbidden, or None.

    Args:
        source: the text.
        suffix: ".cu" or ".py".
    """
    return _in_python(source) if suffix == ".py" else _in_cuda(source)


def _in_cuda(text: str) -> Refusal | None:
    source = reserved.Whole(text, "")
    odd = reserved.misread(text)
    if odd:
        return Refusal(f"an exercise may not use {odd[0]}.", source.line(odd[1]))
    tokens = source.tokens
    makers = reserved.text_makers(source)
    for at, token in enumerate(tokens):
        before = tokens[at - 1].text if at else ""
        after = tokens[at + 1].text if at + 1 < len(tokens) else ""
        sharp = source.directive[at]
        why = ""
        if token.kind == "name":
            why = _name(source, at, token.text, before, after)
            if not why and sharp is not None and token.text in makers and at != sharp + 2:
                why = f"`{token.text}` in a macro: it makes text of words that nobody sees"
        elif token.text == "#" and after == "#":
            why = "`##`, which makes words that nobody sees"
        elif token.text == "%" and after == ":":
            why = "`%:`; write `#`"
        elif token.text == "#" and sharp == at:
            why = _directive(source, at, after)
        elif token.text == "[" and after == "[":
            why = _attributes(source, at)
        if why:
            return Refusal(f"an exercise may not use {why}.", source.line(token.start))
    return None


def _name(source: Source, at: int, name: str, before: str, after: str) -> str:
    if _SIMULATOR.fullmatch(name) or (name == "kbk" and (after == "::" or before == "namespace")):
        return f"`{name}`: it belongs to the simulator"
    if name in _LINKER:
        return f"`{name}`: it belongs to the loader"
    if name.startswith("__builtin_ia32"):
        return f"`{name}`: instructions of this computer's processor"
    if name in _OF_STREAMS or name.startswith("_IO_"):
        return f"`{name}`: it belongs to the C library's streams"
    if name in ("stdout", "stderr") and _called(source, at) not in _PRINTS:
        return f"`{name}` but as an argument of {', '.join(sorted(_PRINTS))}"
    if name in ("_Pragma", "__pragma"):
        return f"`{name}`"
    if name in ("__attribute__", "__attribute"):
        return _attributes(source, at + 1)
    return reserved.name(name)


def _called(source: Source, at: int) -> str:
    """The function in whose parentheses a name stands by itself, between commas; "" if in none."""
    tokens = source.tokens
    around = [tokens[each].text if 0 <= each < len(tokens) else "" for each in (at - 1, at + 1)]
    if around[0] not in ("(", ",") or around[1] not in (")", ","):
        return ""
    depth = 0
    for back in range(at - 1, 0, -1):
        depth += {")": 1, "(": -1}.get(tokens[back].text, 0)
        if depth < 0:
            return tokens[back - 1].text
    return ""


def _attributes(source: Source, at: int) -> str:
    close = match_forward(source.tokens, at) if at < len(source.tokens) else None
    depth = 0
    for token in source.tokens[at : close if close is not None else at + 40]:
        depth += {"(": 1, ")": -1, "[": 1, "]": -1}.get(token.text, 0)
        name = token.text.strip("_")
        if token.kind == "name" and depth == 2 and name not in _ATTRIBUTES | {"gnu", "using"}:
            return f"the attribute `{token.text}`"
    return ""


def _directive(source: Source, at: int, word: str) -> str:
    row = source.text[source.tokens[at].start :].partition("\n")[0]
    if source.directive[at + 1 : at + 2] != [at]:  # a `#` alone does nothing
        return ""
    if word not in _DIRECTIVES:
        return f"`#{word}`"
    if word == "include":
        named = re.match(r'#\s*include\s*(?:<([^>]*)>|"([^"]*)")', row)
        header = (named[1] or named[2] or "").strip() if named else ""
        if not _HEADER.fullmatch(header):
            return f"`{' '.join(row.split())[:60]}`: only headers by name"
    if word == "pragma":
        words = row.partition("pragma")[2].split()
        if (words[:1] or [""])[0].partition("(")[0] not in _PRAGMAS:
            return f"`#pragma {' '.join(words)[:40]}`"
    return reserved.macro(source, at)


_MODULES_TEXT = """
__future__ abc array bisect cmath collections copy dataclasses decimal enum fractions functools
heapq itertools math numbers numpy operator random re statistics string textwrap typing
typing_extensions
"""
_MODULES = frozenset(_MODULES_TEXT.split())
_FUNCTIONS_TEXT = """
__import__ __builtins__ __loader__ __spec__ eval exec compile open input breakpoint globals locals
vars getattr setattr delattr memoryview
"""
_FUNCTIONS = frozenset(_FUNCTIONS_TEXT.split())
_MEMBERS_TEXT = """
__class__ __subclasses__ __globals__ __builtins__ __code__ __closure__ __bases__ __base__ __mro__
__dict__ __getattribute__ __loader__ __spec__ __import__ f_globals f_back f_locals gi_frame
cr_frame tb_frame __traceback__ fromfile memmap tofile ctypeslib f2py loadtxt genfromtxt savetxt
dump save savez savez_compressed fromregex DataSource open_memmap attrgetter methodcaller
get_type_hints ForwardRef evaluate_forward_ref singledispatch singledispatchmethod __import__
__getattr__ __annotations__ __reduce__ __reduce_ex__ __module__ __func__ __self__ __wrapped__
_thread
"""
_INSIDE_TEXT = """
builtins sys os posix posixpath io subprocess ctypes inspect importlib types gc socket shutil
pathlib tempfile threading multiprocessing pickle marshal linecache runpy pkgutil warnings
contextlib
"""
_INSIDE = frozenset(_INSIDE_TEXT.split())
"""Modules that lie in modules: `random._os` is one."""
_MEMBERS = frozenset(_MEMBERS_TEXT.split())


def _in_python(text: str) -> Refusal | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # told by who compiles it
    found = []
    for node in ast.walk(tree):
        for name in _imported(node):
            if name.partition(".")[0] not in _MODULES:
                found.append((node, f"the module `{name}`: a prediction is computed"))
        if isinstance(node, ast.Name) and node.id in _FUNCTIONS:
            found.append((node, f"`{node.id}`"))
        found += [
            (node, f"`{name}`")
            for name in _members(node)
            if name in _MEMBERS or name.strip("_") in _INSIDE
        ]
    if not found:
        return None
    node, why = min(found, key=lambda each: each[0].lineno)  # type: ignore[attr-defined]
    return Refusal(f"an exercise may not use {why}.", node.lineno)  # type: ignore[attr-defined]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""] if not node.level else ["."]
    return []


def _members(node: ast.AST) -> list[str]:
    """Names that a node takes from something: attributes, and what is imported from a module."""
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.MatchClass):
        return node.kwd_attrs
    if isinstance(node, ast.ImportFrom):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.Import):
        return [part for alias in node.names for part in alias.name.split(".")]
    return []
