"""Executes every page, builds the site into _build/html and says where it is.

A page whose cell fails, and any warning of Sphinx, fails the build.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    # Kernel specs of this environment win over a person's own ones under their home folder.
    # kbk.bench.glue prints values elsewhere, where no prose takes them up.
    environment = {**os.environ, "JUPYTER_PREFER_ENV_PATH": "1", "KBK_BOOK": "1"}
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command += ["build", str(ROOT), "-W", "--keep-going", *sys.argv[1:]]
    status = subprocess.run(command, cwd=ROOT, env=environment).returncode
    if status != 0:
        # Sphinx remembers a page that it has read, also one whose cells failed, and would pass over
        # it next time. Executed cells stay in the execution cache, so starting afresh costs little.
        shutil.rmtree(ROOT / "_build/.doctrees", ignore_errors=True)
        print("kbk: the book was not built: the warnings and errors above say why", file=sys.stderr)
        return 1
    print(f"kbk: the book is at {ROOT / '_build/html/index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
