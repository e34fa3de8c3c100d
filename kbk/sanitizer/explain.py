"""Which thread wrote an element of a tensor, when, at which line, and what it had read before."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from kbk.errors import ArgumentError
from kbk.sanitizer import places
from kbk.sanitizer.element import (
    address_of,
    addresses_of,
    position,
    quoted,
    target,
    where,
    where_flat,
)
from kbk.sanitizer.explanation import Explanation, Neighbour, Read, Reads, Write, ordinal
from kbk.sanitizer.history import ATOMIC, GLOBAL, MODULE, SHARED, Launch
from kbk.sanitizer.names import Name, name_of
from kbk.sanitizer.past import Array, Past, spread
from kbk.sanitizer.tensors import Argument
from kbk.sanitizer.values import decode

if TYPE_CHECKING:
    import torch

_MOST_WRITES = 6  # told of one element: half of them the first, half the last
_MOST_LINES = 8  # of a write's inputs
_MOST_EARLIER = 3
_SPACES = {GLOBAL: "global", SHARED: "shared", MODULE: "module"}


def explain(launch: Launch, out: torch.Tensor | str, index: Any) -> Explanation:
    """Say how one element of a tensor came by its value in a launch.

        with kbk.sanitize(raise_on_error=False) as s:
            mod.transpose(out, x)
        print(kbk.explain(s.launches[0], out, (3, 5)))

    It tells what was observed: which thread wrote the element, at which line, and what that thread
    had read before. Which of these values went into the one that was stored is not known. What came
    through shared memory is followed to the thread that stored it there; what came through a
    shuffle is not. An atomic operation tells the values before and after it.

    Args:
        launch: of `kbk.sanitize().launches`.
        out: a tensor of the call (or another view of its memory), or the argument's name.
        index: of the element: a number for each dimension; negative ones count from the end.

    Raises:
        ArgumentError: the tensor was no argument of the call, there is no such element, or the
            history of the launch is not complete.
    """
    if not isinstance(launch, Launch):
        raise ArgumentError(
            f"explain: launch must be one of s.launches of a `with kbk.sanitize() as s:` block; "
            f"it was {quoted(launch)}."
        )
    tensor, element = target(launch, out)
    at = position(element, index)
    if not launch.complete:
        raise ArgumentError(
            f"explain: the history of {launch.kernel} (launch {launch.serial}) is not complete: it "
            "was full. Launch less inside kbk.sanitize(), or give it a larger most_records."
        )
    return _Explainer(launch, element, tensor).explain(at)


_pasts: WeakKeyDictionary[Launch, Past] = WeakKeyDictionary()


class _Explainer:
    """Explains elements of one tensor of one launch."""

    def __init__(self, launch: Launch, element: Argument, tensor: Any) -> None:
        self._launch = launch
        self._element = element
        self._tensor = tensor
        self._past = _pasts.get(launch) or _pasts.setdefault(launch, Past(launch))

    def explain(self, index: tuple[int, ...]) -> Explanation:
        element, launch, past = self._element, self._launch, self._past
        address = address_of(element, index)
        records = past.global_writes(address, address + element.itemsize)
        accesses = list(dict.fromkeys(past.first_of(int(record)) for record in records))
        half = _MOST_WRITES // 2
        kept = accesses if len(accesses) <= _MOST_WRITES else accesses[:half] + accesses[-half:]
        writes = tuple(self._write(access, address, inputs=True) for access in kept)
        told = launch.records[accesses]
        threads = len(set(zip(told["block"].tolist(), told["thread"].tolist(), strict=True)))
        facts = self._held(index, writes)
        if launch.ended:
            facts = ("The launch was ended before its end.", *facts)
        found = Explanation(
            launch.kernel,
            launch.serial,
            where(element.name, index),
            index,
            len(accesses),
            threads,
            writes,
            facts,
        )
        return found if accesses else self._unwritten(found)

    # --- one write

    def _write(self, access: int, address: int, *, inputs: bool) -> Write:
        """A write to the element of out at an address."""
        past, records = self._past, self._launch.records
        write = self._bare_write(access, self._value(access, address))
        own, all_own = past.own_stores(access)
        number, total = past.stores_before(access)
        when = ["its only store" if all_own == 1 else f"its {ordinal(own)} of {all_own:,} stores"]
        if passed := int(records["interval"][access]):
            when.append(f"after {passed:,} __syncthreads of its block")
        if block := self._turns.get(int(records["block"][access])):
            when.append(f"its block was the {ordinal(block)} to begin")
        when.append(f"store {number:,} of {total:,} of the launch")
        write = replace(write, when="; ".join(when))
        if (read := past.before_atomic(access)) is not None:
            write = replace(write, atomic=True, before=self._value(read, address))
        return self._with_inputs(write, access) if inputs else write

    @cached_property
    def _turns(self) -> dict[int, int]:
        """The turn of each block, where a seed shuffled them."""
        return {block: turn for turn, block in enumerate(self._launch.order, 1)}

    def _bare_write(self, access: int, value: str | None) -> Write:
        launch, record = self._launch, self._launch.records[access]
        place = self._place(int(record["pc"]))
        return Write(
            spread(int(record["thread"]), launch.block),
            spread(int(record["block"]), launch.grid),
            place.file,
            place.line,
            place.text,
            value,
        )

    def _place(self, pc: int) -> places.Place:
        launch = self._launch
        return places.place(launch.library, launch.code + pc, launch.sources, launch.kernel)

    def _value(self, access: int, address: int) -> str | None:
        """The element of out at an address, from the bytes of an access that covers it."""
        first, data = self._past.bytes_of(access)
        size = self._element.itemsize
        if data is None or address < first or address + size > first + len(data):
            return None
        part = data[address - first : address - first + size]
        return decode(int.from_bytes(part, "little"), size, self._element.dtype)

    # --- what was read

    def _with_inputs(self, write: Write, access: int) -> Write:
        now, before = self._past.reads_before(access)
        here, earlier = self._by_line(now), self._by_line(before)
        # What was read before the previous write at the same lines belongs to that one.
        for line in here:
            earlier.pop(line, None)
        last, hoisted = list(here.values())[-_MOST_LINES:], list(earlier.values())[-_MOST_EARLIER:]
        inputs = [self._reads(reads, until=access) for reads in last]
        inputs += [self._reads(reads, until=access, earlier=True) for reads in hoisted]
        return replace(
            write,
            inputs=tuple(inputs),
            more_lines=len(here) - len(last) + len(earlier) - len(hoisted),
            notes=self._notes(access, int(now[0]) if len(now) else 0),
        )

    def _by_line(self, reads: Array) -> dict[tuple[Any, ...], Array]:
        """Reads of one variable at one line, the line that was used last at the end."""
        if len(reads) == 0:
            return {}
        records, launch = self._launch.records, self._launch
        pc = records["pc"][reads]
        alone = np.unique(pc)
        places.prefetch(launch.library, (launch.code + alone.astype(np.int64)).tolist())
        lines: dict[tuple[Any, ...], list[Array]] = {}
        for each in alone:
            group = reads[pc == each]
            place = self._place(int(each))
            last = int(group[-1])
            variable = self._name(last, int(records["address"][last]), 1).variable
            lines.setdefault((place.file, place.line, variable), []).append(group)
        merged = {line: np.sort(np.concatenate(groups)) for line, groups in lines.items()}
        return dict(sorted(merged.items(), key=lambda line: int(line[1][-1])))

    def _reads(self, reads: Array, *, until: int | None = None, earlier: bool = False) -> Reads:
        """Reads at one line; `until` a write, they are followed."""
        place = self._place(int(self._launch.records["pc"][reads[-1]]))
        address = self._launch.records["address"][reads]
        _, last = np.unique(address[::-1], return_index=True)  # of each address the last one
        reads = reads[np.sort(len(reads) - 1 - last)]
        some = reads if len(reads) <= 3 else reads[[0, 1, -1]]
        shown = tuple(self._read(int(read), until) for read in some)
        return Reads(place.file, place.line, place.text, len(reads), shown, earlier)

    def _read(self, access: int, until: int | None) -> Read:
        called, value = self._told(access)
        if until is None:
            return Read(called, value)
        if self._launch.records["space"][access] != SHARED:
            stored = self._past.passed_on(access, until)
            return Read(called, value, passed="" if stored is None else self._told(stored)[0])
        writer = self._past.shared_writer(access)
        if writer is None:
            return Read(called, value, fresh=True)
        origin = self._bare_write(writer, self._told(writer)[1])
        now, _ = self._past.reads_before(writer)
        inputs = tuple(self._reads(reads) for reads in list(self._by_line(now).values())[-3:])
        atomic = bool(self._launch.records["access"][writer] == ATOMIC)
        return Read(called, value, replace(origin, inputs=inputs, atomic=atomic))

    def _told(self, access: int) -> tuple[str, str | None]:
        """Name and value of what was accessed: several elements at once, maybe."""
        address, data = self._past.bytes_of(access)
        size = self._past.size_of(access)
        name = self._name(access, address, size)
        element = _bytes(name.dtype) or size
        if element == 1 and size > 1 and self._launch.records["space"][access] == SHARED:
            element, name = size, replace(name, dtype=None)  # raw bytes: they may be anything
        count = size // element if size % element == 0 else 1
        called = name.where
        if count > 1:
            last = self._name(access, address + (count - 1) * element, element)
            called = f"{name.where} to {last.where}"
        if data is None:
            return called, None
        parts = [
            decode(int.from_bytes(data[at : at + element], "little"), element, name.dtype) or "?"
            for at in range(0, min(count, 8) * element, element)
        ]
        value = ", ".join(parts) + ", ..." * (count > 8)
        if name.dtype is None and size == 4:
            value += f" (as a float: {decode(int.from_bytes(data, 'little'), 4, 'float32')})"
        return called, value

    def _name(self, access: int, address: int, size: int) -> Name:
        launch = self._launch
        space = _SPACES[int(launch.records["space"][access])]
        memory: dict[str, Any] = {"space": space, "address": address, "bytes": size, "shared": None}
        if space == "shared":
            for variable in launch.shared:
                if variable.offset <= address < variable.offset + variable.size:
                    name = variable.name or "dynamic shared memory"
                    offset = address - variable.offset
                    memory["shared"] = {**vars(variable), "name": name, "offset": offset}
        return name_of(memory, launch.arguments, launch.allocations, library=launch.library)

    def _notes(self, access: int, since: int) -> tuple[str, ...]:
        """What cannot be followed: values that came through the lanes of the warp."""
        met = self._past.meetings(access, since)
        if len(met) == 0:
            return ()
        times = "once" if len(met) == 1 else f"{len(met):,} times"
        notes = [
            f"Since the first of these reads its warp exchanged values {times} (shuffles, votes, "
            "sums): what came that way is not followed."
        ]
        reads = self._past.lanes_reads(access, met)
        for argument in self._launch.arguments:
            address = self._launch.records["address"][reads]
            inside = reads[
                (address >= argument.storage) & (address < argument.storage + argument.nbytes)
            ]
            if len(inside) == 0:
                continue
            addresses = self._launch.records["address"][inside]
            low, high = inside[np.argmin(addresses)], inside[np.argmax(addresses)]
            first, last = self._told(int(low))[0], self._told(int(high))[0]
            span = first if first == last else f"{first} to {last}"
            times = "once" if len(inside) == 1 else f"{len(inside):,} times"
            notes.append(f"Its other lanes had read {argument.name} {times}: {span}.")
        return tuple(notes)

    # --- the tensor now, and elements that nobody wrote

    def _held(self, index: tuple[int, ...], writes: tuple[Write, ...]) -> tuple[str, ...]:
        """What the tensor holds now, if that is news."""
        if self._tensor is None or self._launch.ended:
            return ()
        import torch

        one = self._tensor.detach()[index].reshape(1).contiguous().view(torch.uint8)
        size = self._element.itemsize
        bits = int.from_bytes(bytes(one.tolist()), "little")
        now = decode(bits, size, self._element.dtype)
        called = where(self._element.name, index)
        if not writes:
            return (f"{called} holds {now}.",)
        if writes[-1].value is not None and writes[-1].value != now:
            return (f"{called} holds {now} now: somebody wrote there after this launch.",)
        return ()

    def _unwritten(self, found: Explanation) -> Explanation:
        """Add what was written instead."""
        element, launch = self._element, self._launch
        facts = list(found.facts)
        address, written, beside = self._written()
        count = int(written.sum())
        if count == 0:
            facts.append(f"{launch.kernel} wrote no element of {element.name}.")
        else:
            facts.append(
                f"{launch.kernel} wrote {count:,} of the {written.size:,} elements of "
                f"{element.name}."
            )
        if len(beside):
            write = self._bare_write(self._past.first_of(int(beside[0])), None)
            facts.append(
                f"{len(beside):,} stores went to the memory of {element.name}, but to none of its "
                f"elements; the first by {write.who} at {write.file}:{write.line}."
            )
        others = self._other_tensors()
        if count == 0 and others:
            facts.append(f"It wrote to {', '.join(others)}.")
        flat = int(np.ravel_multi_index(found.index, element.shape)) if found.index else 0
        done = np.flatnonzero(written)
        at = int(np.searchsorted(done, flat))
        low = int(done[at - 1]) if at else None
        high = int(done[at]) if at < len(done) else None
        gap = (
            (low if low is not None else -1) + 1,
            (high if high is not None else written.size) - 1,
        )
        if count and gap[1] > gap[0]:
            first, last = (where_flat(element, each) for each in gap)
            facts.append(
                f"Nobody wrote the {gap[1] - gap[0] + 1:,} elements from {first} to {last}."
            )
        return replace(
            found,
            facts=tuple(facts),
            below=None if low is None else self._neighbour(low, int(address[low])),
            above=None if high is None else self._neighbour(high, int(address[high])),
        )

    def _neighbour(self, flat: int, address: int) -> Neighbour:
        record = self._past.global_writes(address, address + self._element.itemsize)[-1]
        access = self._past.first_of(int(record))
        return Neighbour(
            where_flat(self._element, flat), self._write(access, address, inputs=False)
        )

    def _written(self) -> tuple[Array, Array, Array]:
        """Of each element its address, whether it was written, and writes between the elements."""
        element = self._element
        address = addresses_of(element)
        order = np.argsort(address, kind="stable")
        ranked = address[order]
        records = self._past.global_writes(element.storage, element.storage + element.nbytes)
        low = self._launch.records["address"][records].astype(np.int64)
        high = low + self._launch.records["bytes"][records]
        first = np.searchsorted(ranked, low - element.itemsize, side="right")
        last = np.searchsorted(ranked, high, side="left")
        size = len(ranked) + 1
        depth = np.cumsum(np.bincount(first, minlength=size) - np.bincount(last, minlength=size))
        written = np.zeros(len(ranked), bool)
        written[order] = depth[:-1] > 0
        return address, written, records[first >= last]

    def _other_tensors(self) -> list[str]:
        found = []
        for other in self._launch.arguments:
            if other.storage == self._element.storage or other.nbytes == 0:
                continue
            count = len(self._past.global_writes(other.storage, other.storage + other.nbytes))
            if count:
                found.append(f"{other.name} ({count:,} store{'s' * (count > 1)})")
        return found


def _bytes(dtype: str | None) -> int | None:
    """Bytes of an element of that dtype."""
    import torch

    found = getattr(torch, dtype, None) if dtype else None
    return int(found.itemsize) if isinstance(found, torch.dtype) else None
