"""F02.3: how many streaming multiprocessors a launch can use, one box for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kbk.draw.canvas import Canvas
from kbk.draw.picture import Picture
from kbk.draw.seen import many
from kbk.draw.sheet import WIDTH, text_width
from kbk.draw.theme import Theme
from kbk.errors import ArgumentError
from kbk.profiler.launch import ProfiledLaunch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAD = ("launch", "blocks that store", "threads a block", "SMs at most", "SMs of the GPU")
_ROW, _TOP = 0.3, 0.04
ACTIVE = "kbk__active_blocks"


def sms_in_use(launches: Mapping[str, ProfiledLaunch], sms: int, what: str) -> Picture:
    """F02.3: of each launch the SMs that its blocks can fill. A block runs on one SM.

    Args:
        launches: name -> a launch of ``kbk.profile()``.
        sms: of the GPU.
        what: the call, in words: "one token of 14,336".

    Raises:
        ArgumentError: there is no launch, or `sms` is not above 0.
    """
    if not launches or sms < 1:
        raise ArgumentError(f"sms_in_use: needs a launch and an SM; {len(launches)} and {sms}.")
    blocks = {name: int(each.metrics[ACTIVE]) for name, each in launches.items()}
    used = {name: min(count, sms) for name, count in blocks.items()}
    least, most = min(used, key=lambda n: used[n]), max(used, key=lambda n: used[n])
    caption = (
        f"{what}: {least} keeps at most {used[least]} of {sms} SMs busy, {most} at most "
        f"{used[most]}. A block runs on one SM; a box is an SM, filled if there is a block for it."
    )
    alt = f"A row of {sms} boxes for each launch. " + "; ".join(
        f"{name}: {many(blocks[name], 'block')}, {used[name]} filled" for name in blocks
    )
    rows = [
        [name, f"{blocks[name]:,}", launches[name].block[0], used[name], sms] for name in blocks
    ]
    return Picture(caption, alt + ".", HEAD, rows, lambda theme: _draw(theme, blocks, sms))


def _draw(theme: Theme, blocks: Mapping[str, int], sms: int) -> Figure:
    sheet = Canvas(theme, _TOP + _ROW * len(blocks) + 0.02)
    counts = {name: many(count, "block") for name, count in blocks.items()}
    left = max(text_width(name) for name in blocks) + 0.12
    right = WIDTH - max(text_width(each) for each in counts.values()) - 0.15
    width = (right - left) / sms
    for at, (name, count) in enumerate(blocks.items()):
        y = _TOP + at * _ROW
        sheet.text(left - 0.08, y + 0.1, name, at="right middle")
        sheet.text(right + 0.08, y + 0.1, counts[name])
        boxes = [(left + sm * width, y, width, 0.2) for sm in range(sms)]
        sheet.boxes(boxes[count:], edge=theme.line, line=0.4, style=":")
        sheet.boxes(boxes[:count], theme.fill(0), line=0.4)
    return sheet.figure
