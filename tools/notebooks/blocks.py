"""MyST between paragraphs as plain Markdown: directives, labels, comments, definition lists.

Nothing is passed over in silence: what has no form here is an error that names page and directive.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tools.notebooks.inline import NotPlain, Page, plain

_FENCE = re.compile(r"^(?P<indent> *)(?P<mark>:{3,}|`{3,}|~{3,})(?P<info>.*)$")
_NAMED = re.compile(r"^\{(?P<name>[\w:.-]+)\}\s*(?P<argument>.*)$")
_OPTION = re.compile(r"^\s*:(?P<key>[\w-]+):\s*(?P<value>.*)$")
_LABEL = re.compile(r"^\([\w:. -]+\)=\s*$")
_DEFINITION = re.compile(r"^(?P<term>\S[^\n]*)\n\n?:[ ]+(?P<meaning>[^\n]*)", re.MULTILINE)
_REST = re.compile(r":::|\{glue|```\{|\{\{|\{[\w:.-]+\}`|\[\^\w+\]|<project:|<path:")
_CODE_OR_MATH = re.compile(
    r"^```\w*\n.*?^```$|`[^`\n]+`|\$\$.*?\$\$|\$[^$\n]+\$", re.MULTILINE | re.DOTALL
)

_BOXES = {
    *("admonition", "note", "tip", "hint", "important", "warning", "caution", "danger", "error"),
    *("attention", "seealso", "margin", "sidebar", "epigraph", "topic", "card", "grid-item-card"),
}
_BARE = {"grid", "grid-item", "tab-set", "tab-item", "card-carousel", "div", "container", "table"}
_DROPPED = {"toctree", "tableofcontents", "contents", "bibliography"}

Options = dict[str, str]


def to_markdown(text: str, page: Page) -> str:
    """Return the text of a Markdown cell without MyST's own syntax.

    Raises:
        NotPlain: a directive or role that has no form for a notebook.
    """
    result = _blocks(text.split("\n"), page)
    left = _REST.search(_CODE_OR_MATH.sub("", result))
    if left:
        raise NotPlain(f"{page.file.name}: {left[0]!r} is left in the text of a notebook")
    return result.strip("\n")


def _blocks(lines: list[str], page: Page) -> str:
    done: list[str] = []
    prose: list[str] = []

    def end_prose() -> None:
        if prose:
            joined = _DEFINITION.sub(r"- **\g<term>**: \g<meaning>", "\n".join(prose))
            done.append(plain(joined, page))
            prose.clear()

    at = 0
    while at < len(lines):
        line = lines[at]
        fence = _FENCE.match(line)
        at += 1
        if fence is None:
            if not (_LABEL.match(line) or line.startswith(("% ", "+++")) or line == "%"):
                prose.append(line)
            continue
        end = _end(lines, at, fence)
        body, at = lines[at:end], end + 1
        end_prose()
        named = _NAMED.match(fence["info"].strip())
        if named is None and fence["mark"][0] == ":":
            done.append(_blocks(body, page))
        elif named is None:
            done.append("\n".join([line, *body, fence["indent"] + fence["mark"]]))
        else:
            block = _directive(named["name"], named["argument"].strip(), body, page)
            done.append(_indented(block, fence["indent"]))
    end_prose()
    return "\n".join(done)


def _end(lines: list[str], at: int, fence: re.Match[str]) -> int:
    """The index of the line that closes a fence; that after the last one if none does."""
    mark = fence["mark"]
    closing = re.compile(rf"^ *{re.escape(mark[0])}{{{len(mark)},}}\s*$")
    return next((i for i in range(at, len(lines)) if closing.match(lines[i])), len(lines))


def _indented(text: str, indent: str) -> str:
    return "\n".join(f"{indent}{line}".rstrip() for line in text.split("\n")) if indent else text


def _split(body: list[str]) -> tuple[Options, list[str]]:
    """The options at the head of a directive, and the rest."""
    options: Options = {}
    rest = list(body)
    while rest and (found := _OPTION.match(rest[0])):
        options[found["key"]] = found["value"].strip()
        rest.pop(0)
    return options, rest


def _directive(name: str, argument: str, body: list[str], page: Page) -> str:
    options, rest = _split(body)
    classes = options.get("class", "").split()
    if name in _DROPPED or "only-dark" in classes:
        return ""
    if name == "dropdown" or (name in _BOXES and "dropdown" in classes):
        return _fold(plain(argument, page) or name.capitalize(), _blocks(rest, page))
    if name in _BOXES:
        title = "" if name in ("margin", "epigraph") else name.capitalize()
        return _quote(plain(argument, page) or title, _blocks(rest, page))
    if name in _BARE:
        title = f"**{plain(argument, page)}**\n\n" if name in ("tab-item", "table") else ""
        return title + _blocks(rest, page)
    handler = _HANDLERS.get(name)
    if handler is None:
        raise NotPlain(f"{page.file.name}: the directive {{{name}}} has no form for a notebook")
    return handler(argument, options, rest, page)


def _fold(title: str, body: str) -> str:
    return f"<details>\n<summary>{title}</summary>\n\n{body.strip()}\n\n</details>\n"


def _quote(title: str, body: str) -> str:
    lines = [*([f"**{title}**", ""] if title else []), *body.strip("\n").split("\n")]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _picture(argument: str, options: Options, rest: list[str], page: Page) -> str:
    outside = argument.startswith(("http:", "https:"))
    address = argument if outside else page.data_address(argument)
    picture = f"![{options.get('alt', '')}]({address})"
    caption = _blocks(rest, page).strip()
    return f"{picture}\n\n{caption}\n" if caption else picture + "\n"


def _code(argument: str, options: Options, rest: list[str], page: Page) -> str:
    caption = f"{plain(options['caption'], page)}\n\n" if "caption" in options else ""
    return f"{caption}```{argument}\n" + "\n".join(rest).strip("\n") + "\n```"


def _math(argument: str, options: Options, rest: list[str], page: Page) -> str:
    return "$$\n" + "\n".join([*filter(None, [argument]), *rest]).strip("\n") + "\n$$"


def _glossary(argument: str, options: Options, rest: list[str], page: Page) -> str:
    entries = re.findall(r"^(\S.*)\n((?:[ ]{2,}.*\n?|\n)+)", "\n".join(rest) + "\n", re.MULTILINE)
    return "\n".join(f"- **{term}**: {plain(' '.join(m.split()), page)}" for term, m in entries)


_HANDLERS: dict[str, Callable[[str, Options, list[str], Page], str]] = {
    "figure": _picture,
    "image": _picture,
    "code-block": _code,
    "code": _code,
    "sourcecode": _code,
    "math": _math,
    "glossary": _glossary,
}
