"""What a module's syntax says of the names in it: every use of one, with what runs it and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import libcst as cst

from reef.doctor.fixing.scopes import Scope


@dataclass(frozen=True)
class Annotated:
    """Whose annotation it is. `function` is None for a variable; `inside` is the class whose body it stands
    in."""

    what: Literal["parameter", "return", "variable", "type"]
    function: cst.FunctionDef | None = None
    inside: cst.ClassDef | None = None
    node: cst.Annotation | None = None


@dataclass(frozen=True)
class Spot:
    """Where the walk is. `host` is the innermost function whose body it is in, `outer` those around that
    one. `written`: an annotation that Python itself does not evaluate. `guard`: the block for type checkers
    or for scripts that it is in. `role`: what runs it, where there is no host, for messages."""

    scope: Scope
    host: cst.FunctionDef | None = None
    outer: tuple[cst.FunctionDef, ...] = ()
    inside: cst.ClassDef | None = None
    in_lambda: bool = False
    annotated: Annotated | None = None
    written: bool = False
    guard: Literal["", "typing", "script"] = ""
    role: str = "code of the module itself"


@dataclass(frozen=True)
class Occurrence:
    """`text`: the name with its attributes (`np.linalg.norm`). `called`: it is what a call calls, or a
    decorator. `bare`: that call has no arguments. `stored`: it, or an item of it, is assigned to or deleted.
    """

    name: str
    text: str
    node: cst.CSTNode
    spot: Spot
    called: bool = False
    stored: bool = False
    bare: bool = False


@dataclass(frozen=True)
class Binding:
    """A name that the module's own scope is given, or that a function gives it through `global`."""

    name: str
    node: cst.CSTNode
    spot: Spot


@dataclass
class Survey:
    uses: list[Occurrence] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    strings: list[tuple[str, cst.CSTNode, Spot]] = field(default_factory=list)
    docstrings: list[tuple[str, cst.CSTNode]] = field(default_factory=list)
    decorators: dict[cst.FunctionDef, tuple[str, ...]] = field(default_factory=dict)
    functions: dict[cst.FunctionDef, Spot] = field(default_factory=dict)
    scopes: dict[cst.FunctionDef, Scope] = field(default_factory=dict)
    classes: dict[cst.ClassDef, Spot] = field(default_factory=dict)
    module: Scope = field(default_factory=lambda: Scope("module"))
    lazy_annotations: bool = False

    def of(self, name: str) -> list[Occurrence]:
        """Occurrences that mean the module's name. Call it when the walk is over: a function may bind the name
        further down."""
        return [use for use in self.uses if use.name == name and use.spot.scope.owner(name) is self.module]
