"""Draws the graph of a data flow: arrays with the elements that take part, and arrows with lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kbk.draw.canvas import Box, Canvas, Point
from kbk.draw.graph import OUT, Edge, Graph, Key, Node
from kbk.draw.seen import many
from kbk.draw.sheet import WIDTH, shortened, text_width
from kbk.draw.theme import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LINES = 10  # of the source, below the drawing
_MAP = (1.3, 0.85)  # inches, of a map at most
_MOST = (32, 24)  # columns and rows of a map; of larger arrays a cell stands for several elements
_CELL = 0.15
_TEXT = 0.155
_BETWEEN = 0.22  # nodes, one above the other
_CODE = 0.17


@dataclass(frozen=True)
class _Placed:
    """A node and where it stands: its top left corner, and the size of its map."""

    node: Node
    x: float
    y: float
    wide: float
    high: float

    @property
    def left(self) -> Point:
        return self.x - 0.04, self.y + 2 * _TEXT + 0.04 + self.high / 2

    @property
    def right(self) -> Point:
        return self.x + self.wide + 0.04, self.left[1]


def depths(graph: Graph) -> dict[Key, int]:
    """How many arrows each node is away from the result, on the longest way without circles."""
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
    for (source, target), _ in graph.edges.items():  # what only registers may have kept
        if source not in found:
            found[source] = found.get(target, 0) + 1
    return found


def draw(theme: Theme, graph: Graph) -> Figure:
    """The figure."""
    depth = depths(graph)
    columns = max(depth.values()) + 1
    by_column: list[list[Node]] = [[] for _ in range(columns)]
    for key, node in graph.nodes.items():
        by_column[columns - 1 - depth[key]].append(node)
    for nodes in by_column:
        nodes.sort(key=lambda node: _order(graph, node))
    tall = max(
        sum(_high(node) for node in nodes) + _BETWEEN * (len(nodes) - 1) for nodes in by_column
    )
    lines = _lines(graph)
    code = _CODE * (min(len(lines), MOST_LINES) + (len(lines) > MOST_LINES)) + 0.2
    canvas = Canvas(theme, 0.06 + tall + code)
    placed: dict[Key, _Placed] = {}
    across = max(max(_size(node)[0], _wide(node)) for node in graph.nodes.values())
    step = (WIDTH - across) / max(columns - 1, 1)
    for at, nodes in enumerate(by_column):
        y = 0.06 + (tall - sum(map(_high, nodes)) - _BETWEEN * (len(nodes) - 1)) / 2
        for node in nodes:
            wide, high = _size(node)
            placed[node.key] = _Placed(node, at * step, y, wide, high)
            y += _high(node) + _BETWEEN
    for each in placed.values():
        _node(canvas, each)
    _edges(canvas, graph, placed)
    _code(canvas, 0.06 + tall + 0.16, lines)
    return canvas.figure


# --- nodes


def _order(graph: Graph, node: Node) -> tuple[int, str]:
    """Arrays in the order of the call, then the rest."""
    return (0 if node.key[0] == "global" else 1, str(node.key[1:]))


def _size(node: Node) -> tuple[float, float]:
    """Inches, of a map."""
    rows, columns = (min(a, b) for a, b in zip(node.shape, reversed(_MOST), strict=True))
    cell = min(_MAP[0] / columns, _MAP[1] / rows, _CELL)
    return max(columns * cell, 0.1), max(rows * cell, 0.1)


def _wide(node: Node) -> float:
    return max(map(text_width, [node.name, _count(node), *_told(node)]))


def _high(node: Node) -> float:
    return 2 * _TEXT + 0.06 + _size(node)[1] + _TEXT * len(_told(node))


def _count(node: Node) -> str:
    if node.lanes:
        return many(len(node.elements), "lane")
    size = node.shape[0] * node.shape[1]
    return f"{len(node.elements):,} of {size:,}" if size > 1 else "1 value"


def _told(node: Node) -> list[str]:
    """The first element and its value; of several, the last one too."""
    if node.lanes:
        return []
    flats = sorted(node.elements)
    chosen = flats if len(flats) <= 2 else [flats[0], flats[-1]]
    found = []
    for flat in chosen:
        name, value = node.elements[flat]
        found.append(shortened(f"{name} = {_short(value)}" if value else name, 1.6))
    if len(flats) > 2:
        found.insert(1, "…")
    return found


def _short(value: str) -> str:
    try:
        return value if len(value) <= 6 else f"{float(value):.4g}"
    except ValueError:
        return value


def _node(canvas: Canvas, placed: _Placed) -> None:
    theme, node = canvas.theme, placed.node
    canvas.text(placed.x, placed.y + 0.07, node.name, bold=True)
    canvas.text(placed.x, placed.y + 0.07 + _TEXT, _count(node), color=theme.faint)
    top = placed.y + 2 * _TEXT + 0.04
    marked = _marked(node)
    rows, columns = marked.shape
    wide, high = placed.wide / columns, placed.high / rows
    cells: list[Box] = []
    for r in range(rows):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], marked[r].astype(np.int8), [0]])))
        for low, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            cells.append((placed.x + low * wide, top + r * high, (end - low) * wide, high))
    fill = theme.fill(1 if node.key == OUT else 0)
    canvas.boxes(cells, fill, edge=theme.ink, line=0.4)
    if min(wide, high) > 0.03:
        grid = [
            [(placed.x + c * wide, top), (placed.x + c * wide, top + placed.high)]
            for c in range(1, columns)
        ]
        grid += [
            [(placed.x, top + r * high), (placed.x + placed.wide, top + r * high)]
            for r in range(1, rows)
        ]
        canvas.rules(grid, color=theme.line, width=0.3)
    canvas.boxes([(placed.x, top, placed.wide, placed.high)], line=0.8)
    y = top + placed.high + 0.1
    for text in _told(node):
        canvas.text(placed.x, y, text)
        y += _TEXT


def _marked(node: Node) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """The cells of the map in which an element takes part."""
    rows, columns = node.shape
    shown = min(rows, _MOST[1]), min(columns, _MOST[0])
    marked = np.zeros(shown, bool)
    flats = np.array(sorted(node.elements), np.int64)
    r, c = flats // columns, flats % columns
    marked[r * shown[0] // rows, c * shown[1] // columns] = True
    return marked


# --- arrows


def _edges(canvas: Canvas, graph: Graph, placed: dict[Key, _Placed]) -> None:
    into: dict[Key, list[Key]] = {}
    for source, target in sorted(graph.edges, key=lambda each: placed[each[0]].y):
        if source != target:
            into.setdefault(target, []).append(source)
    labels: list[tuple[Point, str]] = []
    for target, sources in into.items():
        for at, source in enumerate(sources):
            edge = graph.edges[source, target]
            start, end = placed[source].right, placed[target].left
            spread = min(placed[target].high, 0.16 * len(sources))
            shift = (at - (len(sources) - 1) / 2) * spread / max(len(sources), 1)
            end = (end[0] - 0.02, end[1] + shift)
            style = "--" if edge.kept else "-"
            canvas.arrow(start, end, style=style, width=1.0)
            labels.append((_between(start, end, at, len(sources)), _label(edge)))
    for key, each in placed.items():
        own = graph.edges.get((key, key))
        if own is not None:
            x, y = each.right[0], each.y + 2 * _TEXT + 0.1
            canvas.arrow((x, y + 0.16), (x, y), bend=1.6, width=1.0)
            labels.append(((x + 0.12 + text_width(_label(own)) / 2, y + 0.0), _label(own)))
        if key in graph.shuffles:
            lines = sorted({line[1] for line in graph.shuffles[key]})
            text = f"shuffles, line{'s' * (len(lines) > 1)} {_listed(lines)}"
            canvas.text(each.x, each.y + 2 * _TEXT + 0.14 + each.high, text)
    for (x, y), text in labels:
        half = 0.53 * text_width(text) + 0.03
        canvas.boxes(
            [(x - half, y - 0.075, 2 * half, 0.15)], canvas.theme.paper, edge=None, above=4
        )
        canvas.labels([(x, y, text)])


def _between(start: Point, end: Point, at: int, count: int) -> Point:
    """A place on an arrow, not that of its neighbours."""
    part = 0.5 if count == 1 else 0.38 + 0.2 * (at % 2)
    return start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])


def _label(edge: Edge) -> str:
    lines = sorted({line[1] for line in (edge.loads or edge.stores)})
    text = f"line{'s' * (len(lines) > 1)} {_listed(lines)}"
    return f"{text} ({edge.count:,} ×)" if edge.count > 1 else text


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:3])) + ", …" * (len(numbers) > 3)


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
