"""``kbk grade --gradescope OUT.zip``: an autograder for Gradescope that needs no GPU.

The zip holds the two scripts that Gradescope asks for, this kbk as a wheel without solutions, and
the assignment with its hidden checks. In the container all of it lies in ``/autograder/source``,
which ``setup.sh`` closes to everybody but root; a submission is compiled and run as another user,
behind the grader's walls, so that it can read neither a hidden check nor an expected value. There
is no solution to be read.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from kbk.errors import KbkError
from kbk.grade import assignment as assignments
from kbk.grade.export import bundle, files
from kbk.grade.export.autograder import ASSIGNMENT
from kbk.grade.export.wheel import wheel
from kbk.install.choose import CPU_INDEX, CPU_TORCH

TEMPLATES = Path(__file__).with_name("templates")
_DAY = (2020, 1, 1, 0, 0, 0)


def write_zip(out: Path, assignment: Path | None = None) -> None:
    """Write the autograder.

    Args:
        out: the zip; it is replaced.
        assignment: its file; None for every exercise, nothing hidden.

    Raises:
        KbkError: the assignment is wrong, or the zip cannot be written.
    """
    if out.suffix.lower() != ".zip" or out.is_dir():
        raise KbkError(f"--gradescope must be the path of a .zip; it was {str(out)!r}.")
    asked = assignments.load(assignment)
    name, content = wheel()
    found = {
        "setup.sh": _script("setup.sh", name),
        "run_autograder": _script("run_autograder", name),
        name: content,
        ASSIGNMENT: bundle.toml(asked, bundle.seed_of(asked)).encode(),
        **bundle.extra_files(asked),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out_zip:
        for path, data in found.items():
            entry = zipfile.ZipInfo(path, _DAY)
            mode = 0o755 if path in ("setup.sh", "run_autograder") else 0o644
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            out_zip.writestr(entry, data)
    files.write(out, packed.getvalue(), mode=0o600)  # it holds hidden checks


def _script(name: str, wheel_name: str) -> bytes:
    text = (TEMPLATES / "gradescope" / name).read_text("utf-8")
    for key, value in (("@INDEX@", CPU_INDEX), ("@TORCH@", CPU_TORCH), ("@WHEEL@", wheel_name)):
        text = text.replace(key, value)
    return text.encode()
