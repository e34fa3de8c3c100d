"""A replay as HTML: a picture and a table, and a player that takes their place."""

from __future__ import annotations

import hashlib
import html
import itertools
import json
from functools import lru_cache
from importlib import resources
from typing import Any

_SCRIPTS = (
    "load",
    "words",
    "page",
    "source",
    "lanes",
    "memory",
    "timeline",
    "counters",
    "detail",
    "player",
    "start",
)
"""In this order: a class stands before what uses it at once."""

_count = itertools.count(1)


def fragment(told: dict[str, Any], still: str) -> str:
    """HTML to stand in a page: nothing in it comes from elsewhere.

    Args:
        told: the replay, as `record` gives it.
        still: HTML that says the same without JavaScript and on paper.
    """
    text = packed(told)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    # Two replays of one block may stand on one page.
    name = f"kbk-replay-{digest}-{next(_count)}"
    data = text.replace("<", "\\u003c")  # no </script> in a string ends the element
    return (
        f'<div class="kbk-replay" id="{name}">'
        f'<script type="application/json">{data}</script>'
        f'<div class="kbk-still">{still}</div>'
        f"<script>{_program()}\nwindow.kbkReplay({json.dumps(name)});</script></div>"
    )


def document(title: str, body: str) -> str:
    """A page of its own around a fragment."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>{html.escape(title)}</title>"
        "<style>:root{color-scheme:light dark}"
        "body{margin:0 auto;max-width:100rem;padding:0 8px;font-family:system-ui,sans-serif}"
        "@media (prefers-color-scheme:dark){body{background:#121212;color:#f2f2f2}}</style>"
        f"</head><body><main>{body}</main></body></html>\n"
    )


def packed(told: dict[str, Any]) -> str:
    """JSON without spaces."""
    return json.dumps(told, separators=(",", ":"), allow_nan=False)


@lru_cache(maxsize=1)
def _program() -> str:
    """The player's code and look; of several replays on a page the first one's is used."""
    scripts = "\n".join(_file(f"{name}.js") for name in _SCRIPTS)
    look = json.dumps(_style()).replace("<", "\\u003c")
    return (
        "window.kbkReplay = window.kbkReplay || (() => {\n'use strict';\n"
        f"{scripts}\n"
        "document.head.append(make('style', { id: 'kbk-replay-style' }, "
        f"{look}));\nreturn start;\n}})();"
    )


def _style() -> str:
    return (_file("player.css") + _file("grids.css")).replace("@dark@", _file("dark.css").rstrip())


def _file(name: str) -> str:
    return resources.files(__package__).joinpath("player", name).read_text(encoding="utf-8")
