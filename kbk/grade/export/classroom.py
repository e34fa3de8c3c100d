"""``kbk grade --classroom DIR``: makes a folder a template repository for GitHub Classroom.

It gets the exercises, a workflow that grades them on a runner without a GPU, the grader as a wheel
and a README. Graders and stubs come from the wheel: what a student changes in the tree outside of
``.github`` changes nothing. Hidden checks are refused: a student can read all of such a repository.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from kbk.errors import KbkError
from kbk.grade import assignment as assignments
from kbk.grade import catalogue
from kbk.grade.assignment import Assignment
from kbk.grade.export import bundle, files
from kbk.grade.export.wheel import wheel
from kbk.install.choose import CPU_INDEX, CPU_TORCH

TEMPLATES = Path(__file__).with_name("templates") / "classroom"


def write_folder(folder: Path, assignment: Path | None = None) -> list[Path]:
    """Write the template; return what was written.

    Args:
        folder: of the template repository. A stub or a README that is there already stays as it
            is; workflow and grader are replaced.
        assignment: its file; None for every exercise.

    Raises:
        KbkError: the assignment hides something, or a file cannot be written.
    """
    asked = assignments.load(assignment)
    if asked.hidden or asked.extra:
        raise KbkError(
            "--classroom cannot hide a check: students can read the whole repository. Leave "
            "hidden and extra out of the assignment, and use them with `kbk grade --submissions`."
        )
    if folder.exists() and not folder.is_dir():
        raise KbkError(f"--classroom must be a folder; {folder} is none.")
    name, content = wheel()
    digest = hashlib.sha256(content).hexdigest()
    values = _values(asked, name, digest)
    workflow = _filled("classroom.yml", values)
    written = {
        folder / ".github/workflows/classroom.yml": workflow.encode(),
        folder / ".github/kbk" / name: content,
        folder / ".github/kbk/SHA256": f"{digest}  {name}\n".encode(),
    }
    for path, data in (
        (folder / "README.md", _filled("README.md", values).encode()),
        *(
            (folder / "exercises" / each.path, catalogue.stub_text(each).encode())
            for each in asked.exercises
        ),
    ):
        if not path.exists():
            written[path] = data
    for old in (folder / ".github/kbk").glob("kbk-*.whl"):
        if old not in written:
            old.unlink()
    for path, data in written.items():
        files.write(path, data)
    return list(written)


def _values(asked: Assignment, name: str, digest: str) -> dict[str, str]:
    ids = [each.id for each in asked.exercises]
    rows = [
        f"| {each.id} | {each.title} | `exercises/{each.path}` | {each.points} |"
        for each in asked.exercises
    ]
    return {
        "@WHEEL@": name,
        "@SHA256@": digest,
        "@DIGEST@": digest[:16],
        "@INDEX@": CPU_INDEX,
        "@TORCH@": CPU_TORCH,
        "@MINUTES@": str(10 + 2 * len(ids)),
        "@ARGUMENTS@": f"{' '.join(ids)} --seed {bundle.seed_of(asked)}",
        "@TITLE@": " ".join(asked.title.split()),
        "@LIST@": "\n".join(["| no. | exercise | file | points |", "|---|---|---|---|", *rows]),
        "@FIRST@": ids[0],
    }


def _filled(name: str, values: dict[str, str]) -> str:
    text = (TEMPLATES / name).read_text("utf-8")
    for key, value in values.items():
        text = text.replace(key, value)
    return text
