"""A few counters of a launch as text, and of several launches side by side: what a page shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kbk.errors import ArgumentError
from kbk.profiler import metrics as names
from kbk.profiler.launch import ProfiledLaunch
from kbk.profiler.show import bytes_used

REQUESTS = "requests"
USED = "bytes used of 32"
EXCESS = "excess sectors"
ASKED = "bytes requested / needed"
EXCESS_WAVEFRONTS = "excess wavefronts"

COUNTERS = (REQUESTS, USED, EXCESS, ASKED)
"""What a table shows by default. Sectors a request are not among them: wider accesses have more."""


def counters(
    launch: ProfiledLaunch, needed: int | None = None, rows: Sequence[str] = COUNTERS
) -> dict[str, str]:
    """Counters of a launch, each as the text that a table shows.

    Args:
        launch: of ``kbk.profile()``.
        needed: bytes of global memory that the op must read and write; None: those that the
            launch touched, each once read and once written.
        rows: which counters: of `COUNTERS`, or "excess wavefronts".

    Returns:
        Of each of `rows` its value: requests of warps to global memory; bytes that lanes use of a
        sector's 32, on average; sectors, or wavefronts of shared memory, beyond the fewest; and
        bytes asked for over bytes needed.

    Raises:
        ArgumentError: there is no such counter, or `needed` is no positive number.
    """
    if needed is not None and needed <= 0:
        raise ArgumentError(f"counters: needed must be a positive number; it was {needed}.")
    unknown = [row for row in rows if row not in _TEXTS]
    if unknown:
        raise ArgumentError(
            f"counters: rows must be of {', '.join(_TEXTS)}; {unknown[0]!r} is none of them."
        )
    return {row: _TEXTS[row](launch.metrics, needed) for row in rows}


def counter_table(
    launches: Mapping[str, ProfiledLaunch],
    needed: int | None = None,
    rows: Sequence[str] = COUNTERS,
) -> tuple[list[str], list[list[str]]]:
    """Launches side by side: a column for each, a row for each counter.

        kbk.bench.show_table(*kbk.profiler.counter_table({"rung 1": one, "rung 2": own}))

    Args:
        launches: name of a column -> launch.
        needed, rows: as for `counters`.

    Returns:
        The head, and the rows.
    """
    columns = [counters(launch, needed, rows) for launch in launches.values()]
    head = ["counter", *launches]
    return head, [[row, *(column[row] for column in columns)] for row in rows]


def _requests(metrics: names.Metrics, needed: int | None) -> str:
    return f"{sum(metrics[name] for name in names.REQUESTS):,.0f}"


def _used(metrics: names.Metrics, needed: int | None) -> str:
    return f"{bytes_used(metrics):.3g}"


def _excess(metrics: names.Metrics, needed: int | None) -> str:
    return f"{metrics[names.SECTORS_EXCESSIVE]:,.0f}"


def _asked(metrics: names.Metrics, needed: int | None) -> str:
    if needed is None:
        return f"{metrics['kbk__bytes_requested_over_distinct']:.2f}"
    asked = metrics["kbk__bytes_requested_ld.sum"] + metrics["kbk__bytes_requested_st.sum"]
    return f"{asked / needed:.2f}"


def _excess_wavefronts(metrics: names.Metrics, needed: int | None) -> str:
    return f"{metrics[names.WAVEFRONTS_EXCESSIVE]:,.0f}"


_TEXTS: dict[str, Callable[[names.Metrics, int | None], str]] = {
    REQUESTS: _requests,
    USED: _used,
    EXCESS: _excess,
    ASKED: _asked,
    EXCESS_WAVEFRONTS: _excess_wavefronts,
}
