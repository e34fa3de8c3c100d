"""The right programs of the corpus are right: plainly run, they compute what they say.

Several orders of threads and blocks.
"""

from __future__ import annotations

from typing import Any

import pytest
from arguments import holds
from corpus import Program, batches, compose, right_programs

import kbk
from kbk import sim

BATCHES = batches(right_programs(), 8)
SEEDS = (None, 1, 2)


@pytest.fixture(scope="module")
def modules() -> dict[int, Any]:
    return {}


def built(number: int, modules: dict[int, Any]) -> Any:
    """The module of one batch, compiled once."""
    if number not in modules:
        source, _ = compose(BATCHES[number])
        names = [each.name for each in BATCHES[number]]
        modules[number] = kbk.load_inline(f"right_{number}", cuda_sources=source, functions=names)
    return modules[number]


@pytest.mark.parametrize(
    ("number", "program"),
    [
        pytest.param(number, program, id=program.id)
        for number, batch in enumerate(BATCHES)
        for program in batch
    ],
)
def test_a_right_program_gives_its_result_in_every_order(
    modules: dict[int, Any], number: int, program: Program
) -> None:
    op = getattr(built(number, modules), program.name)
    for seed in SEEDS:
        arguments = program.arguments(seed=17)
        with sim.settings(seed=seed, time_limit=10):
            result = op(*arguments.values())
        after = {**arguments.named(), "result": result}
        assert holds(program, after, arguments.before), (program.result, seed)
