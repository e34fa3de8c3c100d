"""The vectorised counting against the definition, said slowly."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest

from kbk.sim.trace import counting
from kbk.sim.trace.counting import Counting
from kbk.sim.trace.log import ACCESS, ATOMIC, ATOMIC_LOAD, ATOMIC_STORE, READ, WRITE

SPANS = {"a": (1000, 1400), "b": (1300, 2000), "nothing": (5, 5), "far": (1 << 46, (1 << 46) + 64)}
LOADS = (READ, ATOMIC_LOAD)


def by_definition(accesses: np.ndarray[Any, Any], span: tuple[int, int] | None) -> dict[str, int]:
    turns: Counter[Any] = Counter()
    requests = defaultdict(list)
    for each in accesses.tolist():
        address, pc, block, size, thread, access, _ = each
        kind = "ld" if access in LOADS else "atom" if access == ATOMIC else "st"
        place = (block, thread, pc, kind)
        turns[place] += 1
        if span is None or (address < span[1] and address + size > span[0]):
            requests[block, thread // 32, pc, kind, turns[place]].append((address, size))
    sums = dict.fromkeys(counting.COUNTERS, 0)
    written: Counter[int] = Counter()
    for (_, _, _, kind, _), made in requests.items():
        touched = {byte for address, size in made for byte in range(address, address + size)}
        sectors = len({byte // 32 for byte in touched})
        way = "ld" if kind == "ld" else "st"
        sums[f"requests_{way}"] += 1
        sums[f"sectors_{way}"] += sectors
        sums[f"bytes_{way}"] += sum(size for _, size in made)
        sums["excess_sectors"] += sectors - -(-len(touched) // 32)
        if kind == "atom":
            sums["atom_requests"] += 1
            sums["atom_sectors"] += sectors
        if way == "st":
            for address, size in made:
                written.update(range(address, address + size))
    sums["writes_per_element_max"] = max(written.values(), default=0)
    return sums


def some_accesses(rng: random.Random, count: int) -> np.ndarray[Any, Any]:
    made = np.zeros(count, ACCESS)
    for each in made:
        far = rng.random() < 0.1
        each["address"] = (1 << 46 if far else 900) + rng.randrange(64 if far else 1300)
        each["pc"] = rng.choice((0, 4, 0xFFFFFFFF))
        each["block"] = rng.choice((0, 1, 70000))
        each["thread"] = rng.choice((0, 1, 2, 31, 32, 40, 1023))
        each["bytes"] = rng.choice((1, 2, 4, 8, 16, 12, 100))
        each["access"] = rng.choice((READ, WRITE, ATOMIC, ATOMIC_LOAD, ATOMIC_STORE))
    return made


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("at_once", [1, 50, 1 << 20])
def test_counting_is_the_definition(
    seed: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "_AT_ONCE", at_once)
    rng = random.Random(seed)
    accesses = some_accesses(rng, rng.choice((0, 1, 10, 300)))
    counter = Counting(SPANS)
    counter.add(accesses)
    expected = by_definition(accesses, None)
    for name, span in SPANS.items():
        expected |= {f"{key}:{name}": n for key, n in by_definition(accesses, span).items()}
    assert counter.result() == expected


def test_launches_add_up() -> None:
    parts = [some_accesses(random.Random(seed), 100) for seed in range(3)]
    counter = Counting({})
    for part in parts:
        counter.add(part)
    sums = [by_definition(part, None) for part in parts]
    result = counter.result()
    for name in set(counting.COUNTERS) - {"writes_per_element_max"}:
        assert result[name] == sum(each[name] for each in sums)
