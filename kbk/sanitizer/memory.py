"""The tensors of a call, told to the simulator before it and looked at after it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kbk.errors import ArgumentError
from kbk.sanitizer.findings import Allocation, Argument
from kbk.sim import runtime_library

if TYPE_CHECKING:
    import torch

    from kbk.build.calls import Op
    from kbk.build.module import Module

_DTYPES = {
    0: ("uint8", 1),
    1: ("int8", 1),
    2: ("int16", 2),
    3: ("int32", 4),
    4: ("int64", 8),
    5: ("float16", 2),
    6: ("float32", 4),
    7: ("float64", 8),
    11: ("bool", 1),
    15: ("bfloat16", 2),
    23: ("float8_e5m2", 1),
    24: ("float8_e4m3fn", 1),
}
"""By torch's number: name, and bytes of an element."""

_WRITTEN, _HOST = 1, 2  # flags of kbk_sim_watch_argument


def library() -> ctypes.CDLL:
    """The simulator's runtime, which is loaded by the time that anything can be called."""
    loaded = runtime_library.library()
    assert loaded is not None
    return loaded


def argument_of(
    name: str,
    tensor: torch.Tensor,
    is_host: bool = False,
    writable: bool = True,
    number: int | None = None,
) -> Argument:
    """Where a CPU tensor lies. Only a weak reference to its memory is kept."""
    from torch.multiprocessing.reductions import StorageWeakRef

    storage = tensor.untyped_storage()
    return Argument(
        name,
        storage.data_ptr(),
        storage.nbytes(),
        tensor.data_ptr(),
        tuple(tensor.shape),
        tuple(tensor.stride()),
        tensor.element_size(),
        str(tensor.dtype).removeprefix("torch."),
        is_host,
        writable,
        number,
        StorageWeakRef(storage),
    )


def call_arguments(doing: str, twin: Module, op: Op, values: tuple[Any, ...]) -> list[Argument]:
    """The tensors of a call, where they lie; without those that no kernel could reach.

    Args:
        doing: who asks, for the error.

    Raises:
        ArgumentError: one of them is on a GPU.
    """
    import torch

    found = []
    for number, name, value, is_host, written in op.tensors(values):
        if value.is_cuda:
            tool = "compute-sanitizer" if doing == "sanitize" else "ncu"
            raise ArgumentError(
                f"{doing}: watches CPU tensors, but {name} is on {value.device}; "
                f"on a GPU run {tool}."
            )
        if not value.is_cpu or value.layout is not torch.strided:
            continue  # without memory that anyone could watch: the op will refuse it
        found.append(argument_of(name, value, is_host, written, number))
    return found


def results_of(result: Any) -> tuple[torch.Tensor, ...]:
    """The tensors that a call returned, also those in lists, that are memory of the CPU."""
    import torch

    if isinstance(result, torch.Tensor):
        return (result,) if result.is_cpu and result.layout is torch.strided else ()
    if isinstance(result, (list, tuple)):
        return tuple(tensor for each in result for tensor in results_of(each))
    return ()


def announce(argument: Argument) -> None:
    """Tell the simulator of an argument of the call."""
    flags = (_WRITTEN if argument.writable else 0) | (_HOST if argument.is_host else 0)
    library().kbk_sim_watch_argument(
        argument.number,
        flags,
        argument.storage,
        argument.nbytes,
        argument.data,
        argument.itemsize,
        *_geometry(argument),
    )


def unwritten(argument: Argument) -> tuple[int, int]:
    """How many elements no kernel of the call has written, and the address of the first."""
    first = ctypes.c_uint64()
    count = library().kbk_sim_watch_unwritten(
        argument.storage,
        argument.data,
        argument.itemsize,
        *_geometry(argument),
        ctypes.byref(first),
    )
    return int(count), first.value


def allocations() -> list[Allocation]:
    """What the host function has allocated, in order."""
    found = []
    for line in library().kbk_sim_watch_regions().decode().splitlines():
        owner, number, low, nbytes, code = line.split()
        if owner in ("allocation", "malloc"):
            label = f"allocation {number} of the host function"
            dtype, size = _DTYPES.get(int(code), (None, 1))
            shape = (int(nbytes) // size,) if dtype else None
            found.append((int(number), Allocation(label, int(low), int(nbytes), dtype, shape)))
    return [allocation for _, allocation in sorted(found, key=lambda each: each[0])]


def _geometry(argument: Argument) -> tuple[int, Any, Any]:
    dim = len(argument.shape)
    integers = ctypes.c_int64 * dim
    return dim, integers(*argument.shape), integers(*argument.strides)


def _storage(tensor: torch.Tensor) -> Any:
    """The memory of a tensor, if it has some that a kernel on the CPU could reach."""
    import torch

    if not tensor.is_cpu or tensor.layout is not torch.strided:
        return None
    storage = tensor.untyped_storage()
    return storage if storage.nbytes() else None


class Fresh:
    """Memory that was allocated without contents and that somebody still holds.

    The simulator fills it with a pattern and remembers which bytes kernels write.
    """

    def __init__(self) -> None:
        self._held: dict[int, Any] = {}  # address of the storage -> weak reference

    def add(self, tensor: torch.Tensor) -> None:
        """It has just been allocated."""
        storage = self.hold(tensor)
        if storage is not None and (loaded := runtime_library.library()) is not None:
            loaded.kbk_sim_watch_fresh(storage.data_ptr(), storage.nbytes())

    def hold(self, tensor: torch.Tensor) -> Any:
        """Remember a storage while it lives; None if it has no bytes."""
        from torch.multiprocessing.reductions import StorageWeakRef

        storage = _storage(tensor)
        if storage is not None:
            self._held[storage.data_ptr()] = StorageWeakRef(storage)
        return storage

    def forget(self, tensors: Iterable[torch.Tensor]) -> None:
        """Somebody else than a kernel has written there, or it is another storage now."""
        for tensor in tensors:
            storage = _storage(tensor)
            if storage is not None and self._held.pop(storage.data_ptr(), None) is not None:
                library().kbk_sim_watch_forget(storage.data_ptr())

    def purge(self, gone: Iterable[int] = ()) -> None:
        """Forget what nobody holds any more, and the storages at these addresses."""
        dead = [address for address, reference in self._held.items() if reference.expired()]
        for address in (*dead, *gone):
            self._held.pop(address, None)
            library().kbk_sim_watch_forget(address)

    def holds(self, address: int) -> bool:
        """Whether a storage at that address is remembered."""
        return address in self._held

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()
        if runtime_library.library() is not None:
            library().kbk_sim_watch_forget(0)
