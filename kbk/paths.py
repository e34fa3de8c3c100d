"""Where the files that are not Python live: kernels, measurements, headers.

In a clone (also with ``pip install -e .``) kernels and measurements are the repository's own
folders. In an installed wheel they lie inside the package.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
"""Folder of the package ``kbk``."""


def _repository(package: Path) -> Path | None:
    """Return the clone that ``package`` belongs to, or None for an installed wheel."""
    root = package.parent
    return root if (root / "pyproject.toml").is_file() and (root / "kernels").is_dir() else None


def _data(name: str, package: Path = PACKAGE) -> Path:
    """Return the folder ``name`` of the clone, else its copy ``_name`` in the package."""
    root = _repository(package)
    return package / f"_{name}" if root is None else root / name


REPOSITORY = _repository(PACKAGE)
"""Root of the clone, or None in an installed wheel."""

KERNELS = _data("kernels")
"""Folder of the reference CUDA sources, one op family a file."""

MEASUREMENTS = _data("measurements")
"""Folder of the numbers recorded on a GPU."""

INCLUDE = PACKAGE / "include"
"""Folder of the headers that kernels may include."""
