"""The activations are clean under kbk.sanitize; what the chapter shows as wrong is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from itertools import product
from typing import Any

import pytest
import torch
from activation_oracle import DTYPES, OPS, made, poisoned, wrong

import kbk
from kbk import sim
from kbk.build import load_inline
from kbk.ops import family
from kbk.ops._family import FUNCTIONS
from kbk.paths import KERNELS, PACKAGE

BF16 = torch.bfloat16
RIGHT = "const int64_t elements = rows.d | rows.out_step | rows.input_step;"
AT_2D = "const int64_t elements = 2 * rows.d | rows.out_step | rows.input_step;"


def call(ops: Any, name: str, x: torch.Tensor) -> torch.Tensor:
    out = poisoned(*x.shape[:-1], x.shape[-1] // 2, dtype=x.dtype)
    more = (2, 64, False) if name == "silu_in_flight" else ()
    getattr(ops, name)(out, x, *more)
    return out


@pytest.mark.parametrize("seed", [None, 1])
def test_every_rung_and_op_is_clean(seed: int | None) -> None:
    ops = family("activation")
    with sim.settings(seed=seed), kbk.sanitize() as s:
        for name in FUNCTIONS["activation"]:
            for d, tokens in product((1, 8, 12, 33, 520), (1, 3)):
                call(ops, name, made(tokens, 2 * d, dtype=BF16))
                for first, gap in ((3, 5), (0, 4), (8, 0)):  # off by pointer, by step, not at all
                    wide = made(tokens, first + 2 * d + gap, dtype=BF16)
                    call(ops, name, wide[:, first : first + 2 * d])
        for name, dtype, d in product(OPS, DTYPES, (4, 36, 100)):
            call(ops, name, made(3, 2 * d, dtype=dtype))
    assert len(s.launches) > 0
    assert [str(each) for each in s.findings if each.severity != "info"] == []


@cache
def guarded_at_2d() -> Any:
    """Rung 4 with the guard of the reports: 2 * d elements must be whole words."""
    text = (KERNELS / "activation.cu").read_text()
    parts = [
        text.split(f"// [begin {name}]\n")[1].split(f"// [end {name}]")[0]
        for name in ("maths", "door", "rung 3", "rung 4")
    ]
    source = "".join(parts)
    assert source.count(RIGHT) == 1
    return load_inline(
        "activation_at_2d", cuda_sources=source.replace(RIGHT, AT_2D), functions=["silu_vectors"]
    )


@pytest.mark.parametrize("d", [12, 20, 3420])
def test_a_guard_that_looks_at_2d_reads_ups_off_their_alignment(d: int) -> None:
    x = made(1, 2 * d, dtype=BF16)
    with kbk.sanitize(raise_on_error=False) as s:
        call(guarded_at_2d(), "silu_vectors", x)
    first = s.findings[0]
    assert (first.kind, first.severity) == ("misaligned", "error")
    assert "of size 16 bytes" in str(first)
    with kbk.sanitize() as s:
        assert wrong("silu_and_mul", call(family("activation"), "silu_vectors", x), x) == ""
    assert s.findings == []


def test_a_guard_that_looks_at_2d_launches_blocks_of_no_threads_where_d_is_4() -> None:
    with pytest.raises(kbk.LaunchError):
        call(guarded_at_2d(), "silu_vectors", made(1, 8, dtype=BF16))


@pytest.mark.parametrize("d", [8, 16, 4096, 11008])
def test_a_guard_that_looks_at_2d_passes_where_d_is_a_multiple_of_8(d: int) -> None:
    x = made(2, 2 * d, dtype=BF16)
    assert wrong("silu_and_mul", call(guarded_at_2d(), "silu_vectors", x), x) == ""


def test_the_tail_that_redoes_work_gives_the_right_answer_all_the_same() -> None:
    x = made(1, 2 * 14336, dtype=BF16)
    with kbk.sanitize(raise_on_error=False) as s:
        assert wrong("silu_and_mul", call(family("activation"), "silu_redone_tail", x), x) == ""
    assert [(each.kind, each.severity) for each in s.findings] == [("race", "info")]
    assert "here all the same value" in str(s.findings[0])


CALLS = """
import torch
from kbk.ops._family import FUNCTIONS, family
ops = family("activation")
for name in FUNCTIONS["activation"]:
    for tokens, d, first, gap in ((1, 8, 0, 0), (3, 33, 0, 3), (3, 3420, 0, 0), (5, 1200, 8, 8)):
        wide = torch.randn(tokens, first + 2 * d + gap, device="cuda").bfloat16()
        out = torch.empty(tokens, d, dtype=torch.bfloat16, device="cuda")
        more = (2, 64, True) if name == "silu_in_flight" else ()
        getattr(ops, name)(out, wide[:, first : first + 2 * d], *more)
        assert not out.isnan().any(), (name, d)
print("all called")
"""


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.parametrize("tool", ["memcheck", "initcheck", "racecheck", "synccheck"])
def test_compute_sanitizer_finds_nothing(tool: str) -> None:
    sanitizer = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
    if not os.path.exists(sanitizer):
        pytest.skip("no compute-sanitizer")
    family("activation").build("cuda")  # outside of it: nvcc need not be watched
    done = subprocess.run(
        [sanitizer, "--tool", tool, "--error-exitcode", "9", sys.executable, "-c", CALLS],
        env={
            **os.environ,
            "PYTHONPATH": str(PACKAGE.parent),
            "PYTORCH_NO_CUDA_MEMORY_CACHING": "1",
        },
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "all called" in done.stdout
    assert "ERROR SUMMARY: 0 errors" in done.stdout or "0 hazards displayed" in done.stdout
