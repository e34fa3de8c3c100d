"""Warp shuffles, votes, matches, reductions and active masks against a Python model.

Simulator and GPU agree.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kbk

SOURCE = r"""
template <typename T> struct Launch;

#define SHUFFLE(name, call)                                                          \
  template <typename T>                                                              \
  __global__ void name##_kernel(T* out, const T* in, const int* argument, int width, \
                                int64_t mask) {                                      \
    const int i = threadIdx.x;                                                       \
    if (!(mask >> (i % 32) & 1)) return;                                             \
    out[i] = call(static_cast<unsigned>(mask), in[i], argument[i], width);           \
  }
SHUFFLE(idx, __shfl_sync)
SHUFFLE(up, __shfl_up_sync)
SHUFFLE(down, __shfl_down_sync)
SHUFFLE(bfly, __shfl_xor_sync)

template <typename T>
void run(Tensor out, const Tensor& in, const Tensor& argument, int64_t width, int64_t mask,
         int64_t which) {
  T* o = static_cast<T*>(out.data_ptr());
  const T* x = static_cast<const T*>(in.data_ptr());
  const int* a = static_cast<const int*>(argument.data_ptr());
  const int threads = in.numel();
  cudaStream_t s = current_stream();
  switch (which) {
    case 0: idx_kernel<T><<<1, threads, 0, s>>>(o, x, a, width, mask); break;
    case 1: up_kernel<T><<<1, threads, 0, s>>>(o, x, a, width, mask); break;
    case 2: down_kernel<T><<<1, threads, 0, s>>>(o, x, a, width, mask); break;
    default: bfly_kernel<T><<<1, threads, 0, s>>>(o, x, a, width, mask);
  }
}
void shuffle(Tensor out, const Tensor& in, const Tensor& argument, int64_t width, int64_t mask,
             int64_t which) {
  using torch::headeronly::ScalarType;
  switch (in.scalar_type()) {
    case ScalarType::Int: return run<int>(out, in, argument, width, mask, which);
    case ScalarType::Long: return run<long long>(out, in, argument, width, mask, which);
    case ScalarType::Float: return run<float>(out, in, argument, width, mask, which);
    case ScalarType::Double: return run<double>(out, in, argument, width, mask, which);
    case ScalarType::Half: return run<__half>(out, in, argument, width, mask, which);
    case ScalarType::BFloat16: return run<__nv_bfloat16>(out, in, argument, width, mask, which);
    default: KBK_CHECK(false, "in: no such dtype here");
  }
}

__global__ void collect(int64_t* out, const int* values, int64_t mask64) {
  const unsigned mask = static_cast<unsigned>(mask64);
  const int lane = threadIdx.x;
  if (!(mask >> lane & 1)) return;
  const int v = values[lane];
  int64_t* row = out + 16 * lane;
  int equal = -1;
  row[0] = __ballot_sync(mask, v > 0);
  row[1] = __any_sync(mask, v > 6) != 0;
  row[2] = __all_sync(mask, v > -100) != 0;
  row[3] = __match_any_sync(mask, v);
  row[4] = __match_all_sync(mask, v, &equal);
  row[5] = equal != 0;
  __syncwarp(mask);
#if __CUDA_ARCH__ >= 800
  row[6] = __reduce_add_sync(mask, v);
  row[7] = __reduce_min_sync(mask, v);
  row[8] = __reduce_max_sync(mask, v);
  row[9] = __reduce_max_sync(mask, static_cast<unsigned>(v));
  row[10] = __reduce_and_sync(mask, static_cast<unsigned>(v));
  row[11] = __reduce_or_sync(mask, static_cast<unsigned>(v));
  row[12] = __reduce_xor_sync(mask, static_cast<unsigned>(v));
#endif
}
void collectives(Tensor out, const Tensor& values, int64_t mask) {
  collect<<<1, 32, 0, current_stream()>>>(
      static_cast<int64_t*>(out.data_ptr()), static_cast<const int*>(values.data_ptr()), mask);
}

__global__ void diverge(int* out) {
  const int lane = threadIdx.x % 32;
  unsigned mask;
  if (lane % 3 == 0) mask = __activemask();
  else if (lane % 3 == 1) mask = __ballot_sync(__activemask(), lane > 10);
  else { for (int i = 0; i < lane; ++i) __syncwarp(1u << lane); mask = 0; }
  out[threadIdx.x] = static_cast<int>(mask);
}
void active_masks(Tensor out) {
  diverge<<<1, out.numel(), 0, current_stream()>>>(static_cast<int*>(out.data_ptr()));
}

__global__ void halves(int* out) {
  const int lane = threadIdx.x % 32;
  int v = threadIdx.x;
  if (lane < 16) for (int d = 8; d > 0; d /= 2) v += __shfl_xor_sync(0x0000ffffu, v, d);
  else for (int d = 1; d < 16; d *= 2) v += __shfl_xor_sync(0xffff0000u, v, d);
  out[threadIdx.x] = v;
}
void half_warps(Tensor out) {
  halves<<<1, out.numel(), 0, current_stream()>>>(static_cast<int*>(out.data_ptr()));
}
"""
DTYPES = [torch.int32, torch.int64, torch.float32, torch.float64, torch.float16, torch.bfloat16]


@pytest.fixture(scope="module")
def ops() -> Any:
    return kbk.load_inline(
        "warp",
        cuda_sources=SOURCE,
        functions=["shuffle", "collectives", "active_masks", "half_warps"],
    )


def source_lane(which: int, lane: int, argument: int, width: int) -> int:
    """The lane that a shuffle reads, by the programming guide's words."""
    first = lane // width * width
    if which == 0:
        return first + argument % width
    if which == 1:
        return lane - argument if lane - argument >= first else lane
    if which == 2:
        return lane + argument if lane + argument < first + width else lane
    other = lane ^ argument
    return other if other < first + width else lane


@pytest.mark.parametrize("which", range(4), ids=["idx", "up", "down", "xor"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_shuffles_read_the_lane_they_name(
    ops: Any, device: str, which: int, dtype: torch.dtype
) -> None:
    generator = torch.Generator().manual_seed(which)
    for width in (32, 16, 8, 4, 2, 1):
        for full in (True, False):
            x = torch.randint(-100, 100, (64,), generator=generator).to(dtype)
            argument = torch.randint(0, 32 if full else width, (64,), generator=generator).int()
            if which == 1 or which == 2:
                argument %= 32
            out = torch.full_like(x, 99, device=device)
            ops.shuffle(out, x.to(device), argument.to(device), width, 0xFFFFFFFF, which)
            lanes = [
                i // 32 * 32 + source_lane(which, i % 32, int(argument[i]), width)
                for i in range(64)
            ]
            assert torch.equal(out.cpu(), x[lanes]), (width, argument)


def test_lanes_outside_the_mask_take_no_part(ops: Any, device: str) -> None:
    x = torch.arange(32).int()
    out = torch.full_like(x, -7, device=device)
    mask = 0x0F0F0F0F
    argument = torch.full((32,), 8).int()  # 0..3 <-> 8..11 and so on: all inside the mask
    ops.shuffle(out, x.to(device), argument.to(device), 32, mask, 3)
    expected = [i ^ 8 if mask >> i & 1 else -7 for i in range(32)]
    assert out.tolist() == expected


@pytest.mark.parametrize("mask", [0xFFFFFFFF, 0x00000001, 0x80000001, 0x0000FFFF, 0xAAAAAAAA])
def test_votes_matches_and_reductions(ops: Any, device: str, mask: int) -> None:
    for seed in range(4):
        generator = torch.Generator().manual_seed(seed)
        v = torch.randint(-8, 8, (32,), generator=generator).int()
        if seed == 3:
            v[:] = 5
        out = torch.full((32, 16), -1, dtype=torch.int64, device=device)
        ops.collectives(out, v.to(device), mask)
        lanes = [i for i in range(32) if mask >> i & 1]
        values = {i: int(v[i]) for i in lanes}
        bits = {i: values[i] & 0xFFFFFFFF for i in lanes}
        together = set(values.values())
        folded = [0xFFFFFFFF, 0, 0]
        for i in lanes:
            folded = [folded[0] & bits[i], folded[1] | bits[i], folded[2] ^ bits[i]]
        for i in range(32):
            row = out[i].tolist()
            if i not in values:
                assert row == [-1] * 16
                continue
            same = sum(1 << j for j in lanes if values[j] == values[i])
            assert row[0] == sum(1 << j for j in lanes if values[j] > 0)
            assert row[1] == any(x > 6 for x in values.values())
            assert row[2] == 1
            assert row[3] == same
            assert row[4] == (mask if len(together) == 1 else 0)
            assert row[5] == (len(together) == 1)
            if device == "cpu" or torch.cuda.get_device_capability()[0] >= 8:
                assert row[6:9] == [sum(values.values()), min(together), max(together)]
                assert row[9] == max(bits.values())
                assert row[10:13] == folded


def test_active_masks_name_the_lanes_that_came_the_same_way(ops: Any, device: str) -> None:
    out = torch.zeros(64, dtype=torch.int32, device=device)
    ops.active_masks(out)
    for i, mask in enumerate(out.tolist()):
        lane = i % 32
        threes = sum(1 << k for k in range(32) if k % 3 == 0)
        ones = sum(1 << k for k in range(32) if k % 3 == 1 and k > 10)
        assert mask & 0xFFFFFFFF == (threes if lane % 3 == 0 else ones if lane % 3 == 1 else 0)


def test_halves_of_a_warp_shuffle_at_their_own_pace(ops: Any, device: str) -> None:
    out = torch.zeros(96, dtype=torch.int32, device=device)
    ops.half_warps(out)
    expected = [sum(range(i // 16 * 16, i // 16 * 16 + 16)) for i in range(96)]
    assert out.tolist() == expected


BAD = r"""
__global__ void outside_mask(int* p) {
  p[threadIdx.x] = __shfl_sync(0x0000fffeu, p[threadIdx.x], 3);
}
__global__ void bad_width(int* p) {
  p[threadIdx.x] = __shfl_sync(0xffffffffu, p[threadIdx.x], 3, 12);
}
void run(Tensor p, int64_t which) {
  if (which == 0) outside_mask<<<1, 32>>>(static_cast<int*>(p.data_ptr()));
  else bad_width<<<1, 32>>>(static_cast<int*>(p.data_ptr()));
}
"""


@pytest.mark.parametrize(
    ("which", "words"),
    [
        (0, "lane 0 called a warp collective whose mask 0x0000fffe does not name it"),
        (1, "power of two from 1 to 32; it was 12"),
    ],
)
def test_a_collective_that_cannot_be_ends_the_launch(which: int, words: str) -> None:
    bad = kbk.load_inline("warp_bad", cuda_sources=BAD, functions=["run"])
    with pytest.raises(kbk.LaunchError, match=words) as caught:
        bad.run(torch.zeros(32, dtype=torch.int32), which)
    assert caught.value.line == [3, 6][which]
