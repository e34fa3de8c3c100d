"""SIMD within a word, lane by lane against numpy, and the DPX instructions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.kbk.sim.conformance.machine import Family, Source

Lanes = Callable[[np.ndarray, np.ndarray], np.ndarray]

# Per name: whether lanes are signed, and the result before it is cut to the lane.
LANEWISE: dict[str, tuple[bool, Lanes]] = {
    "vadd": (False, np.add),
    "vsub": (False, np.subtract),
    "vmaxs": (True, np.maximum),
    "vmaxu": (False, np.maximum),
    "vmins": (True, np.minimum),
    "vminu": (False, np.minimum),
    "vavgu": (False, lambda x, y: (x + y + 1) >> 1),
    "vhaddu": (False, lambda x, y: (x + y) >> 1),
    "vabsdiffs": (True, lambda x, y: abs(x - y)),
    "vabsdiffu": (False, lambda x, y: abs(x - y)),
}
SATURATED: dict[str, tuple[bool, Lanes]] = {
    "vaddss": (True, np.add),
    "vaddus": (False, np.add),
    "vsubss": (True, np.subtract),
    "vsubus": (False, np.subtract),
}
ONE_ARGUMENT: dict[str, tuple[bool, Lanes]] = {
    "vabs": (True, lambda x, y: abs(x)),
    "vneg": (True, lambda x, y: -x),
}
ONE_SATURATED = {"vabsss": ONE_ARGUMENT["vabs"], "vnegss": ONE_ARGUMENT["vneg"]}
COMPARED: dict[str, tuple[bool, Lanes]] = {
    "eq": (False, np.equal), "ne": (False, np.not_equal),
    "gts": (True, np.greater), "gtu": (False, np.greater),
    "ges": (True, np.greater_equal), "geu": (False, np.greater_equal),
    "lts": (True, np.less), "ltu": (False, np.less),
    "les": (True, np.less_equal), "leu": (False, np.less_equal),
}  # fmt: skip
TWO = [*LANEWISE, *SATURATED, "vavgs", "vsads", "vsadu"]
TWO += [prefix + suffix for prefix in ("vcmp", "vset") for suffix in COMPARED]
ONE = [*ONE_ARGUMENT, *ONE_SATURATED]

DPX = {
    "vimax3_s32": "__vimax3_s32(a, b, c)",
    "vimin3_u32": "__vimin3_u32(a, b, c)",
    "vimax3_s32_relu": "__vimax3_s32_relu(a, b, c)",
    "vimin3_s16x2": "__vimin3_s16x2(a, b, c)",
    "vimax3_u16x2": "__vimax3_u16x2(a, b, c)",
    "viaddmax_s32": "__viaddmax_s32(a, b, c)",
    "viaddmin_u32": "__viaddmin_u32(a, b, c)",
    "viaddmax_s16x2_relu": "__viaddmax_s16x2_relu(a, b, c)",
    "viaddmin_u16x2": "__viaddmin_u16x2(a, b, c)",
    "vimax_s32_relu": "__vimax_s32_relu(a, b) + 0 * c",
}
WORDS = ("unsigned", "unsigned")
SOURCE = Source(
    "simd",
    {
        "two": Family(
            "unsigned", WORDS, {f"{n}{k}": f"__{n}{k}(a, b)" for n in TWO for k in (2, 4)}
        ),
        "one": Family(
            "unsigned", ("unsigned",), {f"{n}{k}": f"__{n}{k}(a)" for n in ONE for k in (2, 4)}
        ),
        "dpx": Family("unsigned", ("unsigned",) * 3, DPX),
    },
)


def _words(count: int) -> list[np.ndarray]:
    random = np.random.default_rng(4)
    drawn = random.integers(0, 1 << 32, (count, 4000), dtype=np.uint64).astype(np.uint32)
    corners = np.array([0, 1, 0x7F, 0x80, 0x81, 0xFF], dtype=np.uint32)
    lanes = random.choice(corners, (count, 2000, 4))
    return [
        np.concatenate([row, (lane << np.array([0, 8, 16, 24], np.uint32)).sum(1, dtype=np.uint32)])
        for row, lane in zip(drawn, lanes, strict=True)
    ]


def _split(words: np.ndarray, count: int, signed: bool) -> np.ndarray:
    width = 4 // count
    return words.view(f"{'i' if signed else 'u'}{width}").reshape(-1, count).astype(np.int64)


def _join(lanes: np.ndarray, count: int) -> np.ndarray:
    return np.ascontiguousarray(lanes.astype(f"u{4 // count}")).view(np.uint32).ravel()


def _clamp(lanes: np.ndarray, count: int, signed: bool) -> np.ndarray:
    bits = 32 // count
    low = -(1 << (bits - 1)) if signed else 0
    return np.clip(lanes, low, low + (1 << bits) - 1)


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("name", [*LANEWISE, *SATURATED, *ONE_ARGUMENT, *ONE_SATURATED])
def test_every_lane_gets_its_own_result(name: str, count: int, device: str) -> None:
    table = LANEWISE | SATURATED | ONE_ARGUMENT | ONE_SATURATED
    signed, operation = table[name]
    a, b = _words(2)
    want = operation(_split(a, count, signed), _split(b, count, signed))
    if name in SATURATED or name in ONE_SATURATED:
        want = _clamp(want, count, signed)
    inputs = (a,) if name in ONE else (a, b)
    got = SOURCE.evaluate("one" if name in ONE else "two", f"{name}{count}", device, *inputs)
    np.testing.assert_array_equal(got, _join(want, count))


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("name", COMPARED)
def test_a_comparison_fills_or_sets_its_lane(name: str, count: int, device: str) -> None:
    signed, operation = COMPARED[name]
    a, b = _words(2)
    holds = operation(_split(a, count, signed), _split(b, count, signed))
    for prefix, value in (("vcmp", -1), ("vset", 1)):
        got = SOURCE.evaluate("two", f"{prefix}{name}{count}", device, a, b)
        np.testing.assert_array_equal(got, _join(np.where(holds, value, 0), count))


@pytest.mark.parametrize("count", [2, 4])
def test_a_signed_average_rounds_halves_away_from_zero(count: int, device: str) -> None:
    a, b = _words(2)
    total = _split(a, count, True) + _split(b, count, True)
    want = (total + (total >= 0)) >> 1
    got = SOURCE.evaluate("two", f"vavgs{count}", device, a, b)
    np.testing.assert_array_equal(got, _join(want, count))


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("name", ["vsads", "vsadu"])
def test_a_sum_of_differences_adds_all_lanes(name: str, count: int, device: str) -> None:
    a, b = _words(2)
    signed = name == "vsads"
    want = abs(_split(a, count, signed) - _split(b, count, signed)).sum(axis=1)
    got = SOURCE.evaluate("two", f"{name}{count}", device, a, b)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("name", DPX)
def test_a_dpx_instruction_is_its_steps(name: str, device: str) -> None:
    a, b, c = _words(3)
    count = 2 if "x2" in name else 1
    signed = "_s" in name
    x, y, z = (_split(v, count, signed) for v in (a, b, c))
    pick = np.maximum if "max" in name else np.minimum
    if "add" in name:
        wrapped = _split(_join(x + y, count), count, signed)
        want = pick(wrapped, z)
    else:
        want = pick(x, y) if "3" not in name.split("_")[0] else pick(pick(x, y), z)
    if name.endswith("relu"):
        want = np.maximum(want, 0)
    got = SOURCE.evaluate("dpx", name, device, a, b, c)
    np.testing.assert_array_equal(got, _join(want, count))
