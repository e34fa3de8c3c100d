"""What the lanes of a warp gave and got in shuffles and votes, step by step, from the records."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field

import numpy as np

from kbk.draw.replays import numbers
from kbk.draw.seen import LANES, places_of
from kbk.sanitizer.history import EXCHANGE, FROM, MEETING, Launch
from kbk.sanitizer.past import reads
from kbk.sanitizer.places import Place
from kbk.sanitizer.values import decode

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
_EXACT = 10_000_000  # whole numbers below it are written in full


@dataclass(frozen=True)
class Step:
    """One collective of a warp.

    Attributes:
        op: number of the operation.
        pc: of the call.
        gave, got: by lane, bits; only of the lanes that took part.
        source: by lane, the one that it read; empty if it is no shuffle.
        loaded: by lane, bits of what its thread had loaded since its last collective.
    """

    op: int
    pc: int
    gave: dict[int, int]
    got: dict[int, int]
    source: dict[int, int]
    loaded: dict[int, set[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Round:
    """Shuffles one behind the other in which every lane reads the same lane, or one other step.

    Attributes:
        steps: several where values go together, such as a value and its index.
        values: of each step, by lane, what it gave as text.
        results: of each step, by lane, what it got as text.
        places: of each step.
        dtypes: of each step.
        anew: the lanes whose values have nothing to do with the rounds before: they were loaded.
    """

    steps: tuple[Step, ...]
    values: tuple[dict[int, str], ...]
    results: tuple[dict[int, str], ...]
    places: tuple[Place, ...]
    dtypes: tuple[str, ...]
    anew: frozenset[int] = frozenset()

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
    mine = mine[(mine["access"] == MEETING) | (mine["access"] == EXCHANGE) | reads(mine)]
    steps: list[Step] = []
    loaded: dict[int, set[int]] = {}
    lanes = ("thread", "bytes", "pc", "address", "value", "space", "access")
    for thread, op, pc, gave, got, space, access in zip(
        *(mine[name].tolist() for name in lanes), strict=True
    ):
        if access == MEETING:
            if op:
                steps.append(Step(op, 0, {}, {}, {}))
            continue
        lane = thread % LANES
        if access != EXCHANGE:
            loaded.setdefault(lane, set()).add(got)
            continue
        step = steps[-1]
        if step.pc == 0:
            step = steps[-1] = Step(step.op, pc, step.gave, step.got, step.source)
        step.loaded[lane] = loaded.pop(lane, set())
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
    anew = _anew(groups)
    rounds = []
    for at_round, group in enumerate(groups):
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
                anew[at_round],
            )
        )
    return rounds


def _anew(groups: list[list[Step]]) -> list[frozenset[int]]:
    """Of each round, the lanes that gave what they had loaded since the round before.

    Where some lanes did, others that gave what does not follow from the round before count as well:
    the 0 in `lane < 4 ? partial[lane] : 0`.
    """
    found = []
    before: dict[int, tuple[list[int], list[int]]] = {}  # by lane, what it gave and got
    for group in groups:
        lanes = [lane for lane in group[0].gave if lane in before]
        loaded = {
            lane: set().union(*(step.loaded.get(lane, set()) for step in group)) for lane in lanes
        }
        gave = {lane: [step.gave[lane] for step in group if lane in step.gave] for lane in lanes}
        anew = {lane for lane in lanes if loaded[lane] & set(gave[lane])}
        if anew:
            anew |= {
                lane
                for lane in lanes
                if not loaded[lane] and not set(gave[lane]) & _following(*before[lane])
            }
        found.append(frozenset(anew))
        for lane in group[0].gave:
            before[lane] = (
                [step.gave[lane] for step in group if lane in step.gave],
                [step.got[lane] for step in group if lane in step.got],
            )
    return found


def _following(gave: list[int], got: list[int]) -> set[int]:
    """What follows from a value that a lane gave and one that it got: one of them, or their sum."""
    found = {*gave, *got}
    for one, other in zip(gave, got, strict=False):
        for form, whole in (("f", "I"), ("d", "Q")):
            size = struct.calcsize(form)
            if max(one, other) >> 8 * size:
                continue
            found.add((one + other) & ((1 << 8 * size) - 1))
            a, b = (struct.unpack(form, struct.pack(whole, each))[0] for each in (one, other))
            try:
                found.add(struct.unpack(whole, struct.pack(form, a + b))[0])
            except OverflowError:
                continue
    return found


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
    """A value in few characters.

    Whole numbers of a float of up to seven digits are exact; what was rounded has a point or an
    exponent, never the look of a whole number.
    """
    size = numbers.size_of(dtype) or 8
    if dtype not in ("float16", "bfloat16", "float32", "float64"):
        return str(numbers.number(bits, dtype, size))
    value = float(decode(bits, size, dtype) or "nan")
    if value.is_integer() and abs(value) < _EXACT and (value or math.copysign(1, value) > 0):
        return str(int(value))
    short = f"{value:.3g}"
    if short.lstrip("-").isdigit():
        short = f"{value:.4g}"
        short = short if "." in short else f"{short}.0"
    return short.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def reach(rounds: list[Round]) -> dict[int, set[int]]:
    """By lane, the lanes whose values it may have met after some rounds: first or loaded ones."""
    met = {lane: {lane} for lane in range(LANES)}
    for each in rounds:
        met |= {lane: {lane} for lane in each.anew}
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
    anew: frozenset[int] = frozenset()
    for each in reversed(rounds):
        needed = needed - anew
        anew = each.anew
        if each.shuffles:
            needed = needed | {each.source[one] for one in needed if one in each.source}
        elif needed & set(each.lanes):
            needed = needed | set(each.lanes)
        found.append(needed)
    return found[::-1]
