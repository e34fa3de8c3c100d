"""Gates: what is counted, under which names, what a missed one says and what it earns."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from kbk.errors import ArgumentError
from kbk.grade import Case, Exercise, Gate, Read, Report, Write, gates, grade, values
from kbk.grade.counters import SHORT, counter
from kbk.profiler import metrics
from tests.grade.conftest import SCALE

WALK = """
__global__ void scale_kernel(float* out, const float* x, float a, int64_t n) {
  int64_t first = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) * EACH;
  for (int64_t i = first; i < first + EACH && i < n; ++i)
    out[i] = a * x[i];
}

void scale(Tensor out, const Tensor& x, double a) {
  int64_t n = x.numel();
  scale_kernel<<<(n + 32 * EACH - 1) / (32 * EACH), 32, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), float(a), n);
}
"""
EXCESS = {1: 0, 2: 512, 4: 1536, 8: 3584, 16: 3584}  # of 4,096 loads, by EACH
LINE = "01_scale.cu:5 `out[i] = a * x[i];`"


def walk(each: int) -> str:
    return WALK.replace("EACH", str(each))


def gated(*bounds: Gate, points: int = 6) -> Exercise:
    exercise = Exercise(
        title="Scale", kind="optimise", stars=1, minutes=5, points=points, functions=("scale",),
        task="Scale.", hints=("one two three four five",) * 3, stub=("cost", "too-much-traffic"),
        mutants={},
    )  # fmt: skip

    @exercise.check("cost", points=points, gate=True)
    def cost(rng: random.Random) -> Iterator[Case]:
        x = values.uniform(rng, 4096)
        yield Case(
            "scale", Write(torch.empty_like(x), "out"), Read(x, "x"), 2.0, label="4,096 elements",
            expect=lambda: 2 * x.double(), tol=values.tolerance(torch.float32), gates=bounds,
        )  # fmt: skip

    return exercise.bind(Path("/nowhere/90_tests/test_01_scale.py"))


def judged(source: str, *bounds: Gate, points: int = 6) -> Report:
    return grade(gated(*bounds, points=points), source, seed=1)


def test_a_missed_gate_states_counter_count_target_baseline_and_the_line_that_costs_most() -> None:
    report = judged(walk(8), Gate("excess_sectors", target=0, baseline=9000, why="Look."))
    assert report.verdict == "too-much-traffic"
    name = "derived__memory_l2_theoretical_sectors_global_excessive"
    assert report.failed.message.splitlines() == [
        f"scale, 4,096 elements: excess sectors ({name}): 7,168; target 0, baseline 9,000.",
        f"{LINE} costs 7,168 of them (100 %).",
        "Look.",
    ]
    assert report.failed.line == 5


TWO_LINES = SCALE.replace(
    "  if (i < n) out[i] = a * x[i];",
    """  if (i >= n) return;
  const float fixed = x[i & ~31];
  const float far = x[i * 7 % n];
  out[i] = a * x[i] + 0 * (fixed + far);""",
)


def test_of_several_lines_the_one_that_costs_most_is_named_with_its_share() -> None:
    report = judged(TWO_LINES, Gate("sectors_ld", target=0, baseline=9000))
    assert report.failed.line == 6  # 28 sectors a request; the others 1 and 4
    assert "01_scale.cu:6 `const float far = x[i * 7 % n];` costs " in report.failed.message
    assert "of them (85 %)." in report.failed.message


@pytest.mark.parametrize(("each", "points"), [(1, 6), (2, 5), (4, 4), (8, 0), (16, 0)])
def test_what_is_missed_earns_by_the_way_from_baseline_to_target(each: int, points: int) -> None:
    gate = Gate("excess_sectors:x", target=0, baseline=EXCESS[8])
    report = judged(walk(each), gate)
    credit = min(max((gate.baseline - EXCESS[each]) / gate.baseline, 0), 1)
    assert report.earned == points == min(-(-6 * credit // 1), 5 if credit < 1 else 6)


def test_a_target_that_is_nearly_reached_does_not_earn_all_points() -> None:
    report = judged(walk(2), Gate("excess_sectors", target=1023, baseline=10_000))
    assert not report.ok and report.earned == 5
    assert judged(walk(2), Gate("excess_sectors", target=1024, baseline=10_000)).ok


def test_the_worst_of_several_gates_counts_and_each_missed_one_is_told() -> None:
    report = judged(
        walk(4),
        Gate("excess_sectors", target=0, baseline=6144),
        Gate("requests_ld:x", target=128, baseline=512),
        Gate("sectors_st:out", target=512, baseline=9000),
    )
    assert report.earned == 3  # half of the way
    assert "excess sectors (derived__" in report.failed.message
    assert "sectors stored (l1tex__t_sectors_pipe_lsu_mem_global_op_st.sum) on out: 2,048" in (
        report.failed.message
    )
    assert "load requests" not in report.failed.message


def test_where_more_is_better_the_target_lies_above_the_baseline() -> None:
    gate = Gate("kbk__active_blocks", target=128, baseline=8)
    assert judged(walk(1), gate).ok
    report = judged(walk(2), gate)
    assert "kbk__active_blocks: 64; target 128, baseline 8." in report.failed.message
    assert report.earned == 3


def test_a_counter_that_does_not_add_up_shows_the_line_that_has_most_of_what_makes_it() -> None:
    twice = SCALE.replace(
        "out[i] = a * x[i];", "{\nout[i] = 1;\n__threadfence();\nout[i] = a * x[i];\n}"
    )
    report = judged(twice, Gate("writes_per_element_max", target=1, baseline=9))
    assert "most stores to one element (kbk__writes_per_element.max): 2; target 1" in (
        report.failed.message
    )
    assert "has most of kbk__bytes_requested_st.sum: 50 %" in report.failed.message


def test_bytes_that_are_asked_for_twice_show_the_line_that_loads_most_of_them() -> None:
    again = SCALE.replace(
        "out[i] = a * x[i];", "{\nout[i] = a * x[i];\nif (x[i / 2] > 99) out[i] = 0;\n}"
    )
    report = judged(again, Gate("bytes_requested_over_distinct", target=1, baseline=2))
    assert "bytes asked for, per byte touched (kbk__bytes_requested_over_distinct): 1.5; " in (
        report.failed.message
    )
    assert "has most of kbk__bytes_requested_ld.sum: 50 %" in report.failed.message


def test_an_element_that_two_launches_write_is_written_twice() -> None:
    launch = SCALE[SCALE.index("  scale_kernel<<<") : SCALE.rindex("}")]
    gate = Gate("writes_per_element_max:out", target=1, baseline=9)
    report = judged(SCALE.replace(launch, launch + launch), gate)
    assert "kbk__writes_per_element.max) on out: 2;" in report.failed.message
    halves = launch.replace("), n)", "), n / 2)") + (
        "  scale_kernel<<<(n + 255) / 256, 256, 0, current_stream()>>>(\n"
        "      out.mutable_data_ptr<float>() + n / 2, x.const_data_ptr<float>() + n / 2, float(a),"
        " n - n / 2);\n"
    )
    assert judged(SCALE.replace(launch, halves), gate).ok


def test_launches_of_a_call_add_up_and_what_is_a_maximum_stays_one() -> None:
    launch = SCALE[SCALE.index("  scale_kernel<<<") : SCALE.rindex("}")]
    twice = SCALE.replace(launch, launch + launch)
    report = judged(
        twice,
        Gate("requests_ld", target=128, baseline=512),
        Gate("kbk__launches", target=1, baseline=3),
        Gate("kbk__active_blocks", target=17, baseline=1),
    )
    text = report.failed.message
    assert "op_ld.sum): 256; target" in text and "kbk__launches: 2; target" in text
    assert "kbk__active_blocks: 16; target" in text


def test_a_store_by_an_atomic_is_counted_as_one_and_named() -> None:
    sneaky = SCALE.replace("out[i] = a * x[i];", "atomicExch(out + i, a * x[i]);")
    report = judged(sneaky, Gate("requests_st:out", target=0, baseline=999))
    st, red, atom = (
        f"l1tex__t_requests_pipe_lsu_mem_global_op_{op}.sum" for op in ("st", "red", "atom")
    )
    assert any(
        f"store requests ({st} + {by}) on out: 128;" in report.failed.message for by in (red, atom)
    )


def test_every_short_name_and_every_counter_of_a_profile_can_be_gated() -> None:
    for name in (*SHORT, *metrics.NSIGHT, *metrics.OURS):
        assert all(each in (*metrics.NSIGHT, *metrics.OURS) for each in counter(name).names), name
        Gate(name, target=0, baseline=1)
    with pytest.raises(ArgumentError, match=r"excess_sectors, .*it was 'exces_sectors'"):
        Gate("exces_sectors", target=0, baseline=1)


def test_a_gate_needs_a_baseline_that_is_not_its_target() -> None:
    with pytest.raises(TypeError, match="baseline"):
        Gate("requests_ld", target=1)  # type: ignore[call-arg]
    with pytest.raises(ArgumentError, match="it is the target"):
        Gate("requests_ld", target=1, baseline=1)


def test_what_was_not_counted_earns_nothing() -> None:
    case = next(
        iter(gated(Gate("requests_ld", target=1, baseline=2)).checks[0].cases(random.Random(0)))
    )
    assert isinstance(case, Case)
    found = gates.missed(case, {"counters": {}}, "", "")
    assert found is not None and found.credit == 0 and "nothing was counted" in found.text
