"""The simulator's counters beside Nsight Compute's, for every case that was recorded on a GPU.

PYTHONPATH=. python tests/kbk/profile/compare.py [part of an id]       prints what differs
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import patterns
from cases import CORPUS, Case, call, cases, module
from ncu_tool import base_name

from kbk.bench import records
from kbk.paths import MEASUREMENTS
from kbk.profiler.metrics import NSIGHT

FOLDER = MEASUREMENTS / "ncu"
BAR = 0.95

MODELLED = NSIGHT
"""Nsight's counters that the simulator must give, equal to the digit."""

SUMS = {
    f"derived__{name}_excessive": (name, f"{name}_ideal")
    for name in ("memory_l2_theoretical_sectors_global", "memory_l1_wavefronts_shared")
}
"""Counters that are the difference of two others, for where ncu did not give them."""


@dataclass(frozen=True)
class Pair:
    """One counter of one launch, from both sides.

    Attributes:
        case, index: which launch of which case.
        kernel, metric: names.
        simulator, gpu: the values.
        outside: why the case is outside of the bar, or "".
    """

    case: str
    index: int
    kernel: str
    metric: str
    simulator: float
    gpu: float
    outside: str = ""

    @property
    def equal(self) -> bool:
        # ncu prints ratios with two decimals.
        here = round(self.simulator, 2) if self.metric.endswith(".ratio") else self.simulator
        return here == self.gpu

    @property
    def counts(self) -> bool:
        """Whether the bar counts it: two zeros are no proof of anything."""
        return not self.outside and (self.simulator != 0 or self.gpu != 0)

    @property
    def key(self) -> str:
        """Of its launch in reasons.json: the case's id, "#1" behind it for the second launch."""
        return self.case if self.index == 0 else f"{self.case}#{self.index}"


def goldens(folder: Path = FOLDER, name: str = "goldens") -> records.Record | None:
    """The newest record of the cases (of the probes: name "patterns"), or None."""
    return records.newest(name, folder=folder)


def stale(record: records.Record) -> list[str]:
    """Sources whose text is no longer the one that was recorded."""
    own = record.data["sources"]
    return [*record.stale(), *(s for s, d in own.items() if records.digest(CORPUS / s) != d)]


def recorded(record: records.Record) -> dict[str, list[dict[str, Any]]]:
    """The launches of each case: kernel, grid, block and, by name, metrics."""
    names = record.data["metrics"]
    found: dict[str, list[dict[str, Any]]] = {}
    for row in record.data["launches"]:
        metrics = dict(zip(names, row["values"], strict=True))
        for name, (whole, part) in SUMS.items():
            if name not in metrics and whole in metrics and part in metrics:
                metrics[name] = metrics[whole] - metrics[part]
        found.setdefault(row["case"], []).append({**row, "metrics": metrics})
    return found


def build(some: Iterable[Case]) -> None:
    """Compile what the cases need, two sources at a time."""
    sources = sorted({each.source for each in some})
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda source: module(source)._twin(), sources))


def simulated(case: Case) -> Sequence[Any]:
    """The launches of a case under kbk.profile()."""
    import kbk

    arguments = case.arguments("cpu")
    with kbk.profile(most_requests=0, most_records=0) as p:
        call(case, arguments)
    return p.launches


def pairs(
    record: records.Record, some: Iterable[Case] | None = None, metrics: Sequence[str] = MODELLED
) -> Iterator[Pair]:
    """Every counter of every launch of the cases, from both sides.

    Raises:
        ValueError: a case was not recorded, or launches something else than it did then.
    """
    then = recorded(record)
    for case in cases() if some is None else some:
        if case.id not in then:
            raise ValueError(f"{case.id} was not recorded; run record_on_gpu.py on a GPU")
        now = simulated(case)
        shapes = [[base_name(each.kernel), list(each.grid), list(each.block)] for each in now]
        if shapes != [[each[k] for k in ("kernel", "grid", "block")] for each in then[case.id]]:
            raise ValueError(f"{case.id} launches {shapes}, which is not what was recorded")
        for index, (launch, gpu) in enumerate(zip(now, then[case.id], strict=True)):
            for metric in metrics:
                if metric in gpu["metrics"]:
                    value = launch.metrics.get(metric, 0)
                    there = gpu["metrics"][metric]
                    yield Pair(case.id, index, gpu["kernel"], metric, value, there, case.outside)


def recorded_probes(record: records.Record) -> list[Case]:
    """The probes of a record: a run that had no time for all has the first ones."""
    then = recorded(record)
    return [each for each in patterns.cases() if each.id in then]


def share(some: Iterable[Pair]) -> float:
    """Of the pairs that the bar counts, how many are equal: 0 to 1."""
    counted = [each.equal for each in some if each.counts]
    return sum(counted) / len(counted) if counted else 0.0


def unexplained(some: Iterable[Pair], why: dict[str, dict[str, str]]) -> list[Pair]:
    """Pairs that differ without a reason."""
    return [
        each
        for each in some
        if not each.equal and not {each.metric, "*"} & set(why.get(each.key, {}))
    ]


def stale_reasons(some: Iterable[Pair], why: dict[str, dict[str, str]]) -> list[tuple[str, str]]:
    """Reasons for what does not differ, or is not there: launch and metric."""
    differing: dict[str, set[str]] = {}
    for each in some:
        if not each.equal:
            differing.setdefault(each.key, set()).add(each.metric)
    return [
        (key, metric)
        for key, told in why.items()
        for metric in told
        if not (differing.get(key) if metric == "*" else metric in differing.get(key, set()))
    ]


def main() -> None:
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    probes = part.startswith("pattern/")
    record = goldens(name="patterns" if probes else "goldens")
    if record is None:
        sys.exit(f"nothing recorded in {FOLDER}")
    some = recorded_probes(record) if probes else cases()
    some = [each for each in some if part in each.id]
    build(some)
    found = list(pairs(record, some))
    for each in found:
        if not each.equal:
            mark = "outside " if each.outside else ""
            print(f"{mark}{each.key} {each.metric}: {each.simulator} here, {each.gpu} on the GPU")
    counted = [each for each in found if each.counts]
    print(f"{share(found):.2%} of {len(counted)} pairs equal ({len(found)} with zeros and outside)")


if __name__ == "__main__":
    main()
