"""The map as one dictionary, as it stands in the data file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tools.sglang_map import hand, history, layout, text, wrappers
from tools.sglang_map.git import Commit, Repository
from tools.sglang_map.ops import Op
from tools.sglang_map.sources import Sources, read

SCHEMA = 1
Told = dict[str, Any]
Wrapped = Mapping[str, Mapping[str, set[str]]]


def build(old_repository: Repository, old: str, repository: Repository, new: str) -> Told:
    """Draw the map.

    Args:
        old_repository, old: the earlier commit, and a repository that has it.
        repository, new: the later one, in a repository that has both and all between them.

    Raises:
        ValueError: a commit or the history is not there, or `hand` says what is not so.
    """
    then, now = read(old_repository, old), read(repository, new)
    if not repository.is_ancestor(then.commit.id, now.commit.id):
        raise ValueError(f"{old} must come before {new} in {repository.folder}; it does not")
    known = {op.name for op in then.ops}
    for number, (_, names) in hand.CHAPTERS.items():
        if missing := sorted(set(names) - known):
            raise ValueError(
                f"hand.CHAPTERS: {number} has {missing}, which {old} does not register"
            )
    wrapped_then = _wrapped(_modules(old_repository, then, layout.JIT), then)
    found = _Found(old_repository, then, repository, now)
    ops = [_op(op, then, now, found) for op in then.ops]
    traces = history.follow(repository, then.commit.id, now.commit.id, then.taken)
    files = [_file(path, then, wrapped_then) for path in then.taken]
    for file in files:
        own = [op for op in ops if op.get("file") == file["path"]]
        file["fate"] = _file_fate(traces[file["path"]], own)
    return {
        "schema": SCHEMA,
        "old": {"commit": then.commit.id, "date": then.commit.date, "outside": _outside(then)},
        "new": {"commit": now.commit.id, "date": now.commit.date, "outside": _outside(now)},
        "ops": ops,
        "added_ops": sorted({op.name for op in now.ops} - known),
        "then": files,
        "now": [_file(path, now, found.jit) for path in now.taken],
        "left_out": {"then": _counted(then), "now": _counted(now)},
        "chapters": {number: title for number, (title, _) in hand.CHAPTERS.items()},
    }


class _Found:
    """What Python and history say of ops: their names, who does the same now, when they left."""

    def __init__(
        self, old_repository: Repository, then: Sources, repository: Repository, now: Sources
    ) -> None:
        package = _modules(old_repository, then, layout.AOT_HOME)
        self.names = wrappers.op_names(package.values())
        modules = _modules(repository, now, layout.JIT)
        self.jit = _wrapped(modules, now)
        self.triton = wrappers.triton_functions(modules)
        users = _modules(repository, now, ["python/sglang"])
        self.flashinfer = wrappers.imported(users, "flashinfer")
        self.left = history.unregistered(repository, then.commit.id, now.commit.id)

    def python(self, op: str) -> list[str]:
        """The functions of `sgl_kernel` that call an op."""
        return self.names.get(op, [])

    def aliases(self, op: str) -> set[str]:
        """Names under which a function would do what the op does."""
        names = {op, *self.python(op), *hand.RENAMED.get(op, ())}
        names |= {name.removeprefix("sgl_") for name in names}
        return names | {f"{name}_{kind}" for name in names for kind in ("jit", "triton")}


def _modules(repository: Repository, at: Sources, folders: Sequence[str]) -> dict[str, str]:
    paths = [path for path in repository.tree(at.commit.id, folders) if path.endswith(".py")]
    kept = [path for path in paths if not re.search(r"/(?:tests?|benchmark)/", path)]
    return repository.texts(at.commit.id, kept)


def _wrapped(modules: Mapping[str, str], at: Sources) -> dict[str, dict[str, set[str]]]:
    """Public function -> file that is compiled for it at run time -> its modules."""
    found: dict[str, dict[str, set[str]]] = {}
    for home in layout.JIT[:2]:  # names of files count from here
        for name, files in wrappers.run_time_kernels(modules, f"{home}/csrc", at.taken).items():
            found.setdefault(name, {}).update(files)
    return found


def _file(path: str, at: Sources, wrapped: Wrapped) -> Told:
    """A file; its ops are those registered, or the functions that have it compiled."""
    ops = {op.name for op in at.ops if op.path == path}
    ops |= {name for name, files in wrapped.items() if path in files}
    return {
        "path": path,
        "kind": layout.kind(path),
        "directory": layout.directory(path),
        "lines": text.lines(at.texts[path]),
        "kernels": text.kernels(at.texts[path]),
        "text": list(at.origins[path].whose),
        "parts": list(at.origins[path].parts),
        "libraries": at.libraries(path),
        "ops": sorted(ops),
    }


def _op(op: Op, then: Sources, now: Sources, found: _Found) -> Told:
    still = {each.name: each for each in now.ops}.get(op.name)
    names = found.aliases(op.name)
    jit = sorted({file for name in names for file in found.jit.get(name, {})})
    triton = sorted({module for name in names for module in found.triton.get(name, set())})
    told: Told = {"name": op.name, "python": found.python(op.name), **_place(op)}
    told["kernel"] = [op.project] if op.project else then.whose_kernels(op.path)
    told["now"] = {"jit": jit, "triton": triton}
    if still:
        told["now"]["aot"] = _place(still)
        told["fate"] = "AOT and JIT" if jit else "AOT"
    else:
        told["fate"] = "JIT" if jit else "Triton" if triton else "removed"
        told["left"] = _commit(found.left[op.name])
        if told["fate"] == "removed" and names & found.flashinfer:
            told["imported"] = "FlashInfer"
    for number, (_, chapter) in hand.CHAPTERS.items():
        if op.name in chapter:
            told["chapter"] = number
    return told


def _place(op: Op) -> Told:
    """The file of an op's function, in SGLang's repository or outside."""
    if op.path:
        return {"file": op.path}
    return {"outside": {"project": op.project, "file": op.outside}}


def _file_fate(trace: history.Trace, ops: Sequence[Told]) -> Told:
    """Where a file went: itself, or, if it is gone, its ops."""
    if trace.path:
        return {"kind": layout.kind(trace.path).upper(), "paths": [trace.path]}
    assert trace.gone is not None
    left = _commit(trace.gone)
    for key, kind in (("jit", "JIT"), ("triton", "Triton")):
        gone = [op for op in ops if op["fate"] == kind]
        if paths := sorted({path for op in gone for path in op["now"][key]}):
            return {"kind": kind, "paths": paths, "left": left}
    return {"kind": "removed", "paths": [], "left": left}


def _commit(commit: Commit) -> Told:
    return {"commit": commit.id, "date": commit.date, "pull": commit.pull}


def _outside(at: Sources) -> Told:
    """Project -> its repository and the commit at which the build takes it."""
    projects = sorted({op.project for op in at.ops if op.project})
    repositories = {project: hand.REPOSITORIES[project] for project in projects}
    if missing := sorted(set(repositories.values()) - at.pins.keys()):
        raise ValueError(f"hand.REPOSITORIES has {missing}, which no CMake file takes in")
    return {p: {"repository": r, "commit": at.pins[r]} for p, r in repositories.items()}


def _counted(at: Sources) -> dict[str, Told]:
    return {
        platform: {"files": len(paths), "lines": sum(text.lines(at.texts[p]) for p in paths)}
        for platform, paths in at.left_out.items()
    }
