"""A page's cells: found, run in order, and kept with what they printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kbk.bench import notebook

PAGE = """# Title

```{code-cell} ipython3
:tags: [hide-input]
x = 20
print(x)
```

```python
x = 0
```

```{code-cell} ipython3
---
tags: [a]
---
print(x + 1)
```
"""


def test_only_code_cells_count_and_options_are_no_code():
    assert notebook.cells(PAGE) == ["x = 20\nprint(x)", "print(x + 1)"]


def test_cells_share_a_namespace_and_keep_their_output(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    assert [out for _, out in notebook.execute_plain(page)] == ["20\n", "21\n"]


def test_a_failing_cell_is_named(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("```{code-cell}\n1 / 0\n```\n")
    with pytest.raises(ZeroDivisionError) as caught:
        notebook.execute_plain(page)
    assert "page.md cell 1" in str(caught.traceback[-1].path)


def test_plain_execution_writes_a_notebook(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(notebook, "find_spec", lambda name: None)
    page, to = tmp_path / "page.md", tmp_path / "page.ipynb"
    page.write_text(PAGE)
    assert "2 cells" in notebook.execute(page, to)
    written = json.loads(to.read_text())
    assert written["cells"][1]["outputs"][0]["text"] == "21\n"
