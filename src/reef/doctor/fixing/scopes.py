"""Scopes of a module's source: which names they bind, and where a name that is used in one comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import libcst

Kind = Literal["module", "class", "function", "lambda", "comprehension", "types"]


@dataclass(eq=False)
class Scope:
    """`declared`: name -> "global" or "nonlocal". `functions` are those that this scope defines, by name."""

    kind: Kind
    parent: Scope | None = None
    bound: set[str] = field(default_factory=set)
    declared: dict[str, str] = field(default_factory=dict)
    functions: dict[str, list[libcst.FunctionDef]] = field(default_factory=dict)
    classes: dict[str, list[libcst.ClassDef]] = field(default_factory=dict)

    def owner(self, name: str) -> Scope:
        """The scope whose name it is, as Python looks it up. A name that nobody binds is the module's. A
        name that a class body binds may be the module's until then, so it counts as the module's."""
        scope = self
        while scope.parent is not None:
            if scope.declared.get(name) == "global":
                return _module_of(scope)
            if name in scope.bound and name not in scope.declared and scope.kind != "class":
                return scope
            scope = _above(scope)
        return scope

    @property
    def module(self) -> Scope:
        return _module_of(self)


def _above(scope: Scope) -> Scope:
    """What a name is looked for in next: class bodies are seen by themselves alone."""
    above = scope.parent
    assert above is not None
    while above.kind == "class" and above.parent is not None:
        above = above.parent
    return above


def _module_of(scope: Scope) -> Scope:
    while scope.parent is not None:
        scope = scope.parent
    return scope
