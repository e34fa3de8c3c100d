"""The cells for nbgrader of the page about teaching, executed, and graded as nbgrader does it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.grade import export_texts

PAGE = (Path(__file__).resolve().parents[2] / "book/teaching.md").read_text()
POINTS = 5.0


def cells() -> tuple[str, str]:
    """The student's cell and the test cell of the page."""
    part = PAGE.split("\n## nbgrader\n")[1].split("\n## ")[0]
    answer, test = re.findall(r"```python\n(.*?)```", part, re.S)
    return answer, test


def determine_grade(outputs: list[Any], points: float = POINTS) -> float:
    """The points of a test cell by nbgrader's rule (its `utils.determine_grade`), in our words.

    An error or a text on stderr is none; a result that is a number is that many; all else is all.
    """
    for each in outputs:
        on_stderr = each.output_type == "stream" and each.name == "stderr"
        if each.output_type == "error" or on_stderr:
            return 0.0
        if each.output_type == "execute_result":
            try:
                number = float(each.data["text/plain"])
            except ValueError:
                return points
            assert number <= points
            return number if number >= 0 else points
    return points


@pytest.fixture(scope="module")
def client() -> Iterator[NotebookClient]:
    """A kernel that has kbk."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell("import kbk")]
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata["kernelspec"] = python
    client = NotebookClient(notebook, timeout=300, allow_errors=True)
    client.create_kernel_manager()
    assert client.km is not None
    client.km.kernel_spec.argv[0] = sys.executable
    with client.setup_kernel():
        client.execute_cell(notebook.cells[0], 0)
        yield client


def outputs(client: NotebookClient, source: str) -> list[Any]:
    """Execute the two cells with this text as the student's answer; the outputs of the second."""
    answer, test = cells()
    body = re.sub(r'(?s)(guard = r"""\n).*?(""")', lambda m: m[1] + source + m[2], answer)
    assert source in body
    client.nb.cells = [nbformat.v4.new_code_cell(body), nbformat.v4.new_code_cell(test)]
    client.execute_cell(client.nb.cells[0], 0)
    return list(client.execute_cell(client.nb.cells[1], 1).outputs)


@pytest.mark.parametrize(
    "source, points",
    [(export_texts.RIGHT, 5.0), (export_texts.WRONG, 1.0), ("not C++ at all", 0.0)],
    ids=["right", "wrong", "no C++"],
)
def test_nbgrader_would_give_the_points_of_the_report(
    client: NotebookClient, source: str, points: float
) -> None:
    found = outputs(client, source)
    assert [each for each in found if each.output_type == "stream" and each.name == "stderr"] == []
    assert [each for each in found if each.output_type == "error"] == []
    assert determine_grade(found) == points


@pytest.mark.parametrize(
    "outputs_, points",
    [
        ([], 5.0),
        ([nbformat.v4.new_output("stream", name="stderr", text="kbk: headers ...")], 0.0),
        ([nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])], 0.0),
        ([nbformat.v4.new_output("execute_result", data={"text/plain": "2.0"})], 2.0),
        ([nbformat.v4.new_output("execute_result", data={"text/plain": "pass"})], 5.0),
    ],
)
def test_the_rule_is_that_of_nbgrader_as_the_page_says_it(
    outputs_: list[Any], points: float
) -> None:
    assert determine_grade(outputs_) == points
