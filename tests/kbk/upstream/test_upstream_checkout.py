"""Where `kbk upstream` looks for sources and headers, and what it says if they are not there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kbk.errors import ArgumentError
from kbk.upstream import checkout as checkouts
from tests.kbk.upstream.fake import COPY, PINNED, copy_source, make_checkout, make_flashinfer


@pytest.fixture(autouse=True)
def no_flashinfer(monkeypatch):
    monkeypatch.delenv("FLASHINFER", raising=False)


@pytest.mark.parametrize("layout", checkouts.LAYOUTS)
def test_both_layouts_are_found_from_the_root_and_from_the_folder(tmp_path: Path, layout: str):
    root = make_checkout(tmp_path / "sglang", {COPY: copy_source()}, layout)
    for path in (root, root / layout):
        found = checkouts.find(path)
        assert (found.root, found.layout) == (root / layout, layout)
        assert found.file("elementwise/copy.cu").is_file()


def test_a_folder_without_sources_is_refused(tmp_path: Path):
    with pytest.raises(ArgumentError, match=r"PATH must be a checkout of SGLang, with sgl-kernel"):
        checkouts.find(tmp_path)
    with pytest.raises(ArgumentError, match="there is no folder"):
        checkouts.find(tmp_path / "nowhere")


def test_the_commit_is_that_of_git_and_unknown_without(tmp_path: Path):
    root = make_checkout(tmp_path / "one", {}, git=True)
    told = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True)
    assert checkouts.find(root).commit == told.stdout.strip()
    assert checkouts.find(make_checkout(tmp_path / "two", {})).commit == "unknown"


def test_the_pinned_commit_is_flashinfers_and_no_other_repositorys(tmp_path: Path):
    assert checkouts.find(make_checkout(tmp_path, {})).pinned == PINNED


def test_the_pinned_commit_is_read_from_an_archives_address_too(tmp_path: Path):
    file = tmp_path / "CMakeLists.txt"
    file.write_text(f"URL https://example.org/flashinfer-ai/flashinfer/archive/{PINNED}.tar.gz")
    assert checkouts.pinned_flashinfer(file) == PINNED
    assert checkouts.pinned_flashinfer(tmp_path / "none") == "unknown"


def test_a_branch_of_flashinfer_is_no_commit_and_neither_is_the_next_repositorys(tmp_path: Path):
    file = tmp_path / "CMakeLists.txt"
    tag = f"fetch(https://example.org/next.git {PINNED})"
    file.write_text(f"fetch(https://github.com/flashinfer-ai/flashinfer.git main)\n{tag}")
    assert checkouts.pinned_flashinfer(file) == "unknown"


def test_flashinfer_is_what_was_named_then_the_variable_then_what_lies_beside(
    tmp_path: Path, monkeypatch
):
    root = make_checkout(tmp_path / "sglang", {})
    assert checkouts.find(root).flashinfer is None
    below = make_flashinfer(root / "3rdparty/flashinfer")
    assert checkouts.find(root).flashinfer.root == below
    beside = make_flashinfer(tmp_path / "flashinfer")
    assert checkouts.find(root).flashinfer.root == beside
    assert checkouts.find(root / "sgl-kernel").flashinfer.root == beside
    variable = make_flashinfer(tmp_path / "variable")
    monkeypatch.setenv("FLASHINFER", str(variable))
    assert checkouts.find(root).flashinfer.root == variable
    named = make_flashinfer(tmp_path / "named")
    found = checkouts.find(root, named)
    assert found.flashinfer.root == named
    assert found.folders == (root / "sgl-kernel/include", named / "include", named / "csrc")


def test_a_folder_that_is_no_flashinfer_is_refused_by_the_name_of_who_named_it(
    tmp_path: Path, monkeypatch
):
    root = make_checkout(tmp_path / "sglang", {})
    with pytest.raises(ArgumentError, match="--flashinfer must be a checkout of FlashInfer"):
        checkouts.find(root, tmp_path)
    monkeypatch.setenv("FLASHINFER", str(tmp_path))
    with pytest.raises(ArgumentError, match="FLASHINFER must be a checkout of FlashInfer"):
        checkouts.find(root)


def test_the_advice_names_the_pinned_commit(tmp_path: Path):
    found = checkouts.find(make_checkout(tmp_path, {}))
    assert f"git -C flashinfer checkout {PINNED}" in found.advice
