"""A host function whose kernels need newer hardware refuses an older device by name."""

from __future__ import annotations

import pytest
import torch

import kbk
from kbk import sim
from kbk.errors import LaunchError

SOURCE = """
__global__ void set_k(float* out) {
#if __CUDA_ARCH__ >= 800
  *out = 80;
#endif
}
void top_k(Tensor out) {
  require_sm(80, "top_k");
  set_k<<<1, 1, 0, current_stream()>>>(out.mutable_data_ptr<float>());
}
"""


@pytest.mark.parametrize("arch", [80, 90])
def test_a_device_that_is_new_enough_runs_it(arch: int) -> None:
    with sim.settings(arch=arch):
        module = kbk.load_inline("newer", cuda_sources=SOURCE, functions=["top_k"])
        module.top_k(out := torch.zeros(1))
    assert out.item() == 80


def test_an_older_device_is_refused_by_name_and_nothing_runs() -> None:
    with sim.settings(arch=75):
        module = kbk.load_inline("newer", cuda_sources=SOURCE, functions=["top_k"])
        before = sim.launches()
        with pytest.raises(LaunchError) as caught:
            module.top_k(torch.zeros(1))
        assert sim.launches() == before
    assert str(caught.value) == (
        "top_k: needs compute capability 8.0 (sm_80) or newer; "
        "the device is Simulated GPU (sm_75, as a T4) with 7.5"
    )
    assert caught.value.kind == "unsupported"


@pytest.mark.gpu
def test_a_gpu_is_asked_for_its_own_capability() -> None:
    major, minor = torch.cuda.get_device_capability()
    source = SOURCE.replace("require_sm(80", "require_sm(999")
    module = kbk.load_inline("newest", cuda_sources=source, functions=["top_k"])
    with pytest.raises(LaunchError, match=r"99\.9 \(sm_999\)") as caught:
        module.top_k(torch.zeros(1, device="cuda"))
    name = torch.cuda.get_device_name()
    assert str(caught.value).endswith(f"the device is {name} with {major}.{minor}")
