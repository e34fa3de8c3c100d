"""Mistake: the minus stands at the second element."""

from __future__ import annotations


def partner(i: int, head_dim: int, rotary: int, neox: bool) -> int:
    """Give the number of the element that turns together with element i of a head.

    A head has `head_dim` elements, of which the first `rotary` turn; `rotary` is even. What does
    not turn is its own partner.
    """
    half = rotary // 2
    if i >= rotary:
        return i
    if neox:
        return i + half if i < half else i - half
    return i + 1 if i % 2 == 0 else i - 1


def offset(t: int, h: int, i: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Give the place of element i of head h of token t, in elements from the first of the tensor.

    The tensor is a view of `shape` (tokens, heads, head_dim) with `strides`, which count elements:
    it may be cut from a larger tensor, and its heads may lie in any order.
    """
    return t * strides[0] + h * strides[1] + i * strides[2]


def table_sectors(tokens: int, q_heads: int, k_heads: int, rotary: int, scheme: str) -> int:
    """Count the sectors of the table that a kernel loads, request by request.

    A row of the table has `rotary` float32: rotary / 2 cosines, then as many sines. `rotary` is a
    multiple of 16, and a row begins with a sector. Every token has a position of its own, and all
    of its `q_heads` and `k_heads` heads turn by the row of that. The layout is neox. In a request,
    the lanes of a warp load a cosine each, or a sine each; sectors count as in 01/01.

    `scheme` says who works:
        "element"  a warp has a head; lane l has the elements l, l + 32, l + 64 and so on that turn,
                   and loads the cosine and the sine of each one's pair
        "pair"     a warp has a head; lane l has the pairs l, l + 32 and so on, and loads a cosine
                   and a sine for each
        "token"    a warp has a token; lane l has the pairs l, l + 32 and so on of all heads, and
                   loads a cosine and a sine for each before it walks the heads
    """
    half = rotary // 2
    work = list(range(half)) if scheme != "element" else [i % half for i in range(rotary)]
    warps = [work[first : first + 32] for first in range(0, len(work), 32)]
    sectors = 2 * sum(len({pair // 8 for pair in lanes}) for lanes in warps)
    return tokens * sectors * (1 if scheme == "token" else q_heads + k_heads)


def flow(pair: int, rotary: int, neox: bool) -> list[tuple[int, int, str]]:
    """Draw what goes where in one pair: four arrows (to, from, factor).

    `to` and `from` are numbers of elements of the head, after and before the rotation; the factor
    is "cos", "sin" or "-sin". Arrows are ordered by `to`, then by `from`.
    """
    a, b = (pair, pair + rotary // 2) if neox else (2 * pair, 2 * pair + 1)
    return [(a, a, "cos"), (a, b, "sin"), (b, a, "-sin"), (b, b, "cos")]
