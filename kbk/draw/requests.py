"""Which request of a warp a picture shows, and what to say when there is no such request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from kbk.draw.arena import offset_of
from kbk.draw.seen import many, until_the_end
from kbk.errors import ArgumentError
from kbk.sanitizer.element import quoted
from kbk.sanitizer.history import SHARED, SharedVariable
from kbk.sanitizer.tensors import Argument

if TYPE_CHECKING:
    from kbk.profiler.launch import ProfiledLaunch

LANES = 32
KINDS = ("ld", "st", "red", "atom")
"""Of the numbers in the column `kind`."""

WORDS = {"ld": "load", "st": "store", "red": "reduction", "atom": "atomic"}
_SECTOR = 32  # bytes
_SPACES = {True: "shared memory", False: "global memory"}
_COUNTERS = {True: "smsp__sass_inst_executed_op_shared_", False: "l1tex__t_requests_"}


@dataclass(frozen=True, eq=False)
class Request:
    """One request of a warp.

    Attributes:
        launch: that made it.
        shared: of shared memory, else of global memory.
        number, of: its place, from 0, among so many of the same choice.
        kind: one of `KINDS`.
        block, warp: linear number of the block in the grid, and of the warp in the block.
        lanes: that take part.
        addresses: of the first byte of each of those lanes.
        bytes: that each asks for.
        cost, ideal: sectors or wavefronts, and the fewest for these bytes.
        argument: the tensor, or None.
        place: (file, line) in the source, or None.
        text: of that line.
    """

    launch: ProfiledLaunch
    shared: bool
    number: int
    of: int
    kind: str
    block: int
    warp: int
    lanes: tuple[int, ...]
    addresses: tuple[int, ...]
    bytes: int
    cost: int
    ideal: int
    argument: Argument | None
    place: tuple[str, int] | None
    text: str

    @property
    def excess(self) -> int:
        """What it costs beyond the fewest."""
        return max(self.cost - self.ideal, 0)

    @property
    def origin(self) -> int:
        """Where the memory begins that is asked for, if it is global and that is known; else 0.

        A GPU's allocations begin at multiples of 256 bytes (CUDA C++ Programming Guide, "Device
        Memory Accesses"), those of a CPU's tensors need not: lines are counted from here.
        """
        begin = 0
        if self.argument is not None:
            begin = self.argument.storage
        elif not self.shared:
            at = self.addresses[0]
            around = (a for a in self.launch.allocations if 0 <= at - a.address < a.nbytes)
            begin = next((each.address for each in around), 0)
        return begin if begin % _SECTOR == 0 else 0

    @cached_property
    def places(self) -> tuple[int, ...]:
        """Of shared memory: the addresses as they lie on a GPU, without the simulator's red zones.

        What bank an element has follows from them.
        """
        return tuple(offset_of(self.launch, address) for address in self.addresses)

    @property
    def place_name(self) -> str:
        """copy.cu:12."""
        return f"{self.place[0]}:{self.place[1]}" if self.place else "an unknown line"

    @property
    def who(self) -> str:
        """Block 0, warp 3."""
        return f"block {self.block}, warp {self.warp}"

    @property
    def memory(self) -> str:
        """The name of what the first lane asks for, or ""."""
        if self.argument is not None:
            return self.argument.name
        variable = variable_at(self.launch, self.addresses[0]) if self.shared else None
        return variable.name if variable is not None and variable.name.isidentifier() else ""

    @property
    def place_among(self) -> str:
        """Request 1 of 128; where the log was full, of the first 25,000 kept."""
        full = self.launch.requests_left_out > 0
        return f"request {self.number + 1:,} of {'the first ' * full}{self.of:,}{' kept' * full}"

    @property
    def what(self) -> str:
        """Load of x."""
        link = {"ld": "of", "st": "to"}.get(self.kind, "on")
        return f"{WORDS[self.kind]} {link} {self.memory}" if self.memory else WORDS[self.kind]


def find(
    caller: str,
    launch: ProfiledLaunch,
    *,
    shared: bool,
    line: int | str | None = None,
    request: int = 0,
    argument: Any = None,
    kind: str | None = None,
) -> Request:
    """The request that was asked for.

    Args:
        caller: the function that errors name.
        launch: of ``kbk.profile()``.
        shared: requests of shared memory, else of global memory.
        line: number of a line of the source, or a part of its text; None: any line.
        request: which of those that fit, from 0: by block, then by warp, then by time.
        argument: a tensor of the call, or its name; None: any.
        kind: "ld", "st", "red" or "atom", in shared memory for both of the last two; None: any.

    Raises:
        ArgumentError: there is no such request; the text says what there is.
    """
    rows = _rows(caller, launch, shared)
    places = _places(launch, rows)
    keep = np.ones(len(rows), bool)
    if line is not None:
        keep &= _on_line(caller, launch, rows, places, line, shared)
    if argument is not None:
        keep &= _of_argument(caller, launch, rows, argument)
    if kind is not None:
        if kind not in KINDS:
            kinds = ", ".join(KINDS)
            raise ArgumentError(f"{caller}: kind must be one of {kinds}; it was {quoted(kind)}.")
        # Nsight Compute counts all atomics on shared memory as op_atom.
        wanted = ("red", "atom") if shared and kind == "atom" else (kind,)
        keep &= np.isin(rows["kind"], [KINDS.index(each) for each in wanted])
    chosen = rows[keep]
    if len(chosen) == 0:
        named_ = f"argument {argument!r}" if isinstance(argument, str) else "that tensor"
        asked = [named_] if argument is not None else []
        asked += [f"kind {kind!r}"] if kind is not None else []
        on = "" if line is None else f" on line {line!r}"
        raise ArgumentError(
            f"{caller}: {launch.kernel} made no request of {' and '.join(asked)}{on} in "
            f"{_SPACES[shared]}; it made {_listed(launch, rows, places)}.{_partial(launch)}"
        )
    number = _number(caller, request, len(chosen), launch)
    return _request(launch, chosen[number], number, len(chosen), places)


def _rows(caller: str, launch: Any, shared: bool) -> np.ndarray[Any, Any]:
    rows = getattr(launch, "requests", None)
    if not isinstance(rows, np.ndarray) or not hasattr(launch, "where"):
        raise ArgumentError(
            f"{caller}: launch must be a launch of kbk.profile(), such as p.launches[0]; "
            f"it was {quoted(launch)}."
        )
    rows = rows[((rows["space"] == SHARED) == shared) & (rows["kind"] < len(KINDS))]
    if len(rows) == 0:
        counter = _COUNTERS[shared]
        made = sum(n for name, n in launch.metrics.items() if name.startswith(counter))
        if made and launch.requests_left_out:
            raise ArgumentError(
                f"{caller}: {launch.kernel} made {many(int(made), 'request')} in "
                f"{_SPACES[shared]}, but none was kept: the log has the first "
                f"{len(launch.requests):,} requests of the launch (most_requests). "
                "Profile a smaller launch, or with kbk.profile(most_requests=...)."
            )
        raise ArgumentError(
            f"{caller}: launch must have requests in {_SPACES[shared]}; "
            f"that of {launch.kernel} has none.{until_the_end(launch)}"
        )
    # Of one warp in the order of time; the order of warps is that of their numbers.
    ordered: np.ndarray[Any, Any] = rows[np.lexsort((rows["warp"], rows["block"]))]
    return ordered


def _partial(launch: Any) -> str:
    """A sentence about a log that was full before the launch ended."""
    if launch.requests_left_out == 0:
        return ""
    return (
        f" Only the first {many(len(launch.requests), 'request')} of this launch "
        f"{'was' if len(launch.requests) == 1 else 'were'} kept, "
        f"{launch.requests_left_out:,} not: profile a smaller one, or "
        "kbk.profile(most_requests=...)."
    )


def _places(launch: Any, rows: np.ndarray[Any, Any]) -> dict[int, tuple[str, int] | None]:
    pcs = [int(pc) for pc in np.unique(rows["pc"])]
    return dict(zip(pcs, launch.where(pcs), strict=True))


def variable_at(launch: ProfiledLaunch, offset: int) -> SharedVariable | None:
    """The shared variable that holds a byte, counted from the start of the block's arena."""
    return next(
        (each for each in launch.shared if each.offset <= offset < each.offset + each.size), None
    )


def source_text(launch: Any, place: tuple[str, int] | None) -> str:
    """The line of the source at a place, without its indent; "" if the source is not known."""
    if place is None:
        return ""
    lines = launch.sources.get(place[0], "").splitlines()
    return lines[place[1] - 1].strip() if 0 < place[1] <= len(lines) else ""


def _on_line(
    caller: str,
    launch: Any,
    rows: np.ndarray[Any, Any],
    places: dict[int, tuple[str, int] | None],
    line: int | str,
    shared: bool,
) -> np.ndarray[Any, Any]:
    if not shared and isinstance(line, str) and line in {each.name for each in launch.arguments}:
        raise ArgumentError(
            f"{caller}: line must be the number of a line or a part of its text; {line!r} is a "
            f"tensor of the call: argument={line!r} chooses its requests."
        )
    if isinstance(line, bool) or not isinstance(line, (int, str)):
        raise ArgumentError(
            f"{caller}: line must be the number of a line or a part of its text; "
            f"it was {quoted(line)}."
        )
    if isinstance(line, str):
        fits = {place for place in places.values() if line in source_text(launch, place)}
    else:
        fits = {place for place in places.values() if place is not None and place[1] == line}
    if not fits:
        raise ArgumentError(
            f"{caller}: line must be one with requests in {_SPACES[shared]}; it was {line!r}. "
            f"{launch.kernel} made {_listed(launch, rows, places)}.{_partial(launch)}"
        )
    pcs = [pc for pc, place in places.items() if place in fits]
    return np.isin(rows["pc"], pcs)


def _of_argument(
    caller: str, launch: Any, rows: np.ndarray[Any, Any], argument: Any
) -> np.ndarray[Any, Any]:
    return np.asarray(rows["argument"] == launch.number_of(argument, caller))


def _number(caller: str, request: int, count: int, launch: Any) -> int:
    if isinstance(request, bool) or not isinstance(request, (int, np.integer)):
        raise ArgumentError(f"{caller}: request must be an integer; it was {quoted(request)}.")
    if not -count <= request < count:
        raise ArgumentError(
            f"{caller}: request must be 0 to {count - 1}, so many fit; it was {request}."
            f"{_partial(launch)}"
        )
    return int(request) % count


def _request(
    launch: Any,
    row: Any,
    number: int,
    of: int,
    places: dict[int, tuple[str, int] | None],
) -> Request:
    lanes = tuple(lane for lane in range(LANES) if int(row["lanes"]) >> lane & 1)
    place = places[int(row["pc"])]
    return Request(
        launch=launch,
        shared=bool(row["space"] == SHARED),
        number=number,
        of=of,
        kind=KINDS[int(row["kind"])],
        block=int(row["block"]),
        warp=int(row["warp"]),
        lanes=lanes,
        addresses=tuple(int(row["address"][lane]) for lane in lanes),
        bytes=int(row["bytes"]),
        cost=int(row["cost"]),
        ideal=int(row["ideal"]),
        argument=launch.argument_at(int(row["argument"])),
        place=place,
        text=source_text(launch, place),
    )


def _listed(
    launch: Any, rows: np.ndarray[Any, Any], places: dict[int, tuple[str, int] | None]
) -> str:
    """The lines that have requests: "copy.cu:12 (128 ld of x, 128 st to out)"."""
    keys = np.stack([rows[each].astype(np.int64) for each in ("pc", "kind", "argument")], axis=1)
    found: dict[tuple[str, int], Counter[str]] = {}
    for (pc, kind, argument), count in zip(
        *np.unique(keys, axis=0, return_counts=True), strict=True
    ):
        tensor = launch.argument_at(int(argument))
        what = f"{KINDS[kind]} {tensor.name if tensor else ''}".rstrip()
        found.setdefault(places[int(pc)] or ("?", 0), Counter())[what] += int(count)
    return "; ".join(
        f"{file}:{line}: " + ", ".join(f"{count} {what}" for what, count in made.items())
        for (file, line), made in sorted(found.items())
    )


def ranges(numbers: Iterable[int]) -> str:
    """0 to 3, 5; or 0 to 30 in steps of 2."""
    found = sorted(numbers)
    steps = {b - a for a, b in pairwise(found)}
    if len(found) > 3 and len(steps) == 1 and steps != {1}:
        return f"{found[0]} to {found[-1]} in steps of {steps.pop()}"
    runs: list[list[int]] = []
    for number in found:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in runs)


def named(one: str, numbers: Collection[int]) -> str:
    """Lane 3; lanes 0 to 3."""
    return f"{one} {ranges(numbers)}" if len(numbers) == 1 else f"{one}s {ranges(numbers)}"
