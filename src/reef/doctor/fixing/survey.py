"""Reads one module's syntax once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import libcst as cst

from reef.doctor.fixing.occurrences import Annotated, Spot, Survey
from reef.doctor.fixing.scopes import Scope
from reef.doctor.fixing.syntax import dotted, text_of
from reef.doctor.fixing.walk_names import Names


def survey(module: cst.Module) -> Survey:
    walk = _Walk(Survey(lazy_annotations=_has_lazy_annotations(module)))
    spot = Spot(walk.found.module)
    walk.docstring(module.body)
    walk.many(module.body, spot)
    return walk.found


def _has_lazy_annotations(module: cst.Module) -> bool:
    for line in module.body:
        for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(small, cst.ImportFrom) and dotted(small.module) == "__future__":
                names = small.names if not isinstance(small.names, cst.ImportStar) else ()
                if any(dotted(one.name) == "annotations" for one in names):
                    return True
    return False


class _Walk(Names):
    """With the scopes that functions, classes, lambdas and comprehensions make."""

    def on_FunctionDef(self, node: cst.FunctionDef, spot: Spot) -> None:
        self.bind(node.name.value, node, spot)
        spot.scope.functions.setdefault(node.name.value, []).append(node)
        self.found.functions[node] = spot
        decorating = replace(spot, role="a decorator")
        self.found.decorators[node] = tuple(self._decorator(one, decorating) for one in node.decorators)
        outside = self._with_parameters(node.type_parameters, spot)
        self._signature(node, spot, outside)
        scope = self.found.scopes[node] = Scope("function", outside.scope)
        scope.bound.update(param.name.value for param in _parameters(node.params))
        outer = (*spot.outer, spot.host) if spot.host is not None else spot.outer
        within = Spot(scope, node, outer, None, False, None, False, spot.guard)
        if isinstance(node.body, cst.IndentedBlock):
            self.docstring(node.body.body)
        self.visit(node.body, within)

    def _decorator(self, node: cst.Decorator, spot: Spot) -> str:
        made = node.decorator
        self.visit(made, spot) if not dotted(made) else self.use(made, spot, called=True)
        return dotted(made.func if isinstance(made, cst.Call) else made)

    def _signature(self, node: cst.FunctionDef, spot: Spot, outside: Spot) -> None:
        inside = spot.inside if spot.scope.kind == "class" else None
        for param in _parameters(node.params):
            self.maybe(param.default, replace(spot, role="a default argument"))
            if param.annotation is not None:
                self._annotation(Annotated("parameter", node, inside, param.annotation), outside)
        if node.returns is not None:
            self._annotation(Annotated("return", node, inside, node.returns), outside)

    def _annotation(self, owner: Annotated, spot: Spot) -> None:
        assert owner.node is not None
        written = spot.written or self.found.lazy_annotations
        self.visit(owner.node.annotation, replace(spot, annotated=owner, written=written))

    def _with_parameters(self, parameters: cst.TypeParameters | None, spot: Spot) -> Spot:
        if parameters is None:
            return spot
        inner = replace(spot, scope=Scope("types", spot.scope))
        for one in parameters.params:
            inner.scope.bound.add(one.param.name.value)
        for one in parameters.params:
            self.maybe(getattr(one.param, "bound", None), inner)
            self.maybe(one.default, inner)
        return inner

    def on_TypeAlias(self, node: cst.TypeAlias, spot: Spot) -> None:
        self.bind(node.name.value, node, spot)
        self.visit(node.value, self._with_parameters(node.type_parameters, spot))

    def on_Lambda(self, node: cst.Lambda, spot: Spot) -> None:
        for param in _parameters(node.params):
            self.maybe(param.default, spot)
        scope = Scope("lambda", spot.scope)
        scope.bound.update(param.name.value for param in _parameters(node.params))
        self.visit(node.body, replace(spot, scope=scope, in_lambda=True))

    def on_ClassDef(self, node: cst.ClassDef, spot: Spot) -> None:
        self.bind(node.name.value, node, spot)
        spot.scope.classes.setdefault(node.name.value, []).append(node)
        self.found.classes[node] = spot
        for decorator in node.decorators:
            self._decorator(decorator, replace(spot, role="a decorator"))
        outside = self._with_parameters(node.type_parameters, spot)
        self.many((*node.bases, *node.keywords), replace(outside, role=f"a base of class {node.name.value}"))
        if isinstance(node.body, cst.IndentedBlock):
            self.docstring(node.body.body)
        body = replace(outside, scope=Scope("class", outside.scope), inside=node)
        self.visit(node.body, replace(body, role=f"the body of class {node.name.value}"))

    def comprehension(self, node: Any, spot: Spot) -> None:
        scope = Scope("comprehension", spot.scope)
        inner = replace(spot, scope=scope)
        loop: cst.CompFor | None = node.for_in
        first = True
        while loop is not None:
            self.target(loop.target, inner)
            self.visit(loop.iter, spot if first else inner)
            self.many(loop.ifs, inner)
            loop, first = loop.inner_for_in, False
        for part in ("elt", "key", "value"):
            self.maybe(getattr(node, part, None), inner)

    on_ListComp = on_SetComp = on_DictComp = on_GeneratorExp = comprehension

    def on_If(self, node: cst.If, spot: Spot) -> None:
        self.visit(node.test, spot)
        guard = guard_of(node) if spot.host is None else ""
        self.visit(node.body, replace(spot, guard=guard or spot.guard))
        self.maybe(node.orelse, spot)


def guard_of(node: cst.If) -> Literal["", "typing", "script"]:
    if dotted(node.test).rpartition(".")[2] == "TYPE_CHECKING":
        return "typing"
    test = node.test
    if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        sides = (test.left, test.comparisons[0].comparator)
        if {"__name__", "__main__"} == {dotted(side) or text_of(side) for side in sides}:
            return "script" if isinstance(test.comparisons[0].operator, cst.Equal) else ""
    return ""


def _parameters(params: cst.Parameters) -> Iterator[cst.Param]:
    yield from (*params.posonly_params, *params.params)
    if isinstance(params.star_arg, cst.Param):
        yield params.star_arg
    yield from params.kwonly_params
    if params.star_kwarg is not None:
        yield params.star_kwarg
