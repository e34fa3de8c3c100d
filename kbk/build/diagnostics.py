"""Turn a compiler's output into one CompileError: its first error, at the learner's line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import BuildError, CompileError
from .cache import disk_full
from .functions import Function
from .missing import advice
from .unit import END_FILE, REGISTRATION_FILE, exported_at

# g++ and clang: file:line:column: error: text; nvcc: file(line): error: text, or error #20: text
_HOST = re.compile(
    r"^(?P<file>kbk:\w+|[^\s:][^:\n]*):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<rest>.*)$"
)
_NVCC = re.compile(r"^(?P<file>[^\s(][^(\n]*)\((?P<line>\d+)\): (?P<rest>.*)$")
_ERROR = re.compile(r"^(?:catastrophic |fatal )?error(?: #[\w-]+)?: (?P<text>.*)$")
_PTXAS = re.compile(r"^ptxas (?:error|fatal)\s*: (?P<text>.*)$")
_REQUIRED = re.compile(
    r"required from|in instantiation of|requested here|In file included from", re.IGNORECASE
)
_KBK = re.compile(
    r"""static assertion failed(?: due to requirement '.*?')?(?: with|:)? "?kbk: (?P<text>.*?)"?$"""
)
_MISSING_NAME = re.compile(
    r"'(?P<a>\w+)' (?:was not declared|has not been declared)"
    r"|use of undeclared identifier '(?P<b>\w+)'"
    r'|identifier "(?P<c>\w+)" is undefined'
)
_UNDEFINED = re.compile(
    r"undefined reference to [`'](?P<name>[^']+)'|undefined symbols?[^\n]*?\"?(?P<mac>_\w+)"
)
_NOWHERE = "is declared and used, but defined nowhere"
_HARMLESS = {
    *("warning", "note", "warnung", "anmerkung", "avertissement", "aviso", "nota", "attenzione"),
}
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})


@dataclass(frozen=True)
class Diagnostic:
    """One line of a compiler's output that names a place."""

    file: str
    line: int
    column: int | None
    text: str
    is_error: bool


def compile_error(
    log: str,
    files: Sequence[tuple[str, str]],
    exports: Sequence[tuple[str, Function]],
    headers: Sequence[Path] = (),
    compiled: Mapping[str, str] | None = None,
) -> BuildError:
    """The exception for a failed build.

    Args:
        log: everything that compiler and linker printed.
        files: the learner's files, (name, text).
        exports: the exported functions, in the order of the registration block.
        headers: the learner's headers, which may also hold the error.
        compiled: by file name the text that was compiled, where it differs from the learner's.
    """
    if "No space left on device" in log:
        return disk_full()
    texts = {str(path): path.read_text(errors="replace") for path in headers} | dict(files)
    lines = [line.translate(_QUOTES) for line in log.splitlines()]
    places = [_parse(line) for line in lines]
    for index, place in enumerate(places):
        if place is not None and place.is_error:
            mine = _in_learners_files(places, lines, index, texts)
            return _error(_readable(mine, texts, exports), texts, compiled or {}, log)
    for place in places:  # a compiler that speaks another language
        if place is not None and place.column and _known(place.file, texts):
            kind, _, text = place.text.partition(": ")
            if text and kind.lower() not in _HARMLESS:
                return _error(replace(place, text=text), texts, compiled or {}, log)
    return _without_place(lines, log)


def warnings(log: str, files: Mapping[str, str], option: str) -> list[Diagnostic]:
    """The warnings of -W`option` about the learner's files (text by name), each once."""
    found = []
    for line in log.splitlines():
        place = _parse(line.translate(_QUOTES))
        if place is None or place.file not in files or not place.text.startswith("warning: "):
            continue
        text, bracket, which = place.text.removeprefix("warning: ").rpartition(" [-W")
        if bracket and which == f"{option}]":
            found.append(replace(place, text=text))
    return list(dict.fromkeys(found))


def _parse(line: str) -> Diagnostic | None:
    match = _HOST.match(line) or _NVCC.match(line)
    if match is None:
        return None
    error = _ERROR.match(match["rest"])
    column = match.groupdict().get("column")
    return Diagnostic(
        match["file"],
        int(match["line"]),
        int(column) if column else None,
        error["text"] if error else match["rest"],
        error is not None,
    )


def _in_learners_files(
    places: list[Diagnostic | None], lines: list[str], index: int, texts: Mapping[str, str]
) -> Diagnostic:
    """An error deep in a template belongs to the learner's line that asked for it."""
    error = places[index]
    assert error is not None
    if _known(error.file, texts):
        return error
    before = range(index - 1, max(-1, index - 40), -1)
    after = range(index + 1, min(len(lines), index + 40))
    for neighbours, stop_at_error in ((before, True), (after, True)):
        for i in neighbours:
            place = places[i]
            if place is not None and place.is_error and stop_at_error:
                break
            if (
                place is not None
                and _known(place.file, texts)
                and (i > index or _REQUIRED.search(lines[i]))
            ):
                return replace(error, file=place.file, line=place.line, column=place.column)
    return error


def _known(file: str, texts: Mapping[str, str]) -> bool:
    return file in texts or file in (REGISTRATION_FILE, END_FILE)


def _readable(
    found: Diagnostic, texts: Mapping[str, str], exports: Sequence[tuple[str, Function]]
) -> Diagnostic:
    """Say what our own assertions and the generated block mean."""
    ours = _KBK.search(found.text)
    undefined = _UNDEFINED.search(found.text)
    if undefined and undefined["name"]:
        return replace(found, text=f"{undefined['name']} {_NOWHERE}")
    about = exported_at(found.line, exports) if found.file == REGISTRATION_FILE else None
    if ours:
        file, line = (about[0], max(1, about[1].line)) if about else (found.file, found.line)
        return Diagnostic(file, line, None, ours["text"], True)
    if found.file == END_FILE:
        file, text = list(texts.items())[-1]
        last = max(1, len(text.rstrip().splitlines()))
        message = f"{file} ends in the middle of something; is a '}}' or ';' missing?"
        return Diagnostic(file, last, None, message, True)
    missing = _MISSING_NAME.search(found.text)
    if about is not None and missing and about[1].name in missing.groups():
        file, function = about
        text = (
            f"{function.name!r} is in `functions`, but no such host function stands at file scope"
        )
        return Diagnostic(file, max(1, function.line), None, text, True)
    return found


def _error(
    found: Diagnostic, texts: Mapping[str, str], compiled: Mapping[str, str], log: str
) -> CompileError:
    more = advice(found.text) if compiled else ""  # of the simulator's builds
    found = replace(found, text=f"{found.text}: {more}") if more else found
    excerpt, column = _excerpt(found, texts, compiled)
    where = f"{found.file}:{found.line}" + (f":{column}" if column else "")
    text = f"{where}: {found.text}" + (f"\n{excerpt}" if excerpt else "")
    return CompileError(
        text,
        file=found.file,
        line=found.line,
        column=column,
        message=found.text,
        excerpt=excerpt,
        log=log,
    )


def _excerpt(
    found: Diagnostic, texts: Mapping[str, str], compiled: Mapping[str, str]
) -> tuple[str, int | None]:
    lines = texts.get(found.file, "").splitlines()
    if not 1 <= found.line <= len(lines):
        return "", found.column
    line = lines[found.line - 1]
    column = found.column
    if column is not None and found.file in compiled:
        seen = compiled[found.file].splitlines()
        column = _original_column(
            line, seen[found.line - 1] if found.line <= len(seen) else "", column
        )
    number = f"{found.line:5d} | "
    excerpt = number + line
    if column is not None and 1 <= column <= len(line) + 1:
        blank = re.sub(r"[^\t]", " ", line[: column - 1])
        excerpt += "\n" + " " * (len(number) - 2) + "| " + blank + "^"
    return excerpt, column


def _original_column(line: str, compiled: str, column: int) -> int | None:
    """Where a column of the translated line stands in the learner's; None if it was rewritten."""
    prefix = 0
    while prefix < min(len(line), len(compiled)) and line[prefix] == compiled[prefix]:
        prefix += 1
    if column <= prefix:
        return column
    suffix = 0
    room = min(len(line), len(compiled)) - prefix
    while suffix < room and line[-1 - suffix] == compiled[-1 - suffix]:
        suffix += 1
    from_end = len(compiled) - column
    return len(line) - from_end if from_end < suffix else None


def _without_place(lines: list[str], log: str) -> CompileError:
    """A failure with no line: the linker, ptxas, or a compiler that died."""
    for line in lines:
        undefined = _UNDEFINED.search(line)
        if undefined:
            name = undefined["name"] or undefined["mac"]
            text = f"{name} {_NOWHERE}"
            return CompileError(f"The source does not link: {text}.", message=text, log=log)
        ptxas = _PTXAS.match(line)
        if ptxas:
            return CompileError(f"ptxas: {ptxas['text']}", message=ptxas["text"], log=log)
    for line in lines:
        tool = re.search(r"(?:fatal |internal compiler )?error: .*", line)
        if tool:
            return CompileError(
                f"The compiler failed: {tool.group()}", message=tool.group(), log=log
            )
    tail = "\n".join(line for line in lines[-5:] if not line.startswith("ninja:"))
    return CompileError(f"The compiler failed:\n{tail}", message=tail, log=log)
