"""`torch.ops.<namespace>.<op>` for what a source registers itself, as the source names it."""

from __future__ import annotations

import re
from typing import Any

from .calls import ExtensionCall

_published: dict[str, Any] = {}


def publish(calls: list[tuple[str, ExtensionCall]]) -> None:
    """Let torch's ops of these names call them, the newest module that has the name.

    A name that somebody else has registered in torch, such as an installed package, stays theirs.

    Args:
        calls: the namespace in the source, and what is to be called.
    """
    import torch

    theirs = {*torch._C._dispatch_get_all_op_names()} - {*_published}
    for space, call in calls:
        schema = _alias_letters(str(call.overload._schema).partition("::")[2])
        name = schema.partition("(")[0]
        full = f"{space}::{name}"
        if full in theirs:
            continue
        known = _published.pop(full, None)
        if known is not None:
            known._destroy()
        library = torch.library.Library(space, "FRAGMENT")
        library.define(schema)
        library.impl(name, call, "CompositeImplicitAutograd")
        packet = getattr(torch.ops, space)
        packet.__dict__.pop(name.partition(".")[0], None)  # torch keeps what it has looked up once
        _published[full] = library


def _alias_letters(schema: str) -> str:
    """A schema as torch reads it: `Tensor! out` is printed as `Tensor($0! -> ) out`."""
    return re.sub(r"\(\$(\d+)(!?) -> [^)]*\)", lambda m: f"(w{m[1]}{m[2]})", schema)
