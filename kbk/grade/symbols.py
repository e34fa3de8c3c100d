"""Which functions a built library may ask for: those of memory, arithmetic, text and the simulator.

Looked at in the file, before it is loaded: loading runs code already.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_DYNAMIC_SYMBOLS, _RELOCATIONS = 11, 4  # types of sections
_LOAD, _STACK = 1, 0x6474E551  # types of segments
_EXECUTE, _WRITE = 1, 2
_IFUNC = 10

_C = """
malloc calloc realloc free aligned_alloc posix_memalign memcpy memmove memset memcmp memchr strlen
strcmp strncmp strchr strrchr strstr strtol strtoll strtoul strtoull
strtod strtof atoi atol atof abs labs llabs div ldiv qsort bsearch rand srand time clock
clock_gettime abort printf puts putchar fflush fputs fputc fwrite fprintf vprintf vfprintf
snprintf vsnprintf sprintf stdout stderr __printf_chk __fprintf_chk __snprintf_chk __vsnprintf_chk
__sprintf_chk __stack_chk_fail
__errno_location __assert_fail pthread_mutex_lock pthread_mutex_unlock __pthread_key_create
isalpha isdigit isspace isupper islower toupper tolower __gmon_start__ _ITM_registerTMCloneTable
_ITM_deregisterTMCloneTable __libc_single_threaded __cxa_finalize __dso_handle __tls_get_addr
_Unwind_Resume __gxx_personality_v0
"""
_MATH = """
acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh cospi erf erfc exp exp10 exp2
expm1 fabs fdim floor fma fmax fmin fmod frexp hypot ilogb j0 j1 jn ldexp lgamma llrint llround
log log10 log1p log2 logb lrint lround modf nearbyint nextafter nexttoward pow remainder remquo
rint round roundeven scalbln scalbn sin sincos sinh sqrt tan tanh tgamma trunc y0 y1 yn
"""
_NAMES = frozenset(_C.split()) | {
    f"{name}{suffix}" for name in _MATH.split() for suffix in ("", "f", "l")
}
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"__wrap_\w+",
        r"__cxa_\w+",
        r"_Unwind_\w+",
        r"__(?:tsan|ubsan)_\w+|__sanitizer_cov_trace_pc",
        r"__(?:u?(?:div|mod)|mul|pop|clz|ctz|ffs|par|trunc|extend|fix|float|bswap|ashl|lshr|ashr|n?[egl][teq])\w*",
        r"__start_kbk_\w+|__stop_kbk_\w+",
        # The simulator: what the translator and the headers write, not how it is set up.
        r"_ZN3kbk(?:\d+[a-z_]+)+[A-Z]?\w*",
        r"kbk_sim_cuda\w+|kbk_malloc",
        # What the generated glue asks of torch.
        r"aoti_torch_(?:get|is|dtype|device_type|layout|delete_tensor|new_tensor_handle)\w*",
        r"aoti_torch_(?:library_init_impl|abi_version|create_tensor_from_blob|call_dispatcher)",
        r"aoti_torch_(?:empty_strided|zero_|exception_get_what\w*|new_uninitialized_tensor)",
        r"torch_(?:library_impl|call_dispatcher|get_\w*data_ptr|new_list_reserve_size|list_push_back)",
        r"torch_(?:delete_list|list_\w+|get_current_cuda\w*|exception\w*|from_blob\w*)",
        # The C++ library: names in std, operators new and delete, tables of types.
        r"_Z(?:n[aw]|d[al])\w*",
        r"_ZT[VISTC]\w+|_ZTT\w+",
        r"_ZN?K?S[a-z0-9]\w*|_ZNK?(?:St|S[abdiosS]|9__gnu_cxx|10__cxxabiv1)\w*",
    )
)
_NEVER = re.compile(
    r"filebuf|fstream|6thread|this_thread|random_device|filesystem|10filesystem|condition_variable"
    r"|basic_file|async|stdio_|8jthread"
)
_CALLED = re.compile(rb"aten::([a-z_0-9]+)")
_TORCH_TEXT = """
empty empty_like empty_strided new_empty new_empty_strided new_zeros zeros zeros_like full fill_
zero_ narrow transpose reshape view squeeze unsqueeze select flatten
"""
_TORCH = frozenset(_TORCH_TEXT.split())
"""What the host may have torch do: make tensors, fill them, look at them otherwise."""


@dataclass(frozen=True)
class _Section:
    kind: int
    offset: int
    size: int
    link: int
    name: int


def refused(library: Path) -> list[str]:
    """What a library asks for, or has, that it may not; most telling first.

    Returns:
        names as they are written in a source, where they can be read.
    """
    data = library.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":  # another format: there is no list for it yet
        return []
    names, indirect = _symbols(data)
    found = [name for name in names if not allowed(name)]
    found = [_readable(found)[name] for name in found] if found else []
    found += [f"the indirect function {name}" for name in indirect]
    found += [
        f"torch's {name.decode()}" for name in dict.fromkeys(_CALLED.findall(data))
        if name.decode() not in _TORCH
    ]  # fmt: skip
    if any(flags & _EXECUTE and flags & _WRITE for flags in _segments(data)):
        found.append("data that can be executed")
    return found


def allowed(name: str) -> bool:
    """Whether a library may ask for a function of that name, as the linker has it."""
    if _NEVER.search(name):
        return False
    return name in _NAMES or any(pattern.fullmatch(name) for pattern in _PATTERNS)


def _segments(data: bytes) -> Iterator[int]:
    at, size, count = struct.unpack_from("<Q", data, 32)[0], *struct.unpack_from("<HH", data, 54)
    for index in range(count):
        kind, flags = struct.unpack_from("<II", data, at + index * size)
        if kind in (_LOAD, _STACK):
            yield flags


def _symbols(data: bytes) -> tuple[list[str], list[str]]:
    """Names that are asked for, and names of functions that run while others are looked up."""
    at = struct.unpack_from("<Q", data, 40)[0]
    size, count = struct.unpack_from("<HH", data, 58)
    sections = []
    for index in range(count):
        name, kind, _, _, offset, length, link = struct.unpack_from(
            "<IIQQQQI", data, at + index * size
        )
        sections.append(_Section(kind, offset, length, link, name))
    wanted, indirect = [], []
    for section in sections:
        if section.kind not in (_DYNAMIC_SYMBOLS, 2):
            continue
        strings = sections[section.link].offset
        for entry in range(section.offset, section.offset + section.size, 24):
            where, info, _, home = struct.unpack_from("<IBBH", data, entry)
            end = data.index(b"\0", strings + where)
            name_text = data[strings + where : end].decode(errors="replace").partition("@")[0]
            if info & 15 == _IFUNC:
                indirect.append(name_text)
            if section.kind == _DYNAMIC_SYMBOLS and home == 0 and name_text:
                wanted.append(name_text)
    return list(dict.fromkeys(wanted)), list(dict.fromkeys(indirect))


def _readable(names: Sequence[str]) -> dict[str, str]:
    """Names as a source has them, if there is a program that knows."""
    tool = shutil.which("c++filt") or shutil.which("llvm-cxxfilt")
    if tool is None:
        return {name: name for name in names}
    try:
        done = subprocess.run([tool, *names], capture_output=True, text=True, timeout=10)
        shown = done.stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        shown = []
    return dict(zip(names, shown if len(shown) == len(names) else names, strict=True))


def line_of(symbol: str, source: str) -> int | None:
    """The first line of a text that has the symbol's own name outside of comments, or None."""
    bare = re.sub(r"[(<].*", "", symbol).split(" ")[-1].rpartition("::")[2].lstrip("~")
    if not re.fullmatch(r"\w+", bare):
        return None
    for number, line in enumerate(_without_comments(source).splitlines(), 1):
        if re.search(rf"(?<!\w){bare}(?!\w)", line):
            return number
    return None


def _without_comments(source: str) -> str:
    """The text with comments blank, line for line; what looks like one in a string goes too."""
    return re.sub(
        r"//[^\n]*|/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), source, flags=re.DOTALL
    )
