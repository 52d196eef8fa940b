"""What in a module forbids a move, or makes a function unfit to hold an import."""

from __future__ import annotations

import re
from collections.abc import Collection

import libcst as cst

from reef.doctor.fixing import comments
from reef.doctor.fixing.finding import Lines, Unit
from reef.doctor.fixing.model import Refused
from reef.doctor.fixing.occurrences import Occurrence, Survey

# Compilers of functions: they read the body and know no import in it.
_COMPILED = frozenset(
    ("jit", "njit", "vectorize", "guvectorize", "stencil", "cfunc", "script", "kernel", "jit_module")
)
_PATHS = ("sys.path", "sys.meta_path", "sys.path_hooks")
_ENVIRON_CALLS = frozenset(
    ("os.environ.update", "os.environ.setdefault", "os.environ.pop", "os.putenv", "os.environ.clear")
)


def of_module(unit: Unit, found: Survey, lines: Lines) -> Refused | None:
    if comments.between_names(unit):
        return Refused("a comment has a line of its own among the names", unit.line)
    for use in found.uses:
        if (why := _of_use(use, unit, lines)) is not None:
            return Refused(why, lines[use.node][0])
    return None


def _of_use(use: Occurrence, unit: Unit, lines: Lines) -> str | None:
    if _is_builtin(use, "globals", "eval", "exec"):
        return f"{use.text}() may ask for the name by its text"
    if _is_builtin(use, "vars", "locals", "dir") and use.bare and use.spot.host is None:
        return f"{use.text}() at module level sees the name"
    if use.text == "sys.modules" or use.text.startswith("sys.modules."):
        return "sys.modules is used, which tells whether a module is loaded yet"
    if use.spot.host is None and not use.spot.guard and lines[use.node][0] > unit.line:
        return _changes_imports(use)
    return None


def _changes_imports(use: Occurrence) -> str | None:
    """What may make the same import find another module, or load it otherwise, when it runs later."""
    if use.text.startswith(_PATHS):
        return f"{use.text} is used after the import, which may then find another module"
    if use.text == "os.chdir" and use.called:
        return "os.chdir() comes after the import, which may then find another module"
    if (use.text in _ENVIRON_CALLS and use.called) or (use.text == "os.environ" and use.stored):
        return "os.environ is changed after the import, which may then load otherwise"
    return None


def _is_builtin(use: Occurrence, *names: str) -> bool:
    return use.called and use.text in names and use.name not in use.spot.scope.owner(use.name).bound


def of_host(function: cst.FunctionDef, found: Survey, needs: Collection[str] = ()) -> str | None:
    """Why this function cannot hold an import. `needs`: names of the module that the import asks for."""
    name = function.name.value
    chain = (*found.functions[function].outer, found.functions[function].host, function)
    for one in chain:
        for decorator in found.decorators.get(one, ()) if one is not None else ():
            if decorator.rpartition(".")[2] in _COMPILED:
                return f"@{decorator} compiles {name}, and knows no import inside a function"
    if name == "__del__":
        return "__del__ may run while Python ends, when nothing can be imported any more"
    for use in found.uses:
        within = use.spot.host is function or function in use.spot.outer
        if within and use.bare and _is_builtin(use, "locals", "vars", "dir"):
            return f"in {name} {use.text}() would see the name"
    if (taken := next((one for one in needs if not _sees(function, one, found)), None)) is not None:
        return f"in {name} {taken} means something else"
    if _shares_docstring_line(function):
        return f"another statement stands on the line of the docstring of {name}"
    return None


def _sees(function: cst.FunctionDef, name: str, found: Survey) -> bool:
    """Whether a name means the module's in this function."""
    return found.scopes[function].owner(name) is found.module


def ticks(function: cst.FunctionDef, found: Survey) -> bool:
    """Whether Dagster's daemon has it evaluated, which happens in the code server and not in a run."""
    names = [name.rpartition(".")[2] for name in found.decorators[function]]
    return any(name == "schedule" or name.endswith("sensor") for name in names)


def _shares_docstring_line(function: cst.FunctionDef) -> bool:
    if not isinstance(function.body, cst.IndentedBlock):
        return False
    first = function.body.body[0]
    return isinstance(first, cst.SimpleStatementLine) and len(first.body) > 1 and is_docstring(first)


def is_docstring(line: cst.BaseStatement) -> bool:
    return isinstance(line, cst.SimpleStatementLine) and is_text(line.body[0])


def is_text(small: cst.BaseSmallStatement) -> bool:
    if not isinstance(small, cst.Expr):
        return False
    value = small.value
    if isinstance(value, cst.ConcatenatedString):
        return isinstance(value.evaluated_value, str)
    return isinstance(value, cst.SimpleString) and isinstance(value.evaluated_value, str)


def of_texts(name: str, found: Survey, lines: Lines) -> Refused | None:
    """Doctests and queries of data frames name what they use in a text."""
    word = re.compile(rf"(?<![\w.]){re.escape(name)}\b")
    for text, node in found.docstrings:
        tested = [line for line in text.splitlines() if line.lstrip().startswith((">>>", "..."))]
        if any(word.search(line) for line in tested):
            return Refused(f"a doctest uses {name}", lines[node][0])
    asked = re.compile(rf"@{re.escape(name)}\b")
    for text, node, _ in found.strings:
        if asked.search(text):
            return Refused(f"a text asks for @{name}, as queries of data frames do", lines[node][0])
    return None
