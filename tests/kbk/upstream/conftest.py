"""One build cache for the session, and runs of checkouts that several tests look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kbk.upstream import checkout as checkouts
from kbk.upstream.record import FileResult
from kbk.upstream.run import run
from kbk.upstream.targets import choose
from kbk.upstream.watch import Limits
from tests.kbk.upstream.fake import COPY, make_checkout

LIMITS = Limits(build=500, case=400, launch=1)


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], FileResult]:
    """Runs a source as copy.cu of a checkout, once a session."""
    kept: dict[str, FileResult] = {}

    def of(source: str) -> FileResult:
        if source not in kept:
            root = tmp_path_factory.mktemp("sglang")
            found = checkouts.find(make_checkout(root, {COPY: source}))
            (kept[source],) = run(found, choose(["copy"]), limits=LIMITS).files
        return kept[source]

    return of


@pytest.fixture
def no_headers(monkeypatch: pytest.MonkeyPatch) -> Path | None:
    """No FlashInfer anywhere."""
    monkeypatch.delenv("FLASHINFER", raising=False)
    return None
