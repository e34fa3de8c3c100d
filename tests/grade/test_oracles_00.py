"""Chapter 00's graders are right: what is read from traces against closed forms, these against
kernels that sign what they write, the tolerance against arithmetic that it must accept or reject,
the baselines against every lane."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

import kbk
from kbk.grade import catalogue
from kbk.grade.compare import right

SIGNED = r"""
// Each thread writes its coordinates' number, as the host may compute it, and what it learns from
// its warp alone: its lane, found by asking every lane for its name, and the name of lane 0.
__global__ void sign(int* lane, int* leader, int* column, int columns) {
  const int name = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const unsigned mask = __activemask();
  int mine = -1, first = -1;
  for (int l = 0; l < 32; ++l) {
    if (!(mask >> l & 1)) continue;
    const int asked = __shfl_sync(mask, name, l);
    if (asked == name) mine = l;
    if (first < 0) first = asked;
  }
  if (blockIdx.x == 0) {
    lane[name] = mine;
    leader[name] = first;
  }
  for (int c = 0; c < columns; ++c)  // finds its place by counting, not by multiplying
    if (c / blockDim.x == blockIdx.x && c % blockDim.x == threadIdx.x && name < blockDim.x)
      column[blockIdx.x * 1024 + threadIdx.x] = c;
}

void signed_threads(Tensor lane, Tensor leader, Tensor column, int64_t x, int64_t y, int64_t z,
                    int64_t blocks) {
  sign<<<blocks, dim3(x, y, z), 0, current_stream()>>>(
      lane.mutable_data_ptr<int>(), leader.mutable_data_ptr<int>(),
      column.mutable_data_ptr<int>(), x * blocks);
}

__global__ void draw(int* number) {
  const int row = threadIdx.y, column = 8 * threadIdx.z + threadIdx.x;
  const unsigned mask = __activemask();
  const int self = 16 * row + column;
  int lane = -1, first = -1;
  for (int l = 0; l < 32; ++l) {
    const int asked = __shfl_sync(mask, self, l);
    if (asked == self) lane = l;
    if (first < 0) first = asked;
  }
  number[16 * row + column] = 100 * first + lane;
}

void drawn_map(Tensor number) {
  draw<<<1, dim3(8, 4, 2), 0, current_stream()>>>(number.mutable_data_ptr<int>());
}
"""


Triple = tuple[int, int, int]


# The CUDA C++ Programming Guide, section "Thread Hierarchy".
def linear(tx: int, ty: int, tz: int, dims: Triple) -> int:
    """Number of a thread in its block, x fastest."""
    return tx + dims[0] * (ty + dims[1] * tz)


def warp_lane(tx: int, ty: int, tz: int, dims: Triple) -> tuple[int, int]:
    """Warp and lane of a thread: the block's numbering, cut every 32."""
    return divmod(linear(tx, ty, tz, dims), 32)


def element(bx: int, tx: int, dims: Triple) -> int:
    """Column of a thread of block bx: the blocks before it have dims[0] columns each."""
    return bx * dims[0] + tx


def thread_map() -> list[list[tuple[int, int]]]:
    """(warp, lane) by row and column, filled by the threads one after the other."""
    drawn = [[(-1, -1)] * 16 for _ in range(4)]
    for tz in range(2):
        for ty in range(4):
            for tx in range(8):
                drawn[ty][8 * tz + tx] = warp_lane(tx, ty, tz, (8, 4, 2))
    return drawn


def grader(name: str) -> SimpleNamespace:
    """What a grader file defines."""
    return SimpleNamespace(**catalogue.find(name).checks[0].cases.__globals__)


@pytest.fixture(scope="module", params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def kernels() -> kbk.build.module.Module:
    return kbk.load_inline(
        "signed_threads", cuda_sources=SIGNED, functions=["signed_threads", "drawn_map"]
    )


CLOSED = {
    "linear": linear,
    "warp and lane": warp_lane,
    "element": element,
    "thread map": thread_map,
}


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("seed", range(3))
def test_what_traced_kernels_show_is_the_closed_form(name, seed):
    check = next(each for each in catalogue.find("00/01").checks if each.name == name)
    for ask in check.cases(random.Random(seed)):
        assert ask.expect() == CLOSED[name](*ask.args), ask.args


def test_the_closed_forms_are_what_threads_find_out_about_themselves(kernels, machine):
    who = grader("00/01")
    for dims in who.shapes(random.Random(1), 60):
        x, y, z = dims
        blocks = 3
        lane, leader = (
            torch.full((x * y * z,), -1, dtype=torch.int32, device=machine) for _ in "ab"
        )
        column = torch.full((blocks * 1024,), -1, dtype=torch.int32, device=machine)
        kernels.signed_threads(lane, leader, column, x, y, z, blocks)
        threads = [(a, b, c) for c in range(z) for b in range(y) for a in range(x)]
        numbers = [linear(*at, dims) for at in threads]
        assert numbers == list(range(x * y * z)), "every number once, x fastest"
        found = [warp_lane(*at, dims) for at in threads]
        assert [each[1] for each in found] == lane.tolist()
        # Threads of one warp have one leader, whose number is the warp's first.
        assert [32 * each[0] for each in found] == leader.tolist()
        places = column.view(blocks, 1024)[:, :x].tolist()
        assert places == [[element(b, a, dims) for a in range(x)] for b in range(blocks)]


def test_the_thread_map_is_what_the_kernel_of_its_docstring_draws(kernels, machine):
    number = torch.full((64,), -1, dtype=torch.int32, device=machine)
    kernels.drawn_map(number)
    firsts = sorted({each // 100 for each in number.tolist()})  # names of the two lanes 0
    traced = [(firsts.index(each // 100), each % 100) for each in number.tolist()]
    assert [traced[16 * row : 16 * row + 16] for row in range(4)] == thread_map()


def test_random_shapes_have_one_two_and_three_dimensions_that_cuda_can_launch():
    drawn = list(grader("00/01").shapes(random.Random(2)))
    assert len(drawn) >= 200
    assert all(x * y * z <= 1024 and z <= 64 and min(x, y, z) >= 1 for x, y, z in drawn)
    assert {sum(d > 1 for d in dims) for dims in drawn} >= {1, 2, 3}
    assert any(x * y * z % 32 for x, y, z in drawn)


def test_tensors_on_two_devices_are_refused_by_name_before_the_host_function():
    door = catalogue.find("00/04")
    module = kbk.load_inline(
        "door_stub", cuda_sources=catalogue.stub_text(door), functions=["last_token"]
    )
    with pytest.raises(kbk.ArgumentError, match=r"x must be on the device of out, cpu.*meta"):
        module.last_token(torch.empty(33), torch.empty(5, 33, device="meta"))


# 00/06: what the tolerance of axpby lets pass, and what not.

DTYPES = [torch.float32, torch.float16, torch.bfloat16]
NARROW = DTYPES[1:]


def inputs(dtype: torch.dtype, seed: int) -> tuple[Tensor, Tensor, float, float]:
    axpby, rng = grader("00/06"), random.Random(seed)
    a, b = axpby.factors(rng)
    return axpby.drawn(rng, 10_007, dtype), axpby.drawn(rng, 10_007, dtype), a, b


def accepted(out: Tensor, x: Tensor, y: Tensor, a: float, b: float) -> bool:
    tol = grader("00/06").tolerance(x.dtype, a, b)
    return bool(right(out, a * x.double() + b * y.double(), tol).all())


def single(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float32)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_the_correctly_rounded_result_is_accepted(dtype, seed):
    x, y, a, b = inputs(dtype, seed)
    assert accepted((a * x.double() + b * y.double()).to(dtype), x, y, a, b)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_float32_arithmetic_is_accepted_with_and_without_fused_operations(dtype, seed):
    x, y, a, b = inputs(dtype, seed)
    left, right_ = single(a) * x.float(), single(b) * y.float()
    assert accepted((left + right_).to(dtype), x, y, a, b)
    fused = (left.double() + single(b).double() * y.double()).float()
    assert accepted(fused.to(dtype), x, y, a, b)


@pytest.mark.parametrize("dtype", NARROW, ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_arithmetic_in_the_dtype_is_rejected(dtype, seed):
    x, y, a, b = inputs(dtype, seed)
    narrow_a, narrow_b = single(a).to(dtype), single(b).to(dtype)
    assert not accepted(narrow_a * x + narrow_b * y, x, y, a, b)


@pytest.mark.parametrize("dtype", NARROW, ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_a_product_that_is_rounded_to_the_dtype_is_rejected(dtype, seed):
    x, y, a, b = inputs(dtype, seed)
    product = (single(a) * x.float()).to(dtype).float()
    assert not accepted((product + single(b) * y.float()).to(dtype), x, y, a, b)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_a_factor_that_is_rounded_to_float16_is_rejected(dtype, seed):
    x, y, a, b = inputs(dtype, seed)
    half = single(a).half().float()
    assert not accepted((half * x.float() + single(b) * y.float()).to(dtype), x, y, a, b)


@pytest.mark.parametrize("dtype", NARROW, ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_a_result_that_is_not_the_nearest_one_is_rejected(dtype, seed):
    x, y, a, b = inputs(dtype, seed)
    exact = a * x.double() + b * y.double()
    bits = exact.to(dtype).view(torch.int16)
    rejected = 0
    for step in (-1, 1):  # the neighbours of what is right
        beside = (bits + step).view(dtype)
        away = (beside.double() - exact).abs() / (torch.finfo(dtype).eps / 2 * exact.abs())
        just = (away > 1.2) & (away < 1.6) & (exact.abs() > 0.5)
        rejected += int(just.sum())
        tol = grader("00/06").tolerance(dtype, a, b)
        assert not right(beside, exact, tol)[just].any()
    assert rejected > 100, "many lie between one rounding and 1.6 of it"


# 00/05: the gates' baseline and target, lane by lane.


def excess(rows: int, columns: int, lanes_along_rows: bool) -> tuple[int, int]:
    """(excess sectors of one array, requests of it) with warps of 32 elements along one axis."""
    outer, inner = (columns, rows) if lanes_along_rows else (rows, columns)
    total = requests = 0
    for fixed in range(outer):
        for first in range(0, inner, 32):
            lanes = range(first, min(first + 32, inner))
            at = [r * columns + fixed if lanes_along_rows else fixed * columns + r for r in lanes]
            total += len({4 * each // 32 for each in at}) - -(-4 * len(at) // 32)
            requests += 1
    return total, requests


def test_the_baseline_of_rows_and_columns_counts_the_stub_and_the_target_the_solution():
    bias = grader("00/05")
    assert excess(bias.ROWS, bias.COLUMNS, True) == (bias.STUB_EXCESS // 2, bias.STUB_WARPS)
    assert excess(bias.ROWS, bias.COLUMNS, False) == (0, bias.ROW_REQUESTS // 2)


def test_rows_that_begin_inside_a_sector_cost_every_kernel_excess():
    assert excess(100, 257, False)[0] > 0
