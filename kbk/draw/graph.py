"""The graph of a data flow: arrays, lanes that exchange values, and what led where."""

from __future__ import annotations

from typing import Any

import numpy as np

from kbk.draw.ancestry import Ancestry
from kbk.draw.arena import Part
from kbk.draw.carving import arena_of
from kbk.draw.nodes import OUT, Edge, Hop, Key, Line, Node, arrays_of, shape_of
from kbk.draw.replays import numbers
from kbk.draw.seen import LANES, Array, block_name, places_of, touched
from kbk.sanitizer.element import address_of, where_flat
from kbk.sanitizer.history import GLOBAL, SHARED, Launch
from kbk.sanitizer.names import name_of
from kbk.sanitizer.past import spread
from kbk.sanitizer.tensors import Argument
from kbk.sanitizer.values import decode

MOST_FOLLOWED = 4_096
"""Stores and exchanges whose inputs are looked up."""

_Step = tuple[int, Key, str]  # a store or an exchange, the node that it is of, the element's name


class Graph:
    """All that led to one element of a tensor in one launch.

    Attributes:
        nodes, edges: by key; edges by source and target.
        hops: each load with what it led to, backwards from the result.
        shuffles: of each node of lanes, the lines of its shuffles and votes.
        whole: False if there was more than could be followed.
        fresh: loads of shared memory where nobody had stored.
    """

    def __init__(self, launch: Launch, result: Argument, index: tuple[int, ...]) -> None:
        self.launch, self.result, self.index = launch, result, index
        self.nodes: dict[Key, Node] = {}
        self.edges: dict[tuple[Key, Key], Edge] = {}
        self.hops: list[Hop] = []
        self.shuffles: dict[Key, set[Line]] = {}
        self.whole = self._sure = True
        self.fresh = 0
        self.past = Ancestry(launch)
        self._parts: dict[int, tuple[Part, ...]] = {}
        self._seen: set[tuple[int, Key]] = set()
        self._solid: set[int] = set()  # instructions whose loads are known to have led on
        self._arrays = arrays_of(launch)
        self._lines: dict[int, Line] = {}
        address = address_of(result, index)
        self.stores = self.past.writers(address, address + result.itemsize, len(launch.records))
        flat = int(np.ravel_multi_index(index, result.shape)) if index else 0
        self._add(OUT, result.name, shape_of(result), result.numel, result.dtype)
        if self.stores:
            self._name_lines()
            self._hold(OUT, flat, self.result_name, self._value_at(self.stores[0], address))
            self._follow()

    @property
    def result_name(self) -> str:
        """The element that is asked about: out[3, 5]."""
        flat = int(np.ravel_multi_index(self.index, self.result.shape)) if self.index else 0
        return where_flat(self.result, flat)

    # --- the walk

    def _follow(self) -> None:
        waiting: list[_Step] = [(each, OUT, self.result_name) for each in self.stores]
        maybe: list[tuple[_Step, Array]] = []
        at = doubt = 0
        while at < len(waiting) or doubt < len(maybe):
            if at == len(waiting):  # all that is sure is known
                self._sure = False
                step, loads = maybe[doubt]
                doubt += 1
                for load in self._doubtful(step[0], loads):
                    waiting += self._load(load, *step, True)
                continue
            record, key, target = step = waiting[at]
            at += 1
            if at > MOST_FOLLOWED:
                self.whole = False
                break
            told = self.past.inputs(record)
            last = int(told.exchanges[-1]) if len(told.exchanges) else -1
            trade = bool(self.past.trades[record])
            lanes = self._lanes(record) if last >= 0 and not trade else key
            for load in told.reads.tolist():
                if self._done_with(load, record):
                    continue
                to, name = (lanes, self._lane(record)) if load < last else (key, target)
                waiting += self._load(load, record, to, name, False)
            for exchange in told.exchanges.tolist():
                waiting += self._exchange(exchange)
            if key != lanes:
                edge = self.edges.setdefault((lanes, key), Edge(True))
                edge.kept = edge.kept and not self._sure
                edge.stores.add(self._line(record))
                edge.count += 1
            maybe += [(step, some) for some in (told.kept, told.before) if len(some)]

    def _done_with(self, load: int, record: int) -> bool:
        """Whether a value was stored in shared memory as it was, before a barrier was passed."""
        interval = self.launch.records["interval"]
        return bool(interval[load] != interval[record]) and self.past.passed_on(load, record)

    def _doubtful(self, record: int, loads: Array) -> list[int]:
        """Those of a thread's earlier loads whose values may have waited in a register.

        What was read before an earlier store went into that one, and shared memory is there to be
        read again: such a load counts only if no load at that place is known to lead on. What was
        stored in shared memory as it was did not have to wait. Of global memory, only elements
        count of which it is not known that they take part.
        """
        told, past = self.launch.records, self.past
        since = int(past.inputs(record).before[-1]) if len(past.inputs(record).before) else -1
        loads = loads[[not self._is_sure(load) for load in loads.tolist()]]
        again = (loads <= since) | past.shared[loads]
        known = np.isin(told["pc"][loads], list(self._solid))
        left = loads[~(again & known)]
        waited = past.unlike(record)
        return [load for load in left.tolist() if waited or not past.passed_on(load, record)]

    def _is_sure(self, load: int) -> bool:
        """Whether the elements of a global load take part anyway."""
        if self.launch.records["space"][load] != GLOBAL:
            return False
        found = [one for part in self.past.parts_of(load) for one in self._elements(part)]
        return all(flat in self.nodes[key].sure for key, flat, _, _ in found)

    def _exchange(self, exchange: int) -> list[_Step]:
        """The exchanges of the lanes that gave a value, to be followed."""
        key = self._lanes(exchange)
        self.shuffles.setdefault(key, set()).add(self._line(exchange))
        found = []
        # What the lane itself gave is most often part of what it has now.
        for giver in [*self.past.givers(exchange), exchange]:
            lane = self._lane(giver)
            self._hold(key, int(self.launch.records["thread"][giver]), lane, "")
            if (giver, key) not in self._seen:
                self._seen.add((giver, key))
                found.append((giver, key, lane))
        return found

    def _load(self, load: int, record: int, key: Key, target: str, kept: bool) -> list[_Step]:
        """Take up a load that led to `record`, and give the stores that it has its value from."""
        if (load, key) in self._seen:
            return []
        self._seen.add((load, key))
        kept = kept or not self._sure
        if not kept:
            self._solid.add(int(self.launch.records["pc"][load]))
        found: list[_Step] = []
        for part in self.past.parts_of(load):
            for source, flat, name, value in self._elements(part):
                if key == OUT and not self._same_place(load, record, source, flat):
                    continue
                self._hold(source, flat, name, value)
                edge = self.edges.setdefault((source, key), Edge(kept))
                edge.kept = edge.kept and kept
                edge.loads.add(self._line(load))
                edge.count += 1
                trade = bool(self.past.trades[record])
                if key[0] != "lanes":
                    edge.stores.add(self._line(record))
                store = "" if trade or key[0] == "lanes" else _told(self._line(record))
                self.hops.append(
                    Hop(name, value, self.who(load), _told(self._line(load)), target, store, kept)
                )
                if source[0] == "shared":
                    found += self._stores_behind(part, source, name)
        return found

    def _same_place(self, load: int, record: int, source: Key, flat: int) -> bool:
        """False of an element beside the one that was copied, by a load of several and a store."""
        past, told = self.past, self.launch.records
        if source[0] != "global" or past.trades[record]:
            return True
        loaded, stored = past.parts_of(load), past.parts_of(record)
        same = [told["value"][each].tolist() for each in (loaded, stored)]
        size = sum(told["bytes"][stored].tolist())
        if same[0] != same[1] or size <= self.result.itemsize:
            return True
        array = self._arrays[source[1]]
        index = np.unravel_index(flat, array.shape) if array.shape else ()
        here = address_of(array, tuple(int(i) for i in index)) - int(told["address"][load])
        return here == address_of(self.result, self.index) - int(told["address"][record])

    def _stores_behind(self, part: int, source: Key, name: str) -> list[_Step]:
        writers = self.past.shared_writers(part)
        if not writers:
            self.fresh += 1
        new = [each for each in writers if (each, source) not in self._seen]
        self._seen.update((each, source) for each in new)
        return [(each, source, name) for each in new]

    # --- names

    def _elements(self, record: int) -> list[tuple[Key, int, str, str]]:
        """Key, flat number, name and value of each element that a record of a load touched."""
        told = self.launch.records[record]
        if told["space"] == SHARED:
            return self._shared_elements(record)
        if told["space"] == GLOBAL:
            for number, array in enumerate(self._arrays):
                _, flats = touched(array, self.launch.records, np.array([record]))
                if len(flats):
                    key: Key = ("global", number)
                    self._add(key, array.name, shape_of(array), array.numel, array.dtype)
                    return [
                        (key, flat, where_flat(array, flat), self._value_of(record, array, flat))
                        for flat in flats.tolist()
                    ]
        memory = {
            "space": "module" if told["space"] != GLOBAL else "global",
            "address": int(told["address"]),
            "bytes": int(told["bytes"]),
            "shared": None,
        }
        name = name_of(memory, (), self.launch.allocations, library=self.launch.library)
        variable = name.variable or "other memory"
        key = ("other", variable)
        self._add(key, variable, (1, 1), 1, None)
        node = self.nodes[key]
        flat = next((at for at, held in node.elements.items() if held[0] == name.where), None)
        if flat is None:
            flat = len(node.elements)
            node.shape, node.size = (1, flat + 1), flat + 1
        value = decode(int(told["value"]), int(told["bytes"]), _guess(told)) or ""
        return [(key, flat, name.where, value)]

    def _shared_elements(self, record: int) -> list[tuple[Key, int, str, str]]:
        told = self.launch.records[record]
        block = int(told["block"])
        if block not in self._parts:
            self._parts[block] = arena_of(self.launch, block).parts
        address, size = int(told["address"]), int(told["bytes"])
        for number, part in enumerate(self._parts[block]):
            if not part.base <= address < part.base + part.size:
                continue
            key = ("shared", block, number)
            rows = -(-part.count // part.pitch)
            self._add(key, part.name, (rows, part.pitch), part.count, part.dtype)
            first = (address - part.base) // part.element
            last = min((address + size - 1 - part.base) // part.element, part.count - 1)
            found = []
            for flat in range(first, last + 1):
                dtype = part.dtype or (_guess(told) if part.element == size else None)
                shift = 8 * max(part.base + flat * part.element - address, 0)
                bits = int(told["value"]) >> shift
                whole = part.element <= size
                value = (decode(bits, part.element, dtype) or "") if whole else ""
                found.append((key, flat, part.called(flat), value))
            return found
        return []

    def _value_of(self, record: int, array: Argument, flat: int) -> str:
        index = np.unravel_index(flat, array.shape) if array.shape else ()
        return self._value_at(record, address_of(array, tuple(int(i) for i in index)), array)

    def _value_at(self, record: int, address: int, array: Argument | None = None) -> str:
        """The element at an address, from the record of an access that holds all its bytes."""
        array = array or self.result
        for part in self.past.parts_of(self.past.first_of(record)):
            told = self.launch.records[part]
            offset = address - int(told["address"])
            if offset >= 0 and offset + array.itemsize <= int(told["bytes"]):
                return decode(int(told["value"]) >> 8 * offset, array.itemsize, array.dtype) or ""
        return ""

    def who(self, record: int) -> str:
        """The thread of a record, in words."""
        told = self.launch.records[record]
        index = spread(int(told["thread"]), self.launch.block)
        _, y, z = self.launch.block
        shown = index if z > 1 else index[:2] if y > 1 else index[:1]
        thread = f"({', '.join(map(str, shown))})" if len(shown) > 1 else str(shown[0])
        return f"thread {thread} of {block_name(self.launch, int(told['block']))}"

    def _lanes(self, record: int) -> Key:
        """The lanes of a block in one interval."""
        told = self.launch.records[record]
        block, interval = int(told["block"]), int(told["interval"])
        key = ("lanes", block, interval)
        warps = -(-int(np.prod(self.launch.block)) // LANES)
        self._add(key, "lanes", (warps, LANES), warps * LANES, None)
        return key

    def _lane(self, record: int) -> str:
        warp, lane = divmod(int(self.launch.records["thread"][record]), LANES)
        return f"lane {lane} of warp {warp}"

    def _name_lines(self) -> None:
        found = places_of(self.launch, np.unique(self.launch.records["pc"]))
        self._lines = {pc: (p.file or "", p.line or 0, p.text) for pc, p in found.items()}

    def _line(self, record: int) -> Line:
        return self._lines[int(self.launch.records["pc"][record])]

    # --- nodes

    def _add(
        self, key: Key, name: str, shape: tuple[int, int], size: int, dtype: str | None
    ) -> None:
        if key not in self.nodes:
            self.nodes[key] = Node(key, name, shape, size, dtype=dtype)

    def _hold(self, key: Key, flat: int, name: str, value: str) -> None:
        self.nodes[key].elements[flat] = (name, value)
        if self._sure:
            self.nodes[key].sure.add(flat)


def _guess(told: Any) -> str | None:
    return numbers.guess([int(told["value"])], int(told["bytes"]))


def _told(line: Line) -> str:
    return f"{line[0]}:{line[1]}" if line[0] else ""
