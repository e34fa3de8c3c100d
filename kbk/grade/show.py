"""A report as text for terminals and logs, and as HTML for notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from rich.text import Text

from kbk.grade.report import CheckResult, Report

_MARKS = {"pass": "ok  ", "not-run": "-   "}
_STYLES = {"pass": "green", "not-run": "dim", "not-attempted": "yellow"}
_COLORS = {"pass": "#117733", "not-run": "#666666", "not-attempted": "#8a6d00"}
_BAD = "#b03000"


def summary(report: Report) -> str:
    """One line: id, title, verdict, points."""
    return (
        f"{report.exercise} {report.title}: {report.verdict}, "
        f"{report.earned} of {report.points} points"
    )


def _check_line(check: CheckResult) -> str:
    mark = _MARKS.get(check.verdict, "FAIL")
    points = f"{check.earned}/{check.points}" if check.points else ""
    told = bool(check.cases) and not check.ok and check.verdict != "not-run"
    cases = f"({check.passed} of {check.cases} cases right)" if told else ""
    verdict = "" if check.ok else check.verdict
    return f"  {mark} {check.name:<34} {points:>6}  {verdict} {cases}".rstrip()


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


def _rows(report: Report) -> Iterator[tuple[str, str]]:
    """Style and text of each line."""
    style = _STYLES.get(report.verdict, "bold red")
    yield f"bold {style}".replace("bold bold", "bold"), summary(report)
    for check in report.checks:
        yield _STYLES.get(check.verdict, "red"), _check_line(check)
    failed = report.failed
    if failed is not None and failed.message:
        yield "", ""
        yield "bold", f"{failed.verdict}, in the check {failed.name!r}"
        for line in failed.message.splitlines():
            yield "", f"  {line}"
        for line in excerpt(report, failed.line):
            yield "dim", line
    if report.printed.strip() and failed is not None:
        yield "", ""
        yield "dim", "  printed by the submission:"
        lines = [line for line in report.printed.strip().splitlines() if not _is_noise(line)]
        if len(lines) > 24:
            lines = [*lines[:12], f"... ({len(lines) - 24:,} lines more) ...", *lines[-12:]]
        for line in lines:
            yield "dim", f"    {line[:200]}"
    if report.verdict == "not-attempted":
        yield "", ""
        yield "yellow", f"  {report.unedited}"
    elif failed is not None and failed.verdict != "cannot-grade":
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


def _is_noise(line: str) -> bool:
    """Whether torch printed it about a C++ exception that the verdict speaks of anyway."""
    return line.startswith(("frame #", "Exception raised from")) or "shim_common.cpp" in line


def as_text(report: Report) -> str:
    """The report as plain text."""
    return "\n".join(text for _, text in _rows(report))


def as_rich(report: Report) -> Text:
    """The report with colours, for a terminal."""
    return Text("\n").join(Text(text, style=style) for style, text in _rows(report))


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
    ]
    lines = [text for _, text in _rows(report)][1 + len(report.checks) :]
    if any(line.strip() for line in lines):
        parts.append(f"<pre style='white-space:pre-wrap'>{escape(chr(10).join(lines))}</pre>")
    return "".join(parts)
