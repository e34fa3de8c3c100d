"""One call of a submission in a worker: its arguments, the call, and what was seen of it."""

from __future__ import annotations

import contextlib
import mmap
from typing import TYPE_CHECKING, Any

from kbk.grade import plain, shown

if TYPE_CHECKING:
    from torch import Tensor

    from kbk.sanitizer.tensors import Argument

_IN_PLACE = 64 << 20  # bytes above which the simulator makes no guarded copy (kbk/guarded.h)
_MOST_PLACES = 64
"""Accesses of which it is told how much of a counter they have: those with the most."""


def named(error: BaseException) -> str:
    """An exception in a line that can be shown."""
    return plain.printable(f"{type(error).__name__}: {error}"[:2000].rstrip(": "))


class Places:
    """The accesses that counters are about: at the end of the job, all lines are looked up at once.

    Attributes:
        known: library and offset by `pc`; a job has one traced library.
        sources: the text of the submission by its file's name.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self.sources = {f"{job['name']}.cu": job["source"]}
        self.known: dict[int, tuple[str, int, str]] = {}

    def lines(self) -> dict[int, int]:
        """Line of the submission by `pc`, of those that have one."""
        from kbk.sanitizer import places

        for library in {each[0] for each in self.known.values()}:
            places.prefetch(library, (at for here, at, _ in self.known.values() if here == library))
        found = {}
        for pc, (library, offset, kernel) in self.known.items():
            place = places.place(library, offset, self.sources, kernel)
            if place.file in self.sources and place.line is not None:
                found[pc] = place.line
        return found


def _told(number: int, argument: dict[str, Any], tensor: Tensor) -> Argument:
    """An argument as the counters know it: by the grader's name, not by the submission's."""
    from kbk.sanitizer.memory import argument_of

    role = argument["role"]
    return argument_of(argument["name"], tensor, role == "host", role == "write", number)


class Call:
    """The arguments of a case, on the machine that runs it.

    Attributes:
        arguments: of the call, in order.
        names: the tensors among them.
        told: the same as the counters know them; empty where nothing is counted.
        in_place: address and bytes of those that a call uses where they are.
    """

    def __init__(self, case: dict[str, Any], shared: mmap.mmap, machine: str) -> None:
        import torch

        self._storages = case["memory"]["storages"]
        self._shared = [self._bytes(shared, each) for each in self._storages]
        self._moved: dict[int, Tensor] = {}
        self.arguments: list[Any] = []
        self.names: dict[str, Tensor] = {}
        self.told: list[Argument] = []
        self.in_place: list[tuple[int, int]] = []
        for index, argument in enumerate(case["args"]):
            if not isinstance(argument, dict) or "role" not in argument:
                self.arguments.append(plain.decode(argument))
                continue
            view = case["memory"]["views"][str(index)]
            raw = self._shared[view["storage"]]
            if machine == "cuda" and argument["role"] != "host":
                raw = self._on_gpu(view["storage"])
            tensor = torch.empty(0, dtype=getattr(torch, view["dtype"]), device=raw.device)
            tensor.set_(raw.untyped_storage(), view["offset"], view["shape"], view["strides"])
            self.arguments.append(tensor)
            self.names[argument["name"]] = tensor
            if argument["role"] != "host" and raw.numel() > _IN_PLACE and raw.device.type == "cpu":
                pages = -(-raw.numel() // mmap.PAGESIZE) * mmap.PAGESIZE
                self.in_place.append((raw.data_ptr(), pages))
            if case["trace"]:
                self.told.append(_told(index, argument, tensor))

    @staticmethod
    def _bytes(shared: mmap.mmap, storage: dict[str, Any]) -> Tensor:
        import torch

        if storage["nbytes"] == 0:
            return torch.empty(0, dtype=torch.uint8)
        return torch.frombuffer(
            shared, dtype=torch.uint8, count=storage["nbytes"], offset=storage["start"]
        )

    def _on_gpu(self, index: int) -> Tensor:
        import torch

        if index not in self._moved:
            raw = self._shared[index]
            moved = torch.zeros(raw.numel(), dtype=torch.uint8, device="cuda")
            part = self._part(index)
            moved[part] = raw[part].to("cuda")
            self._moved[index] = moved
        return self._moved[index]

    def _part(self, index: int) -> slice:
        return slice(self._storages[index]["low"], self._storages[index]["high"])

    def memory(self) -> list[Tensor]:
        """The bytes of its storages, where the call finds them."""
        return [self._moved.get(at, each) for at, each in enumerate(self._shared)]

    def finish(self) -> None:
        """Bring back what a GPU wrote."""
        for index, moved in self._moved.items():
            part = self._part(index)
            self._shared[index][part] = moved[part].cpu()


def measured(module: Any, case: dict[str, Any], call: Call, places: Places) -> dict[str, Any]:
    """Call the submission; return the launches and the counters, or the error."""
    import torch

    from kbk import errors, sim
    from kbk.grade.checkers import Checkers
    from kbk.sanitizer.session import from_fault

    op = getattr(module, case["function"])
    facts: dict[str, Any] = {}
    checkers: Checkers | None = None
    ended: errors.LaunchError | None = None
    copies = sim.copies()
    with sim.launch_log() as launches, contextlib.ExitStack() as stack:
        if case["counted"]:
            from kbk.profiler import counted

            counted.start(call.told, most_requests=shown.MOST if case.get("shows") else 0)
            stack.callback(counted.stop)
        if case.get("checked"):
            checkers = Checkers(call.told, places.sources)
            checkers.start()
            stack.callback(checkers.stop)
        if case.get("writers"):
            from kbk.sanitizer import history

            history.start()
            stack.callback(history.stop)
        try:
            result = op(*call.arguments)
            if any(each.is_cuda for each in call.names.values()):
                torch.cuda.synchronize()
            if result is not None:
                facts["error"] = {"kind": "returned", "text": "the function must return nothing"}
        except errors.LaunchError as error:
            ended = error
            raw = from_fault(error)
            facts["error"] = {
                "kind": error.kind if raw is None or raw["kind"] != "barrier" else "barrier",
                "text": str(error)[:8000],
                "line": error.line,
                "file": error.file,
            }
        except errors.ArgumentError as error:
            facts["error"] = {"kind": "argument", "text": str(error)[:8000]}
        except Exception as error:
            facts["error"] = {"kind": "exception", "text": named(error)}
    if call.arguments and not any(each.is_cuda for each in call.names.values()):
        facts["launches"] = [
            {"kernel": each.kernel, "grid": each.grid, "block": each.block} for each in launches
        ]
        facts["copies"] = sim.copies() - copies
    if checkers is not None:
        facts |= checkers.told(ended)
    if case["counted"] and "error" not in facts:
        facts |= _counts(case, call, places)
    if case.get("writers") and "error" not in facts:
        from kbk.grade import writers

        facts["writers"] = writers.told(case["writers"], call.names, places.sources)
    return facts


def _counts(case: dict[str, Any], call: Call, places: Places) -> dict[str, Any]:
    """The counters that were asked for, and which accesses have how much of them."""
    from kbk.grade.counters import Counts, counter
    from kbk.profiler import counted, metrics

    launches = counted.take()
    counts = Counts(launches, call.told)
    facts: dict[str, Any] = {"counters": {}, "places": {}, "stored": counts.stored()}
    for name in case["counters"]:
        wanted = counter(name)
        values = counts.values(wanted)
        if values is None:
            continue
        facts["counters"][name] = values
        facts["places"][name] = counts.places(wanted)[:_MOST_PLACES] if sum(values) else []
    told = {pc for places in facts["places"].values() for pc, _ in places}
    for launch in launches:
        for pc in told & set(metrics.parts(launch.sums)["pc"].tolist()):
            places.known[pc] = (launch.library, launch.code + pc, launch.kernel)
    if case.get("shows"):
        facts["request"] = shown.told(case["shows"], launches, call.told, places.sources)
    return facts
