"""copy_to_gpu_no_ce carries any number of values, as they were when it was called."""

from __future__ import annotations

import pytest
import torch

from kbk import sim
from kbk.ops import copy_to_gpu_no_ce

CAPACITY = 8188
SIZES = [0, 1, 31, 32, 33, 64, 72, 127, 128, 129, 1000, 1023, 1024, 1025]
CHUNKS = [
    CAPACITY - 1,
    CAPACITY,
    CAPACITY + 1,
    CAPACITY + 128,
    2 * CAPACITY,
    2 * CAPACITY + 129,
    65536,
]


@pytest.mark.parametrize("numel", SIZES + CHUNKS)
def test_every_value_arrives(guarded, machine, numel):
    values = torch.randint(-(2**31), 2**31, (numel,), dtype=torch.int32)
    out = guarded(numel, torch.int32, machine)
    copy_to_gpu_no_ce(values, out.tensor)
    assert torch.equal(out.tensor.cpu(), values)


def test_an_unaligned_view_arrives(guarded, machine):
    values = torch.arange(100, dtype=torch.int32)[3:]
    out = guarded(97, torch.int32, machine, offset=1)
    copy_to_gpu_no_ce(values, out.tensor)
    assert torch.equal(out.tensor.cpu(), values)


@pytest.mark.gpu
def test_the_input_may_change_after_the_call():
    values = torch.arange(72, dtype=torch.int32)
    out = torch.zeros(72, dtype=torch.int32, device="cuda")
    torch.cuda._sleep(10_000_000)  # the kernel runs after the next line
    copy_to_gpu_no_ce(values, out)
    values.fill_(-1)
    assert torch.equal(out.cpu(), torch.arange(72, dtype=torch.int32))


@pytest.mark.gpu
def test_a_graph_replays_the_values_of_its_capture():
    values = torch.arange(72, dtype=torch.int32)
    out = torch.zeros(72, dtype=torch.int32, device="cuda")
    copy_to_gpu_no_ce(values, out)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        copy_to_gpu_no_ce(values, out)
    values.fill_(-1)
    out.zero_()
    graph.replay()
    assert torch.equal(out.cpu(), torch.arange(72, dtype=torch.int32))


@pytest.mark.parametrize(
    ("input", "output", "message"),
    [
        (torch.zeros(4), torch.zeros(4, dtype=torch.int32), "input must be int32.*float32"),
        (torch.zeros(4, dtype=torch.int32), torch.zeros(4), "output must be int32.*float32"),
        (
            torch.zeros(2, 2, dtype=torch.int32),
            torch.zeros(2, 2, dtype=torch.int32),
            r"input must have one dimension.*\[2, 2\]",
        ),
        (
            torch.zeros(4, dtype=torch.int32),
            torch.zeros(5, dtype=torch.int32),
            r"output must have the shape of input, \[4\]; its shape is \[5\]",
        ),
        (
            torch.zeros(8, dtype=torch.int32)[::2],
            torch.zeros(4, dtype=torch.int32),
            r"input must be contiguous; its shape is \[4\] and its strides are \[2\]",
        ),
        (
            torch.zeros(4, dtype=torch.int32),
            torch.zeros(8, dtype=torch.int32)[::2],
            r"output must be contiguous; its shape is \[4\] and its strides are \[2\]",
        ),
    ],
    ids=["input dtype", "output dtype", "rank", "shape", "input stride", "output stride"],
)
def test_a_bad_argument_is_named(machine, input, output, message):
    if machine == "cuda":
        moved = output.new_zeros(output.untyped_storage().nbytes() // 4).cuda()
        output = moved.as_strided(output.shape, output.stride())
    with pytest.raises(ValueError, match=f"copy_to_gpu_no_ce: {message}"):
        copy_to_gpu_no_ce(input, output)


@pytest.mark.gpu
def test_the_input_must_be_on_the_cpu():
    values = torch.zeros(4, dtype=torch.int32, device="cuda")
    with pytest.raises(ValueError, match=r"input.*(CPU|cpu).*cuda"):
        copy_to_gpu_no_ce(values, torch.zeros_like(values))


@pytest.mark.parametrize(
    ("numel", "launches"), [(0, 0), (1, 1), (CAPACITY, 1), (CAPACITY + 1, 2), (65536, 9)]
)
def test_a_launch_carries_as_much_as_it_can(numel, launches):
    values = torch.arange(numel, dtype=torch.int32)
    before = sim.launches()
    copy_to_gpu_no_ce(values, torch.empty_like(values))
    assert sim.launches() - before == launches
