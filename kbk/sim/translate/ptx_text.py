"""The text of inline PTX: its statements, and the operands of each as C++."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TYPES = {
    "b8": "std::uint8_t",
    "u8": "std::uint8_t",
    "s8": "std::int8_t",
    "b16": "std::uint16_t",
    "u16": "std::uint16_t",
    "s16": "std::int16_t",
    "b32": "std::uint32_t",
    "u32": "std::uint32_t",
    "s32": "std::int32_t",
    "b64": "std::uint64_t",
    "u64": "std::uint64_t",
    "s64": "std::int64_t",
    "f16": "__half",
    "bf16": "__nv_bfloat16",
    "f16x2": "__half2",
    "bf16x2": "__nv_bfloat162",
    "f32": "float",
    "f64": "double",
    "pred": "bool",
}
"""C++ types of PTX's."""

_DIM = {"tid": "thread_idx", "ctaid": "block_idx", "ntid": "block_dimensions"}
SPECIAL = {
    **{f"%{n}.{c}": f"::kbk::{f}().{c}" for n, f in _DIM.items() for c in "xyz"},
    **{f"%nctaid.{c}": f"::kbk::grid_dimensions().{c}" for c in "xyz"},
    "%laneid": "::kbk::lane_id()",
    "%warpid": "::kbk::warp_id()",
    "%nwarpid": "::kbk::ptx::warps()",
    "%smid": "::kbk::sm_id()",
    "%nsmid": "static_cast<unsigned>(::kbk::profile().sms)",
    **{f"%lanemask_{m}": f"::kbk::ptx::lanemask_{m}()" for m in ("eq", "lt", "le", "ge", "gt")},
    **{f"%{n}": "::kbk::clock_ticks()" for n in ("globaltimer", "clock64", "clock")},
    **{f"%{n}": "::kbk::clock_ticks()" for n in ("globaltimer_lo", "clock_lo")},
    **{f"%{n}": "(::kbk::clock_ticks() >> 32)" for n in ("globaltimer_hi", "clock_hi")},
    "%dynamic_smem_size": "::kbk::dynamic_shared_bytes()",
    "WARP_SZ": "32",
}
"""Special registers, as C++."""

_NUMBER = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)[uU]?")
_FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?")
_ADDRESS = re.compile(r"\[\s*([^\]+]+?)\s*(?:\+\s*(-?\w+)\s*)?\]")
_INSTRUCTION = re.compile(r"(?:@(!?)\s*([\w%$]+)\s+)?([a-z][\w.:]*)\s*(.*)", re.DOTALL)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


class Scope:
    """Names that an instruction may use: operands %0, %1, ... and registers of the text's own."""

    def __init__(self, operands: list[str], names: frozenset[str] = frozenset()) -> None:
        self.operands = operands
        self.names = set(names)

    def inner(self) -> Scope:
        return Scope(self.operands, frozenset(self.names))

    def declare(self, name: str) -> str:
        self.names.add(name)
        return self.local(name)

    @staticmethod
    def local(name: str) -> str:
        return "kbk_" + re.sub(r"\W", "_", name)

    def find(self, word: str) -> str | None:
        """The C++ of a register, a special register or a number; None if it is nothing known."""
        if re.fullmatch(r"%\d+", word):
            number = int(word[1:])
            return self.operands[number] if number < len(self.operands) else None
        if word in self.names:
            return self.local(word)
        if word in SPECIAL:
            return SPECIAL[word]
        if _NUMBER.fullmatch(word):
            return f"({word})"
        if _FLOAT.fullmatch(word):
            return f"({word})"
        if re.fullmatch(r"0[fF][0-9a-fA-F]{8}", word):
            return f"__uint_as_float(0x{word[2:]}u)"
        if re.fullmatch(r"0[dD][0-9a-fA-F]{16}", word):
            return f"__longlong_as_double(0x{word[2:]}ll)"
        return None


@dataclass(frozen=True)
class Instruction:
    """One instruction: its name with suffixes, and its operands as they are written."""

    name: str
    operands: tuple[str, ...]
    scope: Scope
    condition: str = ""  # C++

    @property
    def suffixes(self) -> list[str]:
        """The parts behind the first, as L1::no_allocate or v4."""
        return self.name.split(".")[1:]

    def read(self, operand: str, kind: str) -> str:
        """C++ of an operand, read as PTX type ``kind``.

        Raises:
            ValueError: it is no register and no number.
        """
        found = self.scope.find(operand)
        if found is None and operand[:1] == "!" and kind == "pred":
            return f"!{self.read(operand[1:].strip(), kind)}"
        if found is None:
            raise ValueError(operand)
        return f"::kbk::ptx::as<{TYPES[kind]}>({found})"

    def write(self, operand: str, value: str) -> str:
        """C++ statement that writes ``value`` into an operand; ``_`` takes nothing."""
        if operand == "_":
            return f"(void)({value});"
        found = self.scope.find(operand)
        if found is None or operand in SPECIAL:
            raise ValueError(operand)
        return f"::kbk::ptx::put({found}, {value});"

    def address(self, operand: str, shared: bool) -> str:
        """C++ of ``[register + offset]``, a char*."""
        match = _ADDRESS.fullmatch(operand)
        found = self.scope.find(match[1]) if match else None
        if match is None or found is None:
            raise ValueError(operand)
        offset = f", {match[2]}" if match[2] else ""
        return f"::kbk::ptx::{'shared' if shared else 'at'}({found}{offset})"

    @staticmethod
    def elements(operand: str) -> list[str]:
        """The registers of ``{a, b}``, or the one."""
        if operand.startswith("{") and operand.endswith("}"):
            return [each.strip() for each in operand[1:-1].split(",")]
        return [operand]


def statements(text: str) -> Iterator[tuple[int, str]]:
    """The statements of a text with their offsets; "{" and "}" of a block are statements."""
    text = _COMMENT.sub(lambda m: " " * len(m[0]), text)
    begin = 0
    while begin < len(text):
        char = text[begin]
        if char.isspace() or char == ";":
            begin += 1
        elif char in "{}":
            yield begin, char
            begin += 1
        else:
            end = begin
            depth = 0
            while end < len(text) and (text[end] != ";" or depth):
                depth += (text[end] in "{[(") - (text[end] in "}])")
                if depth < 0:  # the end of a block, without a ; before it
                    break
                end += 1
            yield begin, " ".join(text[begin:end].replace("%%", "%").split())
            begin = end


def parse_instruction(text: str, scope: Scope) -> Instruction | None:
    """The instruction of a statement, or None if it is none that is known."""
    declared = re.fullmatch(r"\.reg\s*\.(\w+)\s+(.+)", text)
    if declared:
        return Instruction(".reg." + declared[1], _split(declared[2]), scope)
    match = _INSTRUCTION.fullmatch(text)
    if match is None:
        return None
    negated, predicate, name, rest = match.groups()
    condition = ""
    if predicate:
        found = scope.find(predicate)
        if found is None:
            return None
        condition = ("!" if negated else "") + found
    return Instruction(name, _split(rest), scope, condition)


def _split(text: str) -> tuple[str, ...]:
    parts = []
    depth = 0
    begin = 0
    for at, char in enumerate(text):
        depth += (char in "{[(") - (char in "}])")
        if char == "," and depth == 0:
            parts.append(text[begin:at].strip())
            begin = at + 1
    last = text[begin:].strip()
    return tuple([*parts, last] if last else parts)
