"""README.md and the home page say what is: the picture, the example, the table of chapters."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import kbk
from kbk.errors import SanitizerError
from kbk.grade import catalogue
from tests.book import lightning
from tests.kbk.upstream.fake import make_checkout
from tools import thread_map

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
HOME = (ROOT / "book/index.md").read_text()


@pytest.fixture(scope="module")
def cells() -> list[thread_map.Signature | None]:
    return thread_map.run()


def test_the_picture_is_what_a_run_draws_today(
    cells: list[thread_map.Signature | None],
) -> None:
    for theme, ink in thread_map.INKS.items():
        file = ROOT / f"book/_static/thread_map_{theme}.svg"
        assert file.read_text() == thread_map.draw(cells, ink), "run: python tools/thread_map.py"


def test_the_alt_text_is_what_a_run_says_today(
    cells: list[thread_map.Signature | None],
) -> None:
    alt = thread_map.describe(cells)
    assert f'alt="{alt}"' in README
    assert HOME.count(f":alt: {alt}\n") == 2


def test_the_picture_shows_another_walk_if_the_kernel_walks_another_way(
    cells: list[thread_map.Signature | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    step = "threadIdx.x; i < n; i += stride"
    assert step in thread_map.SOURCE
    backwards = thread_map.SOURCE.replace("+ threadIdx.x; i", "+ (blockDim.x - 1 - threadIdx.x); i")
    monkeypatch.setattr(thread_map, "SOURCE", backwards)
    other = thread_map.run()
    assert thread_map.draw(other, thread_map.INKS["light"]) != thread_map.draw(
        cells, thread_map.INKS["light"]
    )
    assert "lanes and columns differ" in thread_map.describe(other)


def test_the_examples_of_the_readme_print_what_it_says() -> None:
    example, wrong, profiled, _ = re.findall(r"```python\n(.*?)```", README, re.S)
    (finding,) = re.findall(r"```text\nkbk.errors.SanitizerError: (.*?)\n```", README, re.S)
    said = re.findall(r"print\(out\)\s*# (.*)", example)
    printed = io.StringIO()
    scope: dict[str, Any] = {}
    with contextlib.redirect_stdout(printed):
        exec(compile(example, "README.md", "exec"), scope)
    assert printed.getvalue().splitlines() == said
    with pytest.raises(SanitizerError) as caught:
        exec(compile(wrong, "README.md", "exec"), scope)
    assert str(caught.value) == finding
    (table,) = re.findall(r"```text\n(row_sums_kernel: .*?\n)```", README, re.S)
    printed.truncate(0)
    printed.seek(0)
    with contextlib.redirect_stdout(printed):
        exec(compile(profiled, "README.md", "exec"), scope)
    assert printed.getvalue() == table


def test_the_example_of_an_extension_runs_with_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, example = re.findall(r"```python\n(.*?)```", README, re.S)
    make_checkout(tmp_path / "sglang", {lightning.FILE: lightning.SOURCE})  # ours, the same op
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {"kbk": kbk, "torch": torch}
    exec(compile(example, "README.md", "exec"), scope)
    assert scope["new_kv"].isfinite().all() and scope["output"].isfinite().all()


def states(text: str) -> dict[str, str]:
    """Return the state of each chapter in a table whose first column is its number."""
    rows = re.findall(r"^\| ([0-9]{2}|[AB]) \|(.*)\|$", text, re.M)
    return {number: row.split("|")[-1].strip() for number, row in rows}


@pytest.mark.parametrize("text", [README, HOME], ids=["README.md", "index.md"])
def test_a_chapter_is_planned_exactly_if_it_has_no_page(text: str) -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    numbers = (Path(file).name.split("_")[0] for file in files)
    written = {number for number in numbers if re.fullmatch("[0-9]{2}|[AB]", number)}
    found = states(text)
    assert list(found) == [f"{n:02}" for n in range(14)] + ["A", "B"]
    assert {number for number, state in found.items() if state != "planned"} == written
    for number in written:
        assert found[number] == f"page and {len(catalogue.all(number))} exercises"
