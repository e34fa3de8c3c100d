"""The Sphinx side of the directives: admonitions with the Markdown of ``says``.

An unknown exercise is a warning, and a warning fails the build.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from importlib import metadata
from pathlib import Path
from platform import machine
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives as options
from docutils.statemachine import StringList
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from . import says

LOGGER = logging.getLogger(__name__)


class executed_on(nodes.General, nodes.Inline, nodes.Element):
    """Stands in a card until the page has been executed."""


class Box(SphinxDirective):
    """An admonition of a class of its own."""

    def box(self, title: str, markdown: str, kind: str) -> nodes.admonition:
        """Return an admonition ``kbk-<kind>`` with a title and with Markdown inside."""
        node = nodes.admonition(classes=["admonition", f"kbk-{kind}"])
        node.document = self.state.document
        inline, messages = self.state.inline_text(title, self.lineno)
        node += nodes.title(title, "", *inline, *messages)
        self.set_source_info(node)
        lines = StringList(markdown.splitlines(), self.get_source_info()[0])
        self.state.nested_parse(lines, self.content_offset, node)
        return node

    def warn(self, text: str) -> list[nodes.Node]:
        LOGGER.warning(text, location=self.get_location(), type="kbk", subtype=self.name)
        return []


class Do(Box):
    """``{do} 00/02``: do this exercise now."""

    required_arguments = 1
    has_content = False

    def run(self) -> list[nodes.Node]:
        try:
            exercise = says.find(self.arguments[0])
        except says.Unknown as unknown:
            return self.warn(str(unknown))
        return [self.box(says.do_title(exercise), says.do_body(exercise), "do")]


class Stop(Box):
    """``{stop}``: the core ends here. The body, if there is one, says what the reader has."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        return [self.box(says.STOP, "\n".join(self.content), "stop")]


class ChapterCard(Box):
    """``{chapter-card}``: the facts at the head of a chapter; the body lists three objectives."""

    has_content = True
    option_spec = {  # noqa: RUF012
        "chapter": options.unchanged_required,
        "prerequisites": options.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        page = Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8")
        chapter = self.options.get("chapter", "")
        prerequisites = self.options.get("prerequisites", "")
        try:
            card = says.make_card(page, chapter, prerequisites, "\n".join(self.content))
        except says.Unknown as unknown:
            return self.warn(str(unknown))
        node = self.box("This chapter", says.card_body(card), "card")
        node += nodes.paragraph("", "", executed_on())
        return [node]


def gpu_name() -> str:
    """The name of the first NVIDIA GPU, or ""."""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().partition("\n")[0] if done.returncode == 0 else ""


def where() -> str:
    """The machine that builds, and so executes, the pages."""
    gpu = gpu_name()
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"{'an ' + gpu if gpu else 'a machine without a GPU'} ({machine()}, Python {python}, "
        f"torch {metadata.version('torch')})"
    )


class SayWhere(SphinxPostTransform):
    """Writes into a card when and where the page's cells were executed."""

    default_priority = 100

    def run(self, **_: Any) -> None:
        for node in list(self.document.findall(executed_on)):
            found = getattr(self.env, "nb_metadata", {}).get(self.env.docname, {}).get("exec_data")
            if found:
                when = f"{datetime.fromtimestamp(found['mtime']):%Y-%m-%d}"
                node.replace_self(nodes.Text(f"Executed on {when}, on {where()}."))
            else:
                node.replace_self(nodes.Text("Not executed in this build."))


def register(app: Any) -> None:
    """Add the directives to a Sphinx application."""
    app.add_node(executed_on)
    app.add_directive("do", Do)
    app.add_directive("stop", Stop)
    app.add_directive("chapter-card", ChapterCard)
    app.add_post_transform(SayWhere)
