"""The race detector alone, without kernels: events, judged by hand and by vector clocks.

``race_order.cpp`` drives ``runtime/tools/race.cpp``. Its random programs run over two blocks of 64
threads; at each place the detector must tell of a race exactly where clocks of all threads, with
every access kept, find one. Where more than four reads of a word are unordered, the detector keeps
four: it may miss there, and must not cry wolf.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

import kbk

RUNTIME = Path(kbk.__file__).parent / "sim" / "runtime"
FLAG, DATA = 0, 8  # offsets in global memory, and in a block's shared memory


@dataclass(frozen=True)
class Race:
    code: str
    severity: str
    number: int
    pc: int
    by: tuple[int, int]  # block, thread
    value: int
    other_pc: int
    other_by: tuple[int, int]
    other_value: int


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    out = tmp_path_factory.mktemp("race") / "race_order"
    tools = ("race", "race_findings", "order", "knowledge")
    subprocess.run(
        [compiler, "-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{RUNTIME}"]
        + [f"-I{RUNTIME.parent / 'include'}", str(Path(__file__).with_name("race_order.cpp"))]
        + [str(RUNTIME / "tools" / f"{name}.cpp") for name in tools]
        + ["-o", str(out)],
        check=True,
    )
    return out


def races(driver: Path, *events: str) -> list[Race]:
    done = subprocess.run(
        [str(driver), "script"],
        input="\n".join(events),
        capture_output=True,
        text=True,
        check=True,
    )
    found = []
    for line in done.stdout.splitlines():
        code, severity, *rest = line.split()
        number, pc, block, thread, value, other_pc, other_block, other_thread, other_value, _ = map(
            int, rest
        )
        other = (other_block, other_thread)
        found.append(
            Race(code, severity, number, pc, (block, thread), value, other_pc, other, other_value)
        )
    return found


def access(
    block: int,
    thread: int,
    kind: str,
    offset: int = DATA,
    *,
    space: str = "global",
    bytes: int = 4,
    pc: int = 0,
    value: int = 7,
) -> str:
    pc = pc or 1 + thread + 100 * block
    return f"access {block} {thread} {kind} {space} {offset} {bytes} {pc} {value}"


def fence(block: int, thread: int, scope: int = 1) -> str:
    return f"fence {block} {thread} {scope}"


@pytest.mark.parametrize("threads", [7, 40])
def test_races_are_exactly_those_of_full_vector_clocks(driver: Path, threads: int) -> None:
    done = subprocess.run(
        [str(driver), "random", "1", "20000", "1000", str(threads)],
        capture_output=True,
        text=True,
        check=True,
    )
    counts = json.loads(done.stdout)
    assert counts["clean"] > 20000 and counts["racy"] > 20000
    assert (counts["false"], counts["missed"]) == (0, 0)


def test_four_reads_of_a_word_are_enough_to_miss_next_to_nothing(driver: Path) -> None:
    done = subprocess.run(
        [str(driver), "random", "1", "20000", "4", "40"], capture_output=True, text=True, check=True
    )
    counts = json.loads(done.stdout)
    assert counts["false"] == 0
    assert counts["missed"] * 1000 < counts["racy"]


def test_a_block_barrier_orders_and_its_absence_is_told_with_both_values(driver: Path) -> None:
    write = access(0, 0, "write", space="shared", value=5, pc=11)
    read = access(0, 40, "read", space="shared", pc=12)
    assert races(driver, write, "barrier 0", read) == []
    assert races(driver, write, read) == [
        Race("race-raw", "error", 0, 12, (0, 40), 5, 11, (0, 0), 5)
    ]


def test_a_write_after_a_read_is_told_with_the_value_that_comes(driver: Path) -> None:
    events = [access(0, 0, "read", pc=11), access(0, 40, "write", pc=12, value=9)]
    assert races(driver, *events) == [Race("race-war", "error", 0, 12, (0, 40), 9, 11, (0, 0), 0)]


def test_two_writes_of_one_value_are_information(driver: Path) -> None:
    first = access(0, 0, "write", value=5)
    [same] = races(driver, first, access(0, 40, "write", value=5))
    [other] = races(driver, first, access(0, 40, "write", value=6))
    assert (same.code, same.severity) == ("race-waw", "info")
    assert (other.severity, other.value, other.other_value) == ("error", 6, 5)


def test_the_worst_of_a_pair_of_places_is_told_after_the_mild_one(driver: Path) -> None:
    events = [
        access(0, 0, "write", pc=11, value=5),
        access(0, 1, "write", pc=11, value=5),
        access(0, 2, "write", pc=11, value=6),
        access(0, 40, "write", pc=11, value=7),
        access(0, 41, "write", pc=11, value=7),
    ]
    assert [race.severity for race in races(driver, *events)] == ["info", "warning", "error"]


def test_lanes_of_one_warp_are_a_warning_until_they_sync(driver: Path) -> None:
    write, read = access(0, 0, "write", space="shared"), access(0, 1, "read", space="shared")
    assert [race.severity for race in races(driver, write, read)] == ["warning"]
    assert races(driver, write, "sync 0 0 ffffffff", read) == []
    assert races(driver, write, "sync 0 0 3", read) == []
    assert len(races(driver, write, "sync 0 0 5", read)) == 1
    assert len(races(driver, write, "shuffle 0 0 ffffffff", read)) == 1


def test_syncs_of_parts_of_a_warp_add_up(driver: Path) -> None:
    write, read = access(0, 0, "write", space="shared"), access(0, 9, "read", space="shared")
    assert races(driver, write, "sync 0 0 3", "sync 0 0 202", read) == []
    assert len(races(driver, write, "sync 0 0 202", "sync 0 0 3", read)) == 1


def test_what_an_exited_lane_did_is_ordered(driver: Path) -> None:
    write, read = access(0, 0, "write", space="shared"), access(0, 9, "read", space="shared")
    assert races(driver, write, "leave 0 0", "sync 0 0 fffffffe", read) == []


def test_neighbouring_bytes_of_a_word_do_not_meet(driver: Path) -> None:
    low, high = access(0, 0, "write", 8, bytes=2), access(1, 0, "write", 10, bytes=2)
    assert races(driver, low, high) == []
    [race] = races(driver, low, access(1, 0, "write", 9, bytes=1, value=1))
    assert race.number == 2


def test_a_wide_access_meets_each_of_its_words(driver: Path) -> None:
    wide = access(0, 0, "write", 16, bytes=16)
    assert len(races(driver, wide, access(1, 0, "read", 28))) == 1
    assert races(driver, wide, access(1, 0, "read", 32)) == []


def test_blocks_are_ordered_by_a_grid_barrier_only(driver: Path) -> None:
    write, read = access(0, 0, "write"), access(1, 0, "read")
    assert races(driver, write, "grid", read) == []
    [race] = races(driver, write, "barrier 0", "barrier 1", read)
    assert (race.code, race.severity, race.number) == ("race-raw", "error", 2)


TICKET = [access(0, 0, "atomic", FLAG, pc=1), access(1, 0, "atomic", FLAG, pc=1, value=8)]


def test_the_last_block_reads_the_partial_sums_of_all(driver: Path) -> None:
    write, read = access(0, 9, "write"), access(1, 50, "read")
    take = [TICKET[1], "barrier 1"]
    assert races(driver, write, "barrier 0", fence(0, 0), TICKET[0], *take, read) == []
    # each thread fences for itself, then a barrier
    assert races(driver, write, fence(0, 9), "barrier 0", TICKET[0], *take, read) == []
    # without a fence, with one before the write, with one of a thread that no barrier orders
    assert len(races(driver, write, "barrier 0", TICKET[0], *take, read)) == 1
    assert len(races(driver, fence(0, 0), write, "barrier 0", TICKET[0], *take, read)) == 1
    assert len(races(driver, write, fence(0, 0), TICKET[0], *take, read)) == 1
    # a fence for the block is not for the other block
    assert len(races(driver, write, "barrier 0", fence(0, 0, 0), TICKET[0], *take, read)) == 1


def test_the_last_block_may_reset_the_ticket(driver: Path) -> None:
    reset = access(1, 0, "write", FLAG, pc=5)
    assert races(driver, fence(0, 0), TICKET[0], TICKET[1], reset) == []
    assert races(driver, fence(0, 0), access(0, 0, "read", 16), TICKET[0], TICKET[1], reset) == []
    [race] = races(driver, TICKET[0], TICKET[1], reset)
    assert (race.code, race.number) == ("race-waw", 3)


def test_a_flag_that_is_polled_hands_over_what_was_fenced(driver: Path) -> None:
    for store, load in [("volatile-write", "volatile-read"), ("atomic-store", "atomic-load")]:
        raised = access(0, 0, store, FLAG, value=1)
        polled = [access(1, 0, load, FLAG, pc=3)]
        write, read = access(0, 0, "write"), access(1, 0, "read")
        assert races(driver, *polled, write, fence(0, 0), raised, *polled, *polled, read) == []
        assert len(races(driver, write, raised, *polled, read)) == 1
        assert len(races(driver, raised, write, fence(0, 0), *polled, read)) == 1


def test_a_volatile_read_may_happen_later_than_it_is_told(driver: Path) -> None:
    poll = access(1, 0, "volatile-read", FLAG)
    write, raised = access(0, 0, "write"), access(0, 0, "volatile-write", FLAG)
    for later in [[], ["barrier 1"], ["sync 1 0 3"], [fence(1, 0)]]:
        assert races(driver, poll, write, fence(0, 0), raised, *later, access(1, 0, "read")) == []
    assert len(races(driver, poll, write, raised, access(1, 0, "read"))) == 1


def test_knowledge_is_handed_on_through_a_third_thread(driver: Path) -> None:
    chain = [
        access(0, 0, "write"),
        fence(0, 0),
        access(0, 0, "atomic", FLAG),
        access(0, 40, "atomic", FLAG),
        fence(0, 40),
        access(0, 40, "atomic", 16),
        access(1, 0, "atomic", 16),
    ]
    assert races(driver, *chain, access(1, 0, "read")) == []


def test_a_lock_orders_what_it_protects(driver: Path) -> None:
    def critical(block: int, thread: int, *, fenced: bool) -> list[str]:
        return [
            access(block, thread, "atomic", FLAG, pc=1),
            fence(block, thread),
            access(block, thread, "read", pc=2),
            access(block, thread, "write", pc=3),
            *([fence(block, thread)] if fenced else []),
            access(block, thread, "atomic", FLAG, pc=4),
        ]

    for second in [(1, 0), (0, 1), (0, 40)]:
        assert races(driver, *critical(0, 0, fenced=True), *critical(*second, fenced=True)) == []
        assert races(driver, *critical(0, 0, fenced=False), *critical(*second, fenced=True)) != []


def test_atomics_do_not_race_and_mix_badly_with_plain_accesses(driver: Path) -> None:
    first = access(0, 0, "atomic")
    assert races(driver, first, access(1, 0, "atomic"), access(0, 40, "atomic-load")) == []
    [read] = races(driver, first, access(1, 0, "read"))
    assert (read.code, read.severity, read.number) == ("race-raw", "error", 3)
    [write] = races(driver, access(0, 0, "write"), access(0, 40, "atomic"))
    assert (write.code, write.number) == ("race-raw", 1)


def test_volatile_does_not_keep_a_warp_in_step(driver: Path) -> None:
    write = access(0, 1, "volatile-write", space="shared")
    within, across = (access(0, t, "volatile-read", space="shared") for t in (0, 40))
    assert [race.severity for race in races(driver, write, within)] == ["warning"]
    assert races(driver, write, across) == []


def test_shared_memory_is_forgotten_at_a_barrier_and_global_memory_is_not(driver: Path) -> None:
    write = access(0, 0, "write")
    assert len(races(driver, write, "barrier 0", access(0, 1, "read"), access(1, 0, "read"))) == 1
