"""The checkers of `kbk.sanitize` around one call in a worker; what they found, as plain data.

This half runs in the worker, whose ops are a traced build; `kbk.grade.checked` judges it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kbk.errors import LaunchError
    from kbk.sanitizer.findings import Finding
    from kbk.sanitizer.tensors import Argument

_MOST = 3  # findings of a call that are told
_MOST_TEXT = 4000


class Checkers:
    """One call under the checkers.

    Args:
        arguments: its tensors, as the grader knows them.
        sources: the text of the submission by its file's name.
    """

    def __init__(self, arguments: Sequence[Argument], sources: Mapping[str, str]) -> None:
        self._arguments = list(arguments)
        self._sources = sources

    def start(self) -> None:
        """Check what is launched from here on."""
        from kbk.sanitizer import memory

        memory.library().kbk_sim_watch_begin()
        for argument in self._arguments:
            memory.announce(argument)
        memory.library().kbk_sim_sanitize(1)

    def stop(self) -> None:
        """Check no more; what was found waits for `told`."""
        from kbk.sanitizer import memory

        memory.library().kbk_sim_sanitize(0)

    def told(self, error: LaunchError | None) -> dict[str, list[dict[str, Any]]]:
        """What was found, the first few of each: kind, text, line, other_line of the submission.

        Returns:
            `findings`, which fail the call, and `warnings`, which do not.

        Args:
            error: with which the call ended; what it stands for is a finding too.
        """
        from kbk.sanitizer import memory, session
        from kbk.sanitizer.findings import CallContext, describe_all

        raws = json.loads(memory.library().kbk_sim_findings())["findings"]
        raw = None if error is None else session.from_fault(error)
        if raw is not None and raw["code"] != "finding":  # a checker that ends a launch has told
            raws.append(raw)
        context = CallContext(self._sources, self._arguments, memory.allocations())
        raws = [each for each in raws if not session.one_barrier(each, context)]
        memory.library().kbk_sim_watch_end()
        described = describe_all(raws, context)
        failing = [
            each
            for each in described
            if each.severity == "error" or (each.kind == "race" and each.severity == "warning")
        ]
        warnings = [
            each for each in described if each.severity == "warning" and each.kind != "race"
        ]
        # Of a load without a barrier after the store, whether it finds anything is the order's
        # choice; that it is a race is not.
        failing.sort(key=lambda each: each.kind == "uninitialized")
        return {"findings": self._plain(failing), "warnings": self._plain(warnings)}

    def _plain(self, found: list[Finding]) -> list[dict[str, Any]]:
        return [
            {
                "kind": each.kind,
                "text": each.message[:_MOST_TEXT],
                "line": each.line if each.file in self._sources else None,
                "other_line": each.other_line if each.other_file in self._sources else None,
            }
            for each in found[:_MOST]
        ]
