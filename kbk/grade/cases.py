"""What a grader asks of a submission: calls with arguments, and what must come of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from kbk.errors import ArgumentError
from kbk.grade.counters import counter


@dataclass(frozen=True)
class Tol:
    """How far a value may be from the expected one: ``atol + rtol * |expected|``.

    Attributes:
        rtol, atol: see above.
        why: which errors it allows for, for `kbk check --explain`.
    """

    rtol: float
    atol: float = 0.0
    why: str = field(default="", compare=False)


BITS = Tol(0.0, -1.0)
"""Asks for the same bits, also those of a NaN: for ops that only move elements."""


@dataclass(frozen=True)
class Gate:
    """A bound on a counter of a traced call. Fewer is better, unless the target is above the
    baseline.

    `kbk author check` traces the solution and the kernel of the baseline, and refuses a gate whose
    numbers are not theirs.

    Attributes:
        counter: "requests_ld", "excess_sectors", "sectors_ld:table", ... (see kbk.grade.counters).
        target: the count that earns all points.
        baseline: the count that earns none.
        of: whose count the baseline is: "stub", or the name of a mutant.
        leeway: by how much the target may be easier than the count of the solution.
        why: what a missed target means, for the message.

    Raises:
        ArgumentError: there is no such counter, or the two counts are the same.
    """

    counter: str
    target: float
    baseline: float
    of: str = "stub"
    leeway: float = 0
    why: str = ""

    def __post_init__(self) -> None:
        counter(self.counter)
        if self.baseline == self.target:
            raise ArgumentError(
                f"{self.counter}: a baseline of {self.baseline:,} earns all points: it is the "
                "target."
            )

    def reached(self, count: float) -> bool:
        """Whether a count earns all points."""
        return count <= self.target if self.target < self.baseline else count >= self.target


class Argument:
    """An argument that is a tensor. Views keep their strides, offset and shared storage.

    Attributes:
        tensor: its shape, dtype, strides and, unless it is poisoned, its values.
        name: the parameter's name, for messages.
        written: whether the call may change it.
        poisoned: whether its elements hold a pattern before the call that no result has.
        host: whether it stays on the CPU when the call runs on a GPU.
    """

    written = False
    poisoned = False
    host = False

    def __init__(self, tensor: Tensor, name: str) -> None:
        if not isinstance(tensor, Tensor) or tensor.device.type != "cpu":
            raise ArgumentError(f"{name}: a case is made of CPU tensors; it was {tensor!r}.")
        self.tensor = tensor
        self.name = name


class Read(Argument):
    """A tensor that the call must not change."""


class Write(Argument):
    """A tensor whose every element the call must write."""

    written = True
    poisoned = True


class Update(Argument):
    """A tensor whose values count before the call, and which it may change."""

    written = True


class Host(Argument):
    """A tensor that lies on the CPU on both machines (``HostTensor``)."""

    host = True


@dataclass(frozen=True)
class Sparse:
    """A tensor, perhaps larger than memory, of which only a window is there.

    Attributes:
        numel: elements of the whole tensor; with `strides`, of the memory that it lies in.
        dtype: of its elements.
        first: index of the window's first element, in the flattened tensor or in that memory.
        window: values of the window; for a written one, its length and dtype count.
        name: the parameter's name.
        written: whether the call must write the window (and nothing else).
        shape: of the whole tensor; () for one dimension.
        strides: of a tensor whose elements lie apart, in elements; () for a contiguous one.
        updated: of a written one: the values of its window count before the call too.
    """

    numel: int
    dtype: torch.dtype
    first: int
    window: Tensor
    name: str
    written: bool = False
    shape: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    updated: bool = False


@dataclass
class Case:
    """One call of a host function.

    Attributes:
        function: its name.
        args: Read, Write, Update, Host, Sparse, or plain values (None, int, float, bool).
        expect: called after the submission's process has ended; returns what the written arguments
            must hold, in order: a tensor, or a tuple of them (float64 where rounding matters).
        label: names the case in messages: "33 elements".
        tol: None asks for the expected value rounded to the dtype, bit for bit (any NaN for NaN);
            BITS for the bits of `expect`, which then has the output's dtype.
        launches: exact number of kernel launches.
        max_blocks, min_threads: bounds on the grid (blocks) and on the block (threads).
        copies: exact number of calls of cudaMemcpy, cudaMemset and their kin; 0 if it is not given.
        raises: words that the message of an ArgumentError must hold, as whole words; "overlap*"
            takes any ending, "2|two" either. Nothing may be written.
        trace: count memory accesses.
        gates: bounds on those counters.
    """

    function: str
    args: tuple[Any, ...]
    expect: Callable[[], Any] | None
    label: str
    tol: Tol | None
    launches: int | None
    max_blocks: int | None
    min_threads: int | None
    copies: int | None
    raises: tuple[str, ...]
    trace: bool
    gates: tuple[Gate, ...]

    def __init__(
        self,
        function: str,
        *args: Any,
        expect: Callable[[], Any] | None = None,
        label: str = "",
        tol: Tol | None = None,
        launches: int | None = None,
        max_blocks: int | None = None,
        min_threads: int | None = None,
        copies: int | None = None,
        raises: tuple[str, ...] = (),
        trace: bool = False,
        gates: tuple[Gate, ...] = (),
    ) -> None:
        self.function = function
        self.args = args
        self.expect = expect
        self.label = label
        self.tol = tol
        self.launches = launches
        self.max_blocks = max_blocks
        self.min_threads = min_threads
        self.copies = copies
        self.raises = tuple(raises)
        self.trace = trace or bool(gates)
        self.gates = tuple(gates)
        if self.written and expect is None and not raises:
            raise ArgumentError(f"{function} ({label}): a case that writes needs `expect`.")

    @property
    def written(self) -> list[Argument | Sparse]:
        """Arguments whose result is compared, in order."""
        return [a for a in self.args if isinstance(a, (Argument, Sparse)) and a.written]


@dataclass
class Ask:
    """One call of a learner's Python function with plain values.

    Attributes:
        function: its name.
        args: None, bool, int, float, str, and tuples and lists of them.
        expect: the value, or a function of no arguments that returns it.
        label: names the setting in messages; "" writes out the call.
    """

    function: str
    args: tuple[Any, ...]
    expect: Any
    label: str = field(default="")

    def __init__(self, function: str, *args: Any, expect: Any, label: str = "") -> None:
        self.function = function
        self.args = args
        self.expect = expect
        self.label = label
