"""A finding in words: from what the simulator tells (a dict) to a `Finding` that people read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kbk.sanitizer import sentences
from kbk.sanitizer.names import Name, name_of
from kbk.sanitizer.places import Place, host_place, place, prefetch
from kbk.sanitizer.tensors import Allocation, Argument
from kbk.sanitizer.values import decode

__all__ = ["Allocation", "Argument", "CallContext", "Finding", "describe", "describe_all", "merge"]

MOST_FINDINGS = 100
"""What `merge` lets through."""

_ORDER = {"error": 0, "warning": 1, "info": 2}
_NOWHERE = Name(None, None, "")
_MOST_WAITERS = 8


@dataclass(frozen=True)
class CallContext:
    """What is known of the call in which something was found.

    Attributes:
        sources: texts of the module's files by name.
        arguments: its tensors.
        allocations: what the host function allocated.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    arguments: list[Argument] = field(default_factory=list)
    allocations: list[Allocation] = field(default_factory=list)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a kernel.

    Attributes:
        kind: "out-of-bounds", "misaligned", "uninitialized", "race", "barrier", "hang" or "launch".
        code: which of that kind, a stable word: "race-raw", "bounds-shared".
        severity: "error", "warning" or "info".
        message: all of it, several lines.
        kernel: its name.
        file, line: of the access, or None.
        other_line: of the other side of a race or barrier, or None; other_file: its file.
        thread, block: (x, y, z) of who did it, or None.
        other_thread, other_block: of the other side.
        variable: "x", or None.
        index: of the element, also past the ends, or None.
        where: "x[3, 5]", or an address.
        count: how often it was found.
        access: "read", "write", "atomic" or "".
    """

    kind: str
    code: str
    severity: str
    message: str
    kernel: str = ""
    file: str | None = None
    line: int | None = None
    other_file: str | None = None
    other_line: int | None = None
    thread: tuple[int, int, int] | None = None
    block: tuple[int, int, int] | None = None
    other_thread: tuple[int, int, int] | None = None
    other_block: tuple[int, int, int] | None = None
    variable: str | None = None
    index: tuple[int, ...] | None = None
    where: str = ""
    count: int = 1
    access: str = ""
    _lines: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def __str__(self) -> str:
        return self.message

    def _repr_html_(self) -> str:
        from kbk.sanitizer.show import as_html

        return as_html([self])


def describe_all(
    raws: Iterable[dict[str, Any]], context: CallContext, most: int = MOST_FINDINGS
) -> list[Finding]:
    """Describe and merge. Looks all addresses of a library up in one call of addr2line."""
    raws = list(raws)
    wanted: dict[str, list[int]] = {}
    for raw in raws:
        sides = [raw.get("actor"), raw.get("other"), *(raw.get("waiters") or ())]
        offsets = [side["offset"] for side in sides if side and side.get("offset")]
        wanted.setdefault(raw.get("library") or "", []).extend(offsets)
    for library, offsets in wanted.items():
        if library:
            prefetch(library, offsets)
    return merge([describe(raw, context) for raw in raws], most)


def describe(raw: dict[str, Any], context: CallContext) -> Finding:
    """Put a raw finding of the runtime into words.

    Args:
        raw: as kbk/sim/runtime/tools/findings.cpp writes it. A member "argument" may hold the
            tensor (an `Argument`) that it is about, if that is none of the context's.
        context: of the call.
    """
    code, kernel = str(raw["code"]), str(raw.get("kernel") or "")
    library = str(raw.get("library") or "")
    actor, other, memory = raw.get("actor"), raw.get("other"), raw.get("memory")
    here = _place(actor, library, context, kernel)
    if not here.spots and raw.get("file") and raw.get("line"):
        here = host_place(str(raw["file"]), int(raw["line"]), context.sources)
    there = _place(other, library, context, kernel)
    name = _NOWHERE
    if memory:
        own = raw.get("argument")
        name = name_of(
            memory,
            [own] if own is not None else context.arguments,
            context.allocations,
            library=library,
            outside=code == "bounds-global",
            writes=sentences.access_word(actor) != "read",
        )
    facts = sentences.Facts(raw, name, here, there)
    lines = [*_sides(facts), *_memory(facts), *_waiters(facts, library, context)]
    meaning = sentences.sentence(facts)
    count = max(int(raw.get("count") or 1), 1)
    finding = Finding(
        kind=str(raw.get("kind") or code),
        code=code,
        severity=str(raw.get("severity") or "error"),
        message="",
        kernel=kernel,
        file=here.file or raw.get("file"),
        line=here.line,
        other_file=there.file,
        other_line=there.line,
        thread=_triple(actor, "thread"),
        block=_triple(actor, "block"),
        other_thread=_triple(other, "thread"),
        other_block=_triple(other, "block"),
        variable=name.variable,
        index=name.index,
        where=name.where,
        count=count,
        access=sentences.access_word(actor) if memory and actor else "",
        _lines=(*lines, meaning),
    )
    return _with_count(finding, count)


def merge(findings: Iterable[Finding], most: int = MOST_FINDINGS) -> list[Finding]:
    """Errors first, then warnings, then infos; what agrees in kind, code and lines is one.

    A line that reads one variable and writes another can be wrong twice: the variable and the
    access must agree too. At most `most` are kept, the most severe ones.
    """
    kept: dict[tuple[Any, ...], Finding] = {}
    for finding in findings:
        places = (finding.file, finding.line, finding.other_file, finding.other_line)
        what = finding.kind, finding.code, finding.variable, finding.access
        unknown = None if finding.line is not None else finding.message
        key: tuple[Any, ...] = (*what, *places, unknown)
        if finding.kind == "race" and unknown is None:
            # Which came first, and so what the hazard is called, is the schedule's choice.
            key = ("race", finding.variable, *sorted((str(places[:2]), str(places[2:]))))
        first = kept.get(key)
        if first is None:
            kept[key] = finding
        else:
            count = first.count + finding.count
            severe = min(first, finding, key=lambda each: _ORDER.get(each.severity, 0))
            kept[key] = _with_count(severe, count)
    ordered = sorted(kept.values(), key=lambda each: _ORDER.get(each.severity, 0))
    return ordered[:most]


def _with_count(finding: Finding, count: int) -> Finding:
    """The finding with that count, also in its message."""
    *lines, meaning = finding._lines or (finding.message, "")
    if count > 1:
        word = "hazards" if finding.kind == "race" else "accesses" if finding.access else "times"
        lines.append(f"    [{count:,} {word}]")
    if meaning:
        lines.append(meaning)
    return replace(finding, count=count, message="\n".join(line for line in lines if line))


def _triple(actor: dict[str, Any] | None, which: str) -> tuple[int, int, int] | None:
    value = (actor or {}).get(which)
    return (int(value[0]), int(value[1]), int(value[2])) if value is not None else None


def _place(actor: dict[str, Any] | None, library: str, context: CallContext, kernel: str) -> Place:
    if not actor or not actor.get("offset"):
        return Place()
    return place(library, int(actor["offset"]), context.sources, kernel)


def _sides(facts: sentences.Facts) -> list[str]:
    """The opening, and each side with its line of source and its thread."""
    raw, code = facts.raw, facts.code
    first = sentences.opening(raw)
    if code.startswith("race-"):
        return [
            f"{first} at {_function(facts.there, raw)}",
            *_who(raw.get("other"), facts.there),
            f"and {sentences.access_of(raw.get('actor'))} access at {_function(facts.here, raw)}",
            *_who(raw.get("actor"), facts.here),
        ]
    lines = [first, *(f"    {line}" for line in str(raw.get("text") or "").strip().splitlines())]
    if raw.get("actor"):
        lines += [f"    at {_function(facts.here, raw)}", *_who(raw["actor"], facts.here)]
    elif facts.here.spots:
        lines += [f"    at {facts.here.file}:{facts.here.line}", *_who(None, facts.here)]
    elif raw.get("file"):
        lines.append(f"    at {raw['file']}" + (f":{raw['line']}" if raw.get("line") else ""))
    elif raw.get("kernel"):
        lines.append(f"    at {raw['kernel']}")
    if raw.get("other"):
        lines += [f"    and at {_function(facts.there, raw)}", *_who(raw["other"], facts.there)]
    return lines


def _function(place: Place, raw: dict[str, Any]) -> str:
    """ "scale(float*, int) in scale.cu:34"."""
    kernel = str(raw.get("kernel") or "an unknown function")
    if not place.spots:
        return f"{kernel}, at an unknown line"
    spot = place.spots[0]
    unknown = "an inlined function" if len(place.spots) > 1 else kernel
    return f"{spot.function or unknown} in {spot.file}:{spot.line}"


def _who(actor: dict[str, Any] | None, place: Place) -> list[str]:
    """The line of source, what it was inlined into, and the thread."""
    lines = [f"        {place.text}"] if place.text else []
    for inner, spot in zip(place.spots, place.spots[1:], strict=False):
        at = f"line {spot.line}" if spot.file == inner.file else f"{spot.file}:{spot.line}"
        lines.append(f"    inlined into {spot.name or 'its caller'} at {at}")
    thread, block = _triple(actor, "thread"), _triple(actor, "block")
    if thread is not None and block is not None:
        lines.append(f"    by thread {_coordinates(thread)} in block {_coordinates(block)}")
    return lines


def _coordinates(triple: tuple[int, int, int]) -> str:
    return f"({triple[0]},{triple[1]},{triple[2]})"


def _memory(facts: sentences.Facts) -> list[str]:
    """The address by name, and the values."""
    raw, name = facts.raw, facts.name
    if not raw.get("memory"):
        return []
    text = f"    Address is {name.address}"
    if name.relation:
        text += f", {name.relation}"
    if facts.code == "misaligned":
        size = max(facts.nbytes, 1)
        off = int(raw["memory"]["address"]) % size
        text += "; it is misaligned"
        if off:
            text += f", {off} byte{'' if off == 1 else 's'} past a multiple of {size}"
    elif facts.code.startswith("race-"):
        text += f": a {sentences.hazard(facts.code)} hazard"
    if name.expanded:
        text += " (an expanded dimension: other indices are this element too)"
    return [text, *_values(facts)]


def _values(facts: sentences.Facts) -> list[str]:
    raw, dtype = facts.raw, facts.name.dtype
    before = "stored" if sentences.access_word(raw.get("actor")) == "read" else "had"
    told = []
    for side, verbs in (
        (raw.get("other"), {"read": "read", "write": before, "atomic": "atomic left"}),
        (raw.get("actor"), {"read": "reads", "write": "stores", "atomic": "atomic finds"}),
    ):
        value = decode((side or {}).get("value"), facts.nbytes, dtype)
        if value is not None:
            told.append(f"{verbs[sentences.access_word(side)]} {value}")
    return [f"    values: {', '.join(told)}"] if told else []


def _waiters(facts: sentences.Facts, library: str, context: CallContext) -> list[str]:
    """Who waits where, and for which lanes."""
    waiters = facts.raw.get("waiters") or []
    lines = []
    shown = {(facts.here.file, facts.here.line)}  # lines whose text stands there already
    for waiter in waiters[:_MOST_WAITERS]:
        first, last, count = waiter["first"], waiter["last"], waiter["count"]
        if count == 1:
            text = f"    thread {first} of block"
        elif count == last - first + 1:
            text = f"    threads {first} to {last} of block"
        else:
            text = f"    {count} threads from {first} to {last} of block"
        text += f" {_coordinates(tuple(waiter['block']))} wait{'s' if count == 1 else ''}"
        text += f" in {waiter['where']}"
        spot = _place(waiter, library, context, str(facts.raw.get("kernel") or ""))
        if spot.line is not None:
            text += f" at {spot.file}:{spot.line}"
        if waiter.get("missing"):
            text += f" for {sentences.lanes(int(waiter['missing']))}"
        lines.append(text)
        if spot.text and (spot.file, spot.line) not in shown:
            lines.append(f"        {spot.text}")
            shown.add((spot.file, spot.line))
    if len(waiters) > _MOST_WAITERS:
        lines.append(f"    and {len(waiters) - _MOST_WAITERS} more groups of threads")
    return lines
