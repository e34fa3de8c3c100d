"""Profiles as people read them: a short table of a launch and its lines, as text and as HTML."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from kbk.bench.page import table_html, table_text
from kbk.profiler import metrics as names

if TYPE_CHECKING:
    from kbk.profiler.launch import ProfiledLaunch

HEAD = (
    *("loads", "stores", "atomics", "sectors", "excess sectors", "bytes used of 32"),
    *("wavefronts", "excess wavefronts"),
)
"""After the line of the source. Loads, stores and atomics are requests to global memory."""


def launch_table(launch: ProfiledLaunch) -> tuple[list[str], list[list[str]]]:
    """A row for each line of the source that reads or writes, then one for the launch.

    Returns:
        The head, and the rows. Atomics have a column if there are any.
    """
    rows = []
    for line in launch.by_line():
        if line.metrics[names.SECTORS] or line.metrics[names.WAVEFRONTS]:
            rows.append([f"{line.line}  {line.text}", *_numbers(line.metrics)])
    table = [["line", *HEAD], *rows, ["the launch", *_numbers(launch.metrics)]]
    if table[-1][3] == "0":
        table = [row[:3] + row[4:] for row in table]
    return table[0], table[1:]


def title(launch: ProfiledLaunch) -> str:
    """What was launched, and whether it came to its end."""
    grid, block = (
        f"{'x'.join(map(str, _trim(dims)))} {one}{'s' * (dims != (1, 1, 1))}"
        for dims, one in ((launch.grid, "block"), (launch.block, "thread"))
    )
    said = f"{launch.kernel}: {grid} of {block}"
    return f"{said}, {ENDED}" if launch.ended else said


ENDED = "ended by an error or a time limit; counted is what happened before"


def launch_text(launch: ProfiledLaunch) -> str:
    """The table as text; lines of the source begin at the left."""
    head, rows = launch_table(launch)
    wide = max(len(row[0]) for row in [head, *rows])
    head, *rows = ([row[0].ljust(wide), *row[1:]] for row in [head, *rows])
    return f"{title(launch)}\n{table_text(head, rows)}"


def launch_html(launch: ProfiledLaunch) -> str:
    """The table as HTML."""
    return f"<p>{html.escape(title(launch))}</p>{table_html(*launch_table(launch))}"


def _numbers(metrics: names.Metrics) -> list[str]:
    loads, stores, *atomics = (metrics[name] for name in names.REQUESTS)
    # Nsight Compute has no such counter of atomics.
    used = f"{bytes_used(metrics):.3g}" if loads or stores else ""
    return [
        f"{loads:,.0f}",
        f"{stores:,.0f}",
        f"{sum(atomics):,.0f}",
        f"{metrics[names.SECTORS]:,.0f}",
        f"{metrics[names.SECTORS_EXCESSIVE]:,.0f}",
        used,
        f"{metrics[names.WAVEFRONTS]:,.0f}",
        f"{metrics[names.WAVEFRONTS_EXCESSIVE]:,.0f}",
    ]


def bytes_used(metrics: names.Metrics) -> float:
    """Bytes used of a sector, of loads and stores together."""
    used = sectors = 0.0
    for op in ("ld", "st"):
        here = metrics[f"l1tex__t_sectors_pipe_lsu_mem_global_op_{op}.sum"]
        used += here * metrics[f"smsp__sass_average_data_bytes_per_sector_mem_global_op_{op}.ratio"]
        sectors += here
    return used / max(sectors, 1)


def _trim(dims: tuple[int, int, int]) -> tuple[int, ...]:
    return dims if dims[2] > 1 else dims[:2] if dims[1] > 1 else dims[:1]
