"""What to write in the place of inline PTX that the simulator does not know."""

from __future__ import annotations

import difflib
import re
from functools import cache

from kbk.sim.translate.ptx_forms import ATOMICS, COMPARE, SHUFFLES
from kbk.sim.translate.ptx_rules import RULES

_INSTEAD = {
    "mma": "write the product as a loop over float",
    "wmma": "write the product as a loop over float",
    "wgmma": "write the product as a loop over float",
    "tcgen05": "write the product as a loop over float",
    "ldmatrix": "read shared memory with ordinary loads",
    "stmatrix": "write shared memory with ordinary stores",
    "mbarrier": "use __syncthreads()",
    "cp.async.bulk": "copy with ordinary loads and stores, or cp.async of 16 bytes",
    "exit": "write return in the kernel",
    "bra": "write the jump in C++",
    "bar.arrive": "use __syncthreads()",
    "bar.red": "use __syncthreads_count(), _and() or _or()",
    "mapa": "clusters are not simulated: use ordinary blocks",
    "barrier.cluster": "clusters are not simulated: use ordinary blocks",
}
_KNOWN = [
    *(
        f"ld{how}.{space}{vector}.{kind}"
        for how in ("", ".volatile", ".relaxed.gpu", ".acquire.gpu")
        for space in ("global", "shared")
        for vector in ("", ".v2", ".v4")
        for kind in ("b32", "u32", "s32", "f32", "b64", "b16", "u8")
        if not (vector == ".v4" and kind == "b64")
    ),
    *(
        f"st{how}.{space}{vector}.{kind}"
        for how in ("", ".volatile", ".relaxed.gpu", ".release.gpu")
        for space in ("global", "shared")
        for vector in ("", ".v2", ".v4")
        for kind in ("b32", "u32", "s32", "f32", "b64", "b16", "u8")
        if not (vector == ".v4" and kind == "b64")
    ),
    *(
        f"{name}.global.{op}.{kind}"
        for name in ("atom", "red")
        for op, (_, kinds) in ATOMICS.items()
        for kind in kinds.split()
        if name == "atom" or op not in ("exch", "cas")
    ),
    *(f"ld.global.nc{hint}.v4.b32" for hint in ("", ".L1::no_allocate", ".L2::128B")),
    "cp.async.ca.shared.global",
    "cp.async.cg.shared.global",
    "cp.async.commit_group",
    "cp.async.wait_group",
    *(f"shfl.sync.{mode}.b32" for mode in SHUFFLES),
    *(f"setp.{compare}.s32" for compare in COMPARE),
    "bar.sync",
    "membar.gl",
    "fence.acq_rel.gpu",
]


@cache
def _examples() -> list[str]:
    """A name for each rule: optional parts left out, the first of each choice."""
    found = []
    for pattern, _ in RULES:
        name = re.sub(r"\([^()]*(\([^()]*\)[^()]*)?\)\?", "", pattern)
        groups = re.findall(r"\((?:\?P<\w>)?([^()]*)\)", name)
        template = re.sub(r"\((?:\?P<\w>)?[^()]*\)", "{}", name)
        widest = max((len(g.split("|")) for g in groups), default=1)
        for at in range(widest):
            parts = [
                choices[min(at, len(choices) - 1)] for choices in (g.split("|") for g in groups)
            ]
            found.append(template.format(*parts))
    return found


def nearest(text: str) -> str:
    """What to write in the place of an unknown instruction."""
    match = re.match(r"(?:@!?\s*[\w%$]+\s+)?([\w.:]+)", text)
    name = match[1] if match else text
    for start, instead in sorted(_INSTEAD.items(), key=lambda each: -len(each[0])):
        if name == start or name.startswith(start + "."):
            return instead
    known = [*_KNOWN, *_examples()]
    same = [each for each in known if each.split(".")[0] == name.split(".")[0]]
    close = difflib.get_close_matches(name, same or known, n=1, cutoff=0.3 if same else 0.7)
    if close and close[0] != name:
        return f"the nearest form that it knows is {close[0]}"
    return "write it in CUDA C++"
