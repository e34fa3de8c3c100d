"""The files of SGLang that `kbk upstream` runs, in the order of the course."""

from __future__ import annotations

from collections.abc import Sequence

from kbk.errors import ArgumentError
from kbk.upstream.case import Target
from kbk.upstream.oracles import activation, align, copying, lightning, merging, quant, topk

TARGETS: tuple[Target, ...] = (
    copying.TARGET,
    activation.TARGET,
    lightning.TARGET,
    merging.TARGET,
    topk.TARGET,
    align.TARGET,
    quant.TARGET,
)

KEYS = tuple(each.key for each in TARGETS)

FLAGS = (
    "-DFLASHINFER_ENABLE_F16",
    "-DFLASHINFER_ENABLE_BF16",
    "-DFLASHINFER_ENABLE_FP8_E4M3",
    "-DFLASHINFER_ENABLE_FP8_E5M2",
)
"""The macros of SGLang's build that turn dtypes on."""


def choose(keys: Sequence[str] | None) -> tuple[Target, ...]:
    """The targets of some keys, in the order of `TARGETS`; all of them for None.

    Raises:
        ArgumentError: there is no such key.
    """
    if keys is None:
        return TARGETS
    unknown = [key for key in keys if key not in KEYS]
    if unknown or not keys:
        was = repr(unknown[0]) if unknown else "empty"
        raise ArgumentError(f"--only must name files of {', '.join(KEYS)}; it was {was}.")
    return tuple(each for each in TARGETS if each.key in keys)
