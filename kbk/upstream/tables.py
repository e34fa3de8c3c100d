"""The newest record of `kbk upstream` as tables of a page: verdicts, findings, counters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kbk.bench.page import in_notebook, show_table
from kbk.draw.show import table_html
from kbk.paths import MEASUREMENTS
from kbk.upstream.checkout import LAYOUTS
from kbk.upstream.counters import COUNTERS
from kbk.upstream.places import Places
from kbk.upstream.record import CaseResult, FileResult, FindingResult, Record, newest
from kbk.upstream.report import finding_counts
from kbk.upstream.shown import show_html, small

FOLDER = MEASUREMENTS / "upstream"

VERDICTS = ("file", "lines", "functions", "verdict", "calls right", "kbk.sanitize")
DEFECTS = ("file", "what was suspected", "calls that showed it", "what became of them")
FINDINGS = ("where", "what", "what it means", "in calls")
COUNTED = ("kernel", "call", *COUNTERS)
ON_GPU = ("file", "calls right", "calls right under racecheck, and its hazards")

_ISSUE = re.compile(r"(?<![\w/])([\w.-]+/[\w.-]+)#(\d+)")

Rows = list[list[str]]


def told(record: Record) -> str:
    """Where the tables come from."""
    versions = record.versions
    return (
        f"Recorded {record.date[:10]} with kbk {versions['kbk']} (commit "
        f"{versions['commit'][:12]}), SGLang {record.sglang[:12]}, "
        f"FlashInfer {record.flashinfer[:12]}."
    )


def verdict_rows(record: Record) -> Rows:
    """A row a file."""
    rows = []
    for each in record.files:
        regular = [case for case in each.cases if not case.known]
        right = sum(case.outcome == "right" for case in regular)
        found = [one for one in each.findings if not one.only_known]
        rows.append(
            [
                each.path,
                f"{each.lines:,}",
                ", ".join(each.functions),
                each.verdict,
                f"{right} of {len(regular)}",
                finding_counts(found, "nothing in regular calls"),
            ]
        )
    return rows


def defect_rows(record: Record) -> Rows:
    """A row for each suspected defect of a file: in how many calls it showed, and as what."""
    rows = []
    for result in record.files:
        suspected: dict[str, list[CaseResult]] = {}
        for case in result.cases:
            if case.known:
                suspected.setdefault(case.known, []).append(case)
        for known, cases in suspected.items():
            shown = sum(bool(case.shown) for case in cases)
            seen = dict.fromkeys(_seen(case, result) for case in cases)
            rows.append([result.path, known, f"{shown} of {len(cases)}", "; or ".join(seen)])
    return rows


def _seen(case: CaseResult, result: FileResult) -> str:
    """What came of a call, in a few words."""
    told = [case.outcome]
    if case.reordered != case.outcome:
        told.append(f"{case.reordered} in another order of threads")
    kinds = dict.fromkeys(
        f"{each.severity} {each.kind}"
        for each in result.findings
        if case.name in each.cases and each.severity != "info"
    )
    if case.findings is not None:
        told.append(f"kbk.sanitize: {', '.join(kinds) or 'nothing found'}")
    return "; ".join(told)


def finding_rows(record: Record) -> Rows:
    """A row for each error and warning: where, what, what it means, and in which calls."""
    return [
        [
            _where(each, result),
            f"{each.severity}: {each.kind}",
            each.message.splitlines()[-1],
            _calls(each, result),
        ]
        for result in record.files
        for each in result.findings
        if each.severity != "info"
    ]


def _where(found: FindingResult, result: FileResult) -> str:
    places = [(found.file, found.line), (found.other_file, found.other_line)]
    named = [f"{file}:{line}" for file, line in places if file is not None]
    return " and ".join(dict.fromkeys(named)) or result.path


def _calls(found: FindingResult, result: FileResult) -> str:
    known = {case.name for case in result.cases if case.known}
    suspected = sum(name in known for name in found.cases)
    others = len(found.cases) - suspected
    parts = [f"{others} regular" if others else "", f"{suspected} suspected" if suspected else ""]
    return ", ".join(filter(None, parts))


def counter_rows(record: Record) -> Rows:
    """A row for each launch of the profiled call of each file."""
    return [
        [launch.kernel.partition("<")[0], each.shape, *_numbers(launch.metrics)]
        for each in record.files
        for launch in each.launches
    ]


def _numbers(metrics: dict[str, float]) -> list[str]:
    return [
        f"{metrics[name]:,.0f}" if metrics[name] == int(metrics[name]) else f"{metrics[name]:.3g}"
        for name in COUNTERS.values()
    ]


def verdicts(folder: Path = FOLDER) -> None:
    """Show what became of each of the files."""
    _show(VERDICTS, verdict_rows, folder)


def gpu_rows(data: dict[str, Any]) -> Rows:
    """A row a file: calls right on a GPU, and under racecheck where that was asked."""
    rows = []
    for key, told in data.items():
        under = told.get("under_racecheck")
        words = "" if under is None else f"{under['right']} of {under['calls']}"
        if under is not None:
            words += f"; {under['errors']:,} errors, {under['warnings']:,} warnings"
        rows.append([key, f"{told['right']} of {told['calls']}", words])
    return rows


def on_gpu(folder: Path = FOLDER) -> None:
    """Show how the same calls went on a GPU."""
    records = sorted(folder.glob("on_gpu.*.json"))
    if not records:
        print("There is no record of a GPU here: the book shows one.")
        return
    record = json.loads(records[-1].read_text())
    where = record["provenance"]
    small(f"Recorded {where['date'][:10]} on an {where['gpu']}, SGLang {where['sglang'][:12]}.")
    show_table(ON_GPU, gpu_rows(record["data"]))


def defects(folder: Path = FOLDER) -> None:
    """Show which suspected defects showed."""
    _show(DEFECTS, defect_rows, folder)


def findings(folder: Path = FOLDER) -> None:
    """Show the errors and warnings that kbk.sanitize found in them."""
    _show(FINDINGS, finding_rows, folder)


def counters(folder: Path = FOLDER) -> None:
    """Show what the profiled call of each file asks of memory."""
    _show(COUNTED, counter_rows, folder)


def _show(head: Sequence[str], rows_of: Callable[[Record], Rows], folder: Path) -> None:
    record = newest(folder)
    if record is None:
        print("There is no record of kbk upstream here: the book shows one.")
        return
    rows = rows_of(record)
    small(told(record))
    if in_notebook():
        show_html(linked(table_html(head, rows), record))
    else:
        show_table(head, rows)


def linked(table: str, record: Record) -> str:
    """A table as HTML with links: lines of the sources, files, issues."""
    places = Places(record.sglang, LAYOUTS[0])
    text = places.linked(table, escape=False)
    for each in record.files:
        link = f'<td><a href="{places.address(each.path)}">{each.path}</a></td>'
        text = text.replace(f"<td>{each.path}</td>", link)
    text = _ISSUE.sub(r'<a href="https://github.com/\1/issues/\2">\1#\2</a>', text)
    return re.sub(r"(?<=\w[/_])(?=\w+[^<>\"]*</)", "<wbr>", text)
