"""Mistake: the number of a sector is a float: its division is not that of integers."""

from __future__ import annotations

import math


def strip(stride_bytes: int, access_bytes: int, offset: int) -> list[tuple[int, int, int]]:
    """Draw the sectors of one warp, lane by lane.

    Lane l, from 0 to 31, reads `access_bytes` bytes in a row, the first of them at address
    `offset + l * stride_bytes`. Any of the three numbers may be odd; `access_bytes` is 1 to 16. (A
    lane that reads a struct of 12 bytes, say, does it in several loads, but its bytes lie in the
    same sectors.)

    Returns:
        32 tuples (lane, first, last), lanes in order: the numbers of the sectors in which the
        lane's first and last byte lie. (3, 5, 5): lane 3 stays in sector 5.
    """
    begins = [(lane, offset + lane * stride_bytes) for lane in range(32)]
    size = access_bytes - 1
    return [
        (lane, math.floor(at / 32) / 1, math.floor((at + size) / 32) / 1) for lane, at in begins
    ]


def sectors(stride_bytes: int, access_bytes: int, offset: int) -> int:
    """Count the different sectors that the warp of `strip` touches.

    A sector counts once, however many lanes read from it.
    """
    lanes = strip(stride_bytes, access_bytes, offset)
    return len({sector for _, first, last in lanes for sector in range(int(first), int(last) + 1)})


def requests(n: int, elem_bytes: int, vec: int) -> int:
    """Count the requests in which a kernel loads `n` elements of `elem_bytes` bytes.

    Thread i loads the `vec` elements from element i * vec on, if all of them exist. One load moves
    at most 16 bytes a lane, so a thread with more than that executes several loads. The `n % vec`
    elements after the last whole vector are fewer than 32: one warp loads them, one element a lane,
    in a request of its own. A request counts if any lane takes part in it, and nothing else does:
    0 elements take 0 requests.

    `elem_bytes` is 1, 2, 4 or 8 and `vec` is 1, 2, 4, 8 or 16.
    """
    warps = -(-(n // vec) // 32)
    loads = max(1, vec * elem_bytes // 16)
    return warps * loads + (n % vec > 0)
