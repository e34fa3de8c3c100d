"""Compare with the goldens what the simulator counts with one compiler, and record the outcome.

    CXX=clang++ PYTHONPATH=. python tests/kbk/profile/record_compilers.py

puts the outcome into measurements/ncu/compilers.json, in place of an older one of that compiler.
The goldens bind for g++ 12; of other compilers it is only recorded.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone

import compare
from cases import cases
from compare import Pair

from kbk.bench.equality import PROBES, Difference, Group, Outcome, save
from kbk.build.toolchain import host_compiler


def compiler_name() -> str:
    """The compiler in force: "g++ 12.2.0"."""
    compiler = host_compiler()
    release = re.findall(r"\d+(?:\.\d+)+", compiler.version)
    return f"{compiler.family} {release[-1] if release else compiler.version}"


def outcome(some: Sequence[Pair], compiler: str, date: str = "") -> Outcome:
    """What the pairs of all cases and probes come to."""
    by_group: dict[str, list[Pair]] = {}
    for each in some:
        by_group.setdefault(group_of(each), []).append(each)
    different = [
        Difference(each.key, each.metric, round(each.simulator, 2), each.gpu)
        for each in some
        if not each.equal
    ]
    groups = [group(name, each) for name, each in by_group.items()]
    return Outcome(compiler, date, tuple(groups), tuple(different))


def group_of(pair: Pair) -> str:
    """The group of a launch: the first part of its case's id."""
    return pair.case.partition("/")[0]


def group(name: str, some: Iterable[Pair]) -> Group:
    """The counts of one group; what is zero on both sides proves nothing."""
    told = [each for each in some if each.simulator or each.gpu]
    return Group(
        name,
        len({each.key for each in told}),
        len({each.kernel for each in told}),
        len(told),
        sum(each.equal for each in told),
    )


def compared() -> list[Pair]:
    """Both sides of every counter of every case, and of every probe that was recorded.

    Raises:
        FileNotFoundError: nothing was recorded.
    """
    goldens, probes = compare.goldens(), compare.goldens(name="patterns")
    if goldens is None or probes is None:
        raise FileNotFoundError(f"nothing was recorded in {compare.FOLDER}")
    every = (*cases(), *compare.recorded_probes(probes))
    compare.build(every)
    found = list(compare.pairs(goldens, cases()))
    return found + list(compare.pairs(probes, compare.recorded_probes(probes)))


def main() -> None:
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    try:
        found = outcome(compared(), compiler_name(), now)
    except FileNotFoundError as error:
        sys.exit(str(error))
    print(save(found))
    whole, probes = found.whole, [each for each in found.groups if each.name == PROBES]
    print(f"{found.compiler}: {whole.equal} of {whole.counters} counters equal, {whole.share}")
    for each in probes:
        print(f"probes: {each.equal} of {each.counters}, {each.share}")


if __name__ == "__main__":
    main()
