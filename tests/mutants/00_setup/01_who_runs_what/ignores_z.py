# Mistake: threads along z are not counted.

"""00/01 Who runs what: which thread has which number, warp, lane and element.

A block has dims = (x, y, z) threads. Thread (tx, ty, tz) counts from (0, 0, 0). The GPU numbers
the threads of a block in one row, x fastest, then y, then z. It cuts that row into warps of 32
lanes, in order; the last warp may be shorter. Write the four functions; all numbers start at 0.

Check: kbk check 00/01
"""

from __future__ import annotations


def linear(tx: int, ty: int, tz: int, dims: tuple[int, int, int]) -> int:
    """The number of thread (tx, ty, tz) in its block of dims threads."""
    return tx + dims[0] * ty


def warp_lane(tx: int, ty: int, tz: int, dims: tuple[int, int, int]) -> tuple[int, int]:
    """(warp of its block, lane of that warp) of thread (tx, ty, tz) in a block of dims threads."""
    return divmod(linear(tx, ty, tz, dims), 32)


def element(bx: int, tx: int, dims: tuple[int, int, int]) -> int:
    """The column that thread tx of block bx computes, both along x.

    Each block takes as many columns as it is wide, one a thread, and the blocks follow each other:
    no column is left out, none is taken twice.
    """
    return bx * dims[0] + tx


def thread_map() -> list[list[tuple[int, int]]]:
    """Who writes a 4 x 16 output: 4 rows of 16 entries (warp, lane).

    One block of dims = (8, 4, 2) runs these lines; entry [row][column] is the thread that writes
    that element:

        row = threadIdx.y;
        column = 8 * threadIdx.z + threadIdx.x;
        out[16 * row + column] = x[16 * row + column];
    """
    return [
        [warp_lane(column % 8, row, column // 8, (8, 4, 2)) for column in range(16)]
        for row in range(4)
    ]
