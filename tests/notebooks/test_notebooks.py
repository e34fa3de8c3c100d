"""Every chapter becomes a valid notebook that stands alone and runs what is in its cells."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest

from kbk.bench import run_notebooks
from tools.notebooks import executed, exercises, pages
from tools.notebooks.first_cell import first_cell
from tools.notebooks.inline import NotPlain

ROOT = Path(__file__).resolve().parents[2]

PAGE = """---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# 99 Tripling ★

:::{admonition} Answer
:class: dropdown
Three.
:::

```{code-cell} ipython3
:tags: [hide-input]
import torch

import kbk
from kbk import bench

bench.glue("factor", "three")
```

It is {glue:text}`factor` times as much.

```{code-cell} ipython3
source = r\"\"\"
__global__ void scale(float* out, const float* x, int64_t n) {
  int64_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = 3 * x[i];
}

void triple(Tensor out, const Tensor& x) {
  scale<<<1, 32, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
\"\"\"
mod = kbk.load_inline("tripling", cuda_sources=source, functions=["triple"])
x, out = torch.arange(3.0), torch.empty(3)
mod.triple(out, x)
print(out.tolist())
```
"""

STUBS = {
    "01_predict.py": 'def predict(n):\n    """Sectors of n lanes."""\n    return 0  # TODO\n',
    "02_kernel.cu": "// TODO: \"the\" index\n__global__ void f(float* x) { x[0] = '\\n'; }\n",
}


class Anything(Mapping[Any, str]):
    """A value for every name and number, where the page has not been run."""

    def __getitem__(self, name: object) -> str:
        return "1"

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0


def any_run(notebook: Any) -> executed.Executed:
    return executed.Executed(Anything(), "a day, on a machine", Anything())


def exercise_of(number: int, name: str) -> tuple[Any, str]:
    fields = {"id": f"99/{number:02}", "topic": "99_tripling", "title": "The index"}
    told = {"kind": "fill", "stars": 2, "minutes": 8, "points": 5, "task": "Compute the index."}
    return SimpleNamespace(**fields, **told), STUBS[name]


def exercises_of(topic: str) -> list[tuple[Any, str]]:
    return [exercise_of(i, name) for i, name in enumerate(STUBS, 1)]


@pytest.fixture(scope="module")
def cell(built: tuple[str, bytes]) -> str:
    return first_cell(*built)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "book/99_tripling.md"
    path.parent.mkdir()
    path.write_text(PAGE)
    return path


def text(notebook: Any, kind: str = "markdown") -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == kind)


@pytest.mark.parametrize("path", pages.pages(), ids=lambda path: path.stem)
def test_each_page_becomes_a_valid_notebook_without_myst_and_without_paths(
    path: Path, cell: str
) -> None:
    made = pages.notebook(path, cell, find_run=any_run)
    nbformat.validate(made)
    whole = json.dumps(made)
    assert [word for word in (":::", "{glue", "```{") if word in whole] == []
    assert str(ROOT) not in whole and str(Path.home()) + "/" not in whole
    assert all(not cell.outputs for cell in made.cells if cell.cell_type == "code")
    heads = re.findall(r"^```\{code-cell\}.*\n(.*)", path.read_text(), re.MULTILINE)
    sources = [head for head in heads if pages.BOOK_ONLY not in head]
    own = [cell for cell in made.cells if cell.cell_type == "code" and "stub_" not in cell.source]
    assert len(own) == len(sources) + 1
    beside = re.findall(r"\]\((?!https?:|data:|#)([^)]+)\)", text(made))
    assert set(beside) <= {f"{page.stem}.ipynb" for page in pages.pages()}


@pytest.mark.parametrize("path", pages.pages(), ids=lambda path: path.stem)
def test_each_exercise_of_a_chapter_stands_in_its_notebook_as_its_stub(
    path: Path, cell: str
) -> None:
    made = pages.notebook(path, cell, find_run=any_run)
    for exercise, stub in exercises.of_chapter(path.stem):
        name = f"stub_{exercise.id.replace('/', '_')}"
        (code,) = [c.source for c in made.cells if c.source.startswith(f"{name} = ")]
        namespace: dict[str, Any] = {"kbk": SimpleNamespace(check=lambda key, source: source)}
        exec(code, namespace)
        assert namespace[name] == stub
        assert f"### {exercise.id} {exercise.title}" in text(made)
    assert "Edit `exercises/" not in text(made)


def test_every_page_with_code_is_listed(tmp_path: Path) -> None:
    (tmp_path / "_toc.yml").write_text(
        "root: index\nparts:\n- chapters:\n  - file: a\n    sections:\n    - file: b\n  - file: c\n"
    )
    for name, content in {
        "index": "",
        "a": "```{code-cell}\n```",
        "b": "```{code-cell}\n```",
    }.items():
        (tmp_path / f"{name}.md").write_text(content)
    (tmp_path / "c.md").write_text("words")
    assert [path.stem for path in pages.pages(tmp_path)] == ["a", "b"]


def test_folds_of_the_book_are_folds_in_jupyter_and_colab() -> None:
    hidden = pages.code_metadata(["hide-input"])
    assert hidden["cellView"] == "form" and hidden["jupyter"] == {"source_hidden": True}
    folded = pages.code_metadata(["hide-output"])
    assert folded["collapsed"] and folded["jupyter"] == {"outputs_hidden": True}
    assert pages.code_metadata([]) == {}


def test_exercises_follow_the_page_with_their_task_and_text(page: Path) -> None:
    made = pages.notebook(page, "", find_exercises=exercises_of, find_run=any_run)
    assert "### 99/02 The index ★★\n\n*fill, 8 min, 5 points*\n\nCompute the index." in text(made)
    checked: dict[str, str] = {}
    fake = SimpleNamespace(check=lambda name, source: checked.update({name: source}))
    for cell in made.cells[-4:]:
        if cell.cell_type == "code":
            exec(cell.source, {"kbk": fake})
    assert checked == {"99/01": STUBS["01_predict.py"], "99/02": STUBS["02_kernel.cu"]}


@pytest.mark.parametrize("stub", ["\"\"\"a\"\"\" and '''b'''", "a\\"])
def test_a_stub_that_no_raw_text_can_hold_is_an_error(stub: str) -> None:
    with pytest.raises(ValueError, match="stub"):
        exercises.quoted(stub)


def test_numbers_in_prose_say_on_what_machine_they_were_computed(page: Path) -> None:
    run = executed.Executed({"factor": "three"}, "2026-11-22, on an H200")
    made = pages.notebook(page, "", find_exercises=lambda topic: [], find_run=lambda _: run)
    assert "It is *three* times as much." in text(made)
    assert "come from a run of this page on 2026-11-22, on an H200" in made.cells[0].source


def test_a_cell_that_reads_the_book_is_replaced_by_what_it_showed_there(page: Path) -> None:
    page.write_text(PAGE.replace("[hide-input]", "[hide-input, book-only]"))
    run = executed.Executed({"factor": "three"}, "today", {0: "<table></table>"})
    made = pages.notebook(page, "", find_exercises=lambda topic: [], find_run=lambda _: run)
    assert "<table></table>" in text(made) and "import torch" not in text(made, "code")
    assert "kbk.load_inline" in text(made, "code")


def test_links_to_pages_in_what_a_cell_showed_lead_to_the_notebooks_beside_it() -> None:
    shown = '<a href="01_copy.html">Copy</a>, <a href="index.html">home</a>, <a href="https://a/b.html">b</a>'
    made = pages.linked(shown, {"01_copy": "01_copy.ipynb"}.get)
    assert made == '<a href="01_copy.ipynb">Copy</a>, home, <a href="https://a/b.html">b</a>'


def test_what_a_cell_showed_is_kept_as_html_or_as_text() -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "a < b"},
        {"output_type": "stream", "name": "stderr", "text": "building"},
        {"data": {"text/html": "<b>c</b>", "text/plain": "c"}},
    ]
    assert executed.as_markdown(outputs) == "<pre>a &lt; b</pre>\n\n<b>c</b>"


def test_a_page_with_numbers_that_was_not_run_asks_for_the_book(page: Path) -> None:
    with pytest.raises(NotPlain, match="run 'make book' first"):
        pages.notebook(page, "", find_run=lambda notebook: None)


@pytest.mark.skipif("KBK_BOOK_IS_BUILT" not in os.environ, reason="the book was not built")
@pytest.mark.parametrize("path", pages.pages(), ids=lambda path: path.stem)
def test_the_numbers_of_a_page_are_found_in_the_execution_cache(path: Path) -> None:
    jupytext = pytest.importorskip("jupytext")
    run = executed.of_page(jupytext.read(path))
    assert run is not None
    shown = re.findall(r"\{glue:text\}`(\w+)`", path.read_text())
    assert [name for name in shown if name not in run.values] == []


@pytest.fixture
def short(page: Path, tmp_path: Path, cell: str) -> Path:
    made = pages.notebook(page, cell, find_exercises=lambda topic: [], find_run=any_run)
    path = tmp_path / "99_tripling.ipynb"
    nbformat.write(made, path)
    return path


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel finds the clone, as the kernel of .venv does."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")


def last_output(path: Path) -> str:
    return run_notebooks.printed(nbformat.read(path, as_version=4).cells[-1:])


def test_the_text_in_a_cell_is_what_executes_also_after_an_edit(
    short: Path, here: None, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (result,) = run_notebooks.run_all([short], out)
    assert result.passed and result.cells == 3, result
    assert "already there" in result.machine and "compiler:" in result.machine
    assert last_output(out / short.name) == "[0.0, 3.0, 6.0]"
    kept = json.loads((out / "notebooks.json").read_text())
    assert [(r["name"], r["passed"]) for r in kept] == [("99_tripling.ipynb", True)]

    short.write_text(short.read_text().replace("3 * x[i]", "5 * x[i]"))
    run_notebooks.run_all([short], out)
    assert last_output(out / short.name) == "[0.0, 5.0, 10.0]"


def test_a_cell_that_fails_fails_the_run_and_is_named(
    short: Path, here: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short.write_text(short.read_text().replace("import torch", "import no_such_torch"))
    (result,) = run_notebooks.run_all([short], tmp_path / "out")
    assert not result.passed
    assert result.error.startswith("code cell 2 of 3: ModuleNotFoundError")
    assert "FAILED 99_tripling.ipynb" in capsys.readouterr().out
