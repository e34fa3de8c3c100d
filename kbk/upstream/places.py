"""Links to lines of SGLang at the commit that ran."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

URL = "https://github.com/sgl-project/sglang"

_PLACE = re.compile(r"(?<![\w/])((?:csrc|include)/[\w/.-]+\.(?:cuh?|h|cc|cpp)):(\d+)")


@dataclass(frozen=True)
class Places:
    """Where the files of a checkout are on GitHub.

    Attributes:
        commit: of SGLang.
        layout: the folder that has csrc/ and include/.
    """

    commit: str
    layout: str

    def address(self, file: str, line: int | None = None) -> str:
        """Of a file, "csrc/elementwise/copy.cu", or of a line of it."""
        anchor = "" if line is None else f"#L{line}"
        return f"{URL}/blob/{self.commit}/{self.layout}/{file}{anchor}"

    def linked(self, text: str, *, short: bool = False, escape: bool = True) -> str:
        """Text as HTML in which each "csrc/elementwise/copy.cu:12" is a link.

        Args:
            text: plain, or HTML without places in attributes.
            short: the link is called "line 12".
            escape: the text is plain.
        """

        def link(found: re.Match[str]) -> str:
            file, line = found[1], int(found[2])
            label = f"line {line}" if short else found[0]
            return f'<a href="{self.address(file, line)}">{label}</a>'

        return _PLACE.sub(link, html.escape(text, quote=False) if escape else text)
