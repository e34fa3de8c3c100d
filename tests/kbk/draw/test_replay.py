"""A replay is true: its steps leave in memory what the launch left there, and fit on a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from replayed_sources import LARGE, PROGRAMS, WITHOUT_MEMORY, Program
from replaying import NOT_TOLD, array_named, left_by, played, run, shown

import kbk.draw
from kbk import ArgumentError
from kbk.draw.replays import Replay, events, recorder
from kbk.sanitizer.history import Launch


def replayed(program: Program, **choice: Any) -> tuple[Replay, Launch, dict[str, Any]]:
    launch, arguments = run(program)
    return kbk.draw.replay(launch, **choice), launch, arguments


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("order", ["turns", "recorded", None])
def test_the_last_step_leaves_what_the_launch_left(name: str, order: str | None) -> None:
    if name == "forgotten" and order == "turns":
        pytest.skip("its threads race: in another order it leaves something else")
    replay, launch, arguments = replayed(PROGRAMS[name], order=order)
    told = json.loads(replay.json())
    state = played(told)
    for (array, index), bits in left_by(launch, told).items():
        assert state.values[array, index] == shown(told["arrays"][array], bits)
    for name, tensor in arguments.items():
        if not isinstance(tensor, torch.Tensor):
            continue
        number = array_named(told, name)
        for (array, index), value in state.values.items():
            if array == number:
                flat = tensor.reshape(-1)[index : index + 1].view(torch.uint8).tolist()
                bits = int.from_bytes(bytes(flat), "little")
                assert value == shown(told["arrays"][array], bits), (name, index)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_thread_is_told_for_the_elements_that_it_wrote_last(name: str) -> None:
    replay, launch, _ = replayed(PROGRAMS[name], order="recorded")
    writers = played(replay.data).writers
    assert writers
    out = array_named(replay.data, "out")
    last = {}
    argument = next(each for each in launch.arguments if each.name == "out")
    for record in launch.records[launch.records["block"] == 0]:
        offset = int(record["address"]) - argument.data
        if record["space"] == 0 and record["access"] == 1 and 0 <= offset < argument.nbytes:
            for byte in range(offset, offset + int(record["bytes"])):
                last[out, byte // argument.itemsize] = int(record["thread"])
    assert {element: who for element, who in writers.items() if element[0] == out} == last


def test_a_step_is_what_a_warp_does_together() -> None:
    replay, _, _ = replayed(PROGRAMS["transpose"])
    columns = replay.data["steps"]
    assert columns["kind"] == ("R" * 8 + "W" * 8) * 4 + "B" + ("R" * 8 + "W" * 8) * 4
    assert columns["warp"][:16] == [*range(8), *range(8)]
    assert [replay.data["masks"][n] for n in columns["mask"] if n is not None] == [0xFFFFFFFF] * 128
    lines = [None if n is None else replay.data["places"][n] for n in columns["place"]]
    assert lines == [[[0, 7]]] * 64 + [[[0, 8]]] + [[[0, 12]]] * 64


def test_costs_are_those_of_the_profiler() -> None:
    program = PROGRAMS["count"]
    module = kbk.load_inline("count", cuda_sources=program.source, functions=["count"])
    with kbk.profile() as p:
        module.count(*program.arguments().values())
    (launch,) = p.launches
    columns = kbk.draw.replay(launch).data["steps"]
    sums = {"R": 0, "W": 0, "A": 0}
    for kind, cost in zip(columns["kind"], columns["cost"], strict=True):
        if kind in sums:
            sums[kind] += cost
    metrics = launch.metrics
    prefix = "l1tex__data_pipe_lsu_wavefronts_mem_shared_op_"
    sectors = "l1tex__t_sectors_pipe_lsu_mem_global_op_"
    assert sums["R"] == metrics[f"{prefix}ld.sum"] + metrics[f"{sectors}ld.sum"]
    assert sums["W"] == metrics[f"{prefix}st.sum"] + metrics[f"{sectors}st.sum"]
    assert sums["R"] + sums["W"] + sums["A"] == sum(launch.requests["cost"].tolist())


def test_sums_of_a_warp_are_shown_with_what_each_lane_gave_and_got() -> None:
    replay, _, arguments = replayed(PROGRAMS["sum"])
    columns = replay.data["steps"]
    met = [n for n, kind in enumerate(columns["kind"]) if kind == "X"]
    first = [n for n in met if columns["warp"][n] == 0][:5]
    x = arguments["x"]
    gave = [sum(x[lane::128].tolist()) for lane in range(32)]
    assert columns["before"][first[0]] == pytest.approx(gave, rel=1e-3)
    got = [gave[lane + 16] if lane < 16 else gave[lane] for lane in range(32)]
    assert columns["value"][first[0]] == pytest.approx(got, rel=1e-3)
    assert replay.data["places"][columns["place"][first[0]]] == [[0, 3], [0, 10]]


def test_atomic_accesses_add_up_lane_by_lane() -> None:
    replay, _, _ = replayed(PROGRAMS["count"])
    told = replay.data
    columns = told["steps"]
    count, x = array_named(told, "count"), array_named(told, "x")
    first = columns["kind"].index("A")
    assert columns["value"][first] == 1 and columns["left"] is None
    bins = [0] * 64
    state = played(told, first)
    seen = [state.values[x, lane] for lane in range(32)]
    for each in seen:
        bins[each] += 1
    after = played(told, first + 1).values
    assert [after[count, n] for n in range(64)] == bins


def test_what_an_atomic_access_returned_is_told_as_it_was() -> None:
    replay, _, arguments = replayed(PROGRAMS["tickets"])
    told = replay.data
    columns = told["steps"]
    out = array_named(told, "out")
    places = {}
    for n, kind in enumerate(columns["kind"]):
        if kind == "A" and columns["array"][n] == array_named(told, "top"):
            if columns["base"][n] == 0:
                places[columns["warp"][n]] = columns["before"][n]
        elif kind == "W" and columns["array"][n] == out:
            base, pattern = columns["base"][n], told["patterns"][columns["pattern"][n]]
            ticket = places[columns["warp"][n]]
            assert ticket[0] == base
            assert len(pattern) == 1 or [base + offset for offset in pattern] == ticket
    assert "out of order" in " ".join(told["notes"])
    assert sorted(arguments["out"].tolist()) == sorted(arguments["x"].tolist())


def test_threads_that_race_are_shown_as_they_ran() -> None:
    replay, _, _ = replayed(PROGRAMS["forgotten"])
    assert replay.data["order"] == "recorded"
    assert "race" in " ".join(replay.data["notes"])
    taking_turns, _, _ = replayed(PROGRAMS["forgotten"], order="turns")
    assert "they race, or hold a lock" in " ".join(taking_turns.data["notes"])


def test_what_nobody_wrote_is_poison() -> None:
    replay, _, _ = replayed(PROGRAMS["forgotten"])
    told = replay.data
    tile = array_named(told, "tile")
    assert told["arrays"][tile]["poison"] == "nan"
    assert told["arrays"][tile]["per"] == 4
    state = played(told)
    assert {index for array, index in state.values if array == tile} == set(range(128))


def test_parts_of_dynamic_memory_have_names_and_types() -> None:
    replay, _, _ = replayed(PROGRAMS["decode"])
    shared = [each for each in replay.data["arrays"] if each["space"] == "shared"]
    told = [(each["name"], each["dtype"], each["shape"]) for each in shared]
    assert told[0] == ("tile", "float32", [16, 25])
    assert told[1:] == [("sums", "float32", [24]), ("keys", "bfloat16", [16])]


def test_a_kernel_that_only_votes_has_steps() -> None:
    replay, _, _ = replayed(WITHOUT_MEMORY["vote"])
    assert replay.data["steps"]["kind"] == "X"
    assert replay.data["steps"]["value"] == ["0xffffffff"]
    assert replay.data["steps"]["before"] == [1]
    assert replay.picture.rows[0][3] == "collective"


# --- what is chosen


def test_other_warps_leave_what_the_chosen_ones_read() -> None:
    whole, _, _ = replayed(PROGRAMS["transpose"])
    part, _, _ = replayed(PROGRAMS["transpose"], warps=[2, 5])
    assert part.data["warps"] == [2, 5]
    assert {each for each in part.data["steps"]["warp"] if each is not None} == {2, 5}
    assert part.data["steps"]["kind"].count("O") == 2
    assert "6 of the block's 8 warps" in part.data["notes"][0]
    expected, found = played(whole.data), played(part.data)
    told = {key: value for key, value in found.values.items() if value is not NOT_TOLD}
    tile = array_named(part.data, "tile")
    rows = columns = 8 * 32  # that the two warps write and read, and 64 elements are of both
    assert len([key for key in told if key[0] == tile]) == rows + columns - 64
    assert all(expected.values[key] == value for key, value in told.items())
    assert found.writers == expected.writers


def test_chosen_intervals_begin_with_what_was_there() -> None:
    whole, _, _ = replayed(PROGRAMS["decode"])
    part, _, _ = replayed(PROGRAMS["decode"], intervals=(1, 2))
    kinds = whole.data["steps"]["kind"].split("B")
    assert part.data["first"] == 1
    assert part.data["steps"]["kind"] == "O" + kinds[1] + "B" + kinds[2]
    assert "before is in the first step" in " ".join(part.data["notes"])
    assert "after barrier 3 is left out" in " ".join(part.data["notes"])
    until = len(kinds[0]) + len(kinds[1]) + len(kinds[2]) + 2
    expected, found = played(whole.data, until).values, played(part.data).values
    assert all(expected[key] == each for key, each in found.items() if each is not NOT_TOLD)


def test_what_was_read_before_the_chosen_intervals_is_told_where_it_is_stored() -> None:
    whole, _, _ = replayed(PROGRAMS["carried"])
    assert whole.data["steps"]["value"][-1] is None  # what the lanes have read
    part, _, arguments = replayed(PROGRAMS["carried"], intervals=(1, 1))
    state = played(part.data)
    out = array_named(part.data, "out")
    values = [float(f"{value:.4g}") for value in arguments["out"].tolist()]
    assert [state.values[out, index] for index in range(64)] == values


def test_a_replay_says_how_much_there_is_no_room_for() -> None:
    replay, _, _ = replayed(PROGRAMS["transpose"], most_steps=100)
    kinds = replay.data["steps"]["kind"]
    assert len(kinds.replace("B", "")) == 100
    assert "first 100 requests are shown; 28 more are left out" in replay.data["notes"][0]
    exact, _, _ = replayed(PROGRAMS["transpose"], most_steps=128)
    assert exact.data["notes"] == []


def test_of_a_block_of_many_records_those_up_to_a_barrier_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, _, _ = replayed(PROGRAMS["transpose"])
    for module in (events, recorder):
        monkeypatch.setattr(module, "MOST_RECORDS", 3_000)
    part, _, _ = replayed(PROGRAMS["transpose"])
    assert part.data["steps"]["kind"] == whole.data["steps"]["kind"].split("B")[0]
    assert part.data["notes"] == [
        "The block has 4,096 records. Those are shown that fit into 3,000: up to barrier 1, or "
        "less."
    ]


@pytest.mark.parametrize("name", LARGE)
def test_a_block_of_the_book_takes_less_than_400_kb(name: str) -> None:
    replay, launch, _ = replayed(LARGE[name])
    text = replay.json()
    assert replay.data["notes"] == [] or "out of order" in replay.data["notes"][0]
    assert len(text) < 400_000
    state = played(json.loads(text))
    for (array, index), bits in left_by(launch, replay.data).items():
        assert state.values[array, index] == shown(replay.data["arrays"][array], bits)


@pytest.mark.parametrize(
    "choice, said",
    [
        ({"block": 4}, "block must be from 0 to 3; it was 4"),
        ({"block": 1.0}, "block must be an int from 0 to 3; it was float 1.0"),
        ({"warps": [8]}, "each of warps must be from 0 to 7; it was 8"),
        ({"warps": []}, "at least one of the block's 8 warps"),
        ({"warps": "all"}, "warps must be numbers of warps"),
        ({"intervals": (1, 0)}, "the last of intervals must be from 1 to 1; it was 0"),
        ({"intervals": 1}, "intervals must be (first, last)"),
        ({"most_steps": 0}, "most_steps must be from 1 on; it was 0"),
        ({"order": "random"}, 'order must be "turns" or "recorded"; it was str \'random\''),
    ],
)
def test_a_wrong_argument_is_an_error_that_says_what_is_right(
    choice: dict[str, Any], said: str
) -> None:
    launch, _ = run(PROGRAMS["transpose"])
    with pytest.raises(ArgumentError) as error:
        kbk.draw.replay(launch, **choice)
    assert said in str(error.value)


def test_what_is_no_launch_or_has_no_records_is_an_error() -> None:
    with pytest.raises(ArgumentError, match="launch must be a launch"):
        kbk.draw.replay([])  # type: ignore[arg-type]
    launch, _ = run(PROGRAMS["transpose"], most=0)
    with pytest.raises(ArgumentError, match="no records of block 0 of transpose_k"):
        kbk.draw.replay(launch)


# --- how it is shown


def test_it_says_in_words_what_the_block_did() -> None:
    replay, _, _ = replayed(PROGRAMS["transpose"])
    picture = replay.picture
    assert picture.caption == (
        "transpose_k, block (0, 0): 8 warps in 128 requests and 1 barrier; 284 sectors of global "
        "memory (256 would hold the bytes) and 64 wavefronts of shared memory (64 without "
        "conflicts)."
    )
    assert picture.rows[0][:2] == [0, "7"] and picture.rows[0][3:] == [
        *("read x", "global", "32", "1,024", "156 sectors", "128"),
    ]
    assert "After 1 barrier: line 12, read tile, in 32 requests, 32 wavefronts" in picture.alt
    assert repr(replay).startswith("[replay] transpose_k, block (0, 0): 8 warps")
    for dark in (False, True):
        assert "<svg" in picture.svg(dark)


def test_a_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    replay, _, _ = replayed(PROGRAMS["count"])
    replay.save(tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text()
    assert "http://" not in text.replace("http://www.w3.org/", "") and "https://" not in text
    replay.save(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == json.loads(replay.json())
    with pytest.raises(ArgumentError, match=r"must end in \.html or \.json"):
        replay.save(tmp_path / "a.txt")


def test_two_of_one_block_have_names_of_their_own() -> None:
    replay, _, _ = replayed(PROGRAMS["sum"])
    names = {replay._repr_html_().split('id="')[1].split('"')[0] for _ in range(2)}
    assert len(names) == 2


def test_a_source_cannot_end_the_script() -> None:
    program = Program("sum", PROGRAMS["sum"].source + "// </script>\n", PROGRAMS["sum"].arguments)
    replay, _, _ = replayed(program)
    text = replay._repr_html_()
    assert text.count("</script>") == text.count("<script") == 2
