"""A glued value goes into the prose of a book build, and is printed everywhere else."""

from __future__ import annotations

import pytest

from kbk.bench import page


@pytest.mark.parametrize("notebook, book", [(True, False), (False, True), (False, False)])
def test_outside_a_book_build_a_glued_value_is_printed(
    notebook: bool, book: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(page, "in_notebook", lambda: notebook)
    monkeypatch.setenv(page.IN_BOOK, "1" if book else "")
    page.glue("sectors", 4)
    assert capsys.readouterr().out == "sectors: 4\n"


def test_in_a_book_build_it_is_handed_to_the_prose(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    myst_nb = pytest.importorskip("myst_nb")
    glued: dict[str, object] = {}
    monkeypatch.setattr(page, "in_notebook", lambda: True)
    monkeypatch.setenv(page.IN_BOOK, "1")
    monkeypatch.setattr(myst_nb, "glue", lambda name, value, display: glued.update({name: value}))
    page.glue("sectors", 4)
    assert glued == {"sectors": 4} and capsys.readouterr().out == ""
