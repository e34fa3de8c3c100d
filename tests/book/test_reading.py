"""The minutes of a page follow from its words, code lines, figures and tables."""

from __future__ import annotations

import pytest

from book._ext.kbk_page.reading import Amount, amount, measure

CELL = "```{code-cell} ipython3\n%s\n```\n"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("one two, three.\n", Amount(words=3)),
        ("---\na: b\n---\n# Title here\n", Amount(words=2)),
        ("a [linked phrase](https://example.org/a-b-c) ends\n", Amount(words=4)),
        ("```python\na = 1\n\nb = 2\n```\n", Amount(code_lines=2)),
        (CELL % "a = 1\nb = 2", Amount(code_lines=2)),
        (CELL % ":tags: [hide-input]\na = 1\nplots.ceilings(a, b)", Amount(figures=1)),
        (CELL % ":tags: [hide-output]\na = 1\nplots.ceilings(a, b)", Amount(code_lines=2)),
        (CELL % ":tags: [hide-input]\nkbk.draw.banks(launch, 3)", Amount(figures=1)),
        (CELL % "bench.show_table(h, plots.tuning_rows(d))", Amount(code_lines=1, tables=1)),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n\n| c |\n", Amount(tables=2)),
        (":::{image} a.svg\n:alt: many words here\n:::\n", Amount(figures=1)),
        (":::{image} a.svg\n:class: only-dark\n:::\n", Amount()),
        (":::{admonition} Answer\n:class: dropdown\nfour words stand here\n:::\n", Amount(words=5)),
        ("```{stop}\nYou have it.\n```\n", Amount(words=3)),
    ],
)
def test_what_there_is_to_read(text: str, expected: Amount) -> None:
    assert amount(text) == expected


def test_minutes_follow_the_formula_and_are_rounded_up() -> None:
    assert Amount(words=400).minutes == 2
    assert Amount(words=401).minutes == 3
    assert Amount(code_lines=12, figures=4, tables=2).minutes == 1 + 3 + 1


@pytest.mark.parametrize("stop", ["```{stop}\n```\n", ":::{stop}\n:::\n"])
def test_the_core_ends_at_the_stop_box(stop: str) -> None:
    reading = measure(f"one two\n\n{stop}\nthree four five\n")
    assert (reading.core.words, reading.full.words) == (2, 5)


def test_without_a_stop_box_all_is_core() -> None:
    reading = measure("one two\n")
    assert reading.core == reading.full
