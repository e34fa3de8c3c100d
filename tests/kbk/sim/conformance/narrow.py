"""The two 16-bit formats as tables of CUDA expressions: one set of rows, two spellings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tests.kbk.sim.conformance.exact import BFLOAT16, HALF, MODES, Format, decode
from tests.kbk.sim.conformance.machine import Family, Source

ALL = np.arange(1 << 16, dtype=np.uint16)

INTEGERS = {
    "short": "short",
    "ushort": "unsigned short",
    "int": "int",
    "uint": "unsigned",
    "ll": "long long",
    "ull": "unsigned long long",
}


@dataclass(eq=False)
class Narrow:
    """A format and the words its CUDA names are made of."""

    number: str  # __half
    pair: str  # __half2
    word: str  # half, as in __float2half
    pair_word: str  # half2, as in __float22half2_rn
    format: Format

    @cached_property
    def source(self) -> Source:
        """Every family of the format in one CUDA source."""
        families = {}
        for name, (out, args, rows) in FAMILIES.items():
            spelled = {key: self.spell(text) for key, text in rows.items()}
            families[name] = Family(
                self.spell(out), tuple(self.spell(arg) for arg in args), spelled
            )
        return Source(self.word, families)

    def evaluate(self, family: str, row: str, device: str, *inputs: np.ndarray) -> np.ndarray:
        """Source.evaluate of this format's source."""
        return self.source.evaluate(family, row, device, *inputs)

    def spell(self, text: str) -> str:
        """``text`` with {T}, {T2}, {N} and {N2} replaced."""
        return text.format(T=self.number, T2=self.pair, N=self.word, N2=self.pair_word)

    def values(self, bits: np.ndarray) -> np.ndarray:
        """float64 values of bits."""
        return decode(bits, self.format)

    def partners(self) -> np.ndarray:
        """Numbers worth pairing with every other: specials, powers of two, ends of the range."""
        top = self.format.infinity
        one = self.format.max_exponent << self.format.fraction_bits
        positive = [0, 1, 2, (1 << self.format.fraction_bits) - 1, 1 << self.format.fraction_bits]
        positive += [
            one - 1,
            one,
            one + 1,
            one + (1 << self.format.fraction_bits) // 2,
            top - 1,
            top,
        ]
        positive += [top | 1, one + 0x123 % (1 << self.format.fraction_bits), one // 2 + 3]
        return np.array(positive + [p | 0x8000 for p in positive], dtype=np.uint16)

    def pairs(self, step: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Every ``step``-th number, and every partner, with every partner."""
        partners = self.partners()
        numbers = np.union1d(ALL[::step], partners)
        return np.repeat(numbers, len(partners)), np.tile(partners, len(numbers))

    def same(self, got: np.ndarray, want: np.ndarray) -> np.ndarray:
        """Where bits agree; one NaN is as good as another."""
        nan = self.format.infinity
        both_nan = ((got & 0x7FFF) > nan) & ((want & 0x7FFF) > nan)
        return (got == want) | both_nan


FUNCTIONS = [
    "sqrt", "rsqrt", "rcp", "exp", "exp2", "exp10", "log", "log2", "log10", "sin", "cos", "tanh",
    "floor", "ceil", "trunc", "rint",
]  # fmt: skip

UNARY = {f"h{name}": f"h{name}(a)" for name in FUNCTIONS} | {
    "neg": "__hneg(a)",
    "abs": "__habs(a)",
    "minus": "-a",
    "increment": "++a",
    "post_decrement": "(a--, a)",
    "as_short": "__short_as_{N}(__{N}_as_short(a))",
    "as_ushort": "__ushort_as_{N}(__{N}_as_ushort(a))",
    "raw": "{T}({T}_raw(a))",
}
BINARY = {
    "add": "__hadd(a, b)", "sub": "__hsub(a, b)", "mul": "__hmul(a, b)", "div": "__hdiv(a, b)",
    "add_rn": "__hadd_rn(a, b)", "sub_rn": "__hsub_rn(a, b)", "mul_rn": "__hmul_rn(a, b)",
    "add_sat": "__hadd_sat(a, b)", "sub_sat": "__hsub_sat(a, b)", "mul_sat": "__hmul_sat(a, b)",
    "plus": "a + b", "minus": "a - b", "times": "a * b", "over": "a / b",
    "plus_assign": "a += b", "times_assign": "a *= b",
    "max": "__hmax(a, b)", "min": "__hmin(a, b)",
    "max_nan": "__hmax_nan(a, b)", "min_nan": "__hmin_nan(a, b)",
}  # fmt: skip
TERNARY = {"fma": "__hfma(a, b, c)", "sat": "__hfma_sat(a, b, c)", "relu": "__hfma_relu(a, b, c)"}

COMPARISONS = {
    name + unordered: f"__h{name}{unordered}(a, b)"
    for name in ("eq", "ne", "lt", "le", "gt", "ge")
    for unordered in ("", "u")
}
OPERATORS = {op: f"a {op} b" for op in ("==", "!=", "<", "<=", ">", ">=")}
TESTS = {"isnan": "__hisnan(a)", "isinf": "__hisinf(a)"}

FROM_INTEGER = {
    f"{tag}_{mode}": f"__{tag}2{{N}}_{mode}(static_cast<{cuda_type}>(a))"
    for tag, cuda_type in INTEGERS.items()
    for mode in MODES
} | {
    f"{tag}_constructor": f"{{T}}(static_cast<{cuda_type}>(a))"
    for tag, cuda_type in INTEGERS.items()
}
TO_INTEGER = {f"{tag}_{mode}": f"__{{N}}2{tag}_{mode}(a)" for tag in INTEGERS for mode in MODES} | {
    "char_rz": "__{N}2char_rz(a)",
    "uchar_rz": "__{N}2uchar_rz(a)",
}
FROM_FLOAT = {mode: f"__float2{{N}}_{mode}(a)" for mode in MODES} | {
    "default": "__float2{N}(a)",
    "constructor": "{T}(a)",
    "both_low": "__low2{N}(__float2{N2}_rn(a))",
    "both_high": "__high2{N}(__float2{N2}_rn(a))",
    "pair_high": "__high2{N}(__float22{N2}_rn(make_float2(0.f, a)))",
    "pair_low": "__low2{N}(__floats2{N2}_rn(a, 0.f))",
}
FROM_DOUBLE = {"default": "__double2{N}(a)", "constructor": "{T}(a)"}
TO_FLOAT = {
    "function": "__{N}2float(a)",
    "cast": "static_cast<float>(a)",
    "low": "__low2float(make_{N2}(a, {T}(1.f)))",
    "high": "__high2float({T2}({T}(1.f), a))",
    "pair": "__{N2}2float2(__{N}2{N2}(a)).y",
}
PAIR_FUNCTIONS = {f"h2{name}": f"h{name}" for name in FUNCTIONS}
PAIR_UNARY = {name: f"{name}(a)" for name in PAIR_FUNCTIONS} | {
    "neg": "__hneg2(a)",
    "abs": "__habs2(a)",
    "swap": "__lowhigh2highlow(a)",
    "low": "__low2{N2}(a)",
    "high": "__high2{N2}(a)",
    "raw": "{T2}({T2}_raw(a))",
    "members": "{T2}(a.x, a.y)",
    "minus": "-a",
}
PAIR_BINARY = {
    "add": "__hadd2(a, b)", "sub": "__hsub2(a, b)", "mul": "__hmul2(a, b)", "div": "__h2div(a, b)",
    "add_rn": "__hadd2_rn(a, b)", "sub_rn": "__hsub2_rn(a, b)", "mul_rn": "__hmul2_rn(a, b)",
    "add_sat": "__hadd2_sat(a, b)", "sub_sat": "__hsub2_sat(a, b)", "mul_sat": "__hmul2_sat(a, b)",
    "plus": "a + b", "times": "a * b", "over": "a / b", "plus_assign": "a += b",
    "max": "__hmax2(a, b)", "min": "__hmin2(a, b)",
    "max_nan": "__hmax2_nan(a, b)", "min_nan": "__hmin2_nan(a, b)",
}  # fmt: skip
PAIR_TERNARY = {
    "fma": "__hfma2(a, b, c)", "sat": "__hfma2_sat(a, b, c)", "relu": "__hfma2_relu(a, b, c)",
}  # fmt: skip
PAIR_COMPARE = {
    f"{name} {what}": text.format(name=name)
    for name in COMPARISONS
    for what, text in {
        "number": "__low2float(__h{name}2(a, b)) + 2 * __high2float(__h{name}2(a, b))",
        "mask": "__h{name}2_mask(a, b)",
        "both": "__hb{name}2(a, b)",
    }.items()
} | OPERATORS

FAMILIES: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "unary": ("{T}", ("{T}",), UNARY),
    "binary": ("{T}", ("{T}", "{T}"), BINARY),
    "ternary": ("{T}", ("{T}",) * 3, TERNARY),
    "compare": ("int", ("{T}", "{T}"), COMPARISONS | OPERATORS),
    "to_integer": ("long long", ("{T}",), TO_INTEGER | TESTS),
    "from_integer": ("{T}", ("long long",), FROM_INTEGER),
    "from_float": ("{T}", ("float",), FROM_FLOAT),
    "from_double": ("{T}", ("double",), FROM_DOUBLE),
    "to_float": ("float", ("{T}",), TO_FLOAT),
    "pair_unary": ("{T2}", ("{T2}",), PAIR_UNARY),
    "pair_binary": ("{T2}", ("{T2}", "{T2}"), PAIR_BINARY),
    "pair_ternary": ("{T2}", ("{T2}",) * 3, PAIR_TERNARY),
    "pair_compare": ("unsigned", ("{T2}", "{T2}"), PAIR_COMPARE),
}
KINDS = [
    Narrow("__half", "__half2", "half", "half2", HALF),
    Narrow("__nv_bfloat16", "__nv_bfloat162", "bfloat16", "bfloat162", BFLOAT16),
]
