"""What the page of the map shows: its numbers, and tables with links to both commits."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kbk import bench

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "book/_data/sglang_map.json"
GITHUB = "https://github.com"
SGLANG = f"{GITHUB}/sgl-project/sglang"
FATES = ("AOT", "AOT and JIT", "JIT", "Triton", "removed")
"""Of an op, in the order of the figure; the page says what each means."""

FOLDERS = ("sgl-kernel/csrc/", "python/sglang/kernels/", "python/sglang/")
"""What the tables leave away in front of a path."""

Told = Mapping[str, Any]


def load(path: Path = DATA) -> dict[str, Any]:
    """The map, as `python -m tools.sglang_map` wrote it."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def count(told: Told) -> dict[str, str]:
    """The numbers of the page's prose, by name."""
    fates = Counter(op["fate"] for op in told["ops"])
    elsewhere = [op for op in told["ops"] if op["kernel"] and "SGLang" not in op["kernel"]]
    numbers: dict[str, str] = {
        "ops": str(len(told["ops"])),
        "added_ops": str(len(told["added_ops"])),
        "other_kernels": str(len(elsewhere)),
        "imported_ops": str(sum("imported" in op for op in told["ops"])),
    }
    numbers |= {f"ops_{fate.lower().replace(' ', '_')}": str(fates[fate]) for fate in FATES}
    for side in ("then", "now"):
        at = told["old" if side == "then" else "new"]
        files = told[side]
        numbers[f"{side}_date"] = at["date"]
        numbers[f"{side}_commit"] = at["commit"][:10]
        numbers[f"{side}_files"] = f"{len(files):,}"
        numbers[f"{side}_lines"] = f"{lines(files):,}"
        numbers[f"{side}_jit_lines"] = f"{lines(f for f in files if f['kind'] == 'jit'):,}"
    return numbers


def glue(told: Told) -> None:
    """Give the page's prose its numbers."""
    for name, value in count(told).items():
        bench.glue(name, value)


def lines(files: Iterable[Told]) -> int:
    """Lines of all files."""
    return sum(file["lines"] for file in files)


def left_out_rows(told: Told) -> list[list[str]]:
    """Other platforms: files and lines then and now."""
    sides = told["left_out"]
    return [
        [
            platform,
            *(f"{sides[s][platform][n]:,}" for s in ("then", "now") for n in ("files", "lines")),
        ]
        for platform in sorted(sides["now"])
    ]


def show_left_out(told: Told) -> None:
    """The sources that are not on the map."""
    head = ["platform", "files then", "lines then", "files now", "lines now"]
    bench.show_table(head, left_out_rows(told))


def show_chapters(told: Told, book: Path = ROOT / "book") -> None:
    """The ops of the book's chapters."""
    _display(chapters_html(told, book))


def show_directories(told: Told) -> None:
    """Every file of both commits, a fold for each directory."""
    _display(directories_html(told))


def chapters_html(told: Told, book: Path) -> str:
    """A table with a row for each op that a chapter takes, in the order of the book."""
    by_path = {file["path"]: file for file in told["then"]}
    head = ["chapter", "op", "file then", "lines", "whose kernel", "now"]
    rows = []
    for number, title in told["chapters"].items():
        pages = sorted(book.glob(f"{number}_*.md"))
        name = f"{number} {title}"
        chapter = _link(f"{pages[0].stem}.html", name) if pages else f"{_text(name)} (coming)"
        for op in (each for each in told["ops"] if each.get("chapter") == number):
            file = by_path.get(op.get("file", ""))
            rows.append(
                [
                    chapter,
                    _op_name(op),
                    _place(op, told["old"]),
                    f"{file['lines']:,}" if file else "",
                    _text(", ".join(op["kernel"])),
                    "<br>".join(_where(op, told)),
                ]
            )
    return _table(head, rows)


def directories_html(told: Told) -> str:
    """Every file: a fold for each directory, with the files of then and those of now."""
    names = sorted({file["directory"] for side in ("then", "now") for file in told[side]})
    return "\n".join(_directory(told, name) for name in names)


def _directory(told: Told, name: str) -> str:
    then, now = ([f for f in told[side] if f["directory"] == name] for side in ("then", "now"))
    counted = [_size(files) for files in (then, now)]
    title = "no directory of its own" if name == "." else name
    summary = f"<b>{_text(title)}</b>: then {counted[0]}; now {counted[1]}"
    parts = []
    if then:
        head = ["file then", "lines", "kernels", "ops", "whose text", "went to"]
        rows = [[*_file(f, told["old"]), "<br>".join(_went(f, told))] for f in then]
        parts.append(_table(head, rows))
    if now:
        head = ["file now", "lines", "kernels", "ops or functions", "whose text"]
        parts.append(_table(head, [_file(f, told["new"]) for f in now]))
    return (
        f"<details style='margin:0.3rem 0'><summary>{summary}</summary>{''.join(parts)}</details>"
    )


def _size(files: Sequence[Told]) -> str:
    if not files:
        return "nothing"
    return f"{len(files)} file{'s' if len(files) > 1 else ''}, {lines(files):,} lines"


def _file(file: Told, at: Told) -> list[str]:
    whose = ", ".join(file["text"])
    if file["parts"]:
        whose += f"; in parts {', '.join(file['parts'])}"
    if file["libraries"]:
        whose += f"; takes in {', '.join(file['libraries'])}"
    ops = ", ".join(map(_code, file["ops"]))
    return [
        _source(file["path"], at),
        f"{file['lines']:,}",
        str(file["kernels"]),
        ops,
        _text(whose),
    ]


def _went(file: Told, told: Told) -> list[str]:
    fate = file["fate"]
    left = [_left(fate["left"])] if "left" in fate else []
    return [_text(fate["kind"]), *(_source(path, told["new"]) for path in fate["paths"]), *left]


def _where(op: Told, told: Told) -> list[str]:
    """The op's fate, where it is at the later commit, and since when it is not where it was."""
    found = [f"<b>{_text(op['fate'])}</b>"]
    if "aot" in op["now"]:
        found.append(_place(op["now"]["aot"], told["new"]))
    found += [_source(path, told["new"]) for path in op["now"]["jit"]]
    found += [f"in Triton {_source(path, told['new'])}" for path in op["now"]["triton"]]
    if "left" in op:
        found.append(_left(op["left"]))
    if "imported" in op:
        found.append(f"imported from {_text(op['imported'])}")
    return found


def _op_name(op: Told) -> str:
    others = [name for name in op["python"] if name != op["name"]]
    return _code(op["name"]) + "".join(f"<br>in Python {_code(other)}" for other in others)


def _code(name: str) -> str:
    return f"<code>{_text(name).replace('_', '_<wbr>')}</code>"


def _place(op: Told, at: Told) -> str:
    if "file" in op:
        return _source(op["file"], at)
    outside = op["outside"]
    pin = at["outside"][outside["project"]]
    address = f"{GITHUB}/{pin['repository']}/blob/{pin['commit']}/{outside['file']}"
    return _link(address, f"{outside['project']}: {outside['file']}")


def _source(path: str, at: Told) -> str:
    shown = next((path.removeprefix(f) for f in FOLDERS if path.startswith(f)), path)
    return _link(f"{SGLANG}/blob/{at['commit']}/{path}", shown)


def _left(commit: Told) -> str:
    at = _link(f"{SGLANG}/commit/{commit['commit']}", commit["commit"][:10])
    pull = commit["pull"]
    named = f", {_link(f'{SGLANG}/pull/{pull}', f'#{pull}')}" if pull else ""
    return f"left {_text(commit['date'])} with {at}{named}"


def _link(address: str, text: str) -> str:
    # Long paths may break behind a slash or an underscore, so that a table stays narrow.
    shown = _text(text).replace("/", "/<wbr>").replace("_", "_<wbr>")
    return f'<a href="{html.escape(address, quote=True)}">{shown}</a>'


def _text(text: str) -> str:
    return html.escape(text)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML."""
    top = "".join(f'<th scope="col">{_text(each)}</th>' for each in head)
    body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>\n" for row in rows)
    return (
        '<div style="overflow-x:auto;font-size:0.85em">'
        f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _display(text: str) -> None:
    from IPython.display import HTML, display

    display(HTML(text))  # type: ignore[no-untyped-call]
