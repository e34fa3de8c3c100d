"""Which parts of the dynamic shared memory a kernel keeps apart, and what its source calls them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from kbk.build.tokens import Token, scan
from kbk.draw.arena import Arena, Part, Touches, laid_out, offsets, touches, whole
from kbk.draw.seen import Array, places_of
from kbk.sanitizer.history import Launch, SharedVariable


def arena_of(launch: Launch, block: int) -> Arena:
    """The shared memory of a block with its parts, as its accesses tell them apart."""
    variables = laid_out(launch)
    told = touches(launch, block)
    parts: list[Part] = []
    end = 0
    for variable, offset in zip(variables, offsets(variables), strict=True):
        end = offset + variable.size
        if variable.dynamic:
            parts += _carved(launch, told, variable, offset)
        else:
            parts.append(_rows(whole(variable, offset), told))
    return Arena(launch, block, tuple(parts), end, told)


def _carved(launch: Launch, told: Touches, variable: SharedVariable, offset: int) -> list[Part]:
    """The parts of the dynamic memory: bytes belong together if one instruction touches them."""
    mine = told.of((told.first >= variable.offset) & (told.first < variable.offset + variable.size))
    if len(mine.first) == 0:
        return [whole(variable, offset)]
    types = _pointers(launch, variable.name)
    groups = _named(launch, set(types), _apart(mine))
    parts = []
    limits = [low for _, low, _, _ in groups[1:]] + [variable.offset + variable.size]
    for (name, low, high, pcs), limit in zip(groups, limits, strict=True):
        size = high - low
        accesses = mine.of(np.isin(mine.pc, list(pcs)))
        least = int((accesses.end - accesses.first).min())
        element = variable.element if variable.element > 1 else least
        element = element if size % element == 0 else least
        dtype = whole(variable, offset).dtype if element == variable.element else None
        dtype = types.get(name) or dtype
        label = name or f"bytes {low - variable.offset} to {high - variable.offset - 1}"
        at = offset + low - variable.offset
        count = size // element
        part = Part(label, at, low, size, element, count, (1, count), dtype, True)
        parts.append(_whole_rows(_rows(part, mine), limit))
    return parts


def _whole_rows(part: Part, limit: int) -> Part:
    """The part with the padding behind its last row, where there is room up to an address."""
    size = part.shape[0] * part.pitch * part.element
    return replace(part, size=size) if part.size < size <= limit - part.base else part


def _apart(told: Touches) -> list[tuple[int, int, set[int]]]:
    """First byte, byte behind the last one and instructions of each group, ascending.

    Two instructions are of one group if their bytes overlap, or lie between each other.
    """
    spans: list[tuple[int, int, set[int]]] = []
    for pc in np.unique(told.pc):
        its = told.pc == pc
        spans += [(low, high, {int(pc)}) for low, high in _spread(told.first[its], told.end[its])]
    spans.sort(key=lambda each: each[:2])
    groups: list[tuple[int, int, set[int]]] = []
    for low, high, pcs in spans:
        if groups and low < groups[-1][1]:
            before = groups.pop()
            groups.append((before[0], max(before[1], high), before[2] | pcs))
        else:
            groups.append((low, high, pcs))
    return groups


def _spread(first: Array, end: Array) -> list[tuple[int, int]]:
    """The bytes of one instruction: all from the lowest to the highest."""
    return [(int(first.min()), int(end.max()))]


def _rows(part: Part, told: Touches) -> Part:
    """The part with the rows that untouched elements at equal distances show."""
    touched = touched_elements(part, told)
    runs = _runs(touched)
    if part.shape[0] > 1:  # the source declares rows; columns that nobody touches are padding
        used = touched.reshape(-1, part.pitch).any(axis=0)
        columns = int(np.flatnonzero(used)[-1]) + 1 if used.any() else part.pitch
        return replace(part, shape=(part.shape[0], columns))
    lengths = {high - low for low, high in runs}
    steps = {b[0] - a[0] for a, b in pairwise(runs)}
    if len(runs) < 2 or len(lengths) != 1 or len(steps) != 1 or runs[0][0] != 0:
        return part
    return replace(part, pitch=steps.pop(), shape=(len(runs), lengths.pop()))


def touched_elements(part: Part, told: Touches) -> Array:
    """Of each element of a part, whether somebody touched it."""
    inside = (told.first >= part.base) & (told.first < part.base + part.size)
    low = (told.first[inside] - part.base) // part.element
    high = -((part.base - told.end[inside]) // part.element)
    depth = np.bincount(low, minlength=part.count + 1)[: part.count + 1].astype(np.int64)
    depth -= np.bincount(np.minimum(high, part.count), minlength=part.count + 1)
    return np.cumsum(depth)[: part.count] > 0


def _runs(touched: Array) -> list[tuple[int, int]]:
    """First and last + 1 of each run of touched elements."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], touched.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


# --- names


def _named(
    launch: Launch, pointers: set[str], groups: list[tuple[int, int, set[int]]]
) -> list[tuple[str, int, int, set[int]]]:
    """The groups with the name of the pointer that all their lines use, if there is one alone."""
    found = places_of(launch, (pc for _, _, some in groups for pc in some))
    candidates = []
    for _, _, some in groups:
        names = set(pointers)
        for pc in some:
            text = " ".join(spot.text for spot in found[pc].spots)
            names &= {each.text for each in scan(text) if isinstance(each, Token)}
        candidates.append(names)
    while True:  # a name that is one group's alone is no other's
        sure = {next(iter(names)) for names in candidates if len(names) == 1}
        left = [names - sure if len(names) > 1 else names for names in candidates]
        if left == candidates:
            break
        candidates = left
    named: list[tuple[str, int, int, set[int]]] = []
    for names, (low, high, some) in zip(candidates, groups, strict=True):
        name = next(iter(names)) if len(names) == 1 else ""
        if name and named and named[-1][0] == name:  # one array that two loops share
            before = named.pop()
            named.append((name, before[1], high, before[3] | some))
        else:
            named.append((name, low, high, some))
    counts = [name for name, *_ in named]
    return [
        (name if counts.count(name) == 1 else "", low, high, some)
        for name, low, high, some in named
    ]


_TYPES = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "__half": "float16",
    "__nv_bfloat16": "bfloat16",
    "int": "int32",
    "unsigned": "uint32",
    "short": "int16",
    **{f"{name}_t": name for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32")},
    **{f"{name}_t": name for name in ("int64", "uint64")},
}


def _pointers(launch: Launch, dynamic: str) -> dict[str, str | None]:
    """Names that the sources give to the dynamic memory and to places in it, with their dtype."""
    names: dict[str, str | None] = {dynamic: None} if dynamic else {}
    for text in launch.sources.values():
        tokens = [token for token in scan(text) if isinstance(token, Token)]
        for at, token in enumerate(tokens[2:], 2):
            # * name = ... ;   with the name of another place in it
            if token.text != "=" or tokens[at - 1].kind != "name" or tokens[at - 2].text != "*":
                continue
            for each in tokens[at + 1 :]:
                if each.text in (";", "{", "}"):
                    break
                if each.text in names:
                    names[tokens[at - 1].text] = _TYPES.get(tokens[at - 3].text) if at > 2 else None
                    break
    return names
