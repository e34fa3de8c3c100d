"""Compose the unit of an extension source: its files, then the block that binds its functions."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..functions import Function
from ..unit import END_FILE, REGISTRATION_FILE


def compose_extension(
    files: Sequence[tuple[str, str]], exports: Sequence[tuple[str, Function]], variant: str
) -> str:
    """The unit's text.

    Args:
        files: (name, text) of each file, in order; a compiler's message uses the name.
        exports: for each function of `functions` the file it stands in and what the text says.
        variant: "plain", or "traced", which also watches what torch allocates.
    """
    parts = [f"#line 1 {json.dumps(name)}\n{text}\n" for name, text in files]
    parts.append(f'#line 1 "{END_FILE}"\nnamespace kbk {{}}\n')
    parts.append(f'#line 1 "{REGISTRATION_FILE}"\n')
    parts += [_bind(function) + "\n" for _, function in exports]
    parts.append("KBK_EXTENSION_ENTRY\n")
    if variant == "traced":
        parts.append("KBK_EXTENSION_WATCH\n")
    return "".join(parts)


def _bind(function: Function) -> str:
    names = [
        f"{{{json.dumps(each.name)}, {json.dumps(each.default)}}}" for each in function.parameters
    ]
    return f"KBK_BIND({', '.join([function.name, *names])})"
