"""Chapter 03's graders are right: the rotation against complex numbers, its tolerance against
arithmetic of less precision, probes against closed forms, gates against other good solutions."""

from __future__ import annotations

import math
import random
import re
from types import SimpleNamespace

import pytest
import torch

from kbk.grade import catalogue, grade, rotation, values
from kbk.grade.compare import right

DTYPES = (torch.float32, torch.float16, torch.bfloat16)


def grader(name: str) -> SimpleNamespace:
    """What a grader file defines."""
    return SimpleNamespace(**catalogue.find(name).checks[0].cases.__globals__)


def drawn(dtype: torch.dtype, rotary: int = 64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Heads of 64 elements, positions, a table."""
    rng = random.Random(5)
    x = values.uniform(rng, 40, 3, 64, dtype=dtype)
    return x, values.integers(rng, 40, high=20), rotation.table(rng, 20, rotary)


@pytest.mark.parametrize("neox", [True, False])
@pytest.mark.parametrize("rotary", [64, 2, 46])
def test_a_rotation_is_a_product_of_complex_numbers(neox: bool, rotary: int) -> None:
    x, positions, table = drawn(torch.float32, rotary)
    half = rotary // 2
    pairs = [(p, p + half) if neox else (2 * p, 2 * p + 1) for p in range(half)]
    first, second = (torch.tensor(each) for each in zip(*pairs, strict=True))
    turned = torch.complex(x[..., first].double(), x[..., second].double())
    angle = torch.complex(table[:, :half].double(), table[:, half:].double())[positions]
    turned = turned * angle[:, None]
    out = rotation.rotated(x, positions, table, neox=neox)
    assert torch.allclose(out[..., first], turned.real, rtol=1e-14, atol=1e-14)
    assert torch.allclose(out[..., second], turned.imag, rtol=1e-14, atol=1e-14)
    assert torch.equal(out[..., rotary:], x[..., rotary:].double())


def test_a_table_holds_cosines_and_sines_of_angles_that_all_differ() -> None:
    table = rotation.table(random.Random(1), 30, 16).double()
    cos, sin = table[:, :8], table[:, 8:]
    assert torch.allclose(cos**2 + sin**2, torch.ones(30, 8, dtype=torch.float64), atol=1e-6)
    assert len(torch.atan2(sin, cos).flatten().unique()) == 240


def test_quarter_turns_are_exact_in_every_dtype() -> None:
    table = rotation.quarter_turns(random.Random(2), 20, 64)
    pairs = torch.stack([table[:, :32], table[:, 32:]], 2).view(-1, 2).tolist()
    assert {tuple(each) for each in pairs} == {
        (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)
    }  # fmt: skip
    for dtype in DTYPES:
        x, positions, _ = drawn(dtype)
        wanted = rotation.rotated(x, positions, table)
        assert torch.equal(wanted.to(dtype).double(), wanted)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_tolerance_takes_float32_arithmetic_and_nothing_less(dtype: torch.dtype) -> None:
    x, positions, table = drawn(dtype)
    wanted, tol = rotation.rotated(x, positions, table), rotation.tolerance(x)
    rows = table[positions][:, None]
    cos, sin = rows[..., :32], rows[..., 32:]
    a, b = x[..., :32], x[..., 32:]

    def turned(a: torch.Tensor, b: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor):
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    in_float32 = turned(a.float(), b.float(), cos, sin).to(dtype)
    assert right(in_float32, wanted, tol).all()
    less = torch.bfloat16 if dtype == torch.float32 else dtype
    in_less = turned(a.to(less), b.to(less), cos.to(less), sin.to(less)).to(dtype)
    assert not right(in_less, wanted, tol).all()
    products = turned(a.float(), b.float(), cos.to(less).float(), sin.to(less).float()).to(dtype)
    assert not right(products, wanted, tol).all(), "a table of fewer bits"


# What the answers of 03/01 would be by closed forms.
def partner(i: int, head_dim: int, rotary: int, neox: bool) -> int:
    """Its own number with a half added or taken away, or with its last bit changed."""
    if i >= rotary:
        return i
    return (i + rotary // 2) % rotary if neox else i ^ 1


def offset(t: int, h: int, i: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """By torch."""
    memory = torch.arange(1 << 16)
    return int(memory.as_strided(shape, strides)[t, h, i])


def table_sectors(tokens: int, q_heads: int, k_heads: int, rotary: int, scheme: str) -> int:
    """By the bytes of each lane, one by one."""
    times = tokens * (1 if scheme == "token" else q_heads + k_heads)
    count, half = 0, rotary // 2
    entries = rotary if scheme == "element" else half
    for begin in range(0, entries, 32):
        for part in (0, half):
            lanes = range(begin, min(begin + 32, entries))
            count += len({4 * (part + n % half) // 32 for n in lanes})
    return times * count


def flow(pair: int, rotary: int, neox: bool) -> list[tuple[int, int, str]]:
    """By the matrix [[cos, -sin], [sin, cos]]."""
    ends = [pair, pair + rotary // 2] if neox else [2 * pair, 2 * pair + 1]
    matrix = [["cos", "-sin"], ["sin", "cos"]]
    return [(ends[i], ends[j], matrix[i][j]) for i in range(2) for j in range(2)]


CLOSED = {"partner": partner, "offset": offset, "table_sectors": table_sectors, "flow": flow}


@pytest.mark.parametrize("name", CLOSED)
def test_what_traced_kernels_show_is_what_closed_forms_give(name: str) -> None:
    check = next(each for each in catalogue.find("03/01").checks if each.name == name)
    asks = list(check.cases(random.Random(7)))
    assert len(asks) == 200
    for ask in asks:
        assert ask.expect() == CLOSED[name](*ask.args), ask.args


def test_the_numbers_of_the_chapter_are_among_the_answers() -> None:
    # 32 + 8 heads of 128: 640 sectors of the table a token, 16 where they are loaded once.
    assert table_sectors(1, 32, 8, 128, "pair") == 640
    assert table_sectors(1, 32, 8, 128, "token") == 16
    check = next(each for each in catalogue.find("03/01").checks if each.name == "table_sectors")
    asked = [ask.args for ask in check.cases(random.Random(7))]
    assert (1, 32, 8, 128, "pair") in asked and (1, 32, 8, 128, "token") in asked


def test_settings_turn_less_than_a_head_and_lie_apart() -> None:
    grading = grader("03/01")
    pairs = list(grading.pairs(random.Random(3)))
    assert sum(i >= rotary for i, _, rotary, _ in pairs) > 10
    assert sum(rotary < head_dim for _, head_dim, rotary, _ in pairs) > 100
    views = list(grading.places(random.Random(3)))
    contiguous = [(n[1] * n[2], n[2], 1) == strides for _, _, _, n, strides in views]
    assert 40 < sum(contiguous) < 100
    last = max(sum((n - 1) * s for n, s in zip(n, s, strict=True)) for _, _, _, n, s in views)
    assert last < grading.MOST_PLACES
    assert max(d for _, d, _, _ in pairs) <= grading.MOST_HEAD


def changed(exercise: str, *changes: tuple[str, str]) -> str:
    """A solution with other words."""
    text = catalogue.solution_text(catalogue.find(exercise))
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def test_angles_in_shared_memory_pass_as_well() -> None:
    # A block a token: its eight workers load the angles once together, and share the heads.
    source = changed(
        "03/05",
        (
            "(int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / kLanes;",
            "blockIdx.x, worker = threadIdx.x / kLanes;",
        ),
        (
            "  for (int i = 4 * lane;",
            "  __shared__ float4 angles[2][512];\n"
            "  for (int n = threadIdx.x; n < half / 4; n += kThreads) {\n"
            "    angles[0][n] = *reinterpret_cast<const float4*>(row + 4 * n);\n"
            "    angles[1][n] = *reinterpret_cast<const float4*>(row + half + 4 * n);\n"
            "  }\n"
            "  __syncthreads();\n"
            "  for (int i = 4 * lane;",
        ),
        ("*reinterpret_cast<const float4*>(row + i);", "angles[0][i / 4];"),
        ("*reinterpret_cast<const float4*>(row + half + i);", "angles[1][i / 4];"),
        ("int h = 0; h < heads; ++h", "int h = worker; h < heads; h += kThreads / kLanes"),
        ("<<<ceil_div(tokens * kLanes, kThreads), kThreads,", "<<<tokens, kThreads,"),
    )
    report = grade(catalogue.find("03/05"), source)
    assert report.ok, report


def test_a_barrier_between_reads_and_writes_is_right_and_costs_points_of_gates_alone() -> None:
    exercise = catalogue.find("03/03")
    source = catalogue.stub_text(exercise)
    source = source.replace("  if (i >= head_dim) return;\n", "")
    report = grade(exercise, source.replace("__syncwarp();", "__syncthreads();"))
    assert {each.verdict for each in report.checks if not each.gate} == {"pass"}, report
    assert report.earned == 10


def test_the_stub_of_03_05_says_the_sectors_that_its_gate_counts() -> None:
    stub = catalogue.stub_text(catalogue.find("03/05"))
    of_table, of_all = 40 * 16, 40 * 8 + 40 * 16
    assert re.search(rf"Of {of_all} sectors", stub) and f"{of_table} are of the table" in stub
    check = next(each for each in catalogue.find("03/05").checks if each.name == "few sectors")
    case = next(iter(check.cases(random.Random(1))))
    (gate,) = case.gates
    positions = math.ceil(40 / 2)
    assert gate.baseline == 8 * (of_all + positions) and gate.target == 8 * 340
