"""Names of host functions and their parameters come from the text, whatever its layout."""

from __future__ import annotations

import pytest

from kbk.build.functions import Parameter, find_functions


def only(source: str):
    (function,) = find_functions(source)
    return function


def names(source: str) -> list[str]:
    return [parameter.name for parameter in only(source).parameters]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("Tensor out, const Tensor& x, double a", ["out", "x", "a"]),
        ("const Tensor &x", ["x"]),
        ("const\n Tensor\n&x // the input, read only\n , double /* factor */ a", ["x", "a"]),
        ("std::optional<Tensor> mask, const std::optional<Tensor>& bias", ["mask", "bias"]),
        ("std::tuple<int, std::pair<int, int>> q, int64_t n", ["q", "n"]),
        ("Tensor, const Tensor&, unsigned", ["", "", ""]),
        ("torch::stable::Tensor", [""]),
        ("const Tensor", [""]),
        ("[[maybe_unused]] double a, float* __restrict__ p, int q[3]", ["a", "p", "q"]),
        ("void", []),
        ("", []),
        ("Tensor in, double lambda", ["in_", "lambda_"]),
    ],
)
def test_parameter_names_survive_any_layout(parameters: str, expected: list[str]) -> None:
    assert names(f"void f({parameters}) {{ if (1) {{ g(2); }} }}") == expected


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        ("1e-6f", "1e-06"),
        ("-1'000", "-1000"),
        (".5", "0.5"),
        ("true", "True"),
        ("std::nullopt", "None"),
        ("kSize", ""),
        ("1 << 4", ""),
        ("010", ""),
    ],
)
def test_literal_defaults_are_read_and_others_leave_the_argument_required(
    default: str, expected: str
) -> None:
    assert only(f"void f(double a = {default});").parameters == (Parameter("a", expected),)


def test_functions_in_comments_strings_and_dead_code_are_not_found() -> None:
    source = """
    // void commented(Tensor x) {}
    /* void blocked(Tensor x) {} */
    const char* text = "void quoted(Tensor x) {";
    const char* raw = R"x(void raw(Tensor) { ")x";
    char brace = '{';
    #if 0
    void dead(int a) {
    #else
    void alive(Tensor a) {
    #endif
    }
    #define MACRO(x) void macro(Tensor x) {
    """
    assert [function.name for function in find_functions(source)] == ["alive"]


def test_kernels_templates_and_namespaces_are_told_apart() -> None:
    source = """
    template <class T, int N = (3 > 2)>
    __global__ __launch_bounds__(256) void kernel(T* p) { __shared__ T s[3]; s[f(1)] = 2; }
    __device__ float half(float x) { return x / 2; }
    __host__ __device__ int both(int x) { return x; }
    template <class T> void generic(Tensor x) {}
    namespace a::b { void inner(Tensor x) {} }
    namespace { void hidden(Tensor x) {} }
    extern "C" { void c_name(Tensor x) {} }
    struct S { void member(int a) {} } s;
    void S::other(int) {}
    static inline auto trailing(Tensor x) noexcept -> Tensor { return x; }
    int table[] = {1, 2};
    """
    kinds = {function.name: function.kind for function in find_functions(source)}
    assert kinds == {
        "kernel": "global",
        "half": "device",
        "both": "host",
        "generic": "template",
        "inner": "namespace",
        "hidden": "host",
        "c_name": "host",
        "trailing": "host",
    }


def test_a_function_after_a_macro_without_semicolon_is_found() -> None:
    assert [f.name for f in find_functions("INSTANTIATE(float)\nvoid scale(Tensor x) {}\n")] == [
        "scale"
    ]


def test_the_line_is_that_of_the_name() -> None:
    assert only("/* one\n two */\n\nstatic void\nf(Tensor x) {}\n").line == 5


def test_unbalanced_text_ends_the_search_instead_of_failing() -> None:
    for source in (
        "void f(Tensor x) {",
        "void f(Tensor x",
        ")}}]",
        '"',
        "'",
        'R"(',
        "/*",
        "#if",
        "<<<",
        "[[",
    ):
        find_functions(source)
