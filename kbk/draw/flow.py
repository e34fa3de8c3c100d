"""The data flow from inputs to one element of an output, with the lines that moved the values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kbk.draw import flowchart
from kbk.draw.graph import MOST_FOLLOWED, Graph
from kbk.draw.nodes import OUT, Node
from kbk.draw.picture import Picture
from kbk.draw.seen import checked, chosen, many
from kbk.draw.theme import Theme
from kbk.errors import ArgumentError
from kbk.sanitizer.element import position

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kbk.sanitizer.history import Launch

MOST_ROWS = 2_000
HEAD = ("element", "value", "loaded by", "at", "led to", "stored at", "how")


def data_flow(launch: Launch, argument: Any, index: Any) -> Picture:
    """Picture from which elements one element of an output was computed.

    It follows what was executed: which thread stored the element, what that thread had loaded
    before, who had stored that in shared memory, and so on; and through shuffles and votes to the
    lanes that gave their values. Which of the values that a thread had loaded went into the one
    that it stored is not known: what was loaded just for it counts. A dashed arrow is a maybe: a
    load from before a barrier or an earlier store, whose value a register may have kept, or one for
    a store that others load something for and its thread did not; and what led to such a load. A
    value that was stored in shared memory as it was is taken to have left its register, and
    elements that take part anyway have no dashed arrows.

    Args:
        launch: of ``kbk.profile()``.
        argument: a tensor of the call, or its name.
        index: of the element: a number for each dimension; negative ones count from the end.

    Raises:
        ArgumentError: the call had no such tensor, there is no such element, or nobody wrote it.
    """
    launch = checked("data_flow", launch)
    result = chosen("data_flow", launch, argument)
    graph = Graph(launch, result, position(result, index, "data_flow"))
    if not graph.stores:
        raise ArgumentError(
            f"data_flow: no thread of {launch.kernel} wrote {graph.result_name}. "
            f"kbk.draw.thread_map shows which elements of {result.name} were written."
        )

    def draw(theme: Theme) -> Figure:
        return flowchart.draw(theme, graph)

    return Picture(_caption(graph), _alt(graph), HEAD, _rows(graph), draw)


def _caption(graph: Graph) -> str:
    (_, value) = next(iter(graph.nodes[OUT].elements.values()))
    is_ = f" = {value}" if value else ""
    by = graph.who(graph.stores[0])
    said = [f"{graph.result_name}{is_} was stored by {by}."]
    if len(graph.stores) > 1:
        said = [
            f"{graph.result_name}{is_} was changed by {len(graph.stores):,} atomic operations; "
            f"the last by {by}."
        ]
    ends = [node for node in graph.nodes.values() if _is_input(graph, node)]
    within: dict[str, set[Any]] = {}
    for node in graph.nodes.values():
        if not _is_input(graph, node) and node.key != OUT and not node.lanes:
            within.setdefault(node.name, set()).add(node.key[1])
    through = [name + f" of {len(some)} blocks" * (len(some) > 1) for name, some in within.items()]
    through += ["shuffles"] * any(node.lanes for node in graph.nodes.values())
    if ends:
        way = f", through {_listed(through)}" if through else ""
        said.append(f"It goes back to {_listed([_counted(node) for node in ends])}{way}.")
    else:
        said.append("Its threads had loaded nothing before.")
    if any(edge.kept for edge in graph.edges.values()):
        said.append(
            "Dashed: maybe; it was loaded before a barrier or an earlier store, and a register may "
            "have kept it."
        )
    if graph.fresh:
        said.append(f"{many(graph.fresh, 'load')} of shared memory found no store before.")
    if not graph.whole:
        said.append(f"Only the last {MOST_FOLLOWED:,} stores were followed.")
    return " ".join(said)


def _is_input(graph: Graph, node: Node) -> bool:
    """Whether nothing led to a node."""
    return node.key != OUT and not any(target == node.key for _, target in graph.edges)


def _counted(node: Node) -> str:
    sure = len(node.sure)
    if node.lanes:
        return many(len(node.elements), "lane")
    if len(node.elements) == 1:
        return next(iter(node.elements.values()))[0] + " (dashed)" * (not sure)
    most = f"{len(node.elements):,} elements of {node.name}"
    if sure == len(node.elements):
        return most
    if not sure:
        return f"up to {most} (dashed)"
    return f"{many(sure, 'element')} of {node.name} (up to {len(node.elements):,} with dashed ones)"


def _listed(names: list[str]) -> str:
    head = ", ".join(names[:-1])
    return f"{head} and {names[-1]}" if head else names[-1]


def _alt(graph: Graph) -> str:
    said = [f"Data flow to {graph.result_name}."]
    for (source, target), edge in graph.edges.items():
        lines = sorted({line[1] for line in edge.loads | edge.stores})
        at = f", line{'s' * (len(lines) > 1)} {', '.join(map(str, lines))}" if lines else ""
        maybe = " (maybe)" * edge.kept
        start, end = graph.nodes[source], graph.nodes[target]
        to = graph.result_name if target == OUT else end.name
        said.append(f"{_counted(start)} to {to}{at}{maybe}.")
    return " ".join(dict.fromkeys(said))


def _rows(graph: Graph) -> list[list[object]]:
    rows: list[list[object]] = [
        [
            hop.source,
            hop.value,
            hop.who,
            hop.load,
            hop.target,
            hop.store,
            "maybe" if hop.kept else "",
        ]
        for hop in graph.hops[:MOST_ROWS]
    ]
    if len(graph.hops) > MOST_ROWS:
        left = len(graph.hops) - MOST_ROWS
        rows.append([f"and {left:,} more loads", "", "", "", "", "", ""])
    return rows
