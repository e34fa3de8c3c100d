"""01/01 Sectors: what do the requests of a warp touch?

Memory moves in sectors of 32 bytes: sector s holds the bytes at addresses 32 * s to 32 * s + 31.
The 32 lanes of a warp execute one load together, and that is one request.

Write three small functions; no kernel runs here. Each is called with 300 settings, also with those
in which lanes overlap, leave gaps, or straddle the border between two sectors. Start with `strip`:
the others follow from such a drawing. Check with `kbk check 01/01`.
"""

from __future__ import annotations


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
    # TODO: all three are right only where the lanes lie side by side, from address 0 on.
    begins = [(lane, lane * access_bytes) for lane in range(32)]
    return [(lane, at // 32, at // 32) for lane, at in begins]


def sectors(stride_bytes: int, access_bytes: int, offset: int) -> int:
    """Count the different sectors that the warp of `strip` touches.

    A sector counts once, however many lanes read from it.
    """
    return access_bytes


def requests(n: int, elem_bytes: int, vec: int) -> int:
    """Count the requests in which a kernel loads `n` elements of `elem_bytes` bytes.

    Thread i loads the `vec` elements from element i * vec on, if all of them exist. One load moves
    at most 16 bytes a lane, so a thread with more than that executes several loads. The `n % vec`
    elements after the last whole vector are fewer than 32: one warp loads them, one element a lane,
    in a request of its own. A request counts if any lane takes part in it, and nothing else does:
    0 elements take 0 requests.

    `elem_bytes` is 1, 2, 4 or 8 and `vec` is 1, 2, 4, 8 or 16.
    """
    return -(-n // 32)
