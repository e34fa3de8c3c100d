"""MyST inside a paragraph as plain Markdown: roles, links, pictures, numbers of a run."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# In this order: a role is a name in braces and a code span; what a code span holds is left alone.
_PIECE = re.compile(
    r"\{(?P<role>[\w:.+-]+)\}(?P<tick>`+)(?P<of>.+?)(?P=tick)(?!`)"
    r"|(?P<code>(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<picture>!\[(?P<alt>[^\]]*)\]\((?P<file>[^)\s]+)\))"
    r"|(?<!\\)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)",
    re.DOTALL,
)
_TITLED = re.compile(r"(?P<title>.*?)\s*<(?P<target>[^<>]+)>\s*", re.DOTALL)
_MEDIA = {".svg": "svg+xml", ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif"}


class NotPlain(Exception):
    """A page uses something of MyST that has no plain Markdown here; the text says what."""


@dataclass
class Page:
    """What the text of a page refers to.

    Attributes:
        file: the page, from which relative paths count.
        values: what its run glued, by name.
        link: the address of another page of the book, by its stem, or None if it has none.
        titles: titles of other pages, by stem.
        used: names of the glued values that the text shows.
    """

    file: Path
    values: Mapping[str, str] = field(default_factory=dict)
    link: Callable[[str], str | None] = lambda stem: None
    titles: Mapping[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def glued(self, name: str) -> str:
        """The value that the run of this page gave to ``name``."""
        if name not in self.values:
            raise NotPlain(f"{self.file.name}: no cell of its run glued {name!r}")
        self.used.add(name)
        return self.values[name]

    def data_address(self, name: str) -> str:
        """A picture as a data address, so that the notebook needs no file beside it."""
        path = (self.file.parent / name).resolve()
        if not path.is_file():
            raise NotPlain(f"{self.file.name}: there is no picture {name}")
        kind = _MEDIA.get(path.suffix.lower())
        if kind is None:
            raise NotPlain(f"{self.file.name}: {name} is no picture that a notebook can carry")
        return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def plain(text: str, page: Page) -> str:
    """Return a paragraph (or several) without roles, and with links that work in a notebook.

    Raises:
        NotPlain: an unknown role, a missing picture, a value that no cell has glued.
    """

    def piece(found: re.Match[str]) -> str:
        if found["role"]:
            return _role(found["role"], found["of"], page)
        if found["code"]:
            return found["code"]
        if found["picture"]:
            if found["file"].startswith(("http:", "https:", "data:")):
                return found["picture"]
            return f"![{found['alt']}]({page.data_address(found['file'])})"
        return _link(plain(found["text"], page), found["target"], page)

    return _PIECE.sub(piece, text)


def _role(name: str, of: str, page: Page) -> str:
    titled = _TITLED.fullmatch(of)
    title, target = (titled["title"], titled["target"]) if titled else ("", of)
    if name in ("glue:text", "glue:", "glue"):
        return f"*{page.glued(of.split(':')[0])}*"
    if name in ("doc", "any", "ref", "numref"):
        return _link(title, target, page)
    if name in ("term", "abbr", "dfn"):
        return title or of
    if name == "math":
        return f"${of}$"
    if name in ("kbd", "command", "file", "guilabel", "code", "python", "cpp"):
        return f"`{of}`"
    if name in ("sub", "sup", "subscript", "superscript"):
        return f"<{name[:3]}>{of}</{name[:3]}>"
    raise NotPlain(f"{page.file.name}: the role {{{name}}} has no form for a notebook")


def _link(text: str, target: str, page: Page) -> str:
    """A link of the book: outside as it is, to a page where that is to be had, else its text."""
    if re.match(r"[a-z]+:", target):
        return f"[{text or target}]({target})"
    path, _, anchor = target.partition("#")
    if not path:
        text = text or anchor.replace("-", " ")
        address = f"#{anchor_of(anchor, page.file)}" if anchor_of(anchor, page.file) else None
    else:
        stem = Path(path).name.removesuffix(".md").removesuffix(".ipynb")
        text = text or page.titles.get(stem, stem)
        address = page.link(stem)
        if address and anchor and re.match(r"[a-z]+:", address):
            address += f"#{anchor}"  # the site has it; Jupyter calls it otherwise
    return f"[{text}]({address})" if address else text


def anchor_of(slug: str, file: Path) -> str:
    """Jupyter's anchor of the heading that MyST calls ``slug``, or "" if the page has none."""
    for heading in re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE):
        kept = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        if slug.strip("-") == kept.strip("-"):
            return str(heading.strip().replace(" ", "-"))
    return ""
