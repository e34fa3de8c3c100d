"""Cases of global memory: copies, gathers and transposes."""

from __future__ import annotations

from typing import Any

import torch
from cases import Case, Check, floats, generator, integers, octets, same

N = 4096
RAGGED = 4096 + 77


def cases() -> list[Case]:
    return [*copies(), *layouts(), *gathers(), *transposes()]


def copies() -> list[Case]:
    def case(name: str, function: str, kernel: str, check: Check, *arguments: Any) -> Case:
        def build() -> list[Any]:
            return [each() if callable(each) else each for each in arguments]

        return Case(f"copies/{name}", "copies.cu", function, build, (kernel,), check)

    found = []
    for stride in (1, 2, 3, 4, 8, 16, 32, 33):
        found.append(
            case(
                f"strided-read-{stride}",
                "copy_strided_read",
                "strided_read",
                same(0, lambda a: a[1][:: a[2]][: a[0].numel()]),
                lambda: torch.zeros(RAGGED),
                lambda stride=stride: floats(RAGGED * stride),
                stride,
            )
        )
    for stride in (2, 3, 8, 33):
        found.append(
            case(
                f"strided-write-{stride}",
                "copy_strided_write",
                "strided_write",
                lambda b, a: torch.equal(a[0][:: a[2]][: a[1].numel()], a[1]),
                lambda stride=stride: torch.zeros(N * stride),
                lambda: floats(N),
                stride,
            )
        )
    for begin in (1, 2, 5, 8):
        found.append(
            case(
                f"base-plus-{begin}",
                "copy_strided_read",
                "strided_read",
                same(0, lambda a: a[1]),
                lambda: torch.zeros(N),
                lambda begin=begin: floats(N + begin)[begin:],
                1,
            )
        )
    plain = same(0, lambda a: a[1])
    found += [
        case(
            "both-bases-off",
            "copy_strided_read",
            "strided_read",
            plain,
            lambda: torch.zeros(N + 3)[3:],
            lambda: floats(N + 6)[6:],
            1,
        ),
        case(
            "grid-stride",
            "copy_grid_stride_loop",
            "grid_stride_loop",
            plain,
            lambda: torch.zeros(RAGGED),
            lambda: floats(RAGGED),
        ),
        case("own-chunk", "copy_chunk", "chunk", plain, lambda: torch.zeros(N), lambda: floats(N)),
        case(
            "reversed",
            "copy_reversed",
            "reversed",
            same(0, lambda a: a[1].flip(0)),
            lambda: torch.zeros(RAGGED),
            lambda: floats(RAGGED),
        ),
    ]
    widths = ("uchar", "half", "bfloat16", "float", "float2", "double", "float4", "double2")
    for number, name in enumerate((*widths, "uchar4")):
        bytes_ = 16 * 1003 if number else 1003 * 4
        found.append(
            case(
                f"width-{name}",
                "copy_width",
                "width",
                plain,
                lambda bytes_=bytes_: torch.zeros(bytes_, dtype=torch.uint8),
                lambda bytes_=bytes_: octets(bytes_),
                number,
            )
        )
    for stride in (2, 3):
        found.append(
            case(
                f"float4-stride-{stride}",
                "copy_wide_stride",
                "wide_stride",
                same(0, lambda a: a[1].view(-1, 4)[:: a[2]][: a[0].numel() // 4].reshape(-1)),
                lambda: torch.zeros(4000),
                lambda stride=stride: floats(4000 * stride),
                stride,
            )
        )
    for threads, n in ((1, 60), (33, 1000), (96, 2000), (1024, 5000)):
        found.append(
            case(
                f"block-of-{threads}",
                "copy_any_block",
                "any_block",
                same(0, lambda a: a[1] + 1),
                lambda n=n: torch.zeros(n),
                lambda n=n: floats(n),
                threads,
            )
        )
    for width, height in ((16, 16), (8, 8), (32, 4), (24, 3)):
        found.append(
            case(
                f"block-{width}x{height}",
                "copy_two_dimensions",
                "two_dimensions",
                plain,
                lambda: torch.zeros(50, 70),
                lambda: floats(50, 70),
                width,
                height,
            )
        )
    for lanes in (2, 8, 32, RAGGED):
        found.append(
            case(
                f"one-element-for-{lanes}",
                "copy_shared_element",
                "shared_element",
                same(0, lambda a: a[1].repeat_interleave(a[2])[: a[0].numel()]),
                lambda: torch.zeros(RAGGED),
                lambda lanes=lanes: floats(RAGGED // lanes + 1),
                lanes,
            )
        )
    return found


def layouts() -> list[Case]:
    """Rows that begin off a sector, and structs."""

    def rows(dtype: torch.dtype, apart: int) -> list[Any]:
        out = torch.zeros(33, 80, dtype=dtype)[:, :65]
        return [out, floats(33, apart).to(dtype)[:, :65]]

    found = [
        Case(
            f"copies/rows-{name}-{apart}-apart",
            "copies.cu",
            "copy_rows",
            lambda dtype=dtype, apart=apart: rows(dtype, apart),
            ("rows_apart",),
            same(0, lambda a: a[1]),
        )
        for name, dtype in (
            ("float", torch.float32),
            ("half", torch.float16),
            ("bfloat16", torch.bfloat16),
        )
        for apart in (67, 72)
    ]
    n = 3000
    xyz = same(0, lambda a: a[1][:, 0] + a[1][:, 1] * a[1][:, 2])
    zyx = same(0, lambda a: a[1][0] + a[1][1] * a[1][2])
    quad = [
        same(0, lambda a: a[2][:, 0] + a[2][:, 2]),
        same(1, lambda a: a[2][:, 1] + a[2][:, 3]),
    ]
    source = "copies.cu"
    return [
        *found,
        Case(
            "copies/array-of-structs",
            source,
            "norm_of_structs",
            lambda: [torch.zeros(n), floats(n, 3)],
            ("points_in_structs",),
            xyz,
        ),
        Case(
            "copies/struct-of-arrays",
            source,
            "norm_of_arrays",
            lambda: [torch.zeros(n), floats(3, n)],
            ("points_in_arrays",),
            zyx,
        ),
        Case(
            "copies/structs-of-four",
            source,
            "split_structs",
            lambda: [torch.zeros(n), torch.zeros(n), floats(n, 4)],
            ("points_of_four",),
            lambda before, after: all(each(before, after) for each in quad),
        ),
    ]


def gathers() -> list[Case]:
    def case(name: str, function: str, kernel: str, build: Any, check: Check) -> Case:
        return Case(f"gather/{name}", "gather.cu", function, build, (kernel,), check)

    n, m = 3000, 5000
    picked = same(0, lambda a: a[1][a[2].long()])

    def some() -> list[Any]:
        return [torch.zeros(n), floats(m), integers(-m, m, n)]

    def lists() -> list[Any]:
        # Lists of 1 to 12 elements; element i is followed by i + 1 until its list ends.
        following = torch.arange(1, m + 1, dtype=torch.int32)
        ends = torch.randint(1, 13, (m,), generator=generator()).cumsum(0)
        following[ends[ends <= m] - 1] = -1
        following[-1] = -1
        return [torch.zeros(1000, dtype=torch.int32), following, integers(0, m, 1000, seed=3)]

    def lengths(arguments: Any) -> torch.Tensor:
        _, following, start = arguments
        ends = (following < 0).nonzero().flatten()
        return ends[torch.searchsorted(ends, start.long())] - start + 1

    return [
        case(
            "elements-int32",
            "gather_elements",
            "gather",
            lambda: [torch.zeros(n), floats(m), integers(0, m, n)],
            picked,
        ),
        case(
            "elements-int64",
            "gather_elements",
            "gather",
            lambda: [torch.zeros(n), floats(m), integers(0, m, n).long()],
            picked,
        ),
        case(
            "elements-near",
            "gather_elements",
            "gather",
            lambda: [torch.zeros(n), floats(m), torch.arange(n, dtype=torch.int32) // 16 * 16 + 3],
            picked,
        ),
        case(
            "scatter",
            "scatter_elements",
            "scatter",
            lambda: [
                torch.zeros(m),
                floats(n),
                torch.randperm(m, generator=generator())[:n].to(torch.int32),
            ],
            lambda before, after: torch.equal(after[0][after[2].long()], after[1]),
        ),
        case(
            "masked",
            "gather_masked",
            "gather_some",
            some,
            same(0, lambda a: torch.where(a[2] >= 0, a[1][a[2].clamp(min=0).long()] * 2, 0.0)),
        ),
        case(
            "rows",
            "gather_rows",
            "gather_row",
            lambda: [torch.zeros(50, 70), floats(90, 70), integers(0, 90, 50)],
            picked,
        ),
        case("lists", "list_lengths", "follow", lists, same(0, lengths)),
    ]


def transposes() -> list[Case]:
    turned = same(0, lambda a: a[1].t())

    def case(name: str, function: str, kernel: str, shape: tuple[int, int], *more: Any) -> Case:
        def build() -> list[Any]:
            return [torch.zeros(shape[1], shape[0]), floats(*shape), *more]

        return Case(f"transpose/{name}", "transpose.cu", function, build, (kernel,), turned)

    whole, ragged = (96, 128), (70, 45)
    return [
        case("read-rows", "transpose_read_rows", "read_rows", whole),
        case("read-rows-ragged", "transpose_read_rows", "read_rows", ragged),
        case("write-rows", "transpose_write_rows", "write_rows", whole),
        case("tile", "transpose_tiled", "tiled", whole, False),
        case("tile-ragged", "transpose_tiled", "tiled", ragged, False),
        case("tile-padded", "transpose_tiled", "tiled", whole, True),
        case("tile-padded-ragged", "transpose_tiled", "tiled", ragged, True),
        case("tile-swizzled", "transpose_swizzled", "swizzled", whole),
        case("vectors", "transpose_vectors", "vectors", whole),
    ]
