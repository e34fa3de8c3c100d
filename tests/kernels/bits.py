"""Random bits for the kernels' tests."""

import torch


def random_bits(like: torch.Tensor) -> torch.Tensor:
    """Random bytes in the shape of ``like``: a copy must keep every bit, NaN payloads too."""
    return torch.randint(0, 256, like.shape, dtype=torch.uint8, device=like.device)
