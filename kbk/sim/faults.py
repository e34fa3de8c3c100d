"""A launch that was ended, told in a sentence: kernel, thread, file and line."""

from __future__ import annotations

import json
from typing import Any

from kbk.errors import LaunchError
from kbk.sim import addresses
from kbk.sim.runtime_library import take_fault


def convert_exception(error: RuntimeError) -> BaseException:
    """The exception that a failed call on CPU tensors should raise.

    Args:
        error: what torch raised.

    Returns:
        LaunchError if the simulator ended a launch, KeyboardInterrupt if Ctrl-C did; else
        ``error``.
    """
    text = take_fault()
    if not text:
        return error
    fault: dict[str, Any] = json.loads(text)
    if fault["kind"] == "interrupt":
        return KeyboardInterrupt()
    file, line = locate(fault["place"]["library"], fault["place"]["offset"])
    thread = _triple(fault.get("thread"))
    block = _triple(fault.get("block"))
    sentence = f"{fault['kernel']}: {fault['message']}"
    if file:
        sentence += f"\n  at {file}:{line}"
    if thread is not None and block is not None:
        sentence += f"\n  by thread {thread} in block {block}"
    for waiter in fault["waiters"]:
        sentence += "\n  " + _waiter(waiter)
    converted = LaunchError(
        sentence,
        kind=fault["kind"] if fault["kind"] in _KINDS else "launch",
        kernel=fault["kernel"],
        block=block,
        thread=thread,
        file=file,
        line=line,
    )
    converted.fault = fault
    return converted


_KINDS = {
    "launch",
    "crash",
    "out-of-bounds",
    "hang",
    "assert",
    "trap",
    "unsupported",
    "invalid-mask",
    "invalid-width",
}


def _triple(value: list[int] | None) -> tuple[int, int, int] | None:
    return (value[0], value[1], value[2]) if value is not None else None


def _waiter(waiter: dict[str, Any]) -> str:
    file, line = locate(waiter["place"]["library"], waiter["place"]["offset"] - 1)
    first, last, count = waiter["first"], waiter["last"], waiter["count"]
    who = f"thread {first}" if count == 1 else f"{count} threads from {first} to {last}"
    verb = "waits" if count == 1 else "wait"
    text = f"{who} of block {_triple(waiter['block'])} {verb} in {waiter['where']}"
    if file:
        text += f" at {file}:{line}"
    if waiter["missing"]:
        lanes = [str(lane) for lane in range(32) if waiter["missing"] >> lane & 1]
        text += f" for lane{'s' if len(lanes) > 1 else ''} {', '.join(lanes)}"
    return text


def locate(library: str, offset: int) -> tuple[str | None, int | None]:
    """Source file and line of an address in a library, from its debug information.

    Both are None if they are unknown.
    """
    for frame in addresses.frames(library, [offset])[offset]:  # innermost first
        if not addresses.is_ours(frame.path):
            return frame.path.rpartition("/")[2], frame.line
    return None, None
