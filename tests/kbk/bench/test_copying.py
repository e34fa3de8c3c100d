"""The measurements of the copy, rehearsed on the simulator under a fake clock."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from kbk.bench import ceilings, copying, plots, records

SIZES = (1024, 4096)


class Rehearsal:
    """Runs the call and says that it took 10, 11, 10, 11, ... us."""

    calls = 0

    def time(self, fn: Callable[[], object]) -> float:
        fn()
        self.calls += 1
        return 10.0 + self.calls % 2


@pytest.fixture(scope="module")
def ladder() -> records.Record:
    return copying.ladder(SIZES, Rehearsal(), count=2, device="cpu")


@pytest.fixture(scope="module")
def mixes() -> records.Record:
    return ceilings.measure(4096, Rehearsal(), count=2, device="cpu")


def test_the_tuner_ranks_launch_shapes_beside_the_peer():
    found = json.loads(copying.tune(SIZES, Rehearsal(), device="cpu").to_json())
    assert list(found["data"]) == ["1024", "4096"]
    best = found["data"]["4096"]["best"]
    assert len(best) == 10
    assert best[0]["us"] <= best[-1]["us"]
    assert len(found["data"]["4096"]["all"]) == len(copying.all_shapes())
    assert found["kernels"]["copy.cu"]
    rows = plots.tuning_rows(found["data"])
    assert [row[0] for row in rows] == ["1 KiB", "4 KiB"]
    assert "threads" in rows[0][-1]


def test_the_tuner_finds_the_fastest_shape(monkeypatch):
    shapes = copying.all_shapes()[:12]
    monkeypatch.setattr(copying, "all_shapes", lambda: shapes)
    monkeypatch.setattr(copying, "_shaped", lambda shape, out, x: lambda: shape)

    class Knows:
        def time(self, fn: Callable[[], object]) -> float:
            return 1.0 if fn() == shapes[7] else 2.0

    found = copying.tune([1024], Knows(), device="cpu").data["1024"]["best"][0]
    assert copying.Shape(**{k: v for k, v in found.items() if k != "us"}) == shapes[7]


def test_the_comparison_holds_ours_the_peer_and_the_tuned_shape():
    tuned = {1024: copying.Shape(4, 256, 0, False)}
    data = copying.compare_with_torch(SIZES, tuned, 20, Rehearsal(), "cpu").data
    assert set(data["1024"]["functions"]) == {copying.PEER, "kbk.ops.copy", "tuned"}
    assert set(data["4096"]["functions"]) == {copying.PEER, "kbk.ops.copy"}
    rows = plots.comparison_rows(data)
    assert [row[0] for row in rows] == ["1 KiB", "4 KiB"]
    assert len(rows[0]) == len(plots.COMPARISON_HEAD)


def test_a_comparison_of_a_wrong_copy_is_no_comparison(monkeypatch):
    monkeypatch.setattr(copying, "copy", lambda out, x: None)
    with pytest.raises(AssertionError, match="wrong at 1 KiB"):
        copying.compare_with_torch([1024], None, 20, Rehearsal(), "cpu")


def test_the_ladder_holds_every_rung_at_every_size(ladder):
    for rungs in ladder.data["rungs"].values():
        assert set(rungs) == {
            "copy_one_per_thread",
            "copy_own_chunk",
            "copy_grid_stride",
            "copy_any_element",
            "copy_vectors",
            "copy",
            copying.PEER,
        }
    assert ladder.data["in_flight"]["bytes"] == 4096
    assert len(ladder.data["in_flight"]["points"]) == 20


def test_the_ceilings_hold_four_mixes(mixes):
    assert {m: d["bytes"] for m, d in mixes.data.items()} == {
        "read_only": 4096,
        "two_to_one": 3 * 4096,
        "one_to_one": 2 * 4096,
        "write_only": 4096,
    }


def test_host_overhead_is_of_our_op_its_torch_op_and_the_peer():
    found = copying.host_overhead("cpu")
    assert set(found) == {"kbk.ops.copy", "torch.ops", copying.PEER}


@pytest.mark.parametrize("notebook", [False, True])
def test_every_figure_has_a_caption_an_alt_text_and_a_table(
    ladder, mixes, monkeypatch, capsys, notebook
):
    shown: list[str] = []
    monkeypatch.setattr("kbk.draw.picture.in_notebook", lambda: notebook)
    monkeypatch.setattr("IPython.display.HTML", shown.append)
    monkeypatch.setattr("IPython.display.display", lambda what: None)
    plots.us_over_bytes(ladder.data, "Here.")
    plots.gbps_over_bytes_in_flight(ladder.data, "Here.")
    plots.ceilings(mixes.data, "Here.")
    if not notebook:
        assert capsys.readouterr().out.count("[figure]") == 3
        return
    assert len(shown) == 3
    for text in shown:
        assert "Here.</figcaption>" in text
        assert text.count("<table>") == 1
        assert len(text.partition('alt="')[2].partition('"')[0]) > 40


def test_sizes_have_names():
    assert [copying.size_name(s) for s in (7, 65536, 2**20, 2**30)] == [
        "7 B",
        "64 KiB",
        "1 MiB",
        "1 GiB",
    ]
