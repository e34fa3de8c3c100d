"""The loop of `kbk watch`: a save or a key comes in, a verdict goes out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kbk.errors import KbkError
from kbk.grade import catalogue, learner
from kbk.grade.details import PATIENCE, detailed, has_details
from kbk.grade.exercise import Exercise
from kbk.grade.report import Report
from kbk.grade.watching import screen
from kbk.grade.watching.background import Background
from kbk.grade.watching.saves import Saved, Saves
from kbk.grade.watching.screen import Line
from kbk.grade.watching.terminal import Gone, Terminal


@dataclass
class _Question:
    """A question that waits for a key."""

    text: str
    yes: Callable[[], list[Line]]


class Watch:
    """Watches one exercise after another.

    Args:
        exercise: the first.
        terminal: entered.
        seed: of the random inputs; None draws new ones each time.
    """

    def __init__(self, exercise: Exercise, terminal: Terminal, seed: int | None = None) -> None:
        self._terminal = terminal
        self._seed = seed
        self._quit = False
        self._move(exercise)

    def run(self) -> None:
        """Until `q`; raises `Gone` when the terminal goes, KeyboardInterrupt at Ctrl-C."""
        try:
            self._check()
            self._loop()
        finally:  # the interpreter waits for threads: what they wait for ends now
            self._grader.drop()
            self._adviser.drop()

    def _loop(self) -> None:
        while not self._quit:
            patience = self._saves.until(time.monotonic())
            for key in self._terminal.wait(patience, (self._grader.wake, self._adviser.wake)):
                self._press(key)
            saved = self._saves.poll(time.monotonic())
            if saved is not None:
                self._on_save(saved)
            self._collect()
            if self._terminal.stopped:
                self._terminal.stopped = False
                if self._grader.busy:  # the limits of time went on
                    self._check()
            if self._terminal.resized:
                self._terminal.resized = False
                if self._terminal.clears:
                    self._show([])

    # --- the file

    def _move(self, exercise: Exercise) -> None:
        """Turn to an exercise; what still runs of another is cancelled."""
        for each in getattr(self, "_grader", None), getattr(self, "_adviser", None):
            if each is not None:
                each.drop()
        self._exercise = exercise
        self._saves = Saves(learner.file_of(exercise))
        self._grader: Background[Report] = Background()
        self._adviser: Background[Report] = Background()
        self._asked = 0
        self._report: Report | None = None
        self._notes: list[Line] = []
        self._question: _Question | None = None

    def _on_save(self, saved: Saved) -> None:
        self._question = None
        if saved.data is None:
            file = learner.shown(learner.file_of(self._exercise))
            note = f"{file} is gone: save it again, or r puts the stub there."
            self._say([("yellow", note)])
        else:
            self._notes = []
            self._check()

    def _check(self) -> None:
        exercise, seed = self._exercise, self._seed
        # A screen that can be emptied shows the details when they are there.
        patience = 0.0 if self._terminal.clears else PATIENCE
        self._adviser.drop()  # of a text that is gone: the processors are for this one
        self._asked = self._grader.ask(
            lambda: learner.check(exercise, seed=seed, patience=patience)
        )
        if self._terminal.is_terminal:
            self._show([("dim", f"checking {exercise.id} ...")])

    def _collect(self) -> None:
        """Show what has been graded; a verdict on a text that was saved over is not shown."""
        done = self._grader.take()
        if done is not None and done[0] == self._asked:
            self._report = _result(done[1], self._exercise)
            if self._report is not None:
                report, exercise = self._report, self._exercise
                if self._terminal.clears and has_details(report):
                    self._adviser.ask(lambda: detailed(exercise, report))
                self._show(list(screen.verdict(report, self._terminal.width)))
            else:
                self._say([("red", str(done[1]))])
        advice = self._adviser.take()
        if advice is not None and isinstance(advice[1], Report) and self._report is not None:
            mine, told = self._report, advice[1]
            if (told.source, told.seed) == (mine.source, mine.seed) and told != mine:
                self._report = told
                self._show([])

    # --- keys

    def _press(self, key: str) -> None:
        if self._question is not None:
            question, self._question = self._question, None
            if key in "yY":
                self._say(self._tried(question.yes))
            else:
                self._say([("dim", "left as it is.")])
            return
        actions: dict[str, Callable[[], list[Line] | None]] = {
            "n": self._next,
            "h": self._hint,
            "l": lambda: list(screen.listing(self._terminal.width, self._exercise)),
            "r": self._reset,
            "s": self._solution,
            "c": self._again,
            "q": self._end,
        }
        action = actions.get(key.lower())
        if action is not None:
            lines = self._tried(action)
            if lines is not None:
                self._say(lines)

    @staticmethod
    def _tried(action: Callable[[], list[Line] | None]) -> list[Line] | None:
        try:
            return action()
        except KbkError as error:
            return [("red", str(error))]

    def _following(self) -> Exercise | None:
        """The next exercise after this one that has not passed; behind the last comes the first."""
        mine, exercises = self._exercise.id, learner.offered()
        others = [
            *(each for each in exercises if each.id > mine),
            *(each for each in exercises if each.id < mine),
        ]
        return next((each for each in others if learner.standing(each).state != "pass"), None)

    def _next(self) -> list[Line] | None:
        following = self._following()
        if following is None:
            return [("green", "there is no other exercise that has not passed.")]
        self._move(following)
        self._check()
        return None

    def _hint(self) -> list[Line] | None:
        taken = learner.standing(self._exercise).hints
        if taken == len(self._exercise.hints):
            return [("dim", f"these are all {taken} hints.")]
        number, _ = learner.hint(self._exercise)
        shown = list(screen.hints(self._exercise, self._terminal.width))
        if self._terminal.clears:
            return []
        starts = [at for at, (_, text) in enumerate(shown) if not text]
        return shown[starts[number - 1] + 1 :]

    def _reset(self) -> list[Line] | None:
        def yes() -> list[Line]:
            kept = learner.reset(self._exercise)
            lines = [("", f"{learner.shown(learner.file_of(self._exercise))} is as it came.")]
            if kept is not None:
                lines.append(("", f"What was there is in {learner.shown(kept)}"))
            return lines

        return self._ask("Put the stub back? What you wrote is kept as a copy.", yes)

    def _solution(self) -> list[Line] | None:
        if learner.may_see_solution(self._exercise):
            return self._solved()
        text = f"{self._exercise.id} has not passed yet. Show the solution?"
        return self._ask(text, self._solved)

    def _solved(self) -> list[Line]:
        return [("", line) for line in catalogue.solution_text(self._exercise).splitlines()]

    def _ask(self, text: str, yes: Callable[[], list[Line]]) -> list[Line]:
        self._question = _Question(text, yes)
        return [("bold", f"{text} y: yes, any other key: no")]

    def _again(self) -> None:
        self._notes = []
        self._check()

    def _end(self) -> None:
        self._quit = True

    # --- the screen

    def _say(self, lines: list[Line] | None) -> None:
        self._notes = lines or []
        self._show(self._notes)

    def _show(self, fresh: list[Line]) -> None:
        """Show everything, or, where the screen cannot be emptied, what is new."""
        terminal = self._terminal
        if terminal.clears:
            terminal.clear()
            lines = list(self._whole())
        else:
            lines = [*fresh, *(self._footer() if terminal.keys else [("", "")])]
        terminal.write(screen.painted(lines, terminal.is_terminal, terminal.width))

    def _whole(self) -> Iterator[Line]:
        width = self._terminal.width
        if self._report is None:
            yield from screen.title(self._exercise, width)
        else:
            yield from screen.verdict(self._report, width)
            if self._report.verdict == "not-attempted":
                yield from screen.task(self._exercise, width)
        yield from screen.hints(self._exercise, width)
        if self._notes:
            yield "", ""
        yield from self._notes
        if self._grader.busy:
            yield "", ""
            yield "dim", f"checking {self._exercise.id} ..."
        yield from self._footer()

    def _footer(self) -> Iterator[Line]:
        if not self._terminal.keys:
            yield "dim", "Ctrl-C ends."
            return
        if self._question is not None:
            return
        passed = self._report is not None and self._report.ok
        more = learner.standing(self._exercise).hints < len(self._exercise.hints)
        yield from screen.keys(passed, self._following(), more, self._terminal.width)


def _result(result: Report | BaseException, exercise: Exercise) -> Report | None:
    if isinstance(result, Report):
        return result
    if isinstance(result, KbkError):
        return None
    raise result


def watch(exercise: Exercise, seed: int | None = None) -> int:
    """Watch until the learner quits; return the exit status.

    Args:
        exercise: the first one.
        seed: of the random inputs; None draws new ones each time.
    """
    try:
        with Terminal() as terminal:
            Watch(exercise, terminal, seed).run()
    except Gone:
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
