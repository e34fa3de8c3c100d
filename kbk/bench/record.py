"""Takes every record of the repository on a GPU in one run, and survives the failure of any part.

    python -m kbk.bench.record --out measurements

Parts: families, tests, tune, compare, ladder, activation_ladder, rope_ladder, ceilings, host,
build, notebook, and the suites of kbk/bench/sidebyside.py. Each writes at most one file; the parts,
their times and the main numbers are printed last and kept in summary.txt.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from kbk.bench import activation, building, ceilings, copying, notebook, rope_ladder, sidebyside
from kbk.bench.page import table_text
from kbk.bench.records import Record, provenance, save
from kbk.paths import PACKAGE


@dataclass
class Run:
    """One recording: where files go, what the tuner found, the summary, what failed tests say."""

    out: Path
    tests: list[str]
    tuned: dict[int, copying.Shape] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    appendix: list[str] = field(default_factory=list)

    def keep(self, record: Record) -> dict[str, Any]:
        """Writes a record and returns its numbers."""
        save(record, self.out)
        return record.data

    def say(self, line: str) -> None:
        """Adds a line to the summary."""
        self.lines.append(line)


def tests(run: Run) -> None:
    """The tests that need a GPU."""
    pytest = [sys.executable, "-m", "pytest", "-m", "gpu", "-q", "-p", "no:cacheprovider"]
    command = [*pytest, *run.tests]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PACKAGE.parent, timeout=300)
    lines = (done.stdout + done.stderr).strip().splitlines() or ["no output"]
    run.say("  " + lines[-1])
    if done.returncode:
        run.appendix += lines[-400:]
        raise RuntimeError(f"pytest ended with {done.returncode}")


def families(run: Run) -> None:
    """Builds the kernels that the other parts need."""
    from kbk.ops import family

    for name in ("copy", "ceilings", "activation", "rope", "rope_rungs"):
        begin = time.perf_counter()
        family(name)
        run.say(f"  kernels/{name}.cu {time.perf_counter() - begin:6.2f} s")


def tune(run: Run) -> None:
    """The best launch shape of the copy at each size."""
    data = run.keep(copying.tune())
    for size, found in data.items():
        best = found["best"][0]
        shape = copying.Shape(**{k: v for k, v in best.items() if k != "us"})
        run.tuned[int(size)] = shape
        run.say(
            f"  {copying.size_name(int(size)):>8} copy_ {found['peer_us']:8.2f} us, "
            f"copy {found['copy_us']:8.2f}, best {best['us']:8.2f}: {shape}"
        )


def compare(run: Run) -> None:
    """The copy against torch's."""
    data = run.keep(copying.compare_with_torch(tuned=run.tuned))
    for size, found in data.items():
        for name, f in found["functions"].items():
            if name != found["peer"]:
                run.say(
                    f"  {copying.size_name(int(size)):>8} {name:12} {f['median_us']:8.2f} us, "
                    f"{f['GBps']:7.1f} GB/s, ratio {f['ratio']:.4f}, bar {found['bar']:.4f}, "
                    f"{'pass' if f['passes'] else 'FAIL'}"
                )


def ladder(run: Run) -> None:
    """Every rung at every size, and GB/s over bytes in flight."""
    data = run.keep(copying.ladder())
    for size, found in data["rungs"].items():
        each = ", ".join(f"{n.removeprefix('copy_')} {us:.1f}" for n, us in found.items())
        run.say(f"  {copying.size_name(int(size)):>8} {each}")


def activation_ladder(run: Run) -> None:
    """Every rung of the activation, and the ceiling of its mix."""
    for shape, found in run.keep(activation.ladder()).items():
        each = ", ".join(f"{n.removeprefix('silu_')} {us:.1f}" for n, us in found["rungs"].items())
        run.say(f"  {shape}: {each}")


def rungs_of_rope(run: Run) -> None:
    """Every rung of RoPE, the op with and without its store, and the ceiling of its mix."""
    for tokens, found in run.keep(rope_ladder.ladder()).items():
        each = ", ".join(f"{n.removeprefix('rope_')} {us:.1f}" for n, us in found["rungs"].items())
        run.say(f"  {tokens} tokens: {each}")


def ceiling(run: Run) -> None:
    """What memory gives to four mixes of reads and writes."""
    for mix, found in run.keep(ceilings.measure()).items():
        shape = [found[k] for k in ("in_flight", "threads", "blocks_per_sm")]
        grid = "{} in flight, {} threads, {} blocks/SM".format(*shape)
        run.say(f"  {mix:10} {found['GBps']:7.1f} GB/s ({grid})")


def host(run: Run) -> None:
    """Host time of one call."""
    for case, found in run.keep(copying.host(["cuda"])).items():
        each = ", ".join(f"{n} {us:.2f} us" for n, us in found.items())
        run.say(f"  {case}: {each}")


def build(run: Run) -> None:
    """Build times."""
    data = run.keep(building.measure())
    run.say(f"  {data}")


def page(run: Run) -> None:
    """The chapter, executed here."""
    run.say("  " + notebook.execute(PACKAGE.parent / "book/01_copy.md", run.out / "01_copy.ipynb"))


def beside_peers(name: str, run: Run) -> None:
    """A suite of ops beside their peers: `kbk bench` shows the same."""
    of = sidebyside.suite(name)
    data = run.keep(sidebyside.measure(of))
    head, rows = sidebyside.table(of, data)
    run.lines += ["  " + line for line in table_text(head, rows).splitlines()]
    run.lines += ["  " + sentence for sentence in sidebyside.absent(data)]


PARTS: dict[str, Callable[[Run], None]] = {
    "families": families,
    "tests": tests,
    "tune": tune,
    "compare": compare,
    "ladder": ladder,
    "activation_ladder": activation_ladder,
    "rope_ladder": rungs_of_rope,
    "ceilings": ceiling,
    "host": host,
    "build": build,
    "notebook": page,
    **{name: partial(beside_peers, name) for name in sidebyside.SUITES},
}


def record(out: Path, parts: list[str] | None = None, test_paths: list[str] | None = None) -> int:
    """Runs the parts in order into the folder ``out``; returns how many failed."""
    out.mkdir(parents=True, exist_ok=True)
    run = Run(out, test_paths or ["tests/kernels"])
    run.say(" ".join(f"{k}={v!r}" for k, v in provenance().items()))
    failed = 0
    for name in parts or list(PARTS):
        begin = time.perf_counter()
        at = len(run.lines)
        try:
            PARTS[name](run)
            state = "ok"
        except BaseException as error:  # one part must not cost the others their result
            if isinstance(error, KeyboardInterrupt):
                raise
            traceback.print_exc()
            failed += 1
            state = f"FAILED: {type(error).__name__}: {str(error)[:300]}"
        run.lines.insert(at, f"{name}: {state} ({time.perf_counter() - begin:.1f} s)")
        print(run.lines[at], flush=True)
    (out / "summary.txt").write_text("\n".join([*run.lines, "", *run.appendix]) + "\n")
    print("\n".join(["", *run.appendix[-100:], "", *run.lines]))
    return failed


def main() -> int:
    """Command line: ``--out`` folder, ``--parts`` comma-separated, ``--tests`` paths of pytest."""
    parser = argparse.ArgumentParser(prog="kbk.bench.record", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parts", default=",".join(PARTS), help=", ".join(PARTS))
    parser.add_argument("--tests", nargs="*", default=["tests/kernels"])
    chosen = parser.parse_args()
    return record(chosen.out, chosen.parts.split(","), chosen.tests)


if __name__ == "__main__":
    sys.exit(main())
