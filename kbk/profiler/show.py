"""Profiles as people read them: a short table of a launch and its lines, as text and as HTML."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from kbk.bench.page import table_html, table_text
from kbk.profiler import metrics as names

if TYPE_CHECKING:
    from kbk.profiler.launch import ProfiledLaunch

HEAD = ("line", "loads", "stores", "sectors", "excess", "bytes used of 32", "wavefronts", "excess")


def launch_rows(launch: ProfiledLaunch) -> list[list[str]]:
    """A row for each line of the source that reads or writes, then one for the launch."""
    rows = []
    for line in launch.by_line():
        if line.metrics[names.SECTORS] or line.metrics[names.WAVEFRONTS]:
            rows.append([f"{line.line}  {line.text}", *_numbers(line.metrics)])
    return [*rows, ["the launch", *_numbers(launch.metrics)]]


def title(launch: ProfiledLaunch) -> str:
    """What was launched."""
    grid, block = ("x".join(map(str, _trim(dims))) for dims in (launch.grid, launch.block))
    return f"{launch.kernel}: {grid} blocks of {block} threads"


def launch_text(launch: ProfiledLaunch) -> str:
    """The table as text."""
    return f"{title(launch)}\n{table_text(HEAD, launch_rows(launch))}"


def launch_html(launch: ProfiledLaunch) -> str:
    """The table as HTML."""
    return f"<p>{html.escape(title(launch))}</p>{table_html(HEAD, launch_rows(launch))}"


def _numbers(metrics: names.Metrics) -> list[str]:
    stores = sum(value for name, value in metrics.items() if _is_store_request(name))
    sectors = metrics[names.SECTORS]
    used = bytes_used(metrics)
    return [
        f"{metrics[names.REQUESTS_LD]:,.0f}",
        f"{stores:,.0f}",
        f"{sectors:,.0f}",
        f"{metrics[names.SECTORS_EXCESSIVE]:,.0f}",
        f"{used:.3g}" if sectors else "",
        f"{metrics[names.WAVEFRONTS]:,.0f}",
        f"{metrics[names.WAVEFRONTS_EXCESSIVE]:,.0f}",
    ]


def _is_store_request(name: str) -> bool:
    return name.startswith("l1tex__t_requests") and not name.endswith("_ld.sum")


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
