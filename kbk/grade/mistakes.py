"""Known mistakes, recognised by how they fail.

The wrong submissions under tests/mutants each make one mistake, and say which. What a mistake gives
depends on the inputs, so it is known for inputs that never change: for a check with a fixed seed,
which cases fail and how, which elements come out wrong, and with which values. A digest of that is
the mistake's fingerprint.
`mistakes.json` holds the fingerprints (`python -m kbk.grade.mistakes` makes it), so that they are
known where no mutants are installed; and which check stopped each mutant (kbk.grade.authoring).
A submission that fails a check runs once more, on the inputs of the fingerprints: a fifth of a
second, where running a dozen mutants would take as many builds.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from kbk import paths
from kbk.grade.again import again
from kbk.grade.cases import Ask, Case
from kbk.grade.compare import right, same_bits
from kbk.grade.exercise import Check, Exercise
from kbk.grade.judge import Output, judge_ask, judge_case, outputs

SEED = 20
"""Of the inputs of the fingerprints."""
FILE = Path(__file__).with_name("mistakes.json")
_MOST_NAMED = 3
_OR, _ANOTHER = " or ", "another"
"""In the name of what is not sure."""
_UNSURE = ("hang", "cannot-grade")
"""Verdicts that end a run."""


def fingerprint(exercise: Exercise, source: str, check: Check) -> str | None:
    """How a submission fails a check with the fixed inputs, as a digest.

    It is made of the verdict on each case, and of the wrong elements: which, and their values.

    Returns:
        None if it does not fail, or if it did not run to its end.

    Raises:
        KbkError: it could not be built.
    """
    return _looked_at(exercise, source, check)[0]


def _looked_at(exercise: Exercise, source: str, check: Check) -> tuple[str | None, bool]:
    """The fingerprint, and whether a wrong value is in it: else it is of verdicts alone."""
    digest, wrong, valued = hashlib.sha256(), False, False
    with again(exercise, source, check, seed=SEED) as (ran, arena):
        for each in ran:
            case, facts = each.case, each.facts
            if facts is None:
                return None, False
            if isinstance(case, Ask):
                fault = judge_ask(case, facts)
                part = json.dumps(facts.get("value", facts.get("error")), sort_keys=True).encode()
            elif arena is not None:
                fault = judge_case(case, each.place, arena, facts)
                error = facts.get("error")
                part = f"{error['kind']}".encode() if error else b""
                if error is None and not case.raises:
                    part = b"".join(
                        _of(output, case) for output in outputs(case, each.place, arena)
                    )
            if fault is not None and fault.verdict in _UNSURE:
                return None, False
            wrong |= fault is not None
            valued |= fault is not None and bool(part) and not facts.get("error")
            digest.update(f"{fault.verdict if fault else ''} {len(part)}\n".encode() + part)
    return (digest.hexdigest()[:16] if wrong else None), valued


def _of(output: Output, case: Case) -> bytes:
    """The wrong elements of an output, as bytes; empty if there are none."""
    wrong = ~right(output.now, output.expected, case.tol)
    if output.before.numel():
        wrong |= same_bits(output.now, output.before)
    if not wrong.any():
        return b""
    values = output.now[wrong]
    if values.dtype.is_floating_point:  # any NaN is as good as another
        values = values.double()
        values = torch.where(values.isnan(), torch.full_like(values, torch.nan), values)
    where = wrong.flatten().nonzero().flatten()
    parts = [where, values.contiguous().flatten().view(torch.uint8)]
    if output.before.numel():
        parts.append(same_bits(output.now, output.before)[wrong])
    return b"".join(each.contiguous().numpy().tobytes() for each in parts)


@dataclass(frozen=True)
class Alike:
    """The known mistakes that fail as a submission does.

    Attributes:
        found: name of the mutant -> what is wrong; empty if there is none.
        valued: wrong values are the same, not verdicts alone.
    """

    found: dict[str, str] = field(default_factory=dict)
    valued: bool = True

    @property
    def sure(self) -> bool:
        """Whether there is one, and hardly another reason to fail in this way."""
        return len(self.found) == 1 and self.valued

    @property
    def name(self) -> str | None:
        """The mutant; "a or b" if it may be either, "a or another" if verdicts alone agree."""
        another = [_ANOTHER] if len(self.found) == 1 and not self.sure else []
        return _OR.join([*self.found, *another]) or None

    @property
    def sentence(self) -> str:
        """It in words; "" if there is none."""
        told = list(self.found.values())
        if not told:
            return ""
        if self.sure:
            return f"A known mistake fails in just this way: {told[0]}"
        if len(told) == 1:
            return f"It may be a known mistake, which has the same verdicts: {told[0]}"
        more = len(told) - _MOST_NAMED
        rest = f" Or one of {more} more." if more > 0 else ""
        return f"It may be one of: {_either(told[:_MOST_NAMED])}{rest}"


def _either(texts: list[str]) -> str:
    return " Or: ".join(texts)


def same(exercise: Exercise, source: str, check: Check) -> Alike:
    """The known mistakes that fail as a submission does.

    Raises:
        KbkError: it could not be built.
    """
    known = _known().get(exercise.id, {}).get("mistakes", {})
    if not any(each["check"] == check.name for each in known.values()):
        return Alike()
    mine, valued = _looked_at(exercise, source, check)
    if mine is None:
        return Alike()
    found = {
        name: each["mistake"]
        for name, each in known.items()
        if (each["check"], each["fingerprint"]) == (check.name, mine)
    }
    return Alike(found, valued)


def diagnosis(exercise: Exercise, source: str, check: Check) -> str:
    """A sentence on the known mistakes that fail in the same way; "" if there is none."""
    return same(exercise, source, check).sentence


def known_as(exercise: str) -> dict[str, str]:
    """The known mistakes of an exercise: name of the mutant -> what is wrong.

    Args:
        exercise: its id, "00/02".
    """
    known = _known().get(exercise, {}).get("mistakes", {})
    return {name: each["mistake"] for name, each in known.items()}


def text_of(exercise: str, name: str) -> str:
    """What is wrong, by `Alike.name`; "" if nothing is known of it.

    Args:
        exercise: its id, "00/02".
        name: "no_guard", "less_or_equal or no_guard", "no_guard or another".
    """
    known, names = known_as(exercise), name.split(_OR)
    texts = [known[each] for each in names if each in known]
    if len(names) == 1 or not texts:
        return "".join(texts)
    other = ["something else."] if _ANOTHER in names else []
    return f"may be one of: {_either([*texts, *other])}"


@lru_cache(maxsize=1)
def _known() -> dict[str, Any]:
    """Mistakes by exercise and mutant; nothing if the file is not there."""
    try:
        known: dict[str, Any] = json.loads(FILE.read_text())["exercises"]
    except (OSError, ValueError, KeyError):
        return {}
    return known


def forget() -> None:
    """Read the file anew when it is needed next: it has been written."""
    _known.cache_clear()


def mistake_of(text: str) -> str:
    """The mistake that the text of a mutant names in its first line; "" if it names none."""
    found = re.match(r"(?://|#|\"\"\") ?Mistake: (.*)", text)
    return found[1].removesuffix('"""').strip() if found else ""


def mutants(exercise: Exercise) -> Iterator[tuple[str, str]]:
    """Names and texts of its wrong submissions."""
    folder = (paths.MUTANTS or Path()) / exercise.topic / exercise.stem
    for name in sorted(exercise.mutants):
        yield name, (folder / f"{name}{exercise.suffix}").read_text()


def is_fresh(exercise: Exercise) -> bool:
    """Whether the fingerprints are those of the present grader and mutants."""
    try:
        return _known().get(exercise.id, {}).get("stamp") == stamp_of(exercise)
    except OSError:  # a mutant that is named and not there
        return False


def stamp_of(exercise: Exercise, texts: dict[str, str] | None = None) -> str:
    """A digest of what the record of an exercise depends on: its grader and its mutants."""
    texts = dict(mutants(exercise)) if texts is None else texts
    parts = [exercise.grader.read_text(), *(f"{name}\n{texts[name]}" for name in sorted(texts))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def kills(exercise: str) -> dict[str, dict[str, str]]:
    """Check and verdict that stopped each mutant of an exercise, when it ran; "" if nothing did.

    Args:
        exercise: its id, "00/02".
    """
    return dict(_known().get(exercise, {}).get("kills", {}))


def trivial(exercise: str) -> dict[str, str]:
    """The check that rejects each of kbk.grade.stand_ins, as recorded; "" if none does."""
    return dict(_known().get(exercise, {}).get("trivial", {}))


if __name__ == "__main__":
    from kbk.grade.authoring.record import main

    sys.exit(main(sys.argv[1:]))
