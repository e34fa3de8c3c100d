"""Where the files that are not modules live: kernels, measurements, exercises, headers.

In a clone (also with ``pip install -e .``) they are the repository's own folders. In an installed
wheel they lie inside the package, where tools/hatch_build.py puts them; what a learner edits lies
in the current directory.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
"""Folder of the package ``kbk``."""


def _repository(package: Path) -> Path | None:
    """Return the clone that ``package`` belongs to, or None for an installed wheel."""
    root = package.parent
    return root if (root / "pyproject.toml").is_file() and (root / "kernels").is_dir() else None


def _data(name: str, folder: str = "", package: Path = PACKAGE) -> Path:
    """Return ``folder`` (by default ``name``) of the clone, else its copy ``_name`` in a wheel."""
    root = _repository(package)
    return package / f"_{name}" if root is None else root / (folder or name)


REPOSITORY = _repository(PACKAGE)
"""Root of the clone, or None in an installed wheel."""

KERNELS = _data("kernels")
"""Folder of the reference CUDA sources, one op family a file."""

MEASUREMENTS = _data("measurements")
"""Folder of the numbers recorded on a GPU."""

EXERCISES = (REPOSITORY or Path.cwd()) / "exercises"
"""What the learner edits. With a wheel: a folder of the current directory, which need not exist."""

STUBS = _data("stubs", "tests/stubs")
"""The exercises as they were before the learner's first edit."""

SOLUTIONS = _data("solutions")
"""Files under the paths of the stubs that pass."""

GRADERS = _data("graders", "tests/exercises")
"""One ``test_*.py`` an exercise: its inputs, oracle, gates and hints."""

MUTANTS = None if REPOSITORY is None else REPOSITORY / "tests/mutants"
"""Wrong kernels that the graders must reject; None in a wheel, where nobody needs them."""

INCLUDE = PACKAGE / "include"
"""Folder of the headers that kernels may include."""
