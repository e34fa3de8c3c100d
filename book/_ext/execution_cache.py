"""Re-executes pages when the code behind them changes, not only when their own cells do.

jupyter-cache keys a page by its cells. What a cell prints depends also on the engine, the kernels
and the recorded measurements, so their digest names the folder of the cache. Sphinx reads every
page again when that setting changes.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    *("kbk", "kernels", "measurements", "solutions", "tests/exercises", "tests/stubs"),
    *("tests/mutants", "tests/exploits", "book/_data", "tools/sglang_map"),
)
KEPT = 3


def files(root: Path, folders: Iterable[str] = FOLDERS) -> Iterator[Path]:
    """Yield the files that outputs depend on, in a fixed order, without caches and hidden files."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            parts = path.relative_to(root).parts
            hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
            if path.is_file() and not hidden:
                yield path


def machine() -> str:
    """Return what else decides an output: versions, whether a GPU is there, SGLang's checkout."""
    gpu = Path("/proc/driver/nvidia/version").exists()
    torch = metadata.version("torch")
    python = platform.python_version()
    sglang = os.environ.get("KBK_SGLANG", "")
    return f"{platform.machine()} python {python} torch {torch} gpu {gpu} sglang {sglang}"


def digest(root: Path = ROOT) -> str:
    """Return 16 hexadecimal digits that change with any of the files or with the machine."""
    whole = hashlib.sha256(machine().encode())
    for path in files(root):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"\n{path.relative_to(root).as_posix()} {content}".encode())
    return whole.hexdigest()[:16]


def prune(caches: Path, kept: int = KEPT) -> None:
    """Remove all but the ``kept`` most recently used caches."""
    found = sorted((p for p in caches.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
    for old in found[:-kept]:
        shutil.rmtree(old, ignore_errors=True)


def choose_cache(app: Any, config: Any) -> None:
    """Point the execution cache at the folder of today's digest."""
    caches = Path(app.outdir).parent / ".jupyter_cache"
    cache = caches / digest()
    cache.mkdir(parents=True, exist_ok=True)
    os.utime(cache)
    prune(caches)
    config.nb_execution_cache_path = str(cache)


def setup(app: Any) -> dict[str, Any]:
    app.connect("config-inited", choose_cache, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
