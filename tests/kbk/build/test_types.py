"""A type that torch cannot pass is one sentence naming function, parameter and what to write."""

from __future__ import annotations

import pytest
from build_helpers import host_source

import kbk
from kbk.errors import ArgumentError, CompileError


def rejected(parameters: str, result: str = "void", body: str = "") -> CompileError:
    source = f"{host_source()}\n{result} f({parameters}) {{ {body} }}\n"
    with pytest.raises(CompileError) as caught:
        kbk.load_inline("types", cuda_sources=source, functions=["touch", "f"])
    assert (caught.value.file, caught.value.line) == ("types.cu", 4)
    assert f"f({parameters})" in caught.value.excerpt
    return caught.value


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("Tensor x, float a", "f(): parameter 'a' is a float; write double"),
        ("Tensor x, const float& a", "f(): parameter 'a' is a float; write double"),
        ("Tensor x, int n", "f(): parameter 'n' is an integer other than int64_t; write int64_t"),
        ("Tensor x, long long n", "parameter 'n' is an integer other than int64_t"),
        ("float* p", "f(): parameter 'p' is a pointer; write Tensor (may be written) or const"),
        ("Tensor& x", "f(): parameter 'x' is another kind of tensor reference; write Tensor"),
        ("Tensor x, const double& a", "parameter 'a' is a reference to a number; write double"),
        ("Tensor x, std::optional<double> a", "parameter 'a' has a type that cannot cross from"),
        ("Tensor x, float", "f(): parameter 2 is a float; write double"),
        ("double a", "f() has no tensor parameter, so nothing says on which machine it runs"),
    ],
)
def test_a_parameter_that_cannot_cross_says_what_to_write(parameters: str, message: str) -> None:
    error = rejected(parameters)
    assert message in error.message
    assert "static assertion" not in error.message


@pytest.mark.parametrize(
    "result", ["float", "int64_t", "std::tuple<Tensor, double>", "std::vector<Tensor>"]
)
def test_a_result_that_cannot_cross_says_what_to_return(result: str) -> None:
    error = rejected("Tensor x", result, "return {};")
    assert error.message == "f() must return void, Tensor or std::tuple<Tensor, ...>"


def test_a_function_from_a_macro_has_positional_names() -> None:
    source = host_source() + "#define OP(name) void name##_fwd(Tensor a, double b) {}\nOP(scale)\n"
    mod = kbk.load_inline("macro", cuda_sources=source, functions=["scale_fwd"])
    assert mod.scale_fwd.schema == "scale_fwd(Tensor(a!) arg0, float arg1) -> ()"


def test_a_function_that_a_macro_should_have_made_and_did_not_is_named() -> None:
    source = host_source() + "#define OP(name) void name##_fwd(Tensor a, float b) {}\nOP(scale)\n"
    for name, text in (
        ("scale_bwd", "'scale_bwd' is in `functions`, but no such"),
        ("scale_fwd", "scale_fwd() has a"),
    ):
        with pytest.raises(CompileError) as caught:
            kbk.load_inline("macro", cuda_sources=source, functions=[name])
        assert text in str(caught.value) and caught.value.file == "macro.cu"


def wrong_functions(source: str, functions: object) -> str:
    with pytest.raises(ArgumentError) as caught:
        kbk.load_inline("wrong", cuda_sources=source, functions=functions)
    return str(caught.value)


def test_an_unknown_function_suggests_the_one_that_was_meant() -> None:
    source = "void silu_and_mul(Tensor out, const Tensor& x) {}\n// void silu(Tensor x);\n"
    assert wrong_functions(source, ["silu_and_mull"]) == (
        "functions: the source has no host function 'silu_and_mull'; did you mean 'silu_and_mul'?"
    )
    assert "it has 'silu_and_mul'." in wrong_functions(source, ["rope"])
    assert "has no host function at all" in wrong_functions("int x;", ["rope"])


def test_a_kernel_a_template_or_an_overload_is_no_host_function() -> None:
    source = """__global__ void k(float* x) {}
    template <class T> void t(Tensor x) {}
    namespace n { void inner(Tensor x) {} }
    void twice(Tensor x) {}
    void twice(Tensor x, double a) {}
    """
    assert "'k' (wrong.cu:1) is a __global__ kernel" in wrong_functions(source, ["k"])
    assert "is a template" in wrong_functions(source, ["t"])
    assert "is in a namespace" in wrong_functions(source, ["inner"])
    assert "has overloads (lines 4 and 5)" in wrong_functions(source, ["twice"])


def test_without_functions_the_error_lists_those_of_the_source() -> None:
    assert "the source has functions=['a', 'b']" in wrong_functions(
        "void a(Tensor x) {} void b(Tensor x) {}", None
    )
    assert "must be a list of names" in wrong_functions("void a(Tensor x) {}", 3)
    assert "is an attribute of every module" in wrong_functions(
        "void build(Tensor x) {}", ["build"]
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"name": "1st"}, "name must be letters"),
        ({"name": None}, "name must be letters"),
        ({"cuda_sources": ""}, "cuda_sources must hold the source"),
        ({"cuda_sources": 3}, "cuda_sources must be a string or a list of strings; it was 3"),
        ({"cpp_sources": [1]}, "cpp_sources must be a string or a list of strings; it was [1]"),
        ({"extra_cflags": 3}, "extra_cflags must be a string or a list of strings; it was 3"),
        ({"extra_cuda_cflags": ["--bogus"]}, "the flag '--bogus' is not known"),
        ({"extra_include_paths": 3}, "extra_include_paths must be a list of folders; it was 3"),
    ],
)
def test_a_wrong_argument_of_load_inline_is_named(arguments: dict, text: str) -> None:
    right = {"name": "x", "cuda_sources": "void a(Tensor x) {}", "functions": ["a"]}
    with pytest.raises(ArgumentError) as caught:
        kbk.load_inline(**(right | arguments))
    assert text in str(caught.value)
