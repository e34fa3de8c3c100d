"""`pytest tests/exercises` grades the learner's tree; `--tree solutions`, or a folder: another."""

from __future__ import annotations

import pytest

from kbk.grade import testing


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--tree",
        default="exercises",
        help="what to grade: exercises (the default), solutions, stubs, or a folder like them",
    )


def pytest_configure(config: pytest.Config) -> None:
    name = str(config.getoption("--tree", "exercises"))
    if not testing.root_of(name).is_dir():
        raise pytest.UsageError(f"--tree must be exercises, solutions or a folder; it was {name!r}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    testing.generate(metafunc)


@pytest.fixture(scope="session")
def tree(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--tree"))
