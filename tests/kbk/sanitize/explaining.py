"""Run kernels so that what they did can be explained, without a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from kbk.sanitizer import history
from kbk.sanitizer.history import Launch
from kbk.sanitizer.memory import argument_of
from kbk.sim import trace

Run = Callable[..., list[Launch]]


def runner(name: str, source: str, ops: list[str]) -> Run:
    """A function that calls an op with tensors by name, then numbers, and gives its launches."""
    module = trace.load(name, source, ops)

    def run(
        op: str,
        *numbers: int,
        most: int = 100_000,
        into: list[Launch] | None = None,
        **tensors: torch.Tensor,
    ) -> list[Launch]:
        launches = [] if into is None else into
        arguments = [argument_of(name, tensor) for name, tensor in tensors.items()]
        sources = {f"{name}.cu": source}
        history.start(most)
        try:
            getattr(module, op)(*tensors.values(), *numbers)
        finally:
            for each in history.take():
                launches.append(replace(each, arguments=arguments, sources=sources))
        return launches

    return run
