"""The kernel sources of one commit: which there are, which are built, what each takes in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tools.sglang_map import layout, text
from tools.sglang_map.git import Commit, Repository
from tools.sglang_map.ops import Op, ops, pins
from tools.sglang_map.origin import Origin, closure, libraries, origin

ROOTS = [*layout.AOT, *(f"{folder}/include" for folder in layout.JIT)]
"""Folders that includes count from."""


@dataclass(frozen=True)
class Sources:
    """The kernel sources of a commit.

    Attributes:
        commit: of them.
        texts: path -> text of every file of C++ in the folders, of other platforms too.
        taken: paths on the map, sorted.
        left_out: platform -> paths.
        ops: that the extensions register.
        pins: repository on GitHub -> the commit at which the build takes it.
    """

    commit: Commit
    texts: Mapping[str, str]
    taken: list[str]
    left_out: Mapping[str, list[str]]
    ops: list[Op]
    pins: Mapping[str, str]

    @cached_property
    def includes(self) -> dict[str, list[str]]:
        """Path -> what it includes, as it is written."""
        return {path: text.includes(source) for path, source in self.texts.items()}

    @cached_property
    def origins(self) -> dict[str, Origin]:
        """Path -> what the file says of itself."""
        return {path: origin(self.texts[path]) for path in self.taken}

    def own_kernels(self, path: str) -> int:
        """``__global__`` functions in a file and in what it takes in of SGLang's folders."""
        return sum(text.kernels(self.texts[each]) for each in self._reached(path))

    def libraries(self, path: str) -> list[str]:
        """The libraries whose kernels a file takes in, itself or through SGLang's headers."""
        return libraries(include for each in self._reached(path) for include in self.includes[each])

    def whose_kernels(self, path: str) -> list[str]:
        """Whose kernels the functions of a file launch.

        A file with kernels of its own launches those, and CUTLASS's where it takes its GEMMs in.
        One without launches those of the libraries that it takes in.
        """
        whose = list(self.origins[path].whose) if path in self.origins else []
        others = self.libraries(path)
        if self.own_kernels(path):
            return sorted({*whose, *({"CUTLASS"} & set(others))})
        return others or whose

    def _reached(self, path: str) -> set[str]:
        return closure([path], self.includes, ROOTS)


def read(repository: Repository, name: str) -> Sources:
    """Read the kernel sources of a commit.

    Raises:
        ValueError: the repository lacks the commit, or the commit an extension.
    """
    commit = repository.commit(name)
    paths = repository.tree(commit.id, layout.FOLDERS)
    texts = repository.texts(commit.id, layout.candidates(paths))
    homes = [home for home in layout.AOT_HOME if f"{home}/csrc/common_extension.cc" in texts]
    if not homes:
        raise ValueError(f"{commit.id} has no common_extension.cc in {' or '.join(layout.AOT)}")
    home = homes[0]
    includes = {path: text.includes(source) for path, source in texts.items()}

    def built_by(build_files: Mapping[str, str]) -> set[str]:
        listed = [each for source in build_files.values() for each in _listed(source)]
        return closure([f"{home}/{each}" for each in listed], includes, ROOTS)

    cmake = _cmake(repository, commit.id, home)
    built = built_by(cmake)
    others = {}
    for platform in layout.OTHERS:
        setup = repository.texts(commit.id, [f"{home}/setup_{platform}.py"])
        others[platform] = built_by(setup) - built
    taken: list[str] = []
    left_out: dict[str, list[str]] = {platform: [] for platform in layout.OTHERS}
    for path, source in sorted(texts.items()):
        reached = [platform for platform, theirs in others.items() if path in theirs]
        platform = layout.other_platform(path) or (reached[0] if reached else "")
        if platform:
            left_out[platform].append(path)
        elif layout.is_source(path, source):
            taken.append(path)
    ahead = {path: source for path, source in texts.items() if layout.kind(path) == "aot"}
    registered = ops(ahead, built, cmake.values())
    return Sources(commit, texts, taken, left_out, registered, pins(cmake.values()))


def _cmake(repository: Repository, commit: str, home: str) -> dict[str, str]:
    paths = repository.tree(commit, [home])
    files = [path for path in paths if path.endswith((".cmake", "CMakeLists.txt"))]
    return repository.texts(commit, [path for path in files if "/cpu/" not in path])


def _listed(build_file: str) -> list[str]:
    return re.findall(r'"(csrc/[\w./-]+)"', build_file)
