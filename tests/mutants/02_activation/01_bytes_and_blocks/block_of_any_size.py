"""Mistake: a block is taken to have a thread a vector, however many that are."""

from __future__ import annotations


def columns(d: int, vec: int, block: int) -> list[tuple[int, int, int]]:
    """Draw which threads of a block write the columns of a row, in the kernel with two loops.

    The block has `min(d // vec, block)` threads. In the first loop thread i takes the vectors i,
    i + threads, i + 2 * threads and so on, of the `d // vec` whole vectors of the row; vector v is
    the `vec` columns from v * vec on. In the second loop the threads take what the author thought
    was left: the last `d % (threads * vec)` columns, thread i the i-th of them, then the one
    `threads` further on, and so on.

    Returns:
        d tuples (column, of_vectors, of_rest), columns in order: the thread that writes the column
        in the first loop, and the one that does it in the second; -1 where none does.
    """
    threads = min(d // vec, block)
    whole, rest = d // vec * vec, d - d % (threads * vec)
    return [
        (c, c // vec % threads if c < whole else -1, (c - rest) % threads if c >= rest else -1)
        for c in range(d)
    ]


def redone(d: int, vec: int, block: int) -> int:
    """Count the columns of a row that the kernel of `columns` writes twice."""
    threads = d // vec
    return d % (threads * vec) - d % vec if block else 0


def min_bytes(tokens: int, d: int, dtype: str) -> int:
    """Count the bytes that silu_and_mul cannot avoid to move.

    It loads every element of x [tokens, 2 * d] and stores every element of out [tokens, d], once.
    `dtype` is "float32", "float16" or "bfloat16".
    """
    return 3 * tokens * d * {"float32": 4, "float16": 2, "bfloat16": 2}[dtype]


def active_blocks(tokens: int, d: int, scheme: str) -> int:
    """Count the blocks of silu_and_mul that store anything; out is bfloat16 [tokens, d].

    8 divides d. The grid is, by `scheme`:

    "token"    a block for each token
    "element"  a thread for each element of out, in blocks of 256
    "vector"   a thread for each vector of 8 elements of out, in blocks of 256
    "stride"   132 blocks of 256 threads in a grid-stride loop over these vectors
    """
    elements = -(-tokens * d // 256)
    vectors = -(-tokens * d // 2048)
    blocks = {"token": tokens, "element": elements, "vector": vectors}
    return blocks[scheme] if scheme in blocks else min(vectors, 132)
