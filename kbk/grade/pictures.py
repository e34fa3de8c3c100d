"""The learner's own picture beside the target's, for the HTML of a failed check.

too-much-traffic: the request that costs most, on its sectors, above one of the reference.
wrong-answer, uninitialized: which elements of an output are right, wrong, or written by nobody.

Both take runs of their own, in workers, after the verdict (`Report.pictures`). What a worker tells
of a request is a few numbers; of the reference nothing else is shown, no line of its source.
"""

from __future__ import annotations

from html import escape
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeGuard

from kbk.errors import KbkError
from kbk.grade import catalogue
from kbk.grade.again import again
from kbk.grade.cases import Case
from kbk.grade.compare import right, same_bits
from kbk.grade.counters import counter
from kbk.grade.exercise import Check, Exercise
from kbk.grade.gates import count
from kbk.grade.judge import outputs
from kbk.grade.report import Report

if TYPE_CHECKING:
    from kbk.draw.picture import Picture
    from kbk.draw.requests import Request

_BASE = 1 << 20  # where a storage begins, in pictures: a multiple of 128, as in the arena
_KINDS = {"_op_ld": ("ld", "atom"), "_op_st": ("st", "red", "atom"), "requested_ld": ("ld", "atom")}
_ALL = ("ld", "st", "red", "atom")


def has_picture(report: Report) -> bool:
    """Whether there is something to draw: a case ran to its end on the simulator, and failed."""
    failed = report.failed
    if failed is None or failed.case is None or report.machine != "cpu":
        return False
    return failed.verdict in ("wrong-answer", "uninitialized", "too-much-traffic")


def as_html(exercise: Exercise, report: Report) -> str:
    """The picture of a report's first failed check as HTML; "" where there is none."""
    failed = report.failed
    if failed is None or not has_picture(report):
        return ""
    check = next(each for each in exercise.checks if each.name == failed.name)
    try:
        draw = traffic if failed.verdict == "too-much-traffic" else values_map
        picture = draw(exercise, report, check)
    except KbkError as error:  # the verdict stands without it
        return f"<p>There is no picture: {escape(str(error))}</p>"
    return "" if picture is None else picture._repr_html_()


def values_map(exercise: Exercise, report: Report, check: Check) -> Picture | None:
    """Which elements of the first wrong output are right, beside the output as it must be."""
    from kbk.draw.verdict_map import NOBODY, RIGHT, WRONG, picture_of

    failed = report.failed
    assert failed is not None
    with again(exercise, report.source, check, seed=report.seed, only=failed.case) as (ran, arena):
        case = ran[0].case
        if not isinstance(case, Case) or arena is None or ran[0].facts is None:
            return None
        for output in outputs(case, ran[0].place, arena):
            if output.now.shape != output.expected.shape:
                continue
            states = (~right(output.now, output.expected, case.tol)).long() * WRONG
            if output.before.numel():
                states[same_bits(output.now, output.before)] = NOBODY
            if (states != RIGHT).any():
                return picture_of(output.name, case.label, states, output.first)
    return None


def traffic(exercise: Exercise, report: Report, check: Check) -> Picture | None:
    """A request of the line that costs most, above one of the reference for the same gate."""
    from kbk.draw.sectors import compared

    failed = report.failed
    assert failed is not None
    case = _cases(exercise, check, report.seed)[failed.case or 0]
    gates = case.gates if isinstance(case, Case) else ()
    for gate in gates:
        meant = counter(gate.counter)
        kinds = next(
            (found for part, found in _KINDS.items() if any(part in name for name in meant.names)),
            _ALL,
        )
        asked = {"kinds": list(kinds), "argument": meant.argument, "line": failed.line}
        mine, facts = _request(exercise, report.source, check, report, asked)
        found = None if facts is None else count(gate, facts)
        if mine is None or (found is not None and gate.reached(found)):
            continue
        asked |= {"line": None, "argument": mine.argument.name if mine.argument else ""}
        theirs, _ = _request(exercise, catalogue.solution_text(exercise), check, report, asked)
        if theirs is None:
            continue
        return compared([("yours", mine), ("the reference", theirs)])
    return None


def _cases(exercise: Exercise, check: Check, seed: int) -> list[Any]:
    """The cases of a check."""
    from kbk.grade.grader import Run

    return [item.case for item in Run(exercise, "", seed, "cpu").items([check])]


def _request(
    exercise: Exercise, source: str, check: Check, report: Report, asked: dict[str, Any]
) -> tuple[Request | None, dict[str, Any] | None]:
    """The request that a traced run of a case shows for what is asked, and the facts of the run."""
    failed = report.failed
    assert failed is not None
    with again(exercise, source, check, seed=report.seed, only=failed.case, shows=asked) as (
        ran,
        _,
    ):
        case, facts = ran[0].case, ran[0].facts
    told = (facts or {}).get("request")
    if not isinstance(case, Case) or not makes_sense(told):
        return None, facts
    rows = report.source.splitlines() if asked["line"] is not None else []
    line = asked["line"] if rows else None
    return _from(told, case, rows[line - 1].strip() if line and line <= len(rows) else ""), facts


def makes_sense(told: Any) -> TypeGuard[dict[str, Any]]:
    """Whether what a worker told of a request is one."""
    if not isinstance(told, dict):
        return False
    lanes, addresses = told.get("lanes"), told.get("addresses")
    if not isinstance(lanes, list) or not isinstance(addresses, list) or not lanes:
        return False
    numbers = [*lanes, *addresses, *(told.get(each) for each in ("block", "warp", "cost", "ideal"))]
    return (
        all(type(each) is int and 0 <= each < 1 << 40 for each in numbers)
        and lanes == sorted({each for each in lanes if each < 32})
        and len(addresses) == len(lanes)
        and told.get("bytes") in (1, 2, 4, 8, 16)
        and told.get("kind") in _ALL
        and isinstance(told.get("argument"), str)
        and 0 < told["ideal"] <= told["cost"] <= 32 * 17
    )


def _from(told: dict[str, Any], case: Case, text: str) -> Request | None:
    from kbk.draw.requests import Request
    from kbk.grade.cases import Argument as Given
    from kbk.sanitizer.tensors import Argument

    given = next(
        (each for each in case.args if isinstance(each, Given) and each.name == told["argument"]),
        None,
    )
    if given is None:
        return None
    tensor = given.tensor
    size = tensor.element_size()
    argument = Argument(
        given.name,
        _BASE,
        tensor.untyped_storage().nbytes(),
        _BASE + int(tensor.storage_offset()) * size,
        tuple(tensor.shape),
        tuple(tensor.stride()),
        size,
        str(tensor.dtype).removeprefix("torch."),
        False,
        given.written,
        None,
        None,
    )
    nowhere: Any = SimpleNamespace(allocations=(), shared=(), ended=False)
    return Request(
        launch=nowhere,
        shared=False,
        number=0,
        of=1,
        kind=told["kind"],
        block=told["block"],
        warp=told["warp"],
        lanes=tuple(told["lanes"]),
        addresses=tuple(_BASE + each for each in told["addresses"]),
        bytes=told["bytes"],
        cost=told["cost"],
        ideal=told["ideal"],
        argument=argument,
        place=None,
        text=text,
    )
