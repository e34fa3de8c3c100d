"""`source_lines`: the source of a kernel with what each line costs beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from kbk.draw.picture import Picture
from kbk.draw.seen import until_the_end
from kbk.errors import ArgumentError
from kbk.sanitizer.element import quoted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kbk.draw.theme import Theme
    from kbk.profiler.launch import LineCounters, ProfiledLaunch

NEAR = 2
"""Lines without counters that are shown around one with; longer gaps are left out."""


@dataclass(frozen=True)
class Column:
    """A counter beside the source.

    Attributes:
        title: over it.
        metrics: whose sum it shows.
        excess: the metric of what is beyond the ideal, hatched in its bar; "" if there is none.
    """

    title: str
    metrics: tuple[str, ...]
    excess: str = ""

    def of(self, counters: Mapping[str, float]) -> float:
        """The value in the counters of a line."""
        return sum(counters.get(each, 0) for each in self.metrics)

    @property
    def titles(self) -> list[str]:
        """Of the numbers that stand for it."""
        return [self.title, f"excess {self.title}"] if self.excess else [self.title]

    def cells(self, counters: Mapping[str, float]) -> list[float]:
        """Those numbers for the counters of a line."""
        mine = self.of(counters)
        return [mine, self.excess_of(counters)] if self.excess else [mine]

    def excess_of(self, counters: Mapping[str, float]) -> float:
        """How much of that is beyond the ideal."""
        return counters.get(self.excess, 0) if self.excess else 0


REQUESTS = Column(
    "requests",
    tuple(
        f"l1tex__t_requests_pipe_lsu_mem_global_op_{op}.sum" for op in ("ld", "st", "red", "atom")
    ),
)
SECTORS = Column(
    "sectors",
    ("memory_l2_theoretical_sectors_global",),
    "derived__memory_l2_theoretical_sectors_global_excessive",
)
WAVEFRONTS = Column(
    "wavefronts",
    ("memory_l1_wavefronts_shared",),
    "derived__memory_l1_wavefronts_shared_excessive",
)


@dataclass(frozen=True)
class Row:
    """A line of the source.

    Attributes:
        number: of the line; 0: lines that are left out, or a heading.
        text: of the line with its indent.
        counters: of the line, by name; empty if it has none.
    """

    number: int
    text: str
    counters: Mapping[str, float] = field(default_factory=dict)


def source_lines(launch: ProfiledLaunch, *, metric: str | None = None) -> Picture:
    """The source of a kernel; beside each line its requests, sectors and wavefronts, to scale.

    Args:
        launch: of ``kbk.profile()``.
        metric: the name of one counter to show instead.

    Raises:
        ArgumentError: `launch` is none, no line has a counter, or there is no such metric.
    """
    lines = _lines(launch)
    columns = _columns(lines, metric)
    lines = [each for each in lines if any(c.of(each.metrics) for c in columns)] or lines
    titles = [title for column in columns for title in column.titles]
    cells = [[value for c in columns for value in c.cells(each.metrics)] for each in lines]
    table = [
        [f"{each.file}:{each.line}", each.text, *map(number, values)]
        for each, values in zip(lines, cells, strict=True)
    ]
    adds_up = all(not name.endswith((".ratio", ".max")) for c in columns for name in c.metrics)
    totals = [sum(values) for values in zip(*cells, strict=True)] if adds_up else []
    if totals:
        table.append(["all lines", "", *map(number, totals)])
    said = "; ".join(
        f"line {each.line}, {each.text}: {_said(titles, values)}"
        for each, values in zip(lines, cells, strict=True)
    )
    names = " and ".join(column.title for column in columns)
    alt = f"The source of {launch.kernel} with bars of {names} beside its lines. {said}."
    caption = f"{launch.kernel}: {_finding(lines, columns, titles, totals)}"
    caption += until_the_end(launch)
    rows = _listing(launch, lines)
    head = ["line", "source", *titles]
    return Picture(caption, alt, head, table, lambda theme: _draw(theme, rows, columns, totals))


def number(value: float) -> str:
    """1,024; of a ratio, 25.6."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def _lines(launch: Any) -> Sequence[LineCounters]:
    if not hasattr(launch, "by_line"):
        raise ArgumentError(
            "source_lines: launch must be a launch of kbk.profile(), such as p.launches[0]; "
            f"it was {quoted(launch)}."
        )
    lines: Sequence[LineCounters] = launch.by_line()
    if not lines:
        raise ArgumentError(
            f"source_lines: launch must have lines with counters; that of {launch.kernel} has none."
        )
    return lines


def _columns(lines: Sequence[LineCounters], metric: str | None) -> list[Column]:
    if metric is None:
        shared = any(WAVEFRONTS.of(each.metrics) for each in lines)
        return [REQUESTS, SECTORS, WAVEFRONTS] if shared else [REQUESTS, SECTORS]
    known = sorted({name for each in lines for name in each.metrics})
    if metric not in known:
        raise ArgumentError(
            f"source_lines: metric must be a counter of lines, such as "
            f"{', '.join(_near_names(metric, known))}; launch.by_line()[0].metrics has all "
            f"{len(known)} names. It was {quoted(metric)}."
        )
    return [Column(metric, (metric,))]


def _near_names(metric: Any, known: Sequence[str]) -> list[str]:
    """Names of counters that may have been meant."""
    asked = str(metric)
    near = [n for n in sorted(known, key=len) if asked and asked.lower() in n.lower()]
    near += get_close_matches(asked, known, n=3, cutoff=0.3)
    return list(dict.fromkeys([*near, *known]))[:3]


def _said(titles: Sequence[str], values: Sequence[float]) -> str:
    return ", ".join(f"{number(v)} {t}" for t, v in zip(titles, values, strict=True))


def _finding(
    lines: Sequence[LineCounters],
    columns: Sequence[Column],
    titles: Sequence[str],
    totals: Sequence[float],
) -> str:
    """The sums, and the lines that cost most."""
    parts = [f"{_said(titles, totals)}."] if totals else []
    for column in columns[-2:]:
        by = column.excess_of if any(column.excess_of(e.metrics) for e in lines) else column.of
        most = max(by(each.metrics) for each in lines)
        where = [str(each.line) for each in lines if by(each.metrics) == most]
        if most and len(where) < len(lines):
            what = f"excess {column.title}" if by == column.excess_of else column.title
            which = f"line {where[0]}" if len(where) == 1 else f"lines {' and '.join(where)}"
            parts.append(f"Most {what}: {which}, {number(most)}.")
    return " ".join(parts)


def _listing(launch: ProfiledLaunch, lines: Sequence[LineCounters]) -> list[Row]:
    """The lines to show: those with counters, what is near them, and the head of the kernel."""
    rows: list[Row] = []
    files = list(dict.fromkeys(each.file for each in lines))
    for file in files:
        counted = {each.line: each for each in lines if each.file == file}
        source = launch.sources.get(file, "").splitlines()
        wanted = sorted(_near(counted, source, launch.kernel))
        if len(files) > 1:
            rows.append(Row(0, file))
        for i, number in enumerate(wanted):
            if i and number != wanted[i - 1] + 1:
                rows.append(Row(0, "…"))
            each = counted.get(number)
            text = source[number - 1] if number <= len(source) else each.text if each else ""
            rows.append(Row(number, text, each.metrics if each else {}))
    return rows


def _near(counted: Mapping[int, LineCounters], source: Sequence[str], kernel: str) -> set[int]:
    """Numbers of lines to show of one file."""
    wanted = set(counted)
    numbers = sorted(counted)
    for a, b in pairwise(numbers):
        if b - a <= 2 * NEAR + 1:
            wanted |= set(range(a, b))
        else:
            wanted |= set(range(a, a + NEAR + 1)) | set(range(b - NEAR, b))
    head = _head(source, kernel)
    if head and 0 <= numbers[0] - head <= 3 * NEAR:
        wanted |= set(range(head, numbers[0]))
    elif head:
        wanted |= {head, *range(numbers[0] - NEAR, numbers[0])}
    # The lines that close the kernel: up to its bracket at the margin.
    ends = [i for i, text in enumerate(source, 1) if text.startswith("}") and i > numbers[-1]]
    if ends and ends[0] - numbers[-1] <= 2 * NEAR:
        wanted |= set(range(numbers[-1], ends[0] + 1))
    return {number for number in wanted if number > 0}


def _head(source: Sequence[str], kernel: str) -> int:
    """The number of the line that opens a kernel; 0 if it is not found, as in a macro."""
    name = re.compile(rf"\b{re.escape(kernel.split('<')[0].split('::')[-1])}\s*\(")
    for i, text in enumerate(source):
        declared = re.split("[{;]", " ".join(source[i : i + 3]), maxsplit=1)[0]
        if "__global__" in text and name.search(declared):
            return i + 1
    return 0


def _draw(
    theme: Theme, rows: Sequence[Row], columns: Sequence[Column], totals: Sequence[float]
) -> Figure:
    from kbk.draw.listing import draw

    return draw(theme, rows, columns, totals)
