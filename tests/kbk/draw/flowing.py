"""What a picture of a data flow says, and its graph, for the tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from kbk.draw.graph import Graph
from kbk.draw.nodes import OUT
from kbk.draw.picture import Picture
from kbk.sanitizer.element import position, target
from kbk.sanitizer.history import Launch


def sources(picture: Picture, *, maybe: bool = False) -> dict[str, set[str]]:
    """By array, the elements that the table names."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in picture.rows:
        if (row[6] == "maybe") == maybe:
            found[str(row[0]).partition("[")[0]].add(str(row[0]))
    return dict(found)


def row_of(name: str, numbers: Iterable[int], *front: int) -> set[str]:
    return {f"{name}[{', '.join(map(str, (*front, each)))}]" for each in numbers}


def graph(launch: Launch, name: str, *index: int) -> Graph:
    argument = target(launch, name)[1]
    return Graph(launch, argument, position(argument, index))


def ways(told: Graph) -> dict[tuple[str, str], set[int]]:
    """The lines of each arrow, by the names of its ends."""

    def name(key: object) -> str:
        return "result" if key == OUT else told.nodes[key].name  # type: ignore[index]

    return {
        (name(source), name(end)): {line[1] for line in edge.loads | edge.stores}
        for (source, end), edge in told.edges.items()
    }
