"""Kernels that leave their tensors; calls that threads, signals and forks interfere with."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from typing import Any

import pytest
import torch

import kbk

SOURCE = r"""
__global__ void fill(float* out, int64_t n) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  out[i] = float(i);
}
__global__ void put(float* out, int64_t at) {
  out[at] = 3.0f;
}
__global__ void get(float* out, const float* x, int64_t at) {
  out[0] = x[at];
}
__global__ void change(const float* x) {
  const_cast<float*>(x)[1] = 3.0f;
}
__global__ void fails_at(int* p, int line) {
  if (line == 1)
    p[1ll << 40] = 1;
  else
    p[-(1ll << 40)] = 1;
}
__global__ void two_arrays(int* p) {
  __shared__ int a[10000], b[10000];
  a[0] = b[0] = 1;
  p[0] = a[0] + b[0];
}
__global__ void both_kinds(int* p) {
  extern __shared__ int d[];
  __shared__ int a[10000];
  a[0] = d[0] = 1;
  p[0] = a[0];
}
__global__ void smash(float* out) {
  volatile float local[4];
  for (int i = 0; i < 100000; ++i) local[i] = 1.0f;
  out[0] = local[0];
}
float* floats(const Tensor& t) { return static_cast<float*>(t.data_ptr()); }
int* ints(const Tensor& t) { return static_cast<int*>(t.data_ptr()); }

void no_guard(Tensor out) { fill<<<1, 256>>>(floats(out), out.numel()); }
void write_at(Tensor out, int64_t index) { put<<<1, 1>>>(floats(out), index); }
void read_at(Tensor out, const Tensor& x, int64_t index) {
  get<<<1, 1>>>(floats(out), floats(x), index);
}
void write_input(Tensor out, const Tensor& x) { change<<<1, 1>>>(floats(x)); (void)out; }
Tensor give_back(Tensor x) { return x; }
void add_views(Tensor a, const Tensor& b) { get<<<1, 1>>>(floats(a), floats(b), 0); }
void fail(Tensor p, int64_t line) { fails_at<<<1, 1>>>(ints(p), line); }
void many(Tensor out, int64_t launches) {
  for (int64_t i = 0; i < launches; ++i) put<<<1, 1>>>(floats(out), 0);
}
void too_much_static(Tensor p) { two_arrays<<<1, 1>>>(ints(p)); }
void too_much_together(Tensor p) { both_kinds<<<1, 1, 40000>>>(ints(p)); }
void smash_locals(Tensor out) { smash<<<1, 1>>>(floats(out)); }
"""
FUNCTIONS = [
    "no_guard",
    "write_at",
    "read_at",
    "write_input",
    "give_back",
    "add_views",
    "fail",
    "many",
    "too_much_static",
    "too_much_together",
    "smash_locals",
]


@pytest.fixture(scope="module")
def ops() -> Any:
    return kbk.load_inline("guards", cuda_sources=SOURCE, functions=FUNCTIONS)


def test_a_missing_guard_is_ended_with_its_line_and_loses_nothing(ops: Any) -> None:
    out = torch.full((5,), -7.0)
    with pytest.raises(kbk.LaunchError, match="after the end of out, which has 20 bytes") as caught:
        ops.no_guard(out)
    assert (caught.value.kind, caught.value.line) == ("out-of-bounds", 4)
    assert out.tolist() == [-7.0] * 5, "what a failed call wrote is dropped"


@pytest.mark.parametrize("index", [5, 6, 7, 8, 100, -1, -2, -1000, 200_000, -200_000])
def test_every_write_beside_a_tensor_is_found(ops: Any, index: int) -> None:
    with pytest.raises(kbk.LaunchError, match=r"out of bounds: \d+ bytes (after|before) .* of out"):
        ops.write_at(torch.zeros(5), index)


def test_reads_far_outside_are_found(ops: Any) -> None:
    for index in (8, -3000, 10_000):
        with pytest.raises(kbk.LaunchError, match="of x, which has 20 bytes"):
            ops.read_at(torch.zeros(1), torch.ones(5), index)


def test_a_const_tensor_cannot_be_written(ops: Any) -> None:
    x = torch.ones(5)
    with pytest.raises(kbk.LaunchError, match="write to x, which is read only"):
        ops.write_input(torch.zeros(1), x)
    assert x.tolist() == [1.0] * 5


def test_views_of_one_storage_stay_views(ops: Any) -> None:
    base = torch.arange(10.0)
    ops.add_views(base[3:5], base[7:])
    assert base.tolist() == [0, 1, 2, 7, 4, 5, 6, 7, 8, 9]
    ops.write_at(base[1:].t(), 8)
    assert base[9] == 3
    empty = torch.zeros(0)
    with pytest.raises(kbk.LaunchError):
        ops.read_at(empty, base, 0)


@pytest.mark.parametrize("offset", range(9))
def test_alignment_modulo_16_is_kept(ops: Any, offset: int) -> None:
    base = torch.zeros(40)
    ops.write_at(base[offset:], 0)
    assert base.nonzero().tolist() == [[offset]]


def test_an_argument_cannot_be_returned(ops: Any) -> None:
    with pytest.raises(kbk.ArgumentError, match="must return new tensors"):
        ops.give_back(torch.ones(3))


def test_static_shared_memory_is_limited_in_sum_and_with_dynamic(ops: Any) -> None:
    p = torch.zeros(4, dtype=torch.int32)
    with pytest.raises(
        kbk.LaunchError, match="80000 bytes of static shared memory; the limit is 49152"
    ):
        ops.too_much_static(p)
    with pytest.raises(kbk.LaunchError, match="40000 bytes of static and 40000 bytes of dynamic"):
        ops.too_much_together(p)


def test_running_past_a_local_array_is_no_stack_overflow(ops: Any) -> None:
    with pytest.raises(kbk.LaunchError) as caught:
        ops.smash_locals(torch.zeros(1))
    assert "more than 64 KB" not in str(caught.value)


def test_threads_get_the_faults_of_their_own_launches(ops: Any, exact_lines: bool) -> None:
    wrong: list[str] = []

    def run(line: int) -> None:
        for _ in range(100):
            try:
                ops.fail(torch.zeros(4, dtype=torch.int32), line)
            except kbk.LaunchError as error:
                if exact_lines and error.line != (17 if line == 1 else 19):
                    wrong.append(str(error))
            except RuntimeError as error:
                wrong.append(str(error))

    threads = [threading.Thread(target=run, args=(n % 2,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[0]


def test_ctrl_c_ends_a_host_function_that_launches_for_ever(ops: Any) -> None:
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        ops.many(torch.zeros(1), 10_000_000)
    assert time.monotonic() - start < 5
    timer.join()
    ops.many(torch.zeros(1), 3)


def test_a_child_forked_during_a_launch_can_launch(ops: Any) -> None:
    thread = threading.Thread(target=ops.many, args=(torch.zeros(1), 100_000))
    thread.start()
    time.sleep(0.05)
    child = os.fork()
    if child == 0:
        out = torch.zeros(1)
        ops.many(out, 3)
        os._exit(0 if out[0] == 3 else 1)
    deadline = time.monotonic() + 20
    status = None
    while time.monotonic() < deadline and status is None:
        done, code = os.waitpid(child, os.WNOHANG)
        status = code if done else None
        time.sleep(0.05)
    if status is None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    thread.join()
    assert status == 0


ADD = r"""
__global__ void add_one(int* p) { p[threadIdx.x] += 1; }
void add(Tensor p) { add_one<<<1, 32>>>(static_cast<int*>(p.data_ptr())); }
"""


def test_calls_of_several_threads_on_one_tensor_take_turns() -> None:
    module = kbk.load_inline("turns", cuda_sources=ADD, functions=["add"])
    p = torch.zeros(32, dtype=torch.int32)
    threads = [threading.Thread(target=lambda: [module.add(p) for _ in range(500)]) for _ in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert p.tolist() == [2000] * 32


def test_ctrl_c_reaches_the_main_thread_when_another_one_launches_too(ops: Any) -> None:
    ended: list[BaseException] = []

    def other() -> None:
        try:
            ops.many(torch.zeros(1), 3_000_000)
        except BaseException as error:
            ended.append(error)

    before = kbk.sim.launches()
    thread = threading.Thread(target=other)
    thread.start()
    while kbk.sim.launches() == before:  # the other thread has its turn first
        time.sleep(0.001)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        ops.many(torch.zeros(1), 3_000_000)
        time.sleep(5)
    assert time.monotonic() - start < 5
    timer.join()
    thread.join()
    assert [type(error) for error in ended] == [KeyboardInterrupt]


def test_the_runtime_stays_out_of_the_way_of_other_extensions(ops: Any) -> None:
    ops.write_at(torch.zeros(1), 0)
    everybodys = ctypes.CDLL(None)
    assert not hasattr(everybodys, "kbk_sim_launches"), "its C++ library would replace others'"
