"""Inline PTX on the simulator: values, what a profile counts of it, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from ptx_sources import MEMORY, VALUES

import kbk
from kbk.errors import LaunchError, UnsupportedError
from kbk.sim import translate

INT = torch.int32
LD = "l1tex__t_requests_pipe_lsu_mem_global_op_ld.sum"
ST = "l1tex__t_requests_pipe_lsu_mem_global_op_st.sum"


@pytest.fixture(scope="module")
def values() -> Any:
    functions = ["run_whole", "run_real", "run_warp"]
    return kbk.load_inline("ptx_values", cuda_sources=VALUES, functions=functions)


@pytest.fixture(scope="module")
def memory() -> Any:
    names = ("vectors", "twos", "small", "strong", "staged", "atoms", "handed_over", "named")
    functions = [f"run_{name}" for name in (*names, "elsewhere")]
    return kbk.load_inline("ptx_memory", cuda_sources=MEMORY, functions=functions)


def signed(number: int) -> int:
    return number - (1 << 32) if number >= 1 << 31 else number


def test_bits_and_whole_numbers_are_those_of_the_manual(values: Any, device: str) -> None:
    torch.manual_seed(1)
    given = torch.randint(-(2**31), 2**31, (32,), dtype=torch.int64).to(INT)
    out = torch.empty(288, dtype=INT, device=device)
    values.run_whole(out, given.to(device))
    numbers = [int(x) & 0xFFFFFFFF for x in given]
    got = [[int(x) & 0xFFFFFFFF for x in row] for row in out.cpu().view(9, 32)]
    for i, a in enumerate(numbers):
        b, c = numbers[(i + 1) % 32], numbers[(i + 2) % 32]
        assert got[0][i] == (a & b) | (~a & c & 0xFFFFFFFF)
        sign = 0xFF if b >> 31 else 0
        assert got[1][i] == (a & 0xFF) | (a & 0xFF00) | (b & 0xFF) << 16 | sign << 24
        assert got[2][i] == a.bit_length() - 1
        assert got[3][i] == int(f"{a:032b}"[::-1], 2)
        assert got[4][i] == a.bit_count()
        assert got[5][i] == a >> 4 & 0xFF
        assert got[6][i] == a * b >> 32
        assert signed(got[7][i]) == min(signed(a), signed(b))
        assert got[8][i] == (7 if i & 1 else 8)


def test_numbers_are_computed_as_by_the_functions_of_cuda(values: Any, device: str) -> None:
    x = torch.linspace(-2.0, 2.0, 32)
    out = torch.empty(160, device=device)
    half = torch.empty(96, dtype=torch.int16, device=device)
    pair = torch.empty(96, dtype=INT, device=device)
    values.run_real(out, x.to(device), half, pair)
    rows = out.cpu().view(5, 32)
    expected = [torch.exp2(x), 1 / x, x * x + 0.5, torch.tanh(x), x + 1]
    for row, wanted in zip(rows, expected, strict=True):
        torch.testing.assert_close(row, wanted, rtol=1e-3, atol=1e-3)
    narrow = x.half()
    numbers = half.cpu()[:64].view(torch.float16).view(2, 32)
    assert torch.equal(numbers[0], narrow)
    torch.testing.assert_close(numbers[1], torch.exp2(narrow.float()).half(), rtol=2e-3, atol=0)
    pairs = pair.cpu().view(torch.float16).view(3, 32, 2)
    two = torch.stack([narrow, (x + 1).half()], 1)  # the first operand is the upper half
    assert torch.equal(pairs[0], two)
    torch.testing.assert_close(pairs[1], torch.tanh(two.float()).half(), rtol=2e-3, atol=2e-3)
    assert torch.equal(pairs[2], two.to(torch.float8_e4m3fn).half())


def test_special_registers_shuffles_and_votes(values: Any, device: str) -> None:
    out = torch.empty(2 * 64 * 12, dtype=INT, device=device)
    values.run_warp(out)
    for block, threads in enumerate(out.cpu().view(2, 64, 12).tolist()):
        for i, mine in enumerate(threads):
            lane, base = i % 32, i // 32 * 32
            assert mine[:6] == [i % 16, i // 16, 16, block, 2, lane]
            assert mine[6] & 0xFFFFFFFF == (1 << lane) - 1
            assert mine[7] == base + (lane ^ 3)
            assert mine[8] == (i if lane == 0 else i - 1)
            reads = lane % 16 + 8 < 16
            assert mine[9:11] == [i + 8 if reads else i, int(reads)]
            assert mine[11] == 1 << 5


@pytest.mark.parametrize("function", ["run_vectors", "run_strong"])
def test_a_vector_is_one_request_of_16_bytes_a_lane(memory: Any, function: str) -> None:
    x = torch.arange(128, dtype=INT)
    out = torch.zeros_like(x)
    with kbk.profile() as p:
        getattr(memory, function)(out, x)
    (launch,) = p.launches
    assert torch.equal(out, x)
    assert launch.metrics[LD] == launch.metrics[ST] == 1
    assert {int(request["bytes"]) for request in launch.requests} == {16}
    assert launch.metrics["kbk__bytes_requested_ld.sum"] == 32 * 16


def test_offsets_pairs_and_narrow_loads(memory: Any, device: str) -> None:
    x = torch.arange(66, dtype=INT)
    out = torch.zeros(66, dtype=INT, device=device)
    memory.run_twos(out, x.to(device))
    assert torch.equal(out.cpu()[2:].view(32, 2), x[2:].view(32, 2).flip(1))
    bytes_ = torch.arange(-16, 16, dtype=torch.int8)
    out = torch.zeros(32, dtype=INT, device=device)
    memory.run_small(out, bytes_.to(device))
    assert torch.equal(out.cpu(), bytes_.to(INT))


@pytest.mark.parametrize(("bytes_", "left"), [(16, 4), (8, 2), (0, 0)])
def test_cp_async_fills_what_it_does_not_read_with_zeros(
    memory: Any, device: str, bytes_: int, left: int
) -> None:
    x = torch.arange(1.0, 129).view(32, 4)
    out = torch.full((32, 4), -1.0, device=device)
    memory.run_staged(out, x.to(device), bytes_)
    wanted = x.clone()
    wanted[:, left:] = 0
    assert torch.equal(out.cpu(), wanted.roll(-1, 0))


def test_a_red_is_counted_as_a_reduction_and_an_atom_is_not(memory: Any) -> None:
    counts, total, got = torch.zeros(2, dtype=INT), torch.zeros(1), torch.zeros(32, dtype=INT)
    with kbk.profile() as p:
        memory.run_atoms(counts, total, got)
    assert counts.tolist() == [64, 31] and total.item() == 16.0
    assert sorted(got.tolist()) == list(range(0, 64, 2))
    (launch,) = p.launches
    assert launch.metrics["l1tex__t_requests_pipe_lsu_mem_global_op_atom.sum"] == 1
    assert launch.metrics["l1tex__t_requests_pipe_lsu_mem_global_op_red.sum"] == 2


def test_a_release_hands_over_what_the_block_wrote(memory: Any) -> None:
    flag, data, out = (torch.zeros(n, dtype=INT) for n in (1, 32, 32))
    with kbk.sanitize() as s:
        memory.run_handed_over(flag, data, out)
    assert not s.errors
    assert out.tolist() == list(range(100, 132))


def test_a_named_barrier_ends_the_launch_and_says_what_to_use(memory: Any) -> None:
    with pytest.raises(LaunchError, match=r"named barrier.*__syncthreads"):
        memory.run_named(torch.zeros(64, dtype=INT))


def test_ptx_for_another_gpu_harms_only_who_comes_to_it(memory: Any) -> None:
    memory.run_elsewhere(torch.zeros(2, dtype=INT))
    with pytest.raises(LaunchError, match=r"mma\.sync\.aligned\.m8n8k16.*loop over float"):
        memory.run_elsewhere(torch.ones(2, dtype=INT))


REFUSED = {
    "ld.global.v8.b32 %0, [%1];": "ld.global.v4.b32",
    "shfl.sync.bfly.b64 %0, %0, 1, 31, -1;": "shfl.sync.bfly.b32",
    "tanh.approx.f64 %0, %0;": "tanh.approx.f",
    "wgmma.fence.sync.aligned;": "loop over float",
    "exit;": "write return in the kernel",
    "bar.arrive 1, 64;": "__syncthreads",
    "mov.u32 %0, %nosuch;": "mov.",
}


@pytest.mark.parametrize("text", REFUSED)
def test_an_unknown_instruction_names_itself_its_line_and_the_nearest_form(text: str) -> None:
    source = (
        'void f(unsigned r, float* p) {\n  asm("mov.u32 %0, 1;\\n"\n      "TEXT"'
        ' : "=r"(r) : "l"(p));\n}'
    )
    with pytest.raises(UnsupportedError) as caught:
        translate(source.replace("TEXT", text), "t.cu")
    assert caught.value.line == 3
    assert text in str(caught.value) and REFUSED[text] in str(caught.value)


def test_a_macro_in_the_text_is_refused_by_its_name() -> None:
    with pytest.raises(UnsupportedError, match="LEVEL"):
        translate('void f(unsigned r) { asm("ld" LEVEL ".b32 %0, [%0];" : "=r"(r)); }', "t.cu")
