"""One page of the book as a notebook: its cells, then its exercises, nothing else needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.notebooks import executed, exercises
from tools.notebooks.blocks import to_markdown
from tools.notebooks.inline import NotPlain, Page

ROOT = Path(__file__).resolve().parents[2]

INTRODUCTION = """\
A page of *Kernel by Kernel* as a notebook. Run the next cell first: it installs `kbk` where it is
missing, and says which machine it found. Without a GPU the CUDA code runs on a simulator; on Google
Colab, *Runtime > Change runtime type* gives you a GPU. The text in a cell is the program: change
it, run the cell, and the changed program runs."""

NUMBERS = """\
Numbers *in italics* in the text come from a run of this page on {where}. The cell above each
computes it on your machine."""

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
    "accelerator": "GPU",  # asks Colab for one; without it the simulator serves
    "colab": {"provenance": []},
}

BOOK_ONLY = "book-only"
"""Tag of a cell that reads the book's own files: a notebook shows what it showed in the book."""

_HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
_FOLDED = {"hide-output", "hide-cell", "remove-output", "remove-cell"}


def pages(root: Path = ROOT) -> list[Path]:
    """The pages of _toc.yml that have code cells, in the order of the book."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    found = [root / f"{name}.md" for name in _files(toc)]
    return [page for page in found if "```{code-cell}" in page.read_text(encoding="utf-8")]


def _files(toc: Any) -> Iterator[str]:
    if isinstance(toc, dict):
        for key, value in toc.items():
            if key in ("root", "file"):
                yield str(value).removesuffix(".md")
            else:
                yield from _files(value)
    elif isinstance(toc, list):
        for value in toc:
            yield from _files(value)


def links(found: list[Path], site: str = "") -> Callable[[str], str | None]:
    """Where a notebook links to for another page: the published site, else the notebook beside it.

    Args:
        found: the pages that become notebooks.
        site: base address of the published book, or "".
    """
    stems = {page.stem for page in found}

    def link(stem: str) -> str | None:
        if site:
            return f"{site.rstrip('/')}/book/{stem}.html"
        return f"{stem}.ipynb" if stem in stems else None

    return link


def titles(root: Path = ROOT) -> dict[str, str]:
    """The title of each page, by its stem."""
    found = {}
    for path in (root / "book").glob("*.md"):
        title = re.search(r"^# (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        found[path.stem] = title[1] if title else path.stem
    return found


def linked(shown: str, link: Callable[[str], str | None]) -> str:
    """What a cell showed, with its links to pages of the book as a notebook links to them."""

    def one(found: re.Match[str]) -> str:
        address = link(found["stem"])
        return f'<a href="{address}">{found["text"]}</a>' if address else found["text"]

    return re.sub(r'<a href="(?P<stem>\w+)\.html">(?P<text>.*?)</a>', one, shown)


def code_metadata(tags: list[str]) -> dict[str, Any]:
    """Metadata of a code cell: what the book folds, Jupyter and Colab fold too."""
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    jupyter = {}
    if _HIDDEN & set(tags):
        metadata["cellView"] = "form"
        jupyter["source_hidden"] = True
    if _FOLDED & set(tags):
        metadata["collapsed"] = True
        jupyter["outputs_hidden"] = True
    return {**metadata, "jupyter": jupyter} if jupyter else metadata


def notebook(
    path: Path,
    first_cell: str,
    link: Callable[[str], str | None] = lambda stem: None,
    find_exercises: Callable[[str], list[tuple[exercises.Exercise, str]]] = exercises.of_chapter,
    find_run: Callable[[Any], executed.Executed | None] = executed.of_page,
) -> Any:
    """Make the notebook of a page.

    Args:
        path: the page, MyST Markdown with code cells.
        first_cell: source of the cell that installs kbk.
        link: the address of another page by its stem, or None.
        find_exercises: the exercises of a chapter, each with its stub's text.
        find_run: what the run of the page glued into its prose; None if it has not run.

    Returns:
        A notebook of nbformat 4, without outputs.

    Raises:
        NotPlain: the page uses MyST that has no form in a notebook, or its prose shows the numbers
            of a run that there was not.
    """
    import jupytext
    from nbformat import v4

    from book._ext.kbk_page import says

    text = path.read_text(encoding="utf-8")
    needs_run = "{glue:" in text or BOOK_ONLY in text
    run = find_run(jupytext.reads(text, fmt="md:myst")) if needs_run else None
    if needs_run and run is None:
        raise NotPlain(f"{path.name}: it shows results of a run: run 'make book' first")
    page = Page(path, run.values if run else {}, link, titles(path.parent.parent))
    markdown = says.as_markdown(text, how_to_do=exercises.place)
    source = jupytext.reads(markdown, fmt="md:myst")
    made = []
    code = 0
    for cell in source.cells:
        tags = list(cell.metadata.get("tags", []))
        if cell.cell_type == "code":
            code += 1
        if run and BOOK_ONLY in tags:
            made.append(v4.new_markdown_cell(linked(run.shown[code - 1], link)))
        elif cell.cell_type == "code":
            made.append(v4.new_code_cell(cell.source, metadata=code_metadata(tags)))
        elif plain := to_markdown(cell.source, page):
            made.append(v4.new_markdown_cell(plain))
    for kind, content in exercises.cells(path.stem, find_exercises):
        new = v4.new_code_cell if kind == "code" else v4.new_markdown_cell
        made.append(new(content))
    numbers = NUMBERS.format(where=run.sentence) if run and page.used else ""
    cells = [*_opening(made, numbers, first_cell), *made[1:]]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # nbformat draws lots, and the file would always differ
    return v4.new_notebook(cells=cells, metadata=METADATA)


def _opening(made: list[Any], numbers: str, first_cell: str) -> list[Any]:
    """The title and what to do, the cell that installs, the rest of the page's first text."""
    from nbformat import v4

    title, _, rest = made[0].source.partition("\n")
    head = "\n\n".join(filter(None, [title, INTRODUCTION, numbers]))
    opening = [v4.new_markdown_cell(head)]
    opening.append(v4.new_code_cell(first_cell, metadata=code_metadata(["hide-input"])))
    return opening + ([v4.new_markdown_cell(rest.strip("\n"))] if rest.strip() else [])
