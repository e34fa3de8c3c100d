"""The shared memory of a block: where its variables lie, who stores them, when they live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kbk.draw import layout, lifetime, lookup
from kbk.draw.arena import Arena, Part
from kbk.draw.canvas import Canvas
from kbk.draw.carving import arena_of
from kbk.draw.lives import Life, bank_rule, life_of, thread_rule, threads_name
from kbk.draw.picture import Picture
from kbk.draw.seen import block_name, checked, many, until_the_end
from kbk.draw.theme import Theme
from kbk.errors import ArgumentError
from kbk.sanitizer.element import quoted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kbk.sanitizer.history import Launch

HEAD = ("what", "elements", "bytes", "banks", "interval", "access", "by", "lines")
MOST_PARTS = 8


def shared_memory(
    launch: Launch, block: int = 0, *, variable: str | None = None, row: int | None = None
) -> Picture:
    """Picture the shared memory of a block: its layout to scale, its elements, its life.

    Above, the variables and what is free, to scale. In the middle the elements of one variable with
    the lane that stored each first, and the bank that it lies in. Below, from left to right, the
    intervals between the barriers, with the lanes that store and load.

    Dynamic memory is told apart into parts: two instructions belong to one part if they touch bytes
    that overlap. A part has the name of the pointer that all its lines use. On a GPU the compiler
    may put several `__shared__` variables in another order.

    Args:
        launch: of ``kbk.profile()``.
        block: linear number of the block in the grid.
        variable: whose elements are shown: a variable or part; None: the largest.
        row: elements from the start of one row of that variable to that of the next. By default as
            it is declared, or as elements that nobody touches show it.

    Raises:
        ArgumentError: the block used no shared memory, or has no such variable; the text has the
            names.
    """
    launch = checked("shared_memory", launch)
    blocks = int(np.prod(launch.grid))
    if isinstance(block, bool) or not isinstance(block, (int, np.integer)):
        raise ArgumentError(f"shared_memory: block must be an integer; it was {quoted(block)}.")
    if not 0 <= block < blocks:
        raise ArgumentError(f"shared_memory: block must be 0 to {blocks - 1}; it was {block}.")
    arena = arena_of(launch, int(block))
    if len(arena.touches.first) == 0:
        raise ArgumentError(
            f"shared_memory: {block_name(launch, int(block))} of {launch.kernel} touched no shared "
            "memory."
        )
    lives = [life_of(arena, part) for part in arena.parts]
    picture = _Shared(arena, lives, _chosen(lives, variable, row))
    return Picture(picture.caption(), picture.alt(), HEAD, picture.rows(), picture.draw)


def _chosen(lives: list[Life], variable: str | None, row: int | None) -> Life:
    """The part whose elements are shown."""
    if variable is None:
        life = max(lives, key=lambda each: int(each.touched.sum()) * each.part.element)
    else:
        names = [life.part.name for life in lives]
        if variable not in names:
            raise ArgumentError(
                f"shared_memory: variable must be one of {', '.join(names)}; "
                f"it was {quoted(variable)}."
            )
        life = lives[names.index(variable)]
    if row is None:
        return life
    if isinstance(row, bool) or not isinstance(row, int) or not 0 < row <= life.part.count:
        raise ArgumentError(
            f"shared_memory: row must be 1 to {life.part.count}, the elements of "
            f"{life.part.name}; it was {quoted(row)}."
        )
    return life.in_rows(row)


class _Shared:
    """The words and the drawing of one picture."""

    def __init__(self, arena: Arena, lives: list[Life], chosen: Life) -> None:
        self.arena, self.chosen = arena, chosen
        self.lives = [chosen if life.part.base == chosen.part.base else life for life in lives]
        self.threads = int(np.prod(arena.launch.block))

    # --- words

    def caption(self) -> str:
        """What was found, with the numbers."""
        arena, life = self.arena, self.chosen
        part = life.part
        used = sum(int(each.touched.sum()) * each.part.element for each in self.lives)
        barriers = arena.intervals - 1
        said = [
            f"{block_name(arena.launch, arena.block).capitalize()} of {arena.launch.kernel} has "
            f"{arena.size:,} bytes of shared memory in {many(len(self.lives), 'part')}, touches "
            f"{used:,} of them and passes {many(barriers, 'barrier')}."
        ]
        rule = thread_rule(life, self.threads)
        who = f"is stored first by thread {rule} and lies" if rule else "lies"
        element = part.any_element
        said.append(
            f"{element[0].upper() + element[1:] if ' ' in element else element} {who} in "
            f"bank {bank_rule(part)}."
        )
        said += [self._lives(each) for each in self.lives]
        return " ".join(each for each in said if each) + until_the_end(arena.launch)

    def _lives(self, life: Life) -> str:
        """Between which barriers the values of a part live."""
        name = life.part.name
        if not life.accesses:
            return f"Nobody touches {name}."
        crossed = [at for at, count in enumerate(life.carried) if count]
        said = f"Values of {name} live within one interval."
        if crossed:
            which = f"{_numbers([at + 1 for at in crossed])}"
            said = f"Values of {name} live across barrier{'s' * (len(crossed) > 1)} {which}."
        if life.fresh:
            were = "was" if life.fresh == 1 else "were"
            said += f" {many(life.fresh, 'element')} of {name} {were} loaded before any store."
        return said

    def alt(self) -> str:
        """What the picture shows, without colour."""
        arena = self.arena
        said = [
            f"Shared memory of {block_name(arena.launch, arena.block)} in three drawings. Layout: "
            + "; ".join(self._place(life) for life in self.lives)
            + f"; {arena.size:,} bytes in all."
        ]
        said.append(
            f"Elements of {self.chosen.part.name}: "
            + "; ".join(
                f"{run[0]}: {run[6]}, banks {run[3]}" for run in lookup.runs(self.chosen)[:8]
            )
            + "."
        )
        for life in self.lives:
            did = "; ".join(
                f"interval {each.interval}: {'stored' if each.stores else 'loaded'} by "
                f"{threads_name(each.threads, self.threads)}"
                for each in life.accesses
            )
            said.append(f"{life.part.name}: {did or 'not touched'}.")
        return " ".join(said)

    def _place(self, life: Life) -> str:
        part = life.part
        first, last = part.offset, part.offset + part.size - 1
        hollow = f", {many(life.padding, 'element')} of it never touched" if life.padding else ""
        return f"{part.name} in bytes {first:,} to {last:,}{hollow}"

    def rows(self) -> list[list[object]]:
        """The table."""
        rows: list[list[object]] = []
        for life in self.lives:
            part = life.part
            extent = f"{part.offset} to {part.offset + part.size - 1}"
            used = int(life.touched.sum())
            banks = _banks(part)
            rows.append([part.name, part.count, extent, banks, "", "lies there", "", ""])
            if life.padding:
                rows.append([part.name, part.count - used, "", "", "", "never touched", "", ""])
            for each in life.accesses:
                rows.append(
                    [
                        part.name,
                        each.elements,
                        "",
                        "",
                        each.interval,
                        "store" if each.stores else "load",
                        threads_name(each.threads, self.threads),
                        ", ".join(f"{file}:{line}" for file, line in each.lines),
                    ]
                )
            for at, count in enumerate(life.carried):
                if count:
                    over = f"across barrier {at + 1}"
                    rows.append([part.name, count, "", "", f"{at} to {at + 1}", over, "", ""])
        return rows + lookup.runs(self.chosen)

    # --- drawing

    def draw(self, theme: Theme) -> Figure:
        """The three drawings, one below the other."""
        shown = self.lives
        if len(shown) > MOST_PARTS:
            largest = sorted(shown, key=lambda each: -int(each.touched.sum()))[:MOST_PARTS]
            shown = [each for each in shown if each in largest or each is self.chosen]
        heights = (
            layout.height(self.arena, self.lives),
            lookup.height(self.chosen),
            lifetime.height(self.arena, shown),
        )
        canvas = Canvas(theme, sum(heights) + 0.36)
        layout.draw(canvas, 0.0, self.arena, self.lives)
        lookup.draw(canvas, heights[0] + 0.18, self.chosen)
        lifetime.draw(canvas, heights[0] + heights[1] + 0.36, self.arena, shown)
        return canvas.figure


def _banks(part: Part) -> str:
    words = (part.offset + part.size - 1) // 4 - part.offset // 4 + 1
    if words >= 32:
        return "0 to 31"
    first, last = part.bank(0), (part.offset + part.size - 1) // 4 % 32
    return str(first) if words == 1 else f"{first} to {last}"


def _numbers(numbers: list[int]) -> str:
    """1; 1 and 2; 1, 2 and 3; 1 to 9."""
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]} to {numbers[-1]}"
    head = ", ".join(map(str, numbers[:-1]))
    return f"{head} and {numbers[-1]}" if head else str(numbers[-1])
