"""What `explain` answers, as data, as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Read:
    """A read of memory.

    Attributes:
        where: "x[3, 5]", "tile[5][3]", "x[4] to x[7]".
        value: of the elements, as text; None if nobody saw it.
        origin: of shared memory: the write that the value came from, or None.
        fresh: of shared memory: nobody had written there.
        passed: where in shared memory the thread stored the same value then, or "".
    """

    where: str
    value: str | None
    origin: Write | None = None
    fresh: bool = False
    passed: str = ""

    def __str__(self) -> str:
        """where = value."""
        then = f", then stored in {self.passed}" if self.passed else ""
        return self.where if self.value is None else f"{self.where} = {self.value}{then}"


@dataclass(frozen=True)
class Reads:
    """Reads at one line.

    Attributes:
        file, line, source: where, and the text of the line.
        count: how many there were.
        shown: some of them, in order: all up to 3, else the first two and the last.
        earlier: they came before the thread's previous write.
    """

    file: str | None
    line: int | None
    source: str
    count: int
    shown: tuple[Read, ...]
    earlier: bool = False


@dataclass(frozen=True)
class Write:
    """A write to an element.

    Attributes:
        thread, block: (x, y, z).
        file, line, source: where, and the text of the line.
        value: that the element had then, as text; None if nobody saw it, or only a part of the
            element was written.
        before: of an atomic: the value before it, as text; else None.
        atomic: it was an atomic operation.
        when: in words, "its only store; store 118 of 1,000 of the launch".
        inputs: what the thread had read before it.
        more_lines: how many more lines with reads there were.
        notes: sentences on what is not told.
    """

    thread: Triple
    block: Triple
    file: str | None
    line: int | None
    source: str
    value: str | None
    before: str | None = None
    atomic: bool = False
    when: str = ""
    inputs: tuple[Reads, ...] = ()
    more_lines: int = 0
    notes: tuple[str, ...] = ()

    @property
    def who(self) -> str:
        """Thread and block in words."""
        return f"thread {self.thread} of block {self.block}"

    def __str__(self) -> str:
        """Who did what: "2.5 was stored by thread (5, 0, 0) of block (0, 0, 0)"."""
        if not self.atomic:
            value = "a value that nobody saw whole" if self.value is None else self.value
            return f"{value} was stored by {self.who}"
        doing = "an atomic operation of "
        if self.before is None or self.value is None:
            return f"{doing}{self.who}"
        if self.before == self.value:
            return f"{doing}{self.who} left {self.value} as it was"
        return f"{doing}{self.who} changed {self.before} to {self.value}"


@dataclass(frozen=True)
class Neighbour:
    """The nearest element that was written.

    Attributes:
        where: "out[999]".
        write: the last one to it.
    """

    where: str
    write: Write


@dataclass(frozen=True)
class Explanation:
    """Why an element has the value that it has after a launch. `print` it.

    Attributes:
        kernel, serial: of the launch.
        where: the element, "out[3, 5]".
        index: as a tuple, none of it negative.
        count: how often it was written.
        threads: by how many threads.
        writes: in order; of more than 6 the first three and the last three. The last one counts.
        facts: more sentences, mostly on an element that nobody wrote.
        below, above: then: the nearest written elements in the order of the indices.
    """

    kernel: str
    serial: int
    where: str
    index: tuple[int, ...]
    count: int
    threads: int
    writes: tuple[Write, ...] = field(repr=False)
    facts: tuple[str, ...] = ()
    below: Neighbour | None = field(default=None, repr=False)
    above: Neighbour | None = field(default=None, repr=False)

    @property
    def headline(self) -> str:
        """How often it was written, and by whom."""
        by = f"by {self.kernel} (launch {self.serial})"
        if self.count == 0:
            return f"No thread of {self.kernel} (launch {self.serial}) wrote {self.where}."
        if self.count == 1:
            return f"{self.where} was written once {by}."
        threads = "one thread" if self.threads == 1 else f"{self.threads:,} threads"
        if all(write.atomic for write in self.writes):
            return f"{self.where} was changed {self.count:,} times {by}, by atomics of {threads}."
        last = self.writes[-1]
        return (
            f"{self.where} was written {self.count:,} times {by}, by {threads}; "
            f"the last was {last.who}."
        )

    def __str__(self) -> str:
        """The whole explanation."""
        return "\n".join([self.headline, *self._rows()])

    def _repr_html_(self) -> str:
        body = escape("\n".join(self._rows()))
        return (
            f"<p><strong>{escape(self.headline)}</strong></p>"
            f"<pre style='white-space:pre-wrap'>{body}</pre>"
        )

    def _rows(self) -> Iterator[str]:
        if self.count > 1:
            yield from _earlier(self)
        if self.writes:
            yield from _in_full(self.writes[-1])
        yield from self.facts
        for near, side in ((self.below, "below"), (self.above, "above")):
            if near is not None:
                yield f"Nearest {side}, {near.where}: {near.write}"
                yield from _at(near.write.file, near.write.line, near.write.source, 4)


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    last = (
        "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number:,}{last}"


def _earlier(told: Explanation) -> Iterator[str]:
    """The writes before the last one, a line each."""
    half = len(told.writes) // 2
    for position, write in enumerate(told.writes[:-1]):
        left = told.count - len(told.writes)
        number = position + 1 if position < half or not left else position + 1 + left
        yield f"{ordinal(number)}: {write}{_short_at(write)}"
        if left and position == half - 1:
            yield f"... and {left:,} more ..."
    write = told.writes[-1]
    same = write.value is not None and write.value == told.writes[-2].value and not write.atomic
    suffix = " (the same value)" if same else ""
    yield f"{ordinal(told.count)}, the last{suffix}:"


def _in_full(write: Write) -> Iterator[str]:
    yield f"{write}"
    yield from _at(write.file, write.line, write.source, 4)
    yield f"    {write.when}"
    now = [reads for reads in write.inputs if not reads.earlier]
    earlier = [reads for reads in write.inputs if reads.earlier]
    if now:
        yield "The thread had read before it:"
        yield from _reads(now)
    elif not earlier:
        yield "The thread had read no memory before it."
    if earlier:
        yield "And before its previous write:"
        yield from _reads(earlier)
    if write.more_lines:
        yield f"    ... and at {write.more_lines} more place{'s' * (write.more_lines > 1)}"
    yield from write.notes


def _reads(inputs: list[Reads]) -> Iterator[str]:
    before = None
    for reads in inputs:
        if (reads.file, reads.line) != before:
            yield from _at(reads.file, reads.line, reads.source, 4)
        before = reads.file, reads.line
        for number, read in enumerate(reads.shown):
            if number == len(reads.shown) - 1 and reads.count > len(reads.shown):
                left = reads.count - len(reads.shown)
                yield f"        ... {left:,} more ..."
            yield f"        {read}"
            yield from _origin(read)


def _origin(read: Read) -> Iterator[str]:
    if read.fresh:
        yield "            nobody had stored there: it is uninitialized"
    if read.origin is None:
        return
    write = read.origin
    yield f"            stored there by {write.who}{_short_at(write)}"
    for reads in write.inputs:
        if not reads.earlier:
            shown = ", ".join(str(each) for each in reads.shown)
            more = f" and {reads.count - len(reads.shown):,} more" * (
                reads.count > len(reads.shown)
            )
            yield f"            which had read {shown}{more}"


def _short_at(write: Write) -> str:
    return f" at {write.file}:{write.line}" if write.file else ""


def _at(file: str | None, line: int | None, source: str, indent: int) -> Iterator[str]:
    if file:
        yield f"{' ' * indent}{file}:{line} | {source}".rstrip(" |")
