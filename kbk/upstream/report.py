"""The outcome of a run as text, for terminals and logs. Verdicts are words; colours repeat them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from kbk.upstream.record import CaseResult, FileResult, FindingResult, Record

_STYLES = {"pass": "bold green", "missing": "yellow", "needs FlashInfer": "yellow"}
_SEVERITIES = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}
_MOST_LINES = 60  # of an error of the compiler

Row = tuple[str, str]  # style and text


def heading(record: Record) -> list[Row]:
    """What was run: commits and versions."""
    versions = record.versions
    return [
        ("bold", f"SGLang {record.sglang}"),
        ("", f"FlashInfer {record.flashinfer}{_pinned(record)}"),
        (
            "dim",
            f"kbk {versions['kbk']}, torch {versions['torch']}, Python {versions['python']}, "
            f"simulated as {versions['arch']}; seed {record.seed}; {record.date}",
        ),
    ]


def _pinned(record: Record) -> str:
    if record.pinned in ("unknown", record.flashinfer):
        return ""
    return f" (this SGLang asks for {record.pinned})"


def file_rows(result: FileResult) -> Iterator[Row]:
    """All about one file."""
    yield "bold", f"{result.key}: {result.title}"
    size = f", {result.lines:,} lines" if result.lines else ""
    yield "", f"  {result.path}{size}: {', '.join(result.functions)}"
    builds = [
        f"{seconds:.1f} s{' to be watched' * (variant == 'traced')}"
        for variant, seconds in result.build_seconds.items()
    ]
    if builds:
        yield "dim", f"  built in {' and '.join(builds)}; all of it took {result.seconds:.0f} s"
    style = _STYLES.get(result.verdict, "bold red")
    yield style, f"  {result.verdict}{_counts(result)}"
    if result.text:
        for line in _cut(result.text):
            yield "", f"    {line}"
    for case in result.cases:
        if not case.known:
            yield from _case_rows(case, result)
    if any(case.findings is not None for case in result.cases):
        yield from _finding_rows(result)
    yield from _known_rows(result)
    yield from _counter_rows(result)


def _counts(result: FileResult) -> str:
    regular = [case for case in result.cases if not case.known]
    if not regular:
        return ""
    right = sum(case.outcome == "right" for case in regular)
    other = sum(case.reordered == "right" for case in regular)
    text = f": {right} of {len(regular)} calls right"
    if other == right:
        return f"{text}, also in another order of threads"
    return f"{text}, {other} in another order of threads"


def _cut(text: str) -> list[str]:
    lines = text.splitlines()
    return [*lines[:_MOST_LINES], *(["..."] if len(lines) > _MOST_LINES else [])]


def _case_rows(case: CaseResult, result: FileResult) -> Iterator[Row]:
    if case.outcome != "right":
        text = "" if f"{case.name}: {case.text}" == result.text else f": {case.text}"
        yield "red", f"    {case.outcome} {case.name}{text}"
        for mistake in case.mistakes:
            for wrong in mistake.worst:
                place = ", ".join(map(str, wrong.index))
                within = f" within {wrong.tolerance}" if wrong.tolerance else ""
                yield (
                    "",
                    f"      {mistake.output}[{place}]: {wrong.got}, not {wrong.expected}{within}",
                )
                if wrong.writer:
                    yield "dim", f"        {wrong.writer}"
        return
    if case.text:
        yield "yellow", f"    {case.name}: {case.text}"
    if case.reordered != "right":
        yield "yellow", f"    {case.name}, in another order of threads: {case.reordered}"
        for line in _cut(case.reordered_text):
            yield "", f"      {line}"


def finding_counts(findings: Sequence[FindingResult], none: str = "nothing found") -> str:
    """ "2 errors, 1 warning"."""
    parts = []
    for severity in _SEVERITIES:
        count = sum(each.severity == severity for each in findings)
        if count:
            parts.append(f"{count} {severity}{'s' * (count > 1)}")
    return ", ".join(parts) or none


def _finding_rows(result: FileResult) -> Iterator[Row]:
    yield "", f"  kbk.sanitize: {finding_counts(result.findings)}"
    for found in result.findings:
        kernel = f" in {found.kernel}" if found.kernel else ""
        of = f"in the call {found.cases[0]}"
        if len(found.cases) > 1:
            of = f"in {len(found.cases)} calls, the first {found.cases[0]}"
        known = "; only in calls about known defects" if found.only_known else ""
        style = _SEVERITIES.get(found.severity, "bold")
        yield style, f"    {found.severity.upper()} {found.kind}{kernel} ({of}{known})"
        for line in (found.excerpts or found.message).splitlines():
            yield "dim" if line.startswith(" " * 8) else "", f"      {line}"


def _known_rows(result: FileResult) -> Iterator[Row]:
    cases = [case for case in result.cases if case.known]
    if not cases:
        return
    yield "", "  known defects"
    for case in cases:
        word = "shown    " if case.shown else "not shown"
        yield "yellow" if case.shown else "green", f"    {word} {case.known}"
        yield "", f"      {case.function}, {case.name}: {observed(case, result)}"


def observed(case: CaseResult, result: FileResult) -> str:
    """What came of a call, in one line of words."""
    told = [f"{case.outcome}{_after(case.text)}"]
    if case.reordered != case.outcome:
        told.append(f"in another order of threads {case.reordered}{_after(case.reordered_text)}")
    kinds = sorted(
        {
            f"{each.severity} {each.kind}"
            for each in result.findings
            if case.name in each.cases and each.severity != "info"
        }
    )
    if case.findings is not None:
        told.append(f"kbk.sanitize: {', '.join(kinds) or 'nothing found'}")
    return "; ".join(told)


def _after(text: str) -> str:
    return f" ({text.splitlines()[0]})" if text else ""


def _counter_rows(result: FileResult) -> Iterator[Row]:
    if not result.launches:
        return
    from kbk.upstream.counters import COUNTERS

    yield "", f"  kbk.profile: {result.shape}"
    for launch in result.launches:
        grid, block = (
            " x ".join(map(str, _without_ones(each))) for each in (launch.grid, launch.block)
        )
        yield "", f"    {launch.kernel}: {grid} blocks of {block} threads"
        values = [
            f"{value:,.4g} {name}"
            if isinstance(value, float) and value % 1
            else f"{value:,.0f} {name}"
            for name, value in ((name, launch.metrics[of]) for name, of in COUNTERS.items())
        ]
        yield "dim", f"      {', '.join(values)}"


def _without_ones(numbers: Sequence[int]) -> list[int]:
    kept = list(numbers)
    while len(kept) > 1 and kept[-1] == 1:
        kept.pop()
    return kept


_HEAD = ("file", "verdict", "calls", "sanitizer", "known defects", "seconds")


def summary_rows(record: Record) -> list[tuple[str, ...]]:
    """A row a file: key, verdict, calls right, findings, known defects that showed, seconds.

    Findings that were made only in calls about known defects are not among the findings.
    """
    rows: list[tuple[str, ...]] = []
    for each in record.files:
        regular = [case for case in each.cases if not case.known]
        known = [case for case in each.cases if case.known]
        right = sum(case.outcome == "right" for case in regular)
        watched = any(case.findings is not None for case in each.cases)
        rows.append(
            (
                each.key,
                each.verdict,
                f"{right}/{len(regular)}" if regular else "",
                finding_counts(
                    [one for one in each.findings if not one.only_known],
                    "nothing in regular calls",
                )
                if watched
                else "",
                f"{sum(bool(case.shown) for case in known)} of {len(known)} shown" if known else "",
                f"{each.seconds:.0f}",
            )
        )
    return rows


def as_text(record: Record) -> str:
    """The whole report, without colours."""
    lines = [text for _, text in heading(record)]
    for each in record.files:
        lines += ["", *(text for _, text in file_rows(each))]
    rows = [_HEAD, *summary_rows(record)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines.append("")
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def as_rich(record: Record) -> list[Text | Table]:
    """The whole report, for a terminal."""
    rows = list(heading(record))
    for each in record.files:
        rows += [("", ""), *file_rows(each)]
    body = Text("\n").join(Text(text, style=style) for style, text in rows)
    table = Table(box=None, pad_edge=False)
    for title in _HEAD:
        table.add_column(title)
    for row in summary_rows(record):
        table.add_row(row[0], Text(row[1], style=_STYLES.get(row[1], "bold red")), *row[2:])
    return [body, Text(""), table]
