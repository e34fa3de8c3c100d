"""What is wrong with a kernel: checkers that see every access of a simulated launch."""

from __future__ import annotations

from kbk.sanitizer.history import MOST_RECORDS
from kbk.sanitizer.session import Sanitizer


def sanitize(*, raise_on_error: bool = True, most_records: int = MOST_RECORDS) -> Sanitizer:
    """Check every call of an op on CPU tensors inside a `with` block.

        with kbk.sanitize() as s:
            mod.silu_and_mul(out, x)
        s.findings      # errors first: kind, severity, message, file, line, ...

    The calls run a second build of the same source, in which the compiler tells the simulator of
    each access. A launch that must not go on (an access out of bounds, a deadlock) ends the block.

    Args:
        raise_on_error: raise at the end of the block if there is an error among the findings; False
            only collects.
        most_records: accesses to keep for `kbk.explain`, 32 bytes each.

    Raises:
        SanitizerError: at the end of the block.
        ArgumentError: another block is under way; or, from a call, a tensor is on a GPU.
    """
    return Sanitizer(raise_on_error, most_records)


__all__ = ["Sanitizer", "sanitize"]
