"""torch's load_inline has traps for whoever builds often; none of them reaches a learner."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch
from build_helpers import entries, host_source, scratch
from torch.utils import cpp_extension

import kbk

# Forks builders from one process that has imported torch, and kills each at a random moment.
KILL = """
import os, random, signal, time
import kbk, torch, torch.utils.cpp_extension
source = '''{source}'''
kbk.load_inline("warm", cuda_sources=source, functions=["touch"])
edited = source.replace("kUnique", "kEdited")
random.seed({seed})
killed = 0
for _ in range(8):
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        kbk.load_inline("killed", cuda_sources=edited, functions=["touch"])
        os._exit(0)
    time.sleep(random.uniform(0.02, 0.6))
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        pass
    killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
assert killed >= 1, killed
mod = kbk.load_inline("killed", cuda_sources=edited, functions=["touch"])
mod.touch(torch.zeros(1))
print("built after", killed)
"""


def test_a_build_killed_at_any_moment_never_stops_the_next_one(python, session_cache: Path) -> None:
    done = python(KILL.format(source=host_source(), seed=7), timeout=60)
    assert "built after" in done.stdout, done.stderr
    stale = [path for path in session_cache.rglob("lock") if path.is_file()]
    assert all("tmp" in path.parts for path in stale)


def test_the_next_build_sweeps_what_killed_ones_left(
    session_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kbk.build.cache._GRACE", -1.0)
    kbk.load_inline("sweeps", cuda_sources=host_source(), functions=["touch"])
    assert scratch(session_cache) == []


INTERRUPT = """
import _thread, os, signal, threading, time
import kbk, torch, torch.utils.cpp_extension
source = '''{source}'''
threading.Timer({after}, lambda: os.killpg(os.getpgid(0), signal.SIGINT)).start()
try:
    kbk.load_inline("interrupted", cuda_sources=source, functions=["touch"])
    print("too late")
except KeyboardInterrupt:
    print("interrupted")
left = os.listdir(os.environ["KBK_CACHE"] + "/v1/tmp")
print("left", left)
kbk.load_inline("interrupted", cuda_sources=source, functions=["touch"]).touch(torch.zeros(1))
print("built")
"""


@pytest.mark.parametrize("cold", [False, True])
def test_ctrl_c_ends_a_build_and_leaves_nothing(cold: bool, python, tmp_path: Path) -> None:
    environment = {"KBK_CACHE": str(tmp_path / "cache")} if cold else {}
    script = INTERRUPT.format(source=host_source(), after=1.0 if cold else 0.25)
    done = python("import os; os.setpgid(0, 0)\n" + script, **environment)
    assert done.stdout.split("\n")[:3] == ["interrupted", "left []", "built"], (
        done.stdout + done.stderr
    )


EDITED = """
template <class T> T& kept() { static T value = T(VALUE); return value; }
__global__ void put(float* p) {
  __shared__ float s[VALUE];
  s[VALUE - 1] = VALUE;
  p[0] = s[VALUE - 1];
}
void touch(Tensor out) { put<<<1, 1>>>(out.mutable_data_ptr<float>()); }
void state(Tensor out) { out.mutable_data_ptr<float>()[0] = kept<float>(); }
"""


def test_an_edited_source_never_reaches_the_module_of_the_old_one() -> None:
    modules = [
        kbk.load_inline(
            "edited", cuda_sources=EDITED.replace("VALUE", value), functions=["touch", "state"]
        )
        for value in ("5", "9")
    ]
    old, new = modules
    out = torch.zeros(1)
    for mod, value in ((old, 5), (new, 9), (old, 5)):
        mod.touch(out)
        assert out.item() == value
        mod.state(out)
        assert out.item() == value
    assert old.namespace != new.namespace


def test_the_same_source_again_is_the_same_op_and_defines_nothing_twice(
    capfd: pytest.CaptureFixture[str],
) -> None:
    source = host_source()
    first = kbk.load_inline("again", cuda_sources=source, functions=["touch"])
    second = kbk.load_inline("again", cuda_sources=source, functions=["touch"])
    assert first.namespace == second.namespace
    assert first.touch.overload is second.touch.overload
    assert "registered" not in capfd.readouterr().err.lower()


def test_torchs_own_precompiled_header_survives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    include = tmp_path / "include"
    planted = include / "torch" / "extension.h.gch"
    planted.parent.mkdir(parents=True)
    planted.touch()
    monkeypatch.setattr(cpp_extension, "_TORCH_PATH", str(tmp_path))
    helpers = (cpp_extension.remove_extension_h_precompiler_headers, cpp_extension.get_cxx_compiler)
    real = Path(torch.__file__).parent / "include" / "torch" / "extension.h.gch"
    missing = not real.exists()
    if missing and real.parent.is_dir():
        real.touch()
    try:
        kbk.load_inline("survives", cuda_sources=host_source(), functions=["touch"])
        assert planted.exists() and real.exists()
        helpers_now = (
            cpp_extension.remove_extension_h_precompiler_headers,
            cpp_extension.get_cxx_compiler,
        )
        assert helpers_now == helpers
    finally:
        if missing:
            real.unlink(missing_ok=True)


def test_torchs_helpers_act_as_ever_for_other_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    from kbk.build.torch_build import _without_traps

    calls = []
    monkeypatch.setattr(
        cpp_extension, "remove_extension_h_precompiler_headers", lambda: calls.append("torch")
    )
    with _without_traps(cpp_extension, "g++"):
        cpp_extension.remove_extension_h_precompiler_headers()
        assert calls == []
        other = threading.Thread(target=cpp_extension.remove_extension_h_precompiler_headers)
        other.start()
        other.join()
        assert calls == ["torch"]
        with _without_traps(cpp_extension, "g++"):
            pass
        cpp_extension.remove_extension_h_precompiler_headers()
        assert calls == ["torch"]


CONCURRENT = """
import os, sys, time
import kbk, torch, torch.utils.cpp_extension
from kbk.build import machines
build = machines.build_library
def counted(*args, **kwargs):
    with open({log!r}, "a") as log:
        log.write("build\\n")
    return build(*args, **kwargs)
machines.build_library = counted
children = []
for i in range(4):
    child = os.fork()
    if child == 0:
        out = torch.zeros(1)
        mod = kbk.load_inline("shared", cuda_sources='''{source}''', functions=["touch"])
        mod.touch(out)
        os._exit(0 if out.item() == 3 else 1)
    children.append(child)
print([os.waitpid(child, 0)[1] for child in children])
"""


def test_processes_that_build_one_source_at_once_build_it_once(python, tmp_path: Path) -> None:
    log = tmp_path / "log"
    source = host_source("out.mutable_data_ptr<float>()[0] = 3;")
    done = python(CONCURRENT.format(source=source, log=str(log)))
    assert done.stdout.strip() == "[0, 0, 0, 0]", done.stderr
    assert log.read_text() == "build\n"


def test_threads_load_the_same_and_different_sources_at_once(session_cache: Path) -> None:
    sources = [host_source(f"out.mutable_data_ptr<float>()[0] = {value};") for value in (1, 2)]
    before = len(entries(session_cache, "library"))
    results: list[float] = []

    def work(index: int) -> None:
        out = torch.zeros(1)
        kbk.load_inline("threads", cuda_sources=sources[index % 2], functions=["touch"]).touch(out)
        results.append(out.item())

    threads = [threading.Thread(target=work, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]
    assert len(entries(session_cache, "library")) == before + 2


def test_ops_work_in_a_process_forked_after_loading(python) -> None:
    script = """
import os, kbk, torch
source = '''__global__ void put(float* p) { p[threadIdx.x] = threadIdx.x; __syncthreads(); }
void touch(Tensor out) { put<<<1, 64>>>(out.mutable_data_ptr<float>()); }'''
mod = kbk.load_inline("forked", cuda_sources=source, functions=["touch"])
mod.touch(torch.zeros(64))
child = os.fork()
if child == 0:
    out = torch.zeros(64)
    mod.touch(out)
    os._exit(0 if out[63] == 63 else 1)
print(os.waitpid(child, 0)[1])
"""
    done = python(script)
    assert done.stdout.strip() == "0", done.stderr
