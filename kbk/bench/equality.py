"""The simulator's counters beside those of Nsight Compute: how many are equal, and why not all.

`measurements/ncu/` has the record ``goldens`` (what ncu counted), ``compilers.json`` (a list of
`Outcome`, one for each compiler of the simulator) and ``reasons.json`` (launch -> metric, or ``*``
-> why the two differ).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kbk.bench.page import in_notebook, show_table, table_html
from kbk.bench.records import newest
from kbk.paths import MEASUREMENTS

FOLDER = MEASUREMENTS / "ncu"
COMPILERS = "compilers.json"
BINDING = "g++ 12"
"""The compiler with which the counters must be equal; of the others it is recorded."""

OUTSIDE, PROBES = "outside", "pattern"
SUMMARY = ("group", "launches", "kernels", "counters", "equal", "share")
DIFFERENCES = ("launch: counter", "simulator", "GPU", "reason")
OTHERS = ("compiler", "counters", "equal", "share", f"unlike {BINDING}")
CHANGES = ("compiler", "launch: counter", "simulator", "GPU")
NO_REASON = "not explained yet"

Why = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Group:
    """Launches that belong together.

    Attributes:
        name: the first part of their ids; those of OUTSIDE and PROBES do not count for the bar.
        launches, kernels: how many, and how many different kernels.
        counters: pairs (launch, metric) that are not zero on both sides.
        equal: of those.
    """

    name: str
    launches: int
    kernels: int
    counters: int
    equal: int

    @property
    def share(self) -> str:
        """Equal ones, in percent."""
        return f"{100 * self.equal / self.counters:.2f}%" if self.counters else "-"

    @property
    def bound(self) -> bool:
        """Whether the bar counts it."""
        return self.name not in (OUTSIDE, PROBES)


@dataclass(frozen=True)
class Difference:
    """One counter that differs."""

    launch: str
    metric: str
    simulator: float
    gpu: float


@dataclass(frozen=True)
class Outcome:
    """The comparison with one compiler of the simulator.

    Attributes:
        compiler: "g++ 12.2.0".
        date: of the comparison.
        groups: in order of the corpus.
        differences: all, those outside of the bar and of probes too.
    """

    compiler: str
    date: str
    groups: tuple[Group, ...]
    differences: tuple[Difference, ...]

    @property
    def whole(self) -> Group:
        """All that the bar counts."""
        return _sum("all", [each for each in self.groups if each.bound])

    def to_json(self) -> dict[str, Any]:
        """The outcome as in the file."""
        return asdict(self)


def outcomes(folder: Path = FOLDER) -> list[Outcome]:
    """What is recorded, the binding compiler first; empty if nothing is."""
    path = folder / COMPILERS
    if not path.is_file():
        return []
    found = [
        Outcome(
            each["compiler"],
            each["date"],
            tuple(Group(**group) for group in each["groups"]),
            tuple(Difference(**one) for one in each["differences"]),
        )
        for each in json.loads(path.read_text())
    ]
    return sorted(found, key=lambda each: (not binds(each), each.compiler))


def save(new: Outcome, folder: Path = FOLDER) -> Path:
    """Writes an outcome to the file, over the one of the same compiler."""
    kept = [each for each in outcomes(folder) if each.compiler != new.compiler]
    rows = sorted([*kept, new], key=lambda each: (not binds(each), each.compiler))
    path = folder / COMPILERS
    path.write_text(json.dumps([each.to_json() for each in rows], indent=1) + "\n")
    return path


def binds(outcome: Outcome) -> bool:
    """Whether its compiler is the binding one."""
    return outcome.compiler.startswith(f"{BINDING}.")


def reasons(folder: Path = FOLDER) -> dict[str, dict[str, str]]:
    """Launch -> metric, or "*" for all that differ -> why simulator and GPU differ."""
    path = folder / "reasons.json"
    return dict(json.loads(path.read_text())) if path.is_file() else {}


def reason_for(launch: str, metric: str, known: Why) -> str:
    """The reason for one difference, or ``NO_REASON``."""
    told = known.get(launch, {})
    return told.get(metric) or told.get("*") or NO_REASON


def summary_rows(outcome: Outcome) -> list[list[object]]:
    """A row for each group that the bar counts, one for all of them, then the others."""
    bound = [each for each in outcome.groups if each.bound]
    names = {OUTSIDE: "outside of the bar", PROBES: "probes of one warp"}
    others = [each for each in outcome.groups if not each.bound]
    return [
        *(_row(each.name, each) for each in bound),
        _row("all of these", outcome.whole),
        *(_row(names[each.name], each) for each in others),
    ]


def _row(name: str, each: Group) -> list[object]:
    return [name, each.launches, each.kernels, f"{each.counters:,}", f"{each.equal:,}", each.share]


def _sum(name: str, some: Sequence[Group]) -> Group:
    return Group(
        name,
        sum(each.launches for each in some),
        sum(each.kernels for each in some),
        sum(each.counters for each in some),
        sum(each.equal for each in some),
    )


def difference_rows(outcome: Outcome, known: Why) -> list[list[str]]:
    """A row for each counter that differs; a reason that stands above is not said again."""
    rows: list[list[str]] = []
    before = ("", "")
    for each in outcome.differences:
        why = reason_for(each.launch, each.metric, known)
        told = "as above" if (each.launch, why) == before else why
        rows.append([*_cells(each), told])
        before = (each.launch, why)
    return rows


def _cells(each: Difference) -> list[str]:
    return [f"{each.launch}: {each.metric}", _number(each.simulator), _number(each.gpu)]


def _number(value: float) -> str:
    return f"{value:,}" if value == int(value) else f"{value:.2f}"


def changes(outcome: Outcome, binding: Outcome) -> list[Difference]:
    """Differences to the GPU, probes left out, that the binding compiler does not have so."""
    known = set(binding.differences)
    return [
        each
        for each in outcome.differences
        if each not in known and not each.launch.startswith(f"{PROBES}/")
    ]


def compiler_rows(found: Sequence[Outcome]) -> list[list[str]]:
    """A row for each compiler: the bar's counters, and the launches that it changes."""
    rows = []
    for each in found:
        whole = each.whole
        launches = list(dict.fromkeys(one.launch for one in changes(each, found[0])))
        others = ", ".join(launches) or "nothing"
        binding = "binding" if each is found[0] else others
        rows.append(
            [each.compiler, f"{whole.counters:,}", f"{whole.equal:,}", whole.share, binding]
        )
    return rows


def numbers(folder: Path = FOLDER) -> dict[str, str]:
    """What the page's prose says: counters, equal, share, probes; empty without a record."""
    found = outcomes(folder)
    if not found:
        return {}
    whole = found[0].whole
    probes = sum(each.launches for each in found[0].groups if each.name == PROBES)
    return {
        "counters": f"{whole.counters:,}",
        "equal": f"{whole.equal:,}",
        "share": whole.share,
        "probes": f"{probes:,}",
    }


def show(folder: Path = FOLDER) -> None:
    """Show where the counters come from, and how many are equal."""
    found, record = outcomes(folder), newest("goldens", folder=folder)
    if not found or record is None:
        print("Nothing was counted on a GPU yet.")
        return
    at = record.provenance
    print(
        f"From the record: {at['gpu']}, driver {at['driver']}, CUDA {at['cuda']}, "
        f"ncu {at['ncu']},\n{at['date'][:10]}; the simulator built by {found[0].compiler}."
    )
    show_table(SUMMARY, summary_rows(found[0]))


def show_differences(folder: Path = FOLDER) -> None:
    """Show each counter that differs, with both values and the reason."""
    for outcome in outcomes(folder)[:1]:
        _show(DIFFERENCES, difference_rows(outcome, reasons(folder)))


def show_compilers(folder: Path = FOLDER) -> None:
    """Show what becomes of the comparison with other compilers."""
    found = outcomes(folder)
    if found:
        show_table(OTHERS, compiler_rows(found))


def show_changes(folder: Path = FOLDER) -> None:
    """Show each counter that another compiler changes and that then differs from the GPU's."""
    found = outcomes(folder)
    rows = [[each.compiler, *_cells(one)] for each in found[1:] for one in changes(each, found[0])]
    if rows:
        _show(CHANGES, rows)


def _show(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Show a table with long names in it, which may break behind an underscore."""
    if not in_notebook():
        return show_table(head, rows)
    from IPython.display import HTML, display

    text = re.sub(r"(?<=\w_)(?=[a-z])", "<wbr>", table_html(head, rows))
    return display(HTML(text))  # type: ignore[no-untyped-call, no-any-return]
