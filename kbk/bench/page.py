"""What a page needs to print numbers: glue for prose, with or without myst-nb."""

from __future__ import annotations


def glue(name: str, value: object) -> None:
    """Names a value for the page's prose. Outside a book build it prints the value instead.

    Args:
        name: the key that the prose uses: ``{glue:text}`name` ``.
        value: text that the prose shows.
    """
    try:
        from IPython import get_ipython
        from myst_nb import glue as myst_glue  # type: ignore[import-untyped]
    except ImportError:
        print(f"{name}: {value}")
        return
    if get_ipython() is None:
        print(f"{name}: {value}")
        return
    myst_glue(name, value, display=False)
