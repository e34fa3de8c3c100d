"""The outcome of a run as data and as JSON: what a page shows where there is no checkout.

A record holds facts only: names, numbers, positions and our own words. Lines of the sources are
left out of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from kbk.errors import ArgumentError

SCHEMA = 1

PASS = "pass"
VERDICTS = (
    PASS,
    "race",  # an answer is wrong in some order of the threads, and two of them race
    "wrong-answer",
    "refused",  # a call that it should have taken, or took one that it should have refused
    "launch-error",
    "hang",
    "crash",
    "unsupported",
    "compile-error",
    "needs FlashInfer",
    "missing",
)
"""What may be said of a file. Findings of the sanitizer are told beside it."""

OUTCOMES = ("right", "race", "wrong-answer", "refused", "launch-error", "hang", "crash", "not-run")
"""What may become of a call."""


@dataclass(frozen=True)
class WrongElement:
    """An element that is wrong: `kbk.upstream.check.Wrong`, and who wrote it.

    Attributes:
        index: in its output.
        got, expected, tolerance: as text.
        writer: thread, file and line in words, of kbk.explain; "" if nobody asked.
    """

    index: list[int]
    got: str
    expected: str
    tolerance: str = ""
    writer: str = ""


@dataclass(frozen=True)
class Mistake:
    """What is wrong with an output: see `kbk.upstream.check.Mistake`."""

    output: str
    text: str
    count: int
    total: int
    worst: list[WrongElement] = field(default_factory=list)


@dataclass(frozen=True)
class CaseResult:
    """What became of a call.

    Attributes:
        name, function: of the case.
        known: the defect that it is about, or "".
        outcome: one of `OUTCOMES`.
        text: in words; "" if all is right.
        mistakes: of a wrong answer.
        reordered: the same of the call with threads, warps and blocks in another order.
        reordered_text: in words.
        findings: how many errors and warnings kbk.sanitize found in it; None if it was not asked.
        shown: whether a known defect showed; None of other cases.
        seconds: of the call.
    """

    name: str
    function: str
    known: str = ""
    outcome: str = "not-run"
    text: str = ""
    mistakes: list[Mistake] = field(default_factory=list)
    reordered: str = "not-run"
    reordered_text: str = ""
    findings: int | None = None
    shown: bool | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class FindingResult:
    """What kbk.sanitize found, in all calls together.

    Attributes:
        kind, code, severity, kernel, file, line, other_file, other_line: see
            `kbk.sanitizer.findings.Finding`.
        message: our words.
        excerpts: the same with the lines of the source; "" in a record.
        count: how often.
        cases: in which calls.
        only_known: all of these are about known defects.
    """

    kind: str
    code: str
    severity: str
    kernel: str
    file: str | None
    line: int | None
    other_file: str | None
    other_line: int | None
    message: str
    count: int
    cases: list[str]
    only_known: bool = False
    excerpts: str = ""


@dataclass(frozen=True)
class LaunchCounters:
    """Counters of kbk.profile for one launch: metrics under their names there."""

    kernel: str
    grid: list[int]
    block: list[int]
    metrics: dict[str, float]


@dataclass(frozen=True)
class FileResult:
    """All about one file.

    Attributes:
        key, title, path, functions: of the target.
        lines, sha256: of the file; 0 and "" if it is missing.
        verdict: one of `VERDICTS`; of the calls that are about no known defect.
        text: why, in words.
        file, line: where, of an error of the compiler or of the translator.
        build_seconds: of the first build, "plain" and "traced", what each cost.
        seconds: all of it.
        cases, findings: see there.
        shape: what the profiled call is.
        launches: its counters.
    """

    key: str
    title: str
    path: str
    functions: list[str]
    lines: int = 0
    sha256: str = ""
    verdict: str = "missing"
    text: str = ""
    file: str | None = None
    line: int | None = None
    build_seconds: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    cases: list[CaseResult] = field(default_factory=list)
    findings: list[FindingResult] = field(default_factory=list)
    shape: str = ""
    launches: list[LaunchCounters] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether it passed."""
        return self.verdict == PASS


@dataclass(frozen=True)
class Record:
    """A run.

    Attributes:
        date: UTC, "2026-01-31T12:00:00Z".
        seed: of the inputs.
        versions: of kbk, its commit, python, torch, compiler, and the arch that is simulated.
        sglang, flashinfer: commits, or "unknown"; "none" if FlashInfer is not there.
        pinned: the commit of FlashInfer that this SGLang asks for, or "unknown".
        files: in order.
        schema: of this class.
    """

    date: str
    seed: int
    versions: dict[str, str]
    sglang: str
    flashinfer: str
    pinned: str
    files: list[FileResult]
    schema: int = SCHEMA

    @property
    def ok(self) -> bool:
        """Whether every file passed."""
        return all(each.ok for each in self.files)

    def without_excerpts(self) -> Record:
        """The same without lines of the sources."""
        return replace(
            self,
            files=[
                replace(
                    each,
                    # Below a compiler's first line stands the source's.
                    text=each.text.partition("\n")[0] if each.line is not None else each.text,
                    findings=[replace(one, excerpts="") for one in each.findings],
                )
                for each in self.files
            ],
        )

    def to_json(self) -> str:
        """The record as the text of its file."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def file_name(record: Record) -> str:
    """ "sglang_aeac6220586d.json"."""
    return f"sglang_{record.sglang[:12]}.json"


def save(record: Record, folder: Path) -> Path:
    """Write a record, without lines of the sources, over an older one of the same commit."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(record)
    path.write_text(record.without_excerpts().to_json())
    return path


def load(path: Path) -> Record:
    """Read a record.

    Raises:
        ArgumentError: the file is no record of this schema; says what is wrong with it.
    """
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ArgumentError(f"{path} must be a record of kbk upstream: {error}.") from None
    return from_dict(data, str(path))


def newest(folder: Path) -> Record | None:
    """The newest record in a folder; None if it has none."""
    records = [load(path) for path in sorted(folder.glob("sglang_*.json"))]
    return max(records, key=lambda each: each.date, default=None)


def from_dict(data: Any, name: str = "the record") -> Record:
    """A record from parsed JSON.

    Raises:
        ArgumentError: it is none.
    """
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ArgumentError(f"{name} must be a record of schema {SCHEMA}.")
    files = [_file(each, name) for each in _list(data, "files", name)]
    record: Record = _made(Record, {**data, "files": files}, name)
    for each in record.files:
        _one_of(each.verdict, VERDICTS, f"the verdict of {each.path}", name)
        for case in each.cases:
            _one_of(case.outcome, OUTCOMES, f"the outcome of {case.name}", name)
            _one_of(case.reordered, OUTCOMES, f"the outcome of {case.name}, reordered", name)
        known = {case.name for case in each.cases}
        for found in each.findings:
            strange = [case for case in found.cases if case not in known]
            if strange:
                raise ArgumentError(
                    f"{name}: a finding in {each.path} names a case {strange[0]!r} that it lacks."
                )
        if each.ok and any(case.outcome != "right" for case in each.cases if not case.known):
            raise ArgumentError(f"{name}: {each.path} passed, though a case of it did not.")
    return record


def _file(data: Any, name: str) -> FileResult:
    parts = {
        "cases": [_case(each, name) for each in _list(data, "cases", name)],
        "findings": [_made(FindingResult, each, name) for each in _list(data, "findings", name)],
        "launches": [_made(LaunchCounters, each, name) for each in _list(data, "launches", name)],
    }
    made: FileResult = _made(FileResult, {**data, **parts}, name)
    return made


def _case(data: Any, name: str) -> CaseResult:
    mistakes = [mistake_of(each, name) for each in _list(data, "mistakes", name)]
    made: CaseResult = _made(CaseResult, {**data, "mistakes": mistakes}, name)
    return made


def mistake_of(data: Any, name: str) -> Mistake:
    """A mistake from parsed JSON."""
    worst = [_made(WrongElement, each, name) for each in _list(data, "worst", name)]
    made: Mistake = _made(Mistake, {**data, "worst": worst}, name)
    return made


def _list(data: Any, key: str, name: str) -> list[Any]:
    if not isinstance(data, Mapping) or not isinstance(data.get(key), list):
        raise ArgumentError(f"{name}: there must be a list {key!r} in it.")
    return list(data[key])


def _made(kind: Any, data: Any, name: str) -> Any:
    """An instance of a dataclass, which must have just the members of `data`."""
    wanted = {each.name: str(each.type) for each in fields(kind)}
    given = set(data) if isinstance(data, Mapping) else set()
    if given != set(wanted):
        wrong = ", ".join(sorted(given ^ set(wanted))) or "nothing"
        raise ArgumentError(f"{name}: a {kind.__name__} must have its members; wrong: {wrong}.")
    for member, text in wanted.items():
        if not isinstance(data[member], _types(text)):
            raise ArgumentError(
                f"{name}: {kind.__name__}.{member} must be {text}; it was {data[member]!r:.60}."
            )
    return kind(**data)


_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "None": (type(None),),
    "list": (list,),
    "dict": (dict,),
}


def _types(text: str) -> tuple[type, ...]:
    """Classes of an annotation, "list[str] | None"."""
    return tuple(
        each for part in text.split(" | ") for each in _TYPES[part.partition("[")[0].strip()]
    )


def _one_of(value: str, words: Iterable[str], what: str, name: str) -> None:
    if value not in words:
        raise ArgumentError(f"{name}: {what} must be one of {', '.join(words)}; it was {value!r}.")
