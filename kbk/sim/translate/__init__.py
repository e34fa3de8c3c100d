"""From CUDA C++ to C++ for the host compiler.

The few constructs that headers cannot supply are rewritten, line by line in place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kbk.sim.translate.aliases import find_aliases, replace_aliases
from kbk.sim.translate.checks import check_kernels
from kbk.sim.translate.counted import mark_constants, mark_divisions
from kbk.sim.translate.dependent import mark_member_templates
from kbk.sim.translate.devices import rewrite_devices
from kbk.sim.translate.includes import flat_name, redirect_includes, with_origin
from kbk.sim.translate.index import rewrite_index_variables
from kbk.sim.translate.kernels import PROBE as PROBE
from kbk.sim.translate.kernels import rewrite_kernels
from kbk.sim.translate.launches import rewrite_address_launches, rewrite_launches
from kbk.sim.translate.ptx import rewrite_assembly
from kbk.sim.translate.shared import rewrite_file_scope, rewrite_shared
from kbk.sim.translate.tokens import Edits, Source
from kbk.sim.translate.unsupported import refuse_unsupported
from kbk.sim.translate.unsupported_torch import refuse_of_torch

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
        headers: translated copies of user headers, by the name that the text includes them by.
            Each begins with a #line that names the original.
    """

    text: str
    may_spin: bool
    kernels: tuple[str, ...]
    headers: dict[str, str] = field(default_factory=dict)


def translate(
    source: str,
    filename: str,
    include_paths: Iterable[str | Path] = (),
    may_spin: bool = False,
    *,
    folder: Path | None = None,
    is_extension: bool = False,
) -> Translation:
    """Translates CUDA C++ for the simulator.

    Args:
        source: the text.
        filename: name for messages.
        include_paths: folders whose headers are user code and are translated too.
        may_spin: known of another file of the same unit.
        folder: the source's own, searched first for its #include "in quotes".
        is_extension: it uses torch's own C++ API, whose device is the CPU here.

    Raises:
        UnsupportedError: a construct the simulator does not know, with file and line.
        CompileError: a kernel that is called, or a launch of what is no kernel.
    """
    folders = [Path(p) for p in include_paths]
    text, pending = redirect_includes(source, folder, folders)
    _refuse(Source(source, filename), is_extension)
    main = _prepared(Source(text, filename), is_extension)
    units: dict[Path, Source] = {}
    while pending:
        path = pending.pop()
        if path not in units:
            source = path.read_text(errors="replace")
            _refuse(Source(source, str(path)), is_extension)
            text, more = redirect_includes(source, path.parent, folders)
            units[path] = _prepared(Source(text, str(path)), is_extension)
            pending += more
    everything = [main, *units.values()]
    aliases = find_aliases(everything)
    check_kernels([replace_aliases(unit, aliases) for unit in everything])
    may_spin = may_spin or any(_spins(unit) for unit in everything)
    headers = {}
    for path, unit in units.items():
        text = _rewrite(replace_aliases(unit, aliases), may_spin)[0]
        headers[flat_name(path)] = with_origin(text, path)
    text, kernels = _rewrite(replace_aliases(main, aliases), may_spin)
    return Translation(text, may_spin, tuple(kernels), headers)


def _refuse(unit: Source, is_extension: bool) -> None:
    refuse_unsupported(unit)
    if is_extension:
        refuse_of_torch(unit)


def _prepared(unit: Source, is_extension: bool) -> Source:
    if not is_extension:
        return unit
    edits = Edits(unit.text)
    rewrite_devices(unit, edits)
    return Source(edits.apply(), unit.file)


def _spins(unit: Source) -> bool:
    return any(token.kind == "name" and _SPIN.fullmatch(token.text) for token in unit.tokens)


def _rewrite(unit: Source, may_spin: bool) -> tuple[str, list[str]]:
    edits = Edits(unit.text)
    rewrite_file_scope(unit, edits)
    rewrite_index_variables(unit, edits)
    mark_divisions(unit, edits)
    mark_constants(unit, edits)
    mark_member_templates(unit, edits)
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
