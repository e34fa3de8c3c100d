"""From CUDA C++ to C++ for the host compiler.

The few constructs that headers cannot supply are rewritten, line by line in place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kbk.sim.translate.index import rewrite_index_variables
from kbk.sim.translate.kernels import rewrite_kernels
from kbk.sim.translate.launches import rewrite_address_launches, rewrite_launches
from kbk.sim.translate.ptx import rewrite_assembly
from kbk.sim.translate.shared import rewrite_shared
from kbk.sim.translate.tokens import Edits, Source
from kbk.sim.translate.unsupported import refuse_unsupported

_SPIN = re.compile(
    r"atomic\w*|__threadfence\w*|volatile|this_grid|grid_group|cudaLaunch\w*|asm|__asm__|__nanosleep"
    r"|__ldc[agv]|__stcg|__stwt"
)


@dataclass(frozen=True)
class Translation:
    """A translated source.

    Attributes:
        text: C++ with as many lines as the source, each at its place.
        may_spin: the source has atomics, fences or volatile, so its threads may wait for each
            other.
        kernels: names of the ``__global__`` functions.
        headers: translated copies of user headers, by the name they are included by.
    """

    text: str
    may_spin: bool
    kernels: tuple[str, ...]
    headers: dict[str, str] = field(default_factory=dict)


def translate(
    source: str, filename: str, include_paths: Iterable[str | Path] = (), may_spin: bool = False
) -> Translation:
    """Translates CUDA C++ for the simulator.

    Args:
        source: the text.
        filename: name for messages.
        include_paths: folders whose headers are user code and are translated too.
        may_spin: known of another file of the same unit.

    Raises:
        UnsupportedError: a construct the simulator does not know, with file and line.
    """
    headers: dict[str, str] = {}
    units: dict[str, Source] = {}
    main = Source(source, filename)
    pending = [main]
    folders = [Path(p) for p in include_paths]
    while pending:
        for name, path in _user_includes(pending.pop(), folders):
            if name not in units:
                units[name] = Source(path.read_text(), name)
                pending.append(units[name])
    may_spin = may_spin or any(_spins(unit) for unit in (main, *units.values()))
    for name, unit in units.items():
        headers[name] = _rewrite(unit, may_spin)[0]
    text, kernels = _rewrite(main, may_spin)
    return Translation(text, may_spin, tuple(kernels), headers)


def _spins(unit: Source) -> bool:
    return any(token.kind == "name" and _SPIN.fullmatch(token.text) for token in unit.tokens)


def _rewrite(unit: Source, may_spin: bool) -> tuple[str, list[str]]:
    refuse_unsupported(unit)
    edits = Edits(unit.text)
    rewrite_index_variables(unit, edits)
    unit = Source(
        edits.apply(), unit.file
    )  # the other edits move whole stretches of text, index variables and all
    edits = Edits(unit.text)
    rewrite_shared(unit, edits)
    rewrite_assembly(unit, edits)
    kernels = rewrite_kernels(unit, edits)
    rewrite_address_launches(unit, edits, may_spin)
    rewrite_launches(unit, edits, may_spin)
    for token in unit.tokens:
        if token.text == "__noinline__":
            edits.replace(token.start, token.end, "__attribute__((noinline))")
    return edits.apply(), kernels


def _user_includes(unit: Source, folders: list[Path]) -> list[tuple[str, Path]]:
    found = []
    for match in re.finditer(
        r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', unit.text, re.MULTILINE
    ):
        name = match.group(1)
        for folder in folders:
            if (folder / name).is_file():
                found.append((name, folder / name))
                break
    return found
