"""Cases of kernels/activation.cu: every rung and op, by words of 16 bytes, of 8 and by element."""

from __future__ import annotations

from collections.abc import Callable

import torch
from cases import Case, close, floats

BF16 = torch.bfloat16
ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "silu_and_mul": torch.nn.functional.silu,
    "gelu_and_mul": torch.nn.functional.gelu,
    "gelu_tanh_and_mul": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
}
WIDTHS = ((264, BF16), (36, BF16), (33, BF16), (20, torch.float32), (24, torch.float16))


def cases() -> list[Case]:
    found = [
        _case("silu_then_mul", ("silu_kernel", "mul_kernel"), 3, 264),
        _case("silu_then_mul", ("silu_kernel", "mul_kernel"), 2, 33),
        _case("silu_one_per_thread", ("one_per_thread",), 3, 264),
        _case("silu_one_per_thread", ("one_per_thread",), 2, 33),
        _case("silu_redone_tail", ("redone_tail",), 1, 14336),
        _case("silu_redone_tail", ("redone_tail",), 2, 1200),
    ]
    for d, dtype in ((264, BF16), (33, torch.float32), (100, torch.float16)):
        found.append(_case("silu_block_per_token", ("block_per_token",), 3, d, dtype))
    for d, dtype in WIDTHS:
        found.append(_case("silu_vectors", ("vectors",), 3, d, dtype))
        found.append(_case("silu_flat", ("flat",), 3, d, dtype))
    for name in ACTIVATIONS:
        found += [_case(name, ("flat",), 3, d, dtype) for d, dtype in WIDTHS[:3]]
    found.append(_case("silu_and_mul", ("flat",), 1, 14336))
    found.append(_case("silu_and_mul", ("flat",), 2, 3420))
    for in_flight in (1, 2, 4):
        for fast in (False, True):
            found.append(_case("silu_in_flight", ("several",), 3, 1200, BF16, in_flight, 128, fast))
    return found


def _case(
    function: str,
    kernels: tuple[str, ...],
    tokens: int,
    d: int,
    dtype: torch.dtype = BF16,
    *more: object,
) -> Case:
    def build() -> list[object]:
        return [torch.zeros(tokens, d, dtype=dtype), (floats(tokens, 2 * d) / 4).to(dtype), *more]

    activation = ACTIVATIONS.get(function, torch.nn.functional.silu)

    def right(arguments: object) -> torch.Tensor:
        gate, up = arguments[1].double().chunk(2, -1)  # type: ignore[index]
        return activation(gate) * up

    width = f"{tokens}x{d}-{str(dtype).removeprefix('torch.')}"
    name = "-".join([function, width, *(str(each) for each in more)])
    tolerance = 2.0**-6 if dtype is BF16 else 2.0**-9  # rung 1 rounds twice
    check = close(0, right, tolerance)
    return Case(f"activation/{name}", "kernels/activation.cu", function, build, kernels, check)
