"""Writes the map's data file: ``python -m tools.sglang_map CHECKOUT``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tools.sglang_map.build import build
from tools.sglang_map.git import Repository

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "book/_data/sglang_map.json"
OLD = "aeac6220586d08519fe0e832fec5a950292bc9a7"
NEW = "0bda0b168ad5bf7311ae639904489a4698a05546"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.sglang_map", description=__doc__)
    parser.add_argument("checkout", type=Path, help="a clone of SGLang with its history")
    parser.add_argument("--old", default=OLD, help="the earlier commit")
    parser.add_argument("--new", default=NEW, help="the later commit")
    parser.add_argument("--old-git", type=Path, help="another clone that has the earlier commit")
    parser.add_argument("--out", type=Path, default=DATA, help="the file to write")
    asked = parser.parse_args(arguments)
    try:
        repository = Repository(asked.checkout)
        earlier = Repository(asked.old_git) if asked.old_git else repository
        made = build(earlier, asked.old, repository, asked.new)
    except ValueError as error:
        print(f"sglang_map: {error}", file=sys.stderr)
        return 2
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    files = f"{len(made['then'])} files then, {len(made['now'])} now"
    print(f"{asked.out}: {len(made['ops'])} ops, {files}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
