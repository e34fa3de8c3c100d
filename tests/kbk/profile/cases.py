"""The corpus: named calls of small kernels, with their arguments and what must hold afterwards.

A case runs on the simulator and on a GPU with the same text and the same inputs, so that the
counters of both can be compared. `control_cases.py`, `chapter_cases.py` and the like fill the list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
KERNELS = "kernels/"

Check = Callable[[Sequence[Any], Sequence[Any]], bool]
"""(arguments before, arguments after) -> whether the results are right; all on the CPU."""


@dataclass(frozen=True)
class OnHost:
    """A tensor that stays on the CPU: the host function takes it as HostTensor."""

    tensor: torch.Tensor


@dataclass(frozen=True)
class Case:
    """One call.

    Attributes:
        id: "copies/strided-read-8"; no other case has it.
        source: "copies.cu" in `corpus/`, or "kernels/copy.cu" of the book.
        function: the host function.
        build: makes the arguments, on the CPU, the same in each process: numbers, tensors (views
            keep their place in the storage) and `OnHost`.
        kernels: names of the kernels that it launches, in order.
        check: whether the results are right.
        outside: why no equality with the GPU is asked, or "".
    """

    id: str
    source: str
    function: str
    build: Callable[[], list[Any]]
    kernels: tuple[str, ...]
    check: Check
    outside: str = ""

    def arguments(self, device: str) -> list[Any]:
        """Fresh arguments on a device, "cpu" or "cuda"."""
        return [moved(each, device) for each in self.build()]


def moved(value: Any, device: str) -> Any:
    """A tensor with its whole storage: a view keeps its offset, and so its alignment."""
    if isinstance(value, OnHost):
        return value.tensor.clone()
    if not isinstance(value, torch.Tensor):
        return value
    whole = torch.empty(0, dtype=value.dtype).set_(value.untyped_storage())
    copy = torch.empty(whole.numel(), dtype=value.dtype, device=device)
    copy.copy_(whole)
    return copy.as_strided(value.shape, value.stride(), value.storage_offset())


def back(value: Any) -> Any:
    """An argument as the checks take it: tensors on the CPU."""
    return value.cpu() if isinstance(value, torch.Tensor) else value


@cache
def cases() -> tuple[Case, ...]:
    """The corpus, in order: without the probes of `patterns.py`."""
    import activation_cases
    import atomic_cases
    import chapter_cases
    import control_cases
    import kernel_cases
    import memory_cases
    import rope_cases
    import shared_cases

    first = (memory_cases, atomic_cases, shared_cases, control_cases, chapter_cases, kernel_cases)
    parts = (*first, activation_cases, rope_cases)
    return tuple(case for part in parts for case in part.cases())


def of_source(source: str) -> list[str]:
    """The host functions of a source that are called, in alphabetical order."""
    import patterns

    everything = (*cases(), *patterns.cases())
    return sorted({each.function for each in everything if each.source == source})


def sources() -> list[str]:
    """Every source, the probes' too."""
    return sorted({each.source for each in cases()} | {"patterns.cu"})


def text_of(source: str) -> str:
    """The text of a source of the corpus, not of one in kernels/."""
    return (CORPUS / source).read_text()


@cache
def module(source: str) -> Any:
    """The ops of a source, compiled on first use.

    Raises:
        kbk.BuildError: it does not compile here.
    """
    from kbk.build import load_inline
    from kbk.ops._family import family

    if source.startswith(KERNELS):
        return family(Path(source).stem)
    return load_inline(
        f"profile_{Path(source).stem}",
        cuda_sources=text_of(source),
        functions=of_source(source),
        extra_cuda_cflags=["-lineinfo"],  # changes no instruction; the pages of ncu name lines
    )


def call(case: Case, arguments: Sequence[Any]) -> None:
    """The call itself."""
    getattr(module(case.source), case.function)(*arguments)


def right(case: Case, device: str) -> bool:
    """Run a case and look at what it computed."""
    arguments = case.arguments(device)
    call(case, arguments)
    before = case.arguments("cpu")
    return bool(case.check(before, [back(each) for each in arguments]))


def generator(seed: int = 17) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def floats(*shape: int, seed: int = 17) -> torch.Tensor:
    """Whole numbers from -8 to 8 as float32: their sums are exact in any order."""
    return torch.randint(-8, 9, shape, generator=generator(seed)).float()


def integers(low: int, high: int, *shape: int, seed: int = 17) -> torch.Tensor:
    """int32, from low to high - 1."""
    return torch.randint(low, high, shape, generator=generator(seed), dtype=torch.int32)


def octets(n: int, seed: int = 17) -> torch.Tensor:
    """n bytes."""
    return torch.randint(0, 256, (n,), generator=generator(seed), dtype=torch.uint8)


def same(index: int, value: Callable[[Sequence[Any]], torch.Tensor]) -> Check:
    """Argument `index` equals a function of the arguments before the call."""
    return lambda before, after: torch.equal(after[index], value(before).to(after[index].dtype))


def close(
    index: int, value: Callable[[Sequence[Any]], torch.Tensor], relative: float = 1e-5
) -> Check:
    """Argument `index` is close to a function of the arguments before the call."""
    return lambda before, after: torch.allclose(
        after[index].double(), value(before).double(), rtol=relative, atol=relative
    )
