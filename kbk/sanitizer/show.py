"""Findings as text for terminals and logs, and as HTML for notebooks.

Severity is always a word; colours and borders only repeat it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from kbk.sanitizer.findings import Finding

if TYPE_CHECKING:
    from rich.text import Text

_STYLES = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}
# Visible on a white and on a black page; text has the page's own colour.
_BORDERS = {"error": "#d1495b", "warning": "#b98a00", "info": "#3f88c5"}


def summary(findings: Sequence[Finding]) -> str:
    """One line: "2 errors, 1 warning"."""
    counts = Counter(finding.severity for finding in findings)
    parts = [
        f"{counts[severity]} {severity}{'' if counts[severity] == 1 else 's'}"
        for severity in ("error", "warning", "info")
        if counts[severity]
    ]
    return ", ".join(parts) if parts else "nothing found"


def heading(finding: Finding) -> str:
    """ "ERROR out-of-bounds in scale"."""
    place = f" in {finding.kernel}" if finding.kernel else ""
    return f"{finding.severity.upper()} {finding.kind}{place}"


def _rows(findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Style and text of each line."""
    yield "bold", f"kbk.sanitize: {summary(findings)}"
    for finding in findings:
        yield "", ""
        yield _STYLES.get(finding.severity, "bold"), heading(finding)
        for index, line in enumerate(finding.message.splitlines()):
            style = "bold" if index == 0 else "dim" if line.startswith("        ") else ""
            yield style, f"  {line}"


def as_text(findings: Sequence[Finding]) -> str:
    """The findings as plain text."""
    return "\n".join(text for _, text in _rows(findings))


def as_rich(findings: Sequence[Finding]) -> Text:
    """The findings with colours, for a terminal."""
    from rich.text import Text

    return Text("\n").join(Text(text, style=style) for style, text in _rows(findings))


def as_html(findings: Sequence[Finding]) -> str:
    """The findings as a fragment of HTML, readable on light and on dark pages."""
    parts = [f"<p><strong>kbk.sanitize: {escape(summary(findings))}</strong></p>"]
    for finding in findings:
        border = _BORDERS.get(finding.severity, "currentColor")
        parts.append(
            f"<section style='border-left:4px solid {border};padding:0 0 0 .8em;margin:.8em 0'>"
            f"<strong>{escape(heading(finding))}</strong>"
            "<pre style='white-space:pre-wrap;overflow-wrap:break-word;word-break:normal;"
            "font-family:monospace;background:transparent;color:inherit;margin:.3em 0'>"
            f"{escape(finding.message)}</pre></section>"
        )
    return "".join(parts)


class Findings(list["Finding"]):
    """A list of findings that a notebook shows as the report."""

    def _repr_html_(self) -> str:
        return as_html(self)
