"""Draws the picture of README.md and of the home page: which thread wrote which element.

Nothing is assumed about the walk: a kernel runs on the simulator, each thread signs the elements
that it writes, and every cell is drawn from the signature found there.

Usage: python tools/thread_map.py      rewrites book/_static/thread_map_light.svg and _dark.svg
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NUMEL, BLOCKS, THREADS = 500, 2, 96
LANES, LANES_PER_SECTOR = 32, 8

SOURCE = r"""
__global__ void sign_kernel(int* out, int64_t n) {
  const int64_t stride = int64_t(gridDim.x) * blockDim.x;
  int trip = 0;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += stride, ++trip) {
    out[i] = (trip * 64 + blockIdx.x) * 1024 + threadIdx.x;
  }
}

void sign(Tensor out, int64_t blocks, int64_t threads) {
  sign_kernel<<<blocks, threads, 0, current_stream()>>>(out.mutable_data_ptr<int>(), out.numel());
}
"""


@dataclass(frozen=True)
class Signature:
    """Who wrote an element: trip of the loop, block, warp of the block, lane of the warp."""

    trip: int
    block: int
    warp: int
    lane: int


@dataclass(frozen=True)
class Ink:
    """Colours of one theme: Okabe-Ito blue and orange for the two blocks, and what lies around."""

    text: str
    faint: str
    blocks: tuple[str, str]
    on_block: tuple[str, str]


INKS = {
    "light": Ink("#1f2328", "#59636e", ("#0072B2", "#E69F00"), ("#ffffff", "#1f2328")),
    "dark": Ink("#e6edf3", "#9198a1", ("#56B4E9", "#E69F00"), ("#0d1117", "#0d1117")),
}


def run() -> list[Signature | None]:
    """Run the kernel over rows of 32 int32 elements; None where no thread wrote."""
    import torch

    import kbk

    module = kbk.load_inline("thread_map", cuda_sources=SOURCE, functions=["sign"])
    rows = -(-NUMEL // LANES)
    memory = torch.full((rows * LANES,), -1, dtype=torch.int32)
    module.sign(memory[:NUMEL], BLOCKS, THREADS)
    return [None if value < 0 else decode(value) for value in memory.tolist()]


def decode(value: int) -> Signature:
    """Read a signature as ``sign_kernel`` writes it."""
    rest, thread = divmod(value, 1024)
    trip, block = divmod(rest, 64)
    return Signature(trip, block, thread // LANES, thread % LANES)


CELL, GAP, ROW, LEFT, TOP = 22, 8, 20, 132, 58


def x_of(column: int) -> int:
    """Return the left edge of a column; a gap stands between sectors."""
    return LEFT + column * CELL + (column // LANES_PER_SECTOR) * GAP


def describe(cells: list[Signature | None]) -> str:
    """Return the alt text, from the same signatures as the picture."""
    written = [cell for cell in cells if cell is not None]
    straight = all(cell is None or cell.lane == i % LANES for i, cell in enumerate(cells))
    order = "lane l wrote column l of every row" if straight else "lanes and columns differ"
    return (
        f"Map of {len(written)} elements in rows of {LANES}, drawn from a run of a grid-stride "
        f"kernel with {BLOCKS} blocks of {THREADS} threads. Each row was written by one warp; "
        f"{order}; the grid made {max(cell.trip for cell in written) + 1} trips; "
        f"{len(cells) - len(written)} elements behind the end stayed untouched."
    )


def draw(cells: list[Signature | None], ink: Ink) -> str:
    """Return the SVG: lanes from left to right, sectors of 32 bytes apart, unwritten hollow."""
    rows = len(cells) // LANES
    width, height = x_of(LANES) + 64, TOP + rows * ROW + 40
    title = f"a grid-stride loop, {BLOCKS} blocks of {THREADS} threads, {NUMEL} elements"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{ink.text}">',
        f"<title>{describe(cells)}</title>",
        "<style>.h{fill:none;stroke:" + ink.faint + "}.n{font-size:10px;text-anchor:middle}",
        *(f".b{i}{{fill:{ink.blocks[i]}}}.n{i}{{fill:{ink.on_block[i]}}}" for i in range(BLOCKS)),
        "</style>",
        f'<text x="{LEFT}" y="20" font-weight="600">Who wrote which element: {title}</text>',
    ]
    for sector in range(LANES // LANES_PER_SECTOR):
        out.append(
            f'<text x="{x_of(sector * LANES_PER_SECTOR)}" y="{TOP - 10}" fill="{ink.faint}">'
            f"sector of 32 bytes</text>"
        )
    previous = -1
    for row in range(rows):
        y = TOP + row * ROW
        found = cells[row * LANES : (row + 1) * LANES]
        first = next(cell for cell in found if cell is not None)
        label = f"block {first.block}, warp {first.warp}"
        out.append(f'<text x="{LEFT - 10}" y="{y + 14}" text-anchor="end">{label}</text>')
        if first.trip != previous:
            line = f"M10 {y - 1}H{width - 10}"
            out.append(f'<path d="{line}" stroke="{ink.faint}" stroke-width="1"/>')
            out.append(f'<text x="{x_of(LANES) + 4}" y="{y + 14}">trip {first.trip}</text>')
            previous = first.trip
        for column, cell in enumerate(found):
            box = f'x="{x_of(column)}" y="{y + 1}" width="{CELL - 2}" height="{ROW - 3}"'
            if cell is None:
                out.append(f'<rect class="h" {box}/>')
                continue
            at = f'x="{x_of(column) + (CELL - 2) // 2}" y="{y + 13}"'
            out.append(f'<rect class="b{cell.block}" {box}/>')
            out.append(f'<text class="n n{cell.block}" {at}>{cell.lane}</text>')
    note = "The number in a cell is the lane that wrote it. Hollow: behind the end, not written."
    out.append(f'<text x="{LEFT}" y="{height - 14}" fill="{ink.faint}">{note}</text>')
    return "\n".join([*out, "</svg>", ""])


def pictures() -> dict[Path, str]:
    """Run the kernel and return the file of each theme with its SVG."""
    cells = run()
    folder = ROOT / "book/_static"
    return {folder / f"thread_map_{theme}.svg": draw(cells, ink) for theme, ink in INKS.items()}


if __name__ == "__main__":
    for file, svg in pictures().items():
        file.write_text(svg)
        print(file.relative_to(ROOT))
    print(describe(run()))
