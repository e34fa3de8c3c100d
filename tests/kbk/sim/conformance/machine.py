"""CUDA sources of elementwise functions, and their evaluation on either machine.

A family is a table of CUDA expressions over the arguments ``a``, ``b`` and ``c``. From several
comes one source text, which the simulator runs over CPU tensors and nvcc's build over CUDA tensors.
Numbers travel as bits: a tensor of integers of the type's size, so no dtype of torch stands between
a test and the bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import kbk

_BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
_SIZES = {
    "signed char": 1, "unsigned char": 1, "__nv_fp8_e4m3": 1, "__nv_fp8_e5m2": 1,
    "__half": 2, "__nv_bfloat16": 2, "short": 2, "unsigned short": 2, "__nv_fp8x2_storage_t": 2,
    "int": 4, "unsigned": 4, "float": 4, "__half2": 4, "__nv_bfloat162": 4,
    "long long": 8, "unsigned long long": 8, "double": 8, "float2": 8,
}  # fmt: skip


@dataclass(frozen=True)
class Family:
    """CUDA expressions of one type ``out`` over arguments of the types ``args``.

    Attributes:
        out: CUDA type of every expression.
        args: CUDA types of a, b, c.
        rows: CUDA text by the name under which a test asks for it.
    """

    out: str
    args: tuple[str, ...]
    rows: dict[str, str]

    def device_source(self) -> str:
        """The kernel: a grid-stride loop over the elements, the expression chosen by ``op``."""
        letters = "abc"[: len(self.args)]
        params = ", ".join(f"{t} {v}" for t, v in zip(self.args, letters, strict=True))
        pointers = ", ".join(f"const {t}* {v}" for t, v in zip(self.args, letters, strict=True))
        values = ", ".join(f"{v}[i]" for v in letters)
        cases = "\n".join(
            f"    case {k}: return static_cast<{self.out}>({text});  // {name}"
            for k, (name, text) in enumerate(self.rows.items())
        )
        return f"""__device__ {self.out} value_of(int64_t op, {params}) {{
  switch (op) {{
{cases}
  }}
  return {{}};
}}
__global__ void apply({self.out}* out, {pointers}, int64_t n, int64_t op) {{
  const int64_t stride = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += stride) {{
    out[i] = value_of(op, {values});
  }}
}}
"""

    def host_source(self, name: str) -> str:
        """The function ``name`` that launches the kernel of the same name's namespace."""
        letters = "abc"[: len(self.args)]
        params = ", ".join(f"const Tensor& {v}" for v in letters)
        casts = ", ".join(
            f"static_cast<const {t}*>({v}.const_data_ptr())"
            for t, v in zip(self.args, letters, strict=True)
        )
        return f"""void {name}(Tensor out, {params}, int64_t op) {{
  const int64_t n = out.numel();
  const int64_t blocks = (n + 127) / 128;
  in_{name}::apply<<<blocks < 64 ? blocks : 64, 128, 0, current_stream()>>>(
      static_cast<{self.out}*>(out.mutable_data_ptr()), {casts}, n, op);
}}
"""


class Source:
    """One CUDA source of several families, built once and on demand."""

    def __init__(self, name: str, families: dict[str, Family], helpers: str = "") -> None:
        self.name = name
        self.families = families
        self.helpers = helpers
        self._module: Any = None

    def device_source(self) -> str:
        """Every kernel, each in a namespace of its family's name."""
        parts = (f"namespace in_{n} {{\n{f.device_source()}}}\n" for n, f in self.families.items())
        return self.helpers + "".join(parts)

    def text(self) -> str:
        """The whole source: kernels, and one host function per family."""
        hosts = (family.host_source(name) for name, family in self.families.items())
        return "#include <cstdint>\n" + self.device_source() + "".join(hosts)

    def evaluate(self, family: str, row: str, device: str, *inputs: np.ndarray) -> np.ndarray:
        """The bits of one expression at every element, as unsigned integers.

        Args:
            inputs: one array per argument, all of one length, in the argument's own width.
        """
        if self._module is None:
            name = f"conformance_{self.name}"
            self._module = kbk.load_inline(
                name, cuda_sources=self.text(), functions=list(self.families)
            )
        entry = self.families[family]
        tensors = []
        for cuda_type, array in zip(entry.args, inputs, strict=True):
            size = _SIZES[cuda_type]
            raw = np.ascontiguousarray(array)
            assert raw.dtype.itemsize == size, f"{family}: {raw.dtype} for a {cuda_type}"
            signed = raw.view(f"i{size}" if size > 1 else np.uint8)
            tensors.append(torch.from_numpy(signed.copy()).to(device))
        size = _SIZES[entry.out]
        out = torch.zeros(len(inputs[0]), dtype=_BITS[size], device=device)
        getattr(self._module, family)(out, *tensors, list(entry.rows).index(row))
        return out.cpu().numpy().view(f"u{size}")


def ulps_apart(bits: np.ndarray, reference: np.ndarray, fraction_bits: int = 23) -> np.ndarray:
    """|value - reference| in units of the reference's last place; 0 where both are special.

    Args:
        bits: float32 (uint32) or float64 (uint64) results.
        reference: the same in float64, or longdouble for float64 results.
    """
    got = bits.view(np.float32 if bits.dtype.itemsize == 4 else np.float64)
    wide = got.astype(reference.dtype)
    with np.errstate(all="ignore"):
        rounded = reference.astype(got.dtype).astype(reference.dtype)
        same = (wide == rounded) | (np.isnan(wide) & np.isnan(rounded))
        _, exponent = np.frexp(np.where(np.isfinite(reference), reference, 1))
        least = -126 if bits.dtype.itemsize == 4 else -1022
        unit = np.ldexp(np.ones_like(reference), np.maximum(exponent - 1, least) - fraction_bits)
        return np.where(same, 0, np.abs(wide - reference) / unit)
