"""What the lanes of a warp gave and got in shuffles and votes, step by step, from the records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kbk.draw.replays import numbers
from kbk.draw.seen import LANES, places_of
from kbk.sanitizer.history import EXCHANGE, FROM, MEETING, Launch
from kbk.sanitizer.places import Place

OPERATIONS = (
    "sync",
    "shfl",
    "shfl_up",
    "shfl_down",
    "shfl_xor",
    "ballot",
    "any",
    "all",
    "match_any",
    "match_all",
    "reduce_add",
    "reduce_add",
    "reduce_min",
    "reduce_min",
    "reduce_max",
    "reduce_max",
    "reduce_and",
    "reduce_or",
    "reduce_xor",
)
"""Names of the operations, by their number in a record."""

_SHUFFLES = range(1, 5)


@dataclass(frozen=True)
class Step:
    """One collective of a warp.

    Attributes:
        op: number of the operation.
        pc: of the call.
        gave, got: by lane, bits; only of the lanes that took part.
        source: by lane, the one that it read; empty if it is no shuffle.
    """

    op: int
    pc: int
    gave: dict[int, int]
    got: dict[int, int]
    source: dict[int, int]


@dataclass(frozen=True)
class Round:
    """Shuffles one behind the other in which every lane reads the same lane, or one other step.

    Attributes:
        steps: several where values go together, such as a value and its index.
        values: of each step, by lane, what it gave as text.
        results: of each step, by lane, what it got as text.
        places: of each step.
        dtypes: of each step.
    """

    steps: tuple[Step, ...]
    values: tuple[dict[int, str], ...]
    results: tuple[dict[int, str], ...]
    places: tuple[Place, ...]
    dtypes: tuple[str, ...]

    @property
    def shuffles(self) -> bool:
        """Whether lanes read lanes."""
        return self.steps[0].op in _SHUFFLES

    @property
    def lanes(self) -> list[int]:
        """Who took part."""
        return sorted(self.steps[0].gave)

    @property
    def source(self) -> dict[int, int]:
        """By lane, the lane that it read."""
        return self.steps[0].source

    @property
    def what(self) -> str:
        """The operation in few words: xor 16; down 8; from lane 3; ballot."""
        name = OPERATIONS[self.steps[0].op]
        if not self.shuffles:
            return name
        source, lanes = self.source, self.lanes
        if len(set(source.values())) == 1:
            return f"from lane {source[lanes[0]]}"
        moved = [lane for lane in lanes if source[lane] != lane]
        masks = {lane ^ source[lane] for lane in moved}
        steps = {source[lane] - lane for lane in moved}
        if not moved:
            return "each its own"
        if len(masks) == 1 and name in ("shfl_xor", "shfl"):
            return f"xor {masks.pop()}"
        if len(steps) == 1:
            step = steps.pop()
            return f"{'down' if step > 0 else 'up'} {abs(step)}"
        return "any lane"


def steps_of(launch: Launch, block: int, warp: int) -> list[Step]:
    """The collectives of a warp that moved values, in order."""
    told = launch.records
    mine = told[(told["block"] == block) & (told["thread"] // LANES == warp)]
    mine = mine[(mine["access"] == MEETING) | (mine["access"] == EXCHANGE)]
    steps: list[Step] = []
    lanes = ("thread", "bytes", "pc", "address", "value", "space", "access")
    for thread, op, pc, gave, got, space, access in zip(
        *(mine[name].tolist() for name in lanes), strict=True
    ):
        if access == MEETING:
            if op:
                steps.append(Step(op, 0, {}, {}, {}))
            continue
        step, lane = steps[-1], thread % LANES
        if step.pc == 0:
            step = steps[-1] = Step(step.op, pc, step.gave, step.got, step.source)
        step.gave[lane], step.got[lane] = gave, got
        if space & FROM:
            step.source[lane] = space & ~FROM
    return [step for step in steps if step.gave]


def warps_that_met(launch: Launch) -> list[tuple[int, int]]:
    """Block and warp of all that took part in a step."""
    told = launch.records
    mine = told[told["access"] == EXCHANGE]
    both = np.unique(mine["block"].astype(np.int64) * LANES + mine["thread"] // LANES)
    return [(int(each) // LANES, int(each) % LANES) for each in both]


def rounds_of(launch: Launch, steps: list[Step], dtypes: tuple[str, ...]) -> list[Round]:
    """The steps in rounds, with values as text.

    Args:
        steps: of `steps_of`.
        dtypes: of the values, one for each step of a round, the last one for all that follow; none:
            they are guessed from the bits that each call exchanges.
    """
    groups: list[list[Step]] = []
    for step in steps:
        before = groups[-1] if groups else []
        if (
            before
            and step.op in _SHUFFLES
            and before[0].op == step.op
            and before[0].source == step.source
            and step.pc not in [each.pc for each in before]
        ):
            before.append(step)
        else:
            groups.append([step])
    found = places_of(launch, (step.pc for step in steps))
    guessed = _guessed(steps)
    rounds = []
    for group in groups:
        forms = [
            dtypes[min(at, len(dtypes) - 1)] if dtypes else guessed[step.pc]
            for at, step in enumerate(group)
        ]
        both = list(zip(group, forms, strict=True))
        rounds.append(
            Round(
                tuple(group),
                tuple(_texts(step.gave, form) for step, form in both),
                tuple(_texts(step.got, _result(step, form)) for step, form in both),
                tuple(found[step.pc] for step in group),
                tuple(forms),
            )
        )
    return rounds


def _guessed(steps: list[Step]) -> dict[int, str]:
    """The dtype of what each call exchanges, as its bits look."""
    seen: dict[int, list[int]] = {}
    for step in steps:
        values = seen.setdefault(step.pc, [])
        values += step.gave.values()
        if step.source:
            values += [bits for lane, bits in step.got.items() if step.source[lane] in step.gave]
    forms = {}
    for pc, values in seen.items():
        size = 4 if max(values) < 1 << 32 else 8
        forms[pc] = numbers.guess(values, size) or f"uint{8 * size}"
    return forms


def _result(step: Step, dtype: str) -> str:
    """The dtype of what is got: masks of lanes are bits."""
    name = OPERATIONS[step.op]
    if name in ("ballot", "match_any", "match_all"):
        return "bits"
    return "int32" if name in ("any", "all") else dtype


def _texts(bits: dict[int, int], dtype: str) -> dict[int, str]:
    if dtype == "bits":
        return {lane: f"0x{each:08x}" for lane, each in bits.items()}
    return {lane: text_of(each, dtype) for lane, each in bits.items()}


def text_of(bits: int, dtype: str) -> str:
    """A value in at most seven characters, if it has no exponent."""
    value = numbers.number(bits, dtype, numbers.size_of(dtype) or 8)
    if isinstance(value, float):
        return f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e")
    return str(value)


def reach(rounds: list[Round]) -> dict[int, set[int]]:
    """By lane, the lanes whose first values it may have met after some rounds."""
    met = {lane: {lane} for lane in range(LANES)}
    for each in rounds:
        if each.shuffles:
            read = {lane: met[lane] | met[source] for lane, source in each.source.items()}
        else:
            read = dict.fromkeys(each.lanes, set().union(*(met[lane] for lane in each.lanes)))
        met = {lane: read.get(lane, met[lane]) for lane in met}
    return met


def cone(rounds: list[Round], lane: int) -> list[set[int]]:
    """Before each round, and behind the last one, the lanes whose values lead to one lane's."""
    needed = {lane}
    found = [needed]
    for each in reversed(rounds):
        if each.shuffles:
            needed = needed | {each.source[one] for one in needed if one in each.source}
        elif needed & set(each.lanes):
            needed = needed | set(each.lanes)
        found.append(needed)
    return found[::-1]
