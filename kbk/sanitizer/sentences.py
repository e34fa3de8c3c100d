"""What each finding says: compute-sanitizer's opening words, and what it means and usually cures.

https://docs.nvidia.com/compute-sanitizer/ComputeSanitizer/index.html has the words of NVIDIA.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kbk.sanitizer.names import Name
from kbk.sanitizer.places import Place

_ACCESS = {
    "read": "read",
    "volatile-read": "read",
    "atomic-load": "atomic",
    "write": "write",
    "volatile-write": "write",
    "atomic-store": "atomic",
    "atomic": "atomic",
}
_SEVERITY = {"error": "Error", "warning": "Warning", "info": "Info"}
_BARRIER = {
    "barrier-divergent": "Divergent thread(s) in block",
    "barrier-exited": "Divergent thread(s) in block",
    "barrier-missing": "Divergent thread(s) in warp",
    "barrier-stray": "Divergent thread(s) in warp",
    "barrier-mask": "Invalid arguments",
}


@dataclass(frozen=True)
class Facts:
    """A raw finding with its places and names looked up."""

    raw: dict[str, Any]
    name: Name
    here: Place
    there: Place

    @property
    def code(self) -> str:
        """Its code."""
        return str(self.raw["code"])

    @property
    def number(self) -> int:
        """What the code says it is."""
        return int(self.raw.get("number") or 0)

    @property
    def nbytes(self) -> int:
        """Of the access."""
        return int((self.raw.get("memory") or {}).get("bytes") or 0)

    @property
    def what(self) -> str:
        """The memory in a sentence: "x[3]"."""
        return self.name.where

    @property
    def same_line(self) -> bool:
        """Whether both sides are one line of source."""
        return self.here.line is not None and (self.here.file, self.here.line) == (
            self.there.file,
            self.there.line,
        )


def access_word(actor: dict[str, Any] | None) -> str:
    """ "read", "write" or "atomic"."""
    return _ACCESS.get((actor or {}).get("access") or "read", "read")


def opening(raw: dict[str, Any]) -> str:
    """The first words, as compute-sanitizer has them, up to where it names the place."""
    code, memory = raw["code"], raw.get("memory") or {}
    space = "__shared__" if memory.get("space") == "shared" else "__global__"
    size, told = int(memory.get("bytes") or 0), str(raw.get("text"))
    if not size and code.startswith(("bounds-", "misaligned", "uninitialized-g")):
        return f"Invalid {space} {'write' if re.search('wrote|write to', told) else 'access'}"
    if code.startswith("bounds-") or code == "misaligned":
        return f"Invalid {space} {access_word(raw.get('actor'))} of size {size} bytes"
    if code in ("uninitialized-shared", "uninitialized-global"):
        space = "__shared__" if code.endswith("shared") else space
        return f"Uninitialized {space} memory read of size {size} bytes"
    if code == "unwritten-output":
        size = getattr(raw.get("argument"), "nbytes", 0)
        return "Unused __global__ memory in allocation" + (f" of size {size} bytes" if size else "")
    if code == "uninitialized-local":
        return "Uninitialized __local__ memory read"
    if code.startswith("race-"):
        severity = _SEVERITY.get(raw.get("severity", "error"), "Error")
        return f"{severity}: Race reported between {access_of(raw.get('other'))} access"
    if code.startswith("barrier-"):
        return f"Barrier error detected. {_BARRIER.get(code, 'Divergent thread(s) in block')}"
    if code == "hang":
        return "The launch timed out and was terminated"
    if code == "launch":
        return "Program hit an error on CUDA API call"
    return f"Error: {raw.get('kind', 'finding')}"


def access_of(actor: dict[str, Any] | None) -> str:
    """As racecheck writes it: "Write"."""
    return access_word(actor).capitalize()


def hazard(code: str) -> str:
    """ "RAW" of "race-raw"."""
    return code.rpartition("-")[2].upper()


def lanes(mask: int) -> str:
    """The lanes of a mask, compactly: "lanes 0-3, 7, 16-31"; "lane 5"."""
    numbers = [lane for lane in range(64) if mask >> lane & 1]
    runs: list[list[int]] = []
    for lane in numbers:
        if runs and runs[-1][1] == lane - 1:
            runs[-1][1] = lane
        else:
            runs.append([lane, lane])
    parts = [f"{a}" if a == b else f"{a}-{b}" for a, b in runs]
    return f"lane{'' if len(numbers) == 1 else 's'} {', '.join(parts)}"


def thread(actor: dict[str, Any] | None, with_block: bool = False) -> str:
    """ "thread 5", "thread (5,1,0)", "thread 5 of block 2"; "a thread" if nobody knows."""
    actor = actor or {}
    if actor.get("thread") is None:
        return "a thread"
    text = f"thread {_short(actor['thread'])}"
    if with_block and actor.get("block") is not None:
        text += f" of block {_short(actor['block'])}"
    return text


def _short(triple: list[int]) -> str:
    x, y, z = triple
    return str(x) if y == z == 0 else f"({x},{y},{z})"


def sentence(facts: Facts) -> str:
    """What it means, and what usually cures it. One or two plain sentences."""
    make = _SENTENCES.get(facts.code)
    return make(facts) if make else ""


def _bounds_global(f: Facts) -> str:
    if f.name.variable is None:
        if "null" in f.what:
            return (
                "The pointer holds no address: an empty tensor has none, and an allocation that "
                "failed gives none."
            )
        return (
            "No tensor and no allocation of this call is there: it is memory of the CPU (of a "
            "std::vector, say), the memory was freed, the pointer "
            "was never set, or the index is far off (an int wraps around after 2,147,483,647)."
        )
    if f.name.index and f.name.index[0] < 0:
        cure = "A negative index usually lacks a check at the low end, like `if (i > 0)`."
    else:
        cure = "Usually a guard like `if (i < n)` is missing or too wide, or the index is wrong."
    return f"{f.name.extent} {cure}".strip()


def _bounds_view(f: Facts) -> str:
    variable = f.name.variable or "the tensor"
    return (
        f"This memory belongs to the tensor that {variable} is a view of, but {variable} has no "
        "element there. Use its strides for the index, or ask for a contiguous tensor."
    )


def _bounds_shared(f: Facts) -> str:
    memory = f.raw.get("memory") or {}
    if (memory.get("shared") or {}).get("dynamic"):
        return (
            f"{f.name.extent} It is the third number between <<< and >>>: make that large enough, "
            "or keep the index below it."
        )
    return (
        f"{f.name.extent} On a GPU another __shared__ variable may lie here, and nothing would "
        "tell you: keep the index inside."
    )


def _bounds_host(f: Facts) -> str:
    variable = f.name.variable
    what = f"{variable} is a tensor of the CPU" if variable else "This is memory of the CPU"
    return (
        f"{what}, which a kernel cannot reach. Pass single values by value, and larger data in a "
        "tensor on the GPU."
    )


def _bounds_damage(f: Facts) -> str:
    if f.here.line is not None:
        return (
            "The index leaves the tensor, or the tensor is a `const Tensor&`, which no kernel may "
            "write."
        )
    return (
        "A kernel of this call stored where it must not; which one was not seen. Check the last "
        "index of each store, and that no `const Tensor&` is written."
    )


def _misaligned(f: Facts) -> str:
    size = f.nbytes
    if size < 8 or f.name.dtype is None or "64" in f.name.dtype or "128" in f.name.dtype:
        cure = "Usually a pointer of another type was cast: its offset must be such a multiple too."
    else:
        cure = "Use vectors only where the address allows it, and single elements before and after."
    return f"An access of {size} bytes must begin at a multiple of {size} bytes. {cure}"


def _uninitialized_shared(f: Facts) -> str:
    return (
        f"No thread of this block has written {f.what} yet, and shared memory does not begin as "
        "zeros. Write it first, then let __syncthreads() separate the two."
    )


def _uninitialized_global(f: Facts) -> str:
    return (
        f"Nobody has written {f.what} since it was allocated, and torch.empty and cudaMalloc do "
        "not clear memory. Write it first, or allocate zeros."
    )


def _unwritten_output(f: Facts) -> str:
    variable = f.name.variable or "The output"
    many = "1 element was" if f.number == 1 else f"{f.number:,} elements were"
    return (
        f"{many} never written; the first is {f.what}. If {variable} should be filled, the grid "
        "may be too small, or a guard leaves out the tail."
    )


def _uninitialized_local(f: Facts) -> str:
    return "The compiler says so. Give the variable a value where it is declared."


def _how(f: Facts) -> str:
    """What orders the two sides of a race."""
    if f.number & 2:
        if f.number & 1:
            return "make both atomic"
        return (
            "Blocks run in any order: use an atomic (after __threadfence(), if it is a flag), a "
            "second launch, or grid.sync() in a cooperative one"
        )
    barrier = "__syncwarp()" if f.raw.get("severity") == "warning" else "__syncthreads()"
    if f.number & 1:
        return f"make both atomic, or put {barrier} between them"
    if not f.same_line:
        return f"put {barrier} between the two {'accesses' if f.here.line is None else 'lines'}"
    if f.code == "race-waw":
        return "let one thread write it, or use an atomic"
    return f"use an atomic if each adds to it, else let {barrier} part reading from writing"


def _race(f: Facts, middle: Callable[[str, str], str]) -> str:
    actor, other = f.raw.get("actor"), f.raw.get("other")
    two = (actor or {}).get("block") != (other or {}).get("block")
    later, earlier = thread(actor, two), thread(other, two)
    if later == earlier:
        later, earlier = "one thread", "another"
    text = _capital(middle(later, earlier))
    how = _how(f)
    text += f". {how}." if how[0].isupper() else f": {how}."
    if f.raw.get("severity") == "warning":
        text += " Both are in one warp, whose lanes need not run in step."
    if f.number & 1:
        text += " Only one of the two is atomic: that protects neither."
    return text


def _race_raw(f: Facts) -> str:
    return _race(
        f, lambda later, earlier: f"{later} may read {f.what} before {earlier} has written it"
    )


def _race_war(f: Facts) -> str:
    return _race(
        f,
        lambda later, earlier: f"{later} may write {f.what} before {earlier} has read it, or after",
    )


def _race_waw(f: Facts) -> str:
    if f.raw.get("severity") == "info":
        return (
            f"Several threads write {f.what}, here all the same value: the result does not depend "
            "on the order. One thread would be enough."
        )
    return _race(
        f,
        lambda later, earlier: (
            f"{earlier} and {later} both write {f.what}, and chance decides which value stays"
        ),
    )


def _barrier_divergent(f: Facts) -> str:
    if f.here.line is None or f.there.line is None or f.same_line:
        lines = "two different places"
    elif f.here.file == f.there.file:
        first, second = sorted((f.here.line, f.there.line))
        lines = f"lines {first} and {second}"
    else:
        lines = f"{f.there.file}:{f.there.line} and {f.here.file}:{f.here.line}"
    return (
        f"Threads of one block wait in __syncthreads() at {lines}. All must come to the same one: "
        "take it out of the `if` or the loop that only some of them run."
    )


def _barrier_exited(f: Facts) -> str:
    many = "1 thread was" if f.number == 1 else f"{f.number:,} threads were"
    return (
        f"{many} done before this barrier (returned, or past the `if` around it); it goes on "
        "without them. Let every thread reach it: take it out of the `if`, return after it."
    )


def _barrier_missing(f: Facts) -> str:
    named = lanes(f.number) if f.number else "some lanes"
    verb = "never comes" if bin(f.number).count("1") == 1 else "never come"
    where = (f.raw.get("waiters") or [{}])[0].get("where") or "the call"
    where = where.partition(" (")[0]  # without its mask
    return (
        f"{_capital(where)} waits for {named}, which {verb}: they took another branch, or have "
        "returned. Name only the lanes that call it, or let all of them call it."
    )


def _barrier_mask(f: Facts) -> str:
    if "width" in str(f.raw.get("text")):
        return "The width of a shuffle must be 1, 2, 4, 8, 16 or 32."
    mask = f" {f.number:#010x}" if f.number else ""
    return (
        f"The mask{mask} does not name the lane that passes it. Compute the mask before the "
        "branch: __ballot_sync gives the lanes that will take it."
    )


def _barrier_stray(f: Facts) -> str:
    return (
        f"The shuffle reads from lane {f.number}, which takes no part in it: the value is "
        "undefined. Let that lane call the shuffle too, with all of them in the mask."
    )


def _hang(f: Facts) -> str:
    waiters = f.raw.get("waiters") or []
    if waiters and not (f.raw.get("actor") or any("loop" in each["where"] for each in waiters)):
        return "Nobody comes to let these threads go on: find the branch that keeps others away."
    return "A loop here does not end: does each turn change what its condition looks at?"


def _launch(f: Facts) -> str:
    return (
        "The kernel did not run. Check what <<< >>> asks for, and ask for cudaGetLastError() "
        "after every launch."
    )


_SENTENCES: dict[str, Callable[[Facts], str]] = {
    "bounds-global": _bounds_global,
    "bounds-view": _bounds_view,
    "bounds-shared": _bounds_shared,
    "bounds-host": _bounds_host,
    "bounds-damage": _bounds_damage,
    "misaligned": _misaligned,
    "uninitialized-shared": _uninitialized_shared,
    "uninitialized-global": _uninitialized_global,
    "unwritten-output": _unwritten_output,
    "uninitialized-local": _uninitialized_local,
    "race-raw": _race_raw,
    "race-war": _race_war,
    "race-waw": _race_waw,
    "barrier-divergent": _barrier_divergent,
    "barrier-exited": _barrier_exited,
    "barrier-missing": _barrier_missing,
    "barrier-mask": _barrier_mask,
    "barrier-stray": _barrier_stray,
    "hang": _hang,
    "launch": _launch,
}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if not text.startswith("__") else text
