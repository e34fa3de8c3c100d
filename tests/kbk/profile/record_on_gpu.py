"""Record Nsight Compute's counters for every case and pattern, on a machine with a GPU and torch.

    PYTHONPATH=. python3 tests/kbk/profile/record_on_gpu.py --out DIR       a few minutes

compiles the sources side by side, runs each case once and looks at what it computed, then runs all
cases, and all patterns, in one process under ncu each. Calls are profiled alone: torch's own
kernels are not. DIR gets

    ncu.json            provenance, and a row for each launch: case, kernel, grid, block, metrics
    cases.csv.xz, patterns.csv.xz   ncu's own tables
    source.csv.xz       counters for each SASS instruction of the cases, if ncu gives them
    sass.tar.xz         the instructions of every library
    metrics.txt         names that ncu knows here
    log.txt             what was tried and dropped, and how long the steps took
    cases.ncu-rep       ncu's report of the cases, if it is not too large

`publish_goldens.py` makes the goldens of `measurements/ncu/` from ncu.json.
"""

from __future__ import annotations

import argparse
import io
import json
import lzma
import os
import re
import subprocess
import sys
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cases as corpus
import patterns
from ncu_tool import OPTIONS, PRINT, Ncu, find_ncu, finish, read_raw, start_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
MOST_BYTES = 15 << 20
WHAT = {"cases": corpus.cases, "patterns": patterns.cases}


def main() -> int:
    options = parsed()
    if options.step == "build":
        return build(options.source)
    if options.step == "check":
        return check(options.work)
    if options.step == "drive":
        return drive(options)
    return Run(options).all()


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT") or "ncu-out"))
    parser.add_argument("--work", type=Path, default=Path("/tmp/kbk-ncu"))
    parser.add_argument("--ncu", help="path; else PATH and the usual places")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 4)
    parser.add_argument("--only", default="", help="part of the ids wanted")
    parser.add_argument(
        "--seconds", type=float, default=150, help="for the cases, for the patterns"
    )
    parser.add_argument("--no-source-page", action="store_true")
    parser.add_argument("--step", default="all", help=argparse.SUPPRESS)
    parser.add_argument("--source", default="", help=argparse.SUPPRESS)
    parser.add_argument("--what", default="cases", help=argparse.SUPPRESS)
    return parser.parse_args()


def build(source: str) -> int:
    """Compile one source for the GPU, into kbk's cache; prints the library's path last."""
    from kbk.build.machines import build_cuda

    module = corpus.module(source)
    module.build("cuda")
    print(build_cuda(module._request))
    return 0


def check(work: Path) -> int:
    """Run every case and pattern once without ncu; writes the ids that were wrong."""
    wrong = {}
    for case in (*corpus.cases(), *patterns.cases()):
        try:
            if not corpus.right(case, "cuda"):
                wrong[case.id] = "wrong result"
        except Exception as error:
            wrong[case.id] = f"{type(error).__name__}: {error}"[:500]
    (work / "check.json").write_text(json.dumps(wrong, indent=1))
    return 0


def drive(options: argparse.Namespace) -> int:
    """Under ncu: make the calls, each profiled alone, and note their kernels; ends in time."""
    import torch

    some = [each for each in WHAT[options.what]() if options.only in each.id]
    for source in sorted({each.source for each in some}):
        corpus.module(source).build("cuda")
    torch.zeros(1, device="cuda")
    begin = time.monotonic()
    with (options.work / f"{options.what}.journal").open("w") as journal:
        for case in some:
            if time.monotonic() - begin > options.seconds:
                break
            arguments = case.arguments("cuda")
            torch.cuda.synchronize()
            torch.cuda.profiler.start()
            try:
                corpus.call(case, arguments)
                torch.cuda.synchronize()
            finally:
                torch.cuda.profiler.stop()
            print(json.dumps([case.id, case.kernels]), file=journal, flush=True)
    return 0


class Run:
    """The steps in order; what fails is told in log.txt, and the rest goes on."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.out: Path = options.out
        self.work: Path = options.work
        for folder in (self.out, self.work):
            folder.mkdir(parents=True, exist_ok=True)
        from kbk.build.compile_only import nvcc_path

        self.nvcc = nvcc_path() or "nvcc"
        self.ncu = Ncu(find_ncu(options.ncu), self.nvcc, self.work)
        self.log = self.ncu.log
        self.libraries: dict[str, str] = {}
        self.commands: dict[str, list[str]] = {}
        self.document: dict[str, Any] = {}

    def all(self) -> int:
        self.timed("build", self.build)
        self.document = {"provenance": self.provenance(), "launches": [], "patterns": []}
        self.timed("check", self.check)
        self.timed("query", self.ncu.query)
        (self.out / "metrics.txt").write_text(self.ncu.names())
        self.timed("cases", lambda: self.profile("cases", "launches"))
        self.timed("patterns", lambda: self.profile("patterns", "patterns"))
        if not self.options.no_source_page:
            self.timed("source page", self.source_page)
        self.timed("sass", self.sass)
        report = self.work / "cases.ncu-rep"
        if report.exists() and report.stat().st_size < MOST_BYTES:
            (self.out / report.name).write_bytes(report.read_bytes())
        self.summary()
        return 0 if self.document["launches"] else 1

    def timed(self, name: str, step: Any) -> None:
        begin = time.monotonic()
        try:
            step()
        except Exception as error:  # the other steps' results still matter
            self.log.append(f"{name} failed: {type(error).__name__}: {error}")
        line = f"{name}: {time.monotonic() - begin:.1f} s"
        print(line, flush=True)
        self.log.append(line)
        self.save()

    def save(self) -> None:
        (self.out / "log.txt").write_text("\n".join(self.log) + "\n")
        if self.document:
            self.document["provenance"]["commands"] = self.commands
            (self.out / "ncu.json").write_text(json.dumps(self.document) + "\n")

    def myself(self, *words: str, seconds: float = 300) -> tuple[int | None, str]:
        return finish(start_of(self.again(*words), self.environment()), seconds)

    def again(self, *words: str) -> list[str]:
        script = str(Path(__file__).resolve())
        return [sys.executable, script, "--work", str(self.work), *words]

    def environment(self) -> dict[str, str]:
        path = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        return {**os.environ, "PYTHONPATH": path, "LC_ALL": "C"}

    def build(self) -> None:
        def one(source: str) -> None:
            code, text = self.myself("--step", "build", "--source", source)
            if code == 0:
                self.libraries[source] = text.strip().splitlines()[-1]
            else:
                self.log.append(f"{source} was not built: {text[-1500:]}")

        with ThreadPoolExecutor(self.options.jobs) as pool:
            list(pool.map(one, corpus.sources()))

    def check(self) -> None:
        code, text = self.myself("--step", "check")
        if code != 0:
            raise RuntimeError(text[-1500:])
        wrong = json.loads((self.work / "check.json").read_text())
        self.document["wrong"] = wrong
        for id_, why in wrong.items():
            self.log.append(f"WRONG {id_}: {why}")
            print(f"WRONG {id_}: {why}"[:200])

    def profile(self, what: str, key: str) -> None:
        names = self.ncu.choose(patterns=what == "patterns")
        report = self.work / what
        limit = self.options.seconds
        command = [
            *(self.ncu.path, "--profile-from-start", "off", *OPTIONS),
            *("--metrics", ",".join(names), "-f", "-o", str(report)),
            *self.again("--step", "drive", "--what", what, "--seconds", str(limit)),
            *("--only", self.options.only),
        ]
        self.commands[what] = command
        code, text = finish(start_of(command, self.environment()), limit + 120)
        if code != 0:
            self.log.append(f"ncu over the {what}: exit {code}: {text[-1500:]}")
        passes = re.findall(r"(\d+) pass", text)
        self.log.append(f"{what}: {len(passes)} launches, passes of the first: {passes[:1]}")
        self.log += [line for line in text.splitlines() if "==WARNING==" in line][:20]
        table = self.ncu.output(["--import", f"{report}.ncu-rep", *PRINT])
        (self.out / f"{what}.csv.xz").write_bytes(lzma.compress(table.encode()))
        journal = (self.work / f"{what}.journal").read_text().splitlines()
        told = [json.loads(line) for line in journal]
        asked = len([each for each in WHAT[what]() if self.options.only in each.id])
        if len(told) < asked:
            self.log.append(f"INCOMPLETE {what}: {len(told)} of {asked} calls")
        self.document[key] = matched(told, read_raw(table), set(names), self.log)

    def source_page(self) -> None:
        """Per instruction: which ones made the requests."""
        report = str(self.work / "cases.ncu-rep")
        page = ["--import", report, "--csv", "--page", "source", "--print-units", "base"]
        text = self.ncu.output([*page, "--print-source", "sass"], 120)
        if '"' not in text:
            text = self.ncu.output(page, 120)
        packed = lzma.compress(text.encode())
        if len(packed) < MOST_BYTES:
            (self.out / "source.csv.xz").write_bytes(packed)

    def sass(self) -> None:
        disassemble = str(Path(self.nvcc).parent / "cuobjdump")

        def one(item: tuple[str, str]) -> tuple[str, bytes]:
            done = subprocess.run([disassemble, "-sass", item[1]], capture_output=True)
            return Path(item[0]).stem + ".sass", done.stdout or done.stderr

        with ThreadPoolExecutor(self.options.jobs) as pool:
            texts = list(pool.map(one, sorted(self.libraries.items())))
        with tarfile.open(self.out / "sass.tar.xz", "w:xz") as archive:
            for name, text in texts:
                entry = tarfile.TarInfo(name)
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text))

    def provenance(self) -> dict[str, Any]:
        from kbk.bench import records

        version = subprocess.run([self.nvcc, "--version"], capture_output=True, text=True).stdout
        release = re.search(r"release \d+\.\d+, V([\d.]+)", version)
        return {
            **records.provenance(),
            "nvcc": release[1] if release else version[-100:],
            "ncu": self.ncu.version(),
            "command": " ".join(["python3", *sys.argv]),
        }

    def summary(self) -> None:
        for line in self.log:
            if not line.startswith("exit"):
                print(line[:300])
        columns = {
            "ldreq": "l1tex__t_requests_pipe_lsu_mem_global_op_ld.sum",
            "ldsec": "l1tex__t_sectors_pipe_lsu_mem_global_op_ld.sum",
            "stsec": "l1tex__t_sectors_pipe_lsu_mem_global_op_st.sum",
            "red": "l1tex__t_requests_pipe_lsu_mem_global_op_red.sum",
            "atom": "l1tex__t_requests_pipe_lsu_mem_global_op_atom.sum",
            "shld": "smsp__inst_executed_op_shared_ld.sum",
            "shldw": "l1tex__data_pipe_lsu_wavefronts_mem_shared_op_ld.sum",
            "shstw": "l1tex__data_pipe_lsu_wavefronts_mem_shared_op_st.sum",
        }
        print(f"{'case':38}" + "".join(f"{name:>9}" for name in columns))
        for row in self.document["launches"][::6]:
            values = (row["metrics"].get(name, "-") for name in columns.values())
            print(f"{row['case'][:38]:38}" + "".join(f"{value!s:>9}" for value in values))
        counts = {key: len(self.document[key]) for key in ("launches", "patterns")}
        print(f"{counts}, {len(self.document.get('wrong', {}))} wrong, files in {self.out}:")
        for file in sorted(self.out.iterdir()):
            print(f"  {file.name} {file.stat().st_size:,}")


def matched(
    told: list[Any], rows: list[dict[str, Any]], names: set[str], log: list[str]
) -> list[dict[str, Any]]:
    """Each row of ncu with the call that made it: rows are in the order of the launches."""
    found = []
    at = 0
    for id_, kernels in told:
        for index, kernel in enumerate(kernels):
            if at >= len(rows) or rows[at]["kernel"] != kernel:
                there = rows[at]["kernel"] if at < len(rows) else "the end"
                log.append(f"MISMATCH {id_}: {kernel} was expected, {there} is there")
                return found
            row = rows[at]
            metrics = {k: v for k, v in row["metrics"].items() if k in names}
            found.append({"case": id_, "index": index, **row, "metrics": metrics})
            at += 1
    if at != len(rows):
        log.append(f"MISMATCH: {len(rows) - at} launches more than expected")
    return found


if __name__ == "__main__":
    sys.exit(main())
