"""The counters of `kbk.profile` that a report shows, in the order of its columns."""

from __future__ import annotations

from kbk.profiler import metrics

COUNTERS = {
    "global loads": metrics.REQUESTS_LD,
    "global stores": metrics.REQUESTS_ST,
    "sectors": metrics.SECTORS,
    "ideal sectors": metrics.SECTORS_IDEAL,
    "shared wavefronts": metrics.WAVEFRONTS,
    "excess wavefronts": metrics.WAVEFRONTS_EXCESSIVE,
    "bytes requested / touched": "kbk__bytes_requested_over_distinct",
}
"""What a column is called -> name of the counter."""
