"""What SGLang's Python says of kernels: names of ops, run-time compiled files, Triton functions.

A module is read, never imported: which function names which, and what those at the end hold.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

Functions = dict[str, "ast.FunctionDef | ast.AsyncFunctionDef"]


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:  # of a newer Python, or a template
        return ast.Module([], [])


def _functions(module: ast.Module) -> Functions:
    both = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name: node for node in module.body if isinstance(node, both)}


def _reached(module: ast.Module, holds: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Function -> what it holds, itself or through functions of its module that it names."""
    functions = _functions(module)
    torch_ops = _torch_ops(module)

    def names(node: ast.AST) -> set[str]:
        plain = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        called = {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
        return (plain | {torch_ops[name] for name in called & torch_ops.keys()}) & functions.keys()

    named = {name: names(node) for name, node in functions.items()}

    def all_of(name: str, seen: frozenset[str]) -> set[str]:
        found = set(holds.get(name, set()))
        for other in named[name] - seen:
            found |= all_of(other, seen | {other})
        return found

    return {name: all_of(name, frozenset({name})) for name in functions}


def _torch_ops(module: ast.Module) -> dict[str, str]:
    """Op -> its function, of calls such as ``register(op_name="op", op_func=function)``."""
    found = {}
    for node in module.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            words = {word.arg: word.value for word in node.value.keywords}
            name, function = words.get("op_name"), words.get("op_func")
            if isinstance(name, ast.Constant) and isinstance(function, ast.Name):
                found[str(name.value)] = function.id
    return found


def _public(found: Mapping[str, set[str]]) -> dict[str, set[str]]:
    return {name: what for name, what in found.items() if what and not name.startswith("_")}


def _in_modules(
    texts: Mapping[str, str], of_module: Callable[[str], dict[str, set[str]]]
) -> dict[str, dict[str, set[str]]]:
    """Public function -> what it reaches -> the modules that say so."""
    found: dict[str, dict[str, set[str]]] = {}
    for path in sorted(texts):
        for function, reached in of_module(texts[path]).items():
            for each in reached:
                found.setdefault(function, {}).setdefault(each, set()).add(path)
    return found


def op_names(texts: Iterable[str]) -> dict[str, list[str]]:
    """Op -> the public function of that name that calls it, else all that do.

    Args:
        texts: of the modules of the package.
    """
    found: dict[str, set[str]] = {}
    for source in texts:
        module = _parsed(source)
        holds = {name: _ops_of(node) for name, node in _functions(module).items()}
        for name, ops in _public(_reached(module, holds)).items():
            for op in ops:
                found.setdefault(op, set()).add(name)
    return {op: [op] if op in found[op] else sorted(found[op]) for op in sorted(found)}


def _ops_of(node: ast.AST) -> set[str]:
    """X of each ``torch.ops.sgl_kernel.X``."""
    return {
        n.attr
        for n in ast.walk(node)
        if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "torch.ops.sgl_kernel"
    }


def run_time_files(source: str) -> dict[str, set[str]]:
    """Public function of a module -> patterns of the files that its first call compiles."""
    module = _parsed(source)
    constants = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    holds = {}
    for name, node in _functions(module).items():
        files: set[str] = set()
        for call in ast.walk(node):
            if isinstance(call, ast.Call):
                for word in call.keywords:
                    if word.arg == "cuda_files":
                        files |= _patterns(word.value, constants)
        holds[name] = files
    return _public(_reached(module, holds))


def _patterns(value: ast.expr, constants: Mapping[str, ast.expr]) -> set[str]:
    """The texts in a list; what a run fills in becomes ``*``."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return {value.value}
    if isinstance(value, ast.JoinedStr):
        parts = [str(p.value) if isinstance(p, ast.Constant) else "*" for p in value.values]
        return {"".join(parts)}
    if isinstance(value, ast.Name) and value.id in constants:
        return _patterns(constants[value.id], {})
    if isinstance(value, (ast.List, ast.Tuple)):
        return {each for element in value.elts for each in _patterns(element, constants)}
    return set()


def run_time_kernels(
    texts: Mapping[str, str], folder: str, files: Iterable[str]
) -> dict[str, dict[str, set[str]]]:
    """Public function -> the file that it has compiled -> its modules.

    Args:
        texts: path -> text of the Python modules.
        folder: that the names of the files count from.
        files: the paths that there are.
    """
    known = sorted(files)

    def of_module(source: str) -> dict[str, set[str]]:
        found = {}
        for function, patterns in run_time_files(source).items():
            wanted = [f"{folder}/{pattern}" for pattern in patterns]
            found[function] = {f for f in known if any(fnmatchcase(f, w) for w in wanted)}
        return found

    return _in_modules(texts, of_module)


def triton_functions(texts: Mapping[str, str]) -> dict[str, set[str]]:
    """Public function -> the modules in which it reaches a kernel in Triton of the module."""

    def of_module(source: str) -> dict[str, set[str]]:
        module = _parsed(source)
        functions = _functions(module)
        holds = {name: {"triton"} for name, node in functions.items() if _is_triton(node)}
        found = _public(_reached(module, holds))
        return {name: what for name, what in found.items() if not _is_triton(functions[name])}

    return {name: found["triton"] for name, found in _in_modules(texts, of_module).items()}


def _is_triton(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("triton.jit" in ast.unparse(each) for each in node.decorator_list)


def imported(texts: Mapping[str, str], package: str) -> set[str]:
    """The names that modules import from a package or from a module of it."""
    found = set()
    for source in texts.values():
        for node in ast.walk(_parsed(source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package:
                found |= {alias.name for alias in node.names}
    return found
