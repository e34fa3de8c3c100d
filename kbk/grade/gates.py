"""From counters to gates: which were missed, by how much, what that earns, and at which line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kbk.grade.cases import Argument, Case, Gate, Sparse, Update
from kbk.grade.counters import Counter, counter

_MOST_TEXT = 80  # of a line of the source, in a message


@dataclass(frozen=True)
class Missed:
    """Gates that a call missed.

    Attributes:
        text: a sentence or two for each.
        line: the line of the source that costs most for the first of them, or None.
        credit: what the worst of them earns all the same, 0 to 1.
    """

    text: str
    line: int | None
    credit: float


def count(gate: Gate, facts: Mapping[str, Any]) -> float | None:
    """What a call counted for a gate; None if it has no such counter."""
    values = facts.get("counters", {}).get(gate.counter)
    return None if values is None else sum(values)


def missed(case: Case, facts: Mapping[str, Any], source: str, file: str) -> Missed | None:
    """The gates that a traced call missed, or None.

    Args:
        case: whose gates.
        facts: of the call, with `counters` (values by gate, as `Counter.names` lists them) and
            `lines` (what each line of the source has of it).
        source, file: the submission, for the line that costs most.
    """
    texts, line, credit = [], None, 1.0
    for gate in case.gates:
        found = count(gate, facts)
        if found is None:
            texts.append(f"{gate.counter}: nothing was counted.")
            credit = 0.0
            continue
        if gate.reached(found):
            continue
        meant = counter(gate.counter)
        shares = facts.get("lines", {}).get(gate.counter, {})
        dearest = max(shares, key=lambda each: shares[each], default=None)
        values = facts["counters"][gate.counter]
        text = (
            f"{meant.text(values)}: {_number(found)}; target {_number(gate.target)}, "
            f"baseline {_number(gate.baseline)}."
        )
        if dearest is not None:
            text += f"\n{_place(source, file, dearest)} {_share(meant, shares, dearest)}"
        texts.append(f"{text}\n{gate.why}".rstrip())
        line = dearest if line is None else line
        credit = min(credit, _credit(gate, found))
    return Missed("\n".join(texts), line, credit) if texts else None


def unstored(case: Case, facts: Mapping[str, Any]) -> str | None:
    """A sentence about an output whose bytes were not all written by kernels."""
    for argument in case.written:
        stored = facts.get("stored", {}).get(argument.name, 0)
        updated = isinstance(argument, Update) or getattr(argument, "updated", False)
        needed = 0 if updated else _bytes(argument)
        if stored < needed:
            return (
                f"kernels stored {stored:,} of the {needed:,} bytes of {argument.name}; "
                "the host wrote the rest."
            )
    return None


def _bytes(argument: Argument | Sparse) -> int:
    tensor = argument.window if isinstance(argument, Sparse) else argument.tensor
    return tensor.numel() * tensor.element_size()


def _credit(gate: Gate, found: float) -> float:
    return min(max((gate.baseline - found) / (gate.baseline - gate.target), 0.0), 1.0)


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:,.3g}"


def _place(source: str, file: str, line: int) -> str:
    rows: Sequence[str] = source.splitlines()
    text = " ".join(rows[line - 1].split()) if 1 <= line <= len(rows) else ""
    if len(text) > _MOST_TEXT:
        text = f"{text[: _MOST_TEXT - 4]} ..."
    return f"{file}:{line} `{text}`" if text else f"{file}:{line}"


def _share(meant: Counter, shares: Mapping[int, float], line: int) -> str:
    part, whole = shares[line], sum(shares.values())
    percent = f"{100 * part / whole:.0f} %"
    if meant.adds_up:
        return f"costs {_number(part)} of them ({percent})."
    return f"has most of {' + '.join(meant.by_line)}: {percent}."
