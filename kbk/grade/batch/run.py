"""Grades a class: reads what was handed in, grades what is new of it, writes what came of it.

Everybody's inputs are drawn from one seed, so that points are no matter of luck. It is that of
``--seed``, else of the assignment, else of the last run into the same folder, else a random one.
A text is graded once, however many handed it in, and not again while nothing has changed of what
its result depends on (kbk.grade.batch.keys).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from kbk.errors import ArgumentError, KbkError
from kbk.grade import assignment as assignments
from kbk.grade import export, process
from kbk.grade.assignment import Assignment
from kbk.grade.batch import items, job, keys, records, submissions, tables
from kbk.grade.batch.progress import Shown
from kbk.grade.batch.schedule import Job, Schedule
from kbk.grade.batch.store import Out, dumped, write
from kbk.grade.batch.submissions import Submission

INTERRUPTED = 130
_NOT_YET = "not graded yet: the run was stopped before. Run `kbk grade` again."


def grade_all(
    submissions_folder: Path,
    out: Path,
    *,
    assignment: Path | None = None,
    jobs: int | None = None,
    seed: int | None = None,
    names: Sequence[str] = (),
    quiet: bool = False,
) -> int:
    """Grade every submission in a folder.

    Args:
        submissions_folder: a folder or a zip for each student.
        out: where results go; what is in it is used and kept.
        assignment: a file (kbk.grade.assignment); without one, every exercise.
        jobs: how many gradings run at a time; by default one for each core.
        seed: of the random inputs.
        names: exercises or chapters of the assignment; all by default.
        quiet: print nothing.

    Returns:
        exit status: 0; 2 if something could not be graded, and is named; 130 after Ctrl-C, when
        what was done is kept and written.

    Raises:
        KbkError: an argument means nothing, another run is at `out`, or `out` cannot be written.
    """
    at_once = _at_once(jobs)
    if seed is not None and not assignments.valid_seed(seed):
        raise ArgumentError(f"--seed must be from 0 to {assignments.MOST_SEED}; it was {seed}.")
    asked = assignments.load(assignment, names)
    _apart(submissions_folder, out)
    found, strange = submissions.students(submissions_folder)
    folder = Out(out)
    with folder.locked():
        torch.set_num_threads(1)  # gradings run beside each other
        class_ = Class(folder, asked, seed, at_once, quiet)
        for name in strange:
            class_.say(f"{name} is neither a folder nor a zip; left out.")
        for student, entries in found.items():
            class_.add(submissions.read(student, entries, asked.exercises))
        return class_.grade()


def _at_once(jobs: int | None) -> int:
    if jobs is not None and jobs < 1:
        raise ArgumentError(f"--jobs must be at least 1; it was {jobs}.")
    mine = getattr(os, "sched_getaffinity", None)  # not on macOS
    return jobs or (len(mine(0)) if mine else os.cpu_count() or 1)


def _apart(submissions_folder: Path, out: Path) -> None:
    """Raise if results would become submissions."""
    inner, outer = out.absolute().resolve(), submissions_folder.absolute().resolve()
    if inner == outer or outer in inner.parents:
        raise ArgumentError(f"--out must lie outside of --submissions; it was {out}.")


class Class:
    """One run.

    Args:
        out: the folder, which is locked.
        assignment: what was asked.
        seed: of ``--seed``.
        at_once: how many gradings run at a time.
        quiet: print nothing.
    """

    def __init__(
        self, out: Out, assignment: Assignment, seed: int | None, at_once: int, quiet: bool
    ) -> None:
        self.out = out
        self.assignment = assignment
        self.at_once = at_once
        self.quiet = quiet
        self.submissions: list[Submission] = []
        self.results: dict[str, dict[str, Any]] = {}
        self.graded = 0
        self._kept_all = True
        self._graders = {
            each.id: keys.grader(each, assignment.extra.get(each.id))
            for each in assignment.exercises
        }
        self._before = out.run()
        remembered = self._before.get("seed")
        given = next((each for each in (seed, assignment.seed) if each is not None), remembered)
        self.seed = secrets.randbelow(1 << 32)
        if given is not None and assignments.valid_seed(given):
            self.seed = given
        self.begun = str(self._before.get("begun") or job.now())
        self._shown = Shown(0, quiet)

    def say(self, sentence: str) -> None:
        """A line on stderr."""
        self._shown.say(sentence)

    def add(self, submission: Submission) -> None:
        """One more student."""
        self.submissions.append(submission)

    def grade(self) -> int:
        """Grade what is new and write everything; return the exit status.

        Raises:
            KbkError: the folder cannot be written.
        """
        self._remember()
        todo = self._todo()
        stopped = False
        process.keep(3 * self.at_once)  # for two builds at a time each, and predictions
        with Shown(len(todo), self.quiet) as self._shown:
            try:
                Schedule(self._work, self._done, self.at_once).run(todo)
            except KeyboardInterrupt:
                stopped = True
        written = self._write()
        open_ = [each for each in written if not each["complete"]]
        self._tell(len(todo), written, open_, stopped)
        if stopped:
            return INTERRUPTED
        return 2 if open_ or not self._kept_all else 0

    def _key(self, exercise: str, sha256: str) -> str:
        return keys.key(exercise, sha256, self._graders[exercise], self.seed)

    def _todo(self) -> list[Job]:
        """What is to be graded, each text once; results that are there are taken over."""
        todo: dict[str, Job] = {}
        for exercise in self.assignment.exercises:
            for submission in self.submissions:
                handed = submission.files.get(exercise.id)
                if handed is None:
                    continue
                key = self._key(exercise.id, handed.sha256)
                if key in self.results:
                    continue
                kept = None if key in todo else self.out.result(key)
                if kept is not None and job.is_final(kept):
                    self.results[key] = kept
                    continue
                mine = todo.setdefault(key, Job(key, exercise, handed.text))
                mine.students.append(submission.student)
        return list(todo.values())

    def _work(self, mine: Job) -> dict[str, Any]:
        try:
            apart = self.assignment.apart(mine.exercise)
            return job.result_of(mine.exercise, mine.text, self.seed, apart)
        except BaseException as error:  # whatever it is, it is no grade
            return job.cannot(mine.exercise, f"{type(error).__name__}: {error}")

    def _done(self, mine: Job, result: dict[str, Any]) -> None:
        self.results[mine.key] = result
        self.graded += 1
        if job.is_final(result):
            try:
                self.out.keep(mine.key, result)
            except OSError as error:
                if self._kept_all:
                    self._shown.say(f"results cannot be kept in {self.out.folder}: {error}.")
                self._kept_all = False
        who = mine.students[0] + (f" and {n} more" if (n := len(mine.students) - 1) else "")
        self._shown.step(f"{mine.exercise.id} {result['verdict']} ({who})")

    def _results_of(self, submission: Submission) -> dict[str, dict[str, Any]]:
        found = {}
        for each in self.assignment.exercises:
            handed = submission.files.get(each.id)
            if handed is not None:
                result = self.results.get(self._key(each.id, handed.sha256))
                found[each.id] = result or job.cannot(each, _NOT_YET)
            elif submission.readable:
                found[each.id] = job.missing(each)
            else:
                found[each.id] = job.cannot(each, " ".join(submission.problems))
        return found

    def _remember(self) -> None:
        """Keep the seed, before anything is graded, and whose records there are or will be."""
        names = records.file_names([each.student for each in self.submissions])
        facts = {
            "seed": self.seed,
            "begun": self.begun,
            "students": sorted({*names.values(), *self._before.get("students", [])}),
        }
        try:
            self.out.remember(facts)
        except OSError as error:
            raise KbkError(f"{self.out.folder} cannot be written: {error}.") from error

    def _write(self) -> list[dict[str, Any]]:
        """Write every output; return the records."""
        names = records.file_names([each.student for each in self.submissions])
        made = [
            records.record(each, self._results_of(each), self.assignment, self.seed, self.begun)
            for each in self.submissions
        ]
        analysis = items.analysis(made, self.assignment.title)
        folder = self.out.folder
        try:
            for each in made:
                write(folder / "students" / f"{names[each['student']]}.json", dumped(each))
            write(folder / "grades.csv", tables.grades(made))
            write(folder / "items.json", dumped(analysis))
            write(folder / "items.csv", tables.items(analysis))
            for gone in set(self._before.get("students", [])) - set(names.values()):
                (folder / "students" / f"{gone}.json").unlink(missing_ok=True)
            facts = {"seed": self.seed, "begun": self.begun, "students": sorted(names.values())}
            self.out.remember(facts)
        except OSError as error:
            text = f"{folder} cannot be written: {error}. What was graded is kept, run it again."
            raise KbkError(text) from error
        export.write_all(folder)
        return made

    def _tell(
        self,
        todo: int,
        written: Sequence[dict[str, Any]],
        open_: Sequence[dict[str, Any]],
        stopped: bool,
    ) -> None:
        handed = sum(len(each.files) for each in self.submissions)
        self.say(
            f"{len(written)} students, {handed} files: {self.graded} of {todo} new texts graded. "
            f"Seed {self.seed}. {self.out.folder / 'grades.csv'}"
        )
        for each in written:
            for problem in each["submission"]["problems"]:
                self.say(f"  {each['student']}: {problem}")
        if stopped:
            self.say("Stopped. What was graded is kept; run it again for the rest.")
            return
        for each in open_:
            for facts in each["exercises"]:
                if facts["verdict"] == "cannot-grade":
                    self.say(f"  {each['student']}, {facts['exercise']}: {_reason(facts)}")


def _reason(facts: dict[str, Any]) -> str:
    failed = [each for each in facts["checks"] if each["verdict"] == "cannot-grade"]
    message = failed[0]["message"] if failed else ""
    return f"could not be graded: {message.splitlines()[0] if message else 'no reason is known.'}"
