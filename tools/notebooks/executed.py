"""What a page's own run glued into its prose and showed, out of the book's execution cache."""

from __future__ import annotations

import ast
import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_RECORD = "application/papermill.record/text/plain"


@dataclass(frozen=True)
class Executed:
    """What is known of a page's run.

    Attributes:
        values: the glued values, by name.
        sentence: when and where it was.
        shown: what each code cell showed, as Markdown, by its number from 0.
    """

    values: Mapping[str, str]
    sentence: str
    shown: Mapping[int, str] = field(default_factory=dict)


def of_page(notebook: Any, caches: Path = ROOT / "_build/.jupyter_cache") -> Executed | None:
    """Find the run of a page in the cache of today's digest; None if the book was not built.

    Args:
        notebook: the page as jupytext reads it.
    """
    from jupyter_cache import get_cache

    from book._ext import execution_cache
    from book._ext.kbk_page.directives import where

    folder = caches / execution_cache.digest()
    if not folder.is_dir():
        return None
    cache = get_cache(folder)
    try:
        record = cache.match_cache_notebook(notebook)
    except KeyError:
        return None
    run = cache.get_cache_bundle(record.pk)
    day = datetime.fromisoformat(str(record.created)).strftime("%Y-%m-%d")
    cells = [cell for cell in run.nb.cells if cell.cell_type == "code"]
    shown = {number: as_markdown(cell.get("outputs", [])) for number, cell in enumerate(cells)}
    return Executed(glued(run.nb), f"{day}, on {where()}", shown)


def glued(notebook: Any) -> dict[str, str]:
    """The text of each value that the cells of an executed notebook glued."""
    values = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if name and _RECORD in output.get("data", {}):
                text = output["data"][_RECORD]
                try:
                    values[name] = str(ast.literal_eval(text))
                except (ValueError, SyntaxError):
                    values[name] = text
    return values


def as_markdown(outputs: list[Any]) -> str:
    """What a cell showed: its HTML, and its text as preformatted text."""
    parts = []
    for output in outputs:
        data = output.get("data", {})
        text = output.get("text", "") or data.get("text/plain", "")
        if output.get("name") == "stderr":
            continue
        if "text/html" in data:
            parts.append(data["text/html"])
        elif text:
            parts.append(f"<pre>{html.escape(text)}</pre>")
    return "\n\n".join(parts)
