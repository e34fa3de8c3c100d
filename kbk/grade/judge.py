"""Turns what a worker did with the cases of a check into a verdict. Runs after the worker's end."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from kbk.grade import plain
from kbk.grade.arena import Arena, Storage, View, elements
from kbk.grade.cases import Argument, Ask, Case, Sparse
from kbk.grade.compare import WORST, Difference, Worst, compare
from kbk.grade.gates import missed, unstored


@dataclass(frozen=True)
class Fault:
    """Why a case failed.

    Attributes:
        verdict: one of kbk.grade.report.VERDICTS.
        text: evidence.
        line: line of the submission, or None.
        credit: for a gate that was missed: how much of the points it earns all the same, 0 to 1.
        worst: the worst elements of an output.
    """

    verdict: str
    text: str
    line: int | None = None
    credit: float = 0.0
    worst: tuple[Worst, ...] = ()


_SETTINGS = "; kbk.sim.settings(time_limit=...) sets another"  # a learner cannot, here
_KINDS = {
    "launch": "launch-error",
    "hang": "hang",
    "out-of-bounds": "out-of-bounds",
    "barrier": "divergent-barrier",
}


def judge_case(
    case: Case,
    index: int,
    arena: Arena,
    facts: Mapping[str, Any],
    source: str = "",
    file: str = "",
) -> Fault | None:
    """Judge a call of a host function.

    Args:
        case: what was asked.
        index: its place in the arena.
        arena: the memory, after the worker's end.
        facts: what the worker reported of it.
        source, file: the submission and its name, to show a line of it.

    Returns:
        None if everything held.
    """
    error = facts.get("error")
    if case.raises:
        return _judge_refusal(case, index, arena, error)
    if error:
        return fault_of_error(error)
    return (
        _judge_memory(case, index, arena)
        or _judge_values(case, index, arena)
        or _judge_launches(case, index, arena, facts)
        or _judge_gates(case, facts, source, file)
    )


def fault_of_error(error: Mapping[str, Any]) -> Fault:
    """The fault of a call that ended with an error, as the worker reports it."""
    verdict = _KINDS.get(error["kind"], "crash")
    if error["kind"] in ("argument", "returned", "unsupported"):
        verdict = "wrong-answer"
    text = error["text"].replace(_SETTINGS, "")
    if error["kind"] == "argument":
        text = f"the call was refused, though it is a good one: {text}"
    return Fault(verdict, text, error.get("line"))


def _judge_refusal(
    case: Case, index: int, arena: Arena, error: Mapping[str, Any] | None
) -> Fault | None:
    if error is None:
        words = ", ".join(repr(word) for word in case.raises)
        return Fault("wrong-answer", f"the call must be refused, with a message that has {words}.")
    if error["kind"] != "argument":
        text = f"the call must be refused by KBK_CHECK; instead: {error['text']}"
        return Fault(_KINDS.get(error["kind"], "wrong-answer"), text, error.get("line"))
    missing = [word for word in case.raises if not _says(error["text"], word)]
    if missing:
        words = ", ".join(repr(word) for word in missing)
        return Fault("wrong-answer", f"the message must name {words}; it was: {error['text']}")
    for storage in arena.storages[index]:
        if not torch.equal(arena.now(storage), storage.before):
            return Fault("wrong-answer", "the call was refused, but something had been written.")
    return None


def _says(message: str, word: str) -> bool:
    """Whether a message has a word, or one of those with "|" between, as a whole word.

    No letter, digit or "_" beside a name, no digit beside a number; "overlap*" takes any ending.
    """
    for each in word.split("|"):
        stem = each.removesuffix("*")
        front = r"(?<!\d)" if stem[:1].isdigit() else r"(?<!\w)" if stem[:1].isalpha() else ""
        back = r"(?!\d)" if stem[-1:].isdigit() and stem.isdigit() else r"(?!\w)"
        if each.endswith("*") or not stem[-1:].isalnum():
            back = ""
        if re.search(front + re.escape(stem) + back, message, re.IGNORECASE):
            return True
    return False


def _judge_memory(case: Case, index: int, arena: Arena) -> Fault | None:
    """Nothing may change but what the call may write."""
    names = _names(case, index, arena)
    for number, storage in enumerate(arena.storages[index]):
        if not arena.guards_hold(storage):
            return Fault("out-of-bounds", f"memory beside {names[number]} was overwritten.")
        stray = arena.strays(storage)
        if stray is not None:
            return Fault("out-of-bounds", f"byte {stray:,} of {names[number]} was overwritten.")
        changed = arena.now(storage) != storage.before
        if storage.low is None:
            for argument, view in _arguments(case, index, arena):
                if view.storage == number and argument.written:
                    elements(changed, view)[...] = False
        else:
            _allow_window(case, index, arena, number, changed)
        if changed.any():
            where = int(changed.nonzero()[0])
            return Fault(
                "out-of-bounds",
                f"byte {where + (storage.low or 0):,} of the memory of {names[number]} changed, "
                "and the call must leave it alone.",
            )
    return None


def _arguments(case: Case, index: int, arena: Arena) -> list[tuple[Argument | Sparse, View]]:
    return [(case.args[at], view) for at, view in arena.views[index].items()]


def _names(case: Case, index: int, arena: Arena) -> dict[int, str]:
    return {view.storage: each.name for each, view in reversed(_arguments(case, index, arena))}


def _allow_window(case: Case, index: int, arena: Arena, number: int, changed: Tensor) -> None:
    for argument, view in _arguments(case, index, arena):
        if view.storage == number and isinstance(argument, Sparse) and argument.written:
            low, high = _window(argument, arena.storages[index][number])
            changed[low:high] = False


def _window(argument: Sparse, storage: Storage) -> tuple[int, int]:
    size = argument.dtype.itemsize
    low = argument.first * size - (storage.low or 0)
    return low, low + argument.window.numel() * size


@dataclass(frozen=True)
class Output:
    """An output after the call.

    Attributes:
        name: of the argument.
        now, before: its elements; before is empty if its values counted before the call.
        expected: what they should be.
        first: index of element 0, for a window of a larger tensor.
    """

    name: str
    now: Tensor
    before: Tensor
    expected: Tensor
    first: int = 0


def outputs(case: Case, index: int, arena: Arena) -> Iterator[Output]:
    """What a call wrote, and what it should have written."""
    written = [pair for pair in _arguments(case, index, arena) if pair[0].written]
    if not written or case.expect is None:
        return
    expected = case.expect()
    expected = expected if isinstance(expected, tuple) else (expected,)
    if len(expected) != len(written):
        raise ValueError(f"{case.label}: expect gave {len(expected)} for {len(written)} outputs")
    for (argument, view), want in zip(written, expected, strict=True):
        storage = arena.storages[index][view.storage]
        if isinstance(argument, Sparse):
            low, high = _window(argument, storage)
            now = arena.now(storage)[low:high].clone().view(argument.dtype)
            before = storage.before[low:high].clone().view(argument.dtype)
            before = torch.empty(0) if argument.updated else before
            yield Output(argument.name, now, before, want, argument.first)
        else:
            now = _typed(arena.now(storage), view)
            before = _typed(storage.before, view) if argument.poisoned else torch.empty(0)
            yield Output(argument.name, now, before, want)


def _judge_values(case: Case, index: int, arena: Arena) -> Fault | None:
    found: list[Difference] = []
    for output in outputs(case, index, arena):
        difference = compare(
            output.name, output.now, output.before, output.expected, case.tol, output.first
        )
        if difference is not None:
            found.append(difference)
    if not found:
        return None
    verdict = "uninitialized" if all(each.unwritten for each in found) else "wrong-answer"
    rows = found[0].worst if len(found) == 1 else _mixed(found)
    return Fault(verdict, "\n".join(each.head for each in found), worst=rows)


def _mixed(found: list[Difference]) -> tuple[Worst, ...]:
    """Rows of several outputs: some of each."""
    most = max(WORST // len(found), 1)
    return tuple(row for each in found for row in each.worst[:most])


def _typed(raw: Tensor, view: View) -> Tensor:
    """A copy of the elements of a view."""
    if 0 in view.shape:
        return torch.empty(view.shape, dtype=view.dtype)
    return elements(raw, view).contiguous().view(view.dtype).reshape(view.shape).clone()


def _judge_launches(case: Case, index: int, arena: Arena, facts: Mapping[str, Any]) -> Fault | None:
    launches = facts.get("launches")
    if launches is None:  # a GPU does not tell
        return None
    count = len(launches)
    changed = any(not torch.equal(arena.now(s), s.before) for s in arena.storages[index])
    copies = case.copies or 0  # kernels do the work, unless an exercise is about copies
    if facts.get("copies", copies) != copies:
        text = f"calls of cudaMemcpy or cudaMemset: {facts['copies']}; it must be {copies}."
        return Fault("too-much-traffic", text)
    if case.launches is not None and count != case.launches:
        text = f"kernels launched: {count}; it must be {case.launches}."
        return Fault("too-much-traffic" if count > case.launches else "wrong-answer", text)
    if count == 0 and changed:
        return Fault("wrong-answer", "no kernel was launched: the host did the work.")
    for launch in launches:
        blocks, threads = math.prod(launch["grid"]), math.prod(launch["block"])
        if case.max_blocks is not None and blocks > case.max_blocks:
            text = f"{launch['kernel']} ran with {blocks:,} blocks; at most {case.max_blocks:,}."
            return Fault("too-much-traffic", text)
        if case.min_threads is not None and threads < case.min_threads:
            text = f"{launch['kernel']} ran with {threads} threads a block; {case.min_threads} "
            return Fault("too-much-traffic", text + "is the least.")
    return None


def _judge_gates(case: Case, facts: Mapping[str, Any], source: str, file: str) -> Fault | None:
    if "counters" not in facts:
        return None
    text = unstored(case, facts)
    if text is not None:
        return Fault("wrong-answer", text)
    found = missed(case, facts, source, file)
    if found is None:
        return None
    return Fault("too-much-traffic", found.text, found.line, found.credit)


def judge_ask(ask: Ask, facts: Mapping[str, Any]) -> Fault | None:
    """Judge a call of a Python function with plain values."""
    call = ask.label or f"{ask.function}({', '.join(map(repr, ask.args))})"
    error = facts.get("error")
    if error:
        if error["kind"] == "hang":
            return Fault("hang", f"{call} did not return in time.")
        return Fault("crash", f"{call} raised {error['text']}", error.get("line"))
    value = plain.decode(facts.get("value"))
    expected = ask.expect() if callable(ask.expect) else ask.expect
    where = difference(value, expected)
    if where is None:
        return None
    if where and where.startswith("entry"):  # a drawing: the place, not all of the answer
        return Fault("wrong-answer", f"{call}\n  {where}")
    text = f"{call}\n  gave {_short(value)}\n  must be {_short(expected)}"
    return Fault("wrong-answer", text + (f"\n  {where}" if where else ""))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 400 else text[:400] + " ..."


def _nested(inner: str) -> str:
    return inner.removeprefix("entry ")


def difference(value: object, expected: object) -> str | None:
    """Where two plain values differ: None if nowhere, "" if as a whole."""
    if isinstance(expected, (list, tuple)):
        if not isinstance(value, (list, tuple)):
            return f"it must have {len(expected)} entries" if len(expected) > 8 else ""
        if len(value) != len(expected):
            return f"it has {len(value)} entries, not {len(expected)}"
        for at, (a, b) in enumerate(zip(value, expected, strict=True)):
            inner = difference(a, b)
            if inner is not None:
                if isinstance(b, list) and inner.startswith("entry "):  # rows of a drawing
                    return f"entry [{at}]{_nested(inner)}"
                return f"entry [{at}] is {_short(a)}, must be {_short(b)}"
        return None
    if isinstance(expected, bool) or isinstance(value, bool):
        return None if value is expected else ""
    if isinstance(expected, int) and not isinstance(value, int):
        return "it must be an integer" if isinstance(value, float) else ""
    if isinstance(expected, (int, float)) and isinstance(value, (int, float)):
        if isinstance(expected, float) and math.isnan(expected):
            return None if math.isnan(value) else ""
        close = value == expected or (
            isinstance(expected, float) and math.isclose(value, expected, rel_tol=1e-9)
        )
        return None if close else ""
    return None if type(value) is type(expected) and value == expected else ""
