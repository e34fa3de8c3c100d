"""Who stores and loads a part of shared memory, and across which barriers its values live."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kbk.draw.arena import BANKS, WORD, Arena, Part, Touches
from kbk.draw.seen import LANES, Array, expanded


@dataclass(frozen=True, eq=False)
class Access:
    """The stores or the loads of a part in one interval between barriers.

    Attributes:
        interval: how many barriers the block had passed.
        stores: whether they are stores.
        threads: that took part, ascending.
        elements: how many different ones.
        lines: of the source.
    """

    interval: int
    stores: bool
    threads: tuple[int, ...]
    elements: int
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False)
class Life:
    """What happened to a part.

    Attributes:
        part: which.
        thread, interval: of each element's first store; -1 where there was none.
        touched: of each element, whether somebody touched it.
        accesses: by interval, stores first.
        carried: of each barrier, how many elements were stored before it and loaded behind it.
        unread: how many stored values nobody loaded; a value that an atomic operation changed
            counts as loaded.
        fresh: how many elements somebody loaded before anybody had stored there.
    """

    part: Part
    thread: Array
    interval: Array
    touched: Array
    accesses: tuple[Access, ...]
    carried: tuple[int, ...]
    unread: int
    fresh: int

    @property
    def padding(self) -> int:
        """Elements between the first and the last one that nobody touched."""
        return int(np.count_nonzero(~self.touched))

    def in_rows(self, pitch: int) -> Life:
        """The same with rows of so many elements."""
        rows = -(-self.part.count // pitch)
        used = np.zeros(rows * pitch, bool)
        used[: self.part.count] = self.touched
        columns = int(np.flatnonzero(used.reshape(rows, pitch).any(axis=0))[-1]) + 1
        return replace(self, part=replace(self.part, pitch=pitch, shape=(rows, columns)))


def life_of(arena: Arena, part: Part) -> Life:
    """Follow the elements of a part through the intervals."""
    told = arena.touches_of(part)
    which, element = _elements(part, told)
    thread, interval = told.thread[which], told.interval[which]
    stored = told.writes[which]
    firsts = np.full((2, part.count), -1, np.int64)
    back = np.flatnonzero(stored)[::-1]  # the first one is assigned last
    firsts[0, element[back]] = thread[back]
    firsts[1, element[back]] = interval[back]
    touched = np.zeros(part.count, bool)
    touched[element] = True
    accesses = []
    for at in range(arena.intervals):
        for stores in (True, False):
            mine = np.flatnonzero((interval == at) & (stored == stores))
            if len(mine):
                accesses.append(
                    Access(
                        at,
                        stores,
                        tuple(np.unique(thread[mine]).tolist()),
                        len(np.unique(element[mine])),
                        tuple(arena.lines(told.pc[which[mine]])),
                    )
                )
    carried, unread, fresh = _carried(element, stored, interval, arena.intervals)
    threads, intervals = firsts
    return Life(part, threads, intervals, touched, tuple(accesses), carried, unread, fresh)


def _elements(part: Part, told: Touches) -> tuple[Array, Array]:
    """Of each touched element the number of the access, and its own, in order of time."""
    first = (told.first - part.base) // part.element
    end = np.minimum(-((part.base - told.end) // part.element), part.count)
    return expanded(first, end)


def _carried(
    element: Array, stored: Array, interval: Array, intervals: int
) -> tuple[tuple[int, ...], int, int]:
    """Values that cross each barrier, values that nobody loads, and loads without a value."""
    order = np.argsort(element, kind="stable")  # of each element its events in order of time
    element, stored, interval = element[order], stored[order], interval[order]
    at = np.arange(len(order))
    store = np.maximum.accumulate(np.where(stored, at, -1)) if len(order) else at
    valid = (store >= 0) & (element[store] == element)
    loads = np.flatnonzero(~stored & valid)
    last = np.full(len(order), -1, np.int64)
    np.maximum.at(last, store[loads], interval[loads])
    stores = np.flatnonzero(stored)
    steps = np.zeros(intervals + 1, np.int64)
    crossing = stores[last[stores] > interval[stores]]
    np.add.at(steps, interval[crossing], 1)
    np.add.at(steps, last[crossing], -1)
    carried = tuple(np.cumsum(steps)[: intervals - 1].tolist())
    unread = int(np.count_nonzero(last[stores] < 0))
    fresh = len(np.unique(element[~stored & ~valid]))
    return carried, unread, fresh


# --- rules that hold for all elements


def thread_rule(life: Life, threads: int) -> str:
    """Which thread stored element [r][c] first, as a formula that holds for all; else ""."""
    part = life.part
    flat = np.flatnonzero(life.thread >= 0)
    if len(flat) == 0:
        return ""
    stored = life.thread[flat]
    if part.count == 1:
        return str(stored[0])
    r, c = flat // part.pitch, flat % part.pitch
    rows, columns = part.shape
    dense, down = r * columns + c, c * rows + r
    mod = f" mod {threads}"
    if rows == 1:
        rules = [("i", c), (f"i{mod}", c % threads), (f"{LANES} · i", LANES * c)]
        rules += [(f"⌊i / {each}⌋{mod}", c // each % threads) for each in (2, 4, 8)]
    else:
        rules = [("r", r), ("c", c), (f"r{mod}", r % threads), (f"c{mod}", c % threads)]
        rules += [(f"({columns} · r + c){mod}", dense % threads)]
        rules += [(f"({rows} · c + r){mod}", down % threads)]
        rules += [
            (f"⌊({columns} · r + c) / {each}⌋{mod}", dense // each % threads) for each in (2, 4, 8)
        ]
    return next((text for text, guess in rules if np.array_equal(guess, stored)), "")


def bank_rule(part: Part) -> str:
    """In which bank element [r][c] lies, as a formula."""
    if part.count == 1:
        return str(part.bank(0))
    start = part.offset % (WORD * BANKS)
    if part.element % WORD or start % WORD or part.element > WORD:
        row, column = part.pitch * part.element, part.element
        inner = _sum([(row, "r"), (column, "c")] if part.shape[0] > 1 else [(column, "i")], start)
        return f"⌊({inner}) / 4⌋ mod 32"
    terms = [(1, "i")] if part.shape[0] == 1 else [(part.pitch % BANKS, "r"), (1, "c")]
    inner = _sum(terms, start // WORD)
    return f"({inner}) mod 32" if " " in inner else f"{inner} mod 32"


def _sum(terms: list[tuple[int, str]], constant: int) -> str:
    parts = [name if factor == 1 else f"{factor} · {name}" for factor, name in terms if factor]
    return " + ".join([*parts, *([str(constant)] if constant else [])])


def threads_name(threads: tuple[int, ...], all_: int) -> str:
    """All 256 threads; threads 0 to 95; warp 0; lane 0 of warps 0 to 7."""
    if len(threads) == all_:
        return f"all {all_:,} threads" if all_ > 1 else "thread 0"
    if len(threads) == 1:
        return f"thread {threads[0]}"
    if threads[-1] - threads[0] == len(threads) - 1:
        return f"threads {threads[0]} to {threads[-1]}"
    lanes = sorted({each % LANES for each in threads})
    warps = sorted({each // LANES for each in threads})
    if len(lanes) * len(warps) == len(threads) and _run(lanes) and _run(warps):
        lane = f"lane {lanes[0]}" if len(lanes) == 1 else f"lanes {lanes[0]} to {lanes[-1]}"
        return f"{lane} of warps {warps[0]} to {warps[-1]}"
    return f"{len(threads)} threads from {threads[0]} to {threads[-1]}"


def _run(numbers: list[int]) -> bool:
    return numbers[-1] - numbers[0] == len(numbers) - 1
