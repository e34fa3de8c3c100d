"""The corpus: small CUDA programs, half of them right, half with one planted bug.

A program is a source as ``kbk.load_inline`` takes it, with the host function ``run``, below a
header of ``// key: value`` lines; ``corpus/README.md`` describes the keys. Nothing here needs
torch; ``arguments.py`` makes the tensors.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "corpus"
KINDS = ("out-of-bounds", "misaligned", "uninitialized", "race", "barrier", "hang", "launch")
SHAPES = ("simple", "loop", "function", "template", "pointer", "order")
TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")
VERDICTS = ("clean", "error", "warning", "any")
DTYPES = {
    "float32": 4,
    "float64": 8,
    "float16": 2,
    "bfloat16": 2,
    "int8": 1,
    "uint8": 1,
    "int32": 4,
    "int64": 8,
}

_HEADER = re.compile(r"//\s*(calls|result|expect|allow|also|shape|from|gpu):\s*(.*)")
_MARK = re.compile(r"//.*?@(\w+)")
_CALL = re.compile(r"run\((.*)\)")
_TENSOR = re.compile(r"(\w+): (\w+)\[([\d, ]+)\]([^=]*?) = (.+)")
_SCALAR = re.compile(r"(\w+) = (\S+)")
_RUN = re.compile(r"^(void|Tensor) run\(([^)]*)\)", re.MULTILINE)
_INCLUDE = re.compile(r"^#include .*$", re.MULTILINE)


class CorpusError(ValueError):
    """A header that cannot be read."""


@dataclass(frozen=True)
class Argument:
    """One argument of ``run``.

    Attributes:
        name: the parameter's name.
        dtype: torch's name of it; "" for a scalar.
        shape: of the whole storage.
        view: what is done to the storage to make the tensor: "[:, 2:10]", ".t()" or "".
        fill: what the storage holds: zeros, ones, random, arange, nan, poison, empty, values(...).
            ``empty`` is allocated by ``torch.empty``.
        value: of a scalar.
    """

    name: str
    dtype: str = ""
    shape: tuple[int, ...] = ()
    view: str = ""
    fill: str = ""
    value: int | float | bool | None = None


@dataclass(frozen=True)
class Expected:
    """The one finding that a wrong program must give; what is None is not asked.

    Attributes:
        lines, other_lines: the lines of which any will do.
        index: the element's index in ``variable``.
    """

    kind: str
    severity: str
    lines: tuple[int, ...] = ()
    other_lines: tuple[int, ...] | None = None
    variable: str | None = None
    index: tuple[int, ...] | None = None
    thread: tuple[int, ...] | None = None
    block: tuple[int, ...] | None = None

    def differs(self, finding: Any) -> str | None:
        """What about a ``kbk.sanitize`` finding is not as expected, or None.

        The two sides of a race may come in either order: which access was first is the schedule's.
        """
        if finding.kind != self.kind:
            return f"kind is {finding.kind}, not {self.kind}"
        if finding.severity != self.severity:
            return f"severity is {finding.severity}, not {self.severity}"
        sides = [(finding.line, finding.other_line)]
        if self.kind in ("race", "barrier"):
            sides.append((finding.other_line, finding.line))
        if not any(
            (not self.lines or line in self.lines)
            and (self.other_lines is None or other in self.other_lines)
            for line, other in sides
        ):
            return f"lines are {sides[0]}, not {self.lines} and {self.other_lines}"
        for name in ("variable", "index", "thread", "block"):
            wanted, given = getattr(self, name), getattr(finding, name)
            given = tuple(given) if isinstance(given, list) else given
            if wanted is not None and given != wanted:
                return f"{name} is {given}, not {wanted}"
        return None


@dataclass(frozen=True)
class Program:
    """One file of the corpus.

    Attributes:
        path: the file.
        source: its text, header included: line 1 of the file is line 1 of the source.
        inputs: of ``run``, in order.
        result: a Python expression over the arguments that must hold after the call, or "any".
        expected: the planted bug's finding; None for a right program.
        allow: the worst severity that a finding other than the expected one may have.
        also: kinds of further findings that the same bug may cause.
        shape: one of ``SHAPES``.
        origin: where the bug comes from.
        gpu: what each of compute-sanitizer's tools should say, one of ``VERDICTS``.
        skip: why the GPU's verdict is not compared, or "".
    """

    path: Path
    source: str
    inputs: tuple[Argument, ...]
    result: str
    expected: Expected | None
    allow: str
    also: tuple[str, ...]
    shape: str
    origin: str
    gpu: dict[str, str] = field(default_factory=dict)
    skip: str = ""
    function: str = "run"

    @property
    def right(self) -> bool:
        return self.expected is None

    @property
    def slug(self) -> str:
        return self.path.stem

    @property
    def kind(self) -> str:
        """The folder: a group of right programs, or the kind of the bug."""
        return self.path.parent.name

    @property
    def name(self) -> str:
        """A C identifier, unlike that of any other program."""
        return f"{'right' if self.right else 'wrong'}_{self.kind}_{self.slug}".replace("-", "_")

    @cached_property
    def id(self) -> str:
        """The path below the corpus, without the ending."""
        return self.path.relative_to(FOLDER).with_suffix("").as_posix()

    @property
    def parameters(self) -> list[str]:
        """The names of the parameters of ``run``."""
        return _parameters(self.source)[1]

    def arguments(self, device: str = "cpu", seed: int = 0) -> Any:
        """The tensors and numbers of one call: see ``arguments.Arguments``."""
        from arguments import Arguments

        return Arguments(self.inputs, device, seed)


def programs(kind: str = "*") -> list[Program]:
    """All programs, or those of ``right/*`` or ``wrong/*``, sorted by path."""
    return [read(path) for path in sorted(FOLDER.glob("*/*/*.cu")) if path.match(f"{kind}/*/*.cu")]


def right_programs() -> list[Program]:
    return programs("right")


def wrong_programs() -> list[Program]:
    return programs("wrong")


def read(path: Path) -> Program:
    """Reads one file. Raises CorpusError, with the file's name, if its header is not one."""
    try:
        return _read(path, path.read_text())
    except (CorpusError, ValueError, SyntaxError, KeyError) as error:
        raise CorpusError(f"{path}: {error}") from error


def _read(path: Path, source: str) -> Program:
    header: dict[str, str] = {}
    for line in source.split("\n"):
        if not line.startswith("//"):
            break
        match = _HEADER.match(line)
        if match:
            if match.group(1) in header:
                raise CorpusError(f"two lines of {match.group(1)}")
            header[match.group(1)] = match.group(2).strip()
    for key in ("calls", "expect", "shape"):
        if key not in header:
            raise CorpusError(f"no line of {key}")
    expected = _expected(header["expect"], marks(source))
    result = header.get("result", "any" if expected else "")
    if not result:
        raise CorpusError("a right program needs a line of result")
    if header["shape"] not in SHAPES:
        raise CorpusError(f"no such shape: {header['shape']}")
    _parameters(source)
    verdicts = header.get("gpu", "clean")
    skip = verdicts.removeprefix("skip:").strip() if verdicts.startswith("skip:") else ""
    also = tuple(header.get("also", "").split())
    if not set(also) <= set(KINDS):
        raise CorpusError(f"also: {also}")
    return Program(
        path=path,
        source=source,
        inputs=parse_call(header["calls"]),
        result=result,
        expected=expected,
        allow=header.get("allow", _allowed(expected)),
        also=also,
        shape=header["shape"],
        origin=header.get("from", ""),
        gpu=_verdicts("" if skip else verdicts),
        skip=skip,
    )


def marks(source: str) -> dict[str, tuple[int, ...]]:
    """The lines that carry ``// @name``, by name."""
    found: dict[str, list[int]] = {}
    for number, line in enumerate(source.split("\n"), 1):
        match = _MARK.search(line)
        if match and not _HEADER.match(line):
            found.setdefault(match.group(1), []).append(number)
    return {name: tuple(lines) for name, lines in found.items()}


def _expected(text: str, found: dict[str, tuple[int, ...]]) -> Expected | None:
    if text == "none":
        return None
    given = dict(word.split("=", 1) for word in text.split())

    def lines(key: str) -> tuple[int, ...] | None:
        names = given.pop(key, None)
        if names is None:
            return None
        return tuple(n for name in names.split(",") for n in found[name.removeprefix("@")])

    def numbers(key: str) -> tuple[int, ...] | None:
        value = given.pop(key, None)
        return None if value is None else tuple(ast.literal_eval(value))

    expected = Expected(
        kind=given.pop("kind"),
        severity=given.pop("severity"),
        lines=lines("line") or (),
        other_lines=lines("other"),
        variable=given.pop("var", None),
        index=numbers("index"),
        thread=numbers("thread"),
        block=numbers("block"),
    )
    placed = expected.lines or expected.severity == "info"  # what nobody did has no line
    if given or expected.kind not in KINDS or not placed:
        raise CorpusError(f"expect: {text}")
    if expected.severity not in ("error", "warning", "info"):
        raise CorpusError(f"expect: severity {expected.severity}")
    return expected


def _allowed(expected: Expected | None) -> str:
    """A race between warps is often one inside a warp too, and that is a warning."""
    race = expected is not None and expected.kind == "race" and expected.severity == "error"
    return "warning" if race else "info"


def _verdicts(text: str) -> dict[str, str]:
    """``clean``, or ``memcheck=error racecheck=any``: tools without a word are clean."""
    words = {} if text in ("", "clean") else dict(word.split("=", 1) for word in text.split())
    if not set(words) <= set(TOOLS) or not set(words.values()) <= set(VERDICTS):
        raise CorpusError(f"gpu: {text}")
    return {tool: words.get(tool, "clean") for tool in TOOLS}


def parse_call(text: str) -> tuple[Argument, ...]:
    """``run(out: float32[4, 8][:, :2] = nan, n = 3)`` as arguments."""
    match = _CALL.fullmatch(text)
    if not match:
        raise CorpusError(f"calls: {text}")
    return tuple(_argument(part.strip()) for part in _split(match.group(1)))


def _split(text: str) -> list[str]:
    """At the commas outside of all brackets."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "([") - (c in ")]")
        if c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [*parts, text[start:]]


def _argument(text: str) -> Argument:
    scalar = _SCALAR.fullmatch(text)
    if scalar:
        return Argument(scalar.group(1), value=ast.literal_eval(scalar.group(2).capitalize()))
    tensor = _TENSOR.fullmatch(text)
    if not tensor or tensor.group(2) not in DTYPES:
        raise CorpusError(f"calls: cannot read {text!r}")
    name, dtype, shape, view, fill = tensor.groups()
    return Argument(name, dtype, tuple(int(n) for n in shape.split(",")), view.strip(), fill)


def compose(some: Sequence[Program]) -> tuple[str, dict[str, int]]:
    """One source of several programs: each in a namespace of its own, with a host function each.

    Returns:
        The text, and how many lines of it stand before each program's first line, by its ``name``,
        which is also the name of its host function.
    """
    texts = {each.name: each.source for each in some}
    includes = sorted({line for text in texts.values() for line in _INCLUDE.findall(text)})
    text = "".join(line + "\n" for line in includes)
    before = {}
    for name, source in texts.items():
        text += f"namespace in_{name} {{\n"
        before[name] = text.count("\n")
        text += _INCLUDE.sub("", source) + f"}}  // namespace in_{name}\n"
    for name, source in texts.items():
        text += _wrapper(name, source)
    return text, before


def _parameters(source: str) -> tuple[str, list[str]]:
    """The parameters of ``run`` as they stand there, and their names."""
    match = _RUN.search(source)
    if match is None:
        raise CorpusError("no host function run")
    return match.group(2), re.findall(r"(\w+)\s*(?:,|$)", match.group(2))


def _wrapper(name: str, source: str) -> str:
    match = _RUN.search(source)
    result = match.group(1) if match else "void"
    parameters, names = _parameters(source)
    return f"{result} {name}({parameters}) {{ return in_{name}::run({', '.join(names)}); }}\n"


def batches(some: Iterable[Program], size: int) -> list[list[Program]]:
    """Groups of at most ``size`` programs, in order."""
    all_of_them = list(some)
    return [all_of_them[i : i + size] for i in range(0, len(all_of_them), size)]
