"""What the built page of chapter 03 shows is what its closed forms and a trace of today give."""

from __future__ import annotations

from pathlib import Path

import torch

from kbk.ops import family
from tests.book.test_page_figures import figure, tables

PAGE = "03_rope"
HEADS, SIZE = 40, 128
QK = HEADS * SIZE * 2 // 32
"""Sectors of a token's q and k, and below of its row of the table."""
ROW = SIZE * 4 // 32


def test_the_stacked_sectors_are_the_closed_forms(site: Path) -> None:
    shown = figure(site, PAGE, "F03.3 load sectors of a token")
    assert shown.head == ["rung", "query", "key", "cos_sin_cache", "value", "together"]
    found = {name: [int(n.replace(",", "")) for n in rest] for name, *rest in shown.rows}
    assert all(query + key == QK for query, key, *_ in found.values())
    warps = HEADS // 4  # of a token, where 8 lanes have a head
    of_table = {name: each[2] for name, each in found.items()}
    assert of_table["rung 4"] == HEADS * ROW
    assert of_table["rung 5"] == 2 * ROW * warps
    assert of_table["rung 6"] == of_table["table in __shared__"] == ROW
    assert of_table["rung 7, 40 heads a worker"] == 2 * ROW
    assert of_table["rung 7, 1 head a worker"] == 2 * ROW * warps
    assert found["rung 8, with the store"][3] == 8 * SIZE * 2 // 32, "v is read once"


def test_the_pairs_on_the_circle_are_what_the_kernel_writes_today(site: Path) -> None:
    shown = figure(site, PAGE, "F03.1 pairs on the circle")
    at = torch.arange(8)
    frequency = 10000.0 ** (-torch.arange(0, SIZE, 2, dtype=torch.float64) / SIZE)
    theta = at[:, None] * frequency
    x = torch.zeros(8, 1, SIZE, dtype=torch.bfloat16)
    x[..., : SIZE // 2] = 1
    table = torch.cat([theta.cos(), theta.sin()], 1).float()
    family("rope_rungs").rope_by_pair(x, at, table)
    for column, name in enumerate(shown.head[1:], 1):
        pair = int(name.split()[1])
        today = [f"({x[t, 0, pair]:.3f}, {x[t, 0, pair + SIZE // 2]:.3f})" for t in range(8)]
        assert [row[column] for row in shown.rows] == today


def test_float32_loses_at_large_positions_what_a_table_keeps(site: Path) -> None:
    shown = figure(site, PAGE, "F03.4 angles over the position")
    computed, kept = ([float(row[i]) for row in shown.rows] for i in (1, 2))
    assert shown.rows[-1][0] == "131,071"
    assert 4e-3 < computed[-1] < 7.7e-3 and max(kept) < 1e-7


def test_the_table_of_rungs_has_every_rung_and_no_excess_by_halves(site: Path) -> None:
    text = (site / f"book/{PAGE}.html").read_text()
    (shown,) = (t for t in tables(text) if t.head[0] == "8 tokens: counters; 16,384: times")
    rows = {name: rest for name, *rest in shown.rows}
    assert list(rows) == [
        *("rope_sincos", "rope_by_element", "rope_by_pair", "rope_strided"),
        *("rope_vectors", "rope_walk_heads", "rope_shared_table", "kbk.ops"),
    ]
    assert {each[2] for each in rows.values()} == {"0"}
    elements = 8 * HEADS * SIZE
    # Loads and stores of pairs, cosines and sines, and a position.
    assert rows["rope_by_pair"][0] == rows["rope_strided"][0] == f"{7 * elements // 2 // 32:,}"
    assert rows["rope_walk_heads"][1] == "32"
