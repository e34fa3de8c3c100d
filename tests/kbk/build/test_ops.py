"""A host function is an op: its schema from the compiler, its arguments checked by name."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from build_helpers import SCALE

import kbk
from kbk.errors import ArgumentError, KbkError, LaunchError

SOURCE = """
__global__ void fill(float* out, int64_t n, float value) {
  int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x;
  if (i < n) out[i] = value;
}
__global__ void wild(float* out) { out[int64_t(1) << 40] = 1; }

void every(Tensor out, std::optional<Tensor> mask, const HostTensor& host, int64_t n = 4,
           double value = 1.5f, bool really = true) {
  value += (mask ? 10 : 0) + host.dim();
  if (really) fill<<<1, 32>>>(out.mutable_data_ptr<float>(), n, value);
}
Tensor one(const Tensor& x) {
  Tensor out = torch::stable::empty_like(x);
  fill<<<1, 32>>>(out.mutable_data_ptr<float>(), x.numel(), 7);
  return out;
}
std::tuple<Tensor, Tensor> two(const Tensor& x) { return {one(x), one(x)}; }
void keywords(Tensor in, double lambda) {
  fill<<<1, 32>>>(in.mutable_data_ptr<float>(), in.numel(), lambda);
}
void only_optional(const std::optional<Tensor>& a, std::optional<Tensor> b) {}
void unnamed(Tensor, double) {}
void too_many_threads(Tensor out) { fill<<<1, 2048>>>(out.mutable_data_ptr<float>(), 1, 1); }
void out_of_bounds(Tensor out) { wild<<<1, 1>>>(out.mutable_data_ptr<float>()); }
void bare_check(const Tensor& x) { KBK_CHECK(x.dim() == 3); }
void all_parts(const Tensor& x) {
  KBK_CHECK(false, x.sizes(), ' ', x.scalar_type(), " on ", x.device(), " ", 2.5, " ", true,
            std::string(" ok "), 3u);
}
void wrong_pointer(const Tensor& x) { x.const_data_ptr<double>(); }
void wrong_index(const Tensor& x) { x.size(7); }
"""
NAMES = [
    *("every", "one", "two", "keywords", "only_optional", "unnamed", "too_many_threads"),
    *("out_of_bounds", "bare_check", "all_parts", "wrong_pointer", "wrong_index"),
]


@pytest.fixture(scope="module")
def mod() -> kbk.build.Module:
    return kbk.load_inline("ops", cuda_sources=SOURCE, functions=NAMES)


@pytest.fixture
def x() -> torch.Tensor:
    return torch.zeros(4)


def refused(call) -> str:
    with pytest.raises(ArgumentError) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text and ".h" not in text and ".cu" not in text
    return text


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_one_source_scales_three_dtypes(dtype: torch.dtype) -> None:
    scale = kbk.load_inline("scale", cuda_sources=SCALE, functions=["scale"]).scale
    for n in (0, 1, 255, 256, 1000):
        x = torch.randn(n).to(dtype)
        out = torch.empty_like(x)
        assert scale(out, x, 3) is None
        assert torch.equal(out, (x.float() * 3).to(dtype))


def test_schemas_come_from_the_compiler_and_names_from_the_text(mod: kbk.build.Module) -> None:
    assert mod.every.schema == (
        "every(Tensor(a!) out, Tensor(b!)? mask, Tensor host, int n=4, float value=1.5, "
        "bool really=True) -> ()"
    )
    assert mod.two.schema == "two(Tensor x) -> (Tensor, Tensor)"
    assert mod.unnamed.schema == "unnamed(Tensor(a!) arg0, float arg1) -> ()"
    assert mod.only_optional.schema == "only_optional(Tensor? a, Tensor(a!)? b) -> ()"
    assert str(getattr(torch.ops, mod.namespace).one.default._schema).endswith(
        "::one(Tensor x) -> Tensor"
    )


def test_an_op_shows_its_schema_and_a_real_signature(mod: kbk.build.Module) -> None:
    assert repr(mod.one) == "<kbk op one(Tensor x) -> Tensor>"
    assert mod.one.schema in mod.one.__doc__ and mod.one.schema in repr(mod)
    signature = inspect.signature(mod.every)
    assert list(signature.parameters) == ["out", "mask", "host", "n", "value", "really"]
    assert signature.parameters["value"].default == 1.5


def test_defaults_keywords_and_numpy_numbers_are_taken(
    mod: kbk.build.Module, x: torch.Tensor
) -> None:
    host = torch.zeros(1, 1)
    mod.every(x, None, host)
    assert x.tolist() == [3.5] * 4
    mod.every(x, host=host, mask=x, value=1, n=2)
    assert x.tolist() == [13.0, 13.0, 3.5, 3.5]
    mod.every(x, None, host, np.int64(1), np.float32(0.5), np.bool_(True))
    assert x[0] == 2.5
    mod.every(x, None, host, really=False, value=99.0)
    assert 101 not in x


def test_results_are_tensors_or_tuples(mod: kbk.build.Module, x: torch.Tensor) -> None:
    assert mod.one(x).tolist() == [7.0] * 4
    first, second = mod.two(x)
    assert first.tolist() == second.tolist() == [7.0] * 4


def test_a_parameter_named_like_a_python_keyword_gets_an_underscore(
    mod: kbk.build.Module, x: torch.Tensor
) -> None:
    mod.keywords(in_=x, lambda_=2)
    assert x.tolist() == [2.0] * 4


def test_a_wrong_number_or_name_of_arguments_is_named(
    mod: kbk.build.Module, x: torch.Tensor
) -> None:
    assert refused(lambda: mod.every(x, None)) == "every: misses the argument host."
    assert "takes 1 arguments (x), got 2" in refused(lambda: mod.one(x, x))
    assert refused(lambda: mod.one(y=x)) == "one: has no argument 'y'; it takes x."
    assert "misses the arguments in_, lambda_" in refused(lambda: mod.keywords())
    with pytest.raises(TypeError, match="multiple values"):
        mod.one(x, x=x)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"out": 3}, "every: out must be a tensor, but is int 3."),
        ({"out": np.zeros(3)}, "every: out must be a tensor, but is ndarray array([0., 0., 0.])."),
        ({"out": None}, "every: out must be a tensor, but is NoneType None."),
        ({"mask": 3}, "every: mask must be a tensor or None, but is int 3."),
        ({"host": "cpu"}, "every: host must be a tensor, but is str 'cpu'."),
        ({"n": 1.5}, "every: n must be an int, but is float 1.5."),
        ({"n": True}, "every: n must be an int, but is bool True."),
        ({"n": torch.tensor(1)}, "every: n must be an int, but is a tensor of shape []."),
        ({"n": 2**63}, "every: n must fit in 64 bits, but is 9223372036854775808."),
        ({"value": True}, "every: value must be a float, but is bool True."),
        ({"value": "1"}, "every: value must be a float, but is str '1'."),
        ({"value": 10**400}, "every: value must fit in a double, but is 1"),
        ({"really": 1}, "every: really must be True or False, but is int 1."),
        (
            {"mask": torch.zeros(1, device="meta")},
            "must be on the device of out, cpu, but is on meta.",
        ),
        (
            {"out": torch.zeros(1).to_sparse()},
            "out must be a dense tensor, but its layout is torch.sparse_coo.",
        ),
    ],
)
def test_a_wrong_argument_is_one_sentence_that_names_it(
    mod: kbk.build.Module, x: torch.Tensor, change: dict, text: str
) -> None:
    arguments = {"out": x, "mask": None, "host": x, "n": 1, "value": 1.0, "really": True} | change
    assert text in refused(lambda: mod.every(**arguments))


def test_an_op_without_any_tensor_in_the_call_says_so(
    mod: kbk.build.Module, x: torch.Tensor
) -> None:
    assert mod.only_optional(None, x) is None
    assert "at least one tensor" in refused(lambda: mod.only_optional(None, None))


def test_a_failed_check_arrives_as_its_own_words(mod: kbk.build.Module, x: torch.Tensor) -> None:
    assert refused(lambda: mod.bare_check(x)) == "bare_check: x.dim() == 3 must hold"
    assert refused(lambda: mod.all_parts(x)) == "all_parts: [4] float32 on cpu 2.5 true ok 3"


def test_a_wrong_dtype_or_index_in_the_host_function_is_one_sentence(
    mod: kbk.build.Module, x: torch.Tensor
) -> None:
    assert refused(lambda: mod.wrong_pointer(x)) == (
        "wrong_pointer: expected scalar type Double but found Float (const_data_ptr<double>)"
    )
    with pytest.raises(KbkError, match="wrong_index: torch refused aoti_torch_get_size"):
        mod.wrong_index(x)


def test_an_impossible_launch_says_what_is_impossible_and_where(
    mod: kbk.build.Module, x: torch.Tensor
) -> None:
    with pytest.raises(LaunchError, match=r"2048.*1024") as caught:
        mod.too_many_threads(x)
    assert (caught.value.kind, caught.value.file) == ("launch", "ops.cu")
    assert "too_many_threads" in SOURCE.splitlines()[caught.value.line - 1]
    assert mod.one(x).tolist() == [7.0] * 4  # and nothing is left behind


def test_a_crash_in_a_kernel_names_the_line_and_the_process_lives(
    mod: kbk.build.Module, x: torch.Tensor
) -> None:
    with pytest.raises(LaunchError) as caught:
        mod.out_of_bounds(x)
    assert caught.value.kernel == "wild"
    assert "1) << 40" in SOURCE.splitlines()[caught.value.line - 1]
    assert mod.one(x).tolist() == [7.0] * 4


def test_an_unknown_op_suggests_the_one_that_was_meant(mod: kbk.build.Module) -> None:
    with pytest.raises(AttributeError, match="did you mean 'every'"):
        mod.evry  # noqa: B018


def test_a_module_tells_what_it_is(mod: kbk.build.Module) -> None:
    assert (mod.name, mod.functions) == ("ops", tuple(NAMES))
    assert mod.namespace.isidentifier() and mod.namespace.startswith("ops_")
    assert "cpu" in mod.machines and mod.build_seconds["cpu"] > 0
    assert "every" in dir(mod)


def test_docstrings_of_a_dict_of_functions_are_kept() -> None:
    mod = kbk.load_inline("documented", cuda_sources=SCALE, functions={"scale": "out = a x."})
    assert mod.scale.__doc__ == f"{mod.scale.schema}\n\nout = a x."
