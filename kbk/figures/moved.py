"""F02.1: ways to do an op: each kernel below the memory that it reads and writes, with bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbk.draw.canvas import Canvas
from kbk.draw.picture import Picture
from kbk.draw.sheet import WIDTH, text_width
from kbk.draw.theme import Theme
from kbk.errors import ArgumentError
from kbk.profiler.launch import ProfiledLaunch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAD = ("way", "kernel", "tensor", "bytes read", "bytes written")
_LEFT, _HIGH, _BAND, _ARROW, _KERNEL = 0.05, 1.62, 0.3, 0.62, 0.3
_LONG = 0.2  # inches of an arrow between the words on it and what it leads to
_READ, _WRITTEN = "kbk__bytes_requested_ld.sum", "kbk__bytes_requested_st.sum"


@dataclass(frozen=True)
class Flow:
    """What one kernel moved of one tensor, in bytes."""

    way: str
    kernel: str
    tensor: str
    read: int
    written: int


def flows(ways: Mapping[str, Sequence[ProfiledLaunch]]) -> list[Flow]:
    """The bytes that each kernel asked for, by tensor, in the order of the launches."""
    found = []
    for way, launches in ways.items():
        for launch in launches:
            for each in launch.arguments:
                if each.number is None:
                    continue
                counted = launch.metrics_of(each.name)
                read, written = int(counted[_READ]), int(counted[_WRITTEN])
                if read or written:
                    found.append(Flow(way, short(launch.kernel), each.name, read, written))
    return found


def short(kernel: str) -> str:
    """The name of a kernel without its parameters and template arguments."""
    return kernel.partition("(")[0].partition("<")[0].split()[-1]


def bytes_moved(ways: Mapping[str, Sequence[ProfiledLaunch]], needed: int) -> Picture:
    """F02.1: every kernel of each way with arrows from and to memory, and the bytes on them.

    Args:
        ways: name -> the launches of one call, of ``kbk.profile()``.
        needed: bytes that the op must read and write.

    Raises:
        ArgumentError: there is no way, or one has no launch that moved a byte.
    """
    found = flows(ways)
    for way in ways:
        if not any(each.way == way for each in found):
            raise ArgumentError(f"bytes_moved: the launches of {way!r} moved no byte of a tensor.")
    if not found or needed <= 0:
        raise ArgumentError(f"bytes_moved: needed must be above 0, and ways not empty; {needed}.")
    totals = {way: _total(found, way) for way in ways}
    said = [
        f"{way}: {len(ways[way])} launch{'es' * (len(ways[way]) > 1)}, {total:,} bytes, "
        f"{total / needed:.2f} times the {needed:,} that are needed"
        for way, total in totals.items()
    ]
    alt = "Memory above, kernels below. " + "; ".join(
        f"{each.way}, {each.kernel}: {verb} {count:,} bytes of {each.tensor}"
        for each in found
        for verb, count in (("reads", each.read), ("writes", each.written))
        if count
    )
    rows = [[f.way, f.kernel, f.tensor, f"{f.read:,}", f"{f.written:,}"] for f in found]
    caption = "; ".join(said) + ". Each arrow is what a kernel asks for of one tensor."
    return Picture(caption, alt + ".", HEAD, rows, lambda theme: _draw(theme, found, totals))


def _total(found: Sequence[Flow], way: str) -> int:
    return sum(each.read + each.written for each in found if each.way == way)


def _draw(theme: Theme, found: Sequence[Flow], totals: Mapping[str, int]) -> Figure:
    sheet = Canvas(theme, _HIGH * len(totals) - 0.06)
    most = max(len(_kernels(found, way)) for way in totals)
    width = (WIDTH - 2 * _LEFT) / most
    for at, (way, total) in enumerate(totals.items()):
        top = at * _HIGH
        sheet.text(_LEFT, top + 0.12, way, bold=True)
        sheet.text(WIDTH - _LEFT, top + 0.12, f"{total:,} bytes", at="right middle")
        kernels = _kernels(found, way)
        across = width * len(kernels)
        memory = top + 0.24
        sheet.box(_LEFT, memory, across - 0.1, _BAND, theme.fill(0))
        names = {each.tensor for each in found if each.way == way}
        text = "memory: " + ", ".join(sorted(names))
        sheet.text(
            _LEFT + 0.1, memory + _BAND / 2, text, color=theme.fill(0).text, ground="#56B4E9"
        )
        for number, kernel in enumerate(kernels):
            left = _LEFT + number * width
            _kernel(sheet, left, memory + _BAND, width - 0.1, kernel, found, way)
    return sheet.figure


def _kernels(found: Sequence[Flow], way: str) -> list[str]:
    return list(dict.fromkeys(each.kernel for each in found if each.way == way))


def _kernel(
    sheet: Canvas,
    left: float,
    top: float,
    width: float,
    kernel: str,
    found: Sequence[Flow],
    way: str,
) -> None:
    """A kernel's box, and its arrows up to the memory and down from it."""
    theme, bottom = sheet.theme, top + _ARROW
    sheet.box(left, bottom, width, _KERNEL)
    sheet.text(left + width / 2, bottom + _KERNEL / 2, kernel, at="center middle", mono=True)
    arrows = []
    for each in found:
        if (each.way, each.kernel) == (way, kernel):
            arrows += [(f"{each.tensor}: {each.read:,} B", True)] * (each.read > 0)
            arrows += [(f"{each.tensor}: {each.written:,} B", False)] * (each.written > 0)
    arrows.sort(key=lambda arrow: not arrow[1])
    for number, (text, down) in enumerate(arrows):
        x = left + width * (number + 0.5) / len(arrows)
        if down:
            sheet.arrow((x, top + 0.02), (x, bottom - 0.02))
        else:
            sheet.arrow((x, bottom - 0.02), (x, top + 0.02), style="--")
        narrow = text_width(text) > width / len(arrows) - 0.1
        lines = text.split(": ") if narrow else [text]
        for line, words in enumerate(lines):
            y = top + _ARROW / 2 + 0.14 * (line - (len(lines) - 1) / 2)
            sheet.text(x, y, words, at="center middle", ground=theme.paper)
