"""What a cell of a page showed of a run, as facts: enough to show it again, no line of a source.

Where the run shows a line of SGLang's text, the facts have its file and number, and the page a
link to it.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from kbk.bench.page import glue as glue_on_page
from kbk.draw.picture import Picture
from kbk.draw.requests import Request
from kbk.draw.sectors import picture_of
from kbk.draw.show import in_notebook, table_html, table_text
from kbk.errors import ArgumentError
from kbk.profiler import show as profiles
from kbk.profiler.launch import ProfiledLaunch
from kbk.sanitizer import show as reports
from kbk.sanitizer.explanation import Explanation, Read, Reads, Write
from kbk.sanitizer.findings import Finding
from kbk.sanitizer.tensors import Argument

if TYPE_CHECKING:
    from kbk.upstream.places import Places


@dataclass(frozen=True)
class Text:
    """What was printed."""

    text: str

    def show(self, places: Places) -> None:
        """Print it; in a notebook with links."""
        linked = places.linked(self.text)
        if in_notebook() and "<a " in linked:
            show_html(f"<pre style='white-space:pre-wrap'>{linked}</pre>")
        else:
            print(self.text)


@dataclass(frozen=True)
class Table:
    """The counters of a launch, by line.

    Attributes:
        title: what was launched.
        head, rows: the first cell of a row is "file:line", or says what the row sums up.
    """

    title: str
    head: list[str]
    rows: list[list[str]]

    def show(self, places: Places) -> None:
        """Show it; the lines are links."""
        if not in_notebook():
            print(f"{self.title}\n{table_text(self.head, self.rows)}")
            return
        table = places.linked(table_html(self.head, self.rows), short=True, escape=False)
        show_html(f"<p>{html.escape(self.title)}</p>{table}")


@dataclass(frozen=True)
class Findings:
    """Findings of `kbk.sanitize`: kind, severity, kernel and message of each."""

    findings: list[dict[str, str]]

    def show(self, places: Places) -> None:
        """Show them as a run does."""
        found = [
            Finding(each["kind"], "", each["severity"], each["message"], each["kernel"])
            for each in self.findings
        ]
        if in_notebook():
            show_html(places.linked(reports.as_html(found), escape=False))
        else:
            print(reports.as_text(found))


@dataclass(frozen=True)
class Told:
    """What `kbk.explain` told: its first sentence, and the lines below it."""

    headline: str
    rows: list[str]

    def show(self, places: Places) -> None:
        """Show it as a run does."""
        rows = "\n".join(self.rows)
        if in_notebook():
            show_html(
                f"<p><strong>{html.escape(self.headline)}</strong></p>"
                f"<pre style='white-space:pre-wrap'>{places.linked(rows)}</pre>"
            )
        else:
            print(f"{self.headline}\n{rows}")


@dataclass(frozen=True)
class Drawn:
    """The request that a picture of `kbk.draw.coalescing` shows.

    Attributes:
        request: number, of, kind, block, warp, lanes, addresses, bytes, cost, ideal, file and line:
            see `kbk.draw.requests.Request`; addresses are counted from the tensor's memory.
        tensor: name, nbytes, data, shape, strides, itemsize, dtype: see
            `kbk.sanitizer.tensors.Argument`.
    """

    request: dict[str, Any]
    tensor: dict[str, Any]

    def picture(self) -> Picture:
        """The same picture."""
        facts = {**self.request, "place": (self.request["file"], self.request["line"])}
        tensor = {name: _tuple(value) for name, value in self.tensor.items()}
        launch: Any = SimpleNamespace(ended=False, requests_left_out=0, allocations=())
        return picture_of(
            Request(
                launch=launch,
                shared=False,
                text="",
                argument=Argument(storage=0, **tensor),
                **{name: _tuple(value) for name, value in facts.items() if name not in _PLACE},
            )
        )

    def show(self, places: Places) -> None:
        """Show it."""
        self.picture().show()


@dataclass(frozen=True)
class Glued:
    """A value for the page's prose."""

    name: str
    value: str

    def show(self, places: Places) -> None:
        """Let the prose have it."""
        glue_on_page(self.name, self.value)


Item = Text | Table | Findings | Told | Drawn | Glued

KINDS: dict[str, type[Item]] = {
    each.__name__.lower(): each for each in (Text, Table, Findings, Told, Drawn, Glued)
}

_PLACE = ("file", "line")
_REQUEST = ("number", "of", "kind", "block", "warp", "lanes", "bytes", "cost", "ideal")
_TENSOR = ("name", "nbytes", "shape", "strides", "itemsize", "dtype")

glued: list[Glued] | None = None
"""Where `glue` puts values while a session is recorded."""


def glue(name: str, value: object) -> None:
    """`kbk.bench.glue`, also for a page that is being recorded."""
    if glued is not None:
        glued.append(Glued(name, str(value)))
    else:
        glue_on_page(name, value)


def to_json(item: Item) -> dict[str, Any]:
    """An item as in a record."""
    return {"is": type(item).__name__.lower(), **asdict(item)}


def from_json(data: Any, name: str) -> Item:
    """An item of a record.

    Raises:
        ArgumentError: it is none.
    """
    kind = KINDS.get(data.get("is", "")) if isinstance(data, dict) else None
    if kind is None or set(data) != {"is", *(each.name for each in fields(kind))}:
        raise ArgumentError(f"{name}: an item must be of {', '.join(KINDS)}; it was {data!r:.80}.")
    values = {key: value for key, value in data.items() if key != "is"}
    for each in fields(kind):
        wanted = {"str": str, "list": list, "dict": dict}[str(each.type).partition("[")[0]]
        if not isinstance(values[each.name], wanted):
            raise ArgumentError(
                f"{name}: {kind.__name__}.{each.name} must be {each.type}; "
                f"it was {values[each.name]!r:.60}."
            )
    return kind(**values)


def facts(value: Any, short: Callable[[str], str]) -> Item:
    """What a cell showed, without lines of the sources.

    Args:
        value: of the cell's last line.
        short: names files as they are called in a checkout.

    Raises:
        ArgumentError: there is no such form for it.
    """
    if isinstance(value, str):
        return Text(short(value).rstrip("\n"))
    if isinstance(value, ProfiledLaunch):
        return _table(value, short)
    if isinstance(value, Finding):
        return _findings([value], short)
    if isinstance(value, reports.Findings):
        return _findings(value, short)
    if isinstance(value, Explanation):
        bare = replace(value, writes=tuple(_bare(each) for each in value.writes))
        headline, *rows = short(str(bare)).splitlines()
        return Told(headline, rows)
    if isinstance(value, Picture) and isinstance(value.of, Request):
        return _drawn(value.of, short)
    raise ArgumentError(
        "a cell of a recorded page must end in text, a launch of kbk.profile(), findings, an "
        f"explanation or kbk.draw.coalescing(); it ended in a {type(value).__name__}."
    )


def _table(launch: ProfiledLaunch, short: Callable[[str], str]) -> Table:
    head, rows = profiles.launch_table(launch)
    files = {each.line: short(each.file) for each in launch.by_line()}
    numbers = [row[0].partition(" ")[0] for row in rows[:-1]]
    lines = [f"{files[int(number)]}:{number}" for number in numbers]
    named = [[line, *row[1:]] for line, row in zip(lines, rows, strict=False)]
    return Table(short(profiles.title(launch)), head, [*named, rows[-1]])


def _findings(found: list[Finding], short: Callable[[str], str]) -> Findings:
    return Findings(
        [
            {
                "kind": each.kind,
                "severity": each.severity,
                "kernel": each.kernel,
                "message": short("\n".join(without_source(each.message))),
            }
            for each in found
        ]
    )


def without_source(message: str) -> list[str]:
    """A finding's lines but those of the source, which stand eight spaces to the right."""
    return [line for line in message.splitlines() if not line.startswith(" " * 8)]


def _bare(write: Write) -> Write:
    """A write as `explain` tells it, without lines of the source."""
    return replace(write, source="", inputs=tuple(map(_bare_reads, write.inputs)))


def _bare_reads(reads: Reads) -> Reads:
    return replace(reads, source="", shown=tuple(map(_bare_read, reads.shown)))


def _bare_read(read: Read) -> Read:
    return read if read.origin is None else replace(read, origin=_bare(read.origin))


def _drawn(request: Request, short: Callable[[str], str]) -> Drawn:
    tensor, place = request.argument, request.place
    if tensor is None or place is None:
        raise ArgumentError("a picture of a record must show a request of a tensor, at a line.")
    begin = tensor.storage
    return Drawn(
        {
            **{name: _plain(getattr(request, name)) for name in _REQUEST},
            "addresses": [address - begin for address in request.addresses],
            "file": short(place[0]),
            "line": place[1],
        },
        {
            **{name: _plain(getattr(tensor, name)) for name in _TENSOR},
            "data": tensor.data - begin,
        },
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def show_html(text: str) -> None:
    """Show HTML in a notebook."""
    from IPython.display import HTML, display

    display(HTML(text))  # type: ignore[no-untyped-call]


def small(sentence: str) -> None:
    """Show a sentence in small letters, such as where the rest comes from."""
    if in_notebook():
        show_html(f"<p><small>{html.escape(sentence)}</small></p>")
    else:
        print(sentence)
