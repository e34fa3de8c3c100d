"""A damaged cache is mended by one build, and what cannot be kept says so."""

from __future__ import annotations

import copy
import pickle
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from build_helpers import entries, host_source

import kbk

Run = Callable[..., subprocess.CompletedProcess[str]]

SCRIPT = """
import kbk, torch
source = '''
__global__ void fill(float* p, int64_t n) { if (threadIdx.x < n) p[threadIdx.x] = 3; }
void touch(Tensor out) {
  fill<<<1, 32>>>(out.mutable_data_ptr<float>(), out.numel());
}
'''
out = torch.zeros(2)
kbk.load_inline("damage", cuda_sources=source, functions=["touch"]).touch(out)
print(out.tolist())
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, session_cache: Path) -> Path:
    """A cache of its own, with one kernel in it."""
    import os
    import sys

    folder = tmp_path_factory.mktemp("damage") / "cache"
    root = str(Path(kbk.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root, "KBK_CACHE": str(folder)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return folder


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def garble(file: Path) -> None:
    file.write_bytes(b"x" * file.stat().st_size)


def empty(file: Path) -> None:
    file.write_bytes(b"")


DAMAGES = [cut, garble, empty, Path.unlink]


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "unlisted"])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("kind, name", [("library", "kernels.so"), ("runtime", "libkbksim*.so")])
def test_a_damaged_library_is_built_again_at_once(
    filled: Path, python: Run, kind: str, name: str, damage: Callable[[Path], None], listed: bool
) -> None:
    if not listed and damage is cut:
        pytest.skip("a library that was cut and is not listed may end the process in the loader")
    (entry,) = entries(filled, kind)
    (file,) = entry.glob(name)
    damage(file)
    if not listed:
        (entry / "sizes.json").unlink()
    done = python(SCRIPT, KBK_CACHE=str(filled))
    assert done.stdout == "[3.0, 3.0]\n", done.stderr
    (file,) = entry.glob(name)
    before = file.stat().st_mtime_ns
    assert python(SCRIPT, KBK_CACHE=str(filled)).stdout == "[3.0, 3.0]\n"
    assert file.stat().st_mtime_ns == before


def test_cut_precompiled_headers_are_made_again(filled: Path, python: Run) -> None:
    (entry,) = entries(filled, "headers")
    (file,) = entry.glob("prelude.h.*ch")
    cut(file)
    shutil.rmtree(filled / "v1" / "library")
    assert python(SCRIPT, KBK_CACHE=str(filled)).stdout == "[3.0, 3.0]\n"


def test_a_compiler_that_writes_nothing_is_named(python: Run, tmp_path: Path) -> None:
    compiler = tmp_path / "c++"
    compiler.write_text("#!/bin/sh\necho 'g++ 14'\n")
    compiler.chmod(0o755)
    cache = tmp_path / "cache"
    done = python(SCRIPT, KBK_CACHE=str(cache), CXX=str(compiler))
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("kbk.errors.BuildError: The C++ compiler ")
    assert "wrote nothing" in last and "CXX" in last
    assert entries(cache, "headers") == entries(cache, "runtime") == []


def test_modules_and_ops_refuse_to_be_pickled_or_copied() -> None:
    mod = kbk.load_inline("kept", cuda_sources=host_source(), functions=["touch"])
    for what in (mod, mod.touch):
        for keep in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(kbk.ArgumentError, match=r"cannot be pickled.*load_inline again"):
                keep(what)
