"""What the text of a CUDA submission may not hold where a compiler would read it otherwise.

Names of the compiler and of the libraries tell a build with counters from one without, or copy
bytes uncounted; and some spellings say one thing to us and another to the compiler.
"""

from __future__ import annotations

import re

from kbk.sim.translate.tokens import _TOKEN, Source, Token

_OURS_TEXT = """
__global__ __device__ __host__ __shared__ __constant__ __managed__ __forceinline__ __noinline__
__launch_bounds__ __cluster_dims__ __maxnreg__ __grid_constant__ __align__ __restrict__
__inline__ __inline_hint__ __asm__ __volatile__ __attribute__ __extension__ __const__ __signed__
__VA_ARGS__ __VA_OPT__ __FILE__ __LINE__ __FUNCTION__ __PRETTY_FUNCTION__ __func__ __cplusplus
__CUDACC__ __CUDA_ARCH__ __CUDA_ARCH_LIST__ __NVCC__ __CUDACC_VER_MAJOR__ __CUDACC_VER_MINOR__
__typeof__ __decltype__ __alignof__ __x86_64__ __aarch64__ __linux__ __clang__ __GNUC__
__bf16 __float128 __int128
"""
_OURS = frozenset(_OURS_TEXT.split())
"""Names with two underscores that CUDA and C++ are written with, and that both builds agree on."""
_COMPILERS = re.compile(
    r"__\w*__|__(?=[A-Z])(?!CUDA|NV)\w+|__has_\w+|__is_\w+|__\w+_chk|__glibc_\w+|__gthr\w+|__gnu_\w+"
    r"|__builtin_\w+|__(?:mem|str|stp|wcs|wmem|bcopy|rawmem)\w*"
    r"|_(?:GLIBCXX|PSTL|C10|STABLE|FORTIFY)\w*|C10_(?:STRINGIZE|CONCATENATE)\w*"
)
_BUILTINS = re.compile(
    r"__builtin_(?:expect(?:_with_probability)?|unreachable|trap|assume_aligned|bit_cast"
    r"|(?:popcount|clz|ctz|ffs|parity|clrsb)(?:l|ll)?|bswap(?:16|32|64|128)"
    r"|(?:huge_val|inf|nan|nans|fabs|sqrt|fma|fmin|fmax|floor|ceil|trunc|rint|abs|copysign)[fl]?"
    r"|is(?:nan|inf|finite|normal|inf_sign)|signbit[fl]?|(?:add|sub|mul)_overflow)"
)
_COPYING_TEXT = """
bcopy mempcpy wmemcpy wmemmove wmempcpy memccpy stpcpy stpncpy swab
"""
_COPYING = frozenset(_COPYING_TEXT.split())
"""What copies bytes without a word to the counters; memcpy, memmove and memset are counted."""
_REPLACED = frozenset(("memcpy", "memmove", "memset", "__global__"))
"""Macros of the simulator that a build with counters has and another has not, or has otherwise."""
_BLANKS_AFTER = re.compile(r"\\(?!\r?\n)[ \t\f\v\r\0]+\n")
_JOINED = re.compile(r"\\\r?\n")


class Whole(Source):
    """The tokens of a text with what stands in `#if 0`: the compiler may see that differently."""

    def _find_directives(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.directive = []
        sharp: int | None = None
        for at, token in enumerate(tokens):
            if at == 0 or self._new_line(tokens[at - 1].end, token.start):
                sharp = at if token.text == "#" else None
            self.directive.append(sharp)

    def _new_line(self, end: int, start: int) -> bool:
        """Whether a line of the compiler's ends between two tokens; those of a comment do not."""
        return any(
            match.lastgroup == "space" and "\n" in _JOINED.sub("", match.group())
            for match in _TOKEN.finditer(self.text[end:start])
        )


def misread(text: str) -> tuple[str, int] | None:
    """What a compiler reads otherwise than we do: it, and its offset; or None."""
    if "\0" in text:
        return "a NUL", text.index("\0")
    found = _BLANKS_AFTER.search(text)
    if found:
        return "a blank after the backslash that ends a line", found.start()
    for match in _TOKEN.finditer(text):
        kind, spelled = match.lastgroup, match.group()
        if kind == "space" and "\\" in spelled and not _JOINED.sub("", spelled):
            return "a backslash that joins two lines within a word: put a blank before it", (
                match.start()
            )
    found = re.search(r"\?\?[=/]", text)
    return ("a trigraph", found.start()) if found else None


def name(word: str) -> str:
    """Why a name may not be used, or ""."""
    if word in _COPYING:
        return f"`{word}`: of what copies bytes, `memcpy`, `memmove` and `memset` are counted"
    if word in _OURS or _BUILTINS.fullmatch(word):
        return ""
    if _COMPILERS.fullmatch(word):
        return f"`{word}`: it belongs to the compiler and its libraries"
    return ""


def macro(source: Source, at: int) -> str:
    """Why the directive whose `#` is token `at` may not be, as for the names in it, or ""."""
    words = [
        token.text
        for token, sharp in zip(source.tokens[at:], source.directive[at:], strict=True)
        if sharp == at
    ][1:]
    if words[:1] == ["define"]:
        words = words[:2]
    for word in words[1:]:
        if word in _REPLACED:
            return f"`{word}` in `#{words[0]}`"
    return ""


def text_makers(source: Source) -> frozenset[str]:
    """Macros of the text that make a string of an argument."""
    found = set()
    for at, token in enumerate(source.tokens):
        sharp = source.directive[at]
        if token.text == "#" and sharp is not None and sharp != at:
            found.add(source.tokens[min(sharp + 2, len(source.tokens) - 1)].text)
    return frozenset(found)
