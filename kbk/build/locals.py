"""Local variables that the compiler sees used without a value. Nobody can see that at run time."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict
from pathlib import Path

from .. import sim
from ..errors import BuildError
from .cache import build_entry
from .diagnostics import Diagnostic, warnings
from .machines import cpu_unit, front, write_headers
from .request import Request, digest
from .support import loaded_support, torch_includes

# Only what is certain: "maybe" and "sometimes" would blame kernels that are right.
_OPTIONS = [
    "-Wuninitialized",
    *("-Wno-maybe-uninitialized", "-Wno-sometimes-uninitialized", "-Wno-unknown-warning-option"),
]
_SECONDS = 60


def uninitialized_locals(request: Request, arch: int) -> list[Diagnostic]:
    """The compiler's warnings about them, in the learner's files; from the cache or new.

    Compiles once more, for an analysis that the traced build turns off. What goes wrong in that is
    no warning: the build itself will say it.
    """
    parts = loaded_support(request.flags, arch, front=front(request))
    key = digest("locals", request.digest, parts.compiler.identity, repr(parts.flags), *_OPTIONS)

    def build(folder: Path) -> None:
        unit = cpu_unit(request, parts)
        write_headers(folder / "headers", unit.headers)
        # After a kernel's question who is asking, g++ is certain of nothing.
        (folder / "main.cpp").write_text(unit.text.replace(sim.PROBE, ""))
        done = subprocess.run(
            [
                *parts.compiler.words,
                *unit.cflags,
                f"-I{folder / 'headers'}",
                *torch_includes(),
                *_OPTIONS,
                *("-S", "-o", "/dev/null", str(folder / "main.cpp")),
            ],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
        )
        if done.returncode != 0:  # not to be remembered
            raise BuildError(f"The compiler ended with {done.returncode}: {done.stderr[-500:]}")
        found = warnings(done.stderr, dict(request.files), "uninitialized")
        (folder / "warnings.json").write_text(json.dumps([asdict(each) for each in found]))

    entry = build_entry("locals", key, build)
    told = json.loads((entry / "warnings.json").read_text())
    return [Diagnostic(**each) for each in told]
