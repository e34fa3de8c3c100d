"""The entry: CUDA C++ in, a module of ops out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .extension.module import ExtensionModule
from .module import Module
from .request import Request, make_request
from .toolchain import cuda_available


def load_inline(
    name: str,
    cpp_sources: str | Sequence[str] = "",
    cuda_sources: str | Sequence[str] = "",
    functions: str | Sequence[str] | Mapping[str, str] | None = None,
    extra_cflags: Sequence[str] | None = None,
    extra_cuda_cflags: Sequence[str] | None = None,
    extra_include_paths: Sequence[str | Path] | None = None,
    verbose: bool = False,
) -> Module:
    """Compile CUDA C++ and return its host functions as ops for CPU and CUDA tensors.

    It builds at once for the machine it finds (a GPU with nvcc, else the simulator on the CPU) and
    for the other one when a call first needs it. A source that is built already is only loaded.

    Args:
        name: names the source in messages, `<name>.cu`; letters, digits and "_".
        cpp_sources, cuda_sources: the text, or a list of texts for one file. The first is compiled
        in
            front of the second, in the same way.
        functions: host functions to export: `void`, `Tensor` or `std::tuple<Tensor, ...>` of
            `Tensor`
            (may be written), `const Tensor&` (read only), `HostTensor` (on the CPU),
            `std::optional<Tensor>`, `int64_t`, `double` and `bool`. A dict adds docstrings.
        extra_cflags, extra_cuda_cflags: `-D -U -I -isystem -std -O` apply on both machines, from
        either
            list; `-g -W* -f* -m*` go to the host compiler; the rest of nvcc's flags only to nvcc.
        extra_include_paths: folders of the learner's headers.
        verbose: show what the compilers print.

    Example:
        >>> import kbk, torch
        >>> mod = kbk.load_inline("twice", cuda_sources='''
        ... __global__ void twice_kernel(float* out, const float* x, int64_t n) {
        ...   int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x;
        ...   if (i < n) out[i] = 2 * x[i];
        ... }
        ... void twice(Tensor out, const Tensor& x) {
        ...   int64_t n = x.numel();
        ...   if (n == 0) return;
        ...   twice_kernel<<<(n + 255) / 256, 256, 0, current_stream()>>>(
        ...       out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n);
        ... }
        ... ''', functions=["twice"])
        >>> x = torch.ones(4)
        >>> mod.twice(out := torch.empty(4), x)
        >>> out
        tensor([2., 2., 2., 2.])

    Raises:
        ArgumentError: an argument is not what it must be, or `functions` names no host function.
        CompileError: the source does not compile; says the first error, at its line.
        UnsupportedError: the simulator lacks something that the source uses.
        MissingCompilerError: there is no compiler.
        DiskFullError: the disk of the cache is full.
    """
    request = make_request(
        name,
        cpp_sources,
        cuda_sources,
        functions,
        extra_cflags,
        extra_cuda_cflags,
        extra_include_paths,
        verbose,
        extensions=True,
    )
    return built(request)


def built(request: Request) -> Module:
    """The module of a request, built for the machine that is here.

    Raises:
        BuildError: it cannot be built.
    """
    module = (ExtensionModule if request.is_extension else Module)(request)
    module.build("cuda" if cuda_available() else "cpu")
    return module
