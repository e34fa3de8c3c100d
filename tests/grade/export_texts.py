"""Submissions to the guard for the tests of the exports, and an assignment that hides something."""

from __future__ import annotations

from pathlib import Path

from kbk import paths

NAME = "02_guard.cu"
PATH = f"00_setup/{NAME}"
RIGHT = (paths.SOLUTIONS / PATH).read_text()
_BODY = "  if (i < n) out[i] = a * x[i];"
assert RIGHT.count(_BODY) == 1

WRONG = RIGHT.replace(_BODY, "  out[i] = a * x[i];  // no <b>guard</b>")
HANGS = RIGHT.replace(_BODY, "  while (x[0] < 2) out[0] = 1;")
ONLY_HIDDEN_FAILS = RIGHT.replace(_BODY, "  if (i < n && n != 777) out[i] = a * x[i];")

EXTRA_NAME = "a size of SECRET-NAME"
EXTRA = f'''
import random
from collections.abc import Iterator

import torch

import kbk.grade
from kbk.grade import Case, Read, Write, values

EXERCISE = kbk.grade.extend("00/02")


@EXERCISE.check("{EXTRA_NAME}", points=2)
def size(rng: random.Random) -> Iterator[Case]:
    x = values.uniform(rng, 777)
    yield Case(
        "scale",
        Write(torch.empty_like(x), "out"),
        Read(x, "x"),
        2.0,
        expect=lambda: 2.0 * x.double(),
        label="SECRET-LABEL",
    )
'''
SECRETS = ("SECRET", "777")
"""What of the extra check nobody but an instructor may read."""


def assignment(folder: Path) -> Path:
    """Write the assignment with its hidden check; return the file."""
    file = folder / "week1.toml"
    place = folder / "our checks/00_setup"
    place.mkdir(parents=True)
    (place / "test_02_guard.py").write_text(EXTRA)
    file.write_text('title = "Week 1"\nexercises = ["00/02"]\nseed = 5\nextra = "our checks"\n')
    return file
