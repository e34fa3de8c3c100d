"""What is wrong with a kernel: checkers that see every access of a simulated launch."""

from __future__ import annotations

from kbk.errors import ArgumentError
from kbk.sanitizer.history import MOST_RECORDS
from kbk.sanitizer.session import Sanitizer


def sanitize(*, raise_on_error: bool = True, most_records: int = MOST_RECORDS) -> Sanitizer:
    """Check every call of an op on CPU tensors inside a `with` block.

        with kbk.sanitize() as s:
            mod.silu_and_mul(out, x)
        s.findings      # errors first: kind, severity, message, file, line, ...

    The calls run a second build of the same source, in which the compiler tells the simulator of
    each access. A launch that must not go on (an access out of bounds, a deadlock) ends the block.
    A function of torch.compile runs uncompiled inside.

    Args:
        raise_on_error: raise at the end of the block if there is an error among the findings; False
            only collects.
        most_records: accesses to keep for `kbk.explain`, 32 bytes each; 0 keeps none.

    Raises:
        SanitizerError: at the end of the block.
        ArgumentError: another block is under way; most_records is no number; or, from a call, a
            tensor is on a GPU.
    """
    if isinstance(most_records, bool) or not isinstance(most_records, int) or most_records < 0:
        raise ArgumentError(
            f"sanitize: most_records must be an int from 0 on; it was {most_records!r}."
        )
    return Sanitizer(raise_on_error, most_records)


__all__ = ["Sanitizer", "sanitize"]
