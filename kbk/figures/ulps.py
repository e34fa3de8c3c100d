"""F02.4: how far the elements of a result are from the right ones, for several ways to round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kbk.draw.canvas import Canvas
from kbk.draw.picture import Picture
from kbk.draw.sheet import WIDTH, text_width
from kbk.draw.theme import Theme
from kbk.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]

BIN, BINS = 0.25, 12
"""Units of the last place that a bar stands for, and how many bars there are before the rest."""
_ROW, _BAR = 0.92, 0.56


def shares(ulps: Any) -> Array:
    """The share of elements in each bin of a quarter unit; the last one has all above.

    Bin k holds what is above k / 4 and at most (k + 1) / 4; the first one also what is exact. So
    half a unit, the most that one rounding may cost, is in the second bin.
    """
    found = np.asarray(ulps, dtype=np.float64).reshape(-1)
    if found.size == 0 or not np.isfinite(found).all() or (found < 0).any():
        raise ArgumentError("error_bars: errors must be finite, not negative, and at least one.")
    # float32 on the way may add a hair to the half unit of the last rounding
    at = np.ceil((found - 1e-3) / BIN) - 1
    counts = np.bincount(np.clip(at, 0, BINS).astype(int), minlength=BINS + 1)
    return counts / found.size


def error_bars(errors: Mapping[str, Any]) -> Picture:
    """F02.4: bars of the errors of each way, in units of the last place.

    Args:
        errors: name -> absolute errors in units of the last place, an array or a tensor.

    Raises:
        ArgumentError: an error is negative or not finite, or there is none.
    """
    if not errors:
        raise ArgumentError("error_bars: errors must have a way at least.")
    of = {name: shares(each) for name, each in errors.items()}
    worst = {name: float(np.asarray(each).max()) for name, each in errors.items()}
    half = {name: float(each[:2].sum()) for name, each in of.items()}
    caption = (
        "Largest error in units of the last place, and the share within half a unit. "
        + "; ".join(f"{name}: {worst[name]:.3g}, {half[name]:.0%}" for name in of)
        + "."
    )
    head = ["error, ulp", *of]
    names = [f"{k * BIN:g} to {(k + 1) * BIN:g}" for k in range(BINS)] + [f"above {BINS * BIN:g}"]
    rows = [[name, *(f"{each[k]:.2%}" for each in of.values())] for k, name in enumerate(names)]
    alt = "Bars of the share of elements over their error. " + "; ".join(
        f"{name}: "
        + ", ".join(f"{share:.0%} {names[k]}" for k, share in enumerate(each) if share >= 0.005)
        for name, each in of.items()
    )
    return Picture(caption, alt + ".", head, rows, lambda theme: _draw(theme, of))


def _draw(theme: Theme, of: Mapping[str, Array]) -> Figure:
    sheet = Canvas(theme, _ROW * len(of) + 0.34)
    left = 0.3
    width = (WIDTH - left - 0.1) / (BINS + 1)
    scale = _BAR / max(float(each.max()) for each in of.values())
    for number, (name, each) in enumerate(of.items()):
        base = _ROW * number + 0.26 + _BAR
        fill = theme.fill(number)
        boxes = [
            (left + k * width + 0.03, base - scale * share, width - 0.06, scale * share)
            for k, share in enumerate(each)
            if share > 0
        ]
        sheet.boxes(boxes, fill)
        sheet.rules([((left, base), (WIDTH - 0.1, base))], width=0.8)
        for k, share in enumerate(each):
            if share > 0:
                text = f"{share:.0%}" if share >= 0.005 else "<1%"
                x = left + (k + 0.5) * width
                sheet.text(x, base - scale * share - 0.02, text, at="center bottom")
        right = WIDTH - 0.1 - text_width(name, bold=True)
        sheet.text(right, base - _BAR + 0.02, name, bold=True)
    bottom = _ROW * len(of) + 0.02
    for k in range(BINS + 1):
        sheet.text(left + k * width, bottom, f"{k * BIN:g}", at="center top", color=theme.faint)
    sheet.text(
        left,
        bottom + 0.2,
        "error in units of the last place; the last bar: all above",
        at="left top",
    )
    return sheet.figure
