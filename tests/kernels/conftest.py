"""Machines that the kernels run on, and tensors whose surroundings are watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

GUARD = 1 << 14  # bytes before and after: more than a block of any rung copies; 16 divides it


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def machine(request: pytest.FixtureRequest) -> str:
    """The device that a test runs on: the simulator always, a GPU where there is one."""
    return str(request.param)


class Guarded:
    """A tensor of random bits between guards, ``offset`` elements after an aligned address."""

    def __init__(self, numel: int, dtype: torch.dtype, device: str, offset: int = 0) -> None:
        item = dtype.itemsize
        self.first, self.last = GUARD + offset * item, GUARD + (offset + numel) * item
        # Random, so that a byte that comes from another tensor's guard is seen too.
        self.bytes = torch.randint(0, 256, (self.last + GUARD,), dtype=torch.uint8, device=device)
        assert self.bytes.data_ptr() % 16 == 0
        self.tensor = self.bytes[self.first : self.last].view(dtype)
        self.before = self.around()

    def bits(self) -> torch.Tensor:
        """The tensor's bytes."""
        return self.bytes[self.first : self.last]

    def around(self) -> torch.Tensor:
        """The bytes of both guard regions."""
        return torch.cat([self.bytes[: self.first], self.bytes[self.last :]])


@pytest.fixture
def guarded() -> Iterator[Callable[..., Guarded]]:
    """Makes guarded tensors; at the end of the test no guard region may have changed."""
    made: list[Guarded] = []

    def make(numel: int, dtype: torch.dtype, device: str, offset: int = 0) -> Guarded:
        made.append(Guarded(numel, dtype, device, offset))
        return made[-1]

    yield make
    for g in made:
        assert torch.equal(g.around(), g.before), "a kernel wrote outside its output"
