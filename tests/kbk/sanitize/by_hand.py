"""Raw findings written by hand, and a small library with real addresses and line numbers."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

from kbk.sanitizer.tensors import Argument

FILE = "scale's 100%.cu"

# Lines are counted from the first one of this text. Each `spot_…` gives the return address of a
# call in it, as an offset from the library's base.
SOURCE = r"""
template <typename T> INLINE long helper(const T* p) {
  return here(p);
}
template <typename T> INLINE long middle(const T* p) {
  return helper(p) + 1;
}
template <typename T, int N> NOINLINE long run(const T* p) {
  return middle(p) + N;
}
NOINLINE long scale(const float* x, float* y, int n) {
  return here(x) + n;	// 100% "right" <b>
}
namespace space { namespace {
NOINLINE long hidden(const float* x) { return here(x) + 2; }
} }
__attribute__((visibility("default"))) float table[16];
static int counter;
extern "C" long spot_scale() { float f = counter; return scale(&f, &f, 0); }
extern "C" long spot_run() { float f = 0; return run<float, 3>(&f) - 4; }
extern "C" long spot_hidden() { float f = 0; return space::hidden(&f) - 2; }
extern "C" long spot_shim() { return from_shim(0) - 1; }
extern "C" long spot_late() { return from_late(0) - 1; }
extern "C" float* address_of_table() { return table; }
extern "C" int* address_of_counter() { return &counter; }
"""

_UNIT = r"""
#include <dlfcn.h>
#define INLINE __attribute__((always_inline)) inline
#define NOINLINE __attribute__((noinline))
NOINLINE long here(const void* p) {
  Dl_info info;
  asm volatile("" : : "r"(p) : "memory");
  dladdr(__builtin_return_address(0), &info);
  return (char*)__builtin_return_address(0) - (char*)info.dli_fbase;
}
# 7 "/anywhere/kbk/sim/include/shim.h"
NOINLINE long from_shim(const void* p) { return here(p) + 1; }
# 5000 "late.cu"
NOINLINE long from_late(const void* p) { return here(p) + 1; }
"""


class Library:
    """A compiled SOURCE: its path and its real addresses."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.loaded = ctypes.CDLL(self.path)

    def spot(self, name: str) -> int:
        """The return address of the call in a function, from the library's base."""
        function = getattr(self.loaded, f"spot_{name}")
        function.restype = ctypes.c_long
        return int(function())

    def address_of(self, name: str) -> int:
        """Where one of its variables lies in this process."""
        function = getattr(self.loaded, f"address_of_{name}")
        function.restype = ctypes.c_void_p
        return int(function())


def build(folder: Path, *flags: str, compiler: str = "g++") -> Library:
    """Compile SOURCE, under the name FILE, into a library in `folder`."""
    assert shutil.which(compiler)
    unit = folder / "main.cpp"
    unit.write_text(f'{_UNIT}\n# 1 "{FILE}"\n{SOURCE}')
    library = folder / "kernels.so"
    command = [compiler, "-g1", "-gdwarf-4", "-O1", "-w", "-shared", "-fPIC", *flags]
    subprocess.run([*command, str(unit), "-o", str(library)], check=True, cwd=folder)
    return Library(library)


def tensor(
    name: str,
    shape: tuple[int, ...],
    strides: tuple[int, ...] | None = None,
    *,
    storage: int = 0x100000,
    offset: int = 0,
    itemsize: int = 4,
    dtype: str = "float32",
    nbytes: int | None = None,
    **more: Any,
) -> Argument:
    """An argument; `offset` in elements, `nbytes` those it needs."""
    if strides is None:
        count, reverse = 1, []
        for size in reversed(shape):
            reverse.append(count)
            count *= max(size, 1)
        strides = tuple(reversed(reverse))
    data = storage + offset * itemsize
    made = Argument(name, storage, 0, data, shape, strides, itemsize, dtype, **more)
    need = made.end - storage if nbytes is None else nbytes
    return Argument(name, storage, need, data, shape, strides, itemsize, dtype, **more)


def side(
    offset: int = 0,
    thread: tuple[int, int, int] | None = (0, 0, 0),
    access: str = "read",
    value: int | None = None,
    block: tuple[int, int, int] | None = (0, 0, 0),
) -> dict[str, Any]:
    """One side of a finding."""
    return {
        "offset": offset,
        "block": None if block is None else list(block),
        "thread": None if thread is None else list(thread),
        "access": access,
        "value": value,
    }


def memory(address: int, nbytes: int = 4, space: str = "global", **more: Any) -> dict[str, Any]:
    """Memory of a finding."""
    return {"space": space, "address": address, "bytes": nbytes, "shared": None, **more}


def shared(
    offset: int,
    extents: tuple[int, ...] = (32, 33),
    *,
    name: str = "tile",
    element: int = 4,
    letter: str = "f",
    size: int | None = None,
    dynamic: bool = False,
    nbytes: int = 4,
) -> dict[str, Any]:
    """Memory of a finding in a __shared__ variable."""
    count = 1
    for extent in extents:
        count *= extent
    variable = {
        "name": name,
        "offset": offset,
        "size": count * element if size is None else size,
        "element": element,
        "extents": list(extents),
        "type": letter,
        "dynamic": dynamic,
    }
    return {"space": "shared", "address": 1, "bytes": nbytes, "shared": variable}


def raw(kind: str, code: str, **members: Any) -> dict[str, Any]:
    """A raw finding as the runtime tells it."""
    return {
        "kind": kind,
        "code": code,
        "severity": "error",
        "kernel": "scale",
        "library": "",
        "launch": 1,
        "count": 1,
        "actor": None,
        "other": None,
        "memory": None,
        "number": 0,
        "text": "",
        "file": None,
        "line": None,
        "waiters": [],
        **members,
    }
