"""`torch.ops.<namespace>.<op>` for what a source registers itself, as the source names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .module import ExtensionModule

_published: dict[tuple[str, str], Any] = {}


def publish(module: ExtensionModule, spaces: dict[str, str]) -> None:
    """Let torch's ops of these names call the module, the newest one that has them.

    A name that somebody else has registered in torch, such as an installed package, stays theirs.

    Args:
        spaces: by op the namespace in the source.
    """
    import torch

    for name, space in spaces.items():
        known = _published.get((space, name))
        if known is None and hasattr(getattr(torch.ops, space), name):
            continue
        if known is not None:
            known._destroy()
        library = torch.library.Library(space, "FRAGMENT")
        call = module.__dict__[name]
        library.define(str(call.overload._schema).partition("::")[2])
        library.impl(name, call, "CompositeImplicitAutograd")
        packet = getattr(torch.ops, space)
        packet.__dict__.pop(name, None)  # torch keeps what it has looked up once
        _published[(space, name)] = library
