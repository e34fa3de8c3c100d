"""A report as text for terminals and logs, and as HTML for notebooks."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterator, Sequence
from html import escape

from rich.text import Text

from kbk.grade.compare import Worst
from kbk.grade.report import CheckResult, Report

_MARKS = {"pass": "ok  ", "not-run": "-   "}
_STYLES = {"pass": "green", "not-run": "dim", "not-attempted": "yellow"}
_COLORS = {"pass": "#117733", "not-run": "#666666", "not-attempted": "#8a6d00"}
_BAD = "#b03000"
_TABLE = "none"  # a style of rich's: no other line has it


def summary(report: Report) -> str:
    """One line: id, title, verdict, points."""
    return (
        f"{report.exercise} {report.title}: {report.verdict}, "
        f"{report.earned} of {report.points} points"
    )


def _check_lines(check: CheckResult, width: int | None, room: int = 34) -> list[str]:
    """The mark, the name, the points and the verdict of a check; two lines where one is short."""
    mark = _MARKS.get(check.verdict, "FAIL")
    points = f"{check.earned}/{check.points}" if check.points else ""
    told = bool(check.cases) and not check.ok and check.verdict != "not-run"
    cases = f"({check.passed} of {check.cases} cases right)" if told else ""
    verdict = "" if check.ok else check.verdict
    line = f"  {mark} {check.name:<{room}} {points:>6}  {verdict} {cases}".rstrip()
    if width is None or len(line) <= width:
        return [line]
    first = textwrap.wrap(f"{mark} {check.name}", width - 2, subsequent_indent="     ")
    rest = " ".join(each for each in (points, verdict, cases) if each)
    second = textwrap.wrap(rest, max(width - 7, 10))
    return [*(f"  {each}" for each in first), *(f"       {each}" for each in second)]


def worst_table(rows: Sequence[Worst], width: int | None = None) -> list[str]:
    """The worst elements as a table of text, with an aligned head; nothing without rows.

    Args:
        rows: of a check.
        width: columns of the terminal; where they do not suffice, who wrote an element stands on a
            line of its own. None: any.
    """
    if not rows:
        return []
    head = ["element", "expected", "got", "|error|", "allowed"]
    cells = [[r.element, r.expected, r.got, r.error or "-", r.allowed or "0"] for r in rows]
    shown = 5 if any(r.error for r in rows) else 3
    head, cells = head[:shown], [each[:shown] for each in cells]
    sizes = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    lines = []
    for line in (head, *cells):
        first, *others = (each.ljust if at == 0 else each.rjust for at, each in enumerate(line))
        texts = [first(sizes[0]), *(put(n) for put, n in zip(others, sizes[1:], strict=True))]
        lines.append("  " + "  ".join(texts))
    if width is not None and len(lines[0]) > width:
        return [line for row in rows for line in _stacked(row, width)]
    writers = [row.writer for row in rows]
    if any(writers):
        beside = len(lines[0]) + 2 + max(map(len, ("written by", *writers)))
        if width is None or beside <= width:
            return [
                f"{line}  {who}" for line, who in zip(lines, ["written by", *writers], strict=True)
            ]
        body = [
            part
            for line, who in zip(lines[1:], writers, strict=True)
            for part in (line, f"    written by {who}")
        ]
        return [lines[0], *body]
    return lines


def _stacked(row: Worst, width: int) -> list[str]:
    """A wrong element as a few lines, where a table has no room."""
    facts = [f"expected {row.expected}", f"got {row.got}"]
    if row.error:
        facts.append(f"|error| {row.error}, allowed {row.allowed or '0'}")
    if row.writer:
        facts.append(f"written by {row.writer}")
    parts = [part for each in facts for part in wrapped(f"    {each}", width, "  ")]
    return [f"  {row.element}", *parts]


def excerpt(report: Report, line: int | None, around: int = 2) -> list[str]:
    """The lines of the source around ``line``, which is marked with an arrow."""
    rows = report.source.splitlines()
    if line is None or not 1 <= line <= len(rows):
        return []
    first, last = max(line - around, 1), min(line + around, len(rows))
    return [
        f"  {'-->' if number == line else '   '} {number:>4} | {rows[number - 1]}"
        for number in range(first, last + 1)
    ]


def rows_of(
    report: Report, width: int | None = None, *, commands: bool = True
) -> Iterator[tuple[str, str]]:
    """Style and text of each line.

    Args:
        report: what to show.
        width: columns that a line may have; None does not break lines.
        commands: whether to name the commands with which to go on.
    """
    style = _STYLES.get(report.verdict, "bold red")
    for line in wrapped(summary(report), width, ""):
        yield f"bold {style}".replace("bold bold", "bold"), line
    room = min(max((len(check.name) for check in report.checks), default=0), 34) if width else 34
    for check in report.checks:
        for line in _check_lines(check, width, room):
            yield _STYLES.get(check.verdict, "red"), line
    for line in wrapped(f"  {report.note}", width, "  ") if report.note else ():
        yield "dim", line
    yield from _evidence(report, width, commands)


def _evidence(report: Report, width: int | None, commands: bool) -> Iterator[tuple[str, str]]:
    """The first check that failed: what happened, where, and how to go on."""
    failed = report.failed
    for note in report.notes:
        yield "", ""
        yield "bold yellow", "a warning, which costs no points:"
        for row in note.splitlines():
            for line in wrapped(f"  {row}", width, "  "):
                yield "", line
    if failed is not None and failed.message:
        yield "", ""
        for line in wrapped(f"{failed.verdict}, in the check {failed.name!r}", width, ""):
            yield "bold", line
        for row in failed.message.splitlines():
            for line in wrapped(f"  {row}", width, "  "):
                yield "", line
        for line in worst_table(failed.worst, width):
            yield _TABLE, line
        for line in wrapped(f"  {failed.diagnosis}", width, "  ") if failed.diagnosis else ():
            yield "bold", line
        shown = f"{failed.line} |" in failed.message  # a compiler shows the line itself
        for line in () if shown else excerpt(report, failed.line):
            yield "dim", _cut(line, width)
    if report.printed.strip() and failed is not None:
        yield "", ""
        yield "dim", "  printed by the submission:"
        lines = [line for line in report.printed.strip().splitlines() if not _is_noise(line)]
        if len(lines) > 24:
            lines = [*lines[:12], f"... ({len(lines) - 24:,} lines more) ...", *lines[-12:]]
        for line in lines:
            yield "dim", _cut(f"    {line[:200]}", width)
    if report.verdict == "not-attempted":
        yield "", ""
        for line in wrapped(f"  {report.unedited}", width, "  "):
            yield "yellow", line
    elif commands and failed is not None and failed.verdict != "cannot-grade":
        yield "", ""
        name, seed = report.exercise, report.seed
        if report.cell:
            yield (
                "dim",
                f'  a hint: kbk.hint("{name}")   the same inputs: kbk.check(..., seed={seed})',
            )
        else:
            yield "dim", f"  a hint:          kbk hint {name}"
            yield "dim", f"  the same inputs: kbk check {name} --seed {seed}"


def wrapped(line: str, width: int | None, indent: str = "") -> list[str]:
    """A line as lines of at most ``width`` columns; a word that is longer stays whole."""
    if width is None or len(line) <= width:
        return [line]
    inner = indent + " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(
        line, width, subsequent_indent=inner, break_long_words=False, break_on_hyphens=False
    ) or [line]


def _cut(line: str, width: int | None) -> str:
    return line if width is None or len(line) <= width else f"{line[: width - 1]}…"


def _is_noise(line: str) -> bool:
    """Whether torch printed it about a C++ exception that the verdict speaks of anyway."""
    return line.startswith(("frame #", "Exception raised from")) or "shim_common.cpp" in line


def as_text(report: Report, width: int | None = None) -> str:
    """The report as plain text, in lines of at most ``width`` columns."""
    return "\n".join(text for _, text in rows_of(report, width))


def as_rich(report: Report, width: int | None = None) -> Text:
    """The report with colours, for a terminal of so many columns."""
    return Text("\n").join(Text(text, style=style) for style, text in rows_of(report, width))


def as_html(report: Report) -> str:
    """The report as a fragment of HTML: a heading, a table of checks, the evidence."""
    color = _COLORS.get(report.verdict, _BAD)
    rows = "".join(
        f"<tr><td>{escape(_MARKS.get(check.verdict, 'FAIL').strip())}</td>"
        f"<td style='text-align:left'>{escape(check.name)}</td>"
        f"<td>{check.earned}/{check.points}</td>"
        f"<td style='text-align:left'>{escape('' if check.ok else check.verdict)}</td></tr>"
        for check in report.checks
    )
    parts = [
        f"<p><strong style='color:{color}'>{escape(summary(report))}</strong></p>",
        "<table><thead><tr><th></th><th style='text-align:left'>check</th><th>points</th>"
        f"<th style='text-align:left'>verdict</th></tr></thead><tbody>{rows}</tbody></table>",
        *([f"<p>{escape(report.note)}</p>"] if report.note else []),
    ]
    for is_table, group in itertools.groupby(
        _evidence(report, None, True), lambda row: row[0] == _TABLE
    ):
        lines = [text for _, text in group]
        if is_table and report.failed is not None:
            parts.append(_worst_html(report.failed.worst))
        elif any(line.strip() for line in lines):
            parts.append(f"<pre style='white-space:pre-wrap'>{escape(chr(10).join(lines))}</pre>")
    return "".join(parts)


def _worst_html(rows: Sequence[Worst]) -> str:
    """The worst elements as a table of HTML."""
    titles = ("element", "expected", "got", "|error|", "allowed", "written by")
    head = "".join(f"<th scope='col'>{each}</th>" for each in titles)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(each)}</td>" for each in cells) + "</tr>"
        for row in rows
        for cells in [
            (row.element, row.expected, row.got, row.error, row.allowed or "0", row.writer)
        ]
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
