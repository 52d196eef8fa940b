"""What a file's source says of other modules. Pure."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from reef.importgraph.names import aliases_of, dotted, literal

_NAMED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+(:[A-Za-z_]\w*)?")


@dataclass(frozen=True)
class Fact:
    """`module` (dots first where relative) is asked for `name`, "*" for all: by an import, an attribute, a call
    such as `getattr(module, "name")`, or a text.
    `later`: not while the file loads."""

    module: str
    name: str
    line: int
    how: Literal["import", "use", "call", "text"]
    later: bool = False


def _tree(content: bytes) -> ast.Module:
    """An empty one where it cannot be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def unimported(content: bytes) -> dict[str, int]:
    """Dotted names with attributes that a file uses, without those that its own imports bring -> the line."""
    tree = _tree(content)
    imported = {name for whole in _imported(tree) for name in _prefixes(whole)}
    aliases = aliases_of(tree)
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (name := dotted(node, aliases)) and name not in imported:
            found.setdefault(name, node.lineno)
    return found


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _imported(tree: ast.Module) -> Iterator[str]:
    """Modules, and what may be one, that its imports name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield from (f"{node.module}.{one.name}" for one in node.names)


def modules_at(content: bytes, line: int) -> tuple[str, ...]:
    """The absolute modules that the import on this line loads, packages on the way included."""
    found: list[str] = []
    for node in ast.walk(_tree(content)):
        if isinstance(node, ast.Import | ast.ImportFrom) and node.lineno <= line <= (node.end_lineno or 0):
            if isinstance(node, ast.Import):
                found += [one.name for one in node.names]
            elif node.module and not node.level:
                found.append(node.module)
    return tuple(dict.fromkeys(prefix for name in found for prefix in _prefixes(name)))


def facts_in(content: bytes) -> Iterator[Fact]:
    """What it asks of other modules; nothing where it cannot be parsed."""
    tree = _tree(content)
    aliases, later = aliases_of(tree), _later(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for one in node.names:
                yield Fact(_base(node), one.name, node.lineno, "import", node in later)
        elif isinstance(node, ast.Attribute):
            module, _, name = dotted(node, aliases).rpartition(".")
            if module:
                yield Fact(module, name, node.lineno, "use", node in later)
        elif isinstance(node, ast.Call):
            yield from _of_call(node, aliases, node in later)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _NAMED.fullmatch(node.value):
            yield from _of_text(node.value.replace(":", "."), node.lineno)


def _of_call(node: ast.Call, aliases: dict[str, str], later: bool) -> Iterator[Fact]:
    """`patch.object(mod, "np")`, `getattr(mod, "np")`."""
    text = literal(node.args[1]) if len(node.args) >= 2 else None
    module = dotted(node.args[0], aliases) if text else ""
    if text and module:
        yield Fact(module, text, node.lineno, "call", later)


def _of_text(text: str, line: int) -> Iterator[Fact]:
    """`pkg.mod.np.linalg` may mean `np` of `pkg.mod`."""
    parts = text.split(".")
    for end in range(1, len(parts)):
        yield Fact(".".join(parts[:end]), parts[end], line, "text")


def _base(node: ast.ImportFrom) -> str:
    return "." * node.level + (node.module or "")


def _later(tree: ast.Module) -> set[ast.AST]:
    """What functions do, and what only type checkers read."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        if node in found:
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            bodies: list[ast.AST] = [*node.body]
        elif isinstance(node, ast.Lambda):
            bodies = [node.body]
        elif isinstance(node, ast.If) and ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING":
            bodies = [*node.body]
        else:
            continue
        found.update(inner for body in bodies for inner in ast.walk(body))
    return found


def taking_line(content: bytes, module: str, name: str) -> int | None:
    """Of the statement that takes `name` from `module` (as it is written) while the file loads."""
    tree = _tree(content)
    later = _later(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node in later or _base(node) != module:
            continue
        if any(one.name == name for one in node.names):
            return node.lineno
    return None
