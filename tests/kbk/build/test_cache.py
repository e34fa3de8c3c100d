"""Cache entries appear whole or not at all, whoever builds, and whatever kills a build."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from pathlib import Path

import pytest
from build_helpers import entries, host_source, scratch

import kbk
from kbk.build import cache
from kbk.build.cache import build_entry, cache_dir, entry_path, sweep
from kbk.errors import BuildError, DiskFullError


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KBK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(text: str):
    return lambda folder: (folder / "file").write_text(text) and None


def test_an_entry_is_built_once_and_then_found(own_cache: Path) -> None:
    assert (build_entry("library", "key", write("one")) / "file").read_text() == "one"
    assert (build_entry("library", "key", write("two")) / "file").read_text() == "one"
    assert scratch(own_cache) == []


def test_a_build_that_fails_leaves_nothing_and_is_tried_again(own_cache: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_entry("library", "key", fail)
    assert scratch(own_cache) == [] and entries(own_cache, "library") == []
    assert (build_entry("library", "key", write("one")) / "file").read_text() == "one"


def test_threads_that_ask_at_once_share_one_build(own_cache: Path) -> None:
    builds = []

    def slow(folder: Path) -> None:
        builds.append(folder)
        time.sleep(0.1)

    threads = [
        threading.Thread(target=build_entry, args=("library", "key", slow)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1


def test_folders_of_dead_builds_are_swept_and_those_of_living_ones_are_not(own_cache: Path) -> None:
    build_entry("library", "key", write("one"))
    old = own_cache / "v1" / "tmp" / "123-dead"
    (old / "deep").mkdir(parents=True)
    mark = old.with_suffix(".lock")
    mark.touch()
    os.utime(mark, (0, 0))

    def look(folder: Path) -> None:
        os.utime(folder.with_suffix(".lock"), (0, 0))
        sweep()
        assert folder.is_dir() and not old.exists() and not mark.exists()

    build_entry("library", "other", look)
    assert scratch(own_cache) == []


def test_entries_that_nobody_used_for_a_month_are_removed_and_used_ones_stay(
    own_cache: Path,
) -> None:
    month_ago = time.time() - 31 * 86400
    for key in ("forgotten", "used"):
        os.utime(build_entry("headers", key, write(key)), (month_ago, month_ago))
    build_entry("headers", "used", write("again"))
    build_entry("library", "new", write("new"))
    assert [path.name for path in entries(own_cache, "headers")] == ["used"]
    assert (entry_path("headers", "used") / "file").read_text() == "used"


def test_the_cache_is_kbk_cache_then_xdg_then_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KBK_CACHE", str(tmp_path / "a"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "b"))
    monkeypatch.setenv("HOME", str(tmp_path / "c"))
    assert cache_dir() == tmp_path / "a"
    monkeypatch.delenv("KBK_CACHE")
    assert cache_dir() == tmp_path / "b" / "kbk"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_dir() == tmp_path / "c" / ".cache" / "kbk"


def test_a_named_cache_that_cannot_be_written_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KBK_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(
        BuildError, match=r"The build cache KBK_CACHE=.* cannot be written \(Not a directory\)"
    ):
        kbk.load_inline("cached", cuda_sources=host_source(), functions=["touch"])


def test_a_default_cache_that_cannot_be_written_is_replaced_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.delenv("KBK_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    folder = cache_dir()
    assert folder.parent == tmp_path and cache_dir() == folder
    said = capfd.readouterr().err
    assert "cannot be written (Not a directory)" in said and str(folder) in said
    assert len(said.splitlines()) == 1


def test_a_full_disk_is_its_own_error(own_cache: Path) -> None:
    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFullError, match=f"{own_cache} has no room left"):
        build_entry("library", "key", full)
    assert scratch(own_cache) == []


def test_a_disk_that_fills_up_while_compiling_is_its_own_error(
    own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "full++"
    fake.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && { echo full 1.0; exit; }\n'
        'echo "x.s: No space left on device" >&2; exit 1\n'
    )
    fake.chmod(fake.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("CXX", str(fake))
    with pytest.raises(DiskFullError):
        kbk.load_inline("full", cuda_sources=host_source(), functions=["touch"])
    assert scratch(own_cache) == [] and entries(own_cache, "headers") == []


def test_without_lock_support_the_first_result_counts(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(cache.fcntl, "flock", no_locks)

    def beaten(folder: Path) -> None:
        (folder / "file").write_text("second")
        entry = entry_path("library", "key")
        entry.mkdir(parents=True)
        (entry / "file").write_text("first")

    assert (build_entry("library", "key", beaten) / "file").read_text() == "first"


def test_a_damaged_library_is_removed_and_built_again(own_cache: Path) -> None:
    from kbk.build.library import load_library

    entry = build_entry(
        "library", "key", lambda folder: (folder / "kernels.so").write_text("no library") and None
    )
    with pytest.raises(BuildError, match="does not load"):
        load_library(entry / "kernels.so")
    assert not entry.exists()


def test_an_edited_header_makes_a_new_build(tmp_path: Path) -> None:
    import torch

    header = tmp_path / "deep" / "value.cuh"
    header.parent.mkdir()
    (tmp_path / "outer.cuh").write_text('#include "deep/value.cuh"\n')
    source = host_source("fill<<<1, 1>>>(out.mutable_data_ptr<float>());")
    source = "#include <outer.cuh>\n__global__ void fill(float* p) { p[0] = value(); }\n" + source
    seen = []
    for value in (1, 2, 1):
        header.write_text(f"#pragma once\n__device__ inline float value() {{ return {value}; }}\n")
        mod = kbk.load_inline(
            "header", cuda_sources=source, functions=["touch"], extra_include_paths=[tmp_path]
        )
        out = torch.zeros(1)
        mod.touch(out)
        seen.append((out.item(), mod.namespace))
    assert [value for value, _ in seen] == [1, 2, 1]
    assert seen[0] == seen[2] != seen[1]


def test_flags_change_the_build_and_reach_the_compiler() -> None:
    import torch

    source = host_source("put<<<1, 1>>>(out.mutable_data_ptr<float>());")
    source = "__global__ void put(float* p) { p[0] = VALUE; }\n" + source
    for value, flags in (
        (3, {"extra_cflags": ["-DVALUE=3"]}),
        (4, {"extra_cuda_cflags": ["-D", "VALUE=4", "-lineinfo"]}),
    ):
        out = torch.zeros(1)
        kbk.load_inline("flags", cuda_sources=source, functions=["touch"], **flags).touch(out)
        assert out.item() == value
