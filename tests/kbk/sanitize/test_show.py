"""Findings on a terminal, in a notebook, and as an exception."""

from __future__ import annotations

import re
from typing import Any

from by_hand import raw, side

from kbk.errors import KbkError, SanitizerError
from kbk.sanitizer import show
from kbk.sanitizer.findings import CallContext, Finding, describe


def _finding(severity: str = "error", **members: Any) -> Finding:
    finding = raw("out-of-bounds", "bounds-global", severity=severity, **members)
    return describe(finding, CallContext())


def test_the_error_has_the_first_finding_and_how_many_more() -> None:
    some = [_finding(text="x"), _finding("warning"), _finding("info")]
    error = SanitizerError(some)
    assert isinstance(error, KbkError)
    assert error.findings == some
    assert str(error) == f"{some[0]}\nand 2 more"
    assert str(SanitizerError(some[:1])) == str(some[0])
    assert str(SanitizerError([]))


def test_plain_text_has_every_severity_as_a_word() -> None:
    text = show.as_text([_finding(), _finding("warning"), _finding("info")])
    assert text.startswith("kbk.sanitize: 1 error, 1 warning, 1 info\n")
    for word in ("ERROR out-of-bounds", "WARNING out-of-bounds", "INFO out-of-bounds"):
        assert word in text
    assert show.as_text([]) == "kbk.sanitize: nothing found"


def test_a_terminal_gets_the_same_words() -> None:
    some = [_finding(kernel="k[bold]<T>"), _finding("warning")]
    assert show.as_rich(some).plain == show.as_text(some)


def test_html_is_escaped_and_leaves_the_colour_of_text_to_the_page() -> None:
    found = _finding(kernel="run<script>&\"'", actor=side())
    html = found._repr_html_()
    assert "<script>" not in html
    assert "run&lt;script&gt;&amp;" in html
    assert "ERROR" in html
    assert not re.search(r"(?<!-)\bcolor:\s*(?!inherit)", html)
    assert "background:transparent" in html
    assert html.count("<section") == html.count("</section>") == 1
