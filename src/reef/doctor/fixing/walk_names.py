"""The part of the walk over a module that sees names, texts and what binds names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import libcst as cst

from reef.doctor.fixing.occurrences import Annotated, Binding, Occurrence, Spot, Survey
from reef.doctor.fixing.syntax import dotted, text_of


class Names:
    def __init__(self, found: Survey) -> None:
        self.found = found

    def visit(self, node: Any, spot: Spot) -> None:
        """Every node goes through here; those that mean something special have a method."""
        special: Callable[[Any, Spot], None] | None = getattr(self, f"on_{type(node).__name__}", None)
        if special is not None:
            special(node, spot)
        else:
            self.many(node.children, spot)

    def many(self, nodes: Sequence[cst.CSTNode], spot: Spot) -> None:
        for node in nodes:
            self.visit(node, spot)

    def maybe(self, node: Any, spot: Spot) -> None:
        if isinstance(node, cst.CSTNode):
            self.visit(node, spot)

    def use(
        self, node: cst.CSTNode, spot: Spot, *, called: bool = False, stored: bool = False, bare: bool = False
    ) -> None:
        text = dotted(node)
        self.found.uses.append(Occurrence(text.partition(".")[0], text, node, spot, called, stored, bare))

    def bind(self, name: str, node: cst.CSTNode, spot: Spot) -> None:
        scope = spot.scope
        scope.bound.add(name)
        if scope.kind == "module" or scope.declared.get(name) == "global":
            self.found.bindings.append(Binding(name, node, spot))

    def docstring(self, body: Sequence[cst.CSTNode]) -> None:
        first = body[0] if body else None
        if isinstance(first, cst.SimpleStatementLine) and isinstance(first.body[0], cst.Expr):
            text = text_of(first.body[0].value)
            if text is not None:
                self.found.docstrings.append((text, first))

    # names

    def on_Name(self, node: cst.Name, spot: Spot) -> None:
        self.use(node, spot)
        self.many((*node.lpar, *node.rpar), spot)

    def on_Attribute(self, node: cst.Attribute, spot: Spot) -> None:
        if dotted(node):
            self.use(node, spot)
        else:
            self.visit(node.value, spot)

    def on_Call(self, node: cst.Call, spot: Spot) -> None:
        if dotted(node.func):
            self.use(node.func, spot, called=True, bare=not node.args)
        else:
            self.visit(node.func, spot)
        for argument in node.args:
            self._argument(node, argument, spot)

    def _argument(self, call: cst.Call, argument: cst.Arg, spot: Spot) -> None:
        text = text_of(argument.value)
        last = dotted(call.func).rpartition(".")[2]
        if text is not None and last in ("cast", "TypeVar", "NewType", "ForwardRef"):
            self._annotation_text(
                argument.value, text, replace(spot, annotated=Annotated("type"), written=True)
            )
        else:
            self.visit(argument.value, spot)

    def on_Arg(self, node: cst.Arg, spot: Spot) -> None:
        self.visit(node.value, spot)

    def on_SimpleString(self, node: cst.SimpleString, spot: Spot) -> None:
        self._string(node, spot)

    def on_ConcatenatedString(self, node: cst.ConcatenatedString, spot: Spot) -> None:
        if text_of(node) is None:
            self.many((node.left, node.right), spot)
        else:
            self._string(node, spot)

    def _string(self, node: cst.BaseExpression, spot: Spot) -> None:
        text = text_of(node)
        if text is None:
            return
        if spot.annotated is not None:
            self._annotation_text(node, text, replace(spot, written=True))
        else:
            self.found.strings.append((text, node, spot))

    def _annotation_text(self, node: cst.CSTNode, text: str, spot: Spot) -> None:
        try:
            parsed = cst.parse_expression(text.strip())
        except Exception:  # no expression: LibCST has several classes for that
            return
        inner = type(self)(Survey(module=self.found.module))
        inner.visit(parsed, spot)
        self.found.uses += [replace(use, node=node) for use in inner.found.uses]

    def on_Subscript(self, node: cst.Subscript, spot: Spot) -> None:
        self.visit(node.value, spot)
        literal = dotted(node.value).rpartition(".")[2] == "Literal"
        self.many(node.slice, replace(spot, annotated=None) if literal else spot)

    # statements that bind

    def target(self, node: cst.CSTNode, spot: Spot) -> None:
        if isinstance(node, cst.Name):
            self.bind(node.value, node, spot)
        elif isinstance(node, (cst.Tuple, cst.List)):
            for element in node.elements:
                self.target(element.value, spot)
        elif isinstance(node, cst.Attribute) and dotted(node):
            self.use(node, spot, stored=True)
        elif isinstance(node, cst.Subscript) and dotted(node.value):
            self.use(node.value, spot, stored=True)
            self.many(node.slice, spot)
        else:
            self.visit(node, spot)

    def on_AssignTarget(self, node: cst.AssignTarget, spot: Spot) -> None:
        self.target(node.target, spot)

    def on_AugAssign(self, node: cst.AugAssign, spot: Spot) -> None:
        self.target(node.target, spot)
        self.visit(node.value, spot)

    def on_AnnAssign(self, node: cst.AnnAssign, spot: Spot) -> None:
        self.target(node.target, spot)
        inside = spot.inside if spot.scope.kind == "class" else None
        annotated = Annotated("variable", None, inside, node.annotation)
        local = spot.host is not None and spot.scope.kind != "class"
        lazily = self.found.lazy_annotations or local
        self.visit(
            node.annotation.annotation, replace(spot, annotated=annotated, written=spot.written or lazily)
        )
        self.maybe(node.value, spot)

    def on_NamedExpr(self, node: cst.NamedExpr, spot: Spot) -> None:
        scope = spot.scope
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        self.target(node.target, replace(spot, scope=scope))
        self.visit(node.value, spot)

    def on_For(self, node: cst.For, spot: Spot) -> None:
        self.target(node.target, spot)
        self.visit(node.iter, spot)
        self.visit(node.body, spot)
        self.maybe(node.orelse, spot)

    def on_Del(self, node: cst.Del, spot: Spot) -> None:
        self.target(node.target, spot)

    def on_AsName(self, node: cst.AsName, spot: Spot) -> None:
        self.target(node.name, spot)

    def on_Import(self, node: cst.Import, spot: Spot) -> None:
        for alias in node.names:
            self.bind(bound_name(alias), node, spot)

    def on_ImportFrom(self, node: cst.ImportFrom, spot: Spot) -> None:
        for alias in node.names if not isinstance(node.names, cst.ImportStar) else ():
            self.bind(bound_name(alias, of=True), node, spot)

    def on_Global(self, node: cst.Global, spot: Spot) -> None:
        self._declare(node, spot, "global")

    def on_Nonlocal(self, node: cst.Nonlocal, spot: Spot) -> None:
        self._declare(node, spot, "nonlocal")

    def _declare(self, node: cst.Global | cst.Nonlocal, spot: Spot, what: str) -> None:
        for item in node.names:
            spot.scope.declared[item.name.value] = what
            if what == "global":
                self.found.bindings.append(Binding(item.name.value, node, spot))

    # match

    def on_MatchAs(self, node: cst.MatchAs, spot: Spot) -> None:
        self.maybe(node.pattern, spot)
        if node.name is not None:
            self.bind(node.name.value, node, spot)

    def on_MatchStar(self, node: cst.MatchStar, spot: Spot) -> None:
        if node.name is not None:
            self.bind(node.name.value, node, spot)

    def on_MatchMapping(self, node: cst.MatchMapping, spot: Spot) -> None:
        self.many(node.elements, spot)
        if node.rest is not None:
            self.bind(node.rest.value, node, spot)

    def on_MatchKeywordElement(self, node: cst.MatchKeywordElement, spot: Spot) -> None:
        self.visit(node.pattern, spot)


def bound_name(alias: cst.ImportAlias, *, of: bool = False) -> str:
    """The name that an import binds. `of`: in `from … import`."""
    if alias.asname is not None:
        return dotted(alias.asname.name)
    whole = dotted(alias.name)
    return whole if of else whole.partition(".")[0]
