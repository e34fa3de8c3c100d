"""The data flow to one element: what it was computed from, and the lines between."""

from __future__ import annotations

import pytest
import torch
from flowing import graph, row_of, sources, ways
from pictured import drawn, error, is_shown, launched, line_of, numbers

from kbk import draw
from kbk.draw.flowchart import depths
from kbk.sanitizer.history import Launch

LOAD = line_of("shared", "tile[j][threadIdx.x] = x")
STORE = line_of("shared", "= tile[threadIdx.x][j]")


@pytest.fixture(scope="module")
def launches() -> dict[str, Launch]:
    d, e = 12, 40
    return {
        "stride": launched("written", "stride", torch.empty(512), numbers(512), 2, 96, 500),
        "vectors": launched("written", "vectors", torch.empty(128), numbers(128)),
        "columns": launched("written", "vectors", torch.empty(128), numbers(128, 2)[:, 0].clone()),
        "count": launched(
            "written",
            "count",
            torch.zeros(16, dtype=torch.int32),
            torch.arange(90, dtype=torch.int32) % 13,
        ),
        "transpose": launched("shared", "transpose", torch.empty(64, 64), numbers(64, 64), True),
        "tree": launched("shared", "tree", torch.empty(2), numbers(2, 256)),
        "block_sum": launched("shared", "block_sum", torch.empty(2), numbers(2, 256)),
        "decode": launched(
            "shared",
            "decode",
            torch.empty(2, e),
            numbers(2, d, e),
            numbers(2, d),
            numbers(2, d) / 2,
            numbers(2, e) / 4,
        ),
        "matmul": launched("shared", "matmul", torch.empty(8, 8), numbers(8, 8), numbers(8, 8)),
        "weigh": launched("shared", "weigh", torch.empty(4, 6), numbers(4, 6), numbers(4)),
        "fresh": launched("shared", "fresh", torch.empty(32)),
        "kept": launched("shared", "kept", torch.empty(64), numbers(64)),
        "sum": launched("shuffled", "sum", torch.empty(1), numbers(32)),
        "scan": launched(
            "shuffled", "scan", torch.empty(32, dtype=torch.int32), torch.arange(32).int()
        ),
    }


# --- what an element was computed from


@pytest.mark.parametrize("head", [0, 1])
@pytest.mark.parametrize("j", [0, 17, 39])
def test_an_output_of_the_attention_step_has_the_inputs_of_its_formula(
    head: int, j: int, launches: dict[str, Launch]
) -> None:
    picture = draw.data_flow(launches["decode"], "out", (head, j))
    assert sources(picture) == {
        "q": row_of("q", range(12), head),
        "k": row_of("k", range(12), head),
        "v": {f"v[{head}, {j}]"},
        "state": {f"state[{head}, {i}, {j}]" for i in range(12)},
        "s_q": {f"s_q[{i}]" for i in range(12)},
        "s_k": {f"s_k[{i}]" for i in range(12)},
        "s_v": {f"s_v[{j}]"},
        "tile": {f"tile[{i}][{j}]" for i in range(12)},
    }
    assert sources(picture, maybe=True) == {}
    is_shown(picture)


def test_a_tensor_that_is_changed_in_place_is_source_and_result(
    launches: dict[str, Launch],
) -> None:
    picture = draw.data_flow(launches["decode"], "state", (1, 3, 5))
    assert sources(picture) == {
        "state": {"state[1, 3, 5]"},
        "s_k": {"s_k[3]"},
        "s_v": {"s_v[5]"},
        "k": {"k[1, 3]"},
        "v": {"v[1, 5]"},
    }


def test_a_transposed_element_comes_through_one_element_of_the_tile(
    launches: dict[str, Launch],
) -> None:
    picture = draw.data_flow(launches["transpose"], "out", (35, 8))
    assert picture.rows == [
        [
            "tile[8][3]",
            "548.0",
            "thread (8, 3) of block (1, 0)",
            f"shared.cu:{STORE}",
            "out[35, 8]",
            f"shared.cu:{STORE}",
            "",
        ],
        [
            "x[8, 35]",
            "548.0",
            "thread (3, 0) of block (1, 0)",
            f"shared.cu:{LOAD}",
            "tile[8][3]",
            f"shared.cu:{LOAD}",
            "",
        ],
    ]
    assert picture.caption == (
        "out[35, 8] = 548.0 was stored by thread (8, 3) of block (1, 0). It goes back to x[8, 35], "
        "through tile."
    )


def test_a_product_has_a_row_and_a_column(launches: dict[str, Launch]) -> None:
    picture = draw.data_flow(launches["matmul"], "out", (2, 3))
    assert sources(picture) == {
        "a": row_of("a", range(8), 2),
        "b": {f"b[{k}, 3]" for k in range(8)},
    }


def test_a_tree_of_sums_goes_back_to_the_whole_row(launches: dict[str, Launch]) -> None:
    picture = draw.data_flow(launches["tree"], "out", 1)
    assert sources(picture)["x"] == row_of("x", range(256), 1)
    told = graph(launches["tree"], "out", 1)
    assert ("partial", "partial") in ways(told)
    # 255 additions, each of two elements.
    assert told.edges[("shared", 1, 0), ("shared", 1, 0)].count == 510


def test_sums_by_shuffles_are_followed_from_lane_to_lane(launches: dict[str, Launch]) -> None:
    told = graph(launches["block_sum"], "out", 1)
    lanes = [node for node in told.nodes.values() if node.lanes]
    assert sorted(len(node.elements) for node in lanes) == [8, 256]
    picture = draw.data_flow(launches["block_sum"], "out", 1)
    assert sources(picture)["x"] == row_of("x", range(256), 1)
    assert sources(picture)["partial"] == {f"partial[{i}]" for i in range(8)}
    is_shown(picture)


def test_only_the_lanes_whose_values_arrive_take_part(launches: dict[str, Launch]) -> None:
    for lane in (0, 5, 31):
        picture = draw.data_flow(launches["scan"], "out", lane)
        assert sources(picture) == {"x": {f"x[{i}]" for i in range(lane + 1)}}
    assert sources(draw.data_flow(launches["sum"], "out", 0)) == {
        "x": {f"x[{i}]" for i in range(32)}
    }


def test_all_atomic_operations_on_an_element_lead_to_it(launches: dict[str, Launch]) -> None:
    picture = draw.data_flow(launches["count"], "out", 5)
    assert sources(picture) == {"x": {f"x[{i}]" for i in range(5, 90, 13)}}
    assert "was changed by 7 atomic operations" in picture.caption


def test_of_a_copy_by_vectors_one_element_of_the_vector_counts(
    launches: dict[str, Launch],
) -> None:
    for name in ("vectors", "columns"):
        picture = draw.data_flow(launches[name], "out", 6)
        assert [row[0] for row in picture.rows] == ["x[6]"]


def test_each_trip_of_a_loop_has_its_own_element(launches: dict[str, Launch]) -> None:
    picture = draw.data_flow(launches["stride"], "out", 300)
    assert [row[:3] for row in picture.rows] == [["x[300]", "301.0", "thread 12 of block 1"]]


def test_what_was_loaded_once_for_many_stores_is_told_as_maybe(
    launches: dict[str, Launch],
) -> None:
    picture = draw.data_flow(launches["weigh"], "out", (2, 4))
    assert sources(picture) == {"x": {"x[2, 4]"}, "weights": {"weights[0]"}}
    assert sources(picture, maybe=True) == {"scale": {"scale[2]"}}
    assert "Dashed" in picture.caption
    first = draw.data_flow(launches["weigh"], "out", (2, 0))
    assert sources(first)["scale"] == {"scale[2]"} and sources(first, maybe=True) == {}


def test_what_a_register_kept_over_a_barrier_is_followed_and_told_as_maybe(
    launches: dict[str, Launch],
) -> None:
    picture = draw.data_flow(launches["kept"], "out", 40)
    assert sources(picture) == {"cube": {"cube[1][1][0]"}, "one": {"one"}}
    # What led to a maybe is one as well.
    assert sources(picture, maybe=True) == {"cube": {"cube[0][1][0]"}, "x": {"x[8]"}}


def test_a_load_that_found_no_store_is_counted(launches: dict[str, Launch]) -> None:
    assert "1 load of shared memory found no store before." in (
        draw.data_flow(launches["fresh"], "out", 31).caption
    )
    assert "found no store" not in draw.data_flow(launches["fresh"], "out", 3).caption


# --- the drawing


def test_the_arrows_have_the_lines_and_the_source_stands_below(
    launches: dict[str, Launch],
) -> None:
    launch = launches["transpose"]
    kept = drawn(draw.data_flow(launch, "out", (35, 8)))
    assert sorted(text for _, _, text in kept.labels) == [f"line {STORE}", f"line {LOAD}"]
    assert len(kept.arrows) == 2
    assert f"shared.cu:{LOAD}" in kept.words()
    assert "tile[j][threadIdx.x] = x[(row + j) * columns + column + threadIdx.x];" in kept.words()
    assert ways(graph(launch, "out", 35, 8)) == {("x", "tile"): {LOAD}, ("tile", "result"): {STORE}}


def test_every_array_is_drawn_with_its_elements_marked(launches: dict[str, Launch]) -> None:
    kept = drawn(draw.data_flow(launches["matmul"], "out", (2, 3)))
    for name in ("a", "b", "out"):
        assert name in [text for _, _, text in kept.texts]
    marked = [box for box, look in kept.boxes if hasattr(look["fill"], "hatch")]
    # A row is one box, a column a box for each row, the result one.
    assert len(marked) == 1 + 8 + 1
    (row,) = (box for box in marked if box[2] > 0.5)
    top = {text: y for _, y, text in kept.texts if text in ("a", "b")}
    assert top["a"] < row[1] < top["b"]


def test_inputs_stand_at_the_left_and_the_result_at_the_right(
    launches: dict[str, Launch],
) -> None:
    told = graph(launches["decode"], "out", 0, 1)
    depth = {told.nodes[key].name: at for key, at in depths(told).items()}
    assert depth == {
        "out": 0,
        "tile": 1,
        "s_q": 1,
        "s_k": 2,
        "s_v": 2,
        "q": 3,
        "k": 3,
        "v": 3,
        "state": 3,
    }


def test_wrong_arguments_are_named(launches: dict[str, Launch]) -> None:
    launch = launches["stride"]
    assert error(lambda: draw.data_flow(launch, "y", 0)) == (
        "data_flow: the call had no tensor 'y'; its tensors: out, x."
    )
    assert error(lambda: draw.data_flow(launch, "out", 512)) == (
        "data_flow: out has shape [512]; there is no element 512."
    )
    assert "out has 1 dimension; the index (1, 2) has 2" in error(
        lambda: draw.data_flow(launch, "out", (1, 2))
    )
    assert error(lambda: draw.data_flow(launch, "out", 511)) == (
        "data_flow: no thread of stride_k wrote out[511]. kbk.draw.thread_map shows which elements "
        "of out were written."
    )
