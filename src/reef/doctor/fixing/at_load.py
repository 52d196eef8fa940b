"""Which functions of a module run while it loads, as far as its source tells."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from reef.doctor.fixing.occurrences import Occurrence, Spot, Survey
from reef.doctor.fixing.scopes import Scope
from reef.doctor.fixing.syntax import dotted

# Dagster calls what these decorate in order to define it.
_CALLED_TO_DEFINE = frozenset(
    ("job", "graph", "graph_asset", "graph_multi_asset", "repository", "definitions", "component_instance")
)
# Decorators with which a call runs the body. With others that is not known: one of `@op` runs nothing.
_PLAIN = frozenset(
    (
        *("staticmethod", "classmethod", "property", "abstractmethod", "override", "final", "deprecated"),
        *("cache", "lru_cache", "cached_property", "contextmanager", "asynccontextmanager", "wraps"),
    )
)
_MAKING = ("__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__", "model_post_init")


def runs_while_loading(found: Survey) -> dict[cst.FunctionDef, str]:
    """Function -> who calls it, for a message: `it is called by line 12` without the line, which the caller adds."""
    running: dict[cst.FunctionDef, str] = {}
    waiting = [
        (function, f"it is called by @{decorator}")
        for function, decorators in found.decorators.items()
        for decorator in decorators
        if decorator.rpartition(".")[2] in _CALLED_TO_DEFINE and found.functions[function].host is None
    ]
    by_host: dict[cst.FunctionDef | None, list[Occurrence]] = {}
    for use in found.uses:
        if use.called and not use.spot.in_lambda and not use.spot.guard and use.spot.annotated is None:
            by_host.setdefault(use.spot.host, []).append(use)
    for use in by_host.get(None, ()):
        waiting += [(function, f"it is called by {use.spot.role}") for function in _run_by(use, found)]
    while waiting:
        function, why = waiting.pop()
        if function in running:
            continue
        running[function] = why
        for use in by_host.get(function, ()):
            for other in _run_by(use, found):
                waiting.append((other, f"it is called by {function.name.value}, which runs while loading"))
    return running


def _run_by(use: Occurrence, found: Survey) -> Iterator[cst.FunctionDef]:
    for function in called_by(use, found):
        if all(name.rpartition(".")[2] in _PLAIN for name in found.decorators[function]):
            yield function


def called_by(use: Occurrence, found: Survey) -> Iterator[cst.FunctionDef]:
    """The functions of this module that a call of `use` runs."""
    first, _, rest = use.text.partition(".")
    owner = use.spot.scope.owner(first)
    if not rest:
        yield from owner.functions.get(first, ())
        for one in owner.classes.get(first, ()):
            yield from _methods(one, _MAKING, owner)
    elif "." not in rest:
        for one in owner.classes.get(first, ()):
            yield from _methods(one, (rest,), owner)
        holder = _class_of(use.spot, found)
        if first in ("self", "cls") and holder is not None:
            yield from _methods(holder, (rest,), found.module)


def _class_of(spot: Spot, found: Survey) -> cst.ClassDef | None:
    return found.functions[spot.host].inside if spot.host is not None else None


def _methods(
    one: cst.ClassDef, names: tuple[str, ...], scope: Scope, depth: int = 0
) -> Iterator[cst.FunctionDef]:
    for statement in one.body.body:
        if isinstance(statement, cst.FunctionDef) and statement.name.value in names:
            yield statement
    for base in one.bases if depth < 20 else ():
        for other in scope.classes.get(dotted(base.value), ()):
            if other is not one:
                yield from _methods(other, names, scope, depth + 1)
