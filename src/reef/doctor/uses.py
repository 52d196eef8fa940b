"""Where a module uses its names: while it is loaded, and as what, or only in functions that run later."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

_TYPE_CHECKING = ("TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING")


@dataclass(frozen=True)
class Use:
    """`why`: "" for a use that runs later. `weak`: an annotation that nobody need evaluate. `into`: the variables that
    are all that comes of it."""

    line: int
    why: str = ""
    weak: bool = False
    into: tuple[str, ...] = ()


def uses_of(tree: ast.Module) -> dict[str, list[Use]]:
    """Name -> its uses in the module, in the order of the text."""
    reader = _Reader(_postponed(tree))
    reader.block(tree.body)
    return reader.found


def _postponed(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(one.name == "annotations" for one in node.names)
        for node in tree.body
    )


class _Reader:
    def __init__(self, postponed: bool) -> None:
        self.postponed = postponed
        self.found: dict[str, list[Use]] = {}

    def block(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            self._statement(node)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node)
            case ast.ClassDef():
                self._exprs(node.decorator_list, "class decorator")
                self._exprs([*node.bases, *(one.value for one in node.keywords)], "class base")
                self._class_body(node)
            case ast.If() if ast.unparse(node.test) in _TYPE_CHECKING:
                self.block(node.orelse)
            case ast.AnnAssign():
                self._annotation(node.annotation, False)
                self._exprs([node.value] if node.value else [], "module-level value")
            case ast.If() | ast.While():
                self._exprs([node.test], "module-level condition")
                self.block([*node.body, *node.orelse])
            case ast.Assign() if all(isinstance(target, ast.Name) for target in node.targets):
                into = tuple(target.id for target in node.targets if isinstance(target, ast.Name))
                self._expr(node.value, "module-level value", False, into)
            case ast.Assign() | ast.Expr() | ast.AugAssign() | ast.Return() | ast.Delete() | ast.Assert():
                self._exprs([node], "module-level value")
            case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Global():
                return
            case _:
                self._compound(node)

    def _class_body(self, node: ast.ClassDef) -> None:
        """A base or a decorator may read the annotations of fields, as pydantic's and Dagster's do."""
        read = bool(node.bases or node.keywords or node.decorator_list)
        for one in node.body:
            if read and isinstance(one, ast.AnnAssign) and not self.postponed:
                self._exprs([one.annotation], "type annotation that its class evaluates")
                self._exprs([one.value] if one.value else [], "module-level value")
            else:
                self._statement(one)

    def _compound(self, node: ast.stmt) -> None:
        for name, value in ast.iter_fields(node):
            parts = value if isinstance(value, list) else [value]
            for part in parts:
                if isinstance(part, ast.stmt):
                    self._statement(part)
                elif isinstance(part, ast.ExceptHandler):
                    self._exprs([part.type] if part.type else [], "except clause")
                    self.block(part.body)
                elif isinstance(part, ast.AST):
                    self._exprs([part], f"module-level {name}")

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._exprs(node.decorator_list, "decorator")
        arguments = node.args
        defaults = [*arguments.defaults, *(one for one in arguments.kw_defaults if one)]
        self._exprs(defaults, "default argument")
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [one for one in (arguments.vararg, arguments.kwarg) if one]
        annotations = [one.annotation for one in every if one.annotation]
        for one in [*annotations, *([node.returns] if node.returns else [])]:
            self._annotation(one, bool(node.decorator_list))
        for inner in node.body:
            self._later(inner)

    def _annotation(self, node: ast.expr, decorated: bool) -> None:
        """Dagster evaluates those of functions that it decorates, postponed or not."""
        if decorated:
            self._exprs([node], "type annotation that Dagster evaluates")
        elif not self.postponed:
            self._exprs([node], "type annotation", weak=True)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and decorated:
            self._quoted(node)

    def _quoted(self, node: ast.Constant) -> None:
        try:
            inner = ast.parse(str(node.value), mode="eval").body
        except SyntaxError:
            return
        for each in ast.walk(inner):
            if isinstance(each, ast.Name):
                self._add(each.id, Use(node.lineno, "type annotation that Dagster evaluates"))

    def _exprs(self, nodes: Iterable[ast.AST], why: str, weak: bool = False) -> None:
        for node in nodes:
            self._expr(node, why, weak)

    def _expr(self, node: ast.AST, why: str, weak: bool, into: tuple[str, ...] = ()) -> None:
        if isinstance(node, ast.Lambda):
            self._exprs([*node.args.defaults, *(one for one in node.args.kw_defaults if one)], why)
            self._later(node.body)
            return
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            self._add(node.id, Use(node.lineno, why, weak, into))
        for child in ast.iter_child_nodes(node):
            self._expr(child, why, weak, into)

    def _later(self, node: ast.AST) -> None:
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load):
                self._add(each.id, Use(each.lineno))

    def _add(self, name: str, use: Use) -> None:
        self.found.setdefault(name, []).append(use)
