"""Ops beside their peers on a GPU: one run, the same buffers, taken in turn, with a ceiling.

An op family has a module in ``kbk/bench/`` with a function ``suite() -> Suite``, and a line in
:data:`SUITES`. That is all that ``kbk bench NAME`` and ``kbk record --parts NAME`` need:

    def suite() -> Suite:
        return Suite("rope", kernels=("rope.cu", "ceilings.cu"), ours="kbk.ops", cases=[...])

A :class:`Case` is one row of shapes. Its ``make()`` allocates the buffers on the GPU and gives
:class:`Calls`: our function, the peers', kernels that do nothing but move the same bytes in the
same mix (``ceilings``; the fastest grid counts), and a check of one function's answer.
:meth:`Calls.add` takes a peer that may not be there: what stops it is kept and shown.

Every function of a case runs in the same rounds, after the L2 cache was cleared
(:func:`kbk.bench.timing.compare`). The fastest peer, found in rounds before, runs twice a round:
its ratio to itself is the noise. Ours passes at a ratio of 0.99 to it where it takes more than
50 us, and below that at 1 minus the noise. Where ``Case.at_ceiling`` is set, ours must also reach
:data:`CEILING_BAR` of the ceiling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from statistics import median
from typing import Any

from kbk.bench.copying import rounds
from kbk.bench.page import table_text
from kbk.bench.records import Record, live_or_record, take
from kbk.bench.stats import ratios
from kbk.bench.timing import CudaTimer, Fn, Timer, compare

SUITES = {"activation": "kbk.bench.activation", "rope": "kbk.bench.rope"}
"""Name of a suite -> the module whose ``suite()`` makes it."""

CEILING = "ceiling"
CEILING_BAR = 0.97
PAIRS = 40
METHOD = (
    "Per case, rounds of all functions in turn in one process on the same tensors; before each "
    "call a buffer of at least 512 MiB is written, which clears the L2 cache; CUDA events around "
    "the call; medians. The fastest peer of 9 rounds before runs twice a round. The ceiling is a "
    "kernel of kernels/ceilings.cu that moves as many bytes in the same mix of reads and writes, "
    "on the best of several grids. GB/s counts each input read once and each output written once."
)


@dataclass
class Calls:
    """What is timed in one case, on buffers that are there.

    Attributes:
        ours: the function of this project.
        check: runs a function and compares what it computed; "" or what is wrong with it.
        peers: name -> function.
        missing: peer that cannot run here -> why, in a line.
        ceilings: grid in words -> a kernel that moves the same bytes in the same mix.
    """

    ours: Fn
    check: Callable[[Fn], str]
    peers: dict[str, Fn] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    ceilings: dict[str, Fn] = field(default_factory=dict)

    def add(self, name: str, make: Callable[[], Fn]) -> None:
        """Adds a peer, or the reason why it cannot run: it is made, run and checked once.

        Args:
            name: as the table shows it.
            make: imports the peer and gives the function to time.
        """
        try:
            fn = make()
            wrong = self.check(fn)
        except Exception as error:  # a peer may fail in any way; ours must still be measured
            first = (str(error).strip().splitlines() or ["no message"])[0]
            self.missing[name] = f"{type(error).__name__}: {first}"[:200]
            return
        if wrong:
            self.missing[name] = f"its answer is wrong: {wrong}"
        else:
            self.peers[name] = fn


@dataclass(frozen=True)
class Case:
    """One row: a shape.

    Attributes:
        name: "4096 x 14336".
        bytes_moved: the fewest bytes that a call reads plus writes.
        make: allocates on the current GPU, just before the case is measured.
        at_ceiling: whether our share of the ceiling must reach CEILING_BAR here.
    """

    name: str
    bytes_moved: int
    make: Callable[[], Calls]
    at_ceiling: bool = False


@dataclass(frozen=True)
class Suite:
    """The cases of one op family.

    Attributes:
        name: of the record, and in ``kbk bench NAME``.
        kernels: files of ``kernels/`` that are measured.
        ours: how the table calls our function.
        cases: in the order of the table.
    """

    name: str
    kernels: tuple[str, ...]
    ours: str
    cases: Sequence[Case]


def suite(name: str) -> Suite:
    """The suite of a name in :data:`SUITES`.

    Raises:
        KeyError: there is no such suite.
    """
    made: Suite = import_module(SUITES[name]).suite()
    return made


def measure(of: Suite, pairs: int = PAIRS, timer: Timer | None = None, probes: int = 9) -> Record:
    """Measures every case of a suite on the current GPU.

    Raises:
        AssertionError: our own function computes something wrong; nothing is recorded then.
        ValueError: fewer than 20 pairs.
    """
    timer = timer or CudaTimer()
    data = {case.name: _measured(of, case, pairs, timer, probes) for case in of.cases}
    return take(of.name, data, METHOD, of.kernels)


def _measured(of: Suite, case: Case, pairs: int, timer: Timer, probes: int) -> dict[str, Any]:
    calls = case.make()
    wrong = calls.check(calls.ours)
    if wrong:
        raise AssertionError(f"{of.ours} is wrong at {case.name}: {wrong}")
    peers, ceilings = _rounds(calls.peers, probes, timer), _rounds(calls.ceilings, probes, timer)
    best = min(peers, key=lambda name: peers[name], default=of.ours)
    fns: dict[str, Fn] = {of.ours: calls.ours, **calls.peers}
    notes: dict[str, Any] = {"best": best, "missing": dict(calls.missing)}
    if ceilings:
        grid = min(ceilings, key=lambda name: ceilings[name])
        fns[CEILING] = calls.ceilings[grid]
        notes["grid"] = grid
    found = compare(fns, pairs, peer=best, timer=timer, bytes_moved=case.bytes_moved)
    row = {**found.to_dict(), **notes, "passes": bool(calls.peers) and found.passes(of.ours)}
    if ceilings:
        share = median(ratios(found.times[CEILING], found.times[of.ours]))
        row["share"] = round(share, 4)
        row["share_passes"] = share >= CEILING_BAR if case.at_ceiling else None
    return row


def _rounds(fns: Mapping[str, Fn], count: int, timer: Timer) -> dict[str, float]:
    return rounds(dict(fns), count, timer) if fns else {}


def table(of: Suite, data: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table of a record: us of everyone, ours against the best, the ceiling.

    A peer that did not run has a dash; :func:`absent` says why. A case that fails is marked
    SLOWER or BELOW, and stays in the table.
    """
    names: list[str] = []
    for row in data.values():
        names += [n for n in [*row["functions"], *row["missing"]] if n not in names]
    names = [n for n in names if n not in (of.ours, CEILING)]
    head = ["shape", f"{of.ours} us", *(f"{n} us" for n in names), "GB/s", "best peer / ours", "of"]
    head += ["ceiling us", "share of the ceiling"]
    return head, [_row(of, case, row, names) for case, row in data.items()]


def _row(of: Suite, case: str, row: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    found = row["functions"]

    def us(name: str) -> str:
        return f"{found[name]['median_us']:.2f}" if name in found else "-"

    against, best = "-", "no peer"
    if row["best"] != of.ours:
        ratio = found[of.ours]["ratio"]
        against = f"{ratio:.3f}" if row["passes"] else f"{ratio:.3f} SLOWER"
        best = f"{row['best']}, bar {row['bar']:.3f}"
    share = f"{row['share']:.3f}" if "share" in row else "-"
    if row.get("share_passes") is False:
        share += " BELOW"
    gbps = f"{found[of.ours]['GBps']:.0f}"
    return [case, us(of.ours), *map(us, names), gbps, against, best, us(CEILING), share]


def absent(data: Mapping[str, Any]) -> list[str]:
    """A sentence for each peer that did not run, with the cases if it ran in others."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for case, row in data.items():
        for name, why in row["missing"].items():
            reasons.setdefault((name, why), []).append(case)
    sentences = []
    for (name, why), cases in reasons.items():
        where = "" if len(cases) == len(data) else f" at {', '.join(cases)}"
        sentences.append(f"Missing: {name}{where}. {why}")
    return sentences


def show(name: str, *, live: bool) -> bool:
    """Prints the table of a suite, and where its numbers come from; False if there are none.

    Args:
        name: in :data:`SUITES`.
        live: measure now; else read the newest record.
    """
    of = suite(name)
    reading = live_or_record(name, lambda: measure(of), gpu=live)
    print(f"{of.ours}. {reading}")
    if not reading.data:
        return False
    print(table_text(*table(of, reading.data)))
    for sentence in absent(reading.data):
        print(sentence)
    print()
    return True
