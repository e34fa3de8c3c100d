"""What a process that did not end well is called, in words."""

from __future__ import annotations

import signal

from kbk.grade.judge import Fault
from kbk.grade.watchdog import Outcome

_TOUCHED = "the host function touched memory of the device"  # the words of the simulator


def ending(outcome: Outcome) -> Fault:
    """The fault of a process that did not end well."""
    if outcome.ended == "case-time":
        return Fault("hang", "the call did not return in time; its process was ended.")
    if outcome.ended == "memory":
        return Fault("crash", "the process took more memory than it may; it was ended.")
    if outcome.ended == "processes":
        return Fault("crash", "it started more processes than it may; they were ended.")
    if outcome.ended == "disk":
        return Fault("crash", "it wrote more files, or larger ones, than it may; it was ended.")
    if outcome.ended == "output":
        return Fault("crash", "the process reported more than it may; it was ended.")
    if outcome.ended == "forged":
        return Fault("crash", "on the grader's pipe came what the grader's part did not write.")
    if outcome.ended == "signal":
        known = outcome.number in {int(each) for each in signal.Signals}
        name = signal.Signals(outcome.number).name if known else f"signal {outcome.number}"
        if _TOUCHED in outcome.printed:
            return Fault("crash", f"{_TOUCHED}: only kernels and cudaMemcpy may ({name}).")
        return Fault("crash", f"the process ended by {name}, outside of any kernel's thread.")
    return Fault("crash", f"the process ended itself, with status {outcome.number}, in the call.")
