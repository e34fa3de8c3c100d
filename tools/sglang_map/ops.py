"""The ops that SGLang's extensions register, and the file in which each one's function is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from tools.sglang_map import hand, layout, text
from tools.sglang_map.git import Repository

_DEF = re.compile(r'\bm\.def\(\s*"(\w+)\s*(?:\(|"\s*,\s*&?\s*([\w:]+))')
_IMPL = re.compile(r'\bm\.impl\(\s*"(\w+)"\s*,[^;]*?&\s*([\w:]+)')
_CLONED = re.compile(
    r'GIT_REPOSITORY\s+"?https://github\.com/([\w./-]+?)(?:\.git)?"?\s+GIT_TAG\s+(\S+)'
)
_UNPACKED = re.compile(r"\bURL\s+\S+/([\w.-]+/[\w.-]+)/archive/([\w.-]+)\.tar\.gz")
_BUILT_FROM_ELSEWHERE = re.compile(r"\$\{repo-[\w-]+_SOURCE_DIR\}/([\w./*-]+)")


@dataclass(frozen=True)
class Op:
    """A registered op.

    Attributes:
        name: that torch knows it by.
        function: C++, without namespaces; "" if it is only declared.
        path: of the file with the function's body in SGLang's repository, or "".
        project: whose repository else, or "".
        outside: the file there.
    """

    name: str
    function: str
    path: str = ""
    project: str = ""
    outside: str = ""


def extensions(paths: Iterable[str]) -> list[str]:
    """The files that register ops for CUDA; those of other platforms end in a platform's name."""
    return sorted(p for p in paths if layout.home(p) in layout.AOT and p.endswith("_extension.cc"))


def registered(source: str) -> dict[str, str]:
    """Op -> its C++ function without namespaces, or "" where an extension only declares it."""
    body = text.code(source)
    found = dict(_DEF.findall(body))
    found |= dict(_IMPL.findall(body))
    return {name: function.split("::")[-1] for name, function in sorted(found.items())}


def names(repository: Repository, commit: str) -> set[str]:
    """The ops that are registered for CUDA at a commit."""
    files = extensions(repository.tree(commit, layout.AOT))
    sources = repository.texts(commit, files).values()
    return {name for source in sources for name in registered(source)}


def pins(build_files: Iterable[str]) -> dict[str, str]:
    """Repository on GitHub -> the commit or tag at which CMake takes it."""
    forms = (_CLONED, _UNPACKED)
    return {name: at for each in build_files for form in forms for name, at in form.findall(each)}


def ops(texts: Mapping[str, str], built: set[str], build_files: Iterable[str]) -> list[Op]:
    """Every op of a commit, by name.

    Args:
        texts: path -> text of the files ahead-of-time kernels are built from.
        built: the paths that the CUDA build reaches.
        build_files: texts of CMake files.

    Raises:
        ValueError: a function is nowhere, or an entry of ``hand.EXTERNAL`` is not in the build.
    """
    elsewhere = {path for each in build_files for path in _BUILT_FROM_ELSEWHERE.findall(each)}
    found = {}
    for path in extensions(texts):
        for name, function in registered(texts[path]).items():
            found[name] = _located(name, function, texts, built, elsewhere)
    return [found[name] for name in sorted(found)]


def _located(
    name: str, function: str, texts: Mapping[str, str], built: set[str], elsewhere: set[str]
) -> Op:
    homes = [
        path
        for path in sorted(texts)
        if PurePosixPath(path).suffix in (".cu", ".cuh", ".cpp")
        and not layout.other_platform(path)
        and function in texts[path]
        and text.defines(texts[path], function)
    ]
    homes.sort(key=lambda path: path not in built)  # sorted before: the first one that is built
    if homes:
        return Op(name, function, homes[0])
    if function in hand.EXTERNAL:
        project, outside = hand.EXTERNAL[function]
        if outside not in elsewhere:
            raise ValueError(
                f"hand.EXTERNAL: {function} is in {outside}, which no CMake file builds"
            )
        return Op(name, function, "", project, outside)
    raise ValueError(f"the op {name} calls {function}, which no file defines: see hand.EXTERNAL")
