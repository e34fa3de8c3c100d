"""Raises walls around a job: first for the compiler, higher ones before a submission runs.

What the grader protects against, and what not
----------------------------------------------
A submission is C++ that runs in a process, or Python. It is taken for somebody's mistake first and
for an attack second; three walls stand one behind another, and each holds alone against what it is
for.

1. The text and the library are looked at before anything of them runs (kbk.grade.words,
   kbk.grade.symbols): a library may ask for memory, arithmetic, text and the simulator, and for
   nothing that opens, starts, sends or maps. What asks for more is `forbidden`.
2. While a host function runs, the memory of its device tensors cannot be touched; a kernel can
   (`kbk.sim`, `fenced`). So the host can neither read an input nor write an output.
3. The process is alone. Where Linux allows namespaces: user (or, as root, another user),
   processes, network, mounts, messages. It sees the system and Python, read only, a memory disk
   of 512 MiB and 20,000 files, no process but its own, no network; with its first process all
   others end. Where they are refused: a subreaper that ends every descendant, and a watchdog on
   memory, disk and the number of processes. In both cases only files of the system and of Python
   can be opened (Landlock, from Linux 5.13), and root becomes another user, where the files that
   it needs may be read by all. A filter of system calls refuses new processes, programs, sockets,
   and the memory of other processes. `Report.isolation` says which of these were in force.

What a submission is judged by is not there: expected values are computed from the inputs when its
process has ended, and the files of the graders are out of its sight. Compiling happens under the
same limits. What a compiler made goes into the build cache by a process that runs no submission;
while one runs, the cache is read only (or, without namespaces, another user's, or behind walls 1
and the filter): nothing that a learner wrote can change what others load.

Not protected: a submission that finds, by arithmetic on addresses, functions that it does not
name runs what it likes in its own process. It still cannot leave the process nor see an expected
value; but it can forge what that process *reports* of launches and counters, if it finds more:
every line of a report is numbered and sealed with a key that is drawn for the job
(kbk.grade.channel), the pipe's number is drawn too, and one false line takes back the whole
report. Yet the key lies in the memory of that process, as any secret there does. So such a
submission can gain points of gates, and pass for having launched a kernel. It cannot have an
output right without having computed it. Nor is a load counted that a kernel has the C++ library
make (a `std::string` over its input): no CUDA compiler takes such a kernel. Costs are counted in a
build of its own; its macros cannot be asked for, yet a text can tell it from the other by a trait
of a type or an address, and be thrifty there alone. Nobody writes such a text by mistake, and it
is there to be read. Processor side channels and faults of the kernel are
out of scope, and so is a GPU: jobs on it have limits and the watchdog alone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from kbk.errors import ArgumentError
from kbk.grade.isolation import files, filters, linux, view

NOBODY = 65534
"""The user and group that a job of root becomes."""
LEVELS = ("auto", "plain", "limits")
"""Values of KBK_SANDBOX: all there is; no namespaces; limits and the watchdog alone."""
_ROOT_SPACES = linux.NEWNS | linux.NEWPID | linux.NEWNET | linux.NEWIPC | linux.NEWUTS


def level() -> str:
    """The level that KBK_SANDBOX asks for.

    Raises:
        ArgumentError: it is none.
    """
    given = os.environ.get("KBK_SANDBOX", "auto") or "auto"
    if given not in LEVELS:
        raise ArgumentError(f"KBK_SANDBOX must be one of {', '.join(LEVELS)}; it was {given!r}.")
    return given


@dataclass
class Sandbox:
    """The walls around one job.

    Attributes:
        folder: where the job may write.
        cache: the build cache.
        language: "cu" or "py".
        wanted: one of LEVELS.
        walls: what stands, in words.
        hidden: folders of people, besides those that are known.
        refused: why there are no namespaces, if that is known.
        spaces: whether the process is in namespaces of its own.
        one_user: whether there is no other user in there.
    """

    folder: str
    cache: str
    language: str
    wanted: str = "auto"
    hidden: tuple[str, ...] = ()
    refused: str = ""
    walls: list[str] = field(default_factory=list)
    spaces: bool = False
    one_user: bool = False

    def enter(self) -> None:
        """Go on in namespaces, as a child of this process, which waits and ends as that does.

        Where they are refused, go on as we are.
        """
        if self.wanted != "auto" or not linux.IS_LINUX:
            return
        if self.refused:
            self.walls.append(f"no namespaces ({self.refused})")
            return
        try:
            names, self.one_user = _new_spaces()
        except OSError as error:
            self.walls.append(f"no namespaces ({error.strerror or error})")
            return
        _first_process()
        child = os.fork()
        if child != 0:
            _wait_as(child)
        os.close(_held)
        linux.prctl(linux.DEATH_SIGNAL, signal.SIGKILL)
        os.setsid()
        view.narrow(self.cache, self.hidden)
        self.folder = view.JOB
        self.spaces = True
        self.walls.append(f"namespaces ({names}), a memory disk of {view.DISK_BYTES >> 20} MiB")

    @property
    def described(self) -> str:
        """The walls in words, as a report has them."""
        return "; ".join([*self.walls, "limits and a watchdog"])

    def own(self, path: str) -> None:
        """Let the user that the job becomes write to a folder."""
        if self.other_user():
            os.chown(path, NOBODY, NOBODY)

    def begin(self) -> None:
        """Prepare the folder of the job; go there."""
        self.own(self.folder)
        if self.wanted != "limits" and linux.IS_LINUX and os.geteuid() == 0:
            if self.other_user():
                self.walls.append(f"user {NOBODY}")
            else:
                self.walls.append("root without capabilities: its files are closed to other users")
        os.chdir(self.folder)
        os.environ["TMPDIR"] = self.folder
        if "tempfile" in sys.modules:
            sys.modules["tempfile"].tempdir = None  # type: ignore[attr-defined]

    def shed(self) -> None:
        """Become nobody, with no way back: for the compiler, and before a submission runs."""
        if self.wanted == "limits" or not linux.IS_LINUX:
            return
        if self.other_user():
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            linux.prctl(linux.DUMPABLE_SET, 1)  # its own /proc/self, and a debugger of its own
            linux.prctl(linux.DEATH_SIGNAL, signal.SIGKILL)  # forgotten with the user
        else:
            linux.drop_capabilities()
        linux.prctl(linux.NO_NEW_PRIVILEGES, 1)

    def lock(self) -> str:
        """Before anything of a submission runs. Nothing is built and nobody started after it.

        Returns:
            what stands now, in words.
        """
        if self.wanted == "limits" or not linux.IS_LINUX:
            return self.described
        if self.spaces:
            covered = [str(Path(__file__).parents[1])] if self.language == "py" else []
            view.freeze(self.cache, covered)
        if files.restrict(self.folder, self.cache, package=self.language == "cu"):
            self.walls.append("other files closed")
        self.shed()
        if filters.install():
            self.walls.append("a filter of system calls")
        return self.described

    def other_user(self) -> bool:
        """Whether the job becomes another user."""
        if self.wanted == "limits" or not linux.IS_LINUX or os.geteuid() != 0:
            return False
        if self.one_user:
            return False
        folders = view.essential(self.cache)
        return all(_open_to_all(each, ancestors=not self.spaces) for each in folders)


def why_no_spaces(cache: str, hidden: tuple[str, ...] = ()) -> str:
    """Try namespaces in a child; return what is wrong with them here, or ""."""
    if not linux.IS_LINUX:
        return "they are for Linux"
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:  # it never comes out of here: whoever asked may be gone, and nothing is printed
            os.close(reading)
            os.write(writing, (_trial(cache, hidden) or "ok").encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, errors="replace") as file:
        told = file.read()
    os.waitpid(child, 0)
    return told.removesuffix("ok") if told else "they do not work here"


def _trial(cache: str, hidden: tuple[str, ...]) -> str:
    """Go into namespaces; return what is wrong with them here, or ""."""
    try:
        trial = Sandbox(view.JOB, cache, "cu", hidden=hidden)
        trial.enter()
        if not trial.spaces:
            return trial.walls[0]
        if view.lacks():
            return f"{view.lacks()} is out of sight in them"
        (Path(view.JOB) / "trial").write_text("")
    except BaseException as error:
        return str(error) or type(error).__name__
    return ""


def _new_spaces() -> tuple[str, bool]:
    """Unshare; return the names of what is new, and whether that has one user only.

    Raises:
        OSError: refused.
    """
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        try:
            linux.unshare(_ROOT_SPACES)
        except OSError:
            pass
        else:
            return "processes, network, mounts", False
    linux.unshare(linux.NEWUSER | _ROOT_SPACES)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return "user, processes, network, mounts", True


def _first_process() -> None:
    """Start the first process of a new namespace: with it, all in there end.

    A shell that waits for a word: it is small, and it goes with the pipe that we hold.
    """
    waits, held = os.pipe()
    moves = [(os.POSIX_SPAWN_DUP2, waits, 0)]
    os.posix_spawn("/bin/sh", ["sh", "-c", "read word"], {}, file_actions=moves)
    os.close(waits)
    global _held
    _held = held


_held = -1


def _wait_as(child: int) -> NoReturn:
    """Wait for the child, end what it left, and end as it did."""
    os.closerange(3, _held)
    os.closerange(_held + 1, 1 << 12)
    while True:
        with contextlib.suppress(InterruptedError):
            done, status = os.waitpid(child, 0)
            if done == child:
                break
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.pause()
    os._exit(os.WEXITSTATUS(status))


def _open_to_all(folder: str, *, ancestors: bool) -> bool:
    """Whether every user may read a folder; what lies in it is taken to be as it is."""
    places = [Path(folder), *(Path(folder).parents if ancestors else ())]
    with contextlib.suppress(OSError):
        modes = [each.stat().st_mode for each in places]
        return bool(modes[0] & stat.S_IROTH) and all(mode & stat.S_IXOTH for mode in modes)
    return False
