"""Every kernel of the book compiles for the oldest GPU that it names, and for two newer ones."""

from __future__ import annotations

import pytest

from kbk.build.compile_only import compile_only, nvcc_path
from kbk.ops._family import FUNCTIONS
from kbk.paths import KERNELS

ARCHITECTURES = ("75", "80", "90a")


def test_every_file_of_kernels_is_compiled() -> None:
    assert {file.stem for file in KERNELS.glob("*.cu")} == set(FUNCTIONS)


@pytest.mark.slow
@pytest.mark.skipif(nvcc_path() is None, reason="no nvcc")
@pytest.mark.parametrize("family", sorted(FUNCTIONS))
def test_a_family_compiles_for_sm_75_sm_80_and_sm_90a(family: str) -> None:
    source = (KERNELS / f"{family}.cu").read_text()
    compile_only(family, source, FUNCTIONS[family], ARCHITECTURES, host=True, folders=[KERNELS])
