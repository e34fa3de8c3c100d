"""What a page says about itself: its card, where its core ends, which exercise comes now.

A Sphinx extension, and for programs without Sphinx the text: the modules ``says``, ``reading``.
"""

from __future__ import annotations

from typing import Any


def setup(app: Any) -> dict[str, Any]:
    from . import directives  # needs Sphinx, which the text does not

    directives.register(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
