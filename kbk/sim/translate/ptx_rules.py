"""Instructions of PTX that are one C++ expression of their operands.

A pattern is the instruction's name as a regular expression in which dots are dots. In the
expression ``$1:f32`` is operand 1 read as .f32, ``$1:t`` reads it as what group t matched, ``<t>``
is that type in C++, and ``<r>`` the suffix of CUDA's functions for the rounding that group r
matched. The value goes into operand 0.
"""

from __future__ import annotations

_INTS = "u16|s16|u32|s32|u64|s64"
_BITS = "b16|b32|b64"
_R = "(.(?P<r>rn|rz|rm|rp))?"
_NARROW = "f16|bf16"
_PAIR = "f16x2|bf16x2"


def _narrow(name: str, function: str, count: int, pair: str = "") -> list[tuple[str, str]]:
    """An operation on numbers of 16 bits and on pairs of them: __hadd and __hadd2."""
    arguments = ", ".join(f"${number}:t" for number in range(1, count + 1))
    return [
        (f"{name}(.ftz)?.(?P<t>{_NARROW})", f"{function}({arguments})"),
        (f"{name}(.ftz)?.(?P<t>{_PAIR})", f"{pair or function + '2'}({arguments})"),
    ]


def _function(name: str, half: str) -> list[tuple[str, str]]:
    return [
        (f"{name}.approx(.ftz)?.(?P<t>{_NARROW})", f"h{half}($1:t)"),
        (f"{name}.approx(.ftz)?.(?P<t>{_PAIR})", f"h2{half}($1:t)"),
    ]


def _fp8(kind: str) -> list[tuple[str, str]]:
    code = f"__NV_{kind.upper()}"
    floats = "make_float2($2:f32, $1:f32)"  # the first operand becomes the upper half
    return [
        (
            f"cvt.rn.satfinite.{kind}x2.f32",
            f"__nv_cvt_float2_to_fp8x2({floats}, __NV_SATFINITE, {code})",
        ),
        (
            f"cvt.rn.satfinite.{kind}x2.f16x2",
            f"__nv_cvt_halfraw2_to_fp8x2($1:f16x2, __NV_SATFINITE, {code})",
        ),
        (f"cvt.rn.f16x2.{kind}x2", f"::__half2(__nv_cvt_fp8x2_to_halfraw2($1:b16, {code}))"),
    ]


_CUDA_NAMES = {"s32": "int", "u32": "uint", "s64": "ll", "u64": "ull"}

RULES: list[tuple[str, str]] = [
    (f"mov.(?P<t>{_BITS}|{_INTS}|f32|f64|pred)", "$1:t"),
    # --- whole numbers and bits
    (f"add.(?P<t>{_INTS})", "static_cast<<t>>($1:t + $2:t)"),
    (f"sub.(?P<t>{_INTS})", "static_cast<<t>>($1:t - $2:t)"),
    (f"mul.lo.(?P<t>{_INTS})", "static_cast<<t>>($1:t * $2:t)"),
    (f"mul.hi.(?P<t>{_INTS})", "::kbk::ptx::high_product($1:t, $2:t)"),
    (f"mad.lo.(?P<t>{_INTS})", "static_cast<<t>>($1:t * $2:t + $3:t)"),
    (f"mad.hi.(?P<t>{_INTS})", "static_cast<<t>>(::kbk::ptx::high_product($1:t, $2:t) + $3:t)"),
    *(
        rule
        for sign in "us"
        for narrow, wide in (("16", "32"), ("32", "64"))
        for rule in (
            (
                f"mul.wide.{sign}{narrow}",
                f"::kbk::ptx::wide_product<std::{'u' * (sign == 'u')}int{wide}_t>"
                f"($1:{sign}{narrow}, $2:{sign}{narrow})",
            ),
            (
                f"mad.wide.{sign}{narrow}",
                f"::kbk::ptx::wide_product<std::{'u' * (sign == 'u')}int{wide}_t>"
                f"($1:{sign}{narrow}, $2:{sign}{narrow}) + $3:{sign}{wide}",
            ),
        )
    ),
    (f"div.(?P<t>{_INTS})", "static_cast<<t>>($1:t / $2:t)"),
    (f"rem.(?P<t>{_INTS})", "static_cast<<t>>($1:t % $2:t)"),
    (f"min.(?P<t>{_INTS})", "($1:t < $2:t ? $1:t : $2:t)"),
    (f"max.(?P<t>{_INTS})", "($1:t < $2:t ? $2:t : $1:t)"),
    ("abs.(?P<t>s16|s32|s64)", "static_cast<<t>>($1:t < 0 ? -$1:t : $1:t)"),
    ("neg.(?P<t>s16|s32|s64)", "static_cast<<t>>(-$1:t)"),
    ("sad.(?P<t>u32|s32)", "$3:u32 + ($1:t < $2:t ? $2:u32 - $1:u32 : $1:u32 - $2:u32)"),
    (f"and.(?P<t>{_BITS}|pred)", "static_cast<<t>>($1:t & $2:t)"),
    (f"or.(?P<t>{_BITS}|pred)", "static_cast<<t>>($1:t | $2:t)"),
    (f"xor.(?P<t>{_BITS}|pred)", "static_cast<<t>>($1:t ^ $2:t)"),
    (f"not.(?P<t>{_BITS})", "static_cast<<t>>(~$1:t)"),
    ("not.pred", "!$1:pred"),
    (f"cnot.(?P<t>{_BITS})", "static_cast<<t>>($1:t == 0)"),
    (f"shl.(?P<t>{_BITS})", "::kbk::ptx::shift_left<<t>>($1:t, $2:u32)"),
    (f"shr.(?P<t>{_BITS}|{_INTS})", "::kbk::ptx::shift_right<<t>>($1:t, $2:u32)"),
    ("shf.l.wrap.b32", "__funnelshift_l($1:u32, $2:u32, $3:u32)"),
    ("shf.l.clamp.b32", "__funnelshift_lc($1:u32, $2:u32, $3:u32)"),
    ("shf.r.wrap.b32", "__funnelshift_r($1:u32, $2:u32, $3:u32)"),
    ("shf.r.clamp.b32", "__funnelshift_rc($1:u32, $2:u32, $3:u32)"),
    ("lop3.b32", "::kbk::ptx::lop3($1:u32, $2:u32, $3:u32, $4:u32)"),
    ("prmt.b32", "::kbk::ptx::prmt($1:u32, $2:u32, $3:u32)"),
    ("bfind.(?P<t>u32|s32|u64|s64)", "::kbk::ptx::find_bit<<t>>($1:t)"),
    ("bfind.shiftamt.(?P<t>u32|s32|u64|s64)", "::kbk::ptx::find_bit<<t>>($1:t, true)"),
    ("brev.b32", "__brev($1:u32)"),
    ("brev.b64", "__brevll($1:u64)"),
    ("popc.b32", "__popc($1:u32)"),
    ("popc.b64", "__popcll($1:u64)"),
    ("clz.b32", "__clz($1:s32)"),
    ("clz.b64", "__clzll($1:s64)"),
    ("bfe.(?P<t>u32|s32|u64|s64)", "::kbk::ptx::bit_field<<t>>($1:t, $2:u32, $3:u32)"),
    ("bfi.(?P<t>b32|b64)", "::kbk::ptx::insert_bits<<t>>($1:t, $2:t, $3:u32, $4:u32)"),
    ("fns.b32", "__fns($1:u32, $2:u32, $3:s32)"),
    ("dp4a.s32.s32", "__dp4a($1:s32, $2:s32, $3:s32)"),
    ("dp4a.u32.u32", "__dp4a($1:u32, $2:u32, $3:u32)"),
    (f"selp.(?P<t>{_BITS}|{_INTS}|f32|f64)", "($3:pred ? $1:t : $2:t)"),
    # --- floating-point numbers
    (f"add{_R}(.ftz)?.f32", "__fadd_<r>($1:f32, $2:f32)"),
    (f"sub{_R}(.ftz)?.f32", "__fsub_<r>($1:f32, $2:f32)"),
    (f"mul{_R}(.ftz)?.f32", "__fmul_<r>($1:f32, $2:f32)"),
    (f"(fma|mad){_R}(.ftz)?.f32", "__fmaf_<r>($1:f32, $2:f32, $3:f32)"),
    (f"add{_R}(.ftz)?.sat.f32", "__saturatef(__fadd_<r>($1:f32, $2:f32))"),
    (f"mul{_R}(.ftz)?.sat.f32", "__saturatef(__fmul_<r>($1:f32, $2:f32))"),
    (f"fma{_R}(.ftz)?.sat.f32", "__saturatef(__fmaf_<r>($1:f32, $2:f32, $3:f32))"),
    (f"add{_R}.f64", "__dadd_<r>($1:f64, $2:f64)"),
    (f"sub{_R}.f64", "__dsub_<r>($1:f64, $2:f64)"),
    (f"mul{_R}.f64", "__dmul_<r>($1:f64, $2:f64)"),
    (f"(fma|mad){_R}.f64", "__fma_<r>($1:f64, $2:f64, $3:f64)"),
    ("div.(approx|full)(.ftz)?.f32", "$1:f32 / $2:f32"),
    ("div.(?P<r>rn|rz|rm|rp)(.ftz)?.f32", "__fdiv_<r>($1:f32, $2:f32)"),
    ("div.(?P<r>rn|rz|rm|rp).f64", "__ddiv_<r>($1:f64, $2:f64)"),
    ("rcp.approx(.ftz)?.f32", "1.0f / $1:f32"),
    ("rcp.(?P<r>rn|rz|rm|rp)(.ftz)?.f32", "__frcp_<r>($1:f32)"),
    ("rcp.(?P<r>rn|rz|rm|rp).f64", "__drcp_<r>($1:f64)"),
    ("sqrt.approx(.ftz)?.f32", "sqrtf($1:f32)"),
    ("sqrt.(?P<r>rn|rz|rm|rp)(.ftz)?.f32", "__fsqrt_<r>($1:f32)"),
    ("sqrt.(?P<r>rn|rz|rm|rp).f64", "__dsqrt_<r>($1:f64)"),
    ("rsqrt.approx(.ftz)?.f32", "rsqrtf($1:f32)"),
    ("rsqrt.approx(.ftz)?.f64", "rsqrt($1:f64)"),
    ("ex2.approx(.ftz)?.f32", "exp2f($1:f32)"),
    ("lg2.approx(.ftz)?.f32", "log2f($1:f32)"),
    ("sin.approx(.ftz)?.f32", "sinf($1:f32)"),
    ("cos.approx(.ftz)?.f32", "cosf($1:f32)"),
    ("tanh.approx.f32", "tanhf($1:f32)"),
    *_function("ex2", "exp2"),
    *_function("tanh", "tanh"),
    ("min(.ftz)?.f32", "fminf($1:f32, $2:f32)"),
    ("max(.ftz)?.f32", "fmaxf($1:f32, $2:f32)"),
    ("min(.ftz)?.NaN.f32", "::kbk::ptx::smallest($1:f32, $2:f32)"),
    ("max(.ftz)?.NaN.f32", "::kbk::ptx::largest($1:f32, $2:f32)"),
    ("min.f64", "fmin($1:f64, $2:f64)"),
    ("max.f64", "fmax($1:f64, $2:f64)"),
    ("abs(.ftz)?.f32", "fabsf($1:f32)"),
    ("abs.f64", "fabs($1:f64)"),
    ("neg(.ftz)?.f32", "-$1:f32"),
    ("neg.f64", "-$1:f64"),
    *_narrow("add(.rn)?", "__hadd", 2),
    *_narrow("sub(.rn)?", "__hsub", 2),
    *_narrow("mul(.rn)?", "__hmul", 2),
    *_narrow("fma.rn", "__hfma", 3),
    *_narrow("fma.rn.sat", "__hfma_sat", 3, "__hfma2_sat"),
    *_narrow("fma.rn.relu", "__hfma_relu", 3, "__hfma2_relu"),
    *_narrow("min.NaN", "__hmin_nan", 2, "__hmin2_nan"),
    *_narrow("max.NaN", "__hmax_nan", 2, "__hmax2_nan"),
    *_narrow("min", "__hmin", 2),
    *_narrow("max", "__hmax", 2),
    *_narrow("neg", "__hneg", 1),
    *_narrow("abs", "__habs", 1),
    # --- conversions
    ("cvt(.ftz)?.f32.f16", "__half2float($1:f16)"),
    ("cvt(.ftz)?.f32.bf16", "__bfloat162float($1:bf16)"),
    ("cvt.(?P<r>rn|rz|rm|rp).f16.f32", "__float2half_<r>($1:f32)"),
    ("cvt.(?P<r>rn|rz).bf16.f32", "__float2bfloat16_<r>($1:f32)"),
    ("cvt.rn.relu.f16.f32", "__float2half_rn(::kbk::ptx::relu($1:f32))"),
    ("cvt.rn.relu.bf16.f32", "__float2bfloat16_rn(::kbk::ptx::relu($1:f32))"),
    (
        "cvt.(?P<r>rn|rz).f16x2.f32",
        "__halves2half2(__float2half_<r>($2:f32), __float2half_<r>($1:f32))",
    ),
    (
        "cvt.(?P<r>rn|rz).bf16x2.f32",
        "__halves2bfloat162(__float2bfloat16_<r>($2:f32), __float2bfloat16_<r>($1:f32))",
    ),
    (
        "cvt.rn.relu.f16x2.f32",
        "__floats2half2_rn(::kbk::ptx::relu($2:f32), ::kbk::ptx::relu($1:f32))",
    ),
    (
        "cvt.rn.relu.bf16x2.f32",
        "__floats2bfloat162_rn(::kbk::ptx::relu($2:f32), ::kbk::ptx::relu($1:f32))",
    ),
    *_fp8("e4m3"),
    *_fp8("e5m2"),
    ("cvt.f64.f32", "static_cast<double>($1:f32)"),
    ("cvt.(?P<r>rn|rz|rm|rp)(.ftz)?.f32.f64", "__double2float_<r>($1:f64)"),
    ("cvt.sat(.ftz)?.f32.f32", "__saturatef($1:f32)"),
    ("cvt.rni(.ftz)?.f32.f32", "rintf($1:f32)"),
    ("cvt.rzi(.ftz)?.f32.f32", "truncf($1:f32)"),
    ("cvt.rmi(.ftz)?.f32.f32", "floorf($1:f32)"),
    ("cvt.rpi(.ftz)?.f32.f32", "ceilf($1:f32)"),
    (
        f"cvt.(?P<t>u8|s8|{_INTS}).(?P<s>u8|s8|{_INTS})",
        "static_cast<<t>>($1:s)",
    ),
    (f"cvt.rn.f32.(?P<t>u8|s8|{_INTS})", "static_cast<float>($1:t)"),
    (f"cvt(.rn)?.f64.(?P<t>u8|s8|{_INTS})", "static_cast<double>($1:t)"),
    *(
        (f"cvt.(?P<r>rni|rzi|rmi|rpi)(.ftz)?.{to}.f{bits}", f"__{real}2{name}_<r>($1:f{bits})")
        for to, name in _CUDA_NAMES.items()
        for bits, real in (("32", "float"), ("64", "double"))
    ),
    # --- addresses
    ("cvta.to.shared.(?P<t>u32|u64)", "::kbk::shared_offset(::kbk::ptx::at($1:u64))"),
    ("cvta.shared.u64", "::kbk::shared_at($1:u32)"),
    ("cvta(.to)?.global.u64", "$1:u64"),
    # --- warps
    ("vote.sync.ballot.b32", "__ballot_sync($2:u32, $1:pred)"),
    ("vote.sync.any.pred", "__any_sync($2:u32, $1:pred) != 0"),
    ("vote.sync.all.pred", "__all_sync($2:u32, $1:pred) != 0"),
    ("vote.sync.uni.pred", "__uni_sync($2:u32, $1:pred) != 0"),
    ("match.any.sync.(?P<t>b32|b64)", "__match_any_sync($2:u32, $1:t)"),
    ("activemask.b32", "__activemask()"),
    *(
        (f"redux.sync.{op}.(?P<t>u32|s32)", f"__reduce_{op}_sync($2:u32, $1:t)")
        for op in ("add", "min", "max")
    ),
    *(
        (f"redux.sync.{op}.b32", f"__reduce_{op}_sync($2:u32, $1:u32)")
        for op in ("and", "or", "xor")
    ),
]

ROUNDING = {"rn": "rn", "rz": "rz", "rm": "rd", "rp": "ru"}
"""Suffixes of CUDA's functions for PTX's rounding modes; rni and so on go by their first two."""
