"""Medians, ratios and the rule that decides who passes."""

from __future__ import annotations

import json

import pytest

from kbk.bench.stats import Comparison, ratios, spread


def comparison(peer: list[float], ours: list[float], again: list[float]) -> Comparison:
    return Comparison("peer", {"peer": peer, "ours": ours}, again, bytes_moved=2_000_000)


def test_a_ratio_above_one_means_ours_is_faster():
    assert ratios([10.0, 10.0], [5.0, 20.0]) == [2.0, 0.5]


def test_unequal_lists_are_no_pairs():
    with pytest.raises(ValueError, match="2, 1"):
        ratios([1.0, 1.0], [1.0])


def test_the_spread_is_the_farther_quartile():
    assert spread([0.9, 1.0, 1.0, 1.0, 1.2]) == 0.0
    assert spread([0.90, 0.97, 1.0, 1.01, 1.2]) == pytest.approx(0.03)


def test_the_ratio_is_a_median_over_pairs_not_a_quotient_of_medians():
    c = comparison([10.0, 20.0, 30.0], [5.0, 40.0, 30.0], [10.0, 20.0, 30.0])
    assert c.ratio("ours") == 1.0


def test_above_50_us_the_bar_is_99_percent():
    peer = [100.0] * 20
    assert comparison(peer, [101.0] * 20, peer).passes("ours")
    assert not comparison(peer, [101.2] * 20, peer).passes("ours")


def test_above_50_us_a_noisy_peer_does_not_lower_the_bar():
    noisy = [100.0, 150.0] * 10
    c = comparison(noisy, [v * 1.05 for v in noisy], noisy[::-1])
    assert c.aa_spread() > 0.3
    assert not c.passes("ours")


def test_below_50_us_the_bar_is_the_spread_of_the_peer_against_itself():
    peer = [5.0] * 20
    again = [5.0] * 10 + [5.2] * 10
    c = comparison(peer, [5.1] * 20, again)
    assert c.bar() == pytest.approx(5.0 / 5.2)
    assert c.passes("ours")
    assert not comparison(peer, [5.3] * 20, again).passes("ours")


def test_gbps_counts_the_bytes_over_the_median_time():
    assert comparison([10.0] * 3, [20.0] * 3, [10.0] * 3).gbps("ours") == 100.0


def test_a_comparison_is_json_with_every_time():
    found = json.loads(json.dumps(comparison([5.0] * 4, [4.0] * 4, [5.0] * 4).to_dict()))
    assert found["functions"]["ours"]["us"] == [4.0] * 4
    assert found["functions"]["ours"]["ratio"] == 1.25
    assert found["pairs"] == 4
