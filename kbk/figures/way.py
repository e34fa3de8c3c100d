"""The way of one line of a source: translated, built twice, run, and told to the checkers.

The picture takes the colour of the text around it, so it is one picture for light and dark pages.
The two builds differ in the kind of their border and in words, not in colour alone.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbk.draw.show import data_uri, figure_text, framed, in_notebook

if TYPE_CHECKING:
    from kbk.sanitizer.session import Sanitizer

HEAD = ("stage", "what it does", "in this run")
_WIDTH, _HEIGHT, _COLUMNS = 760, 476, 84
_BLUE, _ORANGE = "#2f8fd0", "#d97e00"  # seen on white and on black


@dataclass(frozen=True)
class Way:
    """One line of a source and what became of it.

    Attributes:
        file, line: the line that is followed.
        before, after: its text as written and as translated.
        compiler: that built it.
        launches, accesses, findings: of the calls inside ``kbk.sanitize()``.
    """

    file: str
    line: int
    before: str
    after: str
    compiler: str
    launches: int
    accesses: int
    findings: int


def follow(source: str, file: str, line: int, session: Sanitizer) -> Way:
    """Follow a line of a source whose ops were called inside a session.

    Args:
        source: CUDA C++; file: its name in messages; line: which one, from 1.
        session: of ``kbk.sanitize()``, after its block.

    Raises:
        ValueError: the source has no such line.
    """
    from kbk.build.toolchain import host_compiler
    from kbk.sanitizer.history import AFTER, CONTINUES, MEETING
    from kbk.sim import translate

    lines = source.splitlines()
    if not 1 <= line <= len(lines):
        raise ValueError(f"line must be 1 to {len(lines)}; it was {line}")
    accesses = 0
    for launch in session.launches:
        records = launch.records
        first = (records["marks"] & (CONTINUES | AFTER)) == 0
        accesses += int((first & (records["access"] < MEETING)).sum())
    return Way(
        file,
        line,
        lines[line - 1].strip(),
        translate(source, file).text.splitlines()[line - 1].strip(),
        host_compiler().family,
        len(session.launches),
        accesses,
        len(session.findings),
    )


def stages(way: Way) -> list[tuple[str, str, str]]:
    """The stages with what each does and what it did here."""
    checked = _many(way.findings, "finding")
    call = "a call before each access"
    return [
        ("your source", "CUDA C++", f"{way.file}, line {way.line}: {way.before}"),
        ("translator", "rewrites what headers cannot supply", f"line {way.line}: {way.after}"),
        ("plain build", f"{way.compiler} -O2", "run by an ordinary call"),
        ("traced build", f"{way.compiler} -O2 -fsanitize=thread: {call}", "run in kbk.sanitize()"),
        ("runtime", "threads as fibers, barriers, shared memory, copies of tensors", _seen(way)),
        ("checkers", "bounds, alignment, first writes, barriers, races, history", checked),
    ]


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def _accesses(way: Way) -> str:
    return _many(way.accesses, "access", "accesses")


def _seen(way: Way) -> str:
    return f"{_many(way.launches, 'launch', 'launches')}, {_accesses(way)}"


class _Drawing:
    """Boxes, arrows and text of an SVG that has the ink of the page around it."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def box(self, x: int, y: int, width: int, lines: Sequence[str], look: str = "") -> None:
        """A box with a title and lines of text under it; `look` is the style of its border."""
        height = 26 + 17 * (len(lines) - 1)
        style = look or "stroke:currentColor"
        self._parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="5" '
            f'style="fill:none;stroke-width:1.8;{style}"/>'
        )
        for number, line in enumerate(lines):
            weight = ' font-weight="700"' if number == 0 else ""
            self.text(x + 12, y + 18 + 17 * number, line, weight)

    def text(self, x: int, y: int, text: str, attributes: str = "") -> None:
        mono = ' font-family="monospace" font-size="12"' if text.startswith("\t") else ""
        shown = html.escape(text.strip("\t")).replace(" ", "\u00a0")
        self._parts.append(f'<text x="{x}" y="{y}"{mono}{attributes}>{shown}</text>')

    def arrow(self, x1: int, y1: int, x2: int, y2: int) -> None:
        """A line whose head points down."""
        self._parts.append(
            f'<path d="M{x1} {y1}L{x2} {y2 - 6}" style="stroke:currentColor;stroke-width:1.5"/>'
            f'<path d="M{x2 - 5} {y2 - 8}h10l-5 8z" style="fill:currentColor"/>'
        )

    def svg(self, title: str) -> str:
        """The whole, with a name for those who do not see it."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
            f'aria-label="{html.escape(title, quote=True)}" font-family="system-ui, sans-serif" '
            'font-size="13" fill="currentColor" '
            'style="display:block;width:100%;min-width:40rem;max-width:52rem;margin:auto">'
            + "".join(self._parts)
            + "</svg>"
        )


def _code(text: str, columns: int = _COLUMNS) -> str:
    """A line of code that fits, marked to be set in one width."""
    text = " ".join(text.split())
    return "\t" + (text if len(text) <= columns else text[: columns - 2] + " …")


def draw(way: Way) -> str:
    """The picture as SVG."""
    d = _Drawing()
    d.box(30, 4, 700, [f"Your source: {way.file}, line {way.line}", _code(way.before)])
    d.arrow(380, 48, 380, 72)
    d.box(30, 72, 700, ["Translator: the same line, in C++ for the CPU", _code(way.after)])
    d.arrow(200, 116, 200, 148)
    d.arrow(480, 116, 480, 148)
    plain = ["Plain build", f"\t{way.compiler} -O2", "as it is"]
    traced = [
        "Traced build",
        f"\t{way.compiler} -O2 -fsanitize=thread",
        "a call before each access",
    ]
    d.box(30, 148, 330, plain, f"stroke:{_BLUE}")
    d.box(400, 148, 330, traced, f"stroke:{_ORANGE};stroke-dasharray:7 4")
    d.arrow(200, 209, 200, 252)
    d.arrow(480, 209, 480, 252)
    d.text(210, 234, "an ordinary call")
    d.text(490, 234, "a call inside kbk.sanitize()")
    runtime = ["Runtime", "threads as fibers · barriers · shared memory · copies of your tensors"]
    d.box(30, 252, 700, runtime)
    d.arrow(200, 296, 200, 344)
    d.arrow(480, 296, 480, 344)
    d.text(210, 324, "what the kernel wrote")
    d.text(490, 324, _seen(way))
    d.box(30, 344, 330, ["Your tensors", "if the launch came to its end"])
    checkers = [
        "Checkers, each by itself",
        "bounds · alignment · first writes",
        "barriers · races · history",
    ]
    d.box(400, 344, 330, checkers, f"stroke:{_ORANGE};stroke-dasharray:7 4")
    d.arrow(480, 405, 480, 446)
    d.text(490, 430, "s.findings")
    d.text(440, 466, f"{_many(way.findings, 'finding')} in this run", ' font-weight="700"')
    return d.svg(describe(way))


def describe(way: Way) -> str:
    """The picture in words."""
    return (
        "Boxes from top to bottom: your source, the translator, two builds side by side (plain; "
        "traced, with a call before each access), the runtime that both run on, and below it your "
        f"tensors and the checkers. The line {way.before} becomes {way.after}. Inside "
        f"kbk.sanitize() the runtime told the checkers of {_accesses(way)}; "
        f"they reported {_many(way.findings, 'finding')}."
    )


def way_of_a_source(way: Way) -> None:
    """Show the picture with caption, the same as a table, and the SVG to download."""
    caption = (
        "One source, two builds, one runtime. In this run the traced build told the checkers of "
        f"{_accesses(way)} in {_many(way.launches, 'launch', 'launches')}; they reported "
        f"{_many(way.findings, 'finding')}."
    )
    rows = stages(way)
    if not in_notebook():
        print(figure_text(caption, HEAD, rows))
        return
    from IPython.display import HTML, display

    svg = draw(way)
    page = framed(svg, caption, HEAD, rows, data_uri(svg.encode()))
    display(HTML(page))  # type: ignore[no-untyped-call]
