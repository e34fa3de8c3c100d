"""What an extension asks of CUDA tensors is asked of CPU tensors, and nothing else changes."""

from __future__ import annotations

import pytest

from kbk.build.extension.names import _alias_letters
from kbk.sim.translate import translate


def translated(text: str) -> str:
    return translate(text, "x.cu", is_extension=True).text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("bool f(at::Tensor x) { return x.is_cuda(); }", "x.is_cpu()"),
        ("bool f(at::Tensor x) { return x.type().is_cuda(); }", "x.is_cpu()"),
        ("auto o = x.options().device(torch::kCUDA, 1);", "device(torch::kCPU)"),
        ("auto d = at::Device(at::kCUDA, index(2, 3));", "Device(at::kCPU)"),
        ("bool b = t == c10::DeviceType::CUDA;", "c10::DeviceType::CPU"),
        ('auto d = torch::Device("cuda:1");', 'Device("cpu")'),
        ("TORCH_CHECK(x.device().is_cuda(), 2, 3);", "x.device().is_cpu(), 2, 3"),
    ],
)
def test_a_question_about_the_device_is_asked_of_the_cpu(text: str, wanted: str) -> None:
    assert wanted in translated(text)


@pytest.mark.parametrize(
    "text",
    [
        "namespace my { enum class DeviceType { CPU, CUDA }; } int i = (int)my::DeviceType::CUDA;",
        "enum class Backend { CPU, CUDA }; int f(Backend b) { return b == Backend::CUDA; }",
        "enum Kind { kCPU, kCUDA }; Kind kind = kCUDA;",
        'const char* text = "use .is_cuda() and kCUDA of cuda";',
        "// x.is_cuda() and at::kCUDA\n",
    ],
)
def test_names_of_the_sources_own_stay(text: str) -> None:
    assert translated(text) == text


def test_a_source_that_is_no_extension_stays_as_it_is() -> None:
    text = "bool f(Tensor x) { return x.is_cuda(); }"
    assert translate(text, "x.cu").text == text


def test_a_schema_that_torch_prints_can_be_read_again() -> None:
    printed = "rms(Tensor($0! -> ) out, Tensor x, Tensor(a!) y, Tensor($1 -> *) z) -> ()"
    read = "rms(Tensor(w0!) out, Tensor x, Tensor(a!) y, Tensor(w1) z) -> ()"
    assert _alias_letters(printed) == read
