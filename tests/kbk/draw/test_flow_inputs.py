"""Which elements lead to a result without a doubt, and which ones only may have."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from flowing import graph, row_of, sources, ways
from pictured import drawn, numbers

import kbk
from kbk import draw
from kbk.build.module import Module
from kbk.draw.sheet import text_width
from kbk.sanitizer.history import Launch

FLOWS = r"""
// A store that has nothing to do with the sum stands between its load and the shuffles.
__global__ void aside_k(float* out, float* aside, const float* x, bool late) {
  float v = x[threadIdx.x];
  aside[threadIdx.x] = v;
  if (late) v += x[32 + threadIdx.x];
  for (int d = 16; d > 0; d /= 2) v += __shfl_xor_sync(0xffffffffu, v, d);
  if (threadIdx.x == 0) out[0] = v;
}

// Each row by a block of 64 threads, whose trips through the row store between loads and shuffles.
__global__ void softmax_k(float* out, const float* x, int columns) {
  extern __shared__ float row[];
  float* part = row + columns;
  const float* in = x + blockIdx.x * columns;
  float s = 0;
  for (int i = threadIdx.x; i < columns; i += 64) { row[i] = expf(in[i]); s += row[i]; }
  for (int d = 16; d > 0; d /= 2) s += __shfl_xor_sync(0xffffffffu, s, d);
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = s;
  __syncthreads();
  s = part[0] + part[1];
  for (int i = threadIdx.x; i < columns; i += 64) out[blockIdx.x * columns + i] = row[i] / s;
}

// Tiles of 8 x 8; what is outside of a and b is FILL.
template <int FILL>
__global__ void tiled_k(float* c, const float* a, const float* b, int m, int n, int k) {
  __shared__ float as[8][8];
  __shared__ float bs[8][8];
  int x = threadIdx.x, y = threadIdx.y, row = blockIdx.y * 8 + y, column = blockIdx.x * 8 + x;
  float sum = 0;
  for (int t = 0; t < k; t += 8) {
    as[y][x] = row < m && t + x < k ? a[row * k + t + x] : FILL;
    bs[y][x] = column < n && t + y < k ? b[(t + y) * n + column] : FILL;
    __syncthreads();
    for (int i = 0; i < 8; ++i) sum += as[y][i] * bs[i][x];
    __syncthreads();
  }
  if (row < m && column < n) c[row * n + column] = sum;
}

// Sum of all in two steps: warps, then blocks.
__global__ void sum_k(float* out, const float* x, int n) {
  __shared__ float partial[4];
  int lane = threadIdx.x % 32, step = gridDim.x * blockDim.x;
  float v = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step) v += x[i];
  for (int d = 16; d > 0; d /= 2) v += __shfl_xor_sync(0xffffffffu, v, d);
  if (lane == 0) partial[threadIdx.x / 32] = v;
  __syncthreads();
  if (threadIdx.x < 32) {
    v = lane < 4 ? partial[lane] : 0.0f;
    for (int d = 16; d > 0; d /= 2) v += __shfl_xor_sync(0xffffffffu, v, d);
    if (lane == 0) atomicAdd(out, v);
  }
}

// Counts in shared memory first.
__global__ void bins_k(int* out, const int* x, int n) {
  __shared__ int bins[8];
  int t = threadIdx.x;
  if (t < 8) bins[t] = 0;
  __syncthreads();
  for (int i = t; i < n; i += blockDim.x) atomicAdd(&bins[x[i]], 1);
  __syncthreads();
  if (t < 8) atomicAdd(&out[t], bins[t]);
}

const float* in(const Tensor& x) { return x.const_data_ptr<float>(); }
float* to(Tensor& out) { return out.mutable_data_ptr<float>(); }
void aside(Tensor out, Tensor aside, const Tensor& x, bool late) {
  aside_k<<<1, 32>>>(to(out), to(aside), in(x), late);
}
void softmax(Tensor out, const Tensor& x) {
  int columns = x.size(1);
  softmax_k<<<x.size(0), 64, (columns + 2) * sizeof(float)>>>(to(out), in(x), columns);
}
void tiled(Tensor c, const Tensor& a, const Tensor& b, bool zero) {
  int m = a.size(0), k = a.size(1), n = b.size(1);
  dim3 grid((n + 7) / 8, (m + 7) / 8), block(8, 8);
  if (zero) {
    tiled_k<0><<<grid, block>>>(to(c), in(a), in(b), m, n, k);
  } else {
    tiled_k<1><<<grid, block>>>(to(c), in(a), in(b), m, n, k);
  }
}
void sum(Tensor out, const Tensor& x) { sum_k<<<2, 128>>>(to(out), in(x), x.numel()); }
void bins(Tensor out, const Tensor& x) {
  bins_k<<<1, 32>>>(out.mutable_data_ptr<int>(), x.const_data_ptr<int>(), x.numel());
}
"""


@pytest.fixture(scope="module")
def flows() -> Module:
    return kbk.load_inline(
        "flows", cuda_sources=FLOWS, functions=["aside", "softmax", "tiled", "sum", "bins"]
    )


def run(op: Callable[..., object], *arguments: object) -> Launch:
    with kbk.profile() as p:
        op(*arguments)
    (launch,) = p.launches
    return launch


@pytest.mark.parametrize("late", [False, True])
def test_a_store_between_a_load_and_a_shuffle_takes_no_input_away(
    late: bool, flows: Module
) -> None:
    launch = run(flows.aside, torch.zeros(1), torch.zeros(32), numbers(64), late)
    picture = draw.data_flow(launch, "out", 0)
    sure, maybe = sources(picture), sources(picture, maybe=True)
    first = row_of("x", range(32))
    # With a second load behind the store, a register may have kept the first one, or not.
    assert sure == {"x": row_of("x", range(32, 64)) if late else first}
    assert maybe == ({"x": first} if late else {})
    counted = "32 elements of x (up to 64 with dashed ones)" if late else "32 elements of x,"
    assert counted in picture.caption


@pytest.mark.parametrize("columns", [32, 64, 100])
def test_each_element_of_a_row_leads_to_a_softmax(columns: int, flows: Module) -> None:
    x = torch.rand(2, columns)
    out = torch.empty(2, columns)
    launch = run(flows.softmax, out, x)
    torch.testing.assert_close(out, x.softmax(1))
    picture = draw.data_flow(launch, "out", (1, 5))
    assert sources(picture)["x"] == row_of("x", range(columns), 1)
    assert f"It goes back to {columns} elements of x, through" in picture.caption


@pytest.mark.parametrize("i, j", [(3, 4), (0, 0), (9, 10)])
def test_zeros_around_a_matrix_come_from_nowhere(i: int, j: int, flows: Module) -> None:
    m, n, k = 10, 18, 12  # no multiples of a tile
    a, b, c = torch.rand(m, k), torch.rand(k, n), torch.empty(m, n)
    launch = run(flows.tiled, c, a, b, True)
    torch.testing.assert_close(c, a @ b)
    picture = draw.data_flow(launch, "c", (i, j))
    found = sources(picture)
    assert found["a"] == row_of("a", range(k), i)
    assert found["b"] == {f"b[{each}, {j}]" for each in range(k)}
    assert set(ways(graph(launch, "c", i, j))) == {
        ("a", "as"),
        ("b", "bs"),
        ("as", "result"),
        ("bs", "result"),
    }
    assert "It goes back to 12 elements of a and 12 elements of b, through" in picture.caption


def test_another_constant_around_a_matrix_may_come_from_a_register(flows: Module) -> None:
    a, b = torch.rand(10, 12), torch.rand(12, 18)
    launch = run(flows.tiled, torch.empty(10, 18), a, b, False)
    picture = draw.data_flow(launch, "c", (3, 1))
    sure = sources(picture)
    assert sure["a"] == row_of("a", range(12), 3)
    assert sure["b"] == {f"b[{each}, 1]" for each in range(12)}
    # The threads that stored 1 in column 1 of bs had loaded these for as just before.
    assert sources(picture, maybe=True)["a"] == {f"a[{row}, 9]" for row in range(4, 8)}
    assert "12 elements of a (up to 16 with dashed ones)" in picture.caption
    (crossed,) = (
        edge
        for (source, end), edge in graph(launch, "c", 3, 1).edges.items()
        if (source, end) == (("global", 0), ("shared", 0, 1))
    )
    assert crossed.kept


def test_a_node_has_as_many_elements_as_its_tensor(flows: Module) -> None:
    launch = run(flows.sum, torch.zeros(1), numbers(1000))
    picture = draw.data_flow(launch, "out", 0)
    assert "1,000 of 1,000" in drawn(picture).words()
    assert "1,024" not in drawn(picture).words()


def test_the_same_array_of_several_blocks_is_named_once(flows: Module) -> None:
    picture = draw.data_flow(run(flows.sum, torch.zeros(1), numbers(1000)), "out", 0)
    assert picture.caption.endswith(
        "It goes back to 1,000 elements of x, through partial of 2 blocks and shuffles."
    )
    said = picture.alt.rstrip(".").split(". ")
    assert len(said) == len(set(said))
    assert {row[6] for row in picture.rows} == {""}  # nothing that takes part anyway is a maybe


def test_what_may_take_part_is_counted_apart_and_drawn_hollow(flows: Module) -> None:
    x = torch.arange(64, dtype=torch.int32) % 7
    launch = run(flows.bins, torch.zeros(8, dtype=torch.int32), x)
    picture = draw.data_flow(launch, "out", 5)
    sure = {f"x[{i}]" for i in range(64) if i % 7 == 5}
    maybe = sources(picture, maybe=True)["x"] - sure
    assert sources(picture)["x"] == sure and maybe
    both = len(sure) + len(maybe)
    assert f"{len(sure)} elements of x (up to {both} with dashed ones)" in picture.caption
    kept = drawn(picture)
    assert f"{len(sure)} to {both} of 64" in kept.words()
    assert any(look.get("style") == ":" and look["fill"] is None for _, look in kept.boxes)


def test_labels_stand_beside_the_texts_and_maps_of_nodes(flows: Module) -> None:
    launch = run(flows.sum, torch.zeros(1), numbers(1000))
    kept = drawn(draw.data_flow(launch, "out", 0))
    texts = [(x, y - 0.06, text_width(text), 0.12) for x, y, text in kept.texts]
    for x, y, text in kept.labels:
        half = text_width(text) / 2
        for box in texts:
            apart = x + half <= box[0] or box[0] + box[2] <= x - half
            assert apart or y + 0.06 <= box[1] or box[1] + box[3] <= y - 0.06
