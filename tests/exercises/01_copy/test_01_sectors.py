"""01/01 Sectors: settings, an oracle that counts bytes one by one, and hints."""

from __future__ import annotations

import random
from collections.abc import Iterator

from kbk.grade import Ask, Exercise
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="Sectors",
    kind="predict",
    stars=1,
    minutes=15,
    points=10,
    functions=("strip", "sectors", "requests"),
    task="Say which sectors each lane of a warp touches, how many its warp touches, and how many "
    "requests load n elements.",
    hints=(
        "A sector is 32 bytes wherever the lanes are: its number is the address divided by 32, "
        "rounded down. Lanes that lie in the same sector share it.",
        "In `strip`, a lane begins at `offset + lane * stride_bytes`, and its last byte is "
        "`access_bytes - 1` further: the two may lie in different sectors. In `sectors`, put the "
        "numbers of `strip` into a set. In `requests`, first count the warps that load vectors.",
        "`len({s for _, first, last in strip(...) for s in range(first, last + 1)})` counts the "
        "sectors. The requests are the warps of `n // vec` threads, times the loads of a thread "
        "(`vec * elem_bytes // 16`, at least 1), plus one if `n % vec` is not 0.",
    ),
    sources=(
        "https://docs.nvidia.com/cuda/cuda-c-best-practices-guide/#coalesced-access-to-global-memory",
    ),
    stub=("strip", "wrong-answer"),
    mutants={
        "ignores_offset": "strip",
        "lines_of_128": "strip",
        "forgets_straddling": "strip",
        "sectors_as_floats": "strip",
        "always_four": "sectors",
        "counts_lanes": "sectors",
        "tail_in_the_last_vector": "requests",
        "one_load_of_any_width": "requests",
    },
)

SETTINGS = 300
KNOWN = [
    (4, 4, 0),
    (4, 4, 4),
    (2, 2, 0),
    (16, 16, 0),
    (64, 4, 0),
    (0, 4, 0),
    (12, 12, 8),
    (1, 1, 31),
]


def settings(rng: random.Random) -> Iterator[tuple[int, int, int]]:
    """Strides 0 to 256, accesses of 1 to 16 bytes, offsets 0 to 255; half are loads of a GPU."""
    yield from KNOWN
    for i in range(SETTINGS - len(KNOWN)):
        size = 1 << rng.randrange(5) if i % 2 else rng.randint(1, 16)
        unit = size if i % 2 else 1  # a load of a power of two, at a multiple of its size
        yield rng.randint(0, 256 // unit) * unit, size, rng.randrange(0, 256, unit)


def lanes(stride: int, size: int, offset: int) -> list[list[int]]:
    """The sector of each byte of each lane."""
    return [[(offset + lane * stride + byte) // 32 for byte in range(size)] for lane in range(32)]


def count_requests(n: int, elem_bytes: int, vec: int) -> int:
    """The requests, from a list of the loads of each thread: (warp, number of the load)."""
    made = set()
    for thread in range(n // vec):
        for byte in range(0, vec * elem_bytes, 16):
            made.add((thread // 32, byte // 16))
    if n % vec:
        made.add(("tail", 0))
    return len(made)


@EXERCISE.check("strip", points=4, closed_form=True)
def strip(rng: random.Random) -> Iterator[Ask]:
    for setting in settings(rng):
        drawing = [(lane, touched[0], touched[-1]) for lane, touched in enumerate(lanes(*setting))]
        yield Ask("strip", *setting, expect=drawing)


@EXERCISE.check("sectors", points=3, closed_form=True)
def sectors(rng: random.Random) -> Iterator[Ask]:
    for setting in settings(rng):
        different = {sector for touched in lanes(*setting) for sector in touched}
        yield Ask("sectors", *setting, expect=len(different))


@EXERCISE.check("requests", points=3, closed_form=True)
def requests(rng: random.Random) -> Iterator[Ask]:
    for n in (0, 1, 31, 32, 33, 4096):
        yield Ask("requests", n, 4, 4, expect=count_requests(n, 4, 4))
    for _ in range(SETTINGS - 6):
        n, size, vec = rng.randint(0, 5000), 1 << rng.randrange(4), 1 << rng.randrange(5)
        yield Ask("requests", n, size, vec, expect=count_requests(n, size, vec))
