"""An element of a result is explained: who wrote it, when, where, after reading what; or nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from explained_sources import ELEMENTWISE, ELEMENTWISE_OPS, TOGETHER, TOGETHER_OPS
from explaining import Run, runner

from kbk import sim
from kbk.errors import ArgumentError, LaunchError
from kbk.sanitizer.explain import explain
from kbk.sanitizer.explanation import Explanation, Write
from kbk.sanitizer.history import UNKNOWN, Launch


@pytest.fixture(scope="module")
def elementwise() -> Run:
    return runner("elementwise", ELEMENTWISE, ELEMENTWISE_OPS)


@pytest.fixture(scope="module")
def together() -> Run:
    return runner("together", TOGETHER, TOGETHER_OPS)


def one_write(told: Explanation) -> Write:
    assert told.count == 1 and told.threads == 1
    (write,) = told.writes
    return write


def reads(write: Write) -> list[str]:
    return [str(read) for line in write.inputs for read in line.shown]


def test_a_wrong_index_shows_in_the_thread_and_in_what_it_read(elementwise: Run) -> None:
    x, out = torch.arange(64.0), torch.zeros(64)
    (launch,) = elementwise("shifted", out=out, x=x)
    told = explain(launch, out, 40)
    write = one_write(told)
    assert (write.thread, write.block) == ((7, 0, 0), (1, 0, 0))
    assert (write.file, write.source) == ("elementwise.cu", "if (i < n) out[(i + 1) % n] = x[i];")
    assert write.line and write.source in ELEMENTWISE.splitlines()[write.line - 1]
    assert write.value == "39.0" and reads(write) == ["x[39] = 39.0"]
    assert write.when == "its only store; store 40 of 64 of the launch"
    assert str(told) == (
        f"out[40] was written once by shifted_k (launch {launch.serial}).\n"
        "39.0 was stored by thread (7, 0, 0) of block (1, 0, 0)\n"
        "    elementwise.cu:8 | if (i < n) out[(i + 1) % n] = x[i];\n"
        "    its only store; store 40 of 64 of the launch\n"
        "The thread had read before it:\n"
        "    elementwise.cu:8 | if (i < n) out[(i + 1) % n] = x[i];\n"
        "        x[39] = 39.0"
    )


def test_a_missing_tail_was_written_by_nobody_and_the_last_one_who_wrote_is_named(
    elementwise: Run,
) -> None:
    x, out = torch.ones(100), torch.full((100,), 7.0)
    (launch,) = elementwise("twice", 3, out=out, x=x)
    told = explain(launch, out, -1)
    assert told.count == 0 and told.writes == () and told.index == (99,)
    assert told.above is None
    assert told.below is not None and told.below.where == "out[95]"
    assert told.below.write.thread == (31, 0, 0) and told.below.write.block == (2, 0, 0)
    assert told.below.write.value == "2.0"
    text = str(told)
    assert text.startswith("No thread of twice_k (launch ") and "wrote out[99]." in text
    assert "twice_k wrote 96 of the 100 elements of out." in text
    assert "Nobody wrote the 4 elements from out[96] to out[99]." in text
    assert "out[99] holds 7.0." in text


def test_a_hole_has_neighbours_on_both_sides(elementwise: Run) -> None:
    out = torch.zeros(4, 8)
    (launch,) = elementwise("strided", 8, out=out, x=torch.ones(4, 5))
    told = explain(launch, out, (1, 6))
    assert told.below is not None and told.above is not None
    assert (told.below.where, told.above.where) == ("out[1, 4]", "out[2, 0]")
    assert "Nobody wrote the 3 elements from out[1, 5] to out[1, 7]." in str(told)


def test_an_output_that_nobody_touched_says_what_was_written_instead(elementwise: Run) -> None:
    out, other = torch.zeros(8), torch.zeros(8)
    launch = elementwise("two", out=out, between=other, x=torch.ones(8))[0]
    told = explain(launch, out, 0)
    assert "twice_k wrote no element of out." in told.facts
    assert "It wrote to between (8 stores)." in told.facts
    assert told.below is None and told.above is None


def test_of_two_launches_each_tells_of_its_own_writes(elementwise: Run) -> None:
    out, between = torch.zeros(8), torch.zeros(8)
    first, second = elementwise("two", out=out, between=between, x=torch.arange(8.0))
    assert first.serial + 1 == second.serial
    assert explain(first, out, 3).count == 0
    assert one_write(explain(first, between, 2)).value == "4.0"
    write = one_write(explain(second, out, 3))
    assert write.value == "4.0" and reads(write) == ["between[2] = 4.0"]


def test_several_writers_are_told_in_order_and_the_last_counts(together: Run) -> None:
    x, out = torch.arange(20.0), torch.zeros(1)
    (launch,) = together("all", out=out, x=x)
    told = explain(launch, "out", 0)
    assert (told.count, told.threads, len(told.writes)) == (20, 20, 6)
    assert [write.thread[0] for write in told.writes] == [0, 1, 2, 17, 18, 19]
    assert told.writes[-1].value == "19.0" == str(out.item())
    lines = str(told).splitlines()
    assert lines[0].endswith("by 20 threads; the last was thread (19, 0, 0) of block (0, 0, 0).")
    assert lines[1].startswith("1st: 0.0 was stored by thread (0, 0, 0)")
    assert lines[4:6] == [
        "... and 14 more ...",
        "18th: 17.0 was stored by thread (17, 0, 0) of block (0, 0, 0) at together.cu:22",
    ]
    assert "20th, the last:" in lines


def test_two_writers_are_both_told_and_equal_values_are_noted(together: Run) -> None:
    (launch,) = together("all", out=torch.zeros(1), x=torch.ones(2))
    lines = str(explain(launch, "out", (0,))).splitlines()
    assert lines[1].startswith("1st: 1.0 was stored by thread (0, 0, 0)")
    assert lines[2] == "2nd, the last (the same value):"


def test_the_order_of_shuffled_threads_is_that_in_which_they_ran(together: Run) -> None:
    out = torch.zeros(1)
    with sim.settings(seed=3):
        (launch,) = together("all", out=out, x=torch.arange(20.0))
    assert explain(launch, out, 0).writes[-1].value == str(out.item())


def test_a_shuffled_block_says_when_it_began(elementwise: Run) -> None:
    out = torch.zeros(320)
    with sim.settings(seed=1):
        (launch,) = elementwise("twice", 10, out=out, x=torch.ones(320))
    assert sorted(launch.order) == list(range(10)) and list(launch.order) != sorted(launch.order)
    turn = launch.order.index(4) + 1
    assert f"its block was the {turn}" in one_write(explain(launch, out, 128)).when


def test_shared_memory_is_followed_to_the_thread_that_stored_there(together: Run) -> None:
    x, out = torch.arange(96.0).reshape(8, 12) + 0.5, torch.zeros(12, 8)
    (launch,) = together("transpose", out=out, x=x)
    write = one_write(explain(launch, out, (9, 6)))
    assert (write.thread, write.block) == ((2, 1, 0), (2, 1, 0))
    assert "after 1 __syncthreads of its block" in write.when
    own, tile = write.inputs
    assert str(own.shown[0]) == "x[5, 10] = 70.5, then stored in tile[1][2]"
    (read,) = tile.shown
    assert str(read) == "tile[2][1] = 81.5" and x[6, 9] == 81.5
    assert read.origin is not None
    assert (read.origin.thread, read.origin.block) == ((1, 2, 0), (2, 1, 0))
    assert reads(read.origin) == ["x[6, 9] = 81.5"]
    assert "stored there by thread (1, 2, 0) of block (2, 1, 0) at together.cu:6" in str(
        explain(launch, out, (9, 6))
    )


def test_shared_memory_that_nobody_wrote_is_told(together: Run) -> None:
    x, out = torch.arange(16.0) + 0.5, torch.zeros(16)
    (launch,) = together("dynamic", out=out, x=x)
    (variable,) = launch.shared
    assert (variable.name, variable.size, variable.dynamic) == ("staged", 64, True)
    right = one_write(explain(launch, out, 5))
    assert right.value == "10.5" and "staged[10] = 10.5" in reads(right)
    wrong = explain(launch, out, 0)
    read = one_write(wrong).inputs[-1].shown[0]
    assert (read.where, read.value, read.fresh) == ("staged[15]", "nan", True)
    assert "nobody had stored there: it is uninitialized" in str(wrong)


def test_in_a_loop_only_the_reads_of_its_own_turn_count_and_hoisted_ones_come_after(
    together: Run,
) -> None:
    x, out = torch.arange(1.0, 33.0), torch.zeros(32)
    (launch,) = together("chunks", out=out, x=x)
    write = one_write(explain(launch, out, 21))
    assert write.thread == (2, 0, 0) and write.value == "22.0"
    assert write.when.startswith("its 6th of 8 stores; store ")
    now = [line for line in write.inputs if not line.earlier]
    earlier = [line for line in write.inputs if line.earlier]
    assert [str(read) for line in now for read in line.shown] == ["x[21] = 22.0"]
    assert [str(read) for line in earlier for read in line.shown] == ["x[0] = 1.0"]
    assert "And before its previous write:" in str(explain(launch, out, 21))


def test_many_reads_of_a_line_are_counted(together: Run) -> None:
    a, b = torch.rand(8, 8), torch.rand(8, 8)
    (launch,) = together("matmul", out=torch.zeros(8, 8), a=a, b=b)
    write = one_write(explain(launch, "out", (3, 5)))
    assert [line.count for line in write.inputs] == [8, 8]
    shown = {read.where for line in write.inputs for read in line.shown}
    assert shown == {"a[3, 0]", "a[3, 1]", "a[3, 7]", "b[0, 5]", "b[1, 5]", "b[7, 5]"}
    assert str(explain(launch, "out", (3, 5))).count("... 5 more ...") == 2


def test_what_came_through_shuffles_is_said_not_to_be_followed(together: Run) -> None:
    x, out = torch.rand(3, 64), torch.zeros(3)
    (launch,) = together("sum", out=out, x=x)
    write = one_write(explain(launch, out, 1))
    assert [read.where for line in write.inputs for read in line.shown] == ["x[1, 0]", "x[1, 32]"]
    assert "its warp exchanged values 5 times" in write.notes[0]
    assert write.notes[1] == "Its other lanes had read x 62 times: x[1, 1] to x[1, 63]."


def test_atomics_tell_the_values_before_and_after(together: Run) -> None:
    x = torch.tensor([0, 2, 2, 1, 2, 2, 2, 2, 2], dtype=torch.int32)
    out = torch.zeros(4, dtype=torch.int32)
    (launch,) = together("count", out=out, x=x)
    told = explain(launch, out, 2)
    assert (told.count, told.threads) == (7, 7) and all(write.atomic for write in told.writes)
    assert [(write.before, write.value) for write in told.writes] == [
        ("0", "1"),
        ("1", "2"),
        ("2", "3"),
        ("4", "5"),
        ("5", "6"),
        ("6", "7"),
    ]
    assert told.headline.startswith("out[2] was changed 7 times")
    assert reads(told.writes[-1]) == ["x[8] = 2"]
    assert "of thread (8, 0, 0) of block (0, 0, 0) changed 6 to 7" in str(told)
    assert explain(launch, out, 3).count == 0


def test_a_value_that_was_read_and_overwritten_is_the_old_one(elementwise: Run) -> None:
    out, x = torch.arange(8.0), torch.full((8,), 0.5)
    (launch,) = elementwise("add", out=out, x=x)
    write = one_write(explain(launch, out, 6))
    assert write.value == "6.5" and sorted(reads(write)) == ["out[6] = 6.0", "x[6] = 0.5"]
    x = torch.arange(8.0)
    (launch,) = elementwise("add_self", x=x)
    write = one_write(explain(launch, x, 3))
    assert write.value == "6.0" and set(reads(write)) == {"x[3] = 3.0"}


def test_bfloat16_is_read_as_such(elementwise: Run) -> None:
    x = torch.tensor([0.5, 1.5, 2.5], dtype=torch.bfloat16)
    out = torch.zeros_like(x)
    (launch,) = elementwise("halve", out=out, x=x)
    write = one_write(explain(launch, out, 2))
    assert write.value == "1.25" and reads(write) == ["x[2] = 2.5"]


def test_a_strided_output_has_its_own_indices(elementwise: Run) -> None:
    base = torch.zeros(6, 10)
    out = base[1:5, 2:7]
    (launch,) = elementwise("strided", 10, out=out, x=torch.arange(20.0).reshape(4, 5))
    write = one_write(explain(launch, out, (3, 4)))
    assert write.value == "19.0" and reads(write) == ["x[3, 4] = 19.0"]
    told = explain(launch, base, (4, 6))  # the same element of the whole tensor
    assert told.where == "(view of out)[4, 6]" and one_write(told).value == "19.0"
    assert explain(launch, out.T, (4, 3)).count == 1
    assert explain(launch, base, (0, 0)).count == 0


def test_stores_between_the_elements_of_a_view_are_told(elementwise: Run) -> None:
    out = torch.zeros(4, 10)[:, :5]
    (launch,) = elementwise("strided", 5, out=out, x=torch.ones(4, 5))  # should be 10
    told = explain(launch, out, (3, 0))
    assert told.count == 0
    assert any(
        fact.startswith("10 stores went to the memory of out, but to none") for fact in told.facts
    )


def test_each_part_of_a_vector_store_has_its_value(elementwise: Run) -> None:
    x, out = torch.arange(16.0).reshape(4, 4) + 0.5, torch.zeros(4, 4)
    (launch,) = elementwise("copy4", out=out, x=x)
    for column in range(4):
        write = one_write(explain(launch, out, (2, column)))
        assert write.value == str(8.5 + column)
        assert write.thread == (2, 0, 0) and write.when.startswith("its only store; store 3 of 4")
        assert [read.where for line in write.inputs for read in line.shown] == [
            "x[2, 0] to x[2, 3]"
        ]


def test_the_words_of_a_struct_have_the_values_that_were_stored_not_those_before(
    elementwise: Run,
) -> None:
    x, out = torch.arange(1.0, 7.0), torch.zeros(6)
    (launch,) = elementwise("copy3", out=out, x=x)
    assert [one_write(explain(launch, out, i)).value for i in range(6)] == [
        "1.0",
        "2.0",
        "3.0",
        "4.0",
        "5.0",
        "6.0",
    ]


def test_a_later_change_of_the_tensor_is_noticed(elementwise: Run) -> None:
    out = torch.zeros(4)
    (launch,) = elementwise("twice", 1, out=out, x=torch.ones(4))
    assert explain(launch, out, 1).facts == ()
    out[1] = 9
    assert explain(launch, out, 1).facts == (
        "out[1] holds 9.0 now: somebody wrote there after this launch.",
    )
    assert explain(launch, "out", 1).facts == ()


def test_an_empty_tensor_has_no_element_and_a_launch_may_do_nothing(elementwise: Run) -> None:
    empty, out = torch.zeros(0), torch.zeros(4)
    (launch,) = elementwise("twice", 1, out=out, x=empty)
    told = explain(launch, out, 2)
    assert len(launch.records) == 0 and told.count == 0 and told.below is told.above is None
    assert "twice_k wrote no element of out." in told.facts
    with pytest.raises(ArgumentError, match=r"shape \[0\]; there is no element 0"):
        explain(launch, "x", 0)


def test_a_launch_that_was_ended_tells_what_happened_until_then(elementwise: Run) -> None:
    launches: list[Launch] = []
    out, x = torch.zeros(32), torch.ones(32)
    with pytest.raises(LaunchError):
        elementwise("far", out=out, x=x, into=launches)
    (launch,) = launches
    told = explain(launch, out, 3)
    assert launch.ended and one_write(told).value == "1.0"
    assert told.facts == ("The launch was ended before its end.",)
    assert explain(launch, out, 7).count == 0
    assert launch.records["marks"][-1] == UNKNOWN


def test_a_full_history_ends_no_launch_and_is_refused(elementwise: Run) -> None:
    x, out = torch.ones(320), torch.zeros(320)
    (launch,) = elementwise("twice", 10, most=50, out=out, x=x)
    assert bool((out == 2).all()) and not launch.complete and len(launch.records) == 50
    with pytest.raises(ArgumentError, match=r"history of twice_k .* is not complete"):
        explain(launch, out, 0)
    first, second = elementwise("two", most=16, out=torch.zeros(8), between=out, x=torch.ones(8))
    assert first.complete and not second.complete and len(second.records) == 0


@pytest.mark.parametrize(
    ("out", "index", "message"),
    [
        ("y", 0, r"no tensor 'y'; its tensors: out, x"),
        (3, 0, r"out must be a tensor or a name; it was int 3"),
        ("out", 1.5, r"index must be an integer or a tuple of integers; it was float 1.5"),
        ("out", True, r"it was bool True"),
        ("out", (0, 0), r"out has 1 dimension; the index \(0, 0\) has 2"),
        ("out", 4, r"out has shape \[4\]; there is no element 4"),
        ("out", -5, r"there is no element -5"),
    ],
)
def test_a_question_that_has_no_answer_is_refused(
    elementwise: Run, out: Any, index: Any, message: str
) -> None:
    (launch,) = elementwise("twice", 1, out=torch.zeros(4), x=torch.ones(4))
    with pytest.raises(ArgumentError, match=message):
        explain(launch, out, index)


def test_a_foreign_tensor_and_something_that_is_no_launch_are_refused(elementwise: Run) -> None:
    (launch,) = elementwise("twice", 1, out=torch.zeros(4), x=torch.ones(4))
    with pytest.raises(ArgumentError, match="no argument of the launch of twice_k"):
        explain(launch, torch.zeros(4), 0)
    with pytest.raises(ArgumentError, match=r"launch must be one of s\.launches"):
        explain([launch], "out", 0)  # type: ignore[arg-type]


def test_a_tensor_in_the_memory_of_one_that_is_gone_is_foreign(elementwise: Run) -> None:
    out = torch.zeros(4)
    (launch,) = elementwise("twice", 1, out=out, x=torch.ones(4))
    assert explain(launch, out, 0).index == (0,)

    class Expired:
        def expired(self) -> bool:
            return True

    gone = [replace(each, memory=Expired()) for each in launch.arguments]
    with pytest.raises(ArgumentError, match="no argument of the launch of twice_k"):
        explain(replace(launch, arguments=gone), out, 0)


def test_an_index_may_be_a_row_of_nonzero(elementwise: Run) -> None:
    out = torch.zeros(4, 5)
    (launch,) = elementwise("strided", 5, out=out, x=torch.ones(4, 5))
    assert explain(launch, out, (out == 1).nonzero()[7]).index == (1, 2)


def test_html_escapes_the_source(elementwise: Run) -> None:
    (launch,) = elementwise("twice", 1, out=torch.zeros(4), x=torch.ones(4))
    html = explain(launch, "out", 0)._repr_html_()
    assert html.startswith("<p><strong>out[0] was written once") and "if (i &lt; n)" in html
