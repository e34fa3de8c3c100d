"""`banks`: one request of a warp for shared memory, and the wavefronts that serve it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbk.draw.elements import name_in
from kbk.draw.picture import Picture
from kbk.draw.requests import LANES, Request, find, named, ranges, variable_at
from kbk.draw.seen import many, until_the_end

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kbk.draw.theme import Theme
    from kbk.profiler.launch import ProfiledLaunch

BANKS, WORD = 32, 4  # of so many bytes


@dataclass(frozen=True)
class Wavefront:
    """What the banks give at once: one word each, to all lanes that ask for it.

    Attributes:
        part: the lanes that are served together, the first and the last.
        words: by bank, which word of shared memory.
        lanes: by bank, who gets it.
        excess: it is one of those beyond the fewest.
    """

    part: tuple[int, int]
    words: dict[int, int]
    lanes: dict[int, tuple[int, ...]]
    excess: bool = False

    @property
    def served(self) -> set[int]:
        """The lanes that get something."""
        return {lane for lanes in self.lanes.values() for lane in lanes}


def banks(
    launch: ProfiledLaunch,
    line: int | str | None = None,
    *,
    request: int = 0,
    kind: str | None = None,
) -> Picture:
    """One request of a warp for shared memory on the 32 banks, a row for each wavefront.

    Lanes of 8 bytes are served in two halves of the warp, lanes of 16 bytes in four quarters; with
    loads that ask for the same in pairs, twice as many lanes at a time. In
    which order a bank gives its words is not documented: here it is that of the lanes.

    Args:
        launch: of ``kbk.profile()``.
        line: number of a line of the source, or a part of its text; None: any line.
        request: which of the requests that fit, from 0: by block, then by warp, then by time.
        kind: "ld", "st", "atom" (every atomic operation) or "red" (one whose result nobody uses);
            None: any.

    Raises:
        ArgumentError: there is no such request; the text says what there is.
    """
    found = find("banks", launch, shared=True, line=line, request=request, kind=kind)
    wavefronts = wavefronts_of(found)
    rows = [
        [
            number,
            ranges(each.served),
            ranges(each.words),
            ranges(bank for bank, lanes in each.lanes.items() if len(lanes) > 1),
            "beyond the ideal" if each.excess else "",
        ]
        for number, each in enumerate(wavefronts)
    ]
    head = ["wavefront", "lanes", "banks", "banks whose word several lanes share", "excess"]
    caption = (
        f"{found.place_name}, {found.what}, {found.place_among} ({found.who}): "
        f"{_finding(found, wavefronts)}{until_the_end(launch)}"
    )
    alt = _told(found, wavefronts)
    return Picture(caption, alt, head, rows, lambda theme: _draw(theme, found, wavefronts))


def wavefronts_of(request: Request) -> list[Wavefront]:
    """The wavefronts that serve a request, in order: the rules of kbk/sim/runtime/tools/cost.h."""
    atomic = request.kind in ("red", "atom")
    found = _served(request, _lanes_together(request), alone=atomic)
    if atomic and request.cost < len(found):  # lanes that add 1 take one turn
        found = _served(request, LANES, alone=False)
    # Which of them are too many is a matter of taste: the last ones.
    return [
        Wavefront(each.part, each.words, each.lanes, number >= request.ideal)
        for number, each in enumerate(found)
    ]


def _lanes_together(request: Request) -> int:
    """How many lanes are served at a time: twice as many if they ask for the same in pairs."""
    if request.kind in ("red", "atom"):
        return LANES
    together = 32 if request.bytes <= 4 else 16 if request.bytes <= 8 else 8
    asks = dict(zip(request.lanes, request.addresses, strict=True))
    in_pairs = any(
        all(asks.get(lane ^ bit, address) == address for lane, address in asks.items())
        for bit in (1, 2)
    )
    return together * 2 if request.kind == "ld" and together < LANES and in_pairs else together


def _served(request: Request, together: int, alone: bool) -> list[Wavefront]:
    """The wavefronts of so many lanes at a time; `alone`: a bank serves one lane in a turn."""
    found: list[Wavefront] = []
    for first in range(0, LANES, together):
        # Of each bank: the words asked of it, and by whom, in the order of their turns.
        wanted: dict[int, dict[tuple[int, int], list[int]]] = {}
        for lane, address in zip(request.lanes, request.places, strict=True):
            if first <= lane < first + together:
                for word in range(address // WORD, (address + request.bytes - 1) // WORD + 1):
                    turn = (word, lane if alone else -1)
                    wanted.setdefault(word % BANKS, {}).setdefault(turn, []).append(lane)
        for number in range(max(map(len, wanted.values()), default=0)):
            given = {
                b: list(turns.items())[number] for b, turns in wanted.items() if number < len(turns)
            }
            found.append(
                Wavefront(
                    (first, first + together - 1),
                    {bank: given[bank][0][0] for bank in sorted(given)},
                    {bank: tuple(given[bank][1]) for bank in sorted(given)},
                )
            )
    return found


def _finding(request: Request, wavefronts: list[Wavefront]) -> str:
    together = wavefronts[0].part[1] + 1
    parts = f", {together} lanes at a time" if together < LANES else ""
    says = (
        f"{many(len(request.lanes), 'lane')} of {many(request.bytes, 'byte')}"
        f"{' each' * (len(request.lanes) > 1)} in "
        f"{many(request.cost, 'wavefront')}{parts}. Ideal: {request.ideal}; "
        f"excess: {request.excess}. {_reason(wavefronts)}"
    )
    if request.cost != len(wavefronts):
        says += f" By the rule of the banks alone it would be {len(wavefronts)}."
    return says


def _reason(wavefronts: list[Wavefront]) -> str:
    """Which bank has most to give."""
    words: dict[tuple[int, int], int] = {}
    for each in wavefronts:
        for bank in each.words:
            words[each.part[0], bank] = words.get((each.part[0], bank), 0) + 1
    most = max(words.values())
    crowded = sorted({bank for (_, bank), count in words.items() if count == most})
    shared = max(len(lanes) for each in wavefronts for lanes in each.lanes.values())
    broadcast = f" Up to {shared} lanes share a word, which costs nothing." if shared > 1 else ""
    if most == 1:
        return f"No bank is asked for two words at once: no conflict.{broadcast}"
    which = f"Bank {crowded[0]} is" if len(crowded) == 1 else f"{len(crowded)} banks are"
    return f"{which} asked for {most} words at once, and each gives one a wavefront.{broadcast}"


def _told(request: Request, wavefronts: list[Wavefront]) -> str:
    """What can be seen, in words."""
    asks = []
    for i in sorted({0, len(request.lanes) - 1}):
        at = request.addresses[i]
        name = name_in(variable_at(request.launch, at), at)
        at = request.places[i]
        first, last = at // WORD % BANKS, (at + request.bytes - 1) // WORD % BANKS
        where = f"bank {first}" if first == last else f"banks {first} to {last}"
        asks.append(f"lane {request.lanes[i]} asks for {name} in {where}")
    several = sum(len(lanes) > 1 for each in wavefronts for lanes in each.lanes.values())
    shared = (
        f" Marked: {many(several, 'word')} that several lanes ask for at once." if several else ""
    )
    beyond = sum(each.excess for each in wavefronts)
    hatched = f", {beyond} of them hatched and below a rule, beyond the ideal" if beyond else ""
    listed = "; ".join(
        f"wavefront {number}: {named('lane', each.served)} on {named('bank', each.words)}"
        for number, each in enumerate(wavefronts[:8])
    )
    more = f"; {len(wavefronts) - 8} more" if len(wavefronts) > 8 else ""
    return (
        "Lanes 0 to 31 in a row, lines to a row of 32 banks, below it a row for each wavefront. "
        f"{request.what[0].upper()}{request.what[1:]}: {'; '.join(asks)}. "
        f"{many(len(wavefronts), 'wavefront')}, ideal {request.ideal}{hatched}: "
        f"{listed}{more}.{shared}"
    )


def _draw(theme: Theme, request: Request, wavefronts: list[Wavefront]) -> Figure:
    from kbk.draw.bank_rows import draw

    return draw(theme, request, wavefronts)
