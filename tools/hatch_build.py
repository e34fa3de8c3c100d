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


class DataFolders(BuildHookInterface):
    """Adds the folders to a standard wheel. An editable one reads them in place."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        for source, target in FOLDERS.items():
            if Path(self.root, source).is_dir():
                build_data["force_include"][source] = target
