"""What a wrong kernel does to Python: one exception with kernel, thread and line.

The process lives on.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import pytest
import torch

import kbk

SOURCE = r"""
#include <cassert>
__global__ void far_away(int* p) { if (threadIdx.x == 7) p[1ll << 40] = 3; }
__global__ void null_pointer(int* p) { if (blockIdx.x == 1) p[threadIdx.x] = 3; }
__global__ void divide(int* p, const int* q) { p[threadIdx.x] = 5 / q[threadIdx.x]; }
__device__ int helper(int* p, int i) {
  return p[i * 1000000000ll];
}
__global__ void in_a_function(int* p) { p[0] = helper(p, threadIdx.x * 5000); }
__global__ void large_locals(int* p) {
  volatile char local[300000];
  for (int i = 0; i < 300000; i += 64) local[i] = i;
  p[0] = local[64];
}
typedef volatile int Kept[64];
__device__ int deep(int n) { Kept k; k[n % 64] = n; return n > 9999 ? 0 : deep(n + 1) + k[n % 64]; }
__global__ void recursion(int* p) { p[0] = deep(0); }
__global__ void past_shared(int* p) {
  extern __shared__ int s[];
  s[threadIdx.x + 2000] = 1;
  p[0] = s[threadIdx.x];
}
__global__ void asserts(int* p) { assert(threadIdx.x != 33 && "thirty-three"); p[0] = 1; }
__global__ void traps(int* p) { if (threadIdx.x == 2) __trap(); p[0] = 1; }
__global__ void prints(int n) {
  if (threadIdx.x < n) printf("thread %d of %s\n", threadIdx.x, "prints");
}
__global__ void too_much_shared(int* p) {
  __shared__ double s[8000];
  s[threadIdx.x] = 1;
  p[0] = s[0];
}
__global__ void __launch_bounds__(64) bounded(int* p) { p[threadIdx.x] = 1; }
struct Big { char bytes[33000]; };
__global__ void many_arguments(int* p, Big big) { p[0] = big.bytes[0]; }
template <typename T, int N>
__global__ void needs_dynamic(T* p) {
  extern __shared__ T d[];
  d[N - 1] = T(1);
  p[0] = d[N - 1];
}

void run(Tensor t, int64_t which, int64_t n) {
  int* p = static_cast<int*>(t.data_ptr());
  switch (which) {
    case 0: far_away<<<1, 32>>>(p); break;
    case 1: null_pointer<<<2, 32>>>(nullptr); break;
    case 2: divide<<<1, 32>>>(p, p); break;
    case 3: in_a_function<<<1, 32>>>(p); break;
    case 4: large_locals<<<1, 32>>>(p); break;
    case 5: recursion<<<1, 32>>>(p); break;
    case 6: past_shared<<<1, 64, 256>>>(p); break;
    case 7: asserts<<<1, 64>>>(p); break;
    case 8: traps<<<1, 64>>>(p); break;
    case 9: prints<<<1, 64>>>(n); break;
    case 10: too_much_shared<<<1, 64>>>(p); break;
    case 11: bounded<<<1, 65>>>(p); break;
    case 12: many_arguments<<<1, 1>>>(p, Big{}); break;
  }
}
void shape(Tensor t, int64_t gx, int64_t gy, int64_t gz, int64_t bx, int64_t by, int64_t bz) {
  bounded<<<dim3(gx, gy, gz), dim3(bx, by, bz)>>>(static_cast<int*>(t.data_ptr()));
}
int64_t dummy_() { return 0; }
void dynamic(Tensor t, int64_t bytes, int64_t opt_in) {
  if (opt_in > 0) {
    cudaError_t error = cudaFuncSetAttribute(
        needs_dynamic<int, 4>, cudaFuncAttributeMaxDynamicSharedMemorySize, opt_in);
    KBK_CHECK(error == cudaSuccess, "opt_in: ", cudaGetErrorString(error), " (", opt_in, " bytes)");
  }
  needs_dynamic<int, 4><<<1, 1, bytes>>>(static_cast<int*>(t.data_ptr()));
}
void checked_by_the_host(Tensor t, HostTensor code) {
  bounded<<<1, 2000>>>(static_cast<int*>(t.data_ptr()));
  static_cast<int*>(code.data_ptr())[0] = cudaGetLastError();
  static_cast<int*>(code.data_ptr())[1] = cudaGetLastError();
}
void properties(HostTensor out) {
  cudaDeviceProp p;
  cudaGetDeviceProperties(&p, 0);
  int* o = static_cast<int*>(out.data_ptr());
  o[0] = p.major * 10 + p.minor;
  o[1] = p.multiProcessorCount;
  o[2] = p.sharedMemPerBlockOptin;
  o[3] = p.warpSize;
  cudaDeviceGetAttribute(&o[4], cudaDevAttrMultiProcessorCount, 0);
  cudaOccupancyMaxActiveBlocksPerMultiprocessor(&o[5], needs_dynamic<int, 4>, 256, 0);
  o[6] = __CUDA_ARCH__;
}
"""
SOURCE = SOURCE.replace("int64_t dummy_() { return 0; }\n", "")
FUNCTIONS = ["run", "shape", "dynamic", "checked_by_the_host", "properties"]


@pytest.fixture(scope="module")
def ops() -> Any:
    return kbk.load_inline("faults", cuda_sources=SOURCE, functions=FUNCTIONS)


def zeros(n: int = 4096) -> torch.Tensor:
    return torch.zeros(n, dtype=torch.int32)


def line_of(text: str) -> int:
    return next(n for n, line in enumerate(SOURCE.split("\n"), 1) if text in line)


@pytest.mark.parametrize(
    ("which", "kernel", "kind", "words", "at", "thread"),
    [
        (0, "far_away", "crash", "invalid address", "p[1ll << 40]", 7),
        (1, "null_pointer", "crash", "invalid address (nil)", "void null_pointer", 0),
        (2, "divide", "crash", "division by zero", "void divide", 0),
        (3, "in_a_function", "crash", "invalid address", "return p[i * 1000000000ll]", 1),
        (4, "large_locals", "crash", "local variables of one thread need more than 64 KB", "", 0),
        (
            5,
            "recursion",
            "crash",
            "local variables of one thread need more than 64 KB",
            "int deep(",
            0,
        ),
        (
            6,
            "past_shared",
            "crash",
            "past the end of dynamic shared memory (the launch asked for 256 bytes)",
            "s[threadIdx.x + 2000]",
            0,
        ),
        (
            7,
            "asserts",
            "assert",
            'assertion `threadIdx.x != 33 && "thirty-three"` failed at faults.cu:',
            "void asserts",
            33,
        ),
        (8, "traps", "trap", "__trap()", "void traps", 2),
        (
            10,
            "too_much_shared",
            "launch",
            "the __shared__ variable s (64000 bytes)",
            "double s[8000]",
            0,
        ),
    ],
)
def test_a_fault_names_kernel_thread_and_line(
    ops: Any,
    exact_lines: bool,
    which: int,
    kernel: str,
    kind: str,
    words: str,
    at: str,
    thread: int,
) -> None:
    with pytest.raises(kbk.LaunchError) as caught:
        ops.run(zeros(), which, 0)
    error = caught.value
    assert (error.kernel, error.kind) == (kernel, kind)
    assert words in str(error)
    if exact_lines:
        assert error.file == "faults.cu"
    if at and exact_lines:
        assert error.line == line_of(at)
    assert error.thread == (thread, 0, 0)
    assert error.block == (int(which == 1), 0, 0)
    t = zeros()
    ops.dynamic(t, 64, 0)
    assert t[0] == 1, "the next launch works"


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 1, 1, 65, 1, 1), "__launch_bounds__ promises at most 64"),
        ((0, 1, 1, 1, 1, 1), "no dimension may be 0"),
        ((1, 1, 1, 1, 0, 1), "no dimension may be 0"),
        ((1, 65536, 1, 1, 1, 1), "limits are (2147483647, 65535, 65535)"),
        ((1, 1, 1, 1, 1, 65), "limits are (1024, 1024, 64)"),
        ((1, 1, 1, 64, 32, 1), "2048 threads; the limit is 1024"),
        ((2**31, 1, 1, 1, 1, 1), "limits are"),
    ],
)
def test_an_impossible_shape_is_one_sentence(ops: Any, shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(kbk.LaunchError) as caught:
        ops.shape(zeros(), *shape)
    assert words in str(caught.value)
    assert "bounded" in str(caught.value) and "invalid argument" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_arguments_beyond_the_parameter_space_are_refused(ops: Any) -> None:
    with pytest.raises(kbk.LaunchError, match="the limit is 32764"):
        ops.run(zeros(), 12, 0)


@pytest.mark.parametrize(("arch", "optin"), [(75, 64), (80, 163), (90, 227)])
def test_dynamic_shared_memory_has_the_profiles_real_limit(ops: Any, arch: int, optin: int) -> None:
    with kbk.sim.settings(arch=arch):
        module = kbk.load_inline("faults", cuda_sources=SOURCE, functions=FUNCTIONS)
        t = zeros()
        with pytest.raises(kbk.LaunchError, match=r"the limit is 49152 \(up to"):
            module.dynamic(t, 49153, 0)
        module.dynamic(t, optin * 1024, optin * 1024)
        assert t[0] == 1
        with pytest.raises(kbk.LaunchError, match=f"the limit is {optin * 1024}"):
            module.dynamic(t, optin * 1024 + 1, optin * 1024)
        with pytest.raises(kbk.KbkError, match="opt_in: invalid argument"):
            module.dynamic(t, 64, optin * 1024 + 1)
        out = zeros(8)
        module.properties(out)
        sms = {75: 40, 80: 108, 90: 132}[arch]
        assert out.tolist()[:5] == [arch, sms, optin * 1024, 32, sms]
        assert out[5] == (4 if arch == 75 else 8)
        assert out[6] == arch * 10


def test_a_host_function_that_asks_sees_the_error_once(ops: Any) -> None:
    code = torch.full((2,), -1, dtype=torch.int32)
    ops.checked_by_the_host(zeros(), code)
    assert code.tolist() == [1, 0]


def test_what_a_kernel_prints_arrives_in_order(
    ops: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    ops.run(zeros(), 9, 3)
    assert capsys.readouterr().out == "".join(f"thread {i} of prints\n" for i in range(3))


def test_faulthandler_and_pythons_own_signals_are_given_back() -> None:
    script = textwrap.dedent(
        """
        import signal, sys, faulthandler, torch, kbk
        faulthandler.enable()
        before = signal.getsignal(signal.SIGINT)
        m = kbk.load_inline("crash", cuda_sources='''
        __global__ void k(int* p) { p[1ll << 40] = 1; }
        void run(Tensor t) { k<<<1, 1>>>(static_cast<int*>(t.data_ptr())); }''', functions=["run"])
        for _ in range(50):
            try:
                m.run(torch.zeros(4, dtype=torch.int32))
            except kbk.LaunchError:
                pass
        assert signal.getsignal(signal.SIGINT) is before
        print("alive", flush=True)
        import ctypes
        ctypes.string_at(0)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
    )
    assert "alive" in done.stdout
    assert done.returncode == -11 and "Segmentation fault" in done.stderr, (
        "a crash elsewhere is still a crash"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"seed": -1}, "seed must be an integer >= 0 or None; it was -1"),
        ({"threads": 0}, "threads must be"),
        ({"time_limit": 0}, "time_limit must be"),
        ({"arch": 91}, "arch must be 75, 80 or 90; it was 91"),
        ({"stack_kb": 1}, "stack_kb must be"),
    ],
)
def test_settings_that_cannot_be_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(kbk.ArgumentError, match=words):
        kbk.sim.settings(**given)


def test_a_larger_stack_can_be_asked_for(ops: Any) -> None:
    with kbk.sim.settings(stack_kb=512):
        ops.run(zeros(), 4, 0)


def test_the_launch_log_lists_the_launches_of_a_stretch_of_code(ops: Any) -> None:
    with kbk.sim.launch_log() as log:
        ops.run(zeros(), 9, 0)
        ops.dynamic(zeros(), 128, 0)
    ops.run(zeros(), 9, 0)
    assert [entry.kernel.split("<")[0] for entry in log] == ["prints", "needs_dynamic"]
    assert (log[0].grid, log[0].block, log[0].dynamic_bytes) == ((1, 1, 1), (64, 1, 1), 0)
    assert log[1].dynamic_bytes == 128
