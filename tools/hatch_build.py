"""Puts kernels, records, stubs, solutions and graders into the wheel, where kbk.paths finds them.

Not exercises/: in a clone where somebody learns it holds their work. The stubs are its twin.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS = {
    "kernels": "kbk/_kernels",
    "measurements": "kbk/_measurements",
    "solutions": "kbk/_solutions",
    "tests/exercises": "kbk/_graders",
    "tests/stubs": "kbk/_stubs",
}

LEFT_OUT = (
    "measurements/ncu/patterns.*",
    "measurements/sanitizer/logs.*",
    "measurements/upstream/*",  # the page's notebook has what its cells showed
)
"""What only the repository reads: the wheel travels inside every notebook."""


class DataFolders(BuildHookInterface):
    """Adds the folders to a standard wheel. An editable one reads them in place."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        root = Path(self.root)
        left_out = {path for pattern in LEFT_OUT for path in root.glob(pattern)}
        for source, target in FOLDERS.items():
            for path in sorted((root / source).rglob("*")):
                if path.is_file() and path not in left_out and "__pycache__" not in path.parts:
                    inside = path.relative_to(root / source).as_posix()
                    build_data["force_include"][str(path)] = f"{target}/{inside}"
