"""Figures of recorded or live times: us over bytes, GB/s over bytes in flight, ceilings by mix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kbk.bench.copying import PEER, Shape, size_name
from kbk.bench.page import show_figure

# Okabe-Ito, each with a marker and a dash of its own: no series is told by colour alone.
SERIES = [
    ("#0072B2", "o", "-"),
    ("#D55E00", "s", "--"),
    ("#009E73", "^", "-."),
    ("#CC79A7", "D", ":"),
    ("#E69F00", "v", "-"),
    ("#56B4E9", "P", "--"),
    ("#000000", "x", "-."),
]


def _axes(xlabel: str, ylabel: str) -> tuple[Any, Any]:
    from matplotlib import pyplot

    picture, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(True, which="major", color="#cccccc", linewidth=0.6)
    axes.set_axisbelow(True)  # a grid behind the bars and their labels
    return picture, axes


def us_over_bytes(data: Mapping[str, Any], where: str) -> None:
    """F01.3: time of each rung over the size of the copy, both axes logarithmic.

    Args:
        data: the data of a ``copy_ladder`` record.
        where: the sentence that says where the numbers come from.
    """
    rungs: Mapping[str, Mapping[str, float]] = data["rungs"]
    sizes = sorted(map(int, rungs))
    names = list(rungs[str(sizes[0])])
    picture, axes = _axes("bytes copied", "median time, us")
    for name, (color, marker, dash) in zip(names, SERIES, strict=False):
        us = [rungs[str(s)][name] for s in sizes]
        axes.plot(sizes, us, color=color, marker=marker, linestyle=dash, label=name, markersize=5)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(sizes, [size_name(s) for s in sizes], rotation=30)
    axes.legend(fontsize=8)
    first, last = str(sizes[0]), str(sizes[-1])
    slow, fast = max(rungs[last].values()), min(rungs[last].values())
    small = sizes[min(2, len(sizes) - 1)]
    caption = (
        f"copy takes {rungs[first]['copy']:.1f} us for {size_name(sizes[0])} and "
        f"{rungs[str(small)]['copy']:.1f} us for {size_name(small)}, {small // sizes[0]} times as "
        f"much: small copies cost their launch. At {size_name(sizes[-1])} the rungs lie between "
        f"{fast:.0f} and {slow:.0f} us. {where}"
    )
    alt = "Lines of time over bytes. " + "; ".join(
        f"{n}: {rungs[first][n]:.1f} us at {size_name(sizes[0])}, "
        f"{rungs[last][n]:.1f} us at {size_name(sizes[-1])}"
        for n in names
    )
    rows = [[size_name(s), *(f"{rungs[str(s)][n]:.2f}" for n in names)] for s in sizes]
    show_figure(picture, caption, alt, ["bytes", *(f"{n}, us" for n in names)], rows)


def gbps_over_bytes_in_flight(data: Mapping[str, Any], where: str) -> None:
    """F01.2: bandwidth over bytes in flight on one SM, a curve for each number of vectors.

    Args:
        data: the data of a ``copy_ladder`` record.
        where: the sentence that says where the numbers come from.
    """
    size, points = data["in_flight"]["bytes"], data["in_flight"]["points"]
    picture, axes = _axes("bytes in flight on one SM", "GB/s, read plus written")
    for vectors, (color, marker, dash) in zip((1, 2, 4, 8), SERIES, strict=False):
        mine = [p for p in points if p["in_flight"] == vectors]
        axes.plot(
            [p["bytes_per_sm"] for p in mine],
            [p["GBps"] for p in mine],
            color=color,
            marker=marker,
            linestyle=dash,
            label=f"{vectors} x 16 bytes a thread",
        )
    axes.set_xscale("log", base=2)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)
    low = min(points, key=lambda p: p["bytes_per_sm"])
    high = max(points, key=lambda p: p["GBps"])
    caption = (
        f"A copy of {size_name(size)} speeds up with the bytes that each SM has in flight: from "
        f"{low['GBps']:.0f} GB/s at {size_name(low['bytes_per_sm'])} to {high['GBps']:.0f} GB/s at "
        f"{size_name(high['bytes_per_sm'])}. {where}"
    )
    alt = "Four lines of GB/s over bytes in flight on one SM. " + "; ".join(
        f"{vectors} x 16 bytes a thread: "
        + ", ".join(
            f"{p['GBps']:.0f} at {size_name(p['bytes_per_sm'])}"
            for p in sorted(points, key=lambda p: p["bytes_per_sm"])
            if p["in_flight"] == vectors
        )
        for vectors in (1, 2, 4, 8)
    )
    rows = [
        [p["in_flight"], p["threads_per_sm"], size_name(p["bytes_per_sm"]), f"{p['GBps']:.0f}"]
        for p in sorted(points, key=lambda p: (p["in_flight"], p["bytes_per_sm"]))
    ]
    head = ["vectors a thread", "threads an SM", "bytes in flight an SM", "GB/s"]
    show_figure(picture, caption, alt, head, rows)


def ceilings(data: Mapping[str, Any], where: str) -> None:
    """F01.4: the bandwidth of four mixes of reads and writes.

    Args:
        data: the data of a ``ceilings`` record.
        where: the sentence that says where the numbers come from.
    """
    names = {"read_only": "read", "two_to_one": "2:1", "one_to_one": "1:1", "write_only": "write"}
    picture, axes = _axes("mix of reads and writes", "GB/s")
    values = [data[n]["GBps"] for n in names]
    bars = axes.bar(list(names.values()), values, edgecolor="black")
    looks = zip(bars, SERIES, ("", "//", "xx", ".."), strict=False)
    for bar, (color, _, _), hatch in looks:
        bar.set(facecolor=color, hatch=hatch)
    axes.bar_label(bars, [f"{v:.0f}" for v in values], padding=2)
    axes.margins(y=0.1)
    ranked = sorted(names, key=lambda name: data[name]["GBps"])
    top, bottom = (f"{names[n]} with {data[n]['GBps']:.0f} GB/s" for n in (ranked[-1], ranked[0]))
    caption = f"The ceiling depends on the mix: highest is {top}, lowest is {bottom}. {where}"
    alt = "Four bars: " + ", ".join(f"{n} {data[k]['GBps']:.0f} GB/s" for k, n in names.items())
    rows = [[n, f"{data[k]['GBps']:.1f}", f"{data[k]['us']:.1f}"] for k, n in names.items()]
    show_figure(picture, caption, alt, ["mix", "GB/s", "us"], rows)


def comparison_rows(data: Mapping[str, Any]) -> list[list[str]]:
    """Rows of a ``copy_compare`` record: size, peer us, ours us, GB/s, ratio, bar, verdict."""
    rows = []
    for size, found in sorted(data.items(), key=lambda kv: int(kv[0])):
        ours, peer = found["functions"]["kbk.ops.copy"], found["functions"][PEER]
        rows.append(
            [
                size_name(int(size)),
                f"{peer['median_us']:.2f}",
                f"{ours['median_us']:.2f}",
                f"{ours['GBps']:.0f}",
                f"{ours['ratio']:.3f}",
                f"{found['bar']:.3f}",
                "yes" if ours["passes"] else "no",
            ]
        )
    return rows


COMPARISON_HEAD = ["size", "copy_ us", "ours us", "ours GB/s", "ratio", "least ratio", "as fast"]


def tuning_rows(data: Mapping[str, Any]) -> list[list[str]]:
    """Rows of a ``copy_tuning`` record: size, peer us, best us, the launch shape that took it."""
    rows = []
    for size, found in sorted(data.items(), key=lambda kv: int(kv[0])):
        best = dict(found["best"][0])
        us = best.pop("us")
        rows.append(
            [size_name(int(size)), f"{found['peer_us']:.2f}", f"{us:.2f}", str(Shape(**best))]
        )
    return rows


TUNING_HEAD = ["size", "copy_ us", "best us", "its launch shape"]
