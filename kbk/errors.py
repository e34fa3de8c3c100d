"""Exceptions of the engine: one class for each thing that can go wrong, one clear sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kbk.sanitizer.findings import Finding


class KbkError(RuntimeError):
    """Base of every error raised by ``kbk``."""


class BuildError(KbkError):
    """A source could not be turned into a library."""


class CompileError(BuildError):
    """The compiler rejected a source.

    Attributes:
        file: the learner's file (as named in the source), or None if the compiler named none.
        line: 1-based line in that file, or None.
        column: 1-based column, or None.
        message: the compiler's first error, without its position.
        excerpt: the source line with a caret, or "".
        log: everything the compiler printed.
    """

    def __init__(
        self,
        text: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        message: str = "",
        excerpt: str = "",
        log: str = "",
    ) -> None:
        super().__init__(text)
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.excerpt = excerpt
        self.log = log


class MissingCompilerError(BuildError):
    """No compiler (g++, clang++ or nvcc) was found for a machine that was asked for."""


class DiskFullError(BuildError):
    """The disk that holds the build cache has no room left."""


class UnsupportedError(BuildError):
    """The simulator does not support a construct of the source.

    Attributes:
        file: name of the source.
        line: 1-based line of the construct.
    """

    def __init__(self, file: str, line: int, what: str, instead: str = "") -> None:
        text = f"{file}:{line}: the simulator does not support {what}"
        if instead:
            text += f"; {instead}"
        super().__init__(text)
        self.file = file
        self.line = line


class ArgumentError(KbkError, ValueError):
    """An argument of an op or of the engine is not what it must be."""


class LaunchError(KbkError):
    """A kernel launch failed, or a kernel was ended.

    Attributes:
        kind: "launch" (impossible configuration), "out-of-bounds" (left a tensor, or wrote to one
            that is read only), "crash" (invalid address, division by zero),
            "hang" (time limit or deadlock), "assert", "trap", "unsupported" (by the simulator, or
            by a device that is too old: `require_sm`).
        kernel: name of the kernel, or "".
        block, thread: (x, y, z) of the thread at fault, or None.
        file, line: source position, or None.
    """

    def __init__(
        self,
        text: str,
        *,
        kind: str = "launch",
        kernel: str = "",
        block: tuple[int, int, int] | None = None,
        thread: tuple[int, int, int] | None = None,
        file: str | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(text)
        self.fault: dict[str, Any] | None = None  # what the simulator told, for kbk.sanitize
        self.kind = kind
        self.kernel = kernel
        self.block = block
        self.thread = thread
        self.file = file
        self.line = line


class SanitizerError(KbkError):
    """`kbk.sanitize` found errors: the text has the first in full, and how many more there are.

    Attributes:
        findings: all of them, errors first, then warnings, then infos.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = list(findings)
        first = str(self.findings[0]) if self.findings else "kbk.sanitize found an error"
        more = len(self.findings) - 1
        super().__init__(f"{first}\nand {more} more" if more > 0 else first)
