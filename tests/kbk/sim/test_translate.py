"""The translator: what it rewrites, what it leaves alone, what it refuses."""

from __future__ import annotations

import pytest

from kbk.errors import CompileError, UnsupportedError
from kbk.sim import translate
from kbk.sim.translate.tokens import Source


def text_of(source: str) -> str:
    return translate(source, "t.cu").text


LAUNCHES = {
    "plain": "k<<<1, 2>>>(p);",
    "template": "k<float, 3><<<grid, block>>>(p, q);",
    "nested template": "k<std::vector<std::pair<int, int>>><<<1, 2>>>(p);",
    "expression in template": "k<(N > 3), sizeof(T)><<<1, 2>>>(p);",
    "qualified": "a::b::k<T><<<1, 2>>>(p);",
    "member": "this->template k<T><<<1, 2>>>(p);",
    "shift in the configuration": "k<<<(n + 255) >> 8, 1 << 8>>>(p);",
    "call in the configuration": (
        "k<<<grid_of<int>(n), dim3(32, 4), sizeof(float) * 32, stream>>>(p);"
    ),
    "no arguments": "k<<<1, 2>>>();",
    "lambda argument": "k<<<1, 2>>>([=] __device__(int i) { return i < 3 ? i : 0; });",
    "line breaks": "k<float>\n<<<1,\n2>>>\n(p,\n q);",
    "in a macro": "#define RUN(K) \\\n  K<<<1, \\\n  2>>>(p)\nRUN(k);",
    "array element": "table[i + 1][0]<<<1, 2>>>(p);",
    "parenthesised": "(k<2>)<<<1, 2>>>(p);",
    "literal zero": "k<float>\n<<<1, 2>>>(\n0, NULL, nullptr);",
    "comment between": "k /* name */ <<<1, 2>>> /* go */ (p /* first */, q);",
}


@pytest.mark.parametrize("name", LAUNCHES)
def test_a_launch_becomes_a_call_and_keeps_its_lines(name: str) -> None:
    source = f"void f() {{\n{LAUNCHES[name]}\nint after = 1;\n}}"
    text = text_of(source)
    assert "<<<" not in text
    assert "::kbk::launcher(" in text
    assert text.count("\n") == source.count("\n")
    after = next(n for n, line in enumerate(text.split("\n")) if "int after" in line)
    assert after == next(n for n, line in enumerate(source.split("\n")) if "int after" in line)


@pytest.mark.parametrize(
    "source",
    [
        'const char* s = "k<<<1, 2>>>(p)";',
        "// k<<<1, 2>>>(p)",
        "/* __shared__ float x[3]; threadIdx.x */",
        'const char* r = R"(k<<<1, 2>>>(p); __shared__ int x;)";',
        "char c = '<'; int d = 1 << 3 >> 2;",
        "std::vector<std::vector<std::vector<int>>> v;",
    ],
)
def test_text_that_only_looks_like_cuda_stays(source: str) -> None:
    assert text_of(source) == source


@pytest.mark.parametrize(
    "source",
    [
        "void f() { dim3 gridDim(3), blockDim(4); g(gridDim.x, blockDim.y); }",
        "void f(dim3 gridDim, dim3 blockDim) { g(gridDim.x + blockDim.y); }",
        "void f() { config.gridDim = 3; c->blockDim = 4; }",
        "struct S { dim3 gridDim; int threadIdx; };",
        "int use(dim3 *gridDim, const dim3& blockDim) { return gridDim->x + blockDim.x; }",
        "struct T { dim3 blockIdx; T(dim3 b) : blockIdx(b) {} int f() { return blockIdx.x; } };",
        "int use(dim3 gridDim) const noexcept { return gridDim.x; }",
    ],
)
def test_names_of_the_sources_own_stay(source: str) -> None:
    assert text_of(source) == source


def test_a_macro_may_stand_for_an_index_variable() -> None:
    text = text_of("#define TX threadIdx.x\n#define B blockIdx\n#define M(n) (n*gridDim.x)\nTX;")
    assert text.startswith("#define TX ::kbk::thread_idx().x\n#define B ::kbk::block_idx()\n")
    assert "(n*::kbk::grid_dimensions().x)" in text


def test_what_an_if_0_leaves_out_stays() -> None:
    source = "#if 0\nk<<<1,2>>>\ndon't\n#if 1\n#endif\nwmma\n#endif\n"
    assert text_of(source) == source
    assert "launch" in text_of(source + "void f() { k<<<1, 2>>>(); }")
    assert "launch" in text_of("#if 0\n(\n#else\nvoid f() { k<<<1, 2>>>(); }\n#endif\n")


def test_a_name_is_built_in_again_after_its_scope() -> None:
    text = text_of(
        "void h() { dim3 blockDim(4); g(blockDim.x); }\n__device__ int f() { return blockDim.x; }"
    )
    assert "g(blockDim.x)" in text
    assert "return ::kbk::block_dimensions().x" in text


def test_shared_declarations_of_every_form_are_placed_in_the_arena() -> None:
    source = (
        "template <typename T, int N> __global__ void k() {\n"
        "  __shared__ float tile[32][33];\n"
        "  __shared__ alignas(16) T a[N], b, *p;\n"
        "  static __shared__ __align__(8) int c[2];\n"
        "  __shared__ volatile int flag;\n"
        "  __shared__ struct { float x; int y; } s;\n"
        "  __shared__ typename Reduce<T, N>::Storage storage;\n"
        "  extern __shared__ float dynamic[];\n"
        "  extern __shared__ __align__(16) unsigned char rows[][64];\n"
        "}\n"
    )
    text = text_of(source)
    assert "__shared__" not in text
    assert text.count("\n") == source.count("\n")
    for name in ("tile", "a", "b", "p", "c", "flag", "s", "storage"):
        assert f"auto& {name} = ::kbk::shared<" in text, name
    assert 'float * dynamic = reinterpret_cast<float *>(::kbk::dynamic_shared("dynamic", ' in text
    assert "unsigned char (*rows)[64] = reinterpret_cast<unsigned char (*)[64]>" in text.replace(
        "  ", " "
    )


@pytest.mark.parametrize(
    ("source", "line", "word"),
    [
        ("\n__shared__ float x[3];\n", 2, "outside a function"),
        ("namespace n {\n\n__shared__ float x[3];\n}", 3, "outside a function"),
        ("__global__ void k() {\n  extern __shared__ float x;\n}", 2, "no array"),
        ('void f() {\n  asm volatile("bra.uni L;");\n}', 2, "bra.uni L"),
        ("\n\n#include <mma.h>\n", 3, "mma.h"),
        ("void f() {\n\n\n  float v = tex2D(t, x, y);\n}", 4, "textures"),
        ("void f() {\n  g()<<<1, 2>>>(p);\n}", 2, "<<<"),
        ("void f() {\n  k<<<1, 2;\n}", 2, "<<<"),
    ],
)
def test_what_is_not_simulated_is_refused_by_name_and_line(
    source: str, line: int, word: str
) -> None:
    with pytest.raises(UnsupportedError) as caught:
        translate(source, "name.cu")
    assert caught.value.line == line
    assert word in str(caught.value)
    assert str(caught.value).startswith(f"name.cu:{line}: the simulator does not support ")


def test_known_ptx_becomes_cpp() -> None:
    text = text_of(
        'void f(unsigned& l, float x) { asm volatile("mov.u32 %0, %%laneid;" : "=r"(l)); '
        'asm("ex2.approx.ftz.f32 %0, %1;\\n" : "=f"(y) : "f"(x + 1.0f) : "memory"); }'
    )
    assert "put((l), ::kbk::ptx::as<std::uint32_t>(::kbk::lane_id()));" in text
    assert "put((y), exp2f(::kbk::ptx::as<float>((x + 1.0f))));" in text


@pytest.mark.parametrize(
    "word",
    [
        "while (!__ldcg(p)) {}",
        "volatile int* p;",
        "atomicAdd(p, 1);",
        "__threadfence();",
        "atomicCAS_block(p, 0, 1);",
    ],
)
def test_sources_whose_threads_may_wait_for_each_other_are_marked(word: str) -> None:
    assert translate(f"__global__ void k(int* p) {{ {word} }}", "t.cu").may_spin
    assert not translate(f"__global__ void k(int* p) {{ /* {word} */ }}", "t.cu").may_spin


def test_kernels_are_found_and_launch_bounds_kept() -> None:
    source = (
        "__global__ void a(int* p) { *p = 1; }\n"
        "template <int N> static __global__ void __launch_bounds__(N, 2) b(int* p);\n"
        'extern "C" __global__ void __launch_bounds__(128) c(int* p)\n{ *p = 2; }\n'
    )
    translation = translate(source, "t.cu")
    assert translation.kernels == ("a", "c")
    assert "static_cast<int>(128)" in translation.text


def test_user_headers_are_translated_too(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "inner.cuh").write_text("__device__ inline int me() { return threadIdx.x; }\n")
    (tmp_path / "outer.cuh").write_text(
        '#include "inner.cuh"\n__global__ void k(int* p) { atomicAdd(p, me()); }\n'
    )
    translation = translate(
        "#include <outer.cuh>\nvoid f(int* p) { k<<<1, 2>>>(p); }", "t.cu", [tmp_path]
    )
    inner, outer = sorted(translation.headers, key=lambda name: name.split("_")[2])
    assert inner.endswith("_inner.cuh") and outer.endswith("_outer.cuh")
    assert translation.text.startswith(f'#include "{outer}"\n')
    assert "thread_idx" in translation.headers[inner]
    assert translation.headers[outer].startswith(
        f'#line 1 "{tmp_path}/outer.cuh"\n#include "{inner}"\n'
    )
    assert translation.may_spin


def test_tokens_cover_numbers_strings_and_line_numbers() -> None:
    source = Source("a = 1'000.5e-3f + .5 + 0x1p-3;\n\n b = u8\"\\\"x\" 'c';", "t.cu")
    kinds = [(t.kind, t.text) for t in source.tokens]
    assert (
        ("number", "1'000.5e-3f") in kinds
        and ("number", ".5") in kinds
        and ("number", "0x1p-3") in kinds
    )
    assert ("string", 'u8"\\"x"') in kinds and ("char", "'c'") in kinds
    assert source.line(source.text.index("b =")) == 3


def test_a_lambda_that_captures_by_copy_does_not_copy_shared_memory() -> None:
    text = text_of(
        "__global__ void k(int* p) {\n  { __shared__ int inner; }\n  __shared__ int s[32];\n"
        "  auto f = [=](int i) { return s[i]; };\n}\nvoid g(int s) { auto h = [=] { return s; }; }"
    )
    assert "[=, &s](int i)" in text
    assert "auto h = [=] {" in text


def test_lambdas_capture_the_shared_variables_that_they_mention() -> None:
    text = text_of(
        "__global__ void k(int t) {\n  __shared__ int s[3], r;\n  extern __shared__ int d[];\n"
        "  auto a = [t](int i) { s[t] = i; }; auto b = [] { return r + s[0]; };\n"
        "  auto c = [&] { r = 0; }; auto e = [=] { d[0] = r; }; auto f = [t] { return d[t]; };\n"
        "  auto g = [t](int s) { return s; }; s[t] = (d)[t]; auto h = [&r] { r = 1; };\n}"
    )
    for part in (
        "[t, &s](int i)",
        "[&s, &r] {",
        "[&] {",
        "[=, &r] {",
        "[t, &d] {",
        "[t](int s)",
        "s[t] = (d)[t]",
        "[&r] {",
    ):
        assert part in text, part


def test_a_directive_next_to_a_shared_declaration_stays_whole() -> None:
    source = (
        "void k() {\n#ifdef A\n#endif\n  __shared__ int s[3];\n#define W 4\n  __shared__ int w;\n}"
    )
    lines = text_of(source).split("\n")
    assert lines[1:3] == ["#ifdef A", "#endif"] and lines[4] == "#define W 4"


K = "template <int N> __global__ void k(int* p) {}\n__global__ void m() {}\n"


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        (K + "void f() { m(); }", 3, "m is a kernel: launch it as m<<<grid, block>>>(...)"),
        (K + "void f() {\n if (1) k<2>(p); }", 4, "k is a kernel: launch it as"),
        ("\n__global__ int k() { return 1; }", 2, "a kernel must return void"),
        ("int __global__ k() { return 1; }", 1, "a kernel must return void"),
        (
            "void g(int* p) {}\nvoid f() { g<<<1, 2>>>(p); }",
            2,
            "g is no kernel: mark it __global__",
        ),
        ("template <int N> __device__ void g() {}\nvoid f() {\ng<1><<<1, 2>>>(); }", 3, "g is no"),
    ],
)
def test_kernels_that_are_called_and_launches_of_others_are_rejected(
    source: str, line: int, message: str
) -> None:
    with pytest.raises(CompileError) as caught:
        translate(source, "name.cu")
    assert (caught.value.file, caught.value.line) == ("name.cu", line)
    assert str(caught.value).startswith(f"name.cu:{line}: {message}")


@pytest.mark.parametrize(
    "source",
    [
        K + "template __global__ void k<3>(int* p);\nvoid f() { k<3><<<1, 2>>>(p); }",
        K + "void f() { auto m = [](int) {}; m(1); }",
        K + "void f() { s.m(); p->m(); other::m(); g(m); this->m(); }",
        K + "struct S { void m() {} void f() { m(); } };",
        K + "template <class F> void f(F m) { m(); }",
        K + "void m(int) {}\nvoid f() { m(); }",
        "#define KERNEL(n) __global__ void n\nKERNEL(k)(int* p) {}\nvoid f() { k<<<1, 2>>>(p); }",
        "#define KERNEL __global__ void\nKERNEL k(int* p) {}\nvoid f() { k<<<1, 2>>>(p); }",
        "void g() {}\nvoid f(void (*g)()) { g<<<1, 2>>>(); }",
        "__global__ void g();\n__global__ void g() {}\nvoid f() { g<<<1, 2>>>(); }",
        "__global__ void __launch_bounds__(128, 2) g(float a) {}\nvoid f() { g<<<1, 2>>>(0); }",
    ],
)
def test_names_with_two_meanings_are_left_to_the_compiler(source: str) -> None:
    text_of(source)


@pytest.mark.parametrize(
    "head",
    [
        "__global__ void C10_LAUNCH_BOUNDS_1(256) k",
        "C10_LAUNCH_BOUNDS_1(256) __global__ void k",
        "__global__ void LIMITS(256, 2) k",
        "__global__ __launch_bounds__(256) void k",
    ],
)
def test_a_macro_before_the_name_of_a_kernel_is_not_the_name(head: str) -> None:
    made = translate(f"{head}(int* p) {{ p[0] = 1; }}", "t.cu")
    assert made.kernels == ("k",)
    assert "::kbk::probing()" in made.text


def test_a_member_template_of_a_dependent_class_gets_its_word() -> None:
    source = (
        "template <typename T, int N> void f(T* p) {\n"
        "  cast<T, 3>::load<N>(p); bool b = cast<T, 3>::size < N; other<int>::g<3>(p);\n}"
    )
    text = text_of(source)
    assert "cast<T, 3>::template load<N>(p)" in text
    assert "cast<T, 3>::size < N" in text and "other<int>::g<3>(p)" in text
