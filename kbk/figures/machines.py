"""F00.3: one source and two machines, with what a build for each costs."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from kbk.bench.page import show_figure
from kbk.bench.records import Reading, newest
from kbk.figures.style import FAINT, FILLS, HATCH_INK, SMALL

NAMES = {"cpu": "CPU tensors: the simulator", "cuda": "CUDA tensors: the GPU"}
COMPILERS = {"cpu": "g++ or clang++", "cuda": "nvcc"}


@dataclass(frozen=True)
class Build:
    """Seconds of building a kernel after a change, and without one.

    Attributes:
        machine: "cpu" or "cuda".
        changed_s, unchanged_s: seconds.
        where: a sentence that says where they were measured.
    """

    machine: str
    changed_s: float
    unchanged_s: float
    where: str


def time_build(machine: str, changes: int = 3) -> Build:
    """Builds a kernel of three dtypes here, after each of some edits, and again without one.

    Args:
        machine: "cpu" or "cuda".
        changes: edits; the medians are returned.

    Raises:
        BuildError: there is no compiler for the machine.
    """
    from kbk.bench.building import THREE_DTYPES
    from kbk.build.module import Module
    from kbk.build.request import make_request

    changed: list[float] = []
    unchanged: list[float] = []
    for i in range(changes):
        source = THREE_DTYPES.replace("VERSION", f"{os.getpid()}.{i}.{time.time_ns()}")
        for seconds in (changed, unchanged):
            begin = time.perf_counter()
            request = make_request(
                "kbk_build_times", "", source, ["scale"], None, None, None, False
            )
            Module(request).build(machine)
            seconds.append(time.perf_counter() - begin)
    where = f"Measured live on {os.cpu_count()} CPU cores."
    return Build(machine, median(changed), median(unchanged), where)


def recorded_build() -> Build | None:
    """The newest record of a build for a GPU; None if there is none."""
    record = newest("build_times")
    if record is None or record.data["machine"] != "cuda":
        return None
    reading = Reading("record", record)
    data = record.data
    return Build("cuda", median(data["changed_s"]), median(data["unchanged_s"]), str(reading))


def _box(axes: Any, x: float, y: float, width: float, text: str, color: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    look: dict[str, Any] = {"boxstyle": "round,pad=0.02", "facecolor": color, "edgecolor": "black"}
    axes.add_patch(FancyBboxPatch((x, y), width, 0.26, **look))
    axes.text(x + width / 2, y + 0.13, text, ha="center", va="center", fontsize=SMALL + 0.5)


def _diagram(axes: Any, source: str) -> None:
    _box(axes, 0.02, 0.37, 0.24, source, "white")
    for y, machine, fill in ((0.68, "cpu", FILLS[0]), (0.06, "cuda", FILLS[1])):
        _box(axes, 0.66, y, 0.32, NAMES[machine], fill.color)
        arrow = {"arrowstyle": "-|>", "color": "black"}
        axes.annotate("", xy=(0.64, y + 0.13), xytext=(0.28, 0.5), arrowprops=arrow)
        side = "bottom" if machine == "cpu" else "top"
        at = (0.44, y + (0.08 if machine == "cpu" else 0.18))
        axes.text(*at, COMPILERS[machine], ha="right", va=side, fontsize=SMALL + 0.5)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_axis_off()


def two_machines(builds: Sequence[Build], source: str) -> None:
    """F00.3: the way of a source to two machines, and bars of the seconds of a build.

    Args:
        builds: at most one for each machine.
        source: what stands in the first box, such as "scale.cu, 12 lines".
    """
    from matplotlib import pyplot

    picture = pyplot.figure(figsize=(7, 4.4), layout="constrained")
    top, bottom = picture.subplots(2, 1, height_ratios=[1.35, 1])
    _diagram(top, source)
    labels, seconds, fills = [], [], []
    for build in builds:
        fill = FILLS[0] if build.machine == "cpu" else FILLS[1]
        for name, value in (("changed", build.changed_s), ("unchanged", build.unchanged_s)):
            labels.append(f"{COMPILERS[build.machine]}, {name}")
            seconds.append(value)
            fills.append(fill)
    bars = bottom.barh(labels[::-1], seconds[::-1], edgecolor=HATCH_INK, linewidth=0)
    for bar, fill in zip(bars, fills[::-1], strict=True):
        bar.set(facecolor=fill.color, hatch=fill.hatch)
    bottom.barh(labels[::-1], seconds[::-1], fill=False, edgecolor="black", linewidth=0.8)
    bottom.bar_label(bars, [f"{s:.3g} s" for s in seconds[::-1]], padding=3, fontsize=SMALL)
    bottom.set_xscale("log")
    bottom.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    bottom.set_xlim(min(seconds) / 2, max(seconds) * 4)
    bottom.set_xlabel("seconds of a build, logarithmic", fontsize=SMALL)
    bottom.tick_params(labelsize=SMALL)
    bottom.spines[["top", "right"]].set_visible(False)
    bottom.grid(True, axis="x", color=FAINT, linewidth=0.3)

    said = "; ".join(
        f"{COMPILERS[b.machine]} {b.changed_s:.2g} s after a change, {b.unchanged_s:.2g} s without"
        for b in builds
    )
    places = dict.fromkeys(b.where for b in builds)
    where = " ".join(
        f"{' and '.join(COMPILERS[b.machine] for b in builds if b.where == place)}: {place}"
        for place in places
    )
    caption = f"The device of the tensors picks the machine. Time of a build: {said}. {where}"
    alt = f"A source with two arrows, to {NAMES['cpu']} and to {NAMES['cuda']}; bars: {said}."
    rows = [
        [NAMES[b.machine], f"{b.changed_s:.3g}", f"{b.unchanged_s:.3g}", b.where] for b in builds
    ]
    head = ["machine", "changed, s", "unchanged, s", "where"]
    show_figure(picture, caption, alt, head, rows)
