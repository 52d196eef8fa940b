"""A mark before each statement of a first-party module's own level, put into its syntax tree before it is compiled."""

from __future__ import annotations

import ast
import builtins
import importlib.machinery
from collections.abc import Callable
from typing import Any

NAME = "__reef_mark__"
Mark = Callable[[str, int], None]


def install(is_own: Callable[[str], bool], mark: Mark) -> None:
    """From here on source files of which `is_own(path)` are compiled with marks; bytecode on disk is neither read nor
    written for them. Loaders of the user's that bring code of their own are left alone."""
    loader: Any = importlib.machinery.SourceFileLoader
    usual = loader.get_code
    setattr(builtins, NAME, mark)

    def get_code(self: Any, fullname: str) -> Any:
        path = self.get_filename(fullname)
        code = _marked(self, path) if is_own(path) else None
        return code if code is not None else usual(self, fullname)

    loader.get_code = get_code


def _marked(loader: Any, path: str) -> Any:
    try:
        tree = ast.parse(loader.get_data(path), path)
        tree.body = [*_block(tree.body, path, first=True), *_mark(path, 0, _last_line(tree))]
        return compile(tree, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OSError, RecursionError):
        return None  # the usual way says what is wrong


def _last_line(tree: ast.Module) -> int:
    return (tree.body[-1].end_lineno or 1) if tree.body else 1


def _block(body: list[ast.stmt], path: str, first: bool = False) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for number, one in enumerate(body):
        if not (first and _must_lead(one, number)):
            found += _mark(path, _line(one), one.lineno)
        _inside(one, path)
        found.append(one)
    return found


def _inside(one: ast.stmt, path: str) -> None:
    """Not loops: a mark costs some microseconds."""
    if isinstance(one, ast.If | ast.Try | ast.With) or type(one).__name__ == "TryStar":
        each: Any = one
        each.body = _block(each.body, path)
        for name in ("orelse", "finalbody"):
            if getattr(each, name, None):
                setattr(each, name, _block(getattr(each, name), path))
        for handler in getattr(each, "handlers", ()):
            handler.body = _block(handler.body, path)


def _must_lead(one: ast.stmt, number: int) -> bool:
    if isinstance(one, ast.ImportFrom) and one.module == "__future__":
        return True
    return number == 0 and isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)


def _line(one: ast.stmt) -> int:
    decorators = getattr(one, "decorator_list", None)
    lines: list[int] = [one.lineno, *(each.lineno for each in decorators or ())]
    return min(lines)


def _mark(path: str, line: int, at: int) -> list[ast.stmt]:
    arguments: list[ast.expr] = [ast.Constant(path), ast.Constant(line)]
    call = ast.Expr(ast.Call(ast.Name(NAME, ast.Load()), arguments, []))
    for node in ast.walk(call):
        if isinstance(node, ast.expr | ast.stmt):
            node.lineno = node.end_lineno = at
            node.col_offset = node.end_col_offset = 0
    return [call]
