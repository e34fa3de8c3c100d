"""Runs the files one by one, each in processes of its own, and says what became of them."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timezone
from typing import Any

from kbk.upstream import checkout as checkouts
from kbk.upstream.case import Case, Target
from kbk.upstream.checkout import Checkout
from kbk.upstream.record import (
    CaseResult,
    FileResult,
    FindingResult,
    LaunchCounters,
    Record,
    WrongElement,
    mistake_of,
)
from kbk.upstream.watch import Limits, Outcome, watch

Told = Callable[[Target, str], None]
"""Hears what a file is at: the target, and a word or two."""

_WORST = ("crash", "hang", "launch-error", "race", "wrong-answer", "refused")
"""Outcomes of cases, the gravest first: a file's verdict is the gravest of its cases."""


def run(
    checkout: Checkout,
    targets: Sequence[Target],
    seed: int = 0,
    limits: Limits | None = None,
    told: Told = lambda target, what: None,
) -> Record:
    """Run targets of a checkout.

    Args:
        checkout: where their files are.
        targets: which.
        seed: of the inputs, and of the other order of threads.
        limits: of time.
        told: hears how it goes.
    """
    date = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    files = [run_file(checkout, each, seed, limits or Limits(), told) for each in targets]
    flashinfer = checkout.flashinfer.commit if checkout.flashinfer else "none"
    return Record(date, seed, _versions(), checkout.commit, flashinfer, checkout.pinned, files)


def run_file(
    checkout: Checkout, target: Target, seed: int, limits: Limits, told: Told
) -> FileResult:
    """Run one target."""
    file = checkout.file(target.path)
    path = file.relative_to(checkout.root).as_posix()
    result = FileResult(target.key, target.title, path, list(target.functions), shape=target.shape)
    if not file.is_file():
        return replace(result, text=f"there is no {path} in {checkout.root}")
    result = replace(
        result, lines=checkouts.lines(file), sha256=checkouts.digest(file), verdict="pass"
    )
    if target.flashinfer and checkout.flashinfer is None:
        text = f"it includes headers of FlashInfer: {checkout.advice}"
        return replace(result, verdict="needs FlashInfer", text=text)
    job = {
        "key": target.key,
        "file": str(file),
        "folders": [str(folder) for folder in checkout.folders],
        "seed": seed,
    }
    begin = time.monotonic()
    told(target, "build")
    outcome = watch(job, limits, lambda event: _tell(told, target, event))
    result = summed(result, target, outcome, Names(checkout))
    return replace(result, seconds=round(time.monotonic() - begin, 2))


def _tell(told: Told, target: Target, event: dict[str, Any]) -> None:
    if event["event"] == "begin":
        told(target, f"{_PHASES[event['phase']]}{event['case']}")
    elif event["event"] == "built":
        told(target, f"built in {event['seconds']} s")


_PHASES = {
    "plain": "",
    "reordered": "in another order: ",
    "checked": "kbk.sanitize: ",
    "counted": "kbk.profile: ",
}


_RACING = "kbk.sanitize found a race in this call: what comes out depends on the order of threads"


class Names:
    """Names files as they are called in a checkout, wherever that lies."""

    def __init__(self, checkout: Checkout) -> None:
        roots = [checkout.root, *([checkout.flashinfer.root] if checkout.flashinfer else [])]
        self._roots = [f"{root}/" for root in roots]

    def __call__(self, text: str) -> str:
        for root in self._roots:
            text = text.replace(root, "")
        return text

    def file(self, name: str | None) -> str | None:
        """The same of a file's name."""
        return None if name is None else self(name)


def summed(result: FileResult, target: Target, outcome: Outcome, names: Names) -> FileResult:
    """A file's result from what its workers told."""
    builds: dict[str, float] = {}
    ends: dict[tuple[str, str], dict[str, Any]] = {}
    for event in outcome.events:
        if event["event"] == "stopped":
            return replace(
                result,
                verdict=event["verdict"],
                text=names(event["text"]),
                file=names.file(event["file"]),
                line=event["line"],
            )
        if event["event"] == "built":
            builds.setdefault(event["variant"], event["seconds"])
        elif event["event"] == "untraced":
            result = replace(result, text=f"kbk.sanitize cannot watch it: {names(event['text'])}")
        elif event["event"] == "end":
            ends[event["phase"], event["case"]] = event
    if outcome.died is not None:
        verdict, text = outcome.died
        return replace(result, verdict=verdict, text=names(text), build_seconds=builds)
    cases = [_case(each, ends, outcome, names) for each in target.cases]
    verdict, text = _verdict(cases)
    return replace(
        result,
        verdict=verdict,
        text=text or result.text,
        build_seconds=builds,
        cases=cases,
        findings=_findings(target, ends, names),
        launches=[
            LaunchCounters(**each)
            for each in ends.get(("counted", target.profiled.name), {}).get("launches", [])
        ],
    )


def _verdict(cases: Sequence[CaseResult]) -> tuple[str, str]:
    """Of a file: the gravest outcome of a case that is about no known defect."""
    for outcome in _WORST:
        for case in cases:
            if case.outcome == outcome and not case.known:
                return outcome, f"{case.name}: {case.text}"
    for case in cases:
        if case.outcome == "not-run" and not case.known:
            return "crash", f"{case.name} was not run: too many calls before it ended the process"
    return "pass", ""


def _case(
    case: Case,
    ends: dict[tuple[str, str], dict[str, Any]],
    outcome: Outcome,
    names: Names,
) -> CaseResult:
    told = {phase: ends.get((phase, case.name)) for phase in ("plain", "reordered", "checked")}
    died = {
        phase: outcome.deaths[phase, case.name]
        for phase in told
        if (phase, case.name) in outcome.deaths
    }
    become = {phase: died.get(phase) or _become(told[phase]) for phase in ("plain", "reordered")}
    checked = told["checked"]
    found = checked["findings"] if checked else []
    serious = [each for each in found if each["severity"] != "info"]
    plain = told["plain"] or {}
    result = CaseResult(
        case.name,
        case.function,
        case.known,
        become["plain"][0],
        names(become["plain"][1]),
        [_with_writers(each, checked, names) for each in plain.get("mistakes", [])],
        become["reordered"][0],
        names(become["reordered"][1]),
        len(serious) if checked else None,
        seconds=plain.get("seconds", 0.0),
    )
    if result.outcome == "right" and result.reordered not in ("right", "not-run"):
        text = f"with the threads in another order: {result.reordered_text}"
        result = replace(result, outcome=result.reordered, text=text)
    if result.outcome == "wrong-answer" and any(each["kind"] == "race" for each in serious):
        result = replace(result, outcome="race", text=f"{result.text}; {_RACING}")
    if "checked" in died:
        told_before = f"{result.text}; " if result.text else ""
        result = replace(result, text=f"{told_before}kbk.sanitize: {died['checked'][1]}")
    if not case.known:
        return result
    seen = {become["plain"][0], become["reordered"][0], *(each["kind"] for each in serious)}
    seen |= {died["checked"][0]} if "checked" in died else set()
    seen -= {"right", "not-run"}
    return replace(result, shown=bool(seen & set(case.evidence) if case.evidence else seen))


def _become(end: dict[str, Any] | None) -> tuple[str, str]:
    return (end["outcome"], end["text"]) if end else ("not-run", "")


def _with_writers(mistake: dict[str, Any], checked: dict[str, Any] | None, names: Names) -> Any:
    writers = {
        (each["output"], *each["index"]): names(each["writer"])
        for each in (checked["writers"] if checked else [])
    }
    worst = [
        asdict(WrongElement(**each, writer=writers.get((mistake["output"], *each["index"]), "")))
        for each in mistake["worst"]
    ]
    return mistake_of({**mistake, "worst": worst}, mistake["output"])


def _findings(
    target: Target, ends: dict[tuple[str, str], dict[str, Any]], names: Names
) -> list[FindingResult]:
    """Of all cases, each once: what agrees in kind, kernel and lines is one."""
    merged: dict[tuple[Any, ...], FindingResult] = {}
    for case in target.cases:
        for each in ends.get(("checked", case.name), {}).get("findings", []):
            found = FindingResult(
                **{
                    **each,
                    "file": names.file(each["file"]),
                    "other_file": names.file(each["other_file"]),
                    "message": names(each["message"]),
                    "excerpts": names(each["excerpts"]),
                },
                cases=[case.name],
                only_known=bool(case.known),
            )
            places = sorted(
                f"{file}:{line}"
                for file, line in (
                    (found.file, found.line),
                    (found.other_file, found.other_line),
                )
            )
            key = found.kind, found.severity, found.kernel.partition("<")[0], *places
            first = merged.get(key)
            merged[key] = (
                found
                if first is None
                else replace(
                    first,
                    count=first.count + found.count,
                    cases=[*first.cases, case.name],
                    only_known=first.only_known and found.only_known,
                )
            )
    order = {"error": 0, "warning": 1, "info": 2}
    return sorted(merged.values(), key=lambda each: (each.only_known, order[each.severity]))


def _versions() -> dict[str, str]:
    import torch

    import kbk
    from kbk import sim
    from kbk.bench.records import commit

    return {
        "kbk": kbk.__version__,
        "commit": commit(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "arch": f"sm_{sim.arch()}",
    }
