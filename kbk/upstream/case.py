"""What a file is called with and what must come out: outputs, calls, cases, targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from kbk.upstream.check import Mistake

    Check = Callable[[Tensor], "Mistake | None"]


@dataclass(frozen=True)
class Output:
    """A tensor that a call writes.

    Attributes:
        name: in messages.
        tensor: that is passed; full of poison before the call.
        check: says what is wrong with it after the call, or None.
    """

    name: str
    tensor: Tensor
    check: Check


@dataclass(frozen=True)
class Call:
    """One call of an op: its arguments in order, and the tensors among them that it writes."""

    arguments: tuple[Any, ...]
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True)
class Case:
    """A call, and what is expected of it.

    Attributes:
        name: unique in its target; names dtype and shape.
        function: of the file.
        make: makes the call from a generator of random numbers, the same one from the same seed.
        refuses: the function must refuse these arguments, and launch nothing.
        known: a defect of upstream that the case is about, with where it was told; "" for none.
            Such a case says what it observed; it cannot fail.
        evidence: outcomes and kinds of findings by which a known defect shows; empty: any.
        sanitize: run it under kbk.sanitize too.
    """

    name: str
    function: str
    make: Callable[[Generator], Call]
    refuses: bool = False
    known: str = ""
    evidence: tuple[str, ...] = ()
    sanitize: bool = True


@dataclass(frozen=True)
class Target:
    """One source file of SGLang.

    Attributes:
        key: for --only.
        title: what it does.
        path: below csrc/.
        functions: host functions that cases call.
        cases: those that must pass first, known defects last.
        shape: what the profiled call is, in words.
        profiled: that call, a case.
        flashinfer: it includes headers of FlashInfer.
        later: arguments that later commits of the file have behind the ours: name -> value.
    """

    key: str
    title: str
    path: str
    functions: tuple[str, ...]
    cases: tuple[Case, ...]
    shape: str
    profiled: Case
    flashinfer: bool = False
    later: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the extension: letters, digits and "_"."""
        return f"upstream_{self.key}"
