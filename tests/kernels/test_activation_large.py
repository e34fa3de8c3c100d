"""Rows, indices and tensors beyond 2^31 elements; and, on a GPU, the shapes of the peers' tests."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from activation_oracle import BF16_RUNGS, DTYPES, OPS, RUNGS, made, poisoned, wrong

import kbk
from kbk.build import load_inline
from kbk.ops import family
from kbk.paths import KERNELS

BF16 = torch.bfloat16
FAR = 2**30 + 8  # rows so many elements apart: the third begins beyond 2^31

PLACES = r"""
__global__ void places_kernel(int64_t* out, const int64_t* i, int64_t n, Rows rows) {
  const int64_t at = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= n) return;
  const Place found = place(rows, i[at]);
  out[2 * at] = found.out;
  out[2 * at + 1] = found.gate;
}

// The place of each i in a tensor of tokens rows of d, as rungs 1, 2, 6 and 7 find it.
void places(Tensor out, const Tensor& i, int64_t tokens, int64_t d) {
  const Rows rows{tokens, d, d, 2 * d, inverse_of(tokens, d)};
  places_kernel<<<ceil_div(i.numel(), 64), 64, 0, current_stream()>>>(
      out.mutable_data_ptr<int64_t>(), i.const_data_ptr<int64_t>(), i.numel(), rows);
}
"""


def region(name: str) -> str:
    text = (KERNELS / "activation.cu").read_text()
    return text.split(f"// [begin {name}]\n")[1].split(f"// [end {name}]")[0]


def test_a_row_is_found_exactly_wherever_an_index_can_point(machine):
    source = "".join(region(name) for name in ("maths", "door", "rung 1")) + PLACES
    ops = load_inline("activation_places", cuda_sources=source, functions=["places"])
    for d in (1, 2, 3, 7, 8, 3420, 11008, 14336, 2**31 - 1, 2**31 + 11):
        most = min((2**64 - 1) // d // d, 2**61 // d)  # of rows; for one row there is no limit
        for tokens in {1, min(3, most), most // 1000, most - 1, most} - {0, -1}:
            rows = torch.tensor([0, 1, tokens // 3, tokens // 2, tokens - 2, tokens - 1])
            rows = rows.clamp(0, tokens - 1)
            i = torch.cat([rows * d, rows * d + d - 1, rows * d + d // 2])
            out = torch.zeros(i.numel(), 2, dtype=torch.int64, device=machine)
            ops.places(out, i.to(machine), tokens, d)
            assert torch.equal(out[:, 0].cpu(), i)
            assert torch.equal(out[:, 1].cpu(), i + i // d * d)


@pytest.mark.parametrize("name", [*RUNGS, *OPS])
def test_rows_that_begin_beyond_2_to_the_31_elements_are_found(machine, name):
    d = 24
    # The memory in between is never touched, so it costs nothing on a CPU.
    wide = torch.empty(2 * FAR + 2 * d, dtype=BF16, device=machine)
    far_out = torch.empty(2 * FAR + d, dtype=BF16, device=machine)
    x, out = wide.as_strided((3, 2 * d), (FAR, 1)), far_out.as_strided((3, d), (FAR, 1))
    x.copy_(made(3, 2 * d, dtype=BF16))
    out.fill_(torch.nan)
    if name in OPS:
        OPS[name](x, out)
    else:
        getattr(family("activation"), name)(out, x)
    if name == "silu_then_mul":
        assert not out.isnan().any()
    else:
        assert wrong(name if name in OPS else "silu_and_mul", out, x) == ""


def test_rows_that_the_multiplication_cannot_tell_apart_are_refused(tmp_path):
    def sparse(name: str, elements: int) -> torch.Tensor:
        """A file without content as memory: it takes no room."""
        path = tmp_path / name
        return torch.from_file(str(path), shared=True, size=elements, dtype=BF16)

    d = 2**31
    x, out = sparse("x", 2 * d).expand(5, 2 * d), sparse("out", 5 * d).view(5, d)
    with pytest.raises(kbk.ArgumentError, match=r"below 2\^64; its shape is \[5, 4294967296\]"):
        OPS["silu_and_mul"](x, out)


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.parametrize(("tokens", "d"), [(149_910, 14_336), (2**24 + 3, 129)])
def test_tensors_of_more_than_2_to_the_31_elements_are_computed(tokens, d):
    x = torch.empty(tokens, 2 * d, dtype=BF16, device="cuda").normal_()
    assert x.numel() > 2**31
    for name in [*RUNGS, *OPS]:
        out = torch.full((tokens, d), torch.nan, dtype=BF16, device="cuda")
        if name in OPS:
            OPS[name](x, out)
        else:
            getattr(family("activation"), name)(out, x)
        for first in (0, tokens // 2, tokens - 100):
            rows = slice(first, first + 100)
            if name != "silu_then_mul":
                op = name if name in OPS else "silu_and_mul"
                assert wrong(op, out[rows], x[rows]) == "", name
        assert not out.isnan().any(), name


SHAPES = [  # of the tests of SGLang, FlashInfer and vLLM
    *product((1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 8192), (128, 256, 512, 2048)),
    *product((1, 2, 16, 256, 2048), (4096, 11008, 13824, 16384)),
    (83, 1024),
    (2, 3, 512),
    (1, 17, 4096),
    (48, 3072),
    (38, 8192),
    (39, 32768),
    *((2**x, 65536) for x in range(0, 11, 2)),
    *product((7, 83, 2048), (512, 13824)),
]


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("op", OPS)
def test_the_shapes_of_the_peers_tests_are_right(op, dtype):
    for *leading, d in SHAPES:
        x = made(*leading, 2 * d, dtype=dtype, device="cuda")
        out = poisoned(*leading, d, dtype=dtype, device="cuda")
        OPS[op](x, out)
        assert wrong(op, out, x) == "", (leading, d)


@pytest.mark.gpu
@pytest.mark.parametrize("name", [n for n in RUNGS if n not in BF16_RUNGS])
def test_the_rungs_are_right_at_the_shapes_of_a_served_model(name):
    for (tokens, d), dtype in product(((1, 14336), (64, 14336), (1024, 11008)), DTYPES):
        x = made(tokens, 2 * d, dtype=dtype, device="cuda")
        out = poisoned(tokens, d, dtype=dtype, device="cuda")
        getattr(family("activation"), name)(out, x)
        assert wrong("silu_and_mul", out, x) == ""
