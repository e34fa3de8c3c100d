"""What a player shows, and how to press its buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SLIDER = "input[type=range]"
Open = Callable[..., Any]
"""Opens HTML in a browser; returns Playwright's page."""


def cells(opened: Any) -> dict[tuple[int, int], tuple[str, str]]:
    """Text and look of each element that is in view, by array and index."""
    found = opened.evaluate(
        """() => [...document.querySelectorAll('.kbk-array')].flatMap((array) =>
          [...array.querySelectorAll('[data-index]')].map((cell) => [
            Number(array.dataset.array), Number(cell.dataset.index), cell.textContent,
            cell.className]))"""
    )
    return {(array, index): (text, look) for array, index, text, look in found}


def said(opened: Any) -> str:
    return str(opened.text_content(".kbk-say"))


def press(opened: Any, name: str, times: int = 1) -> None:
    for _ in range(times):
        opened.click(f"button[data-do={name}]")
