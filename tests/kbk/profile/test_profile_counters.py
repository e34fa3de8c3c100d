"""kbk.profile: counters that can be told from a source by hand, and what it does with bad calls."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from profiled_sources import FUNCTIONS, SOURCE

import kbk
from kbk.profiler import metrics
from kbk.profiler.launch import ProfiledLaunch
from kbk.profiler.show import launch_table

INT = torch.int32
LD, ST = metrics.REQUESTS_LD, metrics.REQUESTS_ST


@pytest.fixture(scope="module")
def ops() -> Any:
    return kbk.load_inline("profiled", cuda_sources=SOURCE, functions=FUNCTIONS)


def profiled(ops: Any, function: str, *values: Any, **options: Any) -> ProfiledLaunch:
    """The only launch of a call."""
    with kbk.profile(**options) as p:
        getattr(ops, function)(*values)
    (launch,) = p.launches
    return launch


def test_lanes_that_leave_a_loop_wait_for_those_that_turn_on(ops: Any) -> None:
    x = torch.randn(1024)
    launch = profiled(ops, "run_nested", torch.empty(32), x)
    assert launch.metrics[LD] == 32 * 22  # counted by occurrence it would be 53


def test_a_lane_that_skips_a_turn_is_not_joined_with_those_of_another_turn(ops: Any) -> None:
    launch = profiled(ops, "run_alternating", torch.empty(32), torch.randn(320), 10)
    assert launch.metrics[LD] == 10  # by occurrence: 5
    assert launch.metrics["kbk__bytes_requested_ld.sum"] == 10 * 16 * 4
    assert launch.metrics[metrics.SECTORS_LD] == 10 * 4


def test_threads_that_return_early_ask_for_nothing(ops: Any) -> None:
    launch = profiled(ops, "run_early", torch.empty(70), torch.randn(70))
    assert launch.metrics[LD] == launch.metrics[ST] == 3
    assert launch.metrics[metrics.SECTORS_LD] == 4 + 4 + 1
    assert launch.metrics["kbk__active_blocks"] == 2


def test_an_atomic_is_red_where_nobody_uses_its_result(ops: Any) -> None:
    used, unused, out = (torch.zeros(n, dtype=INT) for n in (1, 2, 128))
    launch = profiled(ops, "run_atomics", used, unused, out)
    assert used.item() == 256 and unused.tolist() == [64, 64]
    count = {
        op: launch.metrics[f"l1tex__t_requests_pipe_lsu_mem_global_op_{op}.sum"]
        for op in ("red", "atom", "st", "ld")
    }
    assert count == {"red": 4, "atom": 4, "st": 4, "ld": 0}
    assert launch.metrics["kbk__same_address_atomics.max"] == 128
    assert launch.metrics["kbk__same_address_atomics_per_block.max"] == 64
    assert launch.metrics_of("unused")["kbk__writes_per_element.max"] == 64


def test_special_functions_and_divisions_are_counted_per_thread_and_line(ops: Any) -> None:
    launch = profiled(ops, "run_functions", torch.empty(100), torch.rand(100))
    assert launch.metrics["kbk__special_functions"] == 400
    assert launch.metrics["kbk__special_functions_per_thread.max"] == 4
    by_text = {each.text: each.metrics["kbk__special_functions"] for each in launch.by_line()}
    assert [count for text, count in by_text.items() if text.startswith("float w = v /")] == [200]
    assert [count for text, count in by_text.items() if text.startswith("w = w / 2.0f")] in (
        [],
        [0],
    )
    assert launch.metrics[LD] == 4  # __constant__ memory has a cache of its own


def test_collectives_are_counted_by_warp_and_syncwarp_is_none(ops: Any) -> None:
    launch = profiled(ops, "run_collectives", torch.empty(64), torch.rand(64))
    assert launch.metrics["kbk__collectives.sum"] == 5 + 6
    assert launch.metrics["kbk__collectives_per_warp"] == 6
    assert launch.metrics["kbk__barriers.sum"] == 1


def test_one_request_for_two_tensors_counts_once_and_for_each_its_part(ops: Any) -> None:
    a, b = torch.rand(16), torch.rand(16)
    launch = profiled(ops, "run_two", torch.empty(32), a, b)
    assert launch.metrics[LD] == 1
    for name in "ab":
        assert launch.metrics_of(name)[LD] == 1
        assert launch.metrics_of(name)[metrics.SECTORS_LD] == 2
        assert launch.metrics_of(name)["kbk__bytes_requested_over_distinct"] == 1.0
    assert launch.metrics_of("out")[LD] == 0


def test_a_view_has_only_the_accesses_to_its_own_elements(ops: Any) -> None:
    fused = torch.rand(6, 50)
    x, out = fused[:, 8:41], torch.empty(6, 33)
    launch = profiled(ops, "run_rows", out, x)
    assert launch.metrics_of("x")["kbk__bytes_requested_ld.sum"] == 6 * 33 * 4
    assert launch.metrics_of("x")["kbk__bytes_requested_over_distinct"] == 1.0
    assert torch.equal(out, x)


def test_each_launch_of_a_call_has_its_own_counters(ops: Any) -> None:
    out = torch.empty(64)
    with kbk.profile() as p:
        ops.run_twice(out)
    first, second = p.launches
    assert first.metrics[ST] == 3 and second.metrics[ST] == 2
    assert first.metrics["kbk__writes_per_element.max"] == 2
    assert second.metrics["kbk__bytes_requested_st.sum"] == 9 * 4
    assert [each.metrics["kbk__launches"] for each in p.launches] == [1, 1]


def test_shared_memory_of_a_block_is_static_and_dynamic(ops: Any) -> None:
    launch = profiled(ops, "run_shared", torch.empty(64))
    assert launch.metrics["kbk__shared_bytes_per_block"] == 512
    assert launch.metrics["kbk__active_blocks"] == 1
    assert launch.metrics["kbk__barriers_per_block.max"] == 2
    assert launch.metrics["smsp__sass_inst_executed_op_shared_st.sum"] == 4 * 4
    assert launch.metrics[metrics.WAVEFRONTS_EXCESSIVE] == 0


def test_lines_and_arguments_add_up_to_the_launch(ops: Any) -> None:
    launch = profiled(ops, "run_rows", torch.empty(5, 70), torch.rand(5, 70))
    for name in (LD, ST, metrics.SECTORS, metrics.SECTORS_EXCESSIVE, "kbk__special_functions"):
        assert sum(line.metrics[name] for line in launch.by_line()) == launch.metrics[name]
    both = [launch.metrics_of(name)[metrics.SECTORS] for name in ("out", "x")]
    assert sum(both) == launch.metrics[metrics.SECTORS]


def test_counters_see_all_requests_and_pictures_the_first_of_them(ops: Any) -> None:
    values = (torch.empty(32), torch.randn(1024))
    launch = profiled(ops, "run_nested", *values, most_requests=10, most_records=0)
    assert len(launch.requests) == 10 and launch.requests_left_out == 704 + 1 - 10
    assert launch.metrics[LD] == 704 and len(launch.records) == 0 and not launch.complete


def test_the_order_of_threads_changes_no_counter(ops: Any) -> None:
    x = torch.randn(320)
    plain = profiled(ops, "run_alternating", torch.empty(32), x, 10).metrics
    with kbk.sim.settings(seed=3):
        shuffled = profiled(ops, "run_alternating", torch.empty(32), x, 10).metrics
    assert shuffled == plain


def test_events_are_forgotten_at_barriers_and_too_many_between_two_end_the_launch(ops: Any) -> None:
    turns = 600_000  # two events a lane and turn: 38 million
    values = (torch.empty(32), torch.rand(32), turns)
    met = profiled(ops, "run_long", *values, 1, most_records=0, most_requests=0)
    assert met.metrics[LD] == turns
    with kbk.profile(most_records=0) as p:
        with pytest.raises(kbk.LaunchError, match="too many to profile; launch less"):
            ops.run_long(*values, 0)
        ops.run_long(torch.empty(32), torch.rand(32), 7, 0)
    assert p.launches[-1].metrics[LD] == 7


@pytest.mark.parametrize("name", ["most_requests", "most_records"])
@pytest.mark.parametrize("value", [-1, True, 1.5, None])
def test_a_limit_that_is_no_number_is_named(name: str, value: object) -> None:
    with pytest.raises(kbk.ArgumentError, match=f"profile: {name} must be an int from 0 on"):
        kbk.profile(**{name: value})  # type: ignore[arg-type]


def test_blocks_do_not_nest(ops: Any) -> None:
    with kbk.profile(), pytest.raises(kbk.ArgumentError, match="under way"), kbk.profile():
        pass
    with kbk.profile(), pytest.raises(kbk.ArgumentError, match="under way"), kbk.sanitize():
        pass
    with kbk.sanitize(), pytest.raises(kbk.ArgumentError, match="under way"), kbk.profile():
        pass
    assert profiled(ops, "run_early", torch.empty(3), torch.rand(3)).metrics[LD] == 1


def test_an_argument_that_is_none_is_told_with_those_that_are(ops: Any) -> None:
    launch = profiled(ops, "run_early", torch.empty(3), torch.rand(3))
    with pytest.raises(kbk.ArgumentError, match=r"^metrics_of: .*\(out, x\); it was str 'y'"):
        launch.metrics_of("y")


def test_a_call_that_fails_keeps_what_was_counted_and_the_next_one_works(ops: Any) -> None:
    with kbk.profile() as p:
        with pytest.raises(kbk.LaunchError):
            ops.run_early(torch.empty(1), torch.rand(70))
        ops.run_early(torch.empty(3), torch.rand(3))
    failed, right = p.launches
    assert failed.ended and right.metrics[LD] == 1


def test_who_asks_the_profile_is_sent_to_its_launches(ops: Any) -> None:
    with kbk.profile() as p:
        ops.run_early(torch.empty(3), torch.rand(3))
    with pytest.raises(AttributeError, match=r"it has launches: p\.launches\[0\]\.by_line$"):
        p.by_line()  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"no 'counters'; it has launches$"):
        p.counters  # type: ignore[attr-defined]  # noqa: B018


def test_a_profile_reads_as_a_table_of_lines(ops: Any) -> None:
    launch = profiled(ops, "run_early", torch.empty(70), torch.rand(70))
    text = str(launch)
    assert text.startswith("early: 3 blocks of 64 threads")
    assert "out[i] = x[i];" in text and "the launch" in text
    assert "<table>" in launch._repr_html_()
    head, line = text.splitlines()[1:3]
    assert head.startswith("line ") and line[0].isdigit()  # of one beginning
    assert head.split().count("excess") == 2 and head.count("excess sectors") == 1
    assert "excess wavefronts" in head and "atomics" not in head


def test_atomics_have_a_column_of_their_own_and_no_bytes_used(ops: Any) -> None:
    out = torch.zeros(128, dtype=INT)
    launch = profiled(ops, "run_atomics", torch.zeros(1, dtype=INT), torch.zeros(2, dtype=INT), out)
    head, rows = launch_table(launch)
    table = [dict(zip(head, row, strict=True)) for row in rows]
    atomics = sum(launch.metrics[name] for name in metrics.REQUESTS[2:])
    assert atomics and table[-1]["atomics"] == f"{atomics:,.0f}"
    assert table[-1]["stores"] == f"{launch.metrics[ST]:,.0f}"
    alone = [row for row in table if row["loads"] == row["stores"] == "0" != row["atomics"]]
    assert alone and all(row["bytes used of 32"] == "" for row in alone)


def test_a_profile_says_that_the_launch_was_ended_and_counts_in_english(ops: Any) -> None:
    with kbk.profile() as p, pytest.raises(kbk.LaunchError):
        ops.run_early(torch.empty(3), torch.rand(70))
    (launch,) = p.launches
    assert launch.ended
    said = "ended by an error or a time limit; counted is what happened before"
    assert said in str(launch).splitlines()[0] and said in launch._repr_html_()
    one = profiled(ops, "run_nested", torch.empty(32), torch.randn(1024))
    assert str(one).splitlines()[0] == "nested: 1 block of 32 threads"
