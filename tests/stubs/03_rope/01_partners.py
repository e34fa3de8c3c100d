"""03/01 Partners: which elements turn together, where do they lie, and what is read for them?

The first `rotary` elements of a head turn in pairs; the others stay. In the neox layout element i
of the first half of those pairs with element i of their second half; in the interleaved layout
neighbours pair: 0 with 1, 2 with 3. With the cosine c and the sine s of its pair, (a, b) becomes
(a * c - b * s, b * c + a * s).

Write four small functions; no kernel runs here. Each is called with 200 settings. Start with
`flow`, which is a drawing. Check with `kbk check 03/01`.
"""

from __future__ import annotations


def partner(i: int, head_dim: int, rotary: int, neox: bool) -> int:
    """Give the number of the element that turns together with element i of a head.

    A head has `head_dim` elements, of which the first `rotary` turn; `rotary` is even. What does
    not turn is its own partner.
    """
    # TODO: right for the first half of a whole head that is laid out as neox. Mend all four.
    return i + head_dim // 2


def offset(t: int, h: int, i: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Give the place of element i of head h of token t, in elements from the first of the tensor.

    The tensor is a view of `shape` (tokens, heads, head_dim) with `strides`, which count elements:
    it may be cut from a larger tensor, and its heads may lie in any order.
    """
    return (t * shape[1] + h) * shape[2] + i


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
    return tokens * q_heads * rotary // 8


def flow(pair: int, rotary: int, neox: bool) -> list[tuple[int, int, str]]:
    """Draw what goes where in one pair: four arrows (to, from, factor).

    `to` and `from` are numbers of elements of the head, after and before the rotation; the factor
    is "cos", "sin" or "-sin". Arrows are ordered by `to`, then by `from`.
    """
    a, b = pair, pair + 1
    return [(a, a, "cos"), (a, b, "sin"), (b, a, "-sin"), (b, b, "cos")]
