"""`coalescing`: one request of a warp, and the sectors of global memory that its bytes lie in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from kbk.draw.elements import name_of, names_of
from kbk.draw.picture import Picture
from kbk.draw.requests import Request, find, ranges
from kbk.draw.seen import many, until_the_end
from kbk.errors import ArgumentError
from kbk.sanitizer.element import quoted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kbk.draw.theme import Theme
    from kbk.profiler.launch import ProfiledLaunch

SECTOR, LINE = 32, 128  # bytes
MOST_STRIPS = 4
_CHOICES = ("request", "argument", "kind")


@dataclass
class Sector:
    """32 bytes that a request touches.

    Attributes:
        address: of its first byte.
        line: address of the first byte of its line.
        lanes: that ask for bytes of it.
        used: how many lanes ask for each of its bytes that anybody asks for, by byte.
        excess: it is one of those beyond the fewest.
    """

    address: int
    line: int
    lanes: list[int] = field(default_factory=list)
    used: dict[int, int] = field(default_factory=dict)
    excess: bool = False


def coalescing(
    launch: ProfiledLaunch,
    line: int | str | None = None,
    *,
    request: int = 0,
    argument: Any = None,
    kind: str | None = None,
) -> Picture:
    """One request of a warp on its sectors: which bytes each lane asks for, and what is moved.

    Lines of 128 bytes are counted from the start of the memory that holds the tensor.

    Args:
        launch: of ``kbk.profile()``.
        line: number of a line of the source, or a part of its text; None: any line.
        request: which of the requests that fit, from 0: by block, then by warp, then by time.
        argument: a tensor of the call, or its name; None: any.
        kind: "ld", "st", "red" or "atom"; None: any.

    Raises:
        ArgumentError: there is no such request; the text says what there is.
    """
    found = find(
        "coalescing",
        launch,
        shared=False,
        line=line,
        request=request,
        argument=argument,
        kind=kind,
    )
    return picture_of(found)


def picture_of(found: Request) -> Picture:
    """The picture of one request, which the picture keeps as `of`."""
    sectors = sectors_of(found)
    base = sectors[0].address
    rows = [
        [
            (each.address - base) // SECTOR,
            names_of(found.argument, each.address, each.address + SECTOR, base),
            ranges(each.lanes),
            f"{len(each.used)} of {SECTOR}",
            "beyond the ideal" if each.excess else "",
        ]
        for each in sectors
    ]
    head = ["sector", "holds", "lanes", "bytes asked for", "excess"]
    caption = (
        f"{found.place_name}, {found.what}, {found.place_among} ({found.who}): "
        f"{_finding(found, sectors)}{until_the_end(found.launch)}"
    )
    alt = f"Lanes 0 to 31 in a row above boxes of 32 bytes. {_told(found, sectors)}"
    strips = [("", found, sectors)]
    return Picture(caption, alt, head, rows, lambda theme: _draw(theme, strips), of=found)


def compare_coalescing(
    requests: Sequence[
        tuple[str, ProfiledLaunch]
        | tuple[str, ProfiledLaunch, int | str | None]
        | tuple[str, ProfiledLaunch, int | str | None, dict[str, object]]
    ],
) -> Picture:
    """Up to four requests on their sectors, one strip above the other.

    Args:
        requests: of each strip: its title, the launch, and, as for `coalescing`, the line and a
            dict of the other arguments; both may be left out.

    Raises:
        ArgumentError: there are none or more than four, or there is no such request.
    """
    if not isinstance(requests, Sequence) or not 1 <= len(requests) <= MOST_STRIPS:
        many_ = isinstance(requests, Sequence)
        count = f"there were {len(requests)}" if many_ else f"it was {quoted(requests)}"
        raise ArgumentError(
            f"compare_coalescing: requests must be 1 to {MOST_STRIPS} tuples, a strip each; "
            f"{count}."
        )
    chosen = []
    for each in requests:
        if not isinstance(each, tuple) or not 2 <= len(each) <= 4:
            raise ArgumentError(
                "compare_coalescing: each request must be (title, launch), (title, launch, line) "
                f"or (title, launch, line, dict of arguments); it was {quoted(each)}."
            )
        title, launch, line, more = (*each, None, {})[:4] if len(each) < 4 else each
        if more is not None and (not isinstance(more, dict) or not set(more) <= set(_CHOICES)):
            raise ArgumentError(
                f"compare_coalescing: the dict of arguments of {str(title)!r} may have "
                f"{', '.join(_CHOICES)}; it was {quoted(more)}."
            )
        found = find("compare_coalescing", launch, shared=False, line=line, **(more or {}))
        chosen.append((str(title), found))
    return compared(chosen)


def compared(requests: Sequence[tuple[str, Request]]) -> Picture:
    """The picture of some requests with their titles, one strip above the other."""
    strips = [(title, found, sectors_of(found)) for title, found in requests]
    rows = [
        [
            title,
            found.place_name,
            found.what,
            len(found.lanes),
            found.bytes,
            len(sectors),
            found.ideal,
            found.excess,
            f"{mean(sectors)} of {SECTOR}",
        ]
        for title, found, sectors in strips
    ]
    head = [
        "request",
        "line",
        "what",
        "lanes",
        "bytes a lane",
        "sectors",
        "ideal",
        "excess",
        "bytes used a sector",
    ]
    caption = " ".join(
        f"{title}: {_counts(found, sectors)}, {mean(sectors)} of {SECTOR} bytes used in each."
        for title, found, sectors in strips
    )
    ended = {id(each.launch): each.launch for _, each, _ in strips}
    caption += "".join(dict.fromkeys(map(until_the_end, ended.values())))
    alt = "Strips of lanes 0 to 31 above boxes of 32 bytes. " + " ".join(
        f"{title}: {_told(found, sectors)}" for title, found, sectors in strips
    )
    return Picture(caption, alt, head, rows, lambda theme: _draw(theme, strips))


def sectors_of(request: Request) -> list[Sector]:
    """The sectors that a request touches, in order of address."""
    found: dict[int, Sector] = {}
    for lane, address in zip(request.lanes, request.addresses, strict=True):
        for byte in range(address, address + request.bytes):
            at = byte - byte % SECTOR
            line = at - (at - request.origin) % LINE
            sector = found.setdefault(at, Sector(at, line))
            sector.used[byte - at] = sector.used.get(byte - at, 0) + 1
            if sector.lanes[-1:] != [lane]:
                sector.lanes.append(lane)
    sectors = [found[at] for at in sorted(found)]
    # Which of them are too many is a matter of taste: those that hold the least, the last first.
    fullest = sorted(sectors, key=lambda each: -len(each.used))
    for each in fullest[request.ideal :]:
        each.excess = True
    return sectors


def lines_of(sectors: Sequence[Sector]) -> list[int]:
    """Addresses of the lines that the sectors lie in."""
    return sorted({each.line for each in sectors})


def mean(sectors: Sequence[Sector]) -> str:
    """Bytes used of a sector, on average."""
    mean = sum(len(each.used) for each in sectors) / len(sectors)
    return f"{mean:.0f}" if mean == int(mean) else f"{mean:.1f}"


def _counts(request: Request, sectors: Sequence[Sector]) -> str:
    return f"{many(len(sectors), 'sector')}, ideal {request.ideal}, excess {request.excess}"


def _finding(request: Request, sectors: Sequence[Sector]) -> str:
    lanes, asked = len(request.lanes), len(request.lanes) * request.bytes
    distinct = sum(len(each.used) for each in sectors)
    different = "" if distinct == asked else f", of which {distinct} are different,"
    even = len({len(each.used) for each in sectors}) == 1
    average = "each sector are" if even else "a sector are, on average,"
    average = "the sector are" if len(sectors) == 1 else average
    return (
        f"{many(lanes, 'lane')} of {many(request.bytes, 'byte')}{' each' * (lanes > 1)}: "
        f"{many(asked, 'byte')}{different} in {many(len(sectors), 'sector')}. "
        f"Ideal: {request.ideal}; excess: {request.excess}. "
        f"{mean(sectors)} of the {SECTOR} bytes of {average} used."
    )


def _told(request: Request, sectors: Sequence[Sector]) -> str:
    """What can be seen, in words."""
    base = sectors[0].address
    verb = {"ld": "asks for", "st": "writes"}.get(request.kind, "changes")
    first, last = (
        f"lane {request.lanes[i]} {verb} {many(request.bytes, 'byte')} at "
        f"{name_of(request.argument, request.addresses[i], base)}"
        for i in (0, -1)
    )
    steps = {b - a for a, b in pairwise(request.addresses)}
    if len(request.lanes) == 1:
        pattern = first
    elif steps == {0}:
        pattern = f"{first}, and so do all {len(request.lanes)} lanes"
    elif len(steps) == 1:
        step = steps.pop()
        side = "after" if step > 0 else "before"
        pattern = f"{first}, {last}; each lane {many(abs(step), 'byte')} {side} the lane before it"
    else:
        pattern = f"{first}, {last}; the steps from lane to lane differ"
    beyond = sum(each.excess for each in sectors)
    hatched = f"; {beyond} of them hatched, beyond the ideal" if beyond else ""
    hollow = ", the others hollow" if any(len(each.used) < SECTOR for each in sectors) else ""
    return (
        f"{request.what[0].upper()}{request.what[1:]}: {pattern}. The bytes lie in "
        f"{_counts(request, sectors)}{hatched}; {mean(sectors)} of {SECTOR} bytes used in each"
        f"{hollow}. {_groups(sectors)}"
    )


def _groups(sectors: Sequence[Sector]) -> str:
    """How the sectors lie in lines."""
    lines: dict[int, int] = defaultdict(int)
    for each in sectors:
        lines[each.line] += 1
    counts = " or ".join(map(str, sorted(set(lines.values()))))
    return f"They lie in {many(len(lines), 'line')} of 128 bytes, {counts} in a line."


def _draw(theme: Theme, strips: Sequence[tuple[str, Request, Sequence[Sector]]]) -> Figure:
    from kbk.draw.strip import draw

    return draw(theme, strips)
