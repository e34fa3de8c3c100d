"""The first cell of a notebook: it carries the wheel of kbk, and installs it where it is missing.

Always the wheel, never an address: a notebook then needs no public repository and no file beside
it, and brings the very kbk that it was written for. The wheel is packed again without compression
and then as one xz stream, which is a third smaller than the zip; with base64 it came to 207 kB when
this was decided (317 kB from the zip). `make notebooks` prints what it is today, and a test bounds
it: beyond that, a notebook should carry the exercises of its own chapter only. (The bound was
600 kB until the simulator took torch's own headers, inline PTX and CUB, and 850 kB until there were
exercises of four chapters and the grader of a class.) The text stands in a cell that Jupyter and
Colab show folded.
"""

from __future__ import annotations

import base64
import io
import lzma
import subprocess
import sys
import tempfile
import textwrap
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 1_000_000
"""Of the packed wheel as text."""

_CELL = """\
# @title Installs kbk if it is missing, and says which machine this is
# The letters below are the package itself, a wheel: this notebook needs no repository.
# KBK_SOURCE installs another kbk, KBK_TORCH another torch: what `pip install` takes.
import base64
import lzma
import sys
import tempfile
from pathlib import Path


def first_cell(package):
    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(folder, "{name}")
        wheel.write_bytes(lzma.decompress(base64.b64decode(package)))
        part = str(wheel / "kbk")  # kbk/install runs out of the wheel
        sys.path.insert(0, part)
        try:
            from install.hosted import prepare

            prepare(wheel)
        finally:
            sys.path.remove(part)
            for module in ("install.hosted", "install.choose", "install"):
                sys.modules.pop(module, None)


first_cell(\"\"\"
{package}
\"\"\")
import kbk
"""


def build_wheel(root: Path = ROOT) -> tuple[str, bytes]:
    """Build the wheel of the working tree; return its name and its bytes, not compressed.

    Raises:
        RuntimeError: the build failed; with hatchling's words.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        run = subprocess.run(command, cwd=root, capture_output=True, text=True)
        if run.returncode != 0:
            raise RuntimeError(f"the wheel of kbk was not built: {run.stdout}{run.stderr}")
        (wheel,) = Path(folder).glob("*.whl")
        return wheel.name, stored(wheel.read_bytes())


def stored(wheel: bytes) -> bytes:
    """The same files in a zip that is not compressed, always in one order and of one date."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(wheel)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in sorted(old.namelist()):
            data = old.read(name)
            if name.endswith(".dist-info/RECORD"):
                data = _without_hashes(data)
            new.writestr(zipfile.ZipInfo(name), data)
    return packed.getvalue()


def _without_hashes(record: bytes) -> bytes:
    """A wheel's list of files without hashes: they do not compress, and pip makes its own."""
    rows = [row.rsplit(",", 2)[0] + ",," for row in record.decode().splitlines() if row]
    return "".join(f"{row}\n" for row in rows).encode()


def pack(wheel: bytes) -> str:
    """A wheel as text: xz, base64, lines of 120 letters."""
    text = base64.b64encode(lzma.compress(wheel, preset=9 | lzma.PRESET_EXTREME)).decode()
    return "\n".join(textwrap.wrap(text, 120))


def first_cell(name: str, wheel: bytes) -> str:
    """The source of the cell for a wheel.

    Args:
        name: the file's name; pip reads project and version from it.
        wheel: its bytes, as ``build_wheel`` returns them.
    """
    return _CELL.format(name=name, package=pack(wheel)).rstrip("\n")
