"""A page is executed again when what its cells use has changed (book/_ext/execution_cache.py)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from book._ext import execution_cache, hosting

ROOT = Path(__file__).resolve().parents[2]

FILES = (
    *("kbk/sim/a.h", "kernels/copy.cu", "measurements/a.json", "tests/exercises/a.py"),
    *("book/_data/a.json", "tools/sglang_map/a.py"),
)

PAGE = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---
# Page

```{code-cell}
from pathlib import Path
print(Path("../kernels/copy.cu").read_text())
```
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("first")
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_the_digest_changes_with_a_file_and_comes_back_with_it(tree: Path, name: str) -> None:
    before = execution_cache.digest(tree)
    (tree / name).write_text("second")
    assert execution_cache.digest(tree) != before
    (tree / name).write_text("first")
    assert execution_cache.digest(tree) == before


def test_the_digest_changes_with_a_renamed_file(tree: Path) -> None:
    before = execution_cache.digest(tree)
    (tree / "kernels/copy.cu").rename(tree / "kernels/moved.cu")
    assert execution_cache.digest(tree) != before


def test_bytecode_does_not_change_the_digest(tree: Path) -> None:
    before = execution_cache.digest(tree)
    (tree / "kbk/__pycache__").mkdir()
    (tree / "kbk/__pycache__/a.pyc").write_text("x")
    assert execution_cache.digest(tree) == before


def test_only_the_newest_caches_stay(tmp_path: Path) -> None:
    for age, name in enumerate("edcba"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (age, age))
    execution_cache.prune(tmp_path, kept=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def build(book: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tools/build_book.py"]
    return subprocess.run(command, cwd=book, capture_output=True, text=True)


@pytest.fixture
def small_book(tmp_path: Path) -> Path:
    """A book of one page that prints a kernel, built by this repository's tools and settings."""
    for name in ("tools", "book/_ext", "book/_static"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/page\n")
    (tmp_path / "book/page.md").write_text(PAGE)
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels/copy.cu").write_text("first kernel")
    return tmp_path


@pytest.mark.slow
def test_an_edited_kernel_changes_the_page_that_shows_it(small_book: Path) -> None:
    html = small_book / "_build/html/book/page.html"
    assert build(small_book).returncode == 0
    assert "first kernel" in html.read_text()
    again = build(small_book)
    assert again.returncode == 0
    assert "Executed notebook" not in again.stdout + again.stderr
    (small_book / "kernels/copy.cu").write_text("second kernel")
    assert build(small_book).returncode == 0
    assert "second kernel" in html.read_text()


@pytest.mark.slow
def test_files_that_are_no_pages_do_not_disturb_the_build(small_book: Path) -> None:
    for name in (".pytest_cache", ".venv/lib", "tests"):
        (small_book / name).mkdir(parents=True)
        (small_book / name / "README.md").write_text("# Not a page\n")
    assert build(small_book).returncode == 0


@pytest.mark.slow
def test_a_failing_cell_fails_the_build_and_the_next_one_too(small_book: Path) -> None:
    page = small_book / "book/page.md"
    page.write_text(PAGE + "\n```{code-cell}\nraise ValueError('planted')\n```\n")
    for _ in range(2):
        done = build(small_book)
        assert done.returncode == 1
        assert "planted" in done.stdout + done.stderr
    page.write_text(PAGE)
    assert build(small_book).returncode == 0


def test_repository_links_come_from_the_environment_or_are_absent() -> None:
    options = hosting.theme_options({"GITHUB_REPOSITORY": "someone/fork"})
    assert options["repository_url"] == "https://github.com/someone/fork"
    assert options["use_repository_button"]
    assert not any(hosting.theme_options({}).values())
