"""Instructions of PTX with addresses, vectors, predicates or effects, each as C++ statements."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from kbk.sim.translate.ptx_rules import ROUNDING, RULES
from kbk.sim.translate.ptx_text import TYPES, Instruction

_SPACES = {"global", "shared", "shared::cta", "const", "local"}
_SCOPES = {"cta": "_block", "cluster": "", "gpu": "", "sys": "_system"}
_FENCES = {"cta": "__threadfence_block();", "sys": "__threadfence_system();"}
_CACHE = {"ca", "cg", "cs", "lu", "cv", "nc", "wb", "wt"}
_ATOMIC_TYPES = {
    "u32": "unsigned",
    "s32": "int",
    "b32": "unsigned",
    "u64": "unsigned long long",
    "s64": "long long",
    "b64": "unsigned long long",
    "b16": "unsigned short",
    "f32": "float",
    "f64": "double",
    "f16": "__half",
    "f16x2": "__half2",
    "bf16": "__nv_bfloat16",
    "bf16x2": "__nv_bfloat162",
}
ATOMICS = {
    "add": ("atomicAdd", "u32 s32 u64 s64 f32 f64 f16 f16x2 bf16 bf16x2"),
    "min": ("atomicMin", "u32 s32 u64 s64"),
    "max": ("atomicMax", "u32 s32 u64 s64"),
    "inc": ("atomicInc", "u32"),
    "dec": ("atomicDec", "u32"),
    "and": ("atomicAnd", "b32 b64"),
    "or": ("atomicOr", "b32 b64"),
    "xor": ("atomicXor", "b32 b64"),
    "exch": ("atomicExch", "b32 b64"),
    "cas": ("atomicCAS", "b16 b32 b64"),
}
COMPARE = {
    **{"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="},
    **{"lo": "<", "ls": "<=", "hi": ">", "hs": ">="},
}


class _Access:
    """The suffixes of a load, store or atomic operation, whatever their order.

    Raises:
        ValueError: one that is not known.
    """

    def __init__(self, instruction: Instruction) -> None:
        self.order = self.scope = self.vector = self.operation = ""
        self.shared = self.volatile = False
        *middle, self.type = instruction.suffixes
        for suffix in middle:
            if suffix in _SPACES:
                self.shared = suffix.startswith("shared")
            elif suffix in _SCOPES:
                self.scope = suffix
            elif suffix in ("relaxed", "acquire", "release", "acq_rel"):
                self.order = suffix
            elif suffix in ("volatile", "mmio", "cv"):
                self.volatile = True
            elif suffix in ("v2", "v4"):
                self.vector = suffix
            elif suffix in ATOMICS and not self.operation:
                self.operation = suffix
            elif suffix not in _CACHE | {"weak", "noftz"} and not suffix.startswith(
                ("L1::", "L2::")
            ):
                raise ValueError(suffix)

    @property
    def count(self) -> int:
        return int(self.vector[1:] or 1)

    @property
    def strength(self) -> str:
        return f"::kbk::ptx::{'kStrong' if self.volatile or self.order else 'kWeak'}"

    def fence(self, *orders: str) -> str:
        """A fence, if this access has one of the orders."""
        return _FENCES.get(self.scope, "__threadfence();") if self.order in orders else ""


def _checked(access: _Access, operands: tuple[str, ...]) -> None:
    """Only plain types, at most 16 bytes; a cache policy may follow the operands."""
    bits = int(access.type.lstrip("busf") or 0)
    if access.type not in TYPES or access.type.endswith("x2") or access.count * bits > 128:
        raise ValueError(access.type)
    if access.operation or not 2 <= len(operands) <= 3:
        raise ValueError(access.operation)


def _load(it: Instruction) -> str:
    access = _Access(it)
    _checked(access, it.operands)
    if access.order not in ("", "relaxed", "acquire"):
        raise ValueError(access.order)
    registers = Instruction.elements(it.operands[0])
    if len(registers) != access.count:
        raise ValueError(access.vector)
    names = []
    before = ""
    for number, register in enumerate(registers):
        found = it.scope.find(register)
        if register == "_":  # takes nothing
            before += f"{TYPES[access.type]} kbk_sink{number}; "
            found = f"kbk_sink{number}"
        if found is None:
            raise ValueError(register)
        names.append(found)
    address = it.address(it.operands[1], access.shared)
    kind = f"{TYPES[access.type]}, {access.count}, {access.strength}"
    call = f"::kbk::ptx::load<{kind}>({address}, {', '.join(names)});"
    return f"{before}{call} {access.fence('acquire')}"


def _store(it: Instruction) -> str:
    access = _Access(it)
    _checked(access, it.operands)
    if access.order not in ("", "relaxed", "release"):
        raise ValueError(access.order)
    registers = Instruction.elements(it.operands[1])
    if len(registers) != access.count:
        raise ValueError(access.vector)
    values = ", ".join(it.read(register, access.type) for register in registers)
    address = it.address(it.operands[0], access.shared)
    kind = f"{TYPES[access.type]}, {access.count}, {access.strength}"
    return f"{access.fence('release')} ::kbk::ptx::store<{kind}>({address}, {values});"


def _atomic(it: Instruction) -> str:
    access = _Access(it)
    function, types = ATOMICS[access.operation]
    if access.type not in types.split() or access.vector or access.volatile:
        raise ValueError(access.type)
    reduction = it.name.startswith("red.")
    operands = it.operands if reduction else it.operands[1:]
    values = 2 if access.operation == "cas" else 1
    if len(operands) < 1 + values or (reduction and access.operation in ("exch", "cas")):
        raise ValueError(it.name)
    kind = _ATOMIC_TYPES[access.type]
    if access.operation == "add" and access.type == "s64":
        kind = "unsigned long long"
    address = it.address(operands[0], access.shared)
    given = ""
    for operand in operands[1 : 1 + values]:
        found = it.read(operand, access.type)  # refuses what is no register
        given += f", ::kbk::ptx::as<{kind}>({found})"
    call = f"{function}{_SCOPES.get(access.scope, '')}(reinterpret_cast<{kind}*>({address}){given})"
    before, after = access.fence("release", "acq_rel"), access.fence("acquire", "acq_rel")
    if reduction:
        return f"{before} (void){call}; {after}"
    return f"{before} {it.write(it.operands[0], call)} {after}"


def _copy_async(it: Instruction) -> str:
    if re.fullmatch(r"cp\.async\.(commit_group|wait_all|wait_group)", it.name):
        return ""  # the copy has been made
    if not re.fullmatch(r"cp\.async\.c[ag]\.shared(::cta)?\.global(\.L2::\w+)*", it.name):
        raise ValueError(it.name)
    to = it.address(it.operands[0], shared=True)
    source = it.address(it.operands[1], shared=False)
    size = it.scope.find(it.operands[2])
    given = ""
    policy = it.name.endswith("cache_hint")
    if len(it.operands) > 3 + policy:
        given = ", " + it.read(it.operands[3], "u32")
    return f"::kbk::ptx::copy_async<{size}>({to}, {source}{given});"


def _move(it: Instruction) -> str:
    to, source = it.operands
    bits = it.suffixes[-1].lstrip("busf")
    if bits not in ("32", "64"):
        raise ValueError(it.name)
    if to.startswith("{"):
        pieces = Instruction.elements(to)
        names = [it.scope.find(piece) for piece in pieces]
        if None in names:
            raise ValueError(to)
        value = it.read(source, f"b{bits}")
        return f"::kbk::ptx::split({value}, {', '.join(map(str, names))});"
    pieces = Instruction.elements(source)
    part = f"b{int(bits) // len(pieces)}"
    values = ", ".join(it.read(piece, part) for piece in pieces)
    return it.write(to, f"::kbk::ptx::joined<{TYPES['b' + bits]}>({values})")


def _set_predicate(it: Instruction) -> str:
    comparison, *rest, kind = (s for s in it.suffixes if s != "ftz")
    if comparison not in COMPARE or len(rest) > 1 or kind not in TYPES:
        raise ValueError(it.name)
    a, b = it.read(it.operands[1], kind), it.read(it.operands[2], kind)
    value = f"({a} {COMPARE[comparison]} {b})"
    if comparison == "ne" and kind in ("f32", "f64"):  # false with a NaN
        value = f"({a} < {b} || {a} > {b})"
    both = it.operands[0].split("|")
    other = f"!{value}"
    if rest:
        joint = {"and": "&&", "or": "||", "xor": "!="}[rest[0]]
        with_ = it.read(it.operands[3], "pred")
        value, other = f"({value} {joint} {with_})", f"({other} {joint} {with_})"
    out = it.write(both[0].strip(), value)
    return out if len(both) == 1 else f"{out} {it.write(both[1].strip(), other)}"


SHUFFLES = {"up": "kShflUp", "down": "kShflDown", "bfly": "kShflXor", "idx": "kShflIdx"}


def _shuffle(it: Instruction) -> str:
    _, mode, kind = it.suffixes
    if kind != "b32":
        raise ValueError(kind)
    op = f"::kbk::Op::{SHUFFLES[mode]}"
    value, lanes, clamp, mask = (it.read(o, "u32") for o in it.operands[1:5])
    to, _, inside = (each.strip() for each in it.operands[0].partition("|"))
    before = it.write(inside, f"::kbk::ptx::in_segment({op}, {lanes}, {clamp})") if inside else ""
    # The lane is read before it is written: they may be one register.
    return (
        f"const auto kbk_got = ::kbk::ptx::shuffle({op}, {value}, {lanes}, {clamp}, {mask}); "
        f"{before} {it.write(to, 'kbk_got')}"
    )


def _match_all(it: Instruction) -> str:
    to, _, same = (each.strip() for each in it.operands[0].partition("|"))
    value, mask = it.read(it.operands[1], it.suffixes[-1]), it.read(it.operands[2], "u32")
    call = f"int kbk_same; const auto kbk_got = __match_all_sync({mask}, {value}, &kbk_same);"
    after = it.write(same, "kbk_same != 0") if same else ""
    return f"{call} {it.write(to, 'kbk_got')} {after}"


def _elect(it: Instruction) -> str:
    to, _, leads = (each.strip() for each in it.operands[0].partition("|"))
    mask = it.read(it.operands[1], "u32")
    return f"{it.write(to, f'__builtin_ctz({mask})')} " + it.write(
        leads, f"::kbk::ptx::elected({mask})"
    )


def _barrier(it: Instruction) -> str:
    if it.operands == ("0",):
        return "__syncthreads();"
    given = [it.read(operand, "u32") for operand in it.operands]
    number, threads = (*given, "0")[:2]
    return f"::kbk::ptx::block_barrier({number}, {threads}, __LINE__);"


def _declare(it: Instruction) -> str:
    kind = TYPES[it.suffixes[-1]]
    return " ".join(f"{kind} {it.scope.declare(name)};" for name in it.operands)


def _fence(it: Instruction) -> str:
    scope = {"cta": "cta", "gl": "gpu", "sys": "sys", "gpu": "gpu", "cluster": "gpu"}[
        it.suffixes[-1]
    ]
    return _FENCES.get(scope, "__threadfence();")


def _nothing(it: Instruction) -> str:
    return ""


def _policy(it: Instruction) -> str:
    return it.write(it.operands[0], "0ull")


FORMS: list[tuple[str, Callable[[Instruction], str]]] = [
    (r"\.reg(\.\w+)+", _declare),
    (r"ldu?\..*", _load),
    (r"st\..*", _store),
    (r"(atom|red)\..*", _atomic),
    (r"cp\.async\..*", _copy_async),
    (r"mov\.[bus](32|64)", _move),
    (r"setp\..*", _set_predicate),
    (r"shfl\.sync\.(up|down|bfly|idx)\.b32", _shuffle),
    (r"match\.all\.sync\.b(32|64)", _match_all),
    (r"elect\.sync", _elect),
    (r"(bar|barrier)(\.cta)?\.sync(\.aligned)?", _barrier),
    (r"membar\.(cta|gl|sys)", _fence),
    (r"fence(\.sc|\.acq_rel|\.acquire|\.release)?\.(cta|cluster|gpu|sys)", _fence),
    (r"griddepcontrol\.(wait|launch_dependents)", _nothing),
    (r"(prefetch|prefetchu|discard|applypriority)\..*", _nothing),
    (r"createpolicy\..*", _policy),
    (r"nanosleep\.u32", lambda it: f"__nanosleep({it.read(it.operands[0], 'u32')});"),
    (r"trap", lambda it: '::kbk::trap("trap", "the inline PTX trap; was executed");'),
    (r"brkpt|pmevent", _nothing),
]
"""Names, as regular expressions, and what writes the C++; it raises for what it does not know."""


def write_instruction(it: Instruction) -> str | None:
    """C++ statements of an instruction, or None if it is not known."""
    text = None
    try:
        text = _by_rule(it)
        for pattern, write in FORMS:
            if text is None and re.fullmatch(pattern, it.name):
                text = write(it)
    except (ValueError, KeyError, IndexError):
        return None
    if text is None or not it.condition:
        return f"{{ {text} }}" if text and not it.name.startswith(".reg") else text
    return f"if ({it.condition}) {{ {text} }}"


@cache
def _rules() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern.replace(".", r"\.")), value) for pattern, value in RULES]


def _by_rule(it: Instruction) -> str | None:
    if any(operand.startswith("{") for operand in it.operands):
        return None
    for pattern, expression in _rules():
        match = pattern.fullmatch(it.name)
        if match is None:
            continue
        groups = match.groupdict()
        mode = (groups.get("r") or "rn")[:2]
        value = re.sub(
            r"\$(\d):(\w+)",
            lambda m: it.read(it.operands[int(m[1])], groups.get(m[2]) or m[2]),  # noqa: B023
            expression.replace("<r>", ROUNDING[mode]).replace(
                "<t>", TYPES.get(groups.get("t", ""), "")
            ),
        )
        return it.write(it.operands[0], value)
    return None
