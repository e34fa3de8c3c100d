"""Draws the graph of a data flow: arrays with the elements that take part, arrows with lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from kbk.draw.canvas import Box, Canvas, Point
from kbk.draw.graph import Graph
from kbk.draw.nodes import OUT, Edge, Key, Node
from kbk.draw.seen import many
from kbk.draw.sheet import WIDTH, shortened, text_width
from kbk.draw.theme import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LINES = 10  # of the source, below the drawing
_MAP = (1.25, 0.85)  # inches, of a map at most
_MOST = (32, 24)  # columns and rows of a map; of larger arrays a cell stands for several elements
_CELL = 0.15
_SEEN = 0.055  # inches: smaller cells are drawn larger
_TEXT = 0.155
_HEAD = 2 * _TEXT + 0.03
_BETWEEN = 0.26  # nodes, one above the other
_GAP = 0.55  # columns, side by side
_CODE = 0.17
_BESIDE = (0, -0.1, 0.1, -0.16, 0.16, -0.24, 0.24)  # of an arrow, where its label may stand


@dataclass(frozen=True)
class _Placed:
    """A node and where it stands: its top left corner, its column and the size of its map."""

    node: Node
    column: int
    x: float
    y: float
    wide: float
    high: float
    texts: tuple[str, ...]

    @property
    def middle(self) -> float:
        """The height at which arrows begin and end."""
        return self.y + _HEAD + self.high / 2

    @property
    def text_boxes(self) -> list[Box]:
        """Where text stands."""
        below = self.y + _HEAD + self.high + 0.03
        return [
            (self.x, self.y, text_width(self.node.name, bold=True), _TEXT),
            (self.x, self.y + _TEXT, text_width(_count(self.node)), _TEXT),
            *(
                (self.x, below + _TEXT * at, text_width(text), _TEXT)
                for at, text in enumerate(self.texts)
            ),
        ]

    @property
    def bottom(self) -> float:
        """Below its last text."""
        return self.y + _HEAD + self.high + 0.03 + _TEXT * len(self.texts)


def depths(graph: Graph) -> dict[Key, int]:
    """How many arrows each node is away from the result, on the longest way without circles.

    Nodes to which nothing leads are as far as the farthest one.
    """
    before: dict[Key, list[Key]] = {key: [] for key in graph.nodes}
    for (source, target), edge in graph.edges.items():
        if source != target and not edge.kept:
            before[target].append(source)
    found = {OUT: 0}
    on_way: list[Key] = []

    def visit(key: Key, depth: int) -> None:
        on_way.append(key)
        for source in before[key]:
            if source not in on_way and found.get(source, -1) < depth + 1:
                found[source] = depth + 1
                visit(source, depth + 1)
        on_way.pop()

    visit(OUT, 0)
    for source, target in graph.edges:  # what only registers may have kept
        if source not in found:
            found[source] = found.get(target, 0) + 1
    targets = {target for _, target in graph.edges}
    far = max(found.values())
    return {key: far if key not in targets and key != OUT else at for key, at in found.items()}


def draw(theme: Theme, graph: Graph) -> Figure:
    """The figure."""
    columns, tall = _place(graph)
    lines = _lines(graph)
    code = _CODE * (min(len(lines), MOST_LINES) + (len(lines) > MOST_LINES)) + 0.24
    canvas = Canvas(theme, tall + code)
    _edges(canvas, graph, columns)
    for placed in (each for column in columns for each in column):
        _node(canvas, placed)
    _code(canvas, tall + 0.22, lines)
    return canvas.figure


# --- places


def _place(graph: Graph) -> tuple[list[list[_Placed]], float]:
    """The nodes by column, and the height of all."""
    depth = depths(graph)
    count = max(depth.values()) + 1
    most = min(_MAP[0], (WIDTH - _GAP * (count - 1)) / count)
    step = (WIDTH - most) / max(count - 1, 1)
    room = min(step - 0.1, 2.0) if count > 1 else 2.0
    sizes = {key: _size(node, most) for key, node in graph.nodes.items()}
    texts = {
        key: tuple(_told(graph, node, room if depth[key] else most + 0.15))
        for key, node in graph.nodes.items()
    }

    def high(key: Key) -> float:
        return _HEAD + sizes[key][1] + 0.03 + _TEXT * len(texts[key])

    keys: list[list[Key]] = [[] for _ in range(count)]
    for key in graph.nodes:
        keys[count - 1 - depth[key]].append(key)
    tall = max(sum(map(high, some)) + _BETWEEN * (len(some) - 1) for some in keys) + 0.12
    columns: list[list[_Placed]] = [[] for _ in range(count)]
    middles: dict[Key, float] = {}
    for at in reversed(range(count)):  # from the result backwards: a node stands where it leads to
        some = sorted(keys[at], key=lambda key: _rank(graph, key, middles))
        y = 0.06 + (tall - 0.12 - sum(map(high, some)) - _BETWEEN * (len(some) - 1)) / 2
        for key in some:
            wide, height = sizes[key]
            x = at * step
            if at == count - 1:
                x = min(x + most - wide, WIDTH - max([wide, *map(text_width, texts[key])]) - 0.02)
            placed = _Placed(graph.nodes[key], at, x, y, wide, height, texts[key])
            columns[at].append(placed)
            middles[key] = placed.middle
            y += high(key) + _BETWEEN
    return columns, tall


def _rank(graph: Graph, key: Key, middles: dict[Key, float]) -> tuple[float, str]:
    """The mean height of what a node leads to; of equal ones the order of the call."""
    leads = [
        middles[target] for source, target in graph.edges if source == key and target in middles
    ]
    return (round(sum(leads) / len(leads), 2) if leads else 0.0, str(key))


def _size(node: Node, most: float) -> tuple[float, float]:
    """Inches, of a map."""
    rows, columns = (min(a, b) for a, b in zip(node.shape, reversed(_MOST), strict=True))
    cell = min(most / columns, _MAP[1] / rows, _CELL)
    return max(columns * cell, 0.1), max(rows * cell, 0.1)


# --- nodes


def _count(node: Node) -> str:
    if node.lanes:
        return many(len(node.elements), "lane")
    sure, count = len(node.sure), len(node.elements)
    shown = f"{count:,}" if sure == count else f"{sure:,} to {count:,}"
    return f"{shown} of {node.size:,}" if node.size > 1 else "1 value"


def _told(graph: Graph, node: Node, room: float) -> Iterator[str]:
    """The lines below a map: elements with values, and what goes round inside."""
    if node.lanes:
        yield shortened(f"shuffles, {_numbers(graph.shuffles.get(node.key, ()))}", room)
    else:
        flats = sorted(node.elements)
        for at, flat in enumerate(flats if len(flats) <= 2 else [flats[0], flats[-1]]):
            name, value = node.elements[flat]
            text = f"{name} = {_short(value)}" if value else name
            yield shortened(f"… {text}" if at and len(flats) > 2 else text, room)
    own = graph.edges.get((node.key, node.key))
    if own is not None:
        yield shortened(f"↻ {_label(own)}", room)


def _short(value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        return value
    if len(value) <= 6:
        return value
    return str(int(number)) if number.is_integer() and abs(number) < 1e7 else f"{number:.4g}"


def _node(canvas: Canvas, placed: _Placed) -> None:
    theme, node = canvas.theme, placed.node
    top = placed.y + _HEAD
    canvas.text(placed.x, placed.y + 0.07, node.name, bold=True)
    canvas.text(placed.x, placed.y + 0.07 + _TEXT, _count(node), color=theme.faint)
    canvas.boxes([(placed.x, top, placed.wide, placed.high)], theme.paper, edge=None, above=2.5)
    rows, columns = (min(a, b) for a, b in zip(node.shape, reversed(_MOST), strict=True))
    wide, high = placed.wide / columns, placed.high / rows

    def cells(flats: set[int]) -> Iterator[Box]:
        more = max(_SEEN - wide, 0) / 2, max(_SEEN - high, 0) / 2
        for r, row in enumerate(_marked(node, flats)):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
            for low, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
                x, y = placed.x + low * wide - more[0], top + r * high - more[1]
                yield (x, y, (end - low) * wide + 2 * more[0], high + 2 * more[1])

    if min(wide, high) > 0.07:
        right, bottom = placed.x + placed.wide, top + placed.high
        grid = [[(placed.x + c * wide, top), (placed.x + c * wide, bottom)] for c in range(columns)]
        grid += [[(placed.x, top + r * high), (right, top + r * high)] for r in range(rows)]
        canvas.rules(grid, color=theme.line, width=0.4, above=2.7)
    canvas.boxes(cells(set(node.elements) - node.sure), style=":", line=0.8, above=2.75)
    canvas.boxes(cells(node.sure), theme.fill(1 if node.key == OUT else 0), edge=None, above=2.8)
    canvas.boxes([(placed.x, top, placed.wide, placed.high)], line=0.8, above=2.9)
    for at, text in enumerate(placed.texts):
        canvas.text(placed.x, top + placed.high + 0.1 + _TEXT * at, text)


def _marked(node: Node, taking_part: set[int]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """The cells of the map that have one of some elements."""
    rows, columns = node.shape
    shown = min(rows, _MOST[1]), min(columns, _MOST[0])
    marked = np.zeros(shown, bool)
    flats = np.array(sorted(taking_part), np.int64)
    r, c = flats // columns, flats % columns
    marked[r * shown[0] // rows, c * shown[1] // columns] = True
    return marked


# --- arrows


def _edges(canvas: Canvas, graph: Graph, columns: list[list[_Placed]]) -> None:
    """Arrows through the free space between the nodes, each with its lines near its beginning."""
    placed = {each.node.key: each for column in columns for each in column}
    into: dict[Key, list[Key]] = {}
    for source, target in sorted(graph.edges, key=lambda each: placed[each[0]].middle):
        if source != target:
            into.setdefault(target, []).append(source)
    used: dict[tuple[int, float], int] = {}
    taken = [box for each in placed.values() for box in each.text_boxes]
    taken += [(each.x, each.y + _HEAD, each.wide, each.high) for each in placed.values()]
    for target, sources in into.items():
        for at, source in enumerate(sources):
            edge = graph.edges[source, target]
            start, end = placed[source], placed[target]
            shift = (at - (len(sources) - 1) / 2) * min(0.12, end.high / len(sources))
            goal = (end.x - 0.03, end.middle + shift)
            points: list[Point] = [(start.x + start.wide + 0.03, start.middle)]
            if end.column < start.column:
                goal = (end.x + end.wide + 0.03, end.middle + shift)
                points = [(start.x - 0.03, start.middle)]
            for column in range(start.column + 1, end.column):
                points += _past(columns[column], column, points[-1], goal, used)
            points.append(goal)
            style = (0, (4, 2)) if edge.kept else "-"
            if len(points) > 2:
                canvas.rules([points[:-1]], width=1.0, style=style)
            canvas.arrow(points[-2], points[-1], style=style, width=1.0)
            left = start.column + 1 < len(columns) and columns[start.column + 1][0].x
            _lines_on(canvas, edge, points, float(left or goal[0]), taken)


def _past(
    column: list[_Placed],
    number: int,
    start: Point,
    goal: Point,
    used: dict[tuple[int, float], int],
) -> list[Point]:
    """The way past the nodes of a column: through the space that is the shortest way."""
    left, right = min(each.x for each in column), max(each.x + each.wide for each in column)
    slots = [column[0].y - 0.1, column[-1].bottom + 0.1]
    slots += [(above.bottom + below.y) / 2 for above, below in pairwise(column)]
    part = (left - start[0]) / max(goal[0] - start[0], 0.01)
    straight = start[1] + part * (goal[1] - start[1])
    y = min(slots, key=lambda slot: abs(slot - straight))
    again = used.get((number, y), 0)
    used[number, y] = again + 1
    y += 0.05 * again
    return [(left - 0.05, y), (right + 0.05, y)]


def _lines_on(
    canvas: Canvas, edge: Edge, points: list[Point], until: float, taken: list[Box]
) -> None:
    """The lines of an arrow, where it leaves its node and no other text stands."""
    (x0, y0), (x1, y1) = points[:2]
    back = x1 < x0 + 0.2  # an arrow to the left, or straight up
    room = abs(x1 - x0) if back else until - x0 - 0.14
    text = _label(edge)
    if text_width(text) > room:
        text = _numbers(edge.loads or edge.stores)
    half = 0.53 * text_width(text) + 0.02
    middle = (x0 + until) / 2 - 0.04
    ways = [0.5, 0.4, 0.6, 0.25, 0.75] if back else [0.0, 0.08, -0.08, 0.16, -0.16, 0.24, 0.32]
    best: tuple[int, Box] | None = None
    for off in _BESIDE:
        for way in ways:
            x = x0 + way * (x1 - x0) if back else middle + way
            y = off + y0 + (y1 - y0) * (way if back else (x - x0) / (x1 - x0))
            box = (x - half, y - 0.07, 2 * half, 0.14)
            hit = sum(_meet(box, other) for other in taken) + (x >= x1 and not back)
            if best is None or hit < best[0]:
                best = (hit, box)
    assert best is not None
    box = best[1]
    x, y = box[0] + half, box[1] + 0.07
    taken.append(box)
    canvas.boxes([box], canvas.theme.paper, edge=None, above=3.3)
    canvas.labels([(x, y, text)])


def _meet(one: Box, other: Box) -> bool:
    """Whether two boxes have an area in common."""
    return all(
        one[at] < other[at] + other[at + 2] and other[at] < one[at] + one[at + 2] for at in (0, 1)
    )


def _label(edge: Edge) -> str:
    text = _numbers(edge.loads or edge.stores)
    return f"{text}: {edge.count:,} ×" if edge.count > 1 else text


def _numbers(lines: object) -> str:
    """Line 62; lines 7, 8."""
    numbers = sorted({line[1] for line in lines})  # type: ignore[attr-defined]
    listed = ", ".join(map(str, numbers[:3])) + ", …" * (len(numbers) > 3)
    return f"line{'s' * (len(numbers) > 1)} {listed}"


# --- the source


def _lines(graph: Graph) -> list[tuple[str, int, str]]:
    """The lines of the source that the arrows name, in order."""
    found = {line for edge in graph.edges.values() for line in edge.loads | edge.stores}
    found |= {line for lines in graph.shuffles.values() for line in lines}
    return sorted(line for line in found if line[0])


def _code(canvas: Canvas, top: float, lines: list[tuple[str, int, str]]) -> None:
    names = [f"{file}:{number}" for file, number, _ in lines]
    left = max((text_width(name) for name in names), default=0.0) + 0.12
    for at, ((_, _, text), name) in enumerate(zip(lines[:MOST_LINES], names, strict=False)):
        y = top + _CODE * at
        canvas.text(0, y, name, color=canvas.theme.faint)
        canvas.text(left, y, shortened(text, WIDTH - left, mono=True), mono=True)
    if len(lines) > MOST_LINES:
        text = f"and {len(lines) - MOST_LINES} more lines"
        canvas.text(left, top + _CODE * MOST_LINES, text, color=canvas.theme.faint)
