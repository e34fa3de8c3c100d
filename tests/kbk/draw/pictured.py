"""Launches to picture, and what a picture draws: its boxes, its labels, its texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pictured_sources as sources
import pytest
import torch

import kbk
from kbk.build.module import Module
from kbk.draw.canvas import Box, Canvas
from kbk.draw.picture import Picture
from kbk.draw.sheet import Sheet
from kbk.draw.theme import SMALL
from kbk.sanitizer.history import Launch

SOURCES = {
    "written": (sources.WRITTEN, sources.WRITTEN_OPS),
    "shared": (sources.SHARED, sources.SHARED_OPS),
    "shuffled": (sources.SHUFFLED, sources.SHUFFLED_OPS),
}


@lru_cache
def module(name: str) -> Module:
    """One of the sources, built."""
    source, ops = SOURCES[name]
    return kbk.load_inline(name, cuda_sources=source, functions=ops)


def launched(name: str, op: str, *arguments: Any) -> Launch:
    """The launch of one call."""
    with kbk.profile() as p:
        getattr(module(name), op)(*arguments)
    (launch,) = p.launches
    return launch


def ended(name: str, op: str, *arguments: Any) -> Launch:
    """The launch of a call that an error ends."""
    with kbk.profile() as p, pytest.raises(kbk.LaunchError):
        getattr(module(name), op)(*arguments)
    (launch,) = p.launches
    return launch


def line_of(name: str, part: str) -> int:
    """The only line of a source that has this part."""
    (line,) = (at for at, text in enumerate(SOURCES[name][0].split("\n"), 1) if part in text)
    return line


def numbers(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Different numbers, so that a value tells where it comes from."""
    count = 1
    for size in shape:
        count *= size
    return torch.arange(1, count + 1, dtype=dtype).reshape(shape)


@dataclass
class Drawn:
    """What was drawn of a picture in one theme.

    Attributes:
        boxes: each with the arguments that it was drawn with.
        labels: x, y and text of what stands in cells.
        texts: x, y and text of all other text.
        arrows: start and end.
    """

    boxes: list[tuple[Box, dict[str, Any]]] = field(default_factory=list)
    labels: list[tuple[float, float, str]] = field(default_factory=list)
    texts: list[tuple[float, float, str]] = field(default_factory=list)
    arrows: list[tuple[Any, Any]] = field(default_factory=list)

    def rows(self) -> list[list[str]]:
        """The labels row by row, from left to right."""
        found: dict[float, list[tuple[float, str]]] = {}
        for x, y, text in self.labels:
            found.setdefault(round(y, 3), []).append((x, text))
        return [[text for _, text in sorted(found[y])] for y in sorted(found)]

    def words(self) -> str:
        """All other text in one."""
        return " | ".join(text for _, _, text in self.texts)


def drawn(picture: Picture, *, dark: bool = False) -> Drawn:
    """Draw a picture, and keep what it drew. Every text has 8 points or more."""
    kept = Drawn()
    boxes, labels, arrow, text = Canvas.boxes, Canvas.labels, Canvas.arrow, Sheet.text

    def keep_boxes(self: Canvas, some: Any, fill: Any = None, **look: Any) -> None:
        found = list(some)
        kept.boxes += [(box, {"fill": fill, **look}) for box in found]
        boxes(self, found, fill, **look)

    def keep_labels(self: Canvas, some: Any, **look: Any) -> None:
        found = list(some)
        assert look.get("size", SMALL) >= SMALL
        kept.labels += found
        labels(self, found, **look)

    def keep_arrow(self: Canvas, start: Any, end: Any, **look: Any) -> None:
        kept.arrows.append((start, end))
        arrow(self, start, end, **look)

    def keep_text(self: Sheet, x: float, y: float, said: str, **look: Any) -> None:
        assert look.get("size", SMALL) >= SMALL
        kept.texts.append((x, y, said))
        text(self, x, y, said, **look)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Canvas, "boxes", keep_boxes)
        patch.setattr(Canvas, "labels", keep_labels)
        patch.setattr(Canvas, "arrow", keep_arrow)
        patch.setattr(Sheet, "text", keep_text)
        picture.figure(dark)
    return kept


def is_shown(picture: Picture) -> None:
    """It has words for those who do not see it, and is drawn for light and for dark pages."""
    assert picture.caption.endswith(".") and picture.alt.endswith(".")
    assert picture.rows and all(len(row) == len(picture.head) for row in picture.rows)
    light, dark = picture.svg(False), picture.svg(True)
    assert light != dark
    for svg in (light, dark):
        assert "<title" in svg and "<desc" in svg
    assert drawn(picture).labels == drawn(picture, dark=True).labels


def error(call: Callable[[], object]) -> str:
    """The text of the error that a call raises."""
    with pytest.raises(kbk.ArgumentError) as raised:
        call()
    return str(raised.value)
