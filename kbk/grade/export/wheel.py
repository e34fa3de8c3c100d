"""Packs this very kbk as a wheel that grades: with graders and stubs, without a solution.

It is written from the files that are running, in a clone or installed, so that it needs no build
tool. A student who finds it reads what is public anyway, and no answer.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import kbk
from kbk import paths
from kbk.errors import KbkError

_DAY = (2020, 1, 1, 0, 0, 0)
"""Of every file in it, so that the same content gives the same bytes."""
_NEVER = {"__pycache__", "_solutions", "_kernels", "_measurements", "_graders", "_stubs"}


def wheel() -> tuple[str, bytes]:
    """Name and bytes of the wheel.

    Raises:
        KbkError: kbk is neither installed nor a clone with ``pip install -e``.
    """
    name = f"kbk-{kbk.__version__}"
    files = dict(_files())
    about = f"{name}.dist-info"
    files[f"{about}/METADATA"] = _metadata().encode()
    files[f"{about}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: kbk\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files[f"{about}/entry_points.txt"] = b"[console_scripts]\nkbk = kbk.cli:main\n"
    files[f"{about}/RECORD"] = _record(files, f"{about}/RECORD").encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, _DAY)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, content)
    return f"{name}-py3-none-any.whl", packed.getvalue()


def _files() -> Iterator[tuple[str, bytes]]:
    yield from _tree(paths.PACKAGE, "kbk")
    for folder, inside in (
        (paths.KERNELS, "_kernels"),
        (paths.GRADERS, "_graders"),
        (paths.STUBS, "_stubs"),
    ):
        yield from _tree(folder, f"kbk/{inside}")


def _tree(folder: Path, inside: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        left_out = any(part in _NEVER or part.startswith(".") for part in parts)
        if path.is_file() and not path.is_symlink() and not left_out:
            yield f"{inside}/{'/'.join(parts)}", path.read_bytes()


def _metadata() -> str:
    """What pip needs to know: the packages of the installed kbk, without those of extras."""
    try:
        needs = metadata.requires("kbk") or []
    except metadata.PackageNotFoundError:
        raise KbkError(
            "kbk must be installed to be packed: `pip install -e .` in a clone."
        ) from None
    rows = [
        "Metadata-Version: 2.1",
        "Name: kbk",
        f"Version: {kbk.__version__}",
        "Summary: Kernel by Kernel, the part that grades",
        "Requires-Python: >=3.10",
        *(f"Requires-Dist: {each}" for each in needs if "extra ==" not in each),
    ]
    return "\n".join(rows) + "\n"


def _record(files: dict[str, bytes], own: str) -> str:
    rows = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(content)}")
    return "\n".join([*rows, f"{own},,"]) + "\n"
